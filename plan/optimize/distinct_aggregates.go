package optimize

import (
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// distinctAggregates is the rule "distinct_aggregates": when all DISTINCT aggregates have one
// argument, grouping by it as well makes its values distinct; the other aggregates are computed in
// two steps.
//
//	Aggregate by g: count(DISTINCT x), sum(y)
//	  ⇒  Aggregate by g: count(x), sum(s) (Aggregate by g, x: sum(y) AS s)
func distinctAggregates(o *optimizer, root plan.Node) plan.Node {
	return plan.RewriteNodes(root, func(n plan.Node) plan.Node {
		if a, ok := n.(*plan.Aggregate); ok {
			if m, ok := o.twoLevels(a); ok {
				return m
			}
		}
		return n
	})
}

func (o *optimizer) twoLevels(n *plan.Aggregate) (plan.Node, bool) {
	arg := distinctArgument(n.Aggs)
	if arg == nil || volatile(arg) {
		return nil, false
	}
	inner := &plan.Aggregate{Input: n.Input}
	outer := &plan.Aggregate{Input: inner}
	out := []plan.NamedExpr{}
	for _, g := range n.Groups {
		c := o.fresh(g.Out)
		inner.Groups = append(inner.Groups, plan.NamedExpr{Out: c, Expr: g.Expr})
		outer.Groups = append(outer.Groups, plan.NamedExpr{Out: g.Out, Expr: plan.Ref(c)})
		out = append(out, plan.NamedExpr{Out: g.Out, Expr: plan.Ref(g.Out)})
	}
	value := o.groupKey(inner, arg)
	for _, a := range n.Aggs {
		e, ok := o.outerAggregate(inner, outer, a, value)
		if !ok {
			return nil, false
		}
		out = append(out, plan.NamedExpr{Out: a.Out, Expr: e})
	}
	return &plan.Project{Input: outer, Exprs: out}, true
}

// distinctArgument is the one argument of all DISTINCT aggregates; nil when there is none, or more.
func distinctArgument(aggs []plan.NamedAgg) plan.Expr {
	var arg plan.Expr
	for _, a := range aggs {
		if !a.Agg.Distinct {
			continue
		}
		if len(a.Agg.Arg) != 1 || a.Agg.Filter != nil || len(a.Agg.OrderBy) > 0 {
			return nil
		}
		if arg != nil && key(arg) != key(a.Agg.Arg[0]) {
			return nil
		}
		arg = a.Agg.Arg[0]
	}
	return arg
}

// outerAggregate adds a's second step to outer, and its first to inner unless it is DISTINCT.
func (o *optimizer) outerAggregate(inner, outer *plan.Aggregate, a plan.NamedAgg, value plan.Expr) (plan.Expr, bool) {
	call := a.Agg
	if call.Distinct {
		call.Distinct = false
		call.Arg = []plan.Expr{value}
		col := o.fresh(a.Out)
		outer.Aggs = append(outer.Aggs, plan.NamedAgg{Out: col, Agg: call})
		return &col, true
	}
	step := map[string]string{"count": "sum", "sum": "sum", "min": "min", "max": "max", "any_value": "any_value"}[call.Fn.Name]
	if step == "" || len(call.OrderBy) > 0 || call.Typ.IsFloat() {
		return nil, false
	}
	part := o.fresh(a.Out)
	inner.Aggs = append(inner.Aggs, plan.NamedAgg{Out: part, Agg: call})
	total, ok := o.aggCall(step, []plan.Expr{&part})
	if !ok {
		return nil, false
	}
	col := o.column(a.Out.Name, total.Typ, false)
	outer.Aggs = append(outer.Aggs, plan.NamedAgg{Out: col, Agg: total})
	return finish(&call, &col, a.Out.Typ), true
}

// finish gives the second step's result the type, and over no rows the value, of the aggregate.
func finish(call *plan.AggCall, col *plan.Column, t types.Type) plan.Expr {
	var e plan.Expr = col
	if col.Typ != t {
		e = &plan.Cast{X: col, Typ: t, Span: plan.NoSpan}
	}
	if call.Fn.Name == "count" {
		e = &plan.Coalesce{Arg: []plan.Expr{e, &plan.Const{Value: types.Int(t, 0)}}, Typ: t}
	}
	return e
}
