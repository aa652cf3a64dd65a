package order

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/plan"
)

// threshold drops rows whose first key comes after that of the last row that still counts. It knows
// integers only; other keys pass.
type threshold struct {
	active bool
	desc   bool
	value  int64
	sel    []uint32
}

func newThreshold(by plan.SortKey, v *columnar.Vector, row uint32) threshold {
	integer := v.Enc != columnar.Dict && v.Layout <= columnar.I64
	if !integer || v.IsNull(int(row)) {
		return threshold{}
	}
	return threshold{active: true, desc: by.Desc, value: v.Int(int(row))}
}

// refine narrows a selection; rows that tie with the threshold stay, and so do NULLs.
func (t *threshold) refine(arena *mem.Arena, v *columnar.Vector, sel []uint32, n int) []uint32 {
	if !t.active || v.Valid != nil || v.Enc != columnar.Flat || v.Layout > columnar.I64 {
		return sel
	}
	if v.Bounded && (!t.desc && v.Hi <= t.value || t.desc && v.Lo >= t.value) {
		return sel
	}
	t.sel = mem.Grow(arena, t.sel[:0], n)[:n]
	switch v.Layout {
	case columnar.U8:
		return refine(t, v.U8, v.Base, sel, n)
	case columnar.U16:
		return refine(t, v.U16, v.Base, sel, n)
	case columnar.U32:
		return refine(t, v.U32, v.Base, sel, n)
	}
	return refine(t, v.I64, 0, sel, n)
}

func refine[T uint8 | uint16 | uint32 | int64](t *threshold, v []T, base int64, sel []uint32, n int) []uint32 {
	// Descending keys are compared negated: -x-1 cannot overflow.
	flip := int64(0)
	if t.desc {
		flip = -1
	}
	k, dst, bound := 0, t.sel, t.value^flip
	if sel == nil {
		for i, x := range v[:n] {
			dst[k] = uint32(i)
			if (int64(x)+base)^flip <= bound {
				k++
			}
		}
		return dst[:k]
	}
	for _, i := range sel {
		dst[k] = i
		if (int64(v[i])+base)^flip <= bound {
			k++
		}
	}
	return dst[:k]
}
