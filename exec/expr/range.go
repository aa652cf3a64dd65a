package expr

import (
	"math"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// rangeTest is lo <= X <= hi on integers and numerics: every comparison with a constant, and pairs of
// them. Numerics are compared by their unscaled integers, to which the constant has been translated.
type rangeTest struct {
	lo, hi types.Int128
	// negate asks for the values outside.
	negate bool
	// lo64 and hi64 are the bounds cut to int64; empty says that no int64 lies within.
	lo64, hi64 int64
	empty      bool
}

var (
	least    = types.Int128{Hi: math.MinInt64}
	greatest = types.Int128{Lo: math.MaxUint64, Hi: math.MaxInt64}
)

func newRangeTest(lo, hi types.Int128) *rangeTest {
	t := &rangeTest{lo: lo, hi: hi}
	t.cut()
	return t
}

func (t *rangeTest) cut() {
	lowest, highest := types.FromInt64(math.MinInt64), types.FromInt64(math.MaxInt64)
	t.empty = kernel.Less128(t.hi, t.lo) || kernel.Less128(highest, t.lo) || kernel.Less128(t.hi, lowest)
	t.lo64, t.hi64 = math.MinInt64, math.MaxInt64
	if v, ok := t.lo.Int64(); ok {
		t.lo64 = v
	}
	if v, ok := t.hi.Int64(); ok {
		t.hi64 = v
	}
}

// intersect narrows t to the values in u as well; neither is negated.
func (t *rangeTest) intersect(u *rangeTest) *rangeTest {
	lo, hi := t.lo, t.hi
	if kernel.Less128(lo, u.lo) {
		lo = u.lo
	}
	if kernel.Less128(u.hi, hi) {
		hi = u.hi
	}
	return newRangeTest(lo, hi)
}

func (t *rangeTest) unknown() bool { return false }

func (t *rangeTest) keepVector(v *columnar.Vector, want bool, n int, sel, out []uint32) []uint32 {
	inside := want != t.negate
	if v.Layout == columnar.I128 {
		return kept(kernel.SelectRange128(v.I128[:n], t.lo, t.hi, !inside, sel, out), n, sel, out)
	}
	switch t.against(v) {
	case coversNone:
		return decided(!inside, sel, out)
	case coversAll:
		return decided(inside, sel, out)
	}
	switch v.Layout {
	case columnar.U8:
		return keepNarrow(v.U8[:n], v.Base, t, inside, sel, out)
	case columnar.U16:
		return keepNarrow(v.U16[:n], v.Base, t, inside, sel, out)
	case columnar.U32:
		return keepNarrow(v.U32[:n], v.Base, t, inside, sel, out)
	}
	return keepRange(v.I64[:n], t.lo64, t.hi64, inside, sel, out)
}

// coverage is how much of a vector's bounds a range covers.
type coverage uint8

const (
	coversSome coverage = iota
	coversNone
	coversAll
)

// against compares the range with the bounds of an integer layout.
func (t *rangeTest) against(v *columnar.Vector) coverage {
	lo, hi, _ := kernel.Bounds(v)
	switch {
	case t.empty || t.hi64 < lo || t.lo64 > hi:
		return coversNone
	case t.lo64 <= lo && hi <= t.hi64:
		return coversAll
	}
	return coversSome
}

// decided is the outcome of a test that all rows share.
func decided(all bool, sel, out []uint32) []uint32 {
	if all {
		return sel
	}
	return out[:0]
}

// keepNarrow translates the bounds into the vector's own domain. The caller has found that they
// overlap with its values.
func keepNarrow[T uint8 | uint16 | uint32](vals []T, base int64, t *rangeTest, inside bool, sel, out []uint32) []uint32 {
	lo, hi, some := narrowRange[T](base, t)
	if !some {
		return decided(!inside, sel, out)
	}
	return keepRange(vals, lo, hi, inside, sel, out)
}

// narrowRange is the range of elements whose value, with base, lies in t; some is false when there are none.
func narrowRange[T uint8 | uint16 | uint32](base int64, t *rangeTest) (lo, hi T, some bool) {
	lo, hi = T(0), ^T(0)
	if t.hi64 < base {
		return lo, hi, false
	}
	if t.lo64 > base {
		lo = T(min(uint64(t.lo64)-uint64(base), uint64(hi)))
	}
	return lo, T(min(uint64(t.hi64)-uint64(base), uint64(hi))), true
}

func keepRange[T kernel.Integer](vals []T, lo, hi T, inside bool, sel, out []uint32) []uint32 {
	if inside {
		return kept(kernel.SelectRange(vals, lo, hi, sel, out), len(vals), sel, out)
	}
	return kept(kernel.SelectOutside(vals, lo, hi, sel, out), len(vals), sel, out)
}

// rangeOf translates X op c, where X has type t, to a range. X op c is exact whatever the scales:
// bounds between two values of t are moved to the next one inside.
func rangeOf(op plan.CompareOp, t types.Type, c types.Value) *rangeTest {
	floor, exact := unscaledFloor(c, scaleOf(t))
	next := types.FromInt64(1)
	above, _ := floor.Add(next)                // the least value > c
	below, _ := floor.Add(types.FromInt64(-1)) // the greatest value < c, when c is exact
	switch op {
	case plan.Eq, plan.Ne:
		r := newRangeTest(floor, floor)
		if !exact {
			r = newRangeTest(greatest, least)
		}
		r.negate = op == plan.Ne
		return r
	case plan.Lt:
		if exact {
			return newRangeTest(least, below)
		}
		return newRangeTest(least, floor)
	case plan.Le:
		return newRangeTest(least, floor)
	case plan.Gt:
		return newRangeTest(above, greatest)
	}
	if exact {
		return newRangeTest(floor, greatest)
	}
	return newRangeTest(above, greatest)
}

// scaleOf is the number of decimal digits in t's carrier.
func scaleOf(t types.Type) int {
	if t.Kind == types.Numeric {
		return int(t.Scale)
	}
	return 0
}

// unscaledFloor gives the greatest integer u with u/10^scale <= v, saturated to 128 bits, and whether
// the two are equal.
func unscaledFloor(v types.Value, scale int) (u types.Int128, exact bool) {
	x, from := v.Unscaled(), scaleOf(v.Type)
	if from <= scale {
		if u, ok := x.Rescale(from, scale); ok {
			return u, true
		}
		if x.Sign() < 0 {
			return types.Int128{Lo: 1, Hi: math.MinInt64}, true // beyond every value
		}
		return types.Int128{Lo: math.MaxUint64 - 1, Hi: math.MaxInt64}, true
	}
	u, _ = x.Rescale(from, scale)
	back, _ := u.Rescale(scale, from)
	if kernel.Less128(x, back) { // rounded up
		u, _ = u.Add(types.FromInt64(-1))
	}
	return u, back == x
}
