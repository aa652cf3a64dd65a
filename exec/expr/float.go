package expr

import (
	"math"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// floatArith is arithmetic on real and double precision.
type floatArith struct {
	operation
	floats [3][]float64
}

func (f *floatArith) Eval(b *columnar.Batch) (*columnar.Vector, error) {
	l, r, done, err := f.operands(b)
	if err != nil || done {
		return &f.out, err
	}
	n := b.Len
	rows := f.begin(b, l, r, columnar.F64)
	x := kernel.Float64s(l, n, room(f.worker, &f.floats[0], n))
	y := kernel.Float64s(r, n, room(f.worker, &f.floats[1], n))
	out := room(f.worker, &f.floats[2], n)
	f.out.F64 = out
	if err := f.compute(x, y, n, b.Sel, rows, out); err != nil {
		return nil, err
	}
	if f.typ.Kind == types.Real {
		kernel.RoundToFloat32(out, rows)
	}
	if kernel.AnySuspicious(out, rows) {
		return &f.out, f.examine(x, y, out, n, rows)
	}
	return &f.out, nil
}

func (f *floatArith) compute(x, y []float64, n int, sel, rows []uint32, out []float64) error {
	switch f.op {
	case plan.Add:
		kernel.AddFloat(x, y, sel, out)
	case plan.Sub:
		kernel.SubFloat(x, y, sel, out)
	case plan.Mul:
		kernel.MulFloat(x, y, sel, out)
	case plan.Div:
		if kernel.AnyZero(y, rows) {
			return f.zeroDivisor(x, y, n, rows, out)
		}
		kernel.DivFloat(x, y, sel, out)
	case plan.Mod:
		if kernel.AnyZero(y, rows) {
			return f.divisionByZero()
		}
		for i := range function.Rows(n, rows) {
			out[i] = math.Mod(x[i], y[i])
		}
	default:
		for i := range function.Rows(n, rows) {
			if x[i] == 0 && y[i] < 0 {
				return f.fail(sqlerr.InvalidArgumentForPower, "zero raised to a negative power is undefined")
			}
			if x[i] < 0 && y[i] != math.Floor(y[i]) && !math.IsInf(x[i], 0) {
				return f.fail(sqlerr.InvalidArgumentForPower, "a negative number raised to a non-integer power yields a complex result")
			}
			out[i] = math.Pow(x[i], y[i])
		}
	}
	return nil
}

// zeroDivisor divides where some divisor is 0: an error unless every such row has NaN / 0, which is NaN.
func (f *floatArith) zeroDivisor(x, y []float64, n int, rows []uint32, out []float64) error {
	for i := range function.Rows(n, rows) {
		if y[i] == 0 && x[i] == x[i] {
			return f.divisionByZero()
		}
		out[i] = x[i] / y[i]
	}
	return nil
}

// examine looks for overflow and underflow in a batch that has an infinity or a zero: an infinite
// result of finite operands, a zero product or quotient of operands that are not.
func (f *floatArith) examine(x, y, out []float64, n int, rows []uint32) error {
	for i := range function.Rows(n, rows) {
		switch {
		case math.IsInf(out[i], 0) && !math.IsInf(x[i], 0) && !math.IsInf(y[i], 0):
			return f.outOfRange()
		case out[i] != 0 || x[i] == 0:
		case f.op == plan.Mul && y[i] != 0, f.op == plan.Div && !math.IsInf(y[i], 0),
			f.op == plan.Pow && !math.IsInf(x[i], 0) && !math.IsInf(y[i], 0):
			return f.fail(sqlerr.NumericValueOutOfRange, "value out of range: underflow")
		}
	}
	return nil
}
