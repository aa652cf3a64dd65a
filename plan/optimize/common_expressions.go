package optimize

import "github.com/oxidb/oxidb/plan"

// commonExpressions is the rule "common_expressions": what an aggregate or projection computes
// several times is computed once, in a projection below. At least one of the places must evaluate it
// for every row, so that nothing fails that would not have failed before.
//
//	Aggregate: sum(a * (1 - b)), sum(a * (1 - b) * c) (t)
//	  ⇒  Aggregate: sum(x), sum(x * c) (Project a, b, c, a * (1 - b) AS x (t))
func commonExpressions(o *optimizer, root plan.Node) plan.Node {
	return plan.RewriteNodes(root, func(n plan.Node) plan.Node {
		switch n := n.(type) {
		case *plan.Aggregate:
			return o.shareExpressions(n, n.Input)
		case *plan.Project:
			return o.shareExpressions(n, n.Input)
		}
		return n
	})
}

// occurrences counts how often each computed expression stands in a node.
type occurrences struct {
	all, always map[string]int
	order       []string
}

func (o *optimizer) shareExpressions(n, input plan.Node) plan.Node {
	c := occurrences{all: map[string]int{}, always: map[string]int{}}
	if a, ok := n.(*plan.Aggregate); ok {
		for _, g := range a.Groups {
			c.count(g.Expr, true)
		}
		for _, g := range a.Aggs {
			c.count(g.Agg.Filter, true)
			for _, e := range g.Agg.Arg {
				c.count(e, g.Agg.Filter == nil)
			}
		}
	} else {
		for _, e := range plan.Exprs(n) {
			c.count(e, true)
		}
	}
	s := sharedExprs{o: o, repeated: map[string]bool{}, made: map[string]plan.Column{}}
	for _, k := range c.order {
		s.repeated[k] = c.all[k] > 1 && c.always[k] > 0
	}
	m := plan.MapExprs(n, s.replace)
	if len(s.exprs) == 0 {
		return n
	}
	below := &plan.Project{Input: input, Exprs: append(identity(input.Columns()), s.exprs...)}
	return m.With([]plan.Node{below})
}

// count visits e and its parts; always says whether every row evaluates e.
func (c *occurrences) count(e plan.Expr, always bool) {
	if e == nil {
		return
	}
	if worthSharing(e) {
		k := key(e)
		if c.all[k] == 0 {
			c.order = append(c.order, k)
		}
		c.all[k]++
		if always {
			c.always[k]++
		}
		if c.all[k] > 1 { // its parts repeat only because it does
			return
		}
	}
	for i, a := range e.Args() {
		lazy := false
		switch e.(type) {
		case *plan.Case, *plan.Coalesce, *plan.And, *plan.Or:
			lazy = i > 0
		}
		c.count(a, always && !lazy)
	}
}

// worthSharing: computations, not columns, constants or mere conversions of them.
func worthSharing(e plan.Expr) bool {
	switch e.(type) {
	case *plan.Arith, *plan.Call, *plan.Case, *plan.Like:
		return len(refs(e)) > 0 && !volatile(e)
	}
	return false
}

type sharedExprs struct {
	o        *optimizer
	repeated map[string]bool
	made     map[string]plan.Column
	exprs    []plan.NamedExpr
}

// replace puts columns in place of the largest repeated expressions.
func (s *sharedExprs) replace(e plan.Expr) plan.Expr {
	if worthSharing(e) {
		if k := key(e); s.repeated[k] {
			c, ok := s.made[k]
			if !ok {
				c = s.o.column("expr", e.Type(), false)
				s.made[k] = c
				s.exprs = append(s.exprs, plan.NamedExpr{Out: c, Expr: e})
			}
			return plan.Ref(c)
		}
	}
	args := e.Args()
	changed := false
	out := make([]plan.Expr, len(args))
	for i, a := range args {
		out[i] = s.replace(a)
		changed = changed || out[i] != a
	}
	if !changed {
		return e
	}
	return e.With(out)
}
