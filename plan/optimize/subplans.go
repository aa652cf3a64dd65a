package optimize

import "github.com/oxidb/oxidb/plan"

// subplan is a body that a tree reads without having it as a child: of a Shared node or of a
// RuntimeValue. The optimizer owns its copy and replaces the body in place.
type subplan struct {
	shared  *plan.SharedPlan
	runtime *plan.RuntimeValue
}

func (s subplan) get() plan.Node {
	if s.shared != nil {
		return s.shared.Input
	}
	return s.runtime.Input
}

func (s subplan) set(n plan.Node) {
	if s.shared != nil {
		s.shared.Input = n
	} else {
		s.runtime.Input = n
	}
}

// subplans lists everything that root reads, each once, a body before those that read it.
func subplans(root plan.Node) []subplan {
	var out []subplan
	seen := map[any]bool{}
	var walk func(plan.Node)
	walk = func(n plan.Node) {
		visitNodes(n, func(n plan.Node) {
			if s, ok := n.(*plan.Shared); ok && !seen[s.Plan] {
				seen[s.Plan] = true
				walk(s.Plan.Input)
				out = append(out, subplan{shared: s.Plan})
			}
			for _, v := range plan.RuntimeValues(n) {
				if !seen[v] {
					seen[v] = true
					walk(v.Input)
					out = append(out, subplan{runtime: v})
				}
			}
		})
	}
	walk(root)
	return out
}

// reachable is subplans for a tree that still has subqueries.
func reachable(root plan.Node) []subplan {
	var out []subplan
	seen := map[subplan]bool{}
	var walk func(plan.Node)
	walk = func(n plan.Node) {
		visitDeep(n, func(n plan.Node) {
			for _, s := range subplans(n) {
				if !seen[s] {
					seen[s] = true
					walk(s.get())
					out = append(out, s)
				}
			}
		})
	}
	walk(root)
	return out
}

// adopt copies root's shared plans and runtime constants, so that the optimizer may change them.
func (o *optimizer) adopt(root plan.Node) plan.Node {
	return (&adopter{shared: map[*plan.SharedPlan]*plan.SharedPlan{}, runtime: map[*plan.RuntimeValue]*plan.RuntimeValue{}}).tree(root)
}

type adopter struct {
	shared  map[*plan.SharedPlan]*plan.SharedPlan
	runtime map[*plan.RuntimeValue]*plan.RuntimeValue
}

func (a *adopter) tree(root plan.Node) plan.Node {
	return plan.RewriteNodes(root, func(n plan.Node) plan.Node {
		if s, ok := n.(*plan.Shared); ok {
			m := *s
			m.Plan = a.body(s.Plan)
			return &m
		}
		return rewriteExprs(n, a.expr)
	})
}

func (a *adopter) body(p *plan.SharedPlan) *plan.SharedPlan {
	if q := a.shared[p]; q != nil {
		return q
	}
	q := &plan.SharedPlan{Name: p.Name}
	a.shared[p] = q
	q.Input = a.tree(p.Input)
	return q
}

func (a *adopter) expr(e plan.Expr) plan.Expr {
	switch e := e.(type) {
	case *plan.Subquery:
		c := *e
		c.Input = a.tree(e.Input)
		return &c
	case *plan.RuntimeValue:
		v := a.runtime[e]
		if v == nil {
			v = &plan.RuntimeValue{Typ: e.Typ}
			a.runtime[e] = v
			v.Input = a.tree(e.Input)
		}
		return v
	}
	return e
}

// maxColumn is the largest column id anywhere in root, its subqueries and sub-plans.
func maxColumn(root plan.Node) plan.ColumnID {
	var top plan.ColumnID
	seen := map[any]bool{}
	var node func(plan.Node)
	note := func(e plan.Expr) bool {
		switch e := e.(type) {
		case *plan.Column:
			top = max(top, e.ID)
		case *plan.Subquery:
			node(e.Input)
		case *plan.RuntimeValue:
			if !seen[e] {
				seen[e] = true
				node(e.Input)
			}
		}
		return true
	}
	node = func(n plan.Node) {
		for _, c := range n.Columns() {
			top = max(top, c.ID)
		}
		for _, e := range plan.Exprs(n) {
			plan.Walk(e, note)
		}
		if s, ok := n.(*plan.Shared); ok && !seen[s.Plan] {
			seen[s.Plan] = true
			node(s.Plan.Input)
		}
		for _, c := range n.Children() {
			node(c)
		}
	}
	node(root)
	return top
}
