package segment

import (
	"fmt"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"github.com/oxidb/oxidb/types"
)

// parquetSchema is the columns as Parquet declares them, field ids included.
func parquetSchema(columns []ColumnSchema) (*schema.GroupNode, error) {
	fields := make(schema.FieldList, len(columns))
	for i, c := range columns {
		repetition := parquet.Repetitions.Optional
		if c.Required {
			repetition = parquet.Repetitions.Required
		}
		node, err := primitiveNode(c, repetition)
		if err != nil {
			return nil, fmt.Errorf("column %q of type %s: %w", c.Name, c.Type, err)
		}
		fields[i] = node
	}
	return schema.NewGroupNode("oxidb", parquet.Repetitions.Required, fields, -1)
}

func primitiveNode(c ColumnSchema, repetition parquet.Repetition) (*schema.PrimitiveNode, error) {
	physical, length := physicalType(c.Type)
	logical := logicalType(c.Type)
	if logical == nil {
		return schema.NewPrimitiveNode(c.Name, repetition, physical, c.Field, int32(length))
	}
	return schema.NewPrimitiveNodeLogical(c.Name, repetition, logical, physical, length, c.Field)
}

// physicalType is Parquet's carrier of a type, with the length of fixed-length ones.
func physicalType(t types.Type) (parquet.Type, int) {
	switch t.Kind {
	case types.Boolean:
		return parquet.Types.Boolean, -1
	case types.SmallInt, types.Integer, types.Date:
		return parquet.Types.Int32, -1
	case types.Real:
		return parquet.Types.Float, -1
	case types.Double:
		return parquet.Types.Double, -1
	case types.Numeric:
		if t.Precision > types.MaxInt64Precision {
			return parquet.Types.FixedLenByteArray, 16
		}
		return parquet.Types.Int64, -1
	case types.Interval, types.UUID:
		return parquet.Types.FixedLenByteArray, 16
	}
	if t.Class() == types.ClassBytes {
		return parquet.Types.ByteArray, -1
	}
	return parquet.Types.Int64, -1
}

// logicalType is Parquet's annotation of a type, nil for none.
func logicalType(t types.Type) schema.LogicalType {
	switch t.Kind {
	case types.SmallInt:
		return schema.NewIntLogicalType(16, true)
	case types.Integer:
		return schema.NewIntLogicalType(32, true)
	case types.BigInt:
		return schema.NewIntLogicalType(64, true)
	case types.Numeric:
		return schema.NewDecimalLogicalType(int32(t.Precision), int32(t.Scale))
	case types.Date:
		return schema.DateLogicalType{}
	case types.Time:
		return schema.NewTimeLogicalType(false, schema.TimeUnitMicros)
	case types.Timestamp, types.TimestampTZ:
		return schema.NewTimestampLogicalType(t.Kind == types.TimestampTZ, schema.TimeUnitMicros)
	case types.Text, types.Varchar, types.Char:
		return schema.StringLogicalType{}
	case types.JSON, types.JSONB:
		return schema.JSONLogicalType{}
	case types.UUID:
		return schema.UUIDLogicalType{}
	}
	return nil
}
