package optimize

import (
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// dropApplies turns every Apply below root into joins, from the outermost inwards: when an Apply is
// reached, no outer query's columns are left in its sides.
func (o *optimizer) dropApplies(root plan.Node) plan.Node {
	for {
		a, ok := root.(*plan.Apply)
		if !ok || o.err != nil {
			break
		}
		b := *a
		b.Left = o.dropApplies(a.Left)
		root = o.dropApply(&b)
	}
	children := root.Children()
	changed := false
	for i, c := range children {
		children[i] = o.dropApplies(c)
		changed = changed || children[i] != c
	}
	if !changed {
		return root
	}
	return root.With(children)
}

// dropApply rewrites one Apply whose left side is free of applies. The result may have applies
// deeper down, or be a simpler Apply.
func (o *optimizer) dropApply(a *plan.Apply) plan.Node {
	if a.Kind == plan.CrossJoin {
		a.Kind = plan.InnerJoin
	}
	if isExistence(a.Kind) {
		a.Right = stripExistence(a.Right, len(a.On) == 0)
	}
	outer := correlation(a.Right, plan.Outputs(a.Left))
	if len(outer) == 0 {
		j := newJoin(a.Kind, a.Left, a.Right, a.On)
		j.Mark, j.NullAware = a.Mark, a.NullAware
		return j
	}
	if n, ok := o.singleRowApply(a, outer); ok {
		return n
	}
	if right, conds, ok := o.pull(a.Right, outer); ok {
		j := newJoin(a.Kind, a.Left, right, append(conds, a.On...))
		j.Mark = a.Mark
		return keep(j, a.Columns())
	}
	if n, ok := o.liftProject(a, outer); ok {
		return n
	}
	return o.domainApply(a, outer)
}

func isExistence(k plan.JoinKind) bool {
	return k == plan.SemiJoin || k == plan.AntiJoin || k == plan.MarkJoin
}

// correlation is the set of left columns that n refers to.
func correlation(n plan.Node, left plan.ColumnSet) plan.ColumnSet {
	out := plan.ColumnSet{}
	for id := range plan.FreeColumns(n) {
		if left.Has(id) {
			out.Add(id)
		}
	}
	return out
}

// stripExistence drops what does not change whether a row exists: order, duplicates, and, when no
// column is looked at, a limit of at least one row and the select list.
func stripExistence(n plan.Node, unused bool) plan.Node {
	switch m := n.(type) {
	case *plan.Sort:
		if m.Limit < 0 {
			return stripExistence(m.Input, unused)
		}
	case *plan.Distinct:
		if len(m.On) == 0 {
			return stripExistence(m.Input, unused)
		}
	case *plan.Limit:
		c, ok := m.Count.(*plan.Const)
		if unused && m.Offset == nil && len(m.By) == 0 && ok && !c.Value.Null && c.Value.I > 0 {
			return stripExistence(m.Input, unused)
		}
	case *plan.Project:
		if unused {
			return stripExistence(m.Input, unused)
		}
	case *plan.Aggregate:
		if unused && len(m.Groups) > 0 {
			return stripExistence(m.Input, unused)
		}
	}
	return n
}

// liftProject moves a projection that computes with outer columns above the Apply, where they are
// plain columns. The marker tells a row of a left join that found nothing.
//
//	Left Apply (a, Project a.x + b.y (b))  ⇒  Project CASE WHEN m THEN a.x + b.y END (Left Apply (a, Project true AS m (b)))
func (o *optimizer) liftProject(a *plan.Apply, outer plan.ColumnSet) (plan.Node, bool) {
	p, ok := a.Right.(*plan.Project)
	if !ok {
		return nil, false
	}
	lifts := false
	b := binding{}
	for _, e := range p.Exprs {
		lifts = lifts || touches(e.Expr, outer)
		if volatile(e.Expr) {
			return nil, false
		}
		b[e.Out.ID] = e.Expr
	}
	if !lifts {
		return nil, false
	}
	m := *a
	m.On = b.list(a.On)
	m.Right = p.Input
	if isExistence(a.Kind) {
		return &m, true
	}
	out := identity(a.Left.Columns())
	if a.Kind == plan.InnerJoin {
		return &plan.Project{Input: &m, Exprs: append(out, p.Exprs...)}, true
	}
	marker := o.column("matched", types.TBoolean, true)
	m.Right = &plan.Project{
		Input: p.Input,
		Exprs: append(identity(p.Input.Columns()), plan.NamedExpr{Out: marker, Expr: constBool(true)}),
	}
	marker.NotNull = false
	found := &plan.IsNull{X: &marker, Negate: true}
	for _, e := range p.Exprs {
		e.Out.NotNull = false
		e.Expr = &plan.Case{Whens: []plan.When{{Cond: found, Then: e.Expr}}, Typ: e.Expr.Type()}
		out = append(out, e)
	}
	return &plan.Project{Input: &m, Exprs: out}, true
}

// pull takes the predicates with outer columns out of n, so that they become conditions of the
// join with the outer side; n then delivers the columns that they need besides its own. ok is
// false when some operator stands in the way.
//
//	Project b.y (Filter b.x = a.x (b))  ⇒  Project b.y, b.x (b)  and  b.x = a.x
func (o *optimizer) pull(n plan.Node, outer plan.ColumnSet) (_ plan.Node, conds []plan.Expr, ok bool) {
	if len(correlation(n, outer)) == 0 {
		return n, nil, true
	}
	switch n := n.(type) {
	case *plan.Filter:
		in, conds, ok := o.pull(n.Input, outer)
		own, rest, pure := splitCorrelated(n.Preds, outer)
		return filter(in, rest), append(conds, own...), ok && pure
	case *plan.Project:
		return o.pullProject(n, outer)
	case *plan.Join:
		return o.pullJoin(n, outer)
	case *plan.Aggregate:
		return o.pullAggregate(n, outer)
	case *plan.Sort:
		if n.Limit < 0 {
			return o.pull(n.Input, outer)
		}
	}
	return nil, nil, false
}

// splitCorrelated separates the predicates that refer to outer columns; pure is false when one of
// them must stay where it is.
func splitCorrelated(preds []plan.Expr, outer plan.ColumnSet) (own, rest []plan.Expr, pure bool) {
	pure = true
	for _, p := range preds {
		if !touches(p, outer) {
			rest = append(rest, p)
			continue
		}
		own = append(own, p)
		pure = pure && !volatile(p)
	}
	return own, rest, pure
}

func (o *optimizer) pullProject(n *plan.Project, outer plan.ColumnSet) (plan.Node, []plan.Expr, bool) {
	for _, e := range n.Exprs {
		if touches(e.Expr, outer) {
			return nil, nil, false
		}
	}
	in, conds, ok := o.pull(n.Input, outer)
	if !ok {
		return nil, nil, false
	}
	m := *n
	m.Input = in
	m.Exprs = passThrough(n.Exprs, in, conds)
	return &m, conds, true
}

// passThrough adds to exprs the columns of in that conds refer to and exprs do not deliver.
func passThrough(exprs []plan.NamedExpr, in plan.Node, conds []plan.Expr) []plan.NamedExpr {
	need := refsOf(conds)
	for _, e := range exprs {
		delete(need, e.Out.ID)
	}
	out := exprs[:len(exprs):len(exprs)]
	for _, c := range in.Columns() {
		if need.Has(c.ID) {
			out = append(out, plan.NamedExpr{Out: c, Expr: plan.Ref(c)})
		}
	}
	return out
}

func (o *optimizer) pullJoin(n *plan.Join, outer plan.ColumnSet) (plan.Node, []plan.Expr, bool) {
	own, rest, pure := splitCorrelated(joinConds(n), outer)
	left, conds, ok := o.pull(n.Left, outer)
	if !ok || !pure {
		return nil, nil, false
	}
	m := *n
	m.Left = left
	switch n.Kind {
	case plan.InnerJoin, plan.CrossJoin:
		right, more, ok := o.pull(n.Right, outer)
		if !ok {
			return nil, nil, false
		}
		m.Right = right
		conds = append(append(conds, more...), own...)
	case plan.LeftJoin, plan.SemiJoin, plan.AntiJoin, plan.MarkJoin, plan.SingleJoin:
		if len(own) > 0 || len(correlation(n.Right, outer)) > 0 {
			return nil, nil, false
		}
	default:
		return nil, nil, false
	}
	if !m.NullAware {
		setConds(&m, rest)
	}
	return &m, conds, true
}

// pullAggregate lets equalities through a grouping by making their inner side a group key.
func (o *optimizer) pullAggregate(n *plan.Aggregate, outer plan.ColumnSet) (plan.Node, []plan.Expr, bool) {
	if len(n.Groups) == 0 || touchesAny(plan.Exprs(n), outer) {
		return nil, nil, false
	}
	in, conds, ok := o.pull(n.Input, outer)
	if !ok {
		return nil, nil, false
	}
	m := *n
	m.Input = in
	m.Groups = n.Groups[:len(n.Groups):len(n.Groups)]
	conds, ok = o.groupByKeys(&m, conds, outer)
	return &m, conds, ok
}

func touchesAny(es []plan.Expr, s plan.ColumnSet) bool {
	for _, e := range es {
		if touches(e, s) {
			return true
		}
	}
	return false
}

// groupByKeys adds the inner side of every condition outer = inner to m's groups and gives the
// conditions over the new group columns. ok is false when a condition is of another form.
func (o *optimizer) groupByKeys(m *plan.Aggregate, conds []plan.Expr, outer plan.ColumnSet) ([]plan.Expr, bool) {
	out := make([]plan.Expr, 0, len(conds))
	for _, c := range conds {
		eq, ok := c.(*plan.Compare)
		if !ok || eq.Op != plan.Eq {
			return nil, false
		}
		outside, inner := eq.L, eq.R
		if !within(outside, outer) {
			outside, inner = eq.R, eq.L
		}
		if !within(outside, outer) || touches(inner, outer) || len(refs(inner)) == 0 {
			return nil, false
		}
		out = append(out, &plan.Compare{Op: plan.Eq, L: outside, R: o.groupKey(m, inner)})
	}
	return out, true
}

// groupKey is the group column of m for e, which is added when there is none.
func (o *optimizer) groupKey(m *plan.Aggregate, e plan.Expr) plan.Expr {
	k := key(e)
	for _, g := range m.Groups {
		if key(g.Expr) == k {
			return plan.Ref(g.Out)
		}
	}
	var out plan.Column
	if c, ok := e.(*plan.Column); ok {
		out = o.fresh(*c)
	} else {
		out = o.column("key", e.Type(), false)
	}
	m.Groups = append(m.Groups, plan.NamedExpr{Out: out, Expr: e})
	return plan.Ref(out)
}
