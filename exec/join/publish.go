package join

import (
	"math"
	"math/bits"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// maxFilterBits bounds a runtime filter's bitset: 8 MiB, what the caches hold.
const maxFilterBits = 1 << 26

// publish makes runtime filters from integer keys. Only kinds that drop probe rows without a match
// may have them.
func (h *Hash) publish(q *exec.Query) error {
	switch h.kind {
	case plan.InnerJoin, plan.SemiJoin, plan.RightJoin:
	default:
		return nil
	}
	return q.RunOn(1, func(w *exec.Worker) error { return h.publishTo(&q.Filters, &crew{query: q, lead: w, all: true}) })
}

func (h *Hash) publishTo(filters *exec.RuntimeFilters, c *crew) error {
	for _, p := range h.node.Publish {
		v := h.rows.Column(h.keyAt[p.Pair])
		switch {
		case h.rows.Rows == 0:
			filters.Publish(p.ID, &exec.RuntimeFilter{Empty: true})
		case v.Type.Class() != types.ClassInt || v.Valid != nil && h.node.Equi[p.Pair].NullSafe || h.node.Equi[p.Pair].Left.Type().Class() != types.ClassInt:
		default:
			f := h.filter()
			if f == nil {
				var err error
				if f, err = newFilter(c, v, h.rows.Rows); err != nil {
					return err
				}
			}
			filters.Publish(p.ID, f)
		}
	}
	return nil
}

// filter is the runtime filter that an index of one integer key is by itself, nil when it is none.
func (h *Hash) filter() *exec.RuntimeFilter {
	x := h.index
	if x.rank.bits == nil || len(h.node.Equi) != 1 {
		return nil
	}
	lo, _, ok := x.layout.Window(0)
	if !ok || x.layout.Nullable(0) {
		return nil
	}
	return trimmed(x.rank.bits, lo)
}

// trimmed is the filter of the keys whose bits are set, the first bit standing for lo.
func trimmed(set []uint64, lo int64) *exec.RuntimeFilter {
	first, last := 0, len(set)-1
	for first <= last && set[first] == 0 {
		first++
	}
	if first > last {
		return &exec.RuntimeFilter{Empty: true}
	}
	for set[last] == 0 {
		last--
	}
	return &exec.RuntimeFilter{Min: lo + int64(first)*64, Max: lo + int64(last)*64 + int64(bits.Len64(set[last])) - 1, Bits: set[first : last+1]}
}

// newFilter makes the filter of an integer column's values that are not NULL.
func newFilter(c *crew, v *columnar.Vector, rows int) (*exec.RuntimeFilter, error) {
	if v.Valid != nil || v.Enc != columnar.Flat || v.Layout > columnar.I64 {
		return sparseFilter(v, rows), nil
	}
	switch v.Layout {
	case columnar.U8:
		return columnFilter(c, v.U8[:rows], v.Base)
	case columnar.U16:
		return columnFilter(c, v.U16[:rows], v.Base)
	case columnar.U32:
		return columnFilter(c, v.U32[:rows], v.Base)
	default:
		return columnFilter(c, v.I64[:rows], 0)
	}
}

// columnFilter is the filter of keys, each plus base.
func columnFilter[T uint8 | uint16 | uint32 | int64](c *crew, keys []T, base int64) (*exec.RuntimeFilter, error) {
	shares := c.size(len(keys))
	lows, highs := make([]T, shares), make([]T, shares)
	err := c.run(shares, func(_ *exec.Worker, at int) {
		from, to := share(len(keys), at, shares)
		lo, hi := keys[from], keys[from]
		for _, k := range keys[from:to] {
			lo, hi = min(lo, k), max(hi, k)
		}
		lows[at], highs[at] = lo, hi
	})
	if err != nil {
		return nil, err
	}
	lo, hi := lows[0], highs[0]
	for i := range shares {
		lo, hi = min(lo, lows[i]), max(hi, highs[i])
	}
	f := &exec.RuntimeFilter{Min: int64(lo) + base, Max: int64(hi) + base}
	if span := uint64(hi) - uint64(lo); span < maxFilterBits {
		f.Bits, err = setBits(c, keys, -uint64(lo), span)
	}
	return f, err
}

// sparseFilter is the filter of a column that has NULLs or is a constant.
func sparseFilter(v *columnar.Vector, rows int) *exec.RuntimeFilter {
	f := &exec.RuntimeFilter{Min: math.MaxInt64, Max: math.MinInt64}
	each := func(use func(key int64)) {
		for r := range rows {
			if !v.IsNull(r) {
				use(v.Int(r))
			}
		}
	}
	each(func(k int64) { f.Min, f.Max = min(f.Min, k), max(f.Max, k) })
	if f.Min > f.Max {
		return &exec.RuntimeFilter{Empty: true}
	}
	span := uint64(f.Max) - uint64(f.Min)
	if span >= maxFilterBits {
		return f
	}
	f.Bits = make([]uint64, span/64+1)
	each(func(k int64) {
		at := uint64(k - f.Min)
		f.Bits[at>>6] |= 1 << (at & 63)
	})
	return f
}
