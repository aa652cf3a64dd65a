package optimize

import "github.com/oxidb/oxidb/plan"

// mergeProjects is the rule "merge_projects": a projection of a projection is one, when nothing is
// computed twice by it; a projection that changes nothing goes.
//
//	Project y + 1 AS z (Project x * 2 AS y (a))  ⇒  Project x * 2 + 1 AS z (a)
func mergeProjects(o *optimizer, root plan.Node) plan.Node {
	return plan.RewriteNodes(root, func(n plan.Node) plan.Node {
		if a, ok := n.(*plan.Aggregate); ok {
			return overRenames(a)
		}
		p, ok := n.(*plan.Project)
		if !ok {
			return n
		}
		if in, ok := p.Input.(*plan.Project); ok && mergeable(p, in) {
			p = mergeTwo(p, in)
		}
		if unchanged(p) {
			return p.Input
		}
		return p
	})
}

// overRenames lets an aggregate refer to the columns below a projection that only renames.
func overRenames(a *plan.Aggregate) plan.Node {
	p, ok := a.Input.(*plan.Project)
	if !ok || !onlyRenames(p) {
		return a
	}
	b := binding{}
	for _, e := range p.Exprs {
		b[e.Out.ID] = e.Expr
	}
	m := *a
	m.Input = p.Input
	return plan.MapExprs(&m, b.substitute)
}

func unchanged(p *plan.Project) bool {
	if !onlyRenames(p) || !sameColumns(p.Columns(), p.Input.Columns()) {
		return false
	}
	for _, e := range p.Exprs {
		if e.Expr.(*plan.Column).ID != e.Out.ID {
			return false
		}
	}
	return true
}

func mergeable(p, in *plan.Project) bool {
	uses := map[plan.ColumnID]int{}
	for _, e := range p.Exprs {
		plan.Walk(e.Expr, func(e plan.Expr) bool {
			if c, ok := e.(*plan.Column); ok {
				uses[c.ID]++
			}
			return true
		})
	}
	for _, e := range in.Exprs {
		switch e.Expr.(type) {
		case *plan.Column, *plan.Const:
			continue
		}
		if uses[e.Out.ID] > 1 || uses[e.Out.ID] == 1 && volatile(e.Expr) {
			return false
		}
	}
	return true
}

func mergeTwo(p, in *plan.Project) *plan.Project {
	b := binding{}
	for _, e := range in.Exprs {
		b[e.Out.ID] = e.Expr
	}
	m := &plan.Project{Input: in.Input, Exprs: make([]plan.NamedExpr, len(p.Exprs))}
	for i, e := range p.Exprs {
		m.Exprs[i] = plan.NamedExpr{Out: e.Out, Expr: b.substitute(e.Expr)}
	}
	return m
}
