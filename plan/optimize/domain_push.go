package optimize

import (
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// push gives a tree without outer columns that delivers n's columns and columns that stand for the
// outer ones, such that its rows with representation d are n's rows for d, for every d of D that
// satisfies the equalities eqs asked for above n.
func (d *domain) push(n plan.Node, eqs []equality) (plan.Node, repr) {
	if d.o.err != nil || len(correlation(n, d.set)) == 0 {
		return d.supply(n, eqs)
	}
	switch n := n.(type) {
	case *plan.Filter:
		in, r := d.push(n.Input, d.equalities(eqs, n.Preds))
		return filter(in, r.binding().list(n.Preds)), r
	case *plan.Project:
		return d.pushProject(n, eqs)
	case *plan.Join:
		return d.pushJoin(n, eqs)
	case *plan.Apply:
		return d.pushApply(n, eqs)
	case *plan.Aggregate:
		return d.pushAggregate(n, eqs)
	case *plan.Distinct:
		if len(n.On) > 0 {
			eqs = nil
		}
		in, r := d.push(n.Input, eqs)
		m := &plan.Distinct{Input: in, On: r.binding().list(n.On)}
		if len(n.On) > 0 {
			m.On = append(refList(d.columns(r)), m.On...)
		}
		return m, r
	case *plan.Sort:
		if n.Limit < 0 {
			in, r := d.push(n.Input, eqs)
			m := *n
			m.Input = in
			return plan.MapExprs(&m, r.binding().substitute), r
		}
	case *plan.Window:
		in, r := d.push(n.Input, nil)
		m := n.With([]plan.Node{in}).(*plan.Window)
		m = plan.MapExprs(m, r.binding().substitute).(*plan.Window)
		m.Partition = append(refList(d.columns(r)), m.Partition...)
		return m, r
	case *plan.Limit:
		return d.pushLimit(n)
	case *plan.SetOp:
		return d.pushSetOp(n, eqs)
	case *plan.Values:
		return d.pushValues(n)
	case *plan.Generate:
		return d.pushGenerate(n)
	}
	d.o.fail(unsupported("a reference to an outer query inside " + n.Label()))
	return n, repr{}
}

func refList(cols []plan.Column) []plan.Expr {
	out := make([]plan.Expr, len(cols))
	for i, c := range cols {
		out[i] = plan.Ref(c)
	}
	return out
}

func (d *domain) pushProject(n *plan.Project, eqs []equality) (plan.Node, repr) {
	b := binding{}
	for _, e := range n.Exprs {
		if !volatile(e.Expr) && !touches(e.Expr, d.set) {
			b[e.Out.ID] = e.Expr
		}
	}
	var below []equality
	for _, q := range eqs {
		covered := true
		for id := range refs(q.inner) {
			_, ok := b[id]
			covered = covered && ok
		}
		if covered {
			below = append(below, equality{q.outer, b.substitute(q.inner)})
		}
	}
	in, r := d.push(n.Input, below)
	m := &plan.Project{Input: in}
	have := plan.ColumnSet{}
	for _, e := range n.Exprs {
		have.Add(e.Out.ID)
		m.Exprs = append(m.Exprs, plan.NamedExpr{Out: e.Out, Expr: r.binding().substitute(e.Expr)})
	}
	for _, c := range d.columns(r) {
		if !have.Has(c.ID) {
			m.Exprs = append(m.Exprs, plan.NamedExpr{Out: c, Expr: plan.Ref(c)})
		}
	}
	return m, r
}

func (d *domain) pushJoin(n *plan.Join, eqs []equality) (plan.Node, repr) {
	conds := joinConds(n)
	leftDepends := len(correlation(n.Left, d.set)) > 0
	rightDepends := len(correlation(n.Right, d.set)) > 0
	m := *n
	switch n.Kind {
	case plan.InnerJoin, plan.CrossJoin:
		eqs = d.equalities(eqs, conds)
		if !leftDepends && (rightDepends || d.covered(n.Right, eqs) > d.covered(n.Left, eqs)) {
			right, r := d.push(n.Right, eqs)
			return newJoin(plan.InnerJoin, n.Left, right, r.binding().list(conds)), r
		}
	case plan.FullJoin:
		return d.pushFull(n, conds)
	case plan.RightJoin:
		return d.push(leftward(n), eqs)
	}
	left, r := d.push(n.Left, eqs)
	m.Left = left
	conds = r.binding().list(conds)
	if rightDepends {
		if n.Kind != plan.InnerJoin && n.Kind != plan.CrossJoin {
			eqs = nil
		}
		right, s := d.push(n.Right, d.equalities(eqs, joinConds(n)))
		m.Right = right
		conds = append(conds, d.same(r, s)...)
	}
	if !n.NullAware {
		setConds(&m, conds)
	}
	return &m, r
}

// covered counts the outer columns that need no D on n.
func (d *domain) covered(n plan.Node, eqs []equality) int {
	outputs, count := plan.Outputs(n), 0
	for _, c := range d.outer {
		if findEquality(eqs, c.ID, outputs) != nil {
			count++
		}
	}
	return count
}

// pushFull keeps D on both sides; a row of either may be without a partner.
func (d *domain) pushFull(n *plan.Join, conds []plan.Expr) (plan.Node, repr) {
	left, l := d.push(n.Left, nil)
	right, r := d.push(n.Right, nil)
	if touchesAny(conds, d.set) {
		conds = l.binding().list(conds)
	}
	j := newJoin(plan.FullJoin, left, right, append(conds, d.same(l, r)...))
	out := identity(n.Columns())
	both := repr{}
	for _, c := range d.outer {
		a, b := l[c.ID], r[c.ID]
		a.NotNull, b.NotNull = false, false
		col := d.o.fresh(c)
		both[c.ID] = col
		out = append(out, plan.NamedExpr{Out: col, Expr: &plan.Coalesce{Arg: []plan.Expr{&a, &b}, Typ: c.Typ}})
	}
	return &plan.Project{Input: j, Exprs: out}, both
}

// pushApply gives D to the left side; the right side sees it there.
func (d *domain) pushApply(n *plan.Apply, eqs []equality) (plan.Node, repr) {
	left, r := d.push(n.Left, eqs)
	m := *n
	m.Left = left
	m.Right = r.binding().tree(n.Right)
	m.On = r.binding().list(n.On)
	return &m, r
}

func (d *domain) pushAggregate(n *plan.Aggregate, eqs []equality) (plan.Node, repr) {
	if len(n.Groups) == 0 {
		return d.pushScalarAggregate(n)
	}
	b := binding{}
	for _, g := range n.Groups {
		if !touches(g.Expr, d.set) {
			b[g.Out.ID] = g.Expr
		}
	}
	var below []equality
	for _, q := range eqs {
		covered := true
		for id := range refs(q.inner) {
			_, ok := b[id]
			covered = covered && ok
		}
		if covered {
			below = append(below, equality{q.outer, b.substitute(q.inner)})
		}
	}
	in, r := d.push(n.Input, below)
	m := *n
	m.Input = in
	agg := plan.MapExprs(&m, r.binding().substitute).(*plan.Aggregate)
	return d.addGroups(agg, r)
}

// addGroups groups n by the representation too.
func (d *domain) addGroups(n *plan.Aggregate, r repr) (*plan.Aggregate, repr) {
	out := repr{}
	groups := n.Groups[:len(n.Groups):len(n.Groups)]
	made := map[plan.ColumnID]plan.Column{}
	for _, c := range d.outer {
		in := r[c.ID]
		col, ok := made[in.ID]
		if !ok {
			col = d.o.fresh(in)
			made[in.ID] = col
			groups = append(groups, plan.NamedExpr{Out: col, Expr: plan.Ref(in)})
		}
		out[c.ID] = col
	}
	n.Groups = groups
	return n, out
}

// aggregateByDomain computes an aggregate without groups per d; a d without rows has no group.
func (d *domain) aggregateByDomain(n *plan.Aggregate) (*plan.Aggregate, repr) {
	in, r := d.push(n.Input, nil)
	m := *n
	m.Input = in
	agg, out := d.addGroups(plan.MapExprs(&m, r.binding().substitute).(*plan.Aggregate), r)
	return agg, out
}

// pushScalarAggregate restores the one row of an aggregate over nothing by an outer join from D.
func (d *domain) pushScalarAggregate(n *plan.Aggregate) (plan.Node, repr) {
	agg, groups := d.aggregateByDomain(n)
	if d.o.err != nil {
		return n, repr{}
	}
	for i, a := range n.Aggs {
		agg.Aggs[i].Out = d.o.fresh(a.Out)
	}
	rows, r := d.read(d.outer)
	j := newJoin(plan.LeftJoin, rows, agg, d.same(r, groups))
	out := identity(d.columns(r))
	for i, a := range n.Aggs {
		out = append(out, plan.NamedExpr{Out: a.Out, Expr: overNothing(agg.Aggs[i])})
	}
	return &plan.Project{Input: j, Exprs: out}, r
}

// pushLimit limits the rows of every d.
func (d *domain) pushLimit(n *plan.Limit) (plan.Node, repr) {
	for _, e := range []plan.Expr{n.Count, n.Offset} {
		if e != nil && touches(e, d.set) {
			d.o.fail(unsupported("LIMIT or OFFSET with a reference to an outer query"))
			return n, repr{}
		}
	}
	if len(n.Ties) > 0 {
		d.o.fail(unsupported("WITH TIES in a correlated subquery"))
		return n, repr{}
	}
	var keys []plan.SortKey
	in := n.Input
	if s, ok := in.(*plan.Sort); ok && s.Limit < 0 {
		in, keys = s.Input, s.Keys
	}
	in, r := d.push(in, nil)
	by := d.columns(r)
	sort := &plan.Sort{Input: in, Limit: -1}
	for _, c := range by {
		sort.Keys = append(sort.Keys, plan.SortKey{Expr: plan.Ref(c)})
	}
	for _, k := range keys {
		k.Expr = r.binding().substitute(k.Expr)
		sort.Keys = append(sort.Keys, k)
	}
	c, ok := n.Count.(*plan.Const)
	if ok && n.Offset == nil && c.Value == types.Int(c.Value.Type, 1) && len(n.By) == 0 {
		return &plan.Distinct{Input: sort, On: refList(by)}, r
	}
	b := r.binding()
	return &plan.Limit{
		Input: sort, Count: n.Count, Offset: n.Offset, By: append(refList(by), b.list(n.By)...),
	}, r
}

func (d *domain) pushSetOp(n *plan.SetOp, eqs []equality) (plan.Node, repr) {
	out := repr{}
	m := *n
	m.Cols = n.Cols[:len(n.Cols):len(n.Cols)]
	for _, c := range d.outer {
		col := d.o.fresh(c)
		out[c.ID] = col
		m.Cols = append(m.Cols, col)
	}
	side := func(in plan.Node) plan.Node {
		b := binding{}
		cols := in.Columns()
		for i, c := range n.Cols {
			b[c.ID] = plan.Ref(cols[i])
		}
		own := make([]equality, len(eqs))
		for i, q := range eqs {
			own[i] = equality{q.outer, b.substitute(q.inner)}
		}
		pushed, r := d.push(in, own)
		p := &plan.Project{Input: pushed, Exprs: identity(cols)}
		for _, c := range d.outer {
			col := d.o.fresh(r[c.ID])
			p.Exprs = append(p.Exprs, plan.NamedExpr{Out: col, Expr: plan.Ref(r[c.ID])})
		}
		return p
	}
	m.Left, m.Right = side(n.Left), side(n.Right)
	return &m, out
}

// pushValues makes each literal row a projection of D.
func (d *domain) pushValues(n *plan.Values) (plan.Node, repr) {
	var tail []plan.Column
	width := len(n.Cols)
	out := d.o.rowsOf(&plan.Values{Cols: append(n.Cols[:width:width], d.freshOuter(&tail)...), Rows: d.widen(n.Rows)},
		func(row []plan.NamedExpr) plan.Node {
			rows, r := d.read(d.outer)
			for i := range row {
				row[i].Expr = r.binding().substitute(row[i].Expr)
			}
			return &plan.Project{Input: rows, Exprs: row}
		})
	r := repr{}
	for i, c := range d.outer {
		r[c.ID] = tail[i]
	}
	return out, r
}

func (d *domain) freshOuter(tail *[]plan.Column) []plan.Column {
	for _, c := range d.outer {
		*tail = append(*tail, d.o.fresh(c))
	}
	return *tail
}

// widen adds the outer columns themselves to every row.
func (d *domain) widen(rows [][]plan.Expr) [][]plan.Expr {
	out := make([][]plan.Expr, len(rows))
	for i, row := range rows {
		out[i] = append(row[:len(row):len(row)], refList(d.outer)...)
	}
	return out
}

func (d *domain) pushGenerate(n *plan.Generate) (plan.Node, repr) {
	m := *n
	var r repr
	if n.Input == nil {
		m.Input, r = d.read(d.outer)
	} else {
		m.Input, r = d.push(n.Input, nil)
	}
	return plan.MapExprs(&m, r.binding().substitute), r
}
