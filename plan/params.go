package plan

import "github.com/oxidb/oxidb/types"

// WithParams gives a copy of root in which $1, $2, … are the constants values; the values have the
// parameters' types.
func WithParams(root Node, values []types.Value) Node {
	p := paramBinder{values: values, shared: map[*SharedPlan]*SharedPlan{}}
	return p.node(root)
}

// ExprWithParams is WithParams for a single expression.
func ExprWithParams(e Expr, values []types.Value) Expr {
	p := paramBinder{values: values, shared: map[*SharedPlan]*SharedPlan{}}
	return p.expr(e)
}

type paramBinder struct {
	values []types.Value
	shared map[*SharedPlan]*SharedPlan
}

func (p *paramBinder) node(n Node) Node {
	return RewriteNodes(n, func(n Node) Node {
		n = MapExprs(n, p.expr)
		if s, ok := n.(*Shared); ok {
			bound, seen := p.shared[s.Plan]
			if !seen {
				bound = &SharedPlan{Name: s.Plan.Name, Input: p.node(s.Plan.Input)}
				p.shared[s.Plan] = bound
			}
			m := *s
			m.Plan = bound
			return &m
		}
		return n
	})
}

func (p *paramBinder) expr(e Expr) Expr {
	return Rewrite(e, func(e Expr) Expr {
		switch e := e.(type) {
		case *Param:
			if e.Index <= len(p.values) {
				return &Const{p.values[e.Index-1]}
			}
		case *Subquery:
			m := *e
			m.Input = p.node(e.Input)
			return &m
		case *RuntimeValue:
			return &RuntimeValue{Input: p.node(e.Input), Typ: e.Typ}
		}
		return e
	})
}
