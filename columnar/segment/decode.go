package segment

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// decoder turns one column chunk into the vector that it was written from.
type decoder struct {
	column ColumnSchema
	rows   int
	meta   *ColumnMeta
	dicts  *Dictionaries
	valid  []uint64
	nulls  int
}

func (d *decoder) read(group *file.RowGroupReader, ordinal int) (*columnar.Vector, error) {
	if d.meta.Dict {
		return d.readDict(group, ordinal)
	}
	in, err := group.Column(ordinal)
	if err != nil {
		return nil, err
	}
	v := &columnar.Vector{Type: d.column.Type, Len: d.rows, Shared: true}
	if err := d.readValues(in, v); err != nil {
		return nil, err
	}
	v.Valid = d.valid
	return v, nil
}

func (d *decoder) readValues(in file.ColumnChunkReader, v *columnar.Vector) error {
	switch in := in.(type) {
	case *file.Int32ColumnChunkReader:
		values, err := readAll(d, in.ReadBatch)
		if err != nil {
			return err
		}
		return d.setInts(v, gatherInts(values))
	case *file.Int64ColumnChunkReader:
		values, err := readAll(d, in.ReadBatch)
		if err != nil {
			return err
		}
		return d.setInts(v, values)
	case *file.BooleanColumnChunkReader:
		values, err := readAll(d, in.ReadBatch)
		if err != nil {
			return err
		}
		ints := make([]int64, len(values))
		for i, x := range values {
			if x {
				ints[i] = 1
			}
		}
		return d.setInts(v, ints)
	case *file.Float32ColumnChunkReader:
		values, err := readAll(d, in.ReadBatch)
		v.Layout, v.F32 = columnar.F32, spread(d, values, 0)
		return err
	case *file.Float64ColumnChunkReader:
		values, err := readAll(d, in.ReadBatch)
		v.Layout, v.F64 = columnar.F64, spread(d, values, 0)
		return err
	case *file.ByteArrayColumnChunkReader:
		values, err := readAll(d, in.ReadBatch)
		d.setStrings(v, spread(d, values, nil))
		return err
	case *file.FixedLenByteArrayColumnChunkReader:
		values, err := readAll(d, in.ReadBatch)
		if err != nil {
			return err
		}
		return d.setFixed(v, values)
	}
	return fmt.Errorf("no decoding for %T", in)
}

// readAll reads every value of a column chunk, without the NULLs, and notes where those stand.
func readAll[T any](d *decoder, read func(n int64, values []T, def, rep []int16) (int64, int, error)) ([]T, error) {
	values := make([]T, d.rows)
	var levels []int16
	if !d.column.Required {
		levels = make([]int16, d.rows)
	}
	rows, count := 0, 0
	for rows < d.rows {
		var def []int16
		if levels != nil {
			def = levels[rows:]
		}
		n, got, err := read(int64(d.rows-rows), values[count:], def, nil)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, fmt.Errorf("%d rows, expected %d", rows, d.rows)
		}
		rows, count = rows+int(n), count+got
	}
	return values[:count], d.setLevels(levels, count)
}

// setLevels turns definition levels into validity.
func (d *decoder) setLevels(levels []int16, values int) error {
	d.nulls = d.rows - values
	if d.nulls != d.meta.Zone.Nulls {
		return fmt.Errorf("%d NULLs, expected %d", d.nulls, d.meta.Zone.Nulls)
	}
	if d.nulls == 0 {
		return nil
	}
	d.valid = make([]uint64, (d.rows+63)>>6)
	for i, level := range levels {
		d.valid[i>>6] |= uint64(level) << (i & 63)
	}
	return nil
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

func gatherInts(values []int32) []int64 {
	out := make([]int64, len(values))
	for i, x := range values {
		out[i] = int64(x)
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

func (d *decoder) setStrings(v *columnar.Vector, rows []parquet.ByteArray) {
	v.Layout = columnar.Str
	v.Offsets = make([]uint32, 1, len(rows)+1)
	v.Bytes = make([]byte, 0, d.meta.Zone.Bytes)
	for _, r := range rows {
		v.Bytes = append(v.Bytes, r...)
		v.Offsets = append(v.Offsets, uint32(len(v.Bytes)))
	}
}

func (d *decoder) setFixed(v *columnar.Vector, values []parquet.FixedLenByteArray) error {
	switch d.column.Type.Class() {
	case types.ClassUUID:
		v.Layout, v.UUID = columnar.Bytes16, make([][16]byte, len(values))
		for i, b := range values {
			copy(v.UUID[i][:], b)
		}
		v.UUID = spread(d, v.UUID, [16]byte{})
		return nil
	case types.ClassInterval:
		spans := make([]types.Span, len(values))
		for i, b := range values {
			spans[i] = types.Span{Months: int32(binary.LittleEndian.Uint32(b)), Days: int32(binary.LittleEndian.Uint32(b[4:])), Micros: int64(binary.LittleEndian.Uint64(b[8:]))}
		}
		v.Layout, v.Spans = columnar.Spans, spread(d, spans, types.Span{})
		return nil
	}
	wide := make([]types.Int128, len(values))
	for i, b := range values {
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
