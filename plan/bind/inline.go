package bind

import "github.com/oxidb/oxidb/plan"

// inlining puts the body of a CTE with one reader in the reader's place.
type inlining struct {
	uses map[*plan.SharedPlan]*sharedUse
	subs map[*plan.Subquery]*plan.Subquery
	done map[*plan.SharedPlan]bool
}

// inlineShared rewrites every plan of a bound statement.
func (b *Binder) inlineShared(s plan.Statement) {
	if len(b.shared) == 0 {
		return
	}
	in := &inlining{b.shared, map[*plan.Subquery]*plan.Subquery{}, map[*plan.SharedPlan]bool{}}
	in.statement(s)
}

func (in *inlining) statement(s plan.Statement) {
	switch s := s.(type) {
	case *plan.Query:
		s.Root = in.tree(s.Root)
	case *plan.Insert:
		s.Input = in.tree(s.Input)
		if s.Conflict != nil && s.Conflict.Update != nil {
			in.statement(s.Conflict.Update)
		}
	case *plan.Update:
		s.Input = in.tree(s.Input)
	case *plan.Delete:
		s.Input = in.tree(s.Input)
	case *plan.CreateTableAs:
		s.Input = in.tree(s.Input)
	case *plan.CopyTo:
		in.statement(s.Query)
	case *plan.CopyFrom:
		in.statement(s.Insert)
	case *plan.Explain:
		in.statement(s.Target)
	}
}

func (in *inlining) tree(n plan.Node) plan.Node {
	if n == nil {
		return nil
	}
	return plan.RewriteNodes(n, in.node)
}

func (in *inlining) node(n plan.Node) plan.Node {
	if s, ok := n.(*plan.Shared); ok {
		return in.reader(s)
	}
	for _, e := range plan.Exprs(n) {
		if hasSubquery(e) {
			return plan.MapExprs(n, func(e plan.Expr) plan.Expr { return plan.Rewrite(e, in.expr) })
		}
	}
	return n
}

// reader replaces a lone reader, whose columns have the body's ids, and descends into the body once.
func (in *inlining) reader(s *plan.Shared) plan.Node {
	if !in.done[s.Plan] {
		in.done[s.Plan] = true
		s.Plan.Input = in.tree(s.Plan.Input)
	}
	if use := in.uses[s.Plan]; use.readers > 1 || use.keep {
		return s
	}
	return s.Plan.Input
}

// expr rewrites the input of a subquery; one that several expressions share stays shared.
func (in *inlining) expr(e plan.Expr) plan.Expr {
	sub, ok := e.(*plan.Subquery)
	if !ok {
		return e
	}
	out, ok := in.subs[sub]
	if !ok {
		c := *sub
		c.Input = in.tree(sub.Input)
		out = &c
		in.subs[sub] = out
	}
	return out
}
