package optimize

import (
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

func (o *optimizer) pushIntoJoin(n *plan.Join, preds []plan.Expr) plan.Node {
	switch n.Kind {
	case plan.InnerJoin, plan.CrossJoin:
		return o.pushIntoRegion(n, preds)
	case plan.RightJoin:
		return o.push(leftward(n), preds)
	case plan.SingleJoin:
		if uniqueBuild(n) { // no second match to report
			return o.push(newJoin(plan.LeftJoin, n.Left, n.Right, joinConds(n)), preds)
		}
	case plan.LeftJoin:
		if rejectsNulls(o, preds, plan.Outputs(n.Right)) {
			return o.pushIntoRegion(newJoin(plan.InnerJoin, n.Left, n.Right, joinConds(n)), preds)
		}
	case plan.FullJoin:
		return o.pushIntoFull(n, preds)
	case plan.MarkJoin:
		if j, rest, ok := markToSemi(n, preds); ok {
			return o.push(j, rest)
		}
	}
	return o.pushIntoDirected(n, preds)
}

// pushIntoFull turns a full join into a one-sided or inner one where predicates reject its
// NULL-extended rows.
func (o *optimizer) pushIntoFull(n *plan.Join, preds []plan.Expr) plan.Node {
	noLeft := rejectsNulls(o, preds, plan.Outputs(n.Left))
	noRight := rejectsNulls(o, preds, plan.Outputs(n.Right))
	var kind plan.JoinKind
	switch {
	case noLeft && noRight:
		kind = plan.InnerJoin
	case noLeft:
		kind = plan.LeftJoin
	case noRight:
		kind = plan.RightJoin
	default:
		return filter(o.pushBelow(n), preds)
	}
	return o.push(newJoin(kind, n.Left, n.Right, joinConds(n)), preds)
}

// markToSemi turns a mark join whose mark is required (or required to be false) into a semi (anti)
// join; the mark is a constant from then on.
func markToSemi(n *plan.Join, preds []plan.Expr) (plan.Node, []plan.Expr, bool) {
	for i, p := range preds {
		kind, value := plan.SemiJoin, true
		x := p
		if not, ok := p.(*plan.Not); ok {
			kind, value, x = plan.AntiJoin, false, not.X
		}
		c, ok := x.(*plan.Column)
		if !ok || c.ID != n.Mark.ID {
			continue
		}
		j := newJoin(kind, n.Left, n.Right, joinConds(n))
		j.NullAware = n.NullAware && kind == plan.AntiJoin
		out := append(identity(n.Left.Columns()), plan.NamedExpr{Out: n.Mark, Expr: constBool(value)})
		rest := append(preds[:i:i], preds[i+1:]...)
		return &plan.Project{Input: j, Exprs: out}, rest, true
	}
	return nil, nil, false
}

// pushIntoDirected handles the joins that preserve their left side: left, single, semi, anti, mark.
func (o *optimizer) pushIntoDirected(n *plan.Join, preds []plan.Expr) plan.Node {
	l, r := plan.Outputs(n.Left), plan.Outputs(n.Right)
	var left, right, above []plan.Expr
	for _, p := range preds {
		if within(p, l) {
			left = append(left, p)
		} else {
			above = append(above, p)
		}
	}
	conds := joinConds(n)
	var on []plan.Expr
	for _, c := range conds {
		pure := !volatile(c) && !n.NullAware
		switch {
		case pure && within(c, r):
			right = append(right, c)
		case pure && within(c, l) && n.Kind == plan.SemiJoin:
			left = append(left, c)
		default:
			on = append(on, c)
		}
	}
	if !n.NullAware {
		right = append(right, handOver(left, conds, l, r)...)
	}
	m := *n
	m.Left, m.Right = o.push(n.Left, left), o.push(n.Right, right)
	if !n.NullAware {
		setConds(&m, on)
	}
	return filter(o.overEmpty(&m, n.Columns()), above)
}

// overEmpty simplifies a directed join one of whose sides has no rows.
func (o *optimizer) overEmpty(n *plan.Join, cols []plan.Column) plan.Node {
	if isEmpty(n.Left) {
		return &plan.Empty{Cols: cols}
	}
	if !isEmpty(n.Right) {
		return n
	}
	switch n.Kind {
	case plan.SemiJoin:
		return &plan.Empty{Cols: cols}
	case plan.AntiJoin:
		return n.Left
	case plan.MarkJoin:
		mark := plan.NamedExpr{Out: n.Mark, Expr: constBool(false)}
		return &plan.Project{Input: n.Left, Exprs: append(identity(n.Left.Columns()), mark)}
	}
	out := identity(n.Left.Columns())
	for _, c := range n.Right.Columns() {
		c.NotNull = false
		out = append(out, plan.NamedExpr{Out: c, Expr: constNull(c.Typ)})
	}
	return &plan.Project{Input: n.Left, Exprs: out}
}

// handOver rewrites predicates over single left columns for the right columns that conds equate
// with them.
func handOver(preds, conds []plan.Expr, l, r plan.ColumnSet) []plan.Expr {
	var out []plan.Expr
	for _, c := range conds {
		p, ok := equiPair(c, l, r)
		if !ok || p.NullSafe {
			continue
		}
		from, ok1 := p.Left.(*plan.Column)
		to, ok2 := p.Right.(*plan.Column)
		if !ok1 || !ok2 || !comparable(from.Typ, to.Typ) {
			continue
		}
		for _, q := range preds {
			if against, ok := constantTest(q); ok && against.ID == from.ID {
				out = append(out, binding{from.ID: to}.substitute(q))
			}
		}
	}
	return out
}

// constantTest recognises a comparison of one column with constants.
func constantTest(e plan.Expr) (*plan.Column, bool) {
	switch e := e.(type) {
	case *plan.Compare:
		c, ok := e.L.(*plan.Column)
		if ok && e.Op <= plan.Ge && e.Op != plan.Ne && len(refs(e.R)) == 0 && !volatile(e.R) {
			return c, true
		}
	case *plan.InList:
		c, ok := e.X.(*plan.Column)
		if ok && !e.Negate && len(refsOf(e.List)) == 0 {
			return c, true
		}
	case *plan.Or:
		var of *plan.Column
		for _, t := range e.Terms {
			for _, q := range plan.Conjuncts(t) {
				c, ok := constantTest(q)
				if !ok || of != nil && of.ID != c.ID {
					return nil, false
				}
				of = c
			}
		}
		return of, of != nil
	}
	return nil, false
}

// rejectsNulls reports that some predicate is not true when all columns of side are NULL.
func rejectsNulls(o *optimizer, preds []plan.Expr, side plan.ColumnSet) bool {
	s := simplifier{o: o, notNull: plan.ColumnSet{}}
	nulls := func(e plan.Expr) plan.Expr {
		if c, ok := e.(*plan.Column); ok && side.Has(c.ID) {
			return constNull(c.Typ)
		}
		return s.step(e)
	}
	for _, p := range preds {
		if touches(p, side) && neverTrue(plan.Rewrite(p, nulls)) {
			return true
		}
	}
	return false
}

func neverTrue(e plan.Expr) bool {
	switch e := e.(type) {
	case *plan.Const:
		return e.Value.Null || e.Value.I == 0
	case *plan.And:
		for _, t := range e.Terms {
			if neverTrue(t) {
				return true
			}
		}
	case *plan.Or:
		for _, t := range e.Terms {
			if !neverTrue(t) {
				return false
			}
		}
		return true
	case *plan.Coalesce:
		for _, a := range e.Arg {
			if !neverTrue(a) {
				return false
			}
		}
		return e.Typ == types.TBoolean
	}
	return false
}
