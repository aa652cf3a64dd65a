package segment

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// decoder turns one column chunk into the vector that it was written from.
type decoder struct {
	column ColumnSchema
	rows   int
	meta   *ColumnMeta
	dicts  *Dictionaries

	present []uint64 // presence by row; nil for required columns
	seen    int      // rows of the pages so far
	values  int      // those of them that are not NULL
	valid   []uint64 // the presence map when there are NULLs
	nulls   int

	dict    *columnar.Dictionary
	narrow  narrowed // codes, or distances of integers from the least
	ints    []int64
	f32     []float32
	f64     []float64
	fixed   [][16]byte
	lengths []uint32
	offsets []uint32
	bytes   []byte
}

// read decodes the pages of a column chunk.
func (d *decoder) read(data []byte) (*columnar.Vector, error) {
	if !d.column.Required {
		d.present = make([]uint64, (d.rows+63)>>6)
	}
	for len(data) > 0 {
		p, rest, err := nextPage(data)
		if err != nil {
			return nil, err
		}
		if err := d.readPage(p); err != nil {
			return nil, err
		}
		data = rest
	}
	if d.seen != d.rows {
		return nil, fmt.Errorf("%d rows, expected %d", d.seen, d.rows)
	}
	if d.nulls = d.rows - d.values; d.nulls != d.meta.Zone.Nulls {
		return nil, fmt.Errorf("%d NULLs, expected %d", d.nulls, d.meta.Zone.Nulls)
	}
	if d.nulls > 0 {
		d.valid = d.present
	}
	return d.vector()
}

func (d *decoder) readPage(p page) error {
	switch p.kind {
	case pageTypeDictionary:
		var err error
		d.dict, err = d.dictionary(p.body, p.values)
		return err
	case pageTypeData:
		if p.values > d.rows-d.seen {
			return fmt.Errorf("more rows than %d", d.rows)
		}
		return d.readData(p)
	}
	return fmt.Errorf("unexpected page of type %d", p.kind)
}

// readData decodes a data page: levels unless the column is required, then the values.
func (d *decoder) readData(p page) error {
	n, body := p.values, p.body
	if d.present != nil {
		levels, values, err := splitLevels(body)
		if err != nil {
			return err
		}
		if n, err = decodePresence(d.present, levels, d.seen, p.values); err != nil {
			return err
		}
		body = values
	}
	d.seen += p.values
	d.values += n
	if n == 0 {
		return nil
	}
	if d.meta.Dict != (p.encoding == parquet.Encodings.RLEDict || p.encoding == parquet.Encodings.PlainDict) {
		return fmt.Errorf("a page in encoding %s", p.encoding)
	}
	if d.meta.Dict {
		return d.readCodes(body, n)
	}
	return d.readValues(body, n, p.encoding)
}

// readValues appends the n values of a page that is not coded.
func (d *decoder) readValues(body []byte, n int, encoding parquet.Encoding) error {
	physical, _ := physicalType(d.column.Type)
	switch {
	case encoding == parquet.Encodings.DeltaBinaryPacked && (physical == parquet.Types.Int32 || physical == parquet.Types.Int64):
		return d.readDeltas(body, n, physical == parquet.Types.Int32)
	case encoding == parquet.Encodings.DeltaLengthByteArray && physical == parquet.Types.ByteArray:
		return d.readTexts(body, n)
	case encoding == parquet.Encodings.Plain:
		return d.readPlain(body, n, physical)
	}
	return fmt.Errorf("a page in encoding %s", encoding)
}

func (d *decoder) readPlain(body []byte, n int, physical parquet.Type) error {
	bitsOf := map[parquet.Type]int{parquet.Types.Boolean: 1, parquet.Types.Float: 32, parquet.Types.Double: 64, parquet.Types.FixedLenByteArray: 128}
	if len(body) < (n*bitsOf[physical]+7)/8 {
		return fmt.Errorf("%d values in %d bytes", n, len(body))
	}
	switch physical {
	case parquet.Types.Boolean:
		for i := range n {
			d.ints = append(d.ints, int64(body[i>>3]>>(i&7)&1))
		}
	case parquet.Types.Float:
		for i := range n {
			d.f32 = append(d.f32, math.Float32frombits(binary.LittleEndian.Uint32(body[4*i:])))
		}
	case parquet.Types.Double:
		d.f64 = slices.Grow(d.f64, n)
		for i := range n {
			d.f64 = append(d.f64, math.Float64frombits(binary.LittleEndian.Uint64(body[8*i:])))
		}
	case parquet.Types.FixedLenByteArray:
		d.fixed = slices.Grow(d.fixed, n)
		for i := range n {
			d.fixed = append(d.fixed, [16]byte(body[16*i:]))
		}
	case parquet.Types.ByteArray:
		return d.readPlainTexts(body, n)
	default:
		return fmt.Errorf("plain values of type %s", physical)
	}
	return nil
}

func (d *decoder) startTexts() {
	if d.offsets == nil {
		d.offsets = make([]uint32, 1, d.rows+1)
		d.bytes = make([]byte, 0, d.meta.Zone.Bytes)
	}
}

// readTexts appends n strings whose lengths come first.
func (d *decoder) readTexts(body []byte, n int) error {
	d.startTexts()
	d.lengths = slices.Grow(d.lengths[:0], n)[:n]
	rest, sum, err := decodeLengths(d.lengths, body)
	if err != nil {
		return err
	}
	if int64(len(d.bytes))+sum > math.MaxUint32 {
		return errDelta
	}
	end := uint32(len(d.bytes))
	for _, size := range d.lengths {
		end += size
		d.offsets = append(d.offsets, end)
	}
	d.bytes = append(d.bytes, rest[:sum]...)
	return nil
}

// readPlainTexts appends n strings that have their lengths before them.
func (d *decoder) readPlainTexts(body []byte, n int) error {
	d.startTexts()
	for range n {
		if len(body) < 4 {
			return fmt.Errorf("a page of strings is too short")
		}
		size := binary.LittleEndian.Uint32(body)
		if uint64(size) > uint64(len(body)-4) {
			return fmt.Errorf("a page of strings is too short")
		}
		d.bytes = append(d.bytes, body[4:4+size]...)
		d.offsets = append(d.offsets, uint32(len(d.bytes)))
		body = body[4+size:]
	}
	return nil
}

// vector puts the values where their rows are.
func (d *decoder) vector() (*columnar.Vector, error) {
	v := &columnar.Vector{Type: d.column.Type, Len: d.rows, Shared: true, Valid: d.valid}
	if d.meta.Dict {
		return v, d.setCoded(v)
	}
	switch physical, _ := physicalType(d.column.Type); physical {
	case parquet.Types.Float:
		v.Layout, v.F32 = columnar.F32, spread(d, d.f32, 0)
	case parquet.Types.Double:
		v.Layout, v.F64 = columnar.F64, spread(d, d.f64, 0)
	case parquet.Types.ByteArray:
		d.startTexts()
		v.Layout, v.Offsets, v.Bytes = columnar.Str, d.spreadOffsets(), d.bytes
	case parquet.Types.FixedLenByteArray:
		return v, d.setFixed(v)
	default:
		if d.narrow.begun {
			return v, d.setDeltas(v)
		}
		return v, d.setInts(v, d.ints)
	}
	return v, nil
}

// spreadOffsets gives every row its string; those of NULLs are empty.
func (d *decoder) spreadOffsets() []uint32 {
	if d.nulls == 0 {
		return d.offsets
	}
	out := make([]uint32, 1, d.rows+1)
	n := 0
	for i := range d.rows {
		n += int(d.valid[i>>6] >> (i & 63) & 1)
		out = append(out, d.offsets[n])
	}
	return out
}

// spread gives every row its slot; those of NULLs hold filler.
func spread[T any](d *decoder, values []T, filler T) []T {
	if d.nulls == 0 {
		return values
	}
	out := make([]T, d.rows)
	n := 0
	for i := range out {
		if d.valid[i>>6]>>(i&63)&1 == 0 {
			out[i] = filler
			continue
		}
		out[i] = values[n]
		n++
	}
	return out
}

// setInts narrows by the zone's bounds, as Close did.
func (d *decoder) setInts(v *columnar.Vector, values []int64) error {
	z := d.meta.Zone
	if d.nulls == d.rows {
		Narrow(v, make([]int64, d.rows), 0, 0)
		return nil
	}
	lo, hi := minMax(values)
	if lo != z.Min.I || hi != z.Max.I {
		return fmt.Errorf("values %d to %d, expected %d to %d", lo, hi, z.Min.I, z.Max.I)
	}
	v.Bounded, v.Lo, v.Hi = true, lo, hi
	Narrow(v, spread(d, values, lo), lo, hi)
	return nil
}

func (d *decoder) setFixed(v *columnar.Vector) error {
	switch d.column.Type.Class() {
	case types.ClassUUID:
		v.Layout, v.UUID = columnar.Bytes16, spread(d, d.fixed, [16]byte{})
		return nil
	case types.ClassInterval:
		spans := make([]types.Span, len(d.fixed))
		for i := range d.fixed {
			b := d.fixed[i][:]
			spans[i] = types.Span{Months: int32(binary.LittleEndian.Uint32(b)), Days: int32(binary.LittleEndian.Uint32(b[4:])), Micros: int64(binary.LittleEndian.Uint64(b[8:]))}
		}
		v.Layout, v.Spans = columnar.Spans, spread(d, spans, types.Span{})
		return nil
	}
	wide := make([]types.Int128, len(d.fixed))
	for i := range d.fixed {
		b := d.fixed[i][:]
		wide[i] = types.Int128{Hi: int64(binary.BigEndian.Uint64(b)), Lo: binary.BigEndian.Uint64(b[8:])}
	}
	if z := d.meta.Zone; z.Min.Wide || z.Max.Wide {
		v.Layout, v.I128 = columnar.I128, spread(d, wide, types.Int128{})
		return nil
	}
	ints := make([]int64, len(wide))
	for i, x := range wide {
		ints[i] = int64(x.Lo)
	}
	return d.setInts(v, ints)
}

// decodePresence sets the bits of n rows from row `from` on by their definition levels, and counts them.
func decodePresence(present []uint64, data []byte, from, n int) (int, error) {
	if header, size := binary.Uvarint(data); size > 0 && header&1 == 0 && header>>1 >= uint64(n) && len(data) > size && data[size] == 1 {
		setBits(present, from, from+n)
		return n, nil
	}
	levels := make([]uint8, n)
	if err := decodeHybrid(levels, data, 1, new(uint32)); err != nil {
		return 0, err
	}
	count := 0
	for i, level := range levels {
		row := from + i
		present[row>>6] |= uint64(level&1) << (row & 63)
		count += int(level & 1)
	}
	return count, nil
}

// setBits sets the bits [from, to).
func setBits(words []uint64, from, to int) {
	for from < to {
		n := min(64-from&63, to-from)
		words[from>>6] |= ^uint64(0) >> (64 - n) << (from & 63)
		from += n
	}
}
