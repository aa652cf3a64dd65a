package bind

import (
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// subquery binds a query that stands in an expression: sc is its enclosing scope.
func (b *Binder) subquery(sc *scope, q *ast.Query) (*relational, error) {
	if sc.clause == defaultClause {
		return nil, errAt(sqlerr.FeatureNotSupported, q, "cannot use subquery in DEFAULT expression")
	}
	return b.bindQuery(q, queryContext{outer: sc, ctes: sc.ctes})
}

// defaultClause is the clause of a scope in which neither columns nor subqueries may stand.
const defaultClause = "DEFAULT expressions"

func (b *Binder) bindScalarSubquery(sc *scope, x *ast.Subquery) (plan.Expr, error) {
	rel, err := b.subquery(sc, x.Query)
	if err != nil {
		return nil, err
	}
	if len(rel.cols) != 1 {
		return nil, errAt(sqlerr.SyntaxError, x, "subquery must return only one column")
	}
	return &plan.Subquery{Kind: plan.ScalarSubquery, Input: rel.node, Typ: rel.cols[0].Typ, Span: spanOf(x)}, nil
}

func (b *Binder) bindExists(sc *scope, x *ast.Exists) (plan.Expr, error) {
	rel, err := b.subquery(sc, x.Query)
	if err != nil {
		return nil, err
	}
	return &plan.Subquery{Kind: plan.ExistsSubquery, Input: rel.node, Typ: types.TBoolean, Span: spanOf(x)}, nil
}

// quantifiedQuery binds left op ANY|ALL (query), and IN.
func (b *Binder) quantifiedQuery(sc *scope, kind plan.SubqueryKind, op plan.CompareOp, left []plan.Expr, nodes []ast.Node,
	q *ast.Query, at ast.Node, negate bool) (plan.Expr, error) {
	rel, err := b.subquery(sc, q)
	if err != nil {
		return nil, err
	}
	switch {
	case len(rel.cols) > len(left):
		return nil, errAt(sqlerr.SyntaxError, q, "subquery has too many columns")
	case len(rel.cols) < len(left):
		return nil, errAt(sqlerr.SyntaxError, q, "subquery has too few columns")
	case len(left) > 1 && op != plan.Eq && op != plan.Ne:
		return nil, unsupported(at, "an order comparison of a row with a subquery")
	}
	want := make([]types.Type, len(left))
	for i, l := range left {
		l, r, err := b.comparable(op.String(), l, plan.Ref(rel.cols[i]), nodes[i], q, at)
		if err != nil {
			return nil, err
		}
		left[i], want[i] = l, r.Type()
	}
	node, err := b.castColumns(rel, want, implicitCast, q)
	if err != nil {
		return nil, err
	}
	return &plan.Subquery{Kind: kind, Input: node, Op: op, Left: left, Negate: negate, Typ: types.TBoolean, Span: spanOf(at)}, nil
}

// bindQuantified binds op ANY|ALL over a subquery or an ARRAY[...] constructor.
func (b *Binder) bindQuantified(sc *scope, x *ast.Quantified) (plan.Expr, error) {
	left, nodes, _, err := b.operands(sc, x.Left)
	if err != nil {
		return nil, err
	}
	op, isCompare := compareOps[x.Op.Name]
	if x.Query != nil {
		if !isCompare {
			return b.operatorOverQuery(sc, x)
		}
		kind := quantifier(x)
		return b.quantifiedQuery(sc, kind, op, left, nodes, x.Query, x, false)
	}
	array, ok := x.Array.(*ast.Array)
	if !ok {
		return nil, unsupported(x.Array, "an array that is not an ARRAY[...] constructor")
	}
	items, err := b.exprs(sc, array.Items)
	if err != nil {
		return nil, err
	}
	switch {
	case len(left) != 1:
		return nil, unsupported(x, "the comparison of a row with an array")
	case len(items) == 0:
		return nil, errAt(sqlerr.IndeterminateDatatype, array, "cannot determine type of empty array").
			WithHint("Explicitly cast to the desired type, for example ARRAY[]::integer[].")
	case isCompare && (op == plan.Eq && !x.All || op == plan.Ne && x.All):
		return b.inList(left[0], items, x.Left, nodesOf(array.Items), x, x.All)
	}
	return b.overItems(left[0], items, array.Items, x)
}

func quantifier(x *ast.Quantified) plan.SubqueryKind {
	if x.All {
		return plan.AllSubquery
	}
	return plan.AnySubquery
}

// operatorOverQuery binds x LIKE ANY (query) and the like: true = ANY (SELECT x LIKE column FROM query).
func (b *Binder) operatorOverQuery(sc *scope, x *ast.Quantified) (plan.Expr, error) {
	rel, err := b.subquery(sc, x.Query)
	if err != nil {
		return nil, err
	}
	if len(rel.cols) != 1 {
		return nil, errAt(sqlerr.SyntaxError, x.Query, "subquery has too many columns")
	}
	left, err := b.expr(sc, x.Left)
	if err != nil {
		return nil, err
	}
	holds, err := b.binary(x.Op.Name, left, plan.Ref(rel.cols[0]), &ast.Binary{Span: x.Span, Op: x.Op, Left: x.Left, Right: &ast.Subquery{Span: x.Query.Span, Query: x.Query}})
	if err != nil {
		return nil, err
	}
	if holds, err = b.boolean(holds, x, "ANY/ALL"); err != nil {
		return nil, err
	}
	input := &plan.Project{Input: rel.node, Exprs: []plan.NamedExpr{b.output(holds, "holds")}}
	return &plan.Subquery{Kind: quantifier(x), Input: input, Op: plan.Eq, Left: []plan.Expr{&plan.Const{Value: types.Bool(true)}},
		Typ: types.TBoolean, Span: spanOf(x)}, nil
}

// overItems spreads an operator over the items of an array: OR for ANY, AND for ALL.
func (b *Binder) overItems(left plan.Expr, items []plan.Expr, nodes []ast.Expr, x *ast.Quantified) (plan.Expr, error) {
	terms := make([]plan.Expr, len(items))
	for i, item := range items {
		at := &ast.Binary{Span: x.Span, Op: x.Op, Left: x.Left, Right: nodes[i]}
		var err error
		if op, ok := compareOps[x.Op.Name]; ok {
			terms[i], err = b.compare(op, left, item, x.Left, nodes[i], x)
		} else {
			terms[i], err = b.binary(x.Op.Name, left, item, at)
		}
		if err == nil {
			terms[i], err = b.boolean(terms[i], x, "ANY/ALL")
		}
		if err != nil {
			return nil, err
		}
	}
	if x.All {
		return plan.AndOf(terms), nil
	}
	return orOf(terms), nil
}
