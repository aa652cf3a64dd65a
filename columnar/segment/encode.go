package segment

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"unsafe"

	"github.com/apache/arrow-go/v18/parquet"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// maxPageBytes ends a page of texts; pages of other values end with their chunk.
const maxPageBytes = 1 << 20

// encoder writes closed columns as Parquet pages, straight from their memory. The scratch is used
// again for every page.
type encoder struct {
	out     *sink
	header  []byte
	body    []byte
	lengths []uint32
}

// columnPlace says where the pages of a column chunk are.
type columnPlace struct {
	dict, data, end int64 // dict is 0 without a dictionary
}

// write encodes a closed column. Parquet wants the values without the NULLs, and a level per row that
// says which is one.
func (e *encoder) write(v *columnar.Vector, c ColumnSchema) (place columnPlace, err error) {
	if c.Required && v.Valid != nil {
		return place, fmt.Errorf("a required column has NULLs")
	}
	place.data = e.out.offset
	switch {
	case v.Enc == columnar.Dict:
		place.dict = e.out.offset
		if err := e.writeDictionary(v.Dict); err != nil {
			return place, err
		}
		place.data = e.out.offset
		err = e.writeCodes(v, c)
	case v.Layout == columnar.Str:
		err = e.writeTexts(v, c)
	default:
		e.startPage(v, c, 0, v.Len)
		encoding := e.appendValues(v, c)
		err = e.flush(pageTypeData, v.Len, encoding)
	}
	place.end = e.out.offset
	return place, err
}

// startPage begins the body of a data page of rows [from, to).
func (e *encoder) startPage(v *columnar.Vector, c ColumnSchema, from, to int) {
	e.body = e.body[:0]
	if !c.Required {
		e.body = appendLevels(e.body, v.Valid, from, to)
	}
}

// flush writes the page whose body is complete.
func (e *encoder) flush(kind, n int, encoding parquet.Encoding) error {
	e.header = appendPageHeader(e.header[:0], kind, n, len(e.body), encoding)
	if _, err := e.out.Write(e.header); err != nil {
		return err
	}
	_, err := e.out.Write(e.body)
	return err
}

// appendValues appends the values of a column that is neither text nor coded to the page.
func (e *encoder) appendValues(v *columnar.Vector, c ColumnSchema) parquet.Encoding {
	switch physical, _ := physicalType(c.Type); physical {
	case parquet.Types.Int32:
		e.appendIntegers(v, true)
		return parquet.Encodings.DeltaBinaryPacked
	case parquet.Types.Int64:
		e.appendIntegers(v, false)
		return parquet.Encodings.DeltaBinaryPacked
	case parquet.Types.Boolean:
		e.appendBooleans(v)
	case parquet.Types.Float:
		e.body = append(e.body, bytesOf(dense(v.F32, v.Valid))...)
	case parquet.Types.Double:
		e.body = append(e.body, bytesOf(dense(v.F64, v.Valid))...)
	default:
		e.appendFixed(v)
	}
	return parquet.Encodings.Plain
}

func (e *encoder) appendIntegers(v *columnar.Vector, bits32 bool) {
	switch v.Layout {
	case columnar.U8:
		e.body = appendDelta(e.body, dense(v.U8, v.Valid), v.Base, bits32)
	case columnar.U16:
		e.body = appendDelta(e.body, dense(v.U16, v.Valid), v.Base, bits32)
	case columnar.U32:
		e.body = appendDelta(e.body, dense(v.U32, v.Valid), v.Base, bits32)
	default:
		e.body = appendDelta(e.body, dense(v.I64, v.Valid), 0, bits32)
	}
}

// appendBooleans appends a bit per value.
func (e *encoder) appendBooleans(v *columnar.Vector) {
	values := slices.Clone(dense(v.U8, v.Valid))
	for i := range values {
		values[i] = (values[i] + uint8(v.Base)) & 1
	}
	e.body = appendPacked(e.body, values, 1)
}

// appendFixed appends the 16 bytes of each value: decimals big-endian as Parquet wants them, intervals
// as little-endian months, days and microseconds.
func (e *encoder) appendFixed(v *columnar.Vector) {
	for i := range v.Len {
		if v.Valid != nil && v.Valid[i>>6]>>(i&63)&1 == 0 {
			continue
		}
		switch v.Layout {
		case columnar.I128:
			e.appendWide(v.I128[i])
		case columnar.Spans:
			span := v.Spans[i]
			e.body = binary.LittleEndian.AppendUint32(e.body, uint32(span.Months))
			e.body = binary.LittleEndian.AppendUint32(e.body, uint32(span.Days))
			e.body = binary.LittleEndian.AppendUint64(e.body, uint64(span.Micros))
		case columnar.Bytes16:
			e.body = append(e.body, v.UUID[i][:]...)
		default:
			e.appendWide(types.FromInt64(v.Int(i)))
		}
	}
}

func (e *encoder) appendWide(x types.Int128) {
	e.body = binary.BigEndian.AppendUint64(e.body, uint64(x.Hi))
	e.body = binary.BigEndian.AppendUint64(e.body, x.Lo)
}

// writeTexts writes a column of strings: their lengths, packed, then their bytes.
func (e *encoder) writeTexts(v *columnar.Vector, c ColumnSchema) error {
	for from := 0; from < v.Len; {
		to := pageEnd(v, from)
		e.startPage(v, c, from, to)
		e.appendTexts(v, from, to)
		if err := e.flush(pageTypeData, to-from, parquet.Encodings.DeltaLengthByteArray); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// pageEnd ends a page of texts that begins at row from: after a multiple of 64 rows, unless those are
// very long.
func pageEnd(v *columnar.Vector, from int) int {
	const step, tooLong = 64, 1 << 30
	first := v.Offsets[from]
	to := from
	for to < v.Len && v.Offsets[to]-first < maxPageBytes {
		to = min(to+step, v.Len)
	}
	for to > from+1 && v.Offsets[to]-first > tooLong {
		to--
	}
	return to
}

func (e *encoder) appendTexts(v *columnar.Vector, from, to int) {
	e.lengths = e.lengths[:0]
	total := uint32(0)
	start := v.Offsets[from]
	for i, end := range v.Offsets[from+1 : to+1] {
		if row := from + i; v.Valid == nil || v.Valid[row>>6]>>(row&63)&1 == 1 {
			e.lengths = append(e.lengths, end-start)
			total += end - start
		}
		start = end
	}
	e.body = appendDelta(e.body, e.lengths, 0, true)
	if total == v.Offsets[to]-v.Offsets[from] { // no NULL's slot has bytes
		e.body = append(e.body, v.Bytes[v.Offsets[from]:v.Offsets[to]]...)
		return
	}
	for row := from; row < to; row++ {
		if v.Valid[row>>6]>>(row&63)&1 == 1 {
			e.body = append(e.body, v.Row(row)...)
		}
	}
}

// writeDictionary writes the page of a sorted dictionary's values.
func (e *encoder) writeDictionary(d *columnar.Dictionary) error {
	e.body = e.body[:0]
	for i := range d.Values.Len {
		row := d.Values.Row(i)
		e.body = binary.LittleEndian.AppendUint32(e.body, uint32(len(row)))
		e.body = append(e.body, row...)
	}
	return e.flush(pageTypeDictionary, d.Values.Len, parquet.Encodings.Plain)
}

// writeCodes writes the page of a coded column's codes.
func (e *encoder) writeCodes(v *columnar.Vector, c ColumnSchema) error {
	e.startPage(v, c, 0, v.Len)
	width := max(bits.Len(uint(v.Dict.Values.Len-1)), 1)
	e.body = append(e.body, byte(width))
	switch v.Layout {
	case columnar.U8:
		e.body = appendHybrid(e.body, dense(v.U8, v.Valid), width)
	case columnar.U16:
		e.body = appendHybrid(e.body, dense(v.U16, v.Valid), width)
	default:
		e.body = appendHybrid(e.body, dense(v.U32, v.Valid), width)
	}
	return e.flush(pageTypeData, v.Len, parquet.Encodings.RLEDict)
}

// dense gives the values that are not NULL: all as they are, or a copy.
func dense[T any](values []T, valid []uint64) []T {
	if valid == nil {
		return values
	}
	out := make([]T, 0, len(values))
	for i, x := range values {
		if valid[i>>6]>>(i&63)&1 == 1 {
			out = append(out, x)
		}
	}
	return out
}

// bytesOf shows numbers as the little-endian bytes that they are.
func bytesOf[T float32 | float64](values []T) []byte {
	if len(values) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), len(values)*int(unsafe.Sizeof(values[0])))
}
