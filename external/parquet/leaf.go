package parquet

import (
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// leaf is a column of a file: its SQL type and how its values are made from Parquet's.
type leaf struct {
	name     string
	typ      types.Type
	index    int // among the file's leaf columns; -1 when nested
	physical parquet.Type
	length   int // of FIXED_LEN_BYTE_ARRAY
	optional bool
	unsigned bool
	// multiply and divide bring a time to microseconds.
	multiply, divide int64
	null             bool // of the type null: there are no values
	// refusal is why the column cannot be read, nil when it can.
	refusal error
}

// leaves lists a file's top-level columns. Those that cannot be read are listed as text and refuse to
// be read, so that the others can.
func leaves(s *schema.Schema) []leaf {
	root := s.Root()
	out := make([]leaf, 0, root.NumFields())
	index := 0
	for i := range root.NumFields() {
		node := root.Field(i)
		p, ok := node.(*schema.PrimitiveNode)
		if !ok || node.RepetitionType() == parquet.Repetitions.Repeated {
			refusal := sqlerr.Unsupported(-1, -1, "the nested column "+quoted(node.Name()))
			out = append(out, leaf{name: node.Name(), typ: types.TText, index: -1, optional: true, refusal: refusal})
			index += countLeaves(node)
			continue
		}
		l := leaf{name: node.Name(), index: index, physical: p.PhysicalType(), length: p.TypeLength(), multiply: 1, divide: 1,
			optional: node.RepetitionType() == parquet.Repetitions.Optional}
		l.annotate(p.LogicalType())
		if l.refusal != nil {
			l.typ = types.TText
		}
		out = append(out, l)
		index++
	}
	return out
}

func countLeaves(n schema.Node) int {
	g, ok := n.(*schema.GroupNode)
	if !ok {
		return 1
	}
	sum := 0
	for i := range g.NumFields() {
		sum += countLeaves(g.Field(i))
	}
	return sum
}

// annotate sets the SQL type from Parquet's logical type, or the physical one.
func (l *leaf) annotate(logical schema.LogicalType) {
	switch t := logical.(type) {
	case schema.StringLogicalType, schema.EnumLogicalType:
		l.typ = types.TText
	case schema.JSONLogicalType:
		l.typ = types.TJSON
	case schema.UUIDLogicalType:
		l.typ = types.TUUID
	case schema.IntervalLogicalType:
		l.typ = types.TInterval
	case schema.Float16LogicalType:
		l.typ = types.TReal
	case schema.NullLogicalType:
		l.typ, l.null = types.TText, true
	case schema.DateLogicalType:
		l.typ = types.TDate
	case schema.DecimalLogicalType:
		l.decimal(int(t.Precision()), int(t.Scale()))
	case schema.TimeLogicalType:
		l.typ = types.TTime
		l.unit(t.TimeUnit())
	case schema.TimestampLogicalType:
		l.typ = types.TTimestamp
		if t.IsAdjustedToUTC() {
			l.typ = types.TTimestampTZ
		}
		l.unit(t.TimeUnit())
	case schema.IntLogicalType:
		l.integer(int(t.BitWidth()), t.IsSigned())
	default:
		l.plain()
	}
	if l.refusal == nil && !l.consistent() {
		l.refusal = sqlerr.Unsupported(-1, -1, "the type "+l.physical.String()+" as "+logical.String()+" of column "+quoted(l.name))
	}
}

func (l *leaf) decimal(precision, scale int) {
	if precision > types.MaxPrecision || scale < 0 || scale > precision {
		l.refusal = sqlerr.Unsupported(-1, -1, "a decimal of more than 38 digits, the column "+quoted(l.name)+",")
		return
	}
	l.typ = types.TNumeric(precision, scale)
}

func (l *leaf) unit(u schema.TimeUnitType) {
	switch u {
	case schema.TimeUnitMillis:
		l.multiply = 1000
	case schema.TimeUnitNanos:
		l.divide = 1000
	}
}

func (l *leaf) integer(width int, signed bool) {
	l.unsigned = !signed
	switch {
	case width == 8 || width == 16 && signed:
		l.typ = types.TSmallInt
	case width == 16 || width == 32 && signed:
		l.typ = types.TInteger
	case width == 32 || signed:
		l.typ = types.TBigInt
	default:
		l.typ = types.TNumeric(20, 0)
	}
}

// plain is the type of values without annotation.
func (l *leaf) plain() {
	switch l.physical {
	case parquet.Types.Boolean:
		l.typ = types.TBoolean
	case parquet.Types.Int32:
		l.typ = types.TInteger
	case parquet.Types.Int64:
		l.typ = types.TBigInt
	case parquet.Types.Int96:
		l.typ = types.TTimestamp
	case parquet.Types.Float:
		l.typ = types.TReal
	case parquet.Types.Double:
		l.typ = types.TDouble
	default:
		l.typ = types.TBytea
	}
}

// consistent reports that the physical type can carry the SQL type's values.
func (l *leaf) consistent() bool {
	p := l.physical
	integer := p == parquet.Types.Int32 || p == parquet.Types.Int64
	fixed := p == parquet.Types.FixedLenByteArray
	switch l.typ.Kind {
	case types.Text:
		return l.null || p == parquet.Types.ByteArray || fixed
	case types.JSON, types.Bytea:
		return p == parquet.Types.ByteArray || fixed
	case types.UUID:
		return fixed && l.length == 16
	case types.Interval:
		return fixed && l.length == 12
	case types.Numeric:
		return integer || p == parquet.Types.ByteArray || fixed && l.length <= 1<<10
	case types.Date:
		return p == parquet.Types.Int32
	case types.Timestamp:
		return p == parquet.Types.Int64 || p == parquet.Types.Int96
	case types.Time, types.SmallInt, types.Integer, types.BigInt:
		return integer
	case types.TimestampTZ:
		return p == parquet.Types.Int64
	case types.Boolean:
		return p == parquet.Types.Boolean
	case types.Real:
		return p == parquet.Types.Float || fixed && l.length == 2
	case types.Double:
		return p == parquet.Types.Double
	}
	return false
}
