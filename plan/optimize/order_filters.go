package optimize

import (
	"slices"

	"github.com/oxidb/oxidb/plan"
)

// orderFilters is the rule "order_filters": the conjuncts of scans and filters stand in the order of
// what a row costs against how many it drops; those that can fail come after those that cannot.
//
//	Scan where comment LIKE '%x%' AND size = 5  ⇒  Scan where size = 5 AND comment LIKE '%x%'
func orderFilters(o *optimizer, root plan.Node) plan.Node {
	return plan.RewriteNodes(root, func(n plan.Node) plan.Node {
		switch n := n.(type) {
		case *plan.Scan:
			m := *n
			m.Filters = o.ranked(n.Filters, n)
			return &m
		case *plan.External:
			m := *n
			m.Filters = o.ranked(n.Filters, n)
			return &m
		case *plan.Filter:
			return &plan.Filter{Input: n.Input, Preds: o.ranked(n.Preds, n.Input)}
		}
		return n
	})
}

// ranked sorts by cost / (1 - fraction) (Hellerstein, Predicate migration, SIGMOD 1993).
func (o *optimizer) ranked(preds []plan.Expr, n plan.Node) []plan.Expr {
	if len(preds) < 2 {
		return preds
	}
	type entry struct {
		preds []plan.Expr
		fails bool
		rank  float64
	}
	scan, _ := n.(*plan.Scan)
	single := scan != nil && o.keySeek(scan) != nil // one row is worth no statistics
	var list []entry
	for _, g := range rangeGroups(preds) {
		dropped := 1.0
		if !single {
			dropped = max(1-o.estimator().selectivity(g, n), 0.001)
		}
		x := entry{preds: g}
		for _, p := range g {
			x.fails = x.fails || canFail(p)
			x.rank += predicateCost(p) / dropped
		}
		list = append(list, x)
	}
	slices.SortStableFunc(list, func(a, b entry) int {
		switch {
		case a.fails != b.fails && b.fails:
			return -1
		case a.fails != b.fails:
			return 1
		case a.rank < b.rank:
			return -1
		case a.rank > b.rank:
			return 1
		}
		return 0
	})
	out := make([]plan.Expr, 0, len(preds))
	for _, x := range list {
		out = append(out, x.preds...)
	}
	return out
}

// rangeGroups keeps the bounds of one column together: they are one test of a range.
func rangeGroups(preds []plan.Expr) [][]plan.Expr {
	var out [][]plan.Expr
	at := map[plan.ColumnID]int{}
	for _, p := range preds {
		c, ok := p.(*plan.Compare)
		if !ok || c.Op < plan.Lt || c.Op > plan.Ge {
			out = append(out, []plan.Expr{p})
			continue
		}
		col, isColumn := c.L.(*plan.Column)
		if !isColumn || len(refs(c.R)) > 0 {
			out = append(out, []plan.Expr{p})
			continue
		}
		if i, ok := at[col.ID]; ok {
			out[i] = append(out[i], p)
			continue
		}
		at[col.ID] = len(out)
		out = append(out, []plan.Expr{p})
	}
	return out
}

// canFail: evaluating e may raise an error.
func canFail(e plan.Expr) bool {
	found := false
	plan.Walk(e, func(e plan.Expr) bool {
		switch e.(type) {
		case *plan.Arith, *plan.Cast, *plan.Call, *plan.Neg:
			found = true
		}
		return !found
	})
	return found
}

// predicateCost is the price of one row in comparisons of integers.
func predicateCost(e plan.Expr) float64 {
	cost := 0.0
	plan.Walk(e, func(e plan.Expr) bool {
		switch e := e.(type) {
		case *plan.Like:
			cost += 20
		case *plan.Call, *plan.Case:
			cost += 10
		case *plan.Compare:
			if _, ok := e.R.(*plan.Const); ok && integerClass(e.L.Type()) {
				cost++
			} else {
				cost += 2
			}
		case *plan.InList, *plan.Arith, *plan.Cast:
			cost += 2
		}
		return true
	})
	return max(cost, 1)
}
