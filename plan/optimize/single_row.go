package optimize

import (
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// singleRow is a right side that delivers one row for every outer row, or none when a predicate
// above it fails: projections and filters over an aggregate without groups or over a literal row.
type singleRow struct {
	// result says how the right side's columns are computed from the base's columns, having which
	// predicates must hold for the row to exist.
	result binding
	having []plan.Expr
	agg    *plan.Aggregate // nil: a literal row
}

func matchSingleRow(n plan.Node) (*singleRow, bool) {
	switch n := n.(type) {
	case *plan.Aggregate:
		if len(n.Groups) > 0 {
			return nil, false
		}
		return &singleRow{result: binding{}, agg: n}, true
	case *plan.Values:
		if len(n.Rows) != 1 {
			return nil, false
		}
		s := &singleRow{result: binding{}}
		for i, c := range n.Cols {
			s.result[c.ID] = n.Rows[0][i]
		}
		return s, true
	case *plan.Project:
		s, ok := matchSingleRow(n.Input)
		if !ok {
			return nil, false
		}
		for _, e := range n.Exprs {
			if volatile(e.Expr) {
				return nil, false
			}
			s.result[e.Out.ID] = s.result.substitute(e.Expr)
		}
		return s, true
	case *plan.Filter:
		s, ok := matchSingleRow(n.Input)
		if !ok {
			return nil, false
		}
		s.having = append(s.having, s.result.list(n.Preds)...)
		return s, true
	case *plan.Sort:
		if n.Limit < 0 {
			return matchSingleRow(n.Input)
		}
	}
	return nil, false
}

// singleRowApply joins the outer side with its aggregates, computed per correlation key, and moves
// the projections and predicates above the join. An outer row without a group gets what an
// aggregate of no rows is: 0 for counts, NULL else.
//
//	Left Apply (a, Project 2 * n (Aggregate count(*) AS n (Filter b.x = a.x (b))))
//	  ⇒  Project 2 * coalesce(n, 0) (Left Join on a.x = b.x (a, Aggregate by b.x: count(*) AS n (b)))
func (o *optimizer) singleRowApply(a *plan.Apply, outer plan.ColumnSet) (plan.Node, bool) {
	s, ok := matchSingleRow(a.Right)
	if !ok {
		return nil, false
	}
	if s.agg == nil {
		return s.above(a, a.Left), true
	}
	joined := a.Left
	agg, conds := o.groupedAggregate(s.agg, outer)
	if agg == nil {
		agg, joined, conds = o.domainAggregate(a, s.agg, outer)
		if o.err != nil {
			return a, true
		}
	}
	over := binding{}
	agg.Aggs = append([]plan.NamedAgg(nil), agg.Aggs...)
	for i, g := range agg.Aggs {
		agg.Aggs[i].Out = o.fresh(g.Out)
		over[g.Out.ID] = overNothing(agg.Aggs[i])
	}
	for id, e := range s.result {
		s.result[id] = over.substitute(e)
	}
	for id, e := range over {
		s.result[id] = e
	}
	s.having = over.list(s.having)
	return s.above(a, newJoin(plan.LeftJoin, joined, agg, conds)), true
}

// overNothing is aggregate column g of a left join whose outer rows may have no group.
func overNothing(g plan.NamedAgg) plan.Expr {
	out := g.Out
	out.NotNull = false
	if !countsRows(&g.Agg) {
		return &out
	}
	return &plan.Coalesce{Arg: []plan.Expr{&out, &plan.Const{Value: types.Int(g.Out.Typ, 0)}}, Typ: g.Out.Typ}
}

// countsRows reports the aggregates that are 0, not NULL, over no rows.
func countsRows(a *plan.AggCall) bool { return a.Fn.Name == "count" || a.Fn.Name == "regr_count" }

// above finishes by the apply's kind; input delivers the left columns and the aggregates.
func (s *singleRow) above(a *plan.Apply, input plan.Node) plan.Node {
	conds := append(s.having, s.result.list(a.On)...)
	left := a.Left.Columns()
	cols := a.Right.Columns()
	switch a.Kind {
	case plan.SemiJoin:
		return keep(filter(input, conds), left)
	case plan.AntiJoin:
		return keep(filter(input, []plan.Expr{&plan.Not{X: isTrue(conds)}}), left)
	case plan.MarkJoin:
		mark := plan.NamedExpr{Out: a.Mark, Expr: isTrue(conds)}
		return &plan.Project{Input: input, Exprs: append(identity(left), mark)}
	}
	out := identity(left)
	for _, c := range cols {
		e := s.result.substitute(plan.Ref(c))
		if a.Kind == plan.InnerJoin {
			out = append(out, plan.NamedExpr{Out: c, Expr: e})
			continue
		}
		if len(conds) > 0 {
			e = &plan.Case{Whens: []plan.When{{Cond: plan.AndOf(conds), Then: e}}, Typ: c.Typ}
			c.NotNull = false
		}
		out = append(out, plan.NamedExpr{Out: c, Expr: e})
	}
	if a.Kind == plan.InnerJoin {
		input = filter(input, conds)
	}
	return &plan.Project{Input: input, Exprs: out}
}

// isTrue is the conjunction with NULL as false.
func isTrue(conds []plan.Expr) plan.Expr {
	if len(conds) == 0 {
		return constBool(true)
	}
	return &plan.Coalesce{Arg: []plan.Expr{plan.AndOf(conds), constBool(false)}, Typ: types.TBoolean}
}

// groupedAggregate groups the aggregate by the inner sides of its equality correlations; nil when
// its correlation is of another form.
func (o *optimizer) groupedAggregate(n *plan.Aggregate, outer plan.ColumnSet) (*plan.Aggregate, []plan.Expr) {
	if touchesAny(plan.Exprs(n), outer) {
		return nil, nil
	}
	in, conds, ok := o.pull(n.Input, outer)
	if !ok || len(conds) == 0 {
		return nil, nil
	}
	m := *n
	m.Input = in
	conds, ok = o.groupByKeys(&m, conds, outer)
	if !ok {
		return nil, nil
	}
	return &m, conds
}

// domainAggregate groups the aggregate by the outer columns themselves.
func (o *optimizer) domainAggregate(a *plan.Apply, n *plan.Aggregate, outer plan.ColumnSet) (*plan.Aggregate, plan.Node, []plan.Expr) {
	d := o.newDomain(a.Left, outer)
	agg, r := d.aggregateByDomain(n)
	return agg, d.left(), d.conditions(r)
}
