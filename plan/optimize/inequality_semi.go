package optimize

import (
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// inequalitySemi is the rule "inequality_semi": whether a partner of the same key exists with an
// unequal (or smaller, or larger) value is decided by the least and greatest value of the key.
//
//	Semi Join on a.k = b.k AND a.x <> b.x (a, b)
//	  ⇒  Inner Join on a.k = b.k AND (a.x <> lo OR a.x <> hi) (a, Aggregate by b.k: min(b.x) AS lo, max(b.x) AS hi (b))
func inequalitySemi(o *optimizer, root plan.Node) plan.Node {
	return plan.RewriteNodes(root, func(n plan.Node) plan.Node {
		j, ok := n.(*plan.Join)
		if !ok || j.Kind != plan.SemiJoin && j.Kind != plan.AntiJoin || len(j.Equi) == 0 || len(j.Residual) != 1 {
			return n
		}
		if m, ok := o.boundsJoin(j); ok {
			return m
		}
		return n
	})
}

func (o *optimizer) boundsJoin(j *plan.Join) (plan.Node, bool) {
	op, outer, inner, ok := inequality(j)
	if !ok {
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
	var tests []plan.Expr
	for _, name := range extremes[op] {
		call, ok := o.aggCall(name, []plan.Expr{inner})
		if !ok || call.Typ != outer.Type() {
			return nil, false
		}
		out := o.column(name, call.Typ, false)
		agg.Aggs = append(agg.Aggs, plan.NamedAgg{Out: out, Agg: call})
		tests = append(tests, &plan.Compare{Op: op, L: outer, R: &out})
	}
	test := tests[0]
	if len(tests) > 1 {
		test = &plan.Or{Terms: tests}
	}
	cols := identity(j.Left.Columns())
	if j.Kind == plan.SemiJoin {
		return &plan.Project{Input: newJoin(plan.InnerJoin, j.Left, agg, append(conds, test)), Exprs: cols}, true
	}
	found := &plan.Coalesce{Arg: []plan.Expr{test, constBool(false)}, Typ: types.TBoolean}
	left := newJoin(plan.LeftJoin, j.Left, agg, conds)
	return &plan.Project{Input: filter(left, []plan.Expr{&plan.Not{X: found}}), Exprs: cols}, true
}

// extremes says which bounds decide x op some value: x < some value if x < the greatest.
var extremes = map[plan.CompareOp][]string{
	plan.Ne: {"min", "max"}, plan.Lt: {"max"}, plan.Le: {"max"}, plan.Gt: {"min"}, plan.Ge: {"min"},
}

// inequality reads the residual as outer op inner.
func inequality(j *plan.Join) (op plan.CompareOp, outer, inner plan.Expr, ok bool) {
	c, ok := j.Residual[0].(*plan.Compare)
	if !ok || volatile(c) || c.L.Type().IsFloat() {
		return 0, nil, nil, false
	}
	l, r := plan.Outputs(j.Left), plan.Outputs(j.Right)
	op, outer, inner = c.Op, c.L, c.R
	if within(outer, r) {
		op, outer, inner = op.Flip(), inner, outer
	}
	_, known := extremes[op]
	ok = known && within(outer, l) && within(inner, r) && len(refs(inner)) > 0
	return op, outer, inner, ok
}
