package optimize

import (
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// estimates is the rule "estimates": every node gets its estimated rows and cost.
func estimates(o *optimizer, root plan.Node) plan.Node {
	e := o.estimator()
	visitNodes(root, func(n plan.Node) {
		*n.Est() = plan.Estimate{Rows: e.rows(n), Cost: o.costOf(n)}
		if s, ok := n.(*plan.Scan); ok && s.JoinSeek != nil {
			s.Est().Rows = min(s.Est().Rows, s.JoinSeek.Rows)
		}
	})
	return root
}

// buildSides is the rule "build_sides": what join ordering did not decide. A left join whose left
// side is much smaller builds it and becomes a right join; a semi join with a small left side
// becomes an inner join with the distinct keys of its right side, so that the small side builds
// and prunes the large one (an anti join an outer join with them); proven unique build keys are marked.
//
//	Semi Join on a.x = b.y (small a, large b)  ⇒  Inner Join on b.y = a.x (Aggregate by b.y (b), a)
func buildSides(o *optimizer, root plan.Node) plan.Node {
	return plan.RewriteNodes(root, func(n plan.Node) plan.Node {
		j, ok := n.(*plan.Join)
		if !ok {
			return n
		}
		switch j.Kind {
		case plan.LeftJoin:
			n = o.swapLeft(j)
		case plan.SemiJoin:
			n = o.reduceSemi(j)
		case plan.AntiJoin:
			n = o.reduceAnti(j)
		}
		return markUnique(n)
	})
}

// smallerBy is how much smaller a preserved side must be to be worth building.
const smallerBy = 4

func (o *optimizer) swapLeft(j *plan.Join) plan.Node {
	e := o.estimator()
	if len(j.Equi) == 0 || e.rows(j.Left)*smallerBy > e.rows(j.Right) {
		return j
	}
	return newJoin(plan.RightJoin, j.Right, j.Left, joinConds(j))
}

func (o *optimizer) reduceSemi(j *plan.Join) plan.Node {
	e := o.estimator()
	if len(j.Equi) == 0 || len(j.Residual) > 0 || e.rows(j.Left)*smallerBy > e.rows(j.Right) {
		return j
	}
	keys, conds := o.distinctKeys(j)
	n := newJoin(plan.InnerJoin, keys, j.Left, conds)
	return &plan.Project{Input: n, Exprs: identity(j.Left.Columns())}
}

// distinctKeys are the distinct keys of the right side and the conditions that join them with the
// left side.
func (o *optimizer) distinctKeys(j *plan.Join) (*plan.Aggregate, []plan.Expr) {
	agg := &plan.Aggregate{Input: j.Right}
	conds := make([]plan.Expr, len(j.Equi))
	for i, p := range j.Equi {
		op := plan.Eq
		if p.NullSafe {
			op = plan.IsNotDistinct
		}
		conds[i] = &plan.Compare{Op: op, L: o.groupKey(agg, p.Right), R: p.Left}
	}
	return agg, conds
}

// reduceAnti does for an anti join what reduceSemi does: left rows that find no key remain.
func (o *optimizer) reduceAnti(j *plan.Join) plan.Node {
	e := o.estimator()
	if j.NullAware || len(j.Equi) == 0 || len(j.Residual) > 0 || e.rows(j.Left)*smallerBy > e.rows(j.Right) {
		return j
	}
	keys, conds := o.distinctKeys(j)
	marker := o.column("matched", types.TBoolean, true)
	found := &plan.Project{Input: keys, Exprs: append(identity(keys.Columns()), plan.NamedExpr{Out: marker, Expr: constBool(true)})}
	n := newJoin(plan.RightJoin, found, j.Left, conds)
	marker.NotNull = false
	rest := filter(n, []plan.Expr{&plan.IsNull{X: &marker}})
	return &plan.Project{Input: rest, Exprs: identity(j.Left.Columns())}
}

func markUnique(n plan.Node) plan.Node {
	j, ok := n.(*plan.Join)
	if !ok {
		if p, ok := n.(*plan.Project); ok {
			return p.With([]plan.Node{markUnique(p.Input)})
		}
		return n
	}
	if !uniqueBuild(j) || j.BuildUnique {
		return n
	}
	m := *j
	m.BuildUnique = true
	return &m
}

// streaming is the rule "stream_aggregates": a grouping whose first key is the column by which the
// table is sorted, read in order, closes its groups as it goes.
//
//	Aggregate by l_orderkey (Scan lineitem, sorted by l_orderkey)  ⇒  Streaming Aggregate by l_orderkey
func streaming(o *optimizer, root plan.Node) plan.Node {
	return plan.RewriteNodes(root, func(n plan.Node) plan.Node {
		a, ok := n.(*plan.Aggregate)
		if !ok {
			return n
		}
		for i, g := range a.Groups {
			c, ok := g.Expr.(*plan.Column)
			if !ok {
				continue
			}
			c, ok = o.sortedTwin(a.Input, *c)
			if !ok {
				continue
			}
			g.Expr = c
			m := *a
			m.Groups = append([]plan.NamedExpr{g}, append(append([]plan.NamedExpr{}, a.Groups[:i]...), a.Groups[i+1:]...)...)
			m.Streaming = true
			return &m
		}
		return n
	})
}

// sortedTwin is the column itself, or one that an inner join makes equal to it, that arrives in
// scan order.
func (o *optimizer) sortedTwin(n plan.Node, c plan.Column) (*plan.Column, bool) {
	if o.arrivesSorted(n, c.ID) {
		return &c, true
	}
	j, ok := n.(*plan.Join)
	if !ok || j.Kind != plan.InnerJoin {
		return nil, false
	}
	for _, p := range j.Equi {
		l, ok1 := p.Left.(*plan.Column)
		r, ok2 := p.Right.(*plan.Column)
		if ok1 && ok2 && r.ID == c.ID && o.arrivesSorted(j.Left, l.ID) {
			return l, true
		}
	}
	return nil, false
}

// arrivesSorted reports that n delivers its rows in the scan order of base column id.
func (o *optimizer) arrivesSorted(n plan.Node, id plan.ColumnID) bool {
	switch n := n.(type) {
	case *plan.Scan, *plan.External:
		l, _ := o.estimator().leaf(n)
		for _, c := range l.cols {
			if c.ID == id && c.Ordinal < len(l.stats.Columns) {
				return l.stats.Columns[c.Ordinal].Sorted
			}
		}
	case *plan.Filter:
		return o.arrivesSorted(n.Input, id)
	case *plan.Project:
		for _, e := range n.Exprs {
			if c, ok := e.Expr.(*plan.Column); ok && e.Out.ID == id {
				return o.arrivesSorted(n.Input, c.ID)
			}
		}
	case *plan.Join:
		if n.Kind != plan.RightJoin && n.Kind != plan.FullJoin && len(n.Equi) > 0 {
			return delivers(n.Left, id) && o.arrivesSorted(n.Left, id)
		}
	}
	return false
}

// integerClass are the key types that runtime filters carry.
func integerClass(t types.Type) bool {
	return t.Class() == types.ClassInt || t.Class() == types.ClassDecimal && t.Precision <= types.MaxInt64Precision
}
