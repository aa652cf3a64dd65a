package bind

import (
	"strings"

	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// castMode says who asked for a conversion: nobody, the store into a column, or CAST.
type castMode uint8

const (
	implicitCast castMode = iota
	assignmentCast
	explicitCast
)

func (m castMode) allows(from, to types.Type) bool {
	switch m {
	case implicitCast:
		return types.Implicit(from, to)
	case assignmentCast:
		return types.Assignable(from, to)
	}
	return types.Castable(from, to)
}

// anyNumeric asks coerce for numeric with the precision and scale that the operand suggests.
var anyNumeric = types.Type{Kind: types.Numeric}

// wideNumeric is numeric without a declared precision: columns, parameters and text cast to it.
var wideNumeric = types.TNumeric(types.MaxPrecision, types.DefaultScale)

// coerce converts e to type to. Literals and NULLs are converted here and now; everything else gets
// a Cast. A conversion that mode does not allow is error 42846 (CAST) or 42804.
func (b *Binder) coerce(e plan.Expr, to types.Type, mode castMode, at ast.Node) (plan.Expr, error) {
	to = numericTarget(e, to)
	from := e.Type()
	if from == to {
		return e, nil
	}
	if from.Kind == types.Unknown {
		return b.coerceUnknown(e, to, mode, at)
	}
	if !mode.allows(from, to) {
		if mode == explicitCast {
			return nil, errAt(sqlerr.CannotCoerce, at, "cannot cast type %s to %s", from.Kind, to.Kind)
		}
		return nil, errAt(sqlerr.DatatypeMismatch, at, "expected type %s, not %s", to.Kind, from.Kind)
	}
	if c, ok := e.(*plan.Const); ok {
		if v, ok := foldCast(c.Value, to); ok {
			return &plan.Const{Value: v}, nil
		}
	}
	return &plan.Cast{X: e, Typ: to, Explicit: mode == explicitCast, Span: spanOf(at)}, nil
}

// numericTarget replaces anyNumeric by the narrowest numeric type that holds every value of e.
func numericTarget(e plan.Expr, to types.Type) types.Type {
	if to != anyNumeric {
		return to
	}
	from := e.Type()
	switch {
	case from.Kind == types.Numeric:
		return from
	case from.IsInteger():
		return tightType(e)
	case from.Kind == types.Unknown:
		if c, ok := e.(*plan.Const); ok && !c.Value.Null {
			if d, scale, err := types.ParseDecimal(c.Value.S); err == nil {
				return types.TNumeric(max(d.Digits(), scale, 1), scale)
			}
		}
	}
	return wideNumeric
}

// tightType is the numeric type of an integer operand: as many digits as a constant has, or as its
// type can have.
func tightType(e plan.Expr) types.Type {
	if c, ok := e.(*plan.Const); ok && !c.Value.Null && e.Type().IsInteger() {
		return types.TNumeric(max(types.FromInt64(c.Value.I).Digits(), 1), 0)
	}
	return e.Type().AsNumeric()
}

// coerceUnknown gives a string literal, a NULL or an untyped parameter its type.
func (b *Binder) coerceUnknown(e plan.Expr, to types.Type, mode castMode, at ast.Node) (plan.Expr, error) {
	switch e := e.(type) {
	case *plan.Param:
		p := b.typeParam(e, to)
		if p.Typ == to {
			return p, nil
		}
		return b.coerce(p, to, max(mode, assignmentCast), at)
	case *plan.Const:
		v, err := b.parseLiteral(e.Value, to, mode)
		if err != nil {
			return nil, withPosition(err, at)
		}
		return &plan.Const{Value: v}, nil
	}
	return &plan.Cast{X: e, Typ: to, Explicit: mode == explicitCast, Span: spanOf(at)}, nil
}

func (b *Binder) parseLiteral(v types.Value, to types.Type, mode castMode) (types.Value, error) {
	switch {
	case v.Null:
		return types.Null(to), nil
	case mode == explicitCast && (to.Kind == types.Varchar || to.Kind == types.Char):
		return types.FitText(to, v.S, true)
	case to.Kind == types.TimestampTZ && b.opts.Location != nil:
		return b.zonedLiteral(v.S)
	}
	return types.Parse(to, v.S)
}

// zonedLiteral reads a timestamptz whose text may lack a zone: it is then the session's.
func (b *Binder) zonedLiteral(s string) (types.Value, error) {
	v, err := types.Parse(types.TTimestampTZ, s)
	if err != nil {
		return v, err
	}
	if _, _, zoned, err := types.ParseTimestamp(s); err != nil || zoned {
		return v, err
	}
	if v.I == types.TimestampInfinity || v.I == types.TimestampMinusInfity {
		return v, nil
	}
	return types.Int(types.TTimestampTZ, localToUTC(v.I, b.opts.Location)), nil
}

// foldCast converts a constant where text in between loses nothing and no session setting matters;
// other constants are left to the optimizer.
func foldCast(v types.Value, to types.Type) (types.Value, bool) {
	from := v.Type
	switch {
	case v.Null:
		return types.Null(to), true
	case from.IsInteger() && to.IsNumber(),
		from.Kind == types.Numeric && (to.Kind == types.Numeric || to.IsFloat()),
		from.Kind == types.Real && to.Kind == types.Double,
		from.Kind == types.Date && to.Kind == types.Timestamp,
		from.IsText() && (to.Kind == types.Text || to.IsText() && to.Length == 0):
		if from.Kind == types.Real {
			return types.Float(to, v.F), true
		}
		out, err := types.Parse(to, types.Format(v))
		return out, err == nil
	}
	return types.Value{}, false
}

// exactConst brings a constant to type to when the value stays the same.
func exactConst(v types.Value, to types.Type) (types.Value, bool) {
	if v.Null {
		return types.Null(to), true
	}
	switch {
	case v.Type.IsInteger() && (to.IsInteger() || to.Kind == types.Numeric || to.Kind == types.Double):
		out, err := types.Parse(to, types.Format(v))
		return out, err == nil
	case v.Type.Kind == types.Numeric && to.Kind == types.Double:
		out, err := types.Parse(to, types.Format(v))
		return out, err == nil
	case v.Type.Kind == types.Numeric && (to.Kind == types.Numeric || to.IsInteger()):
		return exactDecimal(v, to)
	case v.Type.Kind == types.Date && to.Kind == types.Timestamp:
		return foldCast(v, to)
	}
	return types.Value{}, false
}

func exactDecimal(v types.Value, to types.Type) (types.Value, bool) {
	d, ok := v.Unscaled().Rescale(int(v.Type.Scale), int(to.Scale))
	if !ok {
		return types.Value{}, false
	}
	if back, ok := d.Rescale(int(to.Scale), int(v.Type.Scale)); !ok || back != v.Unscaled() {
		return types.Value{}, false
	}
	if to.Kind == types.Numeric {
		return types.Decimal(to, d), d.FitsPrecision(int(to.Precision))
	}
	n, ok := d.Int64()
	lo, hi := to.Bounds()
	return types.Int(to, n), ok && lo <= n && n <= hi
}

// unify finds the one type of several expressions (CASE, COALESCE, UNION, VALUES) and converts them.
// what names the construct for error 42804.
func (b *Binder) unify(exprs []plan.Expr, nodes []ast.Node, what string) ([]plan.Expr, types.Type, error) {
	t, err := unifiedType(exprs, nodes, what)
	if err != nil {
		return nil, t, err
	}
	out := make([]plan.Expr, len(exprs))
	for i, e := range exprs {
		if out[i], err = b.coerce(e, t, implicitCast, nodes[i]); err != nil {
			return nil, t, err
		}
	}
	return out, t, nil
}

func unifiedType(exprs []plan.Expr, nodes []ast.Node, what string) (types.Type, error) {
	exact := false
	for _, e := range exprs {
		exact = exact || e.Type().Kind == types.Numeric
	}
	t := types.TUnknown
	for i, e := range exprs {
		et := e.Type()
		if exact && et.IsInteger() {
			et = tightType(e)
		}
		common, ok := types.Common(t, et)
		if !ok {
			return t, errAt(sqlerr.DatatypeMismatch, nodes[i], "%s types %s and %s cannot be matched", what, t.Kind, et.Kind)
		}
		t = common
	}
	if t.Kind == types.Unknown {
		t = types.TText
	}
	return t, nil
}

// resolveUnknown makes what is still untyped text.
func (b *Binder) resolveUnknown(e plan.Expr, at ast.Node) (plan.Expr, error) {
	if e.Type().Kind != types.Unknown {
		return e, nil
	}
	return b.coerce(e, types.TText, implicitCast, at)
}

// boolean requires a condition; clause names the place for error 42804.
func (b *Binder) boolean(e plan.Expr, at ast.Node, clause string) (plan.Expr, error) {
	switch e.Type().Kind {
	case types.Boolean:
		return e, nil
	case types.Unknown:
		return b.coerce(e, types.TBoolean, implicitCast, at)
	}
	return nil, errAt(sqlerr.DatatypeMismatch, at, "argument of %s must be type boolean, not type %s", clause, e.Type().Kind)
}

// assign converts e for storing into a column.
func (b *Binder) assign(e plan.Expr, column string, to types.Type, at ast.Node) (plan.Expr, error) {
	if from := e.Type(); from != to && !types.Assignable(from, to) {
		return nil, errAt(sqlerr.DatatypeMismatch, at, "column %q is of type %s but expression is of type %s", column, to.Kind, from.Kind).
			WithHint("You will need to rewrite or cast the expression.")
	}
	return b.coerce(e, to, assignmentCast, at)
}

// trimmed is a literal's text as char(n) keeps it.
func trimmed(s string) string { return strings.TrimRight(s, " ") }
