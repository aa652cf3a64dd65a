package expr

import (
	"math"
	"math/big"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// checked computes a batch that the bounds do not prove: in int64 with an overflow flag, then, for
// numerics, in 128 bits.
func (x *exact) checked(b *columnar.Batch, l, r operand, valid []uint64) (*columnar.Vector, error) {
	lv, rv := x.vector(l, b, 0), x.vector(r, b, 1)
	rows := rowsIn(x.worker, b, valid, &x.rows)
	if x.typ.IsInteger() || (x.lShift|x.rShift|x.drop == 0 && l.ok && r.ok) {
		out := room(x.worker, &x.ints[2], b.Len)
		if x.checkedInts(lv, rv, b.Len, rows, out) {
			x.out = boundedInts(x.typ, out, valid, math.MinInt64, math.MaxInt64)
			return x.verify(b, valid)
		}
		if x.typ.IsInteger() {
			return nil, x.outOfRange()
		}
	}
	return x.wideRows(lv, rv, b, rows, valid)
}

// vector materialises an operand that is a view.
func (x *exact) vector(o operand, b *columnar.Batch, side int) *columnar.Vector {
	if o.v != nil {
		return o.v
	}
	vals := room(x.worker, &x.ints[side], b.Len)
	if o.linear.v == nil {
		for i := range vals {
			vals[i] = o.c
		}
	} else {
		o.write(b.Len, b.Sel, vals)
	}
	v := boundedInts(x.typ, vals, o.valid, o.lo, o.hi)
	return &v
}

func (x *exact) checkedInts(l, r *columnar.Vector, n int, rows []uint32, out []int64) bool {
	a := kernel.Int64s(l, n, rows, room(x.worker, &x.ints[0], n))
	c := kernel.Int64s(r, n, rows, room(x.worker, &x.ints[1], n))
	switch x.op {
	case plan.Add:
		return kernel.AddChecked(a, c, rows, out)
	case plan.Sub:
		return kernel.SubChecked(a, c, rows, out)
	}
	return kernel.MulChecked(a, c, rows, out)
}

// wideRows computes in 128 bits, and rows that leave them in arbitrary precision.
func (x *exact) wideRows(l, r *columnar.Vector, b *columnar.Batch, rows []uint32, valid []uint64) (*columnar.Vector, error) {
	n := b.Len
	left := kernel.Int128s(l, n, rows, room(x.worker, &x.wide[0], n))
	right := kernel.Int128s(r, n, rows, room(x.worker, &x.wide[1], n))
	out := room(x.worker, &x.wide[2], n)
	for i := range function.Rows(n, rows) {
		v, ok := x.wideValue(left[i], right[i])
		if !ok {
			if v, ok = x.bigValue(left[i], right[i]); !ok {
				return nil, x.outOfRange()
			}
		}
		out[i] = v
	}
	x.out = columnar.Vector{Type: x.typ, Layout: columnar.I128, Len: n, I128: out, Valid: valid}
	return &x.out, nil
}

func (x *exact) wideValue(a, b types.Int128) (types.Int128, bool) {
	a, ok1 := a.Rescale(0, x.lShift)
	b, ok2 := b.Rescale(0, x.rShift)
	if !ok1 || !ok2 {
		return a, false
	}
	var v types.Int128
	var ok bool
	switch x.op {
	case plan.Add:
		v, ok = a.Add(b)
	case plan.Sub:
		v, ok = a.Add(b.Neg())
	default:
		v, ok = kernel.Mul128(a, b)
	}
	if ok && x.drop > 0 {
		v, ok = v.Rescale(x.drop, 0)
	}
	return v, ok && kernel.InPrecision(v)
}

func (x *exact) bigValue(a, b types.Int128) (types.Int128, bool) {
	p, q := kernel.Big(a, new(big.Int)), kernel.Big(b, new(big.Int))
	p.Mul(p, pow10(x.lShift))
	q.Mul(q, pow10(x.rShift))
	switch x.op {
	case plan.Add:
		p.Add(p, q)
	case plan.Sub:
		p.Sub(p, q)
	default:
		p.Mul(p, q)
	}
	if x.drop > 0 {
		roundedQuo(p, pow10(x.drop))
	}
	return kernel.FromBig(p)
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// roundedQuo sets p to p/q rounded half away from zero.
func roundedQuo(p, q *big.Int) {
	negative := p.Sign()*q.Sign() < 0
	p.Abs(p)
	q = new(big.Int).Abs(q)
	twice := new(big.Int)
	p.QuoRem(p, q, twice)
	if twice.Lsh(twice, 1).Cmp(q) >= 0 {
		p.Add(p, big.NewInt(1))
	}
	if negative {
		p.Neg(p)
	}
}
