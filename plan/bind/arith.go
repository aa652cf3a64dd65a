package bind

import (
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

var arithOps = map[string]plan.ArithOp{"+": plan.Add, "-": plan.Sub, "*": plan.Mul, "/": plan.Div, "%": plan.Mod}

// arith binds an arithmetic operator after PostgreSQL's operator table.
func (b *Binder) arith(op plan.ArithOp, l, r plan.Expr, n *ast.Binary) (plan.Expr, error) {
	l, r, err := b.arithUnknowns(op, l, r, n)
	if err != nil {
		return nil, err
	}
	lt, rt := l.Type(), r.Type()
	if lt.IsNumber() && rt.IsNumber() {
		return b.arithNumbers(op, l, r, n)
	}
	for _, rule := range datetimeRules {
		if rule.op != op || !rule.left.accepts(lt) || !rule.right.accepts(rt) {
			continue
		}
		if l, err = b.coerce(l, rule.left.operand, implicitCast, n.Left); err != nil {
			return nil, err
		}
		if r, err = b.coerce(r, rule.right.operand, implicitCast, n.Right); err != nil {
			return nil, err
		}
		return &plan.Arith{Op: op, L: l, R: r, Typ: rule.result, Span: spanOf(n)}, nil
	}
	if op == plan.Add && lt.Kind == types.Time && rt.Kind == types.Time {
		return nil, notUnique(n, n.Op.Name, lt, rt) // either may become an interval
	}
	return nil, noOperator(n, n.Op.Name, lt, rt)
}

// side is what a rule takes on one side and what it is converted to.
type side struct {
	operand types.Type
	from    func(types.Type) bool
}

func (s side) accepts(t types.Type) bool { return t == s.operand || s.from != nil && s.from(t) }

func anyNumber(t types.Type) bool   { return t.IsNumber() }
func smallNumber(t types.Type) bool { return t.Kind == types.SmallInt }
func isDate(t types.Type) bool      { return t.Kind == types.Date }
func isStamp(t types.Type) bool     { return t.Kind == types.Date || t.Kind == types.Timestamp }

var (
	date         = side{types.TDate, nil}
	integer      = side{types.TInteger, smallNumber}
	clock        = side{types.TTime, nil}
	stampOrDate  = side{types.TTimestamp, isDate}
	zoned        = side{types.TTimestampTZ, nil}
	zonedOrStamp = side{types.TTimestampTZ, isStamp}
	span         = side{types.TInterval, nil}
	number       = side{types.TDouble, anyNumber}
)

// datetimeRules are tried in order; the first that accepts both operands is taken.
var datetimeRules = []struct {
	op          plan.ArithOp
	left, right side
	result      types.Type
}{
	{plan.Add, date, integer, types.TDate},
	{plan.Add, integer, date, types.TDate},
	{plan.Sub, date, integer, types.TDate},
	{plan.Sub, date, date, types.TInteger},
	{plan.Add, date, clock, types.TTimestamp},
	{plan.Add, stampOrDate, span, types.TTimestamp},
	{plan.Sub, stampOrDate, span, types.TTimestamp},
	{plan.Add, span, stampOrDate, types.TTimestamp},
	{plan.Sub, stampOrDate, stampOrDate, types.TInterval},
	{plan.Add, zoned, span, types.TTimestampTZ},
	{plan.Sub, zoned, span, types.TTimestampTZ},
	{plan.Add, span, zoned, types.TTimestampTZ},
	{plan.Sub, zonedOrStamp, zonedOrStamp, types.TInterval},
	{plan.Add, clock, span, types.TTime},
	{plan.Sub, clock, span, types.TTime},
	{plan.Add, span, clock, types.TTime},
	{plan.Sub, clock, clock, types.TInterval},
	{plan.Add, span, span, types.TInterval},
	{plan.Sub, span, span, types.TInterval},
	{plan.Mul, span, number, types.TInterval},
	{plan.Mul, number, span, types.TInterval},
	{plan.Div, span, number, types.TInterval},
}

// arithUnknowns types string literals and parameters beside a typed operand: the other's type where
// the operator exists for it, else the one partner that the operator has.
func (b *Binder) arithUnknowns(op plan.ArithOp, l, r plan.Expr, n *ast.Binary) (plan.Expr, plan.Expr, error) {
	lt, rt := l.Type(), r.Type()
	var err error
	switch {
	case lt.Kind == types.Unknown && rt.Kind == types.Unknown:
		return nil, nil, notUnique(n, n.Op.Name, lt, rt)
	case rt.Kind == types.Unknown:
		t, ok := arithPartner(op, lt)
		if !ok {
			return nil, nil, partnerError(n, op, lt, lt, rt)
		}
		r, err = b.coerce(r, t, implicitCast, n.Right)
	case lt.Kind == types.Unknown:
		t, ok := arithPartner(op, rt)
		if !ok {
			return nil, nil, partnerError(n, op, rt, lt, rt)
		}
		l, err = b.coerce(l, t, implicitCast, n.Left)
	}
	return l, r, err
}

func partnerError(n *ast.Binary, op plan.ArithOp, known, lt, rt types.Type) error {
	if known.Kind == types.Date && op == plan.Add {
		return notUnique(n, n.Op.Name, lt, rt)
	}
	return noOperator(n, n.Op.Name, lt, rt)
}

func arithPartner(op plan.ArithOp, t types.Type) (types.Type, bool) {
	switch {
	case t.Kind == types.Numeric:
		return anyNumeric, true
	case t.IsNumber():
		return t, true
	case t.Kind == types.Interval && (op == plan.Mul || op == plan.Div):
		return types.TDouble, true
	case op == plan.Sub && (t.IsDatetime() || t.Kind == types.Interval), op == plan.Add && t.Kind == types.Interval:
		return t, true
	case op == plan.Add && t.IsDatetime() && t.Kind != types.Date:
		return types.TInterval, true
	}
	return types.Type{}, false
}

func (b *Binder) arithNumbers(op plan.ArithOp, l, r plan.Expr, n *ast.Binary) (plan.Expr, error) {
	lt, rt := l.Type(), r.Type()
	operand := numberPartner(lt, rt)
	if op == plan.Mod && operand.IsFloat() {
		return nil, noOperator(n, n.Op.Name, lt, rt)
	}
	var err error
	if l, err = b.coerce(l, operand, implicitCast, n.Left); err != nil {
		return nil, err
	}
	if r, err = b.coerce(r, operand, implicitCast, n.Right); err != nil {
		return nil, err
	}
	result := operand
	if operand == anyNumeric {
		result = numericResult(op, l.Type(), r.Type())
	}
	return &plan.Arith{Op: op, L: l, R: r, Typ: result, Span: spanOf(n)}, nil
}

// numberPartner is the type in which two numbers are computed; anyNumeric keeps precisions and scales.
// Real stays real only with real: PostgreSQL prefers double precision otherwise.
func numberPartner(a, b types.Type) types.Type {
	switch {
	case a.IsInteger() && b.IsInteger():
		return types.Type{Kind: max(a.Kind, b.Kind)}
	case a.Kind == types.Real && b.Kind == types.Real:
		return types.TReal
	case a.IsFloat() || b.IsFloat():
		return types.TDouble
	}
	return anyNumeric
}

// numericResult is the result type of numeric arithmetic. Where 38 digits do not hold every possible
// result, the scale stays and execution reports an overflow.
func numericResult(op plan.ArithOp, l, r types.Type) types.Type {
	whole := max(int(l.Precision)-int(l.Scale), int(r.Precision)-int(r.Scale))
	scale := max(int(l.Scale), int(r.Scale))
	switch op {
	case plan.Add, plan.Sub:
		return types.TNumeric(whole+scale+1, scale)
	case plan.Mul:
		return types.TNumeric(int(l.Precision)+int(r.Precision), int(l.Scale)+int(r.Scale))
	case plan.Div:
		return types.TNumeric(types.MaxPrecision, max(types.DefaultScale, scale))
	}
	return types.TNumeric(whole+scale, scale)
}

func noOperator(at ast.Node, op string, l, r types.Type) error {
	return errAt(sqlerr.UndefinedFunction, at, "operator does not exist: %s %s %s", l.Kind, op, r.Kind).
		WithHint("No operator matches the given name and argument types. You might need to add explicit type casts.")
}

func notUnique(at ast.Node, op string, l, r types.Type) error {
	return errAt(sqlerr.AmbiguousFunction, at, "operator is not unique: %s %s %s", l.Kind, op, r.Kind).
		WithHint("Could not choose a best candidate operator. You might need to add explicit type casts.")
}
