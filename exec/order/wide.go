package order

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// wideColumn is a growing column in its type's widest form: flat, without base or dictionary, int64
// or 128 bits for numbers, as the type needs. Rows of any vectors can be put into it.
type wideColumn struct{ v columnar.Vector }

func newWideColumn(t types.Type) *wideColumn {
	c := &wideColumn{columnar.Vector{Type: t, Layout: columnar.I64}}
	switch t.Class() {
	case types.ClassInt:
		if t.Kind == types.Boolean {
			c.v.Layout = columnar.U8
		}
	case types.ClassDecimal:
		if t.Precision > types.MaxInt64Precision {
			c.v.Layout = columnar.I128
		}
	case types.ClassFloat:
		c.v.Layout = columnar.F64
	case types.ClassBytes:
		c.v.Layout, c.v.Offsets = columnar.Str, []uint32{0}
	case types.ClassInterval:
		c.v.Layout = columnar.Spans
	case types.ClassUUID:
		c.v.Layout = columnar.Bytes16
	}
	return c
}

// reset empties the column and keeps its memory.
func (c *wideColumn) reset() {
	v := &c.v
	v.Len, v.Valid = 0, nil
	v.U8, v.I64, v.I128, v.F64, v.Spans, v.UUID, v.Bytes = v.U8[:0], v.I64[:0], v.I128[:0], v.F64[:0], v.Spans[:0], v.UUID[:0], v.Bytes[:0]
	if v.Layout == columnar.Str {
		v.Offsets = v.Offsets[:1]
	}
}

// append copies row rows[i] of sources[i], for every i.
func (c *wideColumn) append(sources []*columnar.Vector, rows []uint32) {
	c.appendValid(sources, rows)
	v := &c.v
	for i, row := range rows {
		src := sources[i]
		if src.Enc == columnar.Const {
			row = 0
		}
		switch v.Layout {
		case columnar.U8:
			v.U8 = append(v.U8, uint8(src.Int(int(row))))
		case columnar.I64:
			if src.Layout == columnar.I128 {
				v.I64 = append(v.I64, int64(src.I128[row].Lo))
			} else {
				v.I64 = append(v.I64, src.Int(int(row)))
			}
		case columnar.I128:
			if src.Layout == columnar.I128 {
				v.I128 = append(v.I128, src.I128[row])
			} else {
				v.I128 = append(v.I128, types.FromInt64(src.Int(int(row))))
			}
		case columnar.F64:
			if src.Layout == columnar.F32 {
				v.F64 = append(v.F64, float64(src.F32[row]))
			} else {
				v.F64 = append(v.F64, src.F64[row])
			}
		case columnar.Spans:
			v.Spans = append(v.Spans, src.Spans[row])
		case columnar.Bytes16:
			v.UUID = append(v.UUID, src.UUID[row])
		default:
			if src.Enc == columnar.Dict {
				v.Bytes = append(v.Bytes, src.Dict.Values.Row(int(src.Code(int(row))))...)
			} else {
				v.Bytes = append(v.Bytes, src.Row(int(row))...)
			}
			v.Offsets = append(v.Offsets, uint32(len(v.Bytes)))
		}
	}
	v.Len += len(rows)
}

// appendValid extends the validity, which exists from the first NULL on.
func (c *wideColumn) appendValid(sources []*columnar.Vector, rows []uint32) {
	v := &c.v
	for i, row := range rows {
		at := v.Len + i
		null := sources[i].IsNull(int(row))
		if v.Valid == nil {
			if !null {
				continue
			}
			v.Valid = make([]uint64, (at+64)/64, (v.Len+len(rows)+63)/64)
			for j := range at {
				v.Valid[j>>6] |= 1 << (j & 63)
			}
		}
		for len(v.Valid) <= at>>6 {
			v.Valid = append(v.Valid, 0)
		}
		if !null {
			v.Valid[at>>6] |= 1 << (at & 63)
		}
	}
}
