package bind

import (
	"unicode/utf8"

	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// operand is a bound side of a comparison: one expression, or those of a row constructor.
type operand struct {
	x     ast.Expr
	exprs []plan.Expr
	nodes []ast.Node
	row   bool
}

func (b *Binder) operand(sc *scope, x ast.Expr) (operand, error) {
	exprs, nodes, row, err := b.operands(sc, x)
	return operand{x, exprs, nodes, row}, err
}

// bindCompare binds a comparison of scalars or of row constructors.
func (b *Binder) bindCompare(sc *scope, op plan.CompareOp, x *ast.Binary) (plan.Expr, error) {
	l, err := b.operand(sc, x.Left)
	if err != nil {
		return nil, err
	}
	if _, ok := x.Right.(*ast.Subquery); ok && l.row {
		return nil, unsupported(x, "the comparison of a row with a subquery")
	}
	r, err := b.operand(sc, x.Right)
	if err != nil {
		return nil, err
	}
	return b.compareOperands(op, l, r, x)
}

func (b *Binder) compareOperands(op plan.CompareOp, l, r operand, at ast.Node) (plan.Expr, error) {
	switch {
	case l.row && r.row:
		return b.compareRows(op, l.exprs, r.exprs, l.nodes, r.nodes, at)
	case l.row:
		return nil, errAt(sqlerr.UndefinedFunction, at, "operator does not exist: record %s %s", op, r.exprs[0].Type().Kind).
			WithHint("No operator matches the given name and argument types. You might need to add explicit type casts.")
	case r.row:
		return nil, errAt(sqlerr.UndefinedFunction, at, "operator does not exist: %s %s record", l.exprs[0].Type().Kind, op).
			WithHint("No operator matches the given name and argument types. You might need to add explicit type casts.")
	}
	return b.compare(op, l.exprs[0], r.exprs[0], l.x, r.x, at)
}

// operands binds a scalar as one operand and a row constructor as several.
func (b *Binder) operands(sc *scope, x ast.Expr) ([]plan.Expr, []ast.Node, bool, error) {
	row, ok := x.(*ast.Row)
	if !ok {
		e, err := b.expr(sc, x)
		return []plan.Expr{e}, []ast.Node{x}, false, err
	}
	list, err := b.exprs(sc, row.Items)
	return list, nodesOf(row.Items), true, err
}

// bindIs binds IS [NOT] NULL, TRUE, FALSE and UNKNOWN.
func (b *Binder) bindIs(sc *scope, x *ast.Is) (plan.Expr, error) {
	if row, ok := x.X.(*ast.Row); ok && x.Kind == ast.IsNull {
		return b.rowIsNull(sc, row, x.Not)
	}
	e, err := b.expr(sc, x.X)
	if err != nil {
		return nil, err
	}
	if x.Kind == ast.IsNull {
		if _, param := e.(*plan.Param); !param {
			e, err = b.resolveUnknown(e, x.X)
		}
		return &plan.IsNull{X: e, Negate: x.Not}, err
	}
	name := map[ast.IsKind]string{ast.IsTrue: "IS TRUE", ast.IsFalse: "IS FALSE", ast.IsUnknown: "IS UNKNOWN"}[x.Kind]
	if e, err = b.boolean(e, x.X, name); err != nil {
		return nil, err
	}
	if x.Kind == ast.IsUnknown {
		return &plan.IsNull{X: e, Negate: x.Not}, nil
	}
	op := plan.IsNotDistinct
	if x.Not {
		op = plan.IsDistinct
	}
	return &plan.Compare{Op: op, L: e, R: &plan.Const{Value: types.Bool(x.Kind == ast.IsTrue)}}, nil
}

// rowIsNull: a row IS NULL when all its fields are, and IS NOT NULL when none is.
func (b *Binder) rowIsNull(sc *scope, row *ast.Row, not bool) (plan.Expr, error) {
	list, err := b.exprs(sc, row.Items)
	if err != nil {
		return nil, err
	}
	terms := make([]plan.Expr, len(list))
	for i, e := range list {
		if e, err = b.resolveUnknown(e, row.Items[i]); err != nil {
			return nil, err
		}
		terms[i] = &plan.IsNull{X: e, Negate: not}
	}
	if len(terms) == 0 {
		return &plan.Const{Value: types.Bool(true)}, nil
	}
	return plan.AndOf(terms), nil
}

func (b *Binder) bindIsDistinct(sc *scope, x *ast.IsDistinct) (plan.Expr, error) {
	op := plan.IsDistinct
	if x.Not {
		op = plan.IsNotDistinct
	}
	l, err := b.operand(sc, x.Left)
	if err != nil {
		return nil, err
	}
	r, err := b.operand(sc, x.Right)
	if err != nil {
		return nil, err
	}
	if !l.row && !r.row && isNullLiteral(r.exprs[0]) {
		e, err := b.resolveUnknown(l.exprs[0], x.Left)
		return &plan.IsNull{X: e, Negate: !x.Not}, err
	}
	return b.compareOperands(op, l, r, x)
}

func isNullLiteral(e plan.Expr) bool {
	c, ok := e.(*plan.Const)
	return ok && c.Value.Null
}

// bindBetween: x BETWEEN a AND b is x >= a AND x <= b; SYMMETRIC takes the bounds in either order.
func (b *Binder) bindBetween(sc *scope, x *ast.Between) (plan.Expr, error) {
	v, err := b.operand(sc, x.X)
	if err != nil {
		return nil, err
	}
	low, err := b.operand(sc, x.Low)
	if err != nil {
		return nil, err
	}
	high, err := b.operand(sc, x.High)
	if err != nil {
		return nil, err
	}
	between, err := b.between(v, low, high, x)
	if err != nil {
		return nil, err
	}
	if x.Symmetric {
		swapped, err := b.between(v, high, low, x)
		if err != nil {
			return nil, err
		}
		between = &plan.Or{Terms: []plan.Expr{between, swapped}}
	}
	if x.Not {
		return &plan.Not{X: between}, nil
	}
	return between, nil
}

func (b *Binder) between(v, low, high operand, at ast.Node) (plan.Expr, error) {
	above, err := b.compareOperands(plan.Ge, v, low, at)
	if err != nil {
		return nil, err
	}
	below, err := b.compareOperands(plan.Le, v, high, at)
	if err != nil {
		return nil, err
	}
	return plan.AndOf([]plan.Expr{above, below}), nil
}

// bindLike binds LIKE and ILIKE; the escape character must be a literal.
func (b *Binder) bindLike(sc *scope, x *ast.Like) (plan.Expr, error) {
	if x.Kind == ast.SimilarPattern {
		return b.bindSimilar(sc, x)
	}
	out := &plan.Like{Escape: '\\', Fold: x.Kind == ast.ILikePattern, Negate: x.Not}
	if x.Escape != nil {
		escape, err := b.escape(sc, x.Escape)
		if err != nil {
			return nil, err
		}
		out.Escape = escape
	}
	l, err := b.expr(sc, x.X)
	if err != nil {
		return nil, err
	}
	r, err := b.expr(sc, x.Pattern)
	if err != nil {
		return nil, err
	}
	return b.like(l, r, []ast.Node{x.X, x.Pattern}, x, out)
}

// bindSimilar binds SIMILAR TO, a function of value, pattern and escape character.
func (b *Binder) bindSimilar(sc *scope, x *ast.Like) (plan.Expr, error) {
	args, err := b.exprs(sc, []ast.Expr{x.X, x.Pattern})
	if err != nil {
		return nil, err
	}
	nodes := []ast.Node{x.X, x.Pattern, x}
	var escape plan.Expr = &plan.Const{Value: types.Str(types.TText, `\`)}
	if x.Escape != nil {
		if escape, err = b.expr(sc, x.Escape); err != nil {
			return nil, err
		}
		nodes[2] = x.Escape
	}
	name, op := "similar_op", "~"
	if x.Not {
		name, op = "not_similar_op", "!~"
	}
	for _, a := range args {
		if t := a.Type(); !t.IsText() && t.Kind != types.Unknown {
			return nil, noOperator(x, op, args[0].Type(), args[1].Type())
		}
	}
	return b.call(name, append(args, escape), nodes, x)
}

func (b *Binder) escape(sc *scope, x ast.Expr) (rune, error) {
	e, err := b.expr(sc, x)
	if err != nil {
		return 0, err
	}
	c, ok := e.(*plan.Const)
	if !ok || c.Value.Null || c.Type().Kind != types.Unknown && !c.Type().IsText() {
		return 0, unsupported(x, "an ESCAPE that is not a string literal")
	}
	r, size := utf8.DecodeRuneInString(c.Value.S)
	switch {
	case size == 0:
		return 0, nil
	case size < len(c.Value.S):
		return 0, errAt(sqlerr.InvalidEscapeSequence, x, "invalid escape string").
			WithHint("Escape string must be empty or one character.")
	}
	return r, nil
}

// like fills in a Like over bound operands, which must be text.
func (b *Binder) like(l, r plan.Expr, nodes []ast.Node, at ast.Node, out *plan.Like) (plan.Expr, error) {
	op := "~~"
	if out.Fold {
		op = "~~*"
	}
	if out.Negate {
		op = "!" + op
	}
	lt, rt := l.Type(), r.Type()
	for _, t := range []types.Type{lt, rt} {
		if !t.IsText() && t.Kind != types.Unknown {
			return nil, noOperator(at, op, lt, rt)
		}
	}
	var err error
	if out.X, err = b.resolveUnknown(l, nodes[0]); err != nil {
		return nil, err
	}
	out.Pattern, err = b.resolveUnknown(r, nodes[1])
	return out, err
}

// bindIn binds x [NOT] IN (list) and x [NOT] IN (query).
func (b *Binder) bindIn(sc *scope, x *ast.In) (plan.Expr, error) {
	left, nodes, row, err := b.operands(sc, x.X)
	if err != nil {
		return nil, err
	}
	if x.Query != nil {
		return b.quantifiedQuery(sc, plan.AnySubquery, plan.Eq, left, nodes, x.Query, x, x.Not)
	}
	if row {
		return b.rowInList(sc, left, nodes, x)
	}
	list, err := b.exprs(sc, x.List)
	if err != nil {
		return nil, err
	}
	return b.inList(left[0], list, x.X, nodesOf(x.List), x, x.Not)
}

// inList makes an InList, or a comparison where the list has one item.
func (b *Binder) inList(x plan.Expr, list []plan.Expr, xn ast.Node, nodes []ast.Node, at ast.Node, not bool) (plan.Expr, error) {
	op := plan.Eq
	if not {
		op = plan.Ne
	}
	if len(list) == 1 {
		return b.compare(op, x, list[0], xn, nodes[0], at)
	}
	t, err := b.listType(op, x, list, xn, nodes, at)
	if err != nil {
		return nil, err
	}
	out := &plan.InList{List: make([]plan.Expr, len(list)), Negate: not}
	for i, e := range list {
		if t.IsText() {
			if out.List[i], err = b.literalOrSame(e, x.Type(), nodes[i]); err != nil {
				return nil, err
			}
			continue
		}
		if out.List[i], err = b.convert(e, t, nodes[i]); err != nil {
			return nil, err
		}
	}
	if t.IsText() && x.Type().IsText() {
		out.X = x
		return out, nil
	}
	out.X, err = b.coerce(x, t, implicitCast, xn)
	return out, err
}

func (b *Binder) literalOrSame(e plan.Expr, t types.Type, at ast.Node) (plan.Expr, error) {
	if e.Type().Kind != types.Unknown {
		return e, nil
	}
	if !t.IsText() {
		t = types.TText
	}
	return b.literalFor(e, t, at)
}

// listType is the one type of x and all items: x's own where every item has it or is a constant that
// it holds exactly.
func (b *Binder) listType(op plan.CompareOp, x plan.Expr, list []plan.Expr, xn ast.Node, nodes []ast.Node, at ast.Node) (types.Type, error) {
	own := x.Type()
	for i, e := range list {
		if !fitsType(e, own) {
			break
		}
		if i == len(list)-1 && own.Kind != types.Unknown && hashable(own, at) == nil {
			return own, nil
		}
	}
	t := own
	for i, e := range list {
		if err := hashable(e.Type(), nodes[i]); err != nil {
			return t, err
		}
		et := e.Type()
		if t.Kind == types.Numeric && et.Kind == types.Unknown {
			et = numericTarget(e, anyNumeric)
		}
		common, ok := listCommon(t, et, e)
		if !ok {
			return t, noOperator(at, op.String(), own, e.Type())
		}
		t = common
	}
	if t.Kind == types.Unknown {
		t = types.TText
	}
	return t, hashable(t, xn)
}

func listCommon(t, et types.Type, e plan.Expr) (types.Type, bool) {
	switch {
	case t.IsNumber() && et.IsNumber() && numberPartner(t, et) == anyNumeric:
		if et.IsInteger() {
			et = tightType(e)
		}
		return types.Common(t, et)
	case t.IsNumber() && et.IsNumber():
		return numberPartner(t, et), true
	}
	return types.Common(t, et)
}

func fitsType(e plan.Expr, t types.Type) bool {
	if e.Type() == t {
		return true
	}
	if c, ok := e.(*plan.Const); ok {
		if c.Type().Kind == types.Unknown {
			return t.Kind != types.Numeric
		}
		_, exact := exactConst(c.Value, t)
		return exact
	}
	return false
}

// rowInList: (a, b) IN ((c, d), …) is the OR of the row comparisons.
func (b *Binder) rowInList(sc *scope, left []plan.Expr, nodes []ast.Node, x *ast.In) (plan.Expr, error) {
	terms := make([]plan.Expr, len(x.List))
	for i, item := range x.List {
		right, rn, row, err := b.operands(sc, item)
		if err != nil {
			return nil, err
		}
		if !row {
			return nil, unsupported(item, "the comparison of a row with a value that is not a row constructor")
		}
		if terms[i], err = b.compareRows(plan.Eq, left, right, nodes, rn, x); err != nil {
			return nil, err
		}
	}
	if x.Not {
		return &plan.Not{X: orOf(terms)}, nil
	}
	return orOf(terms), nil
}
