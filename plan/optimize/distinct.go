package optimize

import "github.com/oxidb/oxidb/plan"

// distinctToAggregate is the rule "distinct_to_aggregate".
//
//	Distinct (x, y)  ⇒  Aggregate by x, y
func distinctToAggregate(o *optimizer, root plan.Node) plan.Node {
	return plan.RewriteNodes(root, func(n plan.Node) plan.Node {
		switch n := n.(type) {
		case *plan.Distinct:
			if len(n.On) == 0 && len(n.Columns()) > 0 {
				return groupAll(n.Input)
			}
		case *plan.SetOp:
			if n.Kind == plan.Union && !n.All && len(n.Cols) > 0 {
				m := *n
				m.All = true
				return groupAll(&m)
			}
		}
		return n
	})
}

// groupAll groups by every column.
func groupAll(n plan.Node) plan.Node {
	return &plan.Aggregate{Input: n, Groups: identity(n.Columns())}
}
