package optimize

import "github.com/oxidb/oxidb/plan"

// maxRuntimeFilters bounds the filters of one query.
const maxRuntimeFilters = 64

// runtimeWorth is the share of the probed key domain that a build side may keep for its filter to
// be worth testing.
const runtimeWorth = 0.7

// runtimeFilters is the rule "runtime_filters": joins that drop probe rows without a partner publish
// the keys of their build side to the scan that produces the probe side's key.
//
//	Inner Join on l.k = p.k (Scan l, Scan p where …)
//	  ⇒  Inner Join on l.k = p.k publish#0 (Scan l runtime#0(k), Scan p where …)
func runtimeFilters(o *optimizer, root plan.Node) plan.Node {
	j, ok := root.(*plan.Join)
	if !ok {
		children := root.Children()
		if len(children) == 0 {
			return root
		}
		for i, c := range children {
			children[i] = runtimeFilters(o, c)
		}
		return root.With(children)
	}
	left := j.Left
	m := *j
	if prunesProbe(j.Kind) {
		for i, p := range j.Equi {
			c, ok := p.Left.(*plan.Column)
			if !ok || p.NullSafe || !integerClass(c.Typ) || o.nextFilter >= maxRuntimeFilters || !o.worthFilter(j, p) {
				continue
			}
			if next, ok := attach(left, c.ID, withProbe(o.nextFilter)); ok {
				left = next
				m.Publish = append(m.Publish[:len(m.Publish):len(m.Publish)], plan.RuntimePublish{ID: o.nextFilter, Pair: i})
				o.nextFilter++
			}
		}
	}
	m.Left, m.Right = runtimeFilters(o, left), runtimeFilters(o, j.Right)
	return &m
}

// prunesProbe: probe rows without a partner are dropped.
func prunesProbe(k plan.JoinKind) bool {
	return k == plan.InnerJoin || k == plan.SemiJoin || k == plan.RightJoin
}

// worthFilter compares the keys that the build side has left with the probe side's domain.
func (o *optimizer) worthFilter(j *plan.Join, p plan.EquiPair) bool {
	e := o.estimator()
	probe := e.exprDomain(j.Left, p.Left).distinct
	build := e.exprDomain(j.Right, p.Right).distinct
	rows := e.rows(j.Right)
	if probe == 0 {
		return rows < e.rows(j.Left)
	}
	if build > 0 {
		rows = drawn(build, rows)
	}
	return rows < probe*runtimeWorth
}

// narrower makes a scan of a table or of files one of fewer rows, which the given column decides about, or
// leaves it as it is.
type narrower func(scan plan.Node, c plan.Column) plan.Node

// withProbe adds the probe of a runtime filter.
func withProbe(filter int) narrower {
	return func(n plan.Node, c plan.Column) plan.Node {
		probe := plan.RuntimeProbe{ID: filter, Expr: plan.Ref(c)}
		switch n := n.(type) {
		case *plan.Scan:
			m := *n
			m.Runtime = append(n.Runtime[:len(n.Runtime):len(n.Runtime)], probe)
			return &m
		case *plan.External:
			m := *n
			m.Runtime = append(n.Runtime[:len(n.Runtime):len(n.Runtime)], probe)
			return &m
		}
		return n
	}
}

// attach narrows the scans that produce column id; ok is false when there is none or an operator stands
// between that must see all rows.
func attach(n plan.Node, id plan.ColumnID, f narrower) (plan.Node, bool) {
	switch n := n.(type) {
	case *plan.Scan:
		for _, c := range n.Cols {
			if c.ID == id {
				return f(n, c), true
			}
		}
	case *plan.External:
		for _, c := range n.Cols {
			if c.ID == id {
				return f(n, c), true
			}
		}
	case *plan.Filter:
		return attachChild(n, 0, id, f)
	case *plan.Sort:
		if n.Limit < 0 {
			return attachChild(n, 0, id, f)
		}
	case *plan.Project:
		for _, e := range n.Exprs {
			if c, ok := e.Expr.(*plan.Column); ok && e.Out.ID == id {
				return attachChild(n, 0, c.ID, f)
			}
		}
	case *plan.Aggregate:
		for _, g := range n.Groups {
			if c, ok := g.Expr.(*plan.Column); ok && g.Out.ID == id {
				return attachChild(n, 0, c.ID, f)
			}
		}
	case *plan.Join:
		return attachJoin(n, id, f)
	}
	return n, false
}

func attachChild(n plan.Node, i int, id plan.ColumnID, f narrower) (plan.Node, bool) {
	children := n.Children()
	c, ok := attach(children[i], id, f)
	if !ok {
		return n, false
	}
	children[i] = c
	return n.With(children), true
}

// attachJoin follows the column into the side that delivers it and, by the join's equality, into the
// other: rows of either side with another key could only pair with rows that the filter's join drops.
func attachJoin(n *plan.Join, id plan.ColumnID, f narrower) (plan.Node, bool) {
	var left, right bool
	switch n.Kind {
	case plan.InnerJoin, plan.CrossJoin:
		left, right = true, true
	case plan.RightJoin:
		right = true
	case plan.LeftJoin, plan.SemiJoin, plan.AntiJoin, plan.MarkJoin, plan.SingleJoin:
		left = true
	}
	l, r := id, id
	inLeft := delivers(n.Left, id)
	if inLeft && !left || !inLeft && !right {
		return n, false
	}
	for _, p := range n.Equi {
		a, ok1 := p.Left.(*plan.Column)
		b, ok2 := p.Right.(*plan.Column)
		if !ok1 || !ok2 || p.NullSafe || n.NullAware || a.Typ != b.Typ {
			continue
		}
		if inLeft && a.ID == id {
			r = b.ID
		} else if !inLeft && b.ID == id {
			l = a.ID
		}
	}
	var done, also bool
	var out plan.Node = n
	if inLeft || l != id {
		out, done = attachChild(out, 0, l, f)
	}
	if !inLeft || r != id {
		out, also = attachChild(out, 1, r, f)
	}
	return out, done || also
}
