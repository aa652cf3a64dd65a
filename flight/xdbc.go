package flight

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql/schema_ref"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/oxidb/oxidb/types"
)

// xdbcType is how ODBC and JDBC see a SQL type.
type xdbcType struct {
	kind     types.Type
	code     pb.XdbcDataType
	prefix   string // before a literal; its suffix is a quote where there is a prefix
	params   []string
	subcode  pb.XdbcDatetimeSubcode
	maxScale int
}

func xdbcList() []xdbcType {
	return []xdbcType{
		{kind: types.TBoolean, code: pb.XdbcDataType_XDBC_BIT},
		{kind: types.TSmallInt, code: pb.XdbcDataType_XDBC_SMALLINT},
		{kind: types.TInteger, code: pb.XdbcDataType_XDBC_INTEGER},
		{kind: types.TBigInt, code: pb.XdbcDataType_XDBC_BIGINT},
		{kind: types.TReal, code: pb.XdbcDataType_XDBC_REAL},
		{kind: types.TDouble, code: pb.XdbcDataType_XDBC_DOUBLE},
		{kind: types.TNumeric(types.MaxPrecision, 0), code: pb.XdbcDataType_XDBC_NUMERIC, params: []string{"precision", "scale"}, maxScale: types.MaxPrecision},
		{kind: types.TText, code: pb.XdbcDataType_XDBC_LONGVARCHAR, prefix: "'"},
		{kind: types.Type{Kind: types.Varchar}, code: pb.XdbcDataType_XDBC_VARCHAR, prefix: "'", params: []string{"length"}},
		{kind: types.Type{Kind: types.Char}, code: pb.XdbcDataType_XDBC_CHAR, prefix: "'", params: []string{"length"}},
		{kind: types.TBytea, code: pb.XdbcDataType_XDBC_VARBINARY, prefix: `'\x`},
		{kind: types.TDate, code: pb.XdbcDataType_XDBC_DATE, prefix: "DATE '", subcode: pb.XdbcDatetimeSubcode_XDBC_SUBCODE_DATE},
		{kind: types.TTime, code: pb.XdbcDataType_XDBC_TIME, prefix: "TIME '", subcode: pb.XdbcDatetimeSubcode_XDBC_SUBCODE_TIME, maxScale: 6},
		{kind: types.TTimestamp, code: pb.XdbcDataType_XDBC_TIMESTAMP, prefix: "TIMESTAMP '", subcode: pb.XdbcDatetimeSubcode_XDBC_SUBCODE_TIMESTAMP, maxScale: 6},
		{kind: types.TTimestampTZ, code: pb.XdbcDataType_XDBC_TIMESTAMP, prefix: "TIMESTAMPTZ '", subcode: pb.XdbcDatetimeSubcode_XDBC_SUBCODE_TIMESTAMP_WITH_TIMEZONE, maxScale: 6},
		{kind: types.TInterval, code: pb.XdbcDataType_XDBC_INTERVAL, prefix: "INTERVAL '", maxScale: 6},
		{kind: types.TUUID, code: pb.XdbcDataType_XDBC_CHAR, prefix: "UUID '"},
		{kind: types.TJSON, code: pb.XdbcDataType_XDBC_LONGVARCHAR, prefix: "'"},
		{kind: types.TJSONB, code: pb.XdbcDataType_XDBC_LONGVARCHAR, prefix: "'"},
	}
}

// xdbcTypes are the rows of the types with that code, all for nil.
func xdbcTypes(code *int32) arrow.RecordBatch {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema_ref.XdbcTypeInfo)
	defer b.Release()
	for _, t := range xdbcList() {
		if code == nil || *code == int32(t.code) {
			t.append(&rowBuilder{RecordBuilder: b})
		}
	}
	return b.NewRecordBatch()
}

// append adds the type's row, in the order of schema_ref.XdbcTypeInfo.
func (t *xdbcType) append(r *rowBuilder) {
	number := t.kind.IsNumber()
	scale, scaled := scaleOf(t.kind)
	r.text(t.kind.Kind.String(), true)
	r.int(int(t.code), true)
	r.int(precisionOf(t.kind), precisionOf(t.kind) > 0)
	r.text(t.prefix, t.prefix != "")
	r.text("'", t.prefix != "")
	r.texts(t.params)
	r.int(int(pb.Nullable_NULLABILITY_NULLABLE), true)
	r.bool(t.kind.IsText(), true)
	r.int(int(pb.Searchable_SEARCHABLE_FULL), true)
	r.bool(false, number) // unsigned
	r.bool(false, true)   // fixed scale, as money has
	r.bool(false, number) // auto increment
	r.text(t.kind.Kind.String(), true)
	r.int(0, scaled)
	r.int(max(scale, t.maxScale), scaled)
	r.int(int(t.sqlDataType()), true)
	r.int(int(t.subcode), t.subcode != 0)
	r.int(10, number)
	r.int(6, t.kind.Kind == types.Interval)
}

// sqlDataType is the concise type's family: all dates and times are one.
func (t *xdbcType) sqlDataType() pb.XdbcDataType {
	if t.subcode != 0 {
		return pb.XdbcDataType_XDBC_DATETIME
	}
	return t.code
}

// rowBuilder fills one row, field after field.
type rowBuilder struct {
	*array.RecordBuilder
	next int
}

func (r *rowBuilder) field() array.Builder {
	r.next++
	return r.Field(r.next - 1)
}

func (r *rowBuilder) text(v string, valid bool) {
	if b := r.field().(*array.StringBuilder); valid {
		b.Append(v)
	} else {
		b.AppendNull()
	}
}

func (r *rowBuilder) int(v int, valid bool) {
	if b := r.field().(*array.Int32Builder); valid {
		b.Append(int32(v))
	} else {
		b.AppendNull()
	}
}

func (r *rowBuilder) bool(v, valid bool) {
	if b := r.field().(*array.BooleanBuilder); valid {
		b.Append(v)
	} else {
		b.AppendNull()
	}
}

func (r *rowBuilder) texts(v []string) {
	b := r.field().(*array.ListBuilder)
	if v == nil {
		b.AppendNull()
		return
	}
	b.Append(true)
	b.ValueBuilder().(*array.StringBuilder).AppendValues(v, nil)
}
