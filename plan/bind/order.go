package bind

import (
	"strconv"

	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// orderKey is one item of ORDER BY: the output column target, or an expression when target is -1.
type orderKey struct {
	key    plan.SortKey
	target int
	at     ast.Node
}

func (s *selection) bindOrder() error {
	for _, item := range s.q.OrderBy {
		i, err := targetOf(item.X, s.targets, "ORDER BY")
		if err != nil {
			return err
		}
		var x plan.Expr
		if i >= 0 {
			x = s.targets[i].expr
		} else {
			if x, err = s.expr(s.sc, item.X); err != nil {
				return err
			}
			if x, err = s.resolveUnknown(x, item.X); err != nil {
				return err
			}
			i = equalTarget(s.targets, x)
		}
		key, err := s.sortKey(x, item)
		if err != nil {
			return err
		}
		s.order = append(s.order, orderKey{key, i, item})
	}
	return nil
}

func equalTarget(targets []target, x plan.Expr) int {
	key := exprKey(x)
	for i, t := range targets {
		if exprKey(t.expr) == key {
			return i
		}
	}
	return -1
}

// targetOf finds the output column that an ordinal or a bare name means in ORDER BY, GROUP BY and
// DISTINCT ON; -1 when x is an expression.
func targetOf(x ast.Expr, targets []target, clause string) (int, error) {
	switch x := x.(type) {
	case *ast.Literal:
		if x.Kind != ast.IntegerLiteral {
			return -1, errAt(sqlerr.SyntaxError, x, "non-integer constant in %s", clause)
		}
		n, err := strconv.Atoi(x.Text)
		if err != nil || n < 1 || n > len(targets) {
			return -1, errAt(sqlerr.InvalidColumnReference, x, "%s position %s is not in select list", clause, x.Text)
		}
		return n - 1, nil
	case *ast.ColumnRef:
		if len(x.Parts) != 1 {
			return -1, nil
		}
		return namedTarget(x, targets, clause)
	}
	return -1, nil
}

func namedTarget(x *ast.ColumnRef, targets []target, clause string) (int, error) {
	found := -1
	for i, t := range targets {
		if t.name != x.Parts[0].Name {
			continue
		}
		if found >= 0 && exprKey(targets[found].expr) != exprKey(t.expr) {
			return -1, errAt(sqlerr.AmbiguousColumn, x, "%s %q is ambiguous", clause, t.name)
		}
		if found < 0 {
			found = i
		}
	}
	return found, nil
}

// sortKey resolves direction and the place of NULLs, which PostgreSQL takes as the largest values.
func (b *Binder) sortKey(x plan.Expr, item *ast.OrderItem) (plan.SortKey, error) {
	desc := item.Direction == ast.Descending
	if item.Using != nil {
		switch item.Using.Name {
		case "<":
		case ">":
			desc = true
		default:
			return plan.SortKey{}, errAt(sqlerr.WrongObjectType, item, "operator %s is not a valid ordering operator", item.Using.Name).
				WithHint("Ordering operators must be \"<\" or \">\" members of btree operator families.")
		}
	}
	if t := x.Type(); t.Kind == types.JSON {
		return plan.SortKey{}, errAt(sqlerr.UndefinedFunction, item, "could not identify an ordering operator for type %s", t.Kind)
	} else if t.Kind == types.JSONB {
		return plan.SortKey{}, unsupported(item, "the comparison of jsonb values")
	}
	nullsFirst := desc
	switch item.Nulls {
	case ast.NullsFirst:
		nullsFirst = true
	case ast.NullsLast:
		nullsFirst = false
	}
	return plan.SortKey{Expr: x, Desc: desc, NullsFirst: nullsFirst}, nil
}

// bindDistinctOn binds DISTINCT ON, whose expressions must be the first of ORDER BY, in any order.
func (s *selection) bindDistinctOn() error {
	keys := map[string]bool{}
	for _, x := range s.sel.DistinctOn {
		i, err := targetOf(x, s.targets, "DISTINCT ON")
		if err != nil {
			return err
		}
		var e plan.Expr
		if i >= 0 {
			e = s.targets[i].expr
		} else if e, err = s.expr(s.sc, x); err != nil {
			return err
		}
		if e, err = s.resolveUnknown(e, x); err != nil {
			return err
		}
		if err := hashable(e.Type(), x); err != nil {
			return err
		}
		if key := exprKey(e); !keys[key] {
			keys[key] = true
			s.on = append(s.on, e)
		}
	}
	if len(s.on) == 0 {
		return nil
	}
	matched := map[string]bool{}
	for _, k := range s.order {
		key := exprKey(k.key.Expr)
		if len(matched) == len(keys) {
			break
		}
		if !keys[key] {
			return errAt(sqlerr.InvalidColumnReference, k.at, "SELECT DISTINCT ON expressions must match initial ORDER BY expressions")
		}
		matched[key] = true
	}
	return nil
}

// limit puts LIMIT and OFFSET on node.
func (b *Binder) limit(node plan.Node, q *ast.Query, qc queryContext) (plan.Node, error) {
	count, err := b.rowCount(q.Limit, qc, "LIMIT", sqlerr.InvalidRowCountInLimit)
	if err != nil {
		return nil, err
	}
	offset, err := b.rowCount(q.Offset, qc, "OFFSET", sqlerr.InvalidRowCountInOffset)
	if err != nil {
		return nil, err
	}
	if count == nil && offset == nil {
		return node, nil
	}
	l := &plan.Limit{Input: node, Count: count, Offset: offset}
	if on, ok := node.(*plan.Distinct); ok {
		node = on.Input
	}
	if sort, ok := node.(*plan.Sort); ok && q.WithTies && count != nil {
		for _, k := range sort.Keys {
			l.Ties = append(l.Ties, k.Expr)
		}
	}
	return l, nil
}

// rowCount binds the operand of LIMIT or OFFSET; NULL means none.
func (b *Binder) rowCount(x ast.Expr, qc queryContext, clause string, negative sqlerr.State) (plan.Expr, error) {
	if x == nil {
		return nil, nil
	}
	sc := newScope(qc.outer, qc.ctes, nil)
	sc.rels, sc.cols, sc.clause = qc.rels, qc.cols, clause
	e, err := b.expr(sc, x)
	if err != nil {
		return nil, err
	}
	if t := e.Type(); t.Kind != types.Unknown && !t.IsNumber() {
		return nil, errAt(sqlerr.DatatypeMismatch, x, "argument of %s must be type bigint, not type %s", clause, t.Kind)
	}
	if len(plan.UsedColumns(e)) > 0 {
		return nil, errAt(sqlerr.InvalidColumnReference, x, "argument of %s must not contain variables", clause)
	}
	if e, err = b.coerce(e, types.TBigInt, assignmentCast, x); err != nil {
		return nil, err
	}
	if c, ok := e.(*plan.Const); ok {
		if c.Value.Null {
			return nil, nil
		}
		if c.Value.I < 0 {
			return nil, errAt(negative, x, "%s must not be negative", clause)
		}
	}
	return e, nil
}

// orderOutput puts ORDER BY and LIMIT on a query whose body is not a SELECT: keys are output columns,
// or, where expressions allows, expressions over them.
func (b *Binder) orderOutput(rel *relational, q *ast.Query, qc queryContext, expressions bool) (*relational, error) {
	if len(q.OrderBy) == 0 && q.Limit == nil && q.Offset == nil {
		return rel, nil
	}
	item := &fromItem{node: rel.node}
	targets := make([]target, len(rel.cols))
	for i, c := range rel.cols {
		targets[i] = target{rel.names[i], plan.Ref(c), q}
		item.cols = append(item.cols, scopeColumn{rel.names[i], plan.Ref(c)})
	}
	sc := newScope(qc.outer, qc.ctes, item)
	sc.clause = "ORDER BY"
	out := newProjection(b, plan.Outputs(rel.node))
	for _, t := range targets {
		out.add(t.expr, t.name)
	}
	var keys []plan.SortKey
	for _, o := range q.OrderBy {
		i, err := targetOf(o.X, targets, "ORDER BY")
		if err != nil {
			return nil, err
		}
		if ref, ok := o.X.(*ast.ColumnRef); ok && i < 0 && !expressions {
			return nil, errAt(sqlerr.UndefinedColumn, ref, "column %q does not exist", ref.Parts[len(ref.Parts)-1].Name)
		}
		if i < 0 && !expressions {
			return nil, errAt(sqlerr.FeatureNotSupported, o, "invalid UNION/INTERSECT/EXCEPT ORDER BY clause").
				WithDetail("Only result column names can be used, not expressions or functions.").
				WithHint("Add the expression/function to every SELECT, or move the UNION into a FROM clause.")
		}
		var x plan.Expr
		if i >= 0 {
			x = targets[i].expr
		} else if x, err = b.expr(sc, o.X); err != nil {
			return nil, err
		}
		if x, err = b.resolveUnknown(x, o.X); err != nil {
			return nil, err
		}
		key, err := b.sortKey(x, o)
		if err != nil {
			return nil, err
		}
		key.Expr = out.column(x, i)
		keys = append(keys, key)
	}
	node, hidden := rel.node, len(out.exprs) > len(rel.cols)
	if hidden {
		node = &plan.Project{Input: node, Exprs: out.exprs}
	}
	if len(keys) > 0 {
		node = &plan.Sort{Input: node, Keys: keys, Limit: -1}
	}
	node, err := b.limit(node, q, qc)
	if err != nil {
		return nil, err
	}
	if hidden {
		node = passThrough(node, rel.cols)
	}
	return &relational{node: node, cols: rel.cols, names: rel.names}, nil
}
