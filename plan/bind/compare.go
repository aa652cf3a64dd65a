package bind

import (
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

var compareOps = map[string]plan.CompareOp{"=": plan.Eq, "<>": plan.Ne, "<": plan.Lt, "<=": plan.Le, ">": plan.Gt, ">=": plan.Ge}

// compare binds one comparison of two scalar operands.
func (b *Binder) compare(op plan.CompareOp, l, r plan.Expr, ln, rn, at ast.Node) (plan.Expr, error) {
	l, r, err := b.comparable(op.String(), l, r, ln, rn, at)
	if err != nil {
		return nil, err
	}
	return &plan.Compare{Op: op, L: l, R: r}, nil
}

// comparable brings two operands to one type (N3).
func (b *Binder) comparable(op string, l, r plan.Expr, ln, rn, at ast.Node) (plan.Expr, plan.Expr, error) {
	var err error
	lt, rt := l.Type(), r.Type()
	switch {
	case lt.Kind == types.Unknown && rt.Kind == types.Unknown:
		if l, err = b.coerce(l, types.TText, implicitCast, ln); err == nil {
			r, err = b.coerce(r, types.TText, implicitCast, rn)
		}
		return l, r, err
	case rt.Kind == types.Unknown:
		if r, err = b.literalFor(r, lt, rn); err != nil {
			return nil, nil, err
		}
	case lt.Kind == types.Unknown:
		if l, err = b.literalFor(l, rt, ln); err != nil {
			return nil, nil, err
		}
	}
	t, ok := comparisonType(l, r)
	if !ok {
		return nil, nil, noOperator(at, op, lt, rt)
	}
	if t.Kind == types.JSON {
		return nil, nil, noOperator(at, op, lt, rt)
	}
	if t.Kind == types.JSONB {
		return nil, nil, unsupported(at, "the comparison of jsonb values")
	}
	if t.IsText() {
		return l, r, nil
	}
	if l, err = b.convert(l, t, ln); err != nil {
		return nil, nil, err
	}
	r, err = b.convert(r, t, rn)
	return l, r, err
}

// convert coerces an operand; a constant may also become a narrower type that holds it exactly.
func (b *Binder) convert(e plan.Expr, t types.Type, at ast.Node) (plan.Expr, error) {
	if c, ok := e.(*plan.Const); ok && e.Type().Kind != types.Unknown {
		if v, ok := exactConst(c.Value, t); ok {
			return &plan.Const{Value: v}, nil
		}
	}
	return b.coerce(e, t, implicitCast, at)
}

// literalFor types a literal or parameter compared with a value of type t. Beside text it becomes
// text, without trailing blanks beside char, whose comparisons ignore them.
func (b *Binder) literalFor(e plan.Expr, t types.Type, at ast.Node) (plan.Expr, error) {
	if t.Kind == types.Numeric {
		t = anyNumeric
	}
	if !t.IsText() {
		return b.coerce(e, t, implicitCast, at)
	}
	if c, ok := e.(*plan.Const); ok && t.Kind == types.Char && !c.Value.Null {
		e = &plan.Const{Value: types.Str(types.TUnknown, trimmed(c.Value.S))}
	}
	return b.coerce(e, types.TText, implicitCast, at)
}

// comparisonType is the type in which two typed operands are compared.
func comparisonType(l, r plan.Expr) (types.Type, bool) {
	lt, rt := l.Type(), r.Type()
	if lt == rt {
		return lt, true
	}
	lc, lconst := l.(*plan.Const)
	rc, rconst := r.(*plan.Const)
	if rconst && !lconst {
		if _, ok := exactConst(rc.Value, lt); ok {
			return lt, true
		}
	}
	if lconst && !rconst {
		if _, ok := exactConst(lc.Value, rt); ok {
			return rt, true
		}
	}
	if lt.IsNumber() && rt.IsNumber() {
		t := numberPartner(lt, rt)
		if t == anyNumeric {
			return types.Common(tightType(l), tightType(r))
		}
		return t, true
	}
	return types.Common(lt, rt)
}

// compareRows compares row constructors: = and <> by columns, the order operators lexicographically.
func (b *Binder) compareRows(op plan.CompareOp, ls, rs []plan.Expr, ln, rn []ast.Node, at ast.Node) (plan.Expr, error) {
	if len(ls) != len(rs) {
		return nil, errAt(sqlerr.SyntaxError, at, "unequal number of entries in row expressions")
	}
	if len(ls) == 0 {
		return nil, errAt(sqlerr.FeatureNotSupported, at, "cannot compare rows of zero length")
	}
	switch op {
	case plan.Eq, plan.IsNotDistinct:
		terms, err := b.comparePairs(op, ls, rs, ln, rn, at)
		return plan.AndOf(terms), err
	case plan.Ne, plan.IsDistinct:
		terms, err := b.comparePairs(op, ls, rs, ln, rn, at)
		return orOf(terms), err
	}
	return b.lexicographic(op, ls, rs, ln, rn, at)
}

func (b *Binder) comparePairs(op plan.CompareOp, ls, rs []plan.Expr, ln, rn []ast.Node, at ast.Node) ([]plan.Expr, error) {
	terms := make([]plan.Expr, len(ls))
	for i := range ls {
		c, err := b.compare(op, ls[i], rs[i], ln[i], rn[i], at)
		if err != nil {
			return nil, err
		}
		terms[i] = c
	}
	return terms, nil
}

// lexicographic: (a, b) < (c, d) is a < c OR (a = c AND b < d); only the last column keeps the
// equality of <= and >=.
func (b *Binder) lexicographic(op plan.CompareOp, ls, rs []plan.Expr, ln, rn []ast.Node, at ast.Node) (plan.Expr, error) {
	last := len(ls) - 1
	result, err := b.compare(op, ls[last], rs[last], ln[last], rn[last], at)
	if err != nil {
		return nil, err
	}
	strict := op
	switch op {
	case plan.Le:
		strict = plan.Lt
	case plan.Ge:
		strict = plan.Gt
	}
	for i := last - 1; i >= 0; i-- {
		first, err := b.compare(strict, ls[i], rs[i], ln[i], rn[i], at)
		if err != nil {
			return nil, err
		}
		equal, err := b.compare(plan.Eq, ls[i], rs[i], ln[i], rn[i], at)
		if err != nil {
			return nil, err
		}
		result = orOf([]plan.Expr{first, plan.AndOf([]plan.Expr{equal, result})})
	}
	return result, nil
}

func orOf(terms []plan.Expr) plan.Expr {
	switch len(terms) {
	case 0:
		return nil
	case 1:
		return terms[0]
	}
	return &plan.Or{Terms: terms}
}
