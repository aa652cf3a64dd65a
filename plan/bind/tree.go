package bind

import "github.com/oxidb/oxidb/plan"

// intersects reports a common column.
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
