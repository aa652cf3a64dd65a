package expr

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// exact is +, - and * on integers and numerics. In this order, per batch: plain int64 loops when the
// operands' bounds prove that nothing overflows; checked int64 loops; 128 bits; arbitrary precision.
type exact struct {
	operation
	// lShift and rShift are the powers of ten that bring the operands to a common scale (+, -).
	lShift, rShift int
	// drop is the number of digits to round away from the exact result.
	drop int
	ints [3][]int64
	wide [3][]types.Int128
}

func newExact(b operation, l, r types.Type) *exact {
	x := &exact{operation: b}
	if b.op == plan.Mul {
		x.drop = scaleOf(l) + scaleOf(r) - scaleOf(b.typ)
	} else {
		scale := max(scaleOf(l), scaleOf(r), scaleOf(b.typ))
		x.lShift, x.rShift = scale-scaleOf(l), scale-scaleOf(r)
		x.drop = scale - scaleOf(b.typ)
	}
	if x.drop < 0 { // a product typed with more digits than it has
		x.lShift, x.drop = -x.drop, 0
	}
	return x
}

// lazy is an evaluator that can hand out its result as a linear view of an operand instead of
// computing it, so that chains of constants cost one loop.
type lazy interface {
	// evalLinear gives the view, or the materialised vector where there is none; valid is the null
	// bitmap of the view.
	evalLinear(b *columnar.Batch) (view linear, valid []uint64, v *columnar.Vector, err error)
}

// operand is a side of exact arithmetic: a view, or a vector when ok is false.
type operand struct {
	linear
	ok    bool
	valid []uint64
	v     *columnar.Vector
}

func (x *exact) operand(e Evaluator, b *columnar.Batch) (o operand, err error) {
	if l, isLazy := e.(lazy); isLazy {
		o.linear, o.valid, o.v, err = l.evalLinear(b)
		if err != nil || o.v == nil {
			o.ok = true
			return o, err
		}
	} else if o.v, err = e.Eval(b); err != nil {
		return o, err
	}
	o.valid = validOf(o.v)
	o.linear, o.ok = linearOf(o.v)
	return o, nil
}

func (x *exact) Eval(b *columnar.Batch) (*columnar.Vector, error) {
	view, valid, v, err := x.evalLinear(b)
	if err != nil || v != nil {
		return v, err
	}
	return x.materialise(b, view, valid), nil
}

// materialise writes a view.
func (x *exact) materialise(b *columnar.Batch, view linear, valid []uint64) *columnar.Vector {
	if view.v == nil {
		setConst(&x.out, types.Int(x.typ, view.c))
		x.out.Len = b.Len
		return &x.out
	}
	out := room(x.worker, &x.ints[2], b.Len)
	view.write(b.Len, b.Sel, out)
	x.out = boundedInts(x.typ, out, valid, view.lo, view.hi)
	return &x.out
}

func boundedInts(t types.Type, vals []int64, valid []uint64, lo, hi int64) columnar.Vector {
	return columnar.Vector{Type: t, Layout: columnar.I64, Len: len(vals), I64: vals, Valid: valid, Bounded: true, Lo: lo, Hi: hi}
}

func (x *exact) evalLinear(b *columnar.Batch) (linear, []uint64, *columnar.Vector, error) {
	l, err := x.operand(x.l, b)
	if err != nil {
		return linear{}, nil, nil, err
	}
	r, err := x.operand(x.r, b)
	if err != nil {
		return linear{}, nil, nil, err
	}
	if (l.v != nil && isNullConst(l.v)) || (r.v != nil && isNullConst(r.v)) {
		x.setNull(b.Len)
		return linear{}, nil, &x.out, nil
	}
	valid := x.mergeValid(b.Len, l.valid, r.valid)
	if result, sides, ok := x.prove(l, r); ok {
		if result.v != nil || (sides[0].v == nil && sides[1].v == nil) {
			if x.within(result.lo, result.hi) {
				return result, valid, nil, nil
			}
		}
		v, err := x.unchecked(b, result, sides, valid)
		return linear{}, nil, v, err
	}
	v, err := x.checked(b, l, r, valid)
	return linear{}, nil, v, err
}

func (x *exact) mergeValid(n int, l, r []uint64) []uint64 {
	switch {
	case l == nil:
		return r
	case r == nil:
		return l
	}
	words := room(x.worker, &x.nulls.words, kernel.Words(n))
	kernel.AndBits(words, l, r)
	return words
}

// within reports that [lo, hi] lies in the range of an integer result type; numerics have no other
// bound than their carrier's.
func (x *exact) within(lo, hi int64) bool {
	if x.typ.Kind == types.Numeric {
		return true
	}
	least, most := x.typ.Bounds()
	return least <= lo && hi <= most
}

// prove finds out whether the whole batch fits int64. result has the bounds, and is the view itself
// when at most one side varies.
func (x *exact) prove(l, r operand) (result linear, sides [2]linear, ok bool) {
	if !l.ok || !r.ok || x.drop > 0 || x.lShift > 18 || x.rShift > 18 {
		return result, sides, false
	}
	left, ok1 := l.scaled(types.PowersOfTen[x.lShift])
	right, ok2 := r.scaled(types.PowersOfTen[x.rShift])
	if x.op == plan.Sub {
		var ok3 bool
		right, ok3 = right.scaled(-1)
		ok2 = ok2 && ok3
	}
	if !ok1 || !ok2 {
		return result, sides, false
	}
	sides = [2]linear{left, right}
	if x.op == plan.Mul {
		result, ok = left.times(right)
	} else {
		result, ok = left.plus(right)
		if left.v != nil && right.v != nil {
			result.v = nil
		}
	}
	return result, sides, ok
}

// unchecked runs the fused loop of a proven batch; an integer result is then compared with its type.
func (x *exact) unchecked(b *columnar.Batch, result linear, sides [2]linear, valid []uint64) (*columnar.Vector, error) {
	n, out := b.Len, room(x.worker, &x.ints[2], b.Len)
	l, r := sides[0], sides[1]
	switch {
	case result.v != nil:
		result.write(n, b.Sel, out)
	case l.v == nil && r.v == nil: // constants only
		value := result.c
		for i := range out {
			out[i] = value
		}
	case x.op == plan.Mul:
		x.product(b, l, r, out)
	default:
		kernel.Combine(l.v, l.m, r.v, r.m, result.c, n, b.Sel, out)
	}
	x.out = boundedInts(x.typ, out, valid, result.lo, result.hi)
	return x.verify(b, valid)
}

// verify compares an integer result with its type's range where the bounds do not settle it.
func (x *exact) verify(b *columnar.Batch, valid []uint64) (*columnar.Vector, error) {
	if x.within(x.out.Lo, x.out.Hi) {
		return &x.out, nil
	}
	rows := rowsIn(x.worker, b, valid, &x.rows)
	if none(b.Len, rows) {
		x.out.Lo, x.out.Hi = x.typ.Bounds()
		clear(x.out.I64)
		return &x.out, nil
	}
	lo, hi := kernel.MinMax(x.out.I64, rows)
	if !x.within(lo, hi) {
		return nil, x.outOfRange()
	}
	// what stands in a NULL's slot may lie outside: the promise is the type's range only without NULLs
	x.out.Bounded, x.out.Lo, x.out.Hi = valid == nil, lo, hi
	return &x.out, nil
}

// product is l*r with at most one factor other than 1 among the coefficients.
func (x *exact) product(b *columnar.Batch, l, r linear, out []int64) {
	if l.m != 1 {
		l, r = r, l
	}
	if l.m != 1 {
		vals := room(x.worker, &x.ints[0], b.Len)
		l.write(b.Len, b.Sel, vals)
		flat := columnar.Vector{Layout: columnar.I64, Len: b.Len, I64: vals}
		l = linear{v: &flat, m: 1}
	}
	kernel.MulAffine(l.v, l.c, r.v, r.m, r.c, b.Len, b.Sel, out)
}
