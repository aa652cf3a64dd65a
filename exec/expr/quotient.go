package expr

import (
	"math/big"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// quotient is / and % on integers, truncated towards zero.
type quotient struct {
	operation
	ints [3][]int64
}

func (q *quotient) Eval(b *columnar.Batch) (*columnar.Vector, error) {
	l, r, done, err := q.operands(b)
	if err != nil || done {
		return &q.out, err
	}
	n := b.Len
	rows := q.begin(b, l, r, columnar.I64)
	x := kernel.Int64s(l, n, rows, room(q.worker, &q.ints[0], n))
	y := kernel.Int64s(r, n, rows, room(q.worker, &q.ints[1], n))
	q.out.I64 = room(q.worker, &q.ints[2], n)
	var fault kernel.Fault
	if q.op == plan.Div {
		fault = kernel.DivInt64(x, y, rows, q.out.I64)
	} else {
		fault = kernel.ModInt64(x, y, rows, q.out.I64)
	}
	switch {
	case fault == kernel.ByZero:
		return nil, q.divisionByZero()
	case fault == kernel.Overflow:
		return nil, q.outOfRange()
	case q.op == plan.Div && !none(n, rows) && q.typ.Kind != types.BigInt: // -32768 / -1
		lo, hi := kernel.MinMax(q.out.I64, rows)
		if least, most := q.typ.Bounds(); lo < least || hi > most {
			return nil, q.outOfRange()
		}
	}
	return &q.out, nil
}

// ratio is /, % and ^ on numerics.
type ratio struct {
	operation
	lScale, rScale, scale int
	wide                  [3][]types.Int128
	ints                  [3][]int64
}

func newRatio(b operation, l, r types.Type) *ratio {
	return &ratio{operation: b, lScale: scaleOf(l), rScale: scaleOf(r), scale: scaleOf(b.typ)}
}

func (q *ratio) Eval(b *columnar.Batch) (*columnar.Vector, error) {
	l, r, done, err := q.operands(b)
	if err != nil || done {
		return &q.out, err
	}
	n := b.Len
	rows := q.begin(b, l, r, columnar.I64)
	if q.op == plan.Div && q.narrowDivision(l, r, n, rows) {
		return &q.out, nil
	}
	x := kernel.Int128s(l, n, rows, room(q.worker, &q.wide[0], n))
	y := kernel.Int128s(r, n, rows, room(q.worker, &q.wide[1], n))
	out := room(q.worker, &q.wide[2], n)
	for i := range function.Rows(n, rows) {
		if out[i], err = q.value(x[i], y[i]); err != nil {
			return nil, err
		}
	}
	q.settle(out, rows)
	return &q.out, nil
}

// settle keeps the result in 64 bits where every row fits: most quotients do.
func (q *ratio) settle(wide []types.Int128, rows []uint32) {
	narrow := room(q.worker, &q.ints[2], len(wide))
	if kernel.Narrow(wide, rows, narrow) {
		q.out.Layout, q.out.I64 = columnar.I64, narrow
		return
	}
	q.out.Layout, q.out.I128 = columnar.I128, wide
}

// narrowDivision divides int64 operands: by plain division when the bounds prove that the scaled
// numerator and half the denominator fit, else with a numerator of 128 bits. It leaves division by zero
// and quotients beyond int64 to the general loop.
func (q *ratio) narrowDivision(l, r *columnar.Vector, n int, rows []uint32) bool {
	up := q.scale - q.lScale + q.rScale
	a, ok1 := linearOf(l)
	d, ok2 := linearOf(r)
	if !ok1 || !ok2 || up < 0 || up > 18 {
		return false
	}
	x := kernel.Int64s(l, n, rows, room(q.worker, &q.ints[0], n))
	y := kernel.Int64s(r, n, rows, room(q.worker, &q.ints[1], n))
	q.out.I64 = room(q.worker, &q.ints[2], n)
	const half = 1 << 61 // |a| + |d|/2 stays in int64
	a, proven := a.scaled(types.PowersOfTen[up])
	if !proven || a.lo < -half || a.hi > half || d.lo < -half || d.hi > half {
		return kernel.DivRoundedWide(x, types.PowersOfTen[up], y, rows, q.out.I64)
	}
	return kernel.DivRounded(x, types.PowersOfTen[up], y, rows, q.out.I64)
}

func (q *ratio) value(x, y types.Int128) (types.Int128, error) {
	if q.op == plan.Pow {
		return q.power(x, y)
	}
	if y.Sign() == 0 {
		return x, q.divisionByZero()
	}
	if q.op == plan.Div {
		if v, ok := kernel.DivScaled(x, q.scale-q.lScale+q.rScale, y); ok {
			return v, nil
		}
	}
	v, ok := q.bigValue(x, y)
	if !ok {
		return v, q.outOfRange()
	}
	return v, nil
}

func (q *ratio) bigValue(x, y types.Int128) (types.Int128, bool) {
	a, d := kernel.Big(x, new(big.Int)), kernel.Big(y, new(big.Int))
	if q.op == plan.Div {
		if up := q.scale - q.lScale + q.rScale; up >= 0 {
			a.Mul(a, pow10(up))
		} else {
			d.Mul(d, pow10(-up))
		}
		roundedQuo(a, d)
		return kernel.FromBig(a)
	}
	common := max(q.lScale, q.rScale)
	a.Mul(a, pow10(common-q.lScale))
	d.Mul(d, pow10(common-q.rScale))
	a.Rem(a, d)
	if q.scale >= common {
		a.Mul(a, pow10(q.scale-common))
	} else {
		roundedQuo(a, pow10(common-q.scale))
	}
	return kernel.FromBig(a)
}

// power raises to a whole exponent exactly, rounded once at the end; other exponents go through
// logarithms with guard digits.
func (q *ratio) power(x, y types.Int128) (types.Int128, error) {
	one := kernel.Pow10(q.rScale)
	base := new(big.Rat).SetFrac(kernel.Big(x, new(big.Int)), pow10(q.lScale))
	whole, rest := new(big.Int).QuoRem(kernel.Big(y, new(big.Int)), kernel.Big(one, new(big.Int)), new(big.Int))
	if x.Sign() == 0 && y.Sign() < 0 {
		return x, q.fail(sqlerr.InvalidArgumentForPower, "zero raised to a negative power is undefined")
	}
	if rest.Sign() != 0 {
		if x.Sign() < 0 {
			return x, q.fail(sqlerr.InvalidArgumentForPower, "a negative number raised to a non-integer power yields a complex result")
		}
		return x, sqlerr.Unsupported(int(q.span.Pos), int(q.span.End), "a numeric raised to a power that is no integer (cast to double precision)")
	}
	if !whole.IsInt64() || whole.BitLen() > 14 {
		return q.hugePower(base, whole, x)
	}
	e := whole.Int64()
	abs := big.NewInt(max(e, -e))
	num := new(big.Int).Exp(base.Num(), abs, nil)
	den := new(big.Int).Exp(base.Denom(), abs, nil)
	if e < 0 {
		num, den = den, num
	}
	num.Mul(num, pow10(q.scale))
	roundedQuo(num, den)
	v, ok := kernel.FromBig(num)
	if !ok {
		return v, q.outOfRange()
	}
	return v, nil
}

// hugePower settles exponents beyond thousands: the result is 0, 1, -1 or out of range.
func (q *ratio) hugePower(base *big.Rat, whole *big.Int, x types.Int128) (types.Int128, error) {
	one := big.NewRat(1, 1)
	abs := new(big.Rat).Abs(base)
	unit := kernel.Pow10(q.scale)
	switch size := abs.Cmp(one); {
	case x.Sign() == 0:
		return types.Int128{}, nil
	case size == 0 && x.Sign() < 0 && whole.Bit(0) == 1:
		return unit.Neg(), nil
	case size == 0:
		return unit, nil
	case (size > 0) == (whole.Sign() > 0):
		return x, q.outOfRange()
	}
	return types.Int128{}, nil
}
