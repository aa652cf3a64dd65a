package optimize

import (
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// worthEager: a side is grouped before the join when that at least halves its rows.
const worthEager = 0.5

// eagerAggregate is the rule "eager_aggregate": when the groups of an aggregate over a join hold a
// key of its left side, every group is one left row, so the right side can be aggregated by the
// join keys first and the join delivers the result (a groupjoin; Yan and Larson, Eager aggregation
// and lazy aggregation, VLDB 1995).
//
//	Aggregate by c.id: count(o.id) (Left Join on c.id = o.cid (c, o))
//	  ⇒  Project c.id, coalesce(n, 0) (Left Join on c.id = o.cid (c, Aggregate by o.cid: count(o.id) AS n (o)))
func eagerAggregate(o *optimizer, root plan.Node) plan.Node {
	return plan.RewriteNodes(root, func(n plan.Node) plan.Node {
		if a, ok := n.(*plan.Aggregate); ok && len(a.Groups) > 0 && len(a.Aggs) > 0 {
			if m, ok := o.groupJoin(a); ok {
				return m
			}
		}
		return n
	})
}

func (o *optimizer) groupJoin(n *plan.Aggregate) (plan.Node, bool) {
	j, b := joinBelow(n.Input)
	if j == nil || j.Kind != plan.LeftJoin && j.Kind != plan.InnerJoin || len(j.Equi) == 0 || len(j.Residual) > 0 {
		return nil, false
	}
	left, right := plan.Outputs(j.Left), plan.Outputs(j.Right)
	keys := plan.ColumnSet{}
	for _, g := range n.Groups {
		c, ok := b.substitute(g.Expr).(*plan.Column)
		if !ok || !left.Has(c.ID) {
			return nil, false
		}
		keys.Add(c.ID)
	}
	if !isUnique(j.Left, keys) || !o.eagerAggs(n.Aggs, b, right) {
		return nil, false
	}
	agg := &plan.Aggregate{Input: j.Right}
	conds := make([]plan.Expr, len(j.Equi))
	for i, p := range j.Equi {
		if p.NullSafe {
			return nil, false
		}
		conds[i] = &plan.Compare{Op: plan.Eq, L: p.Left, R: o.groupKey(agg, p.Right)}
	}
	e := o.estimator()
	if e.rows(agg) > worthEager*e.rows(j.Right) {
		return nil, false
	}
	var out []plan.NamedExpr
	for _, g := range n.Groups {
		out = append(out, plan.NamedExpr{Out: g.Out, Expr: b.substitute(g.Expr)})
	}
	for _, a := range n.Aggs {
		own := plan.NamedAgg{Out: o.fresh(a.Out), Agg: substituteAgg(a.Agg, b)}
		agg.Aggs = append(agg.Aggs, own)
		out = append(out, plan.NamedExpr{Out: a.Out, Expr: eagerResult(j.Kind, own)})
	}
	return &plan.Project{Input: newJoin(j.Kind, j.Left, agg, conds), Exprs: out}, true
}

// joinBelow finds a join under projections that only rename.
func joinBelow(n plan.Node) (*plan.Join, binding) {
	switch n := n.(type) {
	case *plan.Join:
		return n, binding{}
	case *plan.Project:
		if !onlyRenames(n) {
			return nil, nil
		}
		j, b := joinBelow(n.Input)
		if j == nil {
			return nil, nil
		}
		for _, e := range n.Exprs {
			b[e.Out.ID] = b.substitute(e.Expr)
		}
		return j, b
	}
	return nil, nil
}

// eagerAggs: every aggregate is of right columns alone, or counts rows.
func (o *optimizer) eagerAggs(aggs []plan.NamedAgg, b binding, right plan.ColumnSet) bool {
	for _, a := range aggs {
		if a.Agg.Distinct || len(a.Agg.OrderBy) > 0 || a.Agg.Filter != nil {
			return false
		}
		switch a.Agg.Fn.Name {
		case "count", "sum", "min", "max", "avg":
		default:
			return false
		}
		for _, e := range a.Agg.Arg {
			if e = b.substitute(e); !within(e, right) || len(refs(e)) == 0 || volatile(e) {
				return false
			}
			// over a NULL-extended row the argument must be NULL, as the missing group's value is
			if !rejectsNulls(o, []plan.Expr{&plan.IsNull{X: e, Negate: true}}, right) {
				return false
			}
		}
	}
	return true
}

func substituteAgg(a plan.AggCall, b binding) plan.AggCall {
	a.Arg = b.list(a.Arg)
	return a
}

// eagerResult is what an outer row gets: without a group counts are 0, and count(*) counts the
// NULL-extended row.
func eagerResult(kind plan.JoinKind, a plan.NamedAgg) plan.Expr {
	out := a.Out
	if kind == plan.InnerJoin || a.Agg.Fn.Name != "count" {
		return &out
	}
	out.NotNull = false
	missing := int64(0)
	if len(a.Agg.Arg) == 0 {
		missing = 1
	}
	return &plan.Coalesce{Arg: []plan.Expr{&out, &plan.Const{Value: types.Int(out.Typ, missing)}}, Typ: out.Typ}
}
