package optimize

import (
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// shareAggregates is the rule "share_aggregates": equal aggregates are computed once, avg is a sum
// divided by a count, and counting a column without NULLs is counting rows.
//
//	Aggregate: sum(x), avg(x), count(x), x NOT NULL
//	  ⇒  Project sum, sum / count, count (Aggregate: sum(x), count(*))
func shareAggregates(o *optimizer, root plan.Node) plan.Node {
	return plan.RewriteNodes(root, func(n plan.Node) plan.Node {
		if a, ok := n.(*plan.Aggregate); ok && len(a.Aggs) > 0 {
			return o.shareIn(a)
		}
		return n
	})
}

// sharing collects the aggregates that are really computed.
type sharing struct {
	o       *optimizer
	notNull simplifier
	aggs    []plan.NamedAgg
	byKey   map[string]plan.Column
}

func (o *optimizer) shareIn(n *plan.Aggregate) plan.Node {
	s := sharing{o: o, notNull: simplifier{o: o, children: []plan.Node{n.Input}}, byKey: map[string]plan.Column{}}
	out := make([]plan.NamedExpr, 0, len(n.Groups)+len(n.Aggs))
	for _, g := range n.Groups {
		out = append(out, plan.NamedExpr{Out: g.Out, Expr: plan.Ref(g.Out)})
	}
	changed := false
	for _, a := range n.Aggs {
		e := s.value(a)
		c, same := e.(*plan.Column)
		changed = changed || !same || c.ID != a.Out.ID
		out = append(out, plan.NamedExpr{Out: a.Out, Expr: e})
	}
	if !changed && len(s.aggs) == len(n.Aggs) {
		m := *n
		m.Aggs = s.aggs
		return &m
	}
	m := *n
	m.Aggs = s.aggs
	return &plan.Project{Input: &m, Exprs: out}
}

// value gives aggregate a as an expression over shared ones.
func (s *sharing) value(a plan.NamedAgg) plan.Expr {
	call := a.Agg
	if call.Fn.Name == "avg" && !call.Distinct && len(call.OrderBy) == 0 {
		if e, ok := s.average(&call); ok {
			return e
		}
	}
	return plan.Ref(s.add(call, a.Out))
}

// add computes call once; out is its column if it is the first.
func (s *sharing) add(call plan.AggCall, out plan.Column) plan.Column {
	if call.Fn.Name == "count" && len(call.Arg) == 1 && !call.Distinct && s.notNull.nonNull(call.Arg[0]) {
		call.Arg = nil
	}
	if (call.Fn.Name == "min" || call.Fn.Name == "max") && call.Distinct {
		call.Distinct = false
	}
	for _, e := range append(call.Arg[:len(call.Arg):len(call.Arg)], call.Filter) {
		if e != nil && volatile(e) {
			s.aggs = append(s.aggs, plan.NamedAgg{Out: out, Agg: call})
			return out
		}
	}
	k := aggKey(&call)
	if c, ok := s.byKey[k]; ok {
		return c
	}
	s.byKey[k] = out
	s.aggs = append(s.aggs, plan.NamedAgg{Out: out, Agg: call})
	return out
}

// average is sum(x) / count(x) in avg's result type.
func (s *sharing) average(call *plan.AggCall) (plan.Expr, bool) {
	if call.Typ.Kind != types.Numeric && call.Typ.Kind != types.Double || volatile(call.Arg[0]) {
		return nil, false
	}
	sum, ok1 := s.o.aggCall("sum", call.Arg)
	count, ok2 := s.o.aggCall("count", call.Arg)
	if !ok1 || !ok2 {
		return nil, false
	}
	sum.Filter, count.Filter = call.Filter, call.Filter
	total := s.operand(s.add(sum, s.o.column("sum", sum.Typ, false)), call.Typ)
	number := s.operand(s.add(count, s.o.column("count", count.Typ, true)), call.Typ)
	return &plan.Arith{Op: plan.Div, L: total, R: number, Typ: call.Typ, Span: plan.NoSpan}, true
}

// operand converts a sum or count for the division: integers become numeric or double precision.
func (s *sharing) operand(c plan.Column, result types.Type) plan.Expr {
	if c.Typ.Kind == result.Kind {
		return plan.Ref(c)
	}
	to := result
	if result.Kind == types.Numeric {
		to = types.TNumeric(19, 0)
	}
	return &plan.Cast{X: plan.Ref(c), Typ: to, Span: plan.NoSpan}
}
