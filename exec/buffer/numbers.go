package buffer

import (
	"math"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/types"
)

type integer interface {
	uint8 | uint16 | uint32 | int64
}

// width is the greatest offset from Base that a layout holds.
func width(l columnar.Layout) uint64 {
	switch l {
	case columnar.U8:
		return math.MaxUint8
	case columnar.U16:
		return math.MaxUint16
	case columnar.U32:
		return math.MaxUint32
	}
	return math.MaxUint64
}

// valueRange bounds a vector's values without looking at them; ok is false when only int64 does.
func valueRange(v *columnar.Vector) (lo, hi int64, ok bool) {
	switch {
	case v.Layout == columnar.I128:
		return 0, 0, false
	case v.Enc == columnar.Const:
		if v.IsNull(0) {
			return v.Base, v.Base, v.Layout < columnar.I64
		}
		return v.Int(0), v.Int(0), true
	case v.Bounded:
		return v.Lo, v.Hi, true
	case v.Layout < columnar.I64 && v.Base <= math.MaxInt64-math.MaxUint32:
		return v.Base, v.Base + int64(width(v.Layout)), true
	}
	return math.MinInt64, math.MaxInt64, false
}

// appendNumbers copies integers and decimals, first widening the column's form when they do not fit.
func (c *Column) appendNumbers(v *columnar.Vector, sel []uint32, n int) {
	lo, hi, ok := valueRange(v)
	if !c.fits(v, lo, hi, ok) {
		c.widen(v, lo, hi, ok)
	}
	if !ok || !c.v.Bounded {
		c.v.Bounded = false
	} else {
		c.v.Lo, c.v.Hi = min(c.v.Lo, lo), max(c.v.Hi, hi)
	}
	switch c.v.Layout {
	case columnar.U8:
		c.v.U8 = appendInts(c.arena, c.v.U8, v, c.v.Base, sel, n)
	case columnar.U16:
		c.v.U16 = appendInts(c.arena, c.v.U16, v, c.v.Base, sel, n)
	case columnar.U32:
		c.v.U32 = appendInts(c.arena, c.v.U32, v, c.v.Base, sel, n)
	case columnar.I64:
		c.v.I64 = appendInts(c.arena, c.v.I64, v, 0, sel, n)
	default:
		c.appendWide(v, sel, n)
	}
}

func (c *Column) fits(v *columnar.Vector, lo, hi int64, ok bool) bool {
	switch {
	case c.v.Layout == columnar.I128:
		return true
	case v.Layout == columnar.I128:
		return false
	case c.v.Layout == columnar.I64:
		return true
	}
	return v.Layout <= c.v.Layout && v.Base == c.v.Base && v.Enc != columnar.Const ||
		ok && lo >= c.v.Base && uint64(hi)-uint64(c.v.Base) <= width(c.v.Layout)
}

// widen gives the column the next form that holds lo..hi too, its window centred so that few
// changes follow.
func (c *Column) widen(v *columnar.Vector, lo, hi int64, ok bool) {
	old := c.v
	least, most, mine := valueRange(&old)
	if c.v.Len == 0 {
		least, most, mine = lo, hi, ok
	}
	c.v.U8, c.v.U16, c.v.U32, c.v.I64 = nil, nil, nil, nil
	switch {
	case v.Layout == columnar.I128 || old.Layout == columnar.I128:
		c.v.Layout, c.v.Base = columnar.I128, 0
	case c.v.Type.Kind == types.Boolean:
		c.v.Layout, c.v.Base = columnar.I64, 0
	default:
		c.v.Layout, c.v.Base = window(old.Layout, min(lo, least), max(hi, most), ok && mine)
	}
	c.v.Len = 0
	valid := c.v.Valid
	n := old.Len
	switch c.v.Layout {
	case columnar.U8:
		c.v.U8 = appendInts(c.arena, c.v.U8, &old, c.v.Base, nil, n)
	case columnar.U16:
		c.v.U16 = appendInts(c.arena, c.v.U16, &old, c.v.Base, nil, n)
	case columnar.U32:
		c.v.U32 = appendInts(c.arena, c.v.U32, &old, c.v.Base, nil, n)
	case columnar.I64:
		c.v.I64 = appendInts(c.arena, c.v.I64, &old, 0, nil, n)
	default:
		c.appendWide(&old, nil, n)
	}
	c.v.Len, c.v.Valid = n, valid
}

// window picks a layout wider than was, and a base, for the values lo..hi.
func window(was columnar.Layout, lo, hi int64, known bool) (columnar.Layout, int64) {
	if known {
		for l := was + 1; l < columnar.I64; l++ {
			spare := width(l) - (uint64(hi) - uint64(lo))
			if uint64(hi)-uint64(lo) > width(l) {
				continue
			}
			// Negative overflow of the base is avoided by keeping it at lo near the edges.
			if half := int64(spare / 2); lo > math.MinInt64+half && hi < math.MaxInt64-int64(width(l)) {
				return l, lo - half
			}
			return columnar.I64, 0
		}
	}
	return columnar.I64, 0
}

// appendInts copies integers of any layout into a column of window base.
func appendInts[D integer](a *mem.Arena, dst []D, v *columnar.Vector, base int64, sel []uint32, n int) []D {
	old := len(dst)
	dst = mem.Extend(a, dst, n)
	out := dst[old:]
	if v.Enc == columnar.Const {
		x := D(0)
		if !v.IsNull(0) {
			x = D(v.Int(0) - base)
		}
		for i := range out {
			out[i] = x
		}
		return dst
	}
	add := v.Base - base
	switch v.Layout {
	case columnar.U8:
		copyInts(out, v.U8, add, sel)
	case columnar.U16:
		copyInts(out, v.U16, add, sel)
	case columnar.U32:
		copyInts(out, v.U32, add, sel)
	case columnar.I64:
		copyInts(out, v.I64, -base, sel)
	}
	return dst
}

func copyInts[D, S integer](out []D, src []S, add int64, sel []uint32) {
	if sel == nil {
		src = src[:len(out)]
		for i := range out {
			out[i] = D(int64(src[i]) + add)
		}
		return
	}
	out = out[:len(sel)]
	for j, i := range sel {
		out[j] = D(int64(src[i]) + add)
	}
}

// appendWide copies decimals into a 128-bit column.
func (c *Column) appendWide(v *columnar.Vector, sel []uint32, n int) {
	if v.Layout == columnar.I128 {
		c.v.I128 = appendPlain(c.arena, c.v.I128, v.I128, v.Enc, sel, n)
		return
	}
	old := len(c.v.I128)
	c.v.I128 = mem.Extend(c.arena, c.v.I128, n)
	out := c.v.I128[old:]
	for j := range out {
		i := j
		if sel != nil {
			i = int(sel[j])
		}
		out[j] = types.FromInt64(v.Int(i))
	}
}
