package expr

import (
	"errors"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/function/cast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// cast compiles a conversion: nothing to do when the carrier stays, one multiplication when a number
// gains scale, else function/cast's loop.
func (c *compiler) cast(e *plan.Cast) (Evaluator, error) {
	from := e.X.Type()
	if v, ok := constOf(e.X); ok && v.Null {
		return newConstant(types.Null(e.Typ)), nil
	}
	x, err := c.value(e.X)
	if err != nil {
		return nil, err
	}
	if sameCarrier(from, e.Typ) {
		return &retype{x: x, typ: e.Typ}, nil
	}
	if shift, ok := gainsScale(from, e.Typ); ok {
		one := types.Int(types.TNumeric(shift+1, shift), types.PowersOfTen[shift])
		b := operation{worker: c.worker, op: plan.Mul, l: x, r: newConstant(one), typ: e.Typ, span: e.Span}
		return newExact(b, from, one.Type), nil
	}
	f, err := cast.Lookup(from, e.Typ, e.Explicit)
	if err != nil {
		var user *sqlerr.Error
		if errors.As(err, &user) {
			return nil, user.WithPos(int(e.Span.Pos), int(e.Span.End))
		}
		return nil, err
	}
	eval := func(ctx *function.Context, args []*columnar.Vector, n int, sel []uint32, out *columnar.Vector) error {
		return f(ctx, args[0], n, sel, out)
	}
	return newCall(c.worker, eval, []Evaluator{x}, e.Typ, e.Span, false, false), nil
}

// sameCarrier reports casts that leave every value as it is.
func sameCarrier(from, to types.Type) bool {
	switch {
	case from == to:
		return true
	case from.IsInteger() && to.IsInteger():
		return from.Kind <= to.Kind
	case from.IsFloat() && to.Kind == types.Double:
		return true
	case (from.IsText() || from.Kind == types.Unknown) && (to.Kind == types.Text || to.Kind == types.Varchar):
		return to.Length == 0 || (from.IsText() && from.Length > 0 && from.Length <= to.Length)
	}
	shift, ok := gainsScale(from, to)
	return ok && shift == 0
}

// gainsScale reports conversions to a numeric that has room for every value of from, and by how many
// digits the scale grows.
func gainsScale(from, to types.Type) (shift int, ok bool) {
	whole := int(from.Precision) - int(from.Scale)
	switch from.Kind {
	case types.SmallInt:
		whole = 5
	case types.Integer:
		whole = 10
	case types.BigInt:
		whole = 19
	case types.Numeric:
	default:
		return 0, false
	}
	shift = scaleOf(to) - scaleOf(from)
	fits := to.Kind == types.Numeric && int(to.Precision)-int(to.Scale) >= whole
	return shift, fits && shift >= 0 && shift <= types.MaxInt64Precision
}

// retype is a cast that only renames the type.
type retype struct {
	x   Evaluator
	typ types.Type
	out columnar.Vector
}

func (r *retype) Eval(b *columnar.Batch) (*columnar.Vector, error) {
	v, err := r.x.Eval(b)
	if err != nil {
		return nil, err
	}
	r.out = *v
	r.out.Type = r.typ
	return &r.out, nil
}
