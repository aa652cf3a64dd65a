package expr

import (
	"math"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/simd"
	"github.com/oxidb/oxidb/types"
)

// mask knows the comparisons of two columns of integers or numerics, each maybe scaled and moved by
// constants. They run on the columns as they are stored, at most widened.
func (p *pair) mask(b *columnar.Batch, want bool, words []uint64) bool {
	if p.class != types.ClassInt && p.class != types.ClassDecimal {
		return false
	}
	l, lValid, lok := viewOf(p.x, p.xScale, b)
	if !lok {
		return false
	}
	r, rValid, rok := viewOf(p.y, p.yScale, b)
	less, exchange, complement := ordered(p.op)
	if exchange {
		l, r = r, l
	}
	if !rok || !p.maskViews(less, l, r, b.Len, complement != want, words) {
		return false
	}
	maskNulls(lValid, words)
	maskNulls(rValid, words)
	return true
}

// viewOf is an operand times 10^shift as a view of a column, where that can be had without computing
// anything that could fail.
func viewOf(e Evaluator, shift int, b *columnar.Batch) (view linear, valid []uint64, ok bool) {
	if shift > types.MaxInt64Precision {
		return view, nil, false
	}
	switch e := e.(type) {
	case *retype:
		return viewOf(e.x, shift, b)
	case *column:
		v := b.Cols[e.at]
		view, ok = linearOf(v)
		valid = validOf(v)
	case *exact:
		if !isView(e) {
			return view, nil, false
		}
		var v *columnar.Vector
		var err error
		view, valid, v, err = e.evalLinear(b)
		ok = err == nil && v == nil
	}
	if !ok || view.v == nil {
		return view, nil, false
	}
	view, ok = view.scaled(types.PowersOfTen[shift])
	return view, valid, ok
}

// isView reports arithmetic on one column and constants.
func isView(e Evaluator) bool {
	x, ok := e.(*exact)
	if !ok {
		return isBare(e)
	}
	_, left := x.l.(*constant)
	_, right := x.r.(*constant)
	return left && isView(x.r) || right && isView(x.l)
}

// maskViews brings l < r (or =) into the loops' form a + delta < b*mul, in which only the right column has a
// factor, by moving r's constant to the left. l < r is not r-1 < l.
func (p *pair) maskViews(less bool, l, r linear, n int, inside bool, words []uint64) bool {
	if l.m != 1 {
		l, r = r, l
		if less {
			inside = !inside
			var ok bool
			if l, ok = l.plus(linear{c: -1, lo: -1, hi: -1}); !ok {
				return false
			}
		}
	}
	if l.m != 1 || r.c == math.MinInt64 {
		return false
	}
	moved := linear{c: -r.c, lo: -r.c, hi: -r.c}
	a, ok1 := l.plus(moved)
	b, ok2 := r.plus(moved)
	if !ok1 || !ok2 {
		return false
	}
	if a.v.Layout > columnar.U16 || b.v.Layout > columnar.U16 || b.m < 0 || b.m > math.MaxInt16 {
		maskPair(less, p.elements(a.v, 0, n), a.c, p.elements(b.v, 1, n), b.m, inside, words)
		return true
	}
	switch {
	case a.v.Layout == columnar.U8 && b.v.Layout == columnar.U8:
		maskPair(less, a.v.U8[:n], a.c, b.v.U8[:n], b.m, inside, words)
	case a.v.Layout == columnar.U8:
		maskPair(less, a.v.U8[:n], a.c, b.v.U16[:n], b.m, inside, words)
	case b.v.Layout == columnar.U8:
		maskPair(less, a.v.U16[:n], a.c, b.v.U8[:n], b.m, inside, words)
	default:
		maskPair(less, a.v.U16[:n], a.c, b.v.U16[:n], b.m, inside, words)
	}
	return true
}

// elements gives a vector's elements in 64 bits.
func (p *pair) elements(v *columnar.Vector, i, n int) []int64 {
	if v.Layout == columnar.I64 {
		return v.I64[:n]
	}
	out := room(p.worker, &p.ints[i], n)
	switch v.Layout {
	case columnar.U8:
		simd.Widen(out, v.U8[:n], 0)
	case columnar.U16:
		simd.Widen(out, v.U16[:n], 0)
	default:
		simd.Widen(out, v.U32[:n], 0)
	}
	return out
}

func maskPair[A, B simd.Element](less bool, a []A, delta int64, b []B, mul int64, inside bool, words []uint64) {
	if less {
		simd.MaskLess(a, delta, b, mul, inside, words)
		return
	}
	simd.MaskEqual(a, delta, b, mul, inside, words)
}
