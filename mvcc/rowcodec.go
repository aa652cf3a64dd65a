package mvcc

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/types"
)

// Rows in the log: the number of rows and of columns, then per column its field id, a tag (how
// values are stored, and whether some are NULL), the validity words, the base of integers, the values.
// All little-endian. docs/format/wal.md.

const (
	tagU8 = iota
	tagU16
	tagU32
	tagI64
	tagI128
	tagF64
	tagStr
	tagSpan
	tagUUID

	tagNulls = 0x80
)

// encodeRows writes rows of columns that follow fields.
func encodeRows(fields []ColumnDef, rows rowsOf) []byte { return appendEncoded(nil, fields, rows) }

// appendEncoded is encodeRows behind what b has.
func appendEncoded(b []byte, fields []ColumnDef, rows rowsOf) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(rows.n))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(fields)))
	for i, f := range fields {
		v := rows.cols[i]
		if rows.sel != nil || !encodable(v) {
			builder := segment.NewColumnBuilder(f.Type)
			builder.Append(v, rows.sel)
			v = builder.View(rows.n)
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(f.FieldID))
		b = encodeColumn(b, v)
	}
	return b
}

// encodable reports that a vector has a form that builders make, as a transaction's few rows do.
func encodable(v *columnar.Vector) bool {
	if v.Enc != columnar.Flat {
		return false
	}
	switch v.Layout {
	case columnar.I64, columnar.I128, columnar.F64, columnar.Str, columnar.Spans, columnar.Bytes16:
		return true
	}
	return false
}

func encodeColumn(b []byte, v *columnar.Vector) []byte {
	at := len(b)
	b = append(b, 0)
	if v.Valid != nil {
		for _, word := range v.Valid {
			b = binary.LittleEndian.AppendUint64(b, word)
		}
	}
	var tag byte
	b, tag = encodeValues(b, v)
	if v.Valid != nil {
		tag |= tagNulls
	}
	b[at] = tag
	return b
}

func encodeValues(b []byte, v *columnar.Vector) ([]byte, byte) {
	switch {
	case v.Enc == columnar.Dict:
		for i := range v.Len {
			b = appendString(b, v.Dict.Values.Row(int(v.Code(i))))
		}
		return b, tagStr
	case v.Layout == columnar.Str:
		for i := range v.Len {
			b = appendString(b, v.Row(i))
		}
		return b, tagStr
	case v.Layout == columnar.I128:
		for _, x := range v.I128 {
			b = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, x.Lo), uint64(x.Hi))
		}
		return b, tagI128
	case v.Layout == columnar.F64:
		for _, x := range v.F64 {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
		}
		return b, tagF64
	case v.Layout == columnar.Spans:
		for _, x := range v.Spans {
			b = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, uint32(x.Months)), uint32(x.Days))
			b = binary.LittleEndian.AppendUint64(b, uint64(x.Micros))
		}
		return b, tagSpan
	case v.Layout == columnar.Bytes16:
		for i := range v.UUID {
			b = append(b, v.UUID[i][:]...)
		}
		return b, tagUUID
	}
	return encodeInts(b, v.I64)
}

func appendString(b, s []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// encodeInts stores integers in the narrowest width.
func encodeInts(b []byte, values []int64) ([]byte, byte) {
	lo, hi := values[0], values[0]
	for _, x := range values {
		lo, hi = min(lo, x), max(hi, x)
	}
	span := uint64(hi) - uint64(lo)
	if span > math.MaxUint32 {
		lo = 0
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(lo))
	switch {
	case span <= math.MaxUint8:
		for _, x := range values {
			b = append(b, byte(x-lo))
		}
		return b, tagU8
	case span <= math.MaxUint16:
		for _, x := range values {
			b = binary.LittleEndian.AppendUint16(b, uint16(x-lo))
		}
		return b, tagU16
	case span <= math.MaxUint32:
		for _, x := range values {
			b = binary.LittleEndian.AppendUint32(b, uint32(x-lo))
		}
		return b, tagU32
	}
	for _, x := range values {
		b = binary.LittleEndian.AppendUint64(b, uint64(x))
	}
	return b, tagI64
}

// rowReader takes payloads apart, one after the other; after the first error it gives zeros. The
// columns that it makes are used again for the next payload.
type rowReader struct {
	data  []byte
	err   error
	cols  []*columnar.Vector
	spare []columnSpare
	at    *columnSpare // of the column that is being read
}

// columnSpare is memory that a column's values may take.
type columnSpare struct {
	vector  columnar.Vector
	valid   []uint64
	u8      []uint8
	u16     []uint16
	u32     []uint32
	i64     []int64
	i128    []types.Int128
	f64     []float64
	spans   []types.Span
	uuid    [][16]byte
	offsets []uint32
	bytes   []byte
}

// room gives n values to be overwritten.
func room[T any](spare *[]T, n int) []T {
	if cap(*spare) < n {
		*spare = make([]T, n+n/4)
	}
	return (*spare)[:n]
}

func (r *rowReader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.data) {
		if r.err == nil {
			r.err = fmt.Errorf("rows end early: %d bytes wanted, %d there", n, len(r.data))
		}
		return nil
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

func (r *rowReader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// rows reads what encodeRows wrote of a table with these columns. They are borrowed until the next call.
func (r *rowReader) rows(fields []ColumnDef, payload []byte) (rowsOf, error) {
	r.data, r.err = payload, nil
	if len(r.cols) < len(fields) {
		r.cols, r.spare = make([]*columnar.Vector, len(fields)), make([]columnSpare, len(fields))
	}
	rows := rowsOf{n: int(r.u32()), cols: r.cols[:len(fields)]}
	count := 0
	if b := r.take(2); b != nil {
		count = int(binary.LittleEndian.Uint16(b))
	}
	if r.err == nil && (count != len(fields) || rows.n > segment.MaxRows || rows.n == 0) {
		return rows, fmt.Errorf("%d rows of %d columns for a table of %d columns", rows.n, count, len(fields))
	}
	for i, f := range fields {
		if id := int32(r.u32()); r.err == nil && id != f.FieldID {
			return rows, fmt.Errorf("column %d has field %d, expected %d", i, id, f.FieldID)
		}
		r.at = &r.spare[i]
		rows.cols[i] = r.column(f.Type, rows.n)
	}
	if r.err == nil && len(r.data) > 0 {
		r.err = fmt.Errorf("%d bytes behind the rows", len(r.data))
	}
	return rows, r.err
}

func (r *rowReader) column(t types.Type, n int) *columnar.Vector {
	v := &r.at.vector
	*v = columnar.Vector{Type: t, Len: n}
	head := r.take(1)
	if head == nil {
		return v
	}
	if head[0]&tagNulls != 0 {
		words := r.take((n + 63) >> 6 * 8)
		v.Valid = room(&r.at.valid, len(words)/8)
		for i := range v.Valid {
			v.Valid[i] = binary.LittleEndian.Uint64(words[8*i:])
		}
	}
	tag := head[0] &^ tagNulls
	if !fits(t.Class(), tag) {
		r.err = fmt.Errorf("values with tag %d in a column of type %s", tag, t)
		return v
	}
	r.values(v, tag, n)
	return v
}

// fits reports whether a type's values may come with a tag.
func fits(c types.Class, tag byte) bool {
	switch c {
	case types.ClassInt:
		return tag <= tagI64
	case types.ClassDecimal:
		return tag <= tagI128
	case types.ClassFloat:
		return tag == tagF64
	case types.ClassInterval:
		return tag == tagSpan
	case types.ClassUUID:
		return tag == tagUUID
	}
	return tag == tagStr
}

func (r *rowReader) values(v *columnar.Vector, tag byte, n int) {
	switch tag {
	case tagStr:
		r.strings(v, n)
	case tagI128:
		v.Layout, v.I128 = columnar.I128, room(&r.at.i128, n)
		for i, b := 0, r.take(16*n); i < n && b != nil; i++ {
			v.I128[i] = types.Int128{Lo: binary.LittleEndian.Uint64(b[16*i:]), Hi: int64(binary.LittleEndian.Uint64(b[16*i+8:]))}
		}
	case tagF64:
		v.Layout, v.F64 = columnar.F64, room(&r.at.f64, n)
		for i, b := 0, r.take(8*n); i < n && b != nil; i++ {
			v.F64[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
	case tagSpan:
		v.Layout, v.Spans = columnar.Spans, room(&r.at.spans, n)
		for i, b := 0, r.take(16*n); i < n && b != nil; i++ {
			v.Spans[i] = types.Span{Months: int32(binary.LittleEndian.Uint32(b[16*i:])), Days: int32(binary.LittleEndian.Uint32(b[16*i+4:])), Micros: int64(binary.LittleEndian.Uint64(b[16*i+8:]))}
		}
	case tagUUID:
		v.Layout, v.UUID = columnar.Bytes16, room(&r.at.uuid, n)
		for i, b := 0, r.take(16*n); i < n && b != nil; i++ {
			v.UUID[i] = [16]byte(b[16*i:])
		}
	default:
		r.ints(v, tag, n)
	}
}

func (r *rowReader) ints(v *columnar.Vector, tag byte, n int) {
	base := r.take(8)
	b := r.take(n << tag)
	if b == nil {
		return
	}
	v.Base = int64(binary.LittleEndian.Uint64(base))
	switch tag {
	case tagU8:
		v.Layout, v.U8 = columnar.U8, room(&r.at.u8, n)
		copy(v.U8, b)
	case tagU16:
		v.Layout, v.U16 = columnar.U16, room(&r.at.u16, n)
		for i := range v.U16 {
			v.U16[i] = binary.LittleEndian.Uint16(b[2*i:])
		}
	case tagU32:
		v.Layout, v.U32 = columnar.U32, room(&r.at.u32, n)
		for i := range v.U32 {
			v.U32[i] = binary.LittleEndian.Uint32(b[4*i:])
		}
	default:
		v.Layout, v.Base, v.I64 = columnar.I64, 0, room(&r.at.i64, n)
		for i := range v.I64 {
			v.I64[i] = int64(binary.LittleEndian.Uint64(b[8*i:]))
		}
	}
}

func (r *rowReader) strings(v *columnar.Vector, n int) {
	v.Layout, v.Offsets = columnar.Str, room(&r.at.offsets, n+1)
	bytes, data := room(&r.at.bytes, len(r.data))[:0], r.data
	v.Offsets[0] = 0
	for i := range n {
		size, width := binary.Uvarint(data)
		if width <= 0 || size > uint64(len(data)-width) {
			r.err = fmt.Errorf("string %d of %d does not end", i, n)
			return
		}
		end := width + int(size)
		bytes = append(bytes, data[width:end]...)
		data = data[end:]
		v.Offsets[i+1] = uint32(len(bytes))
	}
	v.Bytes, r.data = bytes, data
}
