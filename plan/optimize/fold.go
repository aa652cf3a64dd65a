package optimize

import (
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// normalise is the rule "normalise": constant folding and simplification of every expression, then
// of filters and joins whose condition is constant.
//
//	Filter NOT (a < 1 + 1 OR false), true        ⇒  Filter (a >= 2)
//	Filter (a = 1 AND b = 2) OR (a = 1 AND c = 3)  ⇒  Filter (a = 1), (b = 2 OR c = 3)
func normalise(o *optimizer, root plan.Node) plan.Node {
	return plan.RewriteNodes(root, o.normaliseNode)
}

func (o *optimizer) normaliseNode(n plan.Node) plan.Node {
	s := simplifier{o: o, children: n.Children()}
	if f, ok := n.(*plan.Filter); ok {
		s.children = []plan.Node{f.Input}
	}
	n = rewriteExprs(n, s.step)
	switch n := n.(type) {
	case *plan.Filter:
		preds, never := s.conjuncts(n.Preds)
		if never {
			return &plan.Empty{Cols: n.Columns()}
		}
		if len(preds) == 0 {
			return n.Input
		}
		return filter(n.Input, preds)
	case *plan.Scan:
		return n
	case *plan.Join:
		return s.join(n)
	}
	return n
}

// join splits and simplifies a join's conditions; a condition that is never true becomes FALSE.
func (s *simplifier) join(n *plan.Join) plan.Node {
	if n.NullAware {
		return n
	}
	conds, never := s.conjuncts(joinConds(n))
	if never {
		conds = []plan.Expr{constBool(false)}
	}
	m := *n
	setConds(&m, conds)
	return &m
}

// conjuncts splits predicates that are all required into simplified conjuncts. never reports that
// one of them is FALSE or NULL.
func (s *simplifier) conjuncts(preds []plan.Expr) (out []plan.Expr, never bool) {
	for _, p := range preds {
		for _, c := range plan.Conjuncts(p) {
			c = s.required(c)
			if k, ok := c.(*plan.Const); ok {
				if k.Value.Null || k.Value.I == 0 {
					return nil, true
				}
				continue
			}
			out = append(out, plan.Conjuncts(c)...)
		}
	}
	return dedupe(out), false
}

// required simplifies a predicate of which only "is true" matters: FALSE and NULL are alike.
func (s *simplifier) required(e plan.Expr) plan.Expr {
	c, ok := e.(*plan.Compare)
	if !ok || volatile(e) || key(c.L) != key(c.R) {
		return e
	}
	switch c.Op {
	case plan.Eq, plan.Le, plan.Ge:
		return s.step(&plan.IsNull{X: c.L, Negate: true})
	case plan.Ne, plan.Lt, plan.Gt:
		return constBool(false)
	}
	return e
}

func constBool(b bool) plan.Expr { return &plan.Const{Value: types.Bool(b)} }
func constNull(t types.Type) plan.Expr {
	return &plan.Const{Value: types.Null(t)}
}

// boolConst recognises TRUE, FALSE (in value) and NULL constants.
func boolConst(e plan.Expr) (value, null, ok bool) {
	c, ok := e.(*plan.Const)
	if !ok {
		return false, false, false
	}
	return c.Value.I != 0, c.Value.Null, true
}

func isNullConst(e plan.Expr) bool {
	c, ok := e.(*plan.Const)
	return ok && c.Value.Null
}

// foldConst evaluates e, whose arguments are all constants; on any error e stays, so that the error
// is raised only when a row reaches it.
func (o *optimizer) foldConst(e plan.Expr) plan.Expr {
	if o.env.Fold == nil {
		return e
	}
	switch c := e.(type) {
	case *plan.Const, *plan.Column, *plan.Param, *plan.RuntimeValue, *plan.Subquery:
		return e
	case *plan.Call:
		if c.Fn.Volatile || c.Fn.Stable {
			return e
		}
	}
	for _, a := range e.Args() {
		if _, ok := a.(*plan.Const); !ok {
			return e
		}
	}
	v, err := o.env.Fold(e)
	if err != nil {
		return e
	}
	v.Type = e.Type()
	return &plan.Const{Value: v}
}

// aggCall makes a call of the aggregate called name, typed for its arguments.
func (o *optimizer) aggCall(name string, args []plan.Expr) (plan.AggCall, bool) {
	if o.env.Aggregate == nil {
		return plan.AggCall{}, false
	}
	fn, ok := o.env.Aggregate(name)
	if !ok {
		return plan.AggCall{}, false
	}
	in := make([]types.Type, len(args))
	for i, a := range args {
		in[i] = a.Type()
	}
	coerced, result, ok := fn.Resolve(in)
	if !ok {
		return plan.AggCall{}, false
	}
	out := make([]plan.Expr, len(args))
	for i, a := range args {
		out[i] = a
		if i < len(coerced) && coerced[i] != in[i] {
			out[i] = &plan.Cast{X: a, Typ: coerced[i], Span: plan.NoSpan}
		}
	}
	return plan.AggCall{Fn: fn, Arg: out, Typ: result}, true
}
