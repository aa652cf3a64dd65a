package order

import (
	"math"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/simd"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/plan"
)

// threshold drops rows whose first key comes after that of the last row that still counts. It knows
// integers only; other keys pass.
type threshold struct {
	active bool
	by     plan.SortKey
	value  int64
	words  []uint64
	sel    []uint32
}

func newThreshold(w *exec.Worker) threshold {
	n := max(w.Scratch, columnar.BatchSize)
	return threshold{words: mem.Alloc[uint64](w.Arena, simd.Words(n), false), sel: mem.Alloc[uint32](w.Arena, n+simd.Slack, false)}
}

// learn takes a row of the first key as the last one that counts.
func (t *threshold) learn(by plan.SortKey, v *columnar.Vector, row uint32) {
	integer := v.Enc != columnar.Dict && v.Layout <= columnar.I64
	if t.active = integer && !v.IsNull(int(row)); t.active {
		t.by, t.value = by, v.Int(int(row))
	}
}

// refine gives the rows of b that may still count, by their first key, v: rows that tie with the threshold
// stay. nil is all of the batch.
func (t *threshold) refine(v *columnar.Vector, b *columnar.Batch) []uint32 {
	knows := t.active && v.Enc == columnar.Flat && v.Layout <= columnar.I64
	if b.Sel != nil {
		if !knows || v.Valid != nil || t.passes(v) {
			return b.Sel
		}
		return t.list(v, b.Sel)
	}
	words := b.Mask
	if knows && (v.Valid != nil || !t.passes(v)) {
		words = t.mask(v, b)
	}
	if words == nil || b.Mask == nil && simd.Count(words) == b.Len {
		return nil
	}
	return t.sel[:simd.Rows(words, t.sel)]
}

// passes reports that all values pass.
func (t *threshold) passes(v *columnar.Vector) bool {
	lo, hi := t.bounds()
	return v.Bounded && lo <= v.Lo && v.Hi <= hi
}

// bounds limits the values that pass.
func (t *threshold) bounds() (lo, hi int64) {
	if t.by.Desc {
		return t.value, math.MaxInt64
	}
	return math.MinInt64, t.value
}

// mask is the rows of a batch without selection that pass.
func (t *threshold) mask(v *columnar.Vector, b *columnar.Batch) []uint64 {
	words := t.words[:simd.Words(b.Len)]
	if simd.SetAll(words, b.Len); b.Mask != nil {
		copy(words, b.Mask)
	}
	lo, hi := t.bounds()
	switch v.Layout {
	case columnar.U8:
		maskNarrow(v.U8[:b.Len], math.MaxUint8, v.Base, lo, hi, words)
	case columnar.U16:
		maskNarrow(v.U16[:b.Len], math.MaxUint16, v.Base, lo, hi, words)
	case columnar.U32:
		maskNarrow(v.U32[:b.Len], math.MaxUint32, v.Base, lo, hi, words)
	default:
		simd.MaskRange(v.I64[:b.Len], lo, hi, true, words)
	}
	for i := range v.Valid[:min(len(v.Valid), len(words))] {
		before := ^uint64(0)
		if b.Mask != nil {
			before = b.Mask[i]
		}
		if words[i] &= v.Valid[i]; t.by.NullsFirst {
			words[i] |= before &^ v.Valid[i]
		}
	}
	if rest := b.Len & 63; rest != 0 {
		words[len(words)-1] &= 1<<rest - 1
	}
	return words
}

// maskNarrow clears the bits of elements that with base lie outside [lo, hi]; no element is above top.
func maskNarrow[T uint8 | uint16 | uint32](v []T, top uint64, base, lo, hi int64, words []uint64) {
	from, to := uint64(0), uint64(0)
	if lo > base {
		from = uint64(lo) - uint64(base)
	}
	if hi >= base {
		to = min(uint64(hi)-uint64(base), top)
	}
	if hi < base || from > to {
		clear(words)
		return
	}
	simd.MaskRange(v, T(from), T(to), true, words)
}

// list is the rows of a selection that pass.
func (t *threshold) list(v *columnar.Vector, sel []uint32) []uint32 {
	lo, hi := t.bounds()
	switch v.Layout {
	case columnar.U8:
		return listWithin(v.U8, v.Base, lo, hi, sel, t.sel)
	case columnar.U16:
		return listWithin(v.U16, v.Base, lo, hi, sel, t.sel)
	case columnar.U32:
		return listWithin(v.U32, v.Base, lo, hi, sel, t.sel)
	}
	return listWithin(v.I64, 0, lo, hi, sel, t.sel)
}

func listWithin[T uint8 | uint16 | uint32 | int64](v []T, base, lo, hi int64, sel, dst []uint32) []uint32 {
	k := 0
	for _, i := range sel {
		dst[k] = i
		if x := int64(v[i]) + base; lo <= x && x <= hi {
			k++
		}
	}
	return dst[:k]
}
