package bind

import (
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// relational is a bound query: cols are exactly node's columns, names what the query calls them.
type relational struct {
	node  plan.Node
	cols  []plan.Column
	names []string
}

// queryContext is what a query stands in.
type queryContext struct {
	outer *scope
	ctes  *cteList
	// keepUnknown leaves string literals of the select list untyped: INSERT and set operations decide.
	keepUnknown bool
	// rels and cols are what LIMIT may name but not use: the error for its type comes first.
	rels []*relation
	cols []scopeColumn
}

func (b *Binder) bindTopQuery(q *ast.Query) (plan.Statement, error) {
	if s, ok := q.Body.(*ast.Select); ok && s.Into != nil {
		pos, end := s.Into.Range()
		return nil, sqlerr.Unsupported(pos, end, "SELECT INTO").WithHint("Use CREATE TABLE AS.")
	}
	rel, err := b.bindQuery(q, queryContext{})
	if err != nil {
		return nil, err
	}
	return &plan.Query{Root: rel.node, Names: rel.names}, nil
}

// bindQuery binds a whole query.
func (b *Binder) bindQuery(q *ast.Query, qc queryContext) (*relational, error) {
	if err := b.enter(q); err != nil {
		return nil, err
	}
	defer b.leave()
	if len(q.Locks) > 0 {
		return nil, unsupported(q.Locks[0], "a row lock (FOR UPDATE, FOR SHARE)")
	}
	outside := qc.ctes
	if q.With != nil {
		list, err := b.with(q.With, qc)
		if err != nil {
			return nil, err
		}
		qc.ctes = list
	}
	rel, err := b.queryBody(q.Body, q, qc)
	if err != nil {
		return nil, err
	}
	if q.With != nil {
		if err := b.bindUnused(qc.ctes, outside); err != nil {
			return nil, err
		}
	}
	return rel, nil
}

// queryBody binds a body with the ORDER BY and LIMIT of q, which is nil for an operand of a set
// operation.
func (b *Binder) queryBody(body ast.QueryExpr, q *ast.Query, qc queryContext) (*relational, error) {
	if err := b.enter(body); err != nil {
		return nil, err
	}
	defer b.leave()
	if q == nil {
		q = &ast.Query{Body: body}
	}
	switch x := body.(type) {
	case *ast.Select:
		return b.bindSelect(x, q, qc)
	case *ast.SetOp:
		rel, err := b.bindSetOp(x, qc)
		if err != nil {
			return nil, err
		}
		return b.orderOutput(rel, q, qc, false)
	case *ast.Values:
		rel, err := b.bindValues(x, qc)
		if err != nil {
			return nil, err
		}
		return b.orderOutput(rel, q, qc, true)
	case *ast.Query:
		rel, err := b.bindQuery(x, qc)
		if err != nil {
			return nil, err
		}
		return b.orderOutput(rel, q, qc, true)
	}
	return nil, unsupported(body, "this kind of query")
}

// bindValues binds a VALUES list as a query; the rows' types are unified column by column.
func (b *Binder) bindValues(v *ast.Values, qc queryContext) (*relational, error) {
	width := len(v.Rows[0])
	if width > MaxOutputColumns {
		return nil, errAt(sqlerr.TooManyColumns, v, "VALUES lists can have at most %d columns", MaxOutputColumns)
	}
	sc := newScope(qc.outer, qc.ctes, nil)
	sc.clause = "VALUES"
	rows := make([][]plan.Expr, len(v.Rows))
	for i, row := range v.Rows {
		if len(row) != width {
			return nil, errAt(sqlerr.SyntaxError, row[0], "VALUES lists must all be the same length")
		}
		var err error
		if rows[i], err = b.exprs(sc, row); err != nil {
			return nil, err
		}
	}
	node := &plan.Values{Rows: rows, Cols: make([]plan.Column, width)}
	names := make([]string, width)
	column, nodes := make([]plan.Expr, len(rows)), make([]ast.Node, len(rows))
	for c := range width {
		full := true
		for i := range rows {
			column[i], nodes[i] = rows[i][c], v.Rows[i][c]
		}
		typed, t, err := b.unify(column, nodes, "VALUES")
		if err != nil {
			return nil, err
		}
		for i := range rows {
			rows[i][c] = typed[i]
			full = full && notNull(typed[i])
		}
		names[c] = valuesColumn(c)
		node.Cols[c] = b.newColumn(names[c], t, full)
	}
	return &relational{node: node, cols: node.Cols, names: names}, nil
}

// bindSetOp binds UNION, INTERSECT and EXCEPT.
func (b *Binder) bindSetOp(op *ast.SetOp, qc queryContext) (*relational, error) {
	operand := qc
	operand.keepUnknown = true
	left, err := b.queryBody(op.Left, nil, operand)
	if err != nil {
		return nil, err
	}
	right, err := b.queryBody(op.Right, nil, operand)
	if err != nil {
		return nil, err
	}
	if len(left.cols) != len(right.cols) {
		return nil, errAt(sqlerr.SyntaxError, op.Right, "each %s query must have the same number of columns", op.Kind)
	}
	kinds := make([]types.Type, len(left.cols))
	for i := range kinds {
		ends := []plan.Expr{outputExpr(left, i), outputExpr(right, i)}
		if kinds[i], err = unifiedType(ends, []ast.Node{op.Right, op.Right}, op.Kind.String()); err != nil {
			return nil, err
		}
		if !op.All || op.Kind != ast.Union {
			if err := hashable(kinds[i], op); err != nil {
				return nil, err
			}
		}
	}
	l, err := b.castColumns(left, kinds, implicitCast, op.Left)
	if err != nil {
		return nil, err
	}
	r, err := b.castColumns(right, kinds, implicitCast, op.Right)
	if err != nil {
		return nil, err
	}
	lc, rc := l.Columns(), r.Columns()
	node := &plan.SetOp{Kind: plan.SetOpKind(op.Kind), All: op.All, Left: l, Right: r, Cols: make([]plan.Column, len(kinds))}
	for i, t := range kinds {
		full := lc[i].NotNull && rc[i].NotNull || op.Kind == ast.Except && lc[i].NotNull
		node.Cols[i] = b.newColumn(left.names[i], t, full)
	}
	return &relational{node: node, cols: node.Cols, names: left.names}, nil
}

// outputExpr is the expression behind output column i where a projection shows it, so that a literal
// is seen as one.
func outputExpr(rel *relational, i int) plan.Expr {
	if p, ok := rel.node.(*plan.Project); ok {
		return p.Exprs[i].Expr
	}
	return plan.Ref(rel.cols[i])
}
