package optimize

import "github.com/oxidb/oxidb/plan"

// visitNodes calls f for root and every node below it, not for subqueries or sub-plans.
func visitNodes(root plan.Node, f func(plan.Node)) {
	f(root)
	for _, c := range root.Children() {
		visitNodes(c, f)
	}
}

// rewriteExprs rewrites every expression of n bottom-up; n itself comes back when nothing changed.
func rewriteExprs(n plan.Node, f func(plan.Expr) plan.Expr) plan.Node {
	var out []plan.Expr
	changed := false
	plan.VisitExprs(n, func(e plan.Expr) {
		r := plan.Rewrite(e, f)
		changed = changed || r != e
		out = append(out, r)
	})
	if !changed {
		return n
	}
	i := -1
	return plan.MapExprs(n, func(plan.Expr) plan.Expr { i++; return out[i] })
}

// rewriteDeep rewrites every expression of the tree and of its subqueries.
func rewriteDeep(root plan.Node, f func(plan.Expr) plan.Expr) plan.Node {
	var inside func(e plan.Expr) plan.Expr
	tree := func(root plan.Node) plan.Node {
		return plan.RewriteNodes(root, func(n plan.Node) plan.Node { return rewriteExprs(n, inside) })
	}
	inside = func(e plan.Expr) plan.Expr {
		if s, ok := e.(*plan.Subquery); ok {
			if in := tree(s.Input); in != s.Input {
				c := *s
				c.Input = in
				e = &c
			}
		}
		return f(e)
	}
	return tree(root)
}

// binding says what replaces a column.
type binding map[plan.ColumnID]plan.Expr

// substitute replaces columns in e, and in the subqueries inside it.
func (b binding) substitute(e plan.Expr) plan.Expr {
	if len(b) == 0 || e == nil {
		return e
	}
	return plan.Rewrite(e, b.step)
}

func (b binding) step(e plan.Expr) plan.Expr {
	switch e := e.(type) {
	case *plan.Column:
		if r, ok := b[e.ID]; ok {
			return r
		}
	case *plan.Subquery:
		if in := b.tree(e.Input); in != e.Input {
			c := *e
			c.Input = in
			return &c
		}
	}
	return e
}

// tree replaces columns wherever expressions below root refer to them.
func (b binding) tree(root plan.Node) plan.Node {
	if len(b) == 0 {
		return root
	}
	return rewriteDeep(root, func(e plan.Expr) plan.Expr {
		if c, ok := e.(*plan.Column); ok {
			if r, ok := b[c.ID]; ok {
				return r
			}
		}
		return e
	})
}

func (b binding) list(es []plan.Expr) []plan.Expr {
	out := make([]plan.Expr, len(es))
	for i, e := range es {
		out[i] = b.substitute(e)
	}
	return out
}

// refs is the set of columns that e refers to outside of subqueries.
func refs(e plan.Expr) plan.ColumnSet {
	s := plan.ColumnSet{}
	plan.AddRefs(s, e)
	return s
}

func refsOf(es []plan.Expr) plan.ColumnSet {
	s := plan.ColumnSet{}
	for _, e := range es {
		plan.AddRefs(s, e)
	}
	return s
}

// within reports whether every column of e is in s.
func within(e plan.Expr, s plan.ColumnSet) bool {
	ok := true
	plan.Walk(e, func(e plan.Expr) bool {
		if c, is := e.(*plan.Column); is && !s.Has(c.ID) {
			ok = false
		}
		return ok
	})
	return ok
}

// touches reports whether some column of e is in s.
func touches(e plan.Expr, s plan.ColumnSet) bool {
	found := false
	plan.Walk(e, func(e plan.Expr) bool {
		if c, is := e.(*plan.Column); is && s.Has(c.ID) {
			found = true
		}
		return !found
	})
	return found
}

// volatile reports whether e may give another value each time (random) and so must stay where and
// as often as it is.
func volatile(e plan.Expr) bool {
	found := false
	plan.Walk(e, func(e plan.Expr) bool {
		switch e := e.(type) {
		case *plan.Call:
			found = found || e.Fn.Volatile
		case *plan.Subquery:
			found = found || volatileTree(e.Input)
		}
		return !found
	})
	return found
}

func volatileTree(root plan.Node) bool {
	found := false
	visitNodes(root, func(n plan.Node) {
		for _, e := range plan.Exprs(n) {
			found = found || volatile(e)
		}
		if s, ok := n.(*plan.Shared); ok {
			found = found || volatileTree(s.Plan.Input)
		}
	})
	return found
}

func hasSubquery(e plan.Expr) bool {
	found := false
	plan.Walk(e, func(e plan.Expr) bool {
		if _, ok := e.(*plan.Subquery); ok {
			found = true
		}
		return !found
	})
	return found
}

// filter puts predicates above n; none gives n.
func filter(n plan.Node, preds []plan.Expr) plan.Node {
	if len(preds) == 0 {
		return n
	}
	if f, ok := n.(*plan.Filter); ok {
		n, preds = f.Input, append(f.Preds[:len(f.Preds):len(f.Preds)], preds...)
	}
	return &plan.Filter{Input: n, Preds: preds}
}

// identity passes cols through.
func identity(cols []plan.Column) []plan.NamedExpr {
	out := make([]plan.NamedExpr, len(cols))
	for i, c := range cols {
		out[i] = plan.NamedExpr{Out: c, Expr: plan.Ref(c)}
	}
	return out
}

// keep projects n to cols unless it delivers exactly these.
func keep(n plan.Node, cols []plan.Column) plan.Node {
	if sameColumns(n.Columns(), cols) {
		return n
	}
	return &plan.Project{Input: n, Exprs: identity(cols)}
}

func sameColumns(a, b []plan.Column) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].ID != b[i].ID {
			return false
		}
	}
	return true
}

// joinConds are all conditions of a join as predicates.
func joinConds(n *plan.Join) []plan.Expr {
	out := make([]plan.Expr, 0, len(n.Equi)+len(n.Residual))
	for _, p := range n.Equi {
		op := plan.Eq
		if p.NullSafe {
			op = plan.IsNotDistinct
		}
		out = append(out, &plan.Compare{Op: op, L: p.Left, R: p.Right})
	}
	return append(out, n.Residual...)
}

// newJoin makes a join of the conditions: equalities between the sides become Equi pairs.
func newJoin(kind plan.JoinKind, left, right plan.Node, conds []plan.Expr) *plan.Join {
	j := &plan.Join{Kind: kind, Left: left, Right: right}
	setConds(j, conds)
	return j
}

func setConds(j *plan.Join, conds []plan.Expr) {
	l, r := plan.Outputs(j.Left), plan.Outputs(j.Right)
	j.Equi, j.Residual = nil, nil
	for _, c := range conds {
		if p, ok := equiPair(c, l, r); ok {
			j.Equi = append(j.Equi, p)
		} else {
			j.Residual = append(j.Residual, c)
		}
	}
	switch {
	case j.Kind == plan.CrossJoin && len(conds) > 0:
		j.Kind = plan.InnerJoin
	case j.Kind == plan.InnerJoin && len(conds) == 0:
		j.Kind = plan.CrossJoin
	}
}

// equiPair recognises left = right with each side of its own input.
func equiPair(e plan.Expr, l, r plan.ColumnSet) (plan.EquiPair, bool) {
	c, ok := e.(*plan.Compare)
	if !ok || c.Op != plan.Eq && c.Op != plan.IsNotDistinct || volatile(c) {
		return plan.EquiPair{}, false
	}
	nullSafe := c.Op == plan.IsNotDistinct
	switch {
	case !touches(c.L, l) && !touches(c.L, r) || !touches(c.R, l) && !touches(c.R, r):
		return plan.EquiPair{}, false
	case within(c.L, l) && within(c.R, r):
		return plan.EquiPair{Left: c.L, Right: c.R, NullSafe: nullSafe}, true
	case within(c.L, r) && within(c.R, l):
		return plan.EquiPair{Left: c.R, Right: c.L, NullSafe: nullSafe}, true
	}
	return plan.EquiPair{}, false
}

// mapNodes rewrites every node of the tree and of its subqueries bottom-up.
func mapNodes(root plan.Node, f func(plan.Node) plan.Node) plan.Node {
	return plan.RewriteNodes(root, func(n plan.Node) plan.Node {
		return f(rewriteExprs(n, func(e plan.Expr) plan.Expr {
			s, ok := e.(*plan.Subquery)
			if !ok {
				return e
			}
			in := mapNodes(s.Input, f)
			if in == s.Input {
				return e
			}
			c := *s
			c.Input = in
			return &c
		}))
	})
}

// visitDeep calls f for every node of the tree and of its subqueries.
func visitDeep(root plan.Node, f func(plan.Node)) {
	visitNodes(root, func(n plan.Node) {
		f(n)
		for _, e := range plan.Exprs(n) {
			plan.Walk(e, func(e plan.Expr) bool {
				if s, ok := e.(*plan.Subquery); ok {
					visitDeep(s.Input, f)
				}
				return true
			})
		}
	})
}
