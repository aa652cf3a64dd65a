package expr

import (
	"math/bits"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
)

// linear is a column seen through x*m + c, where x is v's element (without Base): how constants,
// scales and bases are folded into one loop. lo and hi bound the result. v is nil for a constant c.
type linear struct {
	v      *columnar.Vector
	m, c   int64
	lo, hi int64
}

// linearOf views an integer layout; ok is false for other layouts.
func linearOf(v *columnar.Vector) (l linear, ok bool) {
	if v.Layout > columnar.I64 {
		return linear{}, false
	}
	if v.Enc == columnar.Const {
		x := v.Int(0)
		return linear{c: x, lo: x, hi: x}, true
	}
	lo, hi, _ := kernel.Bounds(v)
	base := v.Base
	if v.Layout == columnar.I64 {
		base = 0
	}
	return linear{v: v, m: 1, c: base, lo: lo, hi: hi}, true
}

// scaled is l*f. The coefficients may wrap; only the bounds must hold.
func (l linear) scaled(f int64) (linear, bool) {
	a, ok1 := mulInt64(l.lo, f)
	b, ok2 := mulInt64(l.hi, f)
	return linear{l.v, l.m * f, l.c * f, min(a, b), max(a, b)}, ok1 && ok2
}

// plus is l+r where one of the two is constant, or the bounds of the sum.
func (l linear) plus(r linear) (linear, bool) {
	lo, ok1 := addInt64(l.lo, r.lo)
	hi, ok2 := addInt64(l.hi, r.hi)
	sum := linear{v: l.v, m: l.m, c: l.c + r.c, lo: lo, hi: hi}
	if l.v == nil {
		sum.v, sum.m = r.v, r.m
	}
	return sum, ok1 && ok2
}

// times bounds l*r and, where one of the two is constant, is the product.
func (l linear) times(r linear) (linear, bool) {
	if l.v == nil {
		return r.scaled(l.c)
	}
	if r.v == nil {
		return l.scaled(r.c)
	}
	a, ok1 := mulInt64(l.lo, r.lo)
	b, ok2 := mulInt64(l.lo, r.hi)
	c, ok3 := mulInt64(l.hi, r.lo)
	d, ok4 := mulInt64(l.hi, r.hi)
	return linear{lo: min(a, b, c, d), hi: max(a, b, c, d)}, ok1 && ok2 && ok3 && ok4
}

// write materialises l, which is no constant.
func (l linear) write(n int, sel []uint32, out []int64) {
	kernel.Affine(l.v, l.m, l.c, n, sel, out)
}

func addInt64(a, b int64) (int64, bool) {
	s := a + b
	return s, (a^s)&(b^s) >= 0
}

func mulInt64(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	high := int64(hi) - a>>63&b - b>>63&a
	return int64(lo), high == int64(lo)>>63
}
