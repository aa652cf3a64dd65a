package types

import (
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/oxidb/oxidb/sqlerr"
)

// Arrow is the Arrow type that clients see for t. Decimals are always 128 bits wide on the wire.
func (t Type) Arrow() arrow.DataType {
	switch t.Kind {
	case Boolean:
		return arrow.FixedWidthTypes.Boolean
	case SmallInt:
		return arrow.PrimitiveTypes.Int16
	case Integer:
		return arrow.PrimitiveTypes.Int32
	case BigInt:
		return arrow.PrimitiveTypes.Int64
	case Real:
		return arrow.PrimitiveTypes.Float32
	case Double:
		return arrow.PrimitiveTypes.Float64
	case Numeric:
		return &arrow.Decimal128Type{Precision: int32(t.Precision), Scale: int32(t.Scale)}
	case Bytea:
		return arrow.BinaryTypes.Binary
	case Date:
		return arrow.FixedWidthTypes.Date32
	case Time:
		return arrow.FixedWidthTypes.Time64us
	case Timestamp:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case TimestampTZ:
		return arrow.FixedWidthTypes.Timestamp_us
	case Interval:
		return arrow.FixedWidthTypes.MonthDayNanoInterval
	case UUID:
		return &arrow.FixedSizeBinaryType{ByteWidth: 16}
	}
	return arrow.BinaryTypes.String
}

// MetadataKey is the Arrow field metadata that carries the SQL type where Arrow's says less.
const MetadataKey = "oxidb:type"

// Field is the Arrow field of a column.
func Field(name string, t Type, nullable bool) arrow.Field {
	f := arrow.Field{Name: name, Type: t.Arrow(), Nullable: nullable}
	if t.Length > 0 || t.Kind == Char || t.Kind == JSON || t.Kind == JSONB {
		f.Metadata = arrow.NewMetadata([]string{MetadataKey}, []string{t.String()})
	}
	return f
}

// FromArrow is the SQL type that holds an Arrow type's values; 0A000 when there is none.
func FromArrow(dt arrow.DataType) (Type, error) {
	switch d := dt.(type) {
	case *arrow.DictionaryType:
		return FromArrow(d.ValueType)
	case arrow.DecimalType:
		if p, s := d.GetPrecision(), d.GetScale(); p <= MaxPrecision && s >= 0 {
			return TNumeric(int(p), int(s)), nil
		}
	case *arrow.TimestampType:
		if d.TimeZone != "" {
			return TTimestampTZ, nil
		}
		return TTimestamp, nil
	case *arrow.FixedSizeBinaryType:
		if d.ByteWidth == 16 {
			return TUUID, nil
		}
		return TBytea, nil
	}
	switch dt.ID() {
	case arrow.NULL, arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return TText, nil
	case arrow.BOOL:
		return TBoolean, nil
	case arrow.INT8, arrow.UINT8, arrow.INT16:
		return TSmallInt, nil
	case arrow.UINT16, arrow.INT32:
		return TInteger, nil
	case arrow.UINT32, arrow.INT64:
		return TBigInt, nil
	case arrow.UINT64:
		return TNumeric(20, 0), nil
	case arrow.FLOAT16, arrow.FLOAT32:
		return TReal, nil
	case arrow.FLOAT64:
		return TDouble, nil
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW:
		return TBytea, nil
	case arrow.DATE32, arrow.DATE64:
		return TDate, nil
	case arrow.TIME32, arrow.TIME64:
		return TTime, nil
	case arrow.INTERVAL_MONTHS, arrow.INTERVAL_DAY_TIME, arrow.INTERVAL_MONTH_DAY_NANO, arrow.DURATION:
		return TInterval, nil
	}
	return Type{}, sqlerr.Unsupported(-1, -1, "the Arrow type "+strconv.Quote(dt.String()))
}
