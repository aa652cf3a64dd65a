package segment

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/axiomhq/hyperloglog"

	"github.com/oxidb/oxidb/internal/varint"
	"github.com/oxidb/oxidb/types"
)

// Flags of a column in the binary form of GroupMeta.
const (
	flagDict = 1 << iota
	flagExact
	flagSorted
)

// Flags of a value.
const (
	flagNull = 1 << iota
	flagWide
)

// AppendGroupMeta writes the binary form of m, which is about a tenth of its JSON. Sketches are not
// in it: AddTo gives them to whoever adds up a table.
func AppendGroupMeta(dst []byte, m *GroupMeta) []byte {
	dst = binary.AppendUvarint(dst, uint64(m.Rows))
	for i := range m.Columns {
		dst = appendColumnMeta(dst, &m.Columns[i])
	}
	return dst
}

func appendColumnMeta(dst []byte, c *ColumnMeta) []byte {
	z := c.Zone
	flags := byte(0)
	if c.Dict {
		flags |= flagDict
	}
	if z.Exact {
		flags |= flagExact
	}
	if z.Sorted {
		flags |= flagSorted
	}
	dst = append(dst, flags)
	dst = binary.AppendUvarint(dst, uint64(c.Offset))
	dst = binary.AppendUvarint(dst, uint64(c.Length))
	dst = binary.LittleEndian.AppendUint32(dst, c.CRC)
	dst = appendValue(appendValue(dst, &z.Min), &z.Max)
	dst = binary.AppendUvarint(dst, uint64(z.Nulls))
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(z.Distinct))
	dst = binary.AppendUvarint(dst, uint64(z.Bytes))
	dst = binary.AppendUvarint(dst, uint64(len(z.Common)))
	for i := range z.Common {
		dst = appendValue(dst, &z.Common[i].Value)
		dst = binary.AppendUvarint(dst, uint64(z.Common[i].Rows))
	}
	return dst
}

func appendValue(dst []byte, v *types.Value) []byte {
	switch {
	case v.Null:
		return append(dst, flagNull)
	case v.Wide:
		dst = binary.LittleEndian.AppendUint64(append(dst, flagWide), v.D.Lo)
		return binary.LittleEndian.AppendUint64(dst, uint64(v.D.Hi))
	}
	dst = append(dst, 0)
	switch v.Type.Class() {
	case types.ClassFloat:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.F))
	case types.ClassBytes, types.ClassUUID:
		dst = binary.AppendUvarint(dst, uint64(len(v.S)))
		return append(dst, v.S...)
	case types.ClassInterval:
		dst = binary.AppendVarint(binary.AppendVarint(dst, int64(v.Span.Months)), int64(v.Span.Days))
		return binary.AppendVarint(dst, v.Span.Micros)
	}
	return binary.AppendVarint(dst, v.I)
}

// ReadGroupMeta reads what AppendGroupMeta wrote of a file with the given columns.
func ReadGroupMeta(r *varint.Reader, columns []ColumnSchema) (GroupMeta, error) {
	m := GroupMeta{Rows: int(r.Uint()), Columns: make([]ColumnMeta, len(columns))}
	if m.Rows > MaxRows {
		return m, fmt.Errorf("a chunk of %d rows", m.Rows)
	}
	zones := make([]Zone, len(columns))
	for i := range columns {
		m.Columns[i].Zone = &zones[i]
		readColumnMeta(r, columns[i].Type, &m.Columns[i])
	}
	return m, r.Err()
}

func readColumnMeta(r *varint.Reader, t types.Type, c *ColumnMeta) {
	z := c.Zone
	flags := r.Byte()
	c.Dict, z.Exact, z.Sorted = flags&flagDict != 0, flags&flagExact != 0, flags&flagSorted != 0
	c.Offset, c.Length, c.CRC = int64(r.Uint()), int64(r.Uint()), r.U32()
	z.Min, z.Max = readValue(r, t), readValue(r, t)
	z.Nulls, z.Distinct, z.Bytes = int(r.Uint()), math.Float64frombits(r.U64()), int64(r.Uint())
	n := r.Count(2)
	if n == 0 {
		return
	}
	z.Common = make([]Count, n)
	for i := range z.Common {
		z.Common[i] = Count{Value: readValue(r, t), Rows: int(r.Uint())}
	}
}

func readValue(r *varint.Reader, t types.Type) types.Value {
	v := types.Value{Type: t}
	switch r.Byte() {
	case flagNull:
		v.Null = true
		return v
	case flagWide:
		v.Wide, v.D = true, types.Int128{Lo: r.U64(), Hi: int64(r.U64())}
		return v
	}
	switch t.Class() {
	case types.ClassFloat:
		v.F = math.Float64frombits(r.U64())
	case types.ClassBytes, types.ClassUUID:
		v.S = string(r.Bytes())
	case types.ClassInterval:
		v.Span = types.Span{Months: int32(r.Int()), Days: int32(r.Int()), Micros: r.Int()}
	default:
		v.I = r.Int()
	}
	return v
}

// Sketched reports whether AddTo knows the zone's values: by its sketch, or because the common values
// are all there are.
func (z *Zone) Sketched() bool { return z.Sketch != nil || z.sketchFollows() }

// AddTo adds the zone's distinct values to a sum, which is nil for none and may be replaced. A zone that
// is not Sketched adds nothing.
func (z *Zone) AddTo(sum *hyperloglog.Sketch) *hyperloglog.Sketch {
	if !z.Sketched() {
		return sum
	}
	if sum == nil {
		sum = newSketch()
	}
	if z.sketchFollows() {
		for i := range z.Common {
			sum.InsertHash(hashValue(z.Common[i].Value))
		}
		return sum
	}
	if sum.Merge(z.Sketch) != nil {
		return z.Sketch.Clone() // of another precision
	}
	return sum
}
