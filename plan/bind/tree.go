package bind

import "github.com/oxidb/oxidb/plan"

// freeColumns are the columns that n, with the subqueries in its expressions, uses but does not make:
// those of enclosing queries.
func freeColumns(n plan.Node) plan.ColumnSet {
	used, made := plan.ColumnSet{}, plan.ColumnSet{}
	collect(n, used, made)
	for id := range made {
		delete(used, id)
	}
	return used
}

func collect(n plan.Node, used, made plan.ColumnSet) {
	switch n.(type) {
	case *plan.Join, *plan.Apply, *plan.Filter, *plan.Sort, *plan.Limit, *plan.Distinct: // pass columns on
	default:
		for _, c := range n.Columns() {
			made.Add(c.ID)
		}
	}
	for _, e := range plan.Exprs(n) {
		collectExpr(e, used, made)
	}
	for _, c := range n.Children() {
		collect(c, used, made)
	}
}

func collectExpr(e plan.Expr, used, made plan.ColumnSet) {
	plan.Walk(e, func(e plan.Expr) bool {
		switch e := e.(type) {
		case *plan.Column:
			used.Add(e.ID)
		case *plan.Subquery:
			collect(e.Input, used, made)
		}
		return true
	})
}

// usedColumns are the columns that e uses, also those that its subqueries take from outside.
func usedColumns(e plan.Expr) plan.ColumnSet {
	used, made := plan.ColumnSet{}, plan.ColumnSet{}
	collectExpr(e, used, made)
	for id := range made {
		delete(used, id)
	}
	return used
}

func intersects(a, b plan.ColumnSet) bool {
	for id := range a {
		if b.Has(id) {
			return true
		}
	}
	return false
}

// hasSubquery reports a subquery anywhere in e.
func hasSubquery(e plan.Expr) bool {
	found := false
	plan.Walk(e, func(e plan.Expr) bool {
		if _, ok := e.(*plan.Subquery); ok {
			found = true
		}
		return !found
	})
	return found
}

// mapTree rewrites every expression of n and its children with f.
func mapTree(n plan.Node, f func(plan.Expr) plan.Expr) plan.Node {
	children := n.Children()
	if len(children) > 0 {
		mapped := make([]plan.Node, len(children))
		for i, c := range children {
			mapped[i] = mapTree(c, f)
		}
		n = n.With(mapped)
	}
	return plan.MapExprs(n, f)
}
