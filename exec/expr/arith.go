package expr

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// arith chooses the evaluator of an operator by the classes of its operands.
func (c *compiler) arith(e *plan.Arith) (Evaluator, error) {
	l, err := c.value(e.L)
	if err != nil {
		return nil, err
	}
	r, err := c.value(e.R)
	if err != nil {
		return nil, err
	}
	base := operation{worker: c.worker, op: e.Op, l: l, r: r, typ: e.Typ, span: e.Span}
	lt, rt := e.L.Type(), e.R.Type()
	if lt.Kind == types.Unknown || rt.Kind == types.Unknown { // a bare NULL
		return newConstant(types.Null(e.Typ)), nil
	}
	exact := isExact(lt) && isExact(rt) && isExact(e.Typ)
	switch {
	case exact && e.Op <= plan.Mul:
		return newExact(base, lt, rt), nil
	case exact && e.Typ.IsInteger() && e.Op <= plan.Mod:
		return &quotient{operation: base}, nil
	case exact:
		return newRatio(base, lt, rt), nil
	case lt.IsFloat() && rt.IsFloat():
		return &floatArith{operation: base}, nil
	}
	if t := newTemporal(base, lt, rt); t != nil {
		return t, nil
	}
	return nil, sqlerr.Unsupported(int(e.Span.Pos), int(e.Span.End), lt.String()+" "+e.Op.String()+" "+rt.String())
}

// isExact reports the number types whose carrier is a scaled integer.
func isExact(t types.Type) bool { return t.IsInteger() || t.Kind == types.Numeric }

// neg is 0 - X for exact numbers and intervals, and the sign flip of floats.
func (c *compiler) neg(e *plan.Neg) (Evaluator, error) {
	t := e.X.Type()
	if t.IsFloat() { // -1 * x keeps the sign of zero, which 0 - x loses
		return c.arith(&plan.Arith{Op: plan.Mul, L: &plan.Const{Value: types.Float(t, -1)}, R: e.X, Typ: t, Span: e.Span})
	}
	zero := types.Int(t, 0)
	if t.Kind == types.Interval {
		zero = types.Value{Type: t}
	}
	return c.arith(&plan.Arith{Op: plan.Sub, L: &plan.Const{Value: zero}, R: e.X, Typ: t, Span: e.Span})
}

// operation is what all two-operand evaluators share.
type operation struct {
	worker *exec.Worker
	op     plan.ArithOp
	l, r   Evaluator
	typ    types.Type
	span   plan.Span
	nulls  nullBits
	rows   []uint32
	out    columnar.Vector
}

// operands evaluates both sides. done says that the result is NULL throughout and stands in out.
func (a *operation) operands(b *columnar.Batch) (l, r *columnar.Vector, done bool, err error) {
	if l, err = a.l.Eval(b); err != nil {
		return nil, nil, false, err
	}
	if r, err = a.r.Eval(b); err != nil {
		return nil, nil, false, err
	}
	if isNullConst(l) || isNullConst(r) {
		a.setNull(b.Len)
		return l, r, true, nil
	}
	return l, r, false, nil
}

func (a *operation) setNull(n int) {
	setConst(&a.out, types.Null(a.typ))
	a.out.Len = n
}

// begin starts a Flat result with the NULLs of l and r and gives the rows to compute.
func (a *operation) begin(b *columnar.Batch, l, r *columnar.Vector, layout columnar.Layout) []uint32 {
	valid := a.nulls.merge(a.worker, b.Len, l, r)
	a.out = columnar.Vector{Type: a.typ, Layout: layout, Len: b.Len, Valid: valid}
	return rowsIn(a.worker, b, valid, &a.rows)
}

func (a *operation) fail(state sqlerr.State, message string) error {
	return sqlerr.At(state, int(a.span.Pos), int(a.span.End), "%s", message)
}

func (a *operation) divisionByZero() error { return a.fail(sqlerr.DivisionByZero, "division by zero") }

// outOfRange is the overflow error of the result's type.
func (a *operation) outOfRange() error {
	switch a.typ.Kind {
	case types.Numeric:
		return a.fail(sqlerr.NumericValueOutOfRange, "value overflows numeric format")
	case types.Real, types.Double:
		return a.fail(sqlerr.NumericValueOutOfRange, "value out of range: overflow")
	case types.Date:
		return a.fail(sqlerr.DatetimeFieldOverflow, "date out of range")
	case types.Timestamp, types.TimestampTZ:
		return a.fail(sqlerr.DatetimeFieldOverflow, "timestamp out of range")
	case types.Interval:
		return a.fail(sqlerr.DatetimeFieldOverflow, "interval out of range")
	}
	return a.fail(sqlerr.NumericValueOutOfRange, a.typ.Kind.String()+" out of range")
}

// none reports a batch without a row to compute.
func none(n int, rows []uint32) bool { return n == 0 || (rows != nil && len(rows) == 0) }
