package optimize

import "github.com/oxidb/oxidb/plan"

// groupKeys is the rule "group_keys": group columns that the others determine (by a key of their
// table) are carried along instead of compared.
//
//	Aggregate by c_custkey, c_name, n_name: sum(x)
//	  ⇒  Aggregate by c_custkey: sum(x), any_value(c_name), any_value(n_name)
func groupKeys(o *optimizer, root plan.Node) plan.Node {
	return plan.RewriteNodes(root, func(n plan.Node) plan.Node {
		a, ok := n.(*plan.Aggregate)
		if !ok || len(a.Groups) < 2 {
			return n
		}
		return o.reduceGroups(a)
	})
}

func (o *optimizer) reduceGroups(n *plan.Aggregate) plan.Node {
	d := dependencies{}
	d.collect(n.Input)
	if len(d.scans) == 0 {
		return n
	}
	n = o.sortedKeys(n, &d)
	dropped := make([]bool, len(n.Groups))
	for _, wide := range []bool{true, false} { // drop texts first, so that integers remain as keys
		for i := len(n.Groups) - 1; i >= 0; i-- {
			c, ok := n.Groups[i].Expr.(*plan.Column)
			if !ok || dropped[i] || wide != !integerClass(c.Typ) {
				continue
			}
			dropped[i] = true
			dropped[i] = d.closure(n.Groups, dropped).Has(c.ID)
		}
	}
	m := *n
	m.Groups = nil
	m.Aggs = n.Aggs[:len(n.Aggs):len(n.Aggs)]
	for i, g := range n.Groups {
		call, ok := o.aggCall("any_value", []plan.Expr{g.Expr})
		if !dropped[i] || !ok || call.Typ != g.Out.Typ {
			m.Groups = append(m.Groups, g)
			continue
		}
		m.Aggs = append(m.Aggs, plan.NamedAgg{Out: d.own(o, g), Agg: call})
	}
	if len(m.Groups) == len(n.Groups) {
		return n
	}
	return d.restore(&m, n)
}

// sortedKeys groups by the sorted one among equal columns, so that the groups may stream.
func (o *optimizer) sortedKeys(n *plan.Aggregate, d *dependencies) *plan.Aggregate {
	m := *n
	m.Groups = append([]plan.NamedExpr(nil), n.Groups...)
	outputs := plan.Outputs(n.Input)
	for i, g := range m.Groups {
		c, ok := g.Expr.(*plan.Column)
		if !ok {
			continue
		}
		if twin := o.sortedEqual(d, c, outputs); twin != nil {
			m.Groups[i].Expr = twin
		}
	}
	return &m
}

// sortedEqual finds a column equal to c by which the largest of the tables is sorted.
func (o *optimizer) sortedEqual(d *dependencies, c *plan.Column, outputs plan.ColumnSet) *plan.Column {
	equal := plan.ColumnSet{c.ID: {}}
	for size := 0; size != len(equal); {
		size = len(equal)
		for _, p := range d.equal {
			if equal.Has(p[0]) || equal.Has(p[1]) {
				equal.Add(p[0])
				equal.Add(p[1])
			}
		}
	}
	var best *plan.Column
	most := 0.0
	for _, s := range d.scans {
		stats := o.estimator().table(s.Table)
		for _, col := range s.Cols {
			known := col.Ordinal < len(stats.Columns) && stats.Columns[col.Ordinal].Sorted
			if known && equal.Has(col.ID) && outputs.Has(col.ID) && comparable(col.Typ, c.Typ) && stats.Rows > most {
				best, most = plan.Ref(col), stats.Rows
			}
		}
	}
	return best
}

// dependencies are what determines what among the columns of one input: a key of a scan its other
// columns, an equality of an inner join one side the other.
type dependencies struct {
	scans []*plan.Scan
	equal [][2]plan.ColumnID
	moved binding
}

// own gives an aggregate its column: a group that passed its input's id on needs another one.
func (d *dependencies) own(o *optimizer, g plan.NamedExpr) plan.Column {
	if c := g.Expr.(*plan.Column); c.ID != g.Out.ID {
		return g.Out
	}
	out := o.fresh(g.Out)
	if d.moved == nil {
		d.moved = binding{}
	}
	d.moved[g.Out.ID] = plan.Ref(out)
	return out
}

// restore delivers the columns of old.
func (d *dependencies) restore(n, old *plan.Aggregate) plan.Node {
	p := &plan.Project{Input: n}
	for _, c := range old.Columns() {
		p.Exprs = append(p.Exprs, plan.NamedExpr{Out: c, Expr: d.moved.substitute(plan.Ref(c))})
	}
	return p
}

func (d *dependencies) collect(n plan.Node) {
	switch n := n.(type) {
	case *plan.Scan:
		d.scans = append(d.scans, n)
	case *plan.Filter:
		d.collect(n.Input)
	case *plan.Project:
		d.collect(n.Input)
		for _, e := range n.Exprs {
			if c, ok := e.Expr.(*plan.Column); ok && c.ID != e.Out.ID {
				d.equal = append(d.equal, [2]plan.ColumnID{c.ID, e.Out.ID})
			}
		}
	case *plan.Join:
		d.collect(n.Left)
		switch n.Kind {
		case plan.InnerJoin:
			d.collect(n.Right)
			for _, p := range n.Equi {
				l, ok1 := p.Left.(*plan.Column)
				r, ok2 := p.Right.(*plan.Column)
				if ok1 && ok2 {
					d.equal = append(d.equal, [2]plan.ColumnID{l.ID, r.ID})
				}
			}
		case plan.CrossJoin, plan.LeftJoin, plan.SingleJoin, plan.RightJoin:
			d.collect(n.Right)
		}
	}
}

// closure is the set of columns that the groups not dropped determine.
func (d *dependencies) closure(groups []plan.NamedExpr, dropped []bool) plan.ColumnSet {
	known := plan.ColumnSet{}
	for i, g := range groups {
		if c, ok := g.Expr.(*plan.Column); ok && !dropped[i] {
			known.Add(c.ID)
		}
	}
	for size := -1; size != len(known); {
		size = len(known)
		for _, p := range d.equal {
			if known.Has(p[0]) || known.Has(p[1]) {
				known.Add(p[0])
				known.Add(p[1])
			}
		}
		for _, s := range d.scans {
			if d.keyKnown(s, known) {
				for _, c := range s.Cols {
					known.Add(c.ID)
				}
			}
		}
	}
	return known
}

// keyKnown: a unique index without NULLs has all its columns among the known ones.
func (d *dependencies) keyKnown(s *plan.Scan, known plan.ColumnSet) bool {
	have := map[int32]bool{}
	for _, c := range s.Cols {
		if known.Has(c.ID) && c.Ordinal < len(s.Table.Columns) && s.Table.Columns[c.Ordinal].NotNull {
			have[s.Table.Columns[c.Ordinal].FieldID] = true
		}
	}
	for _, ix := range s.Table.Indexes {
		all := (ix.Unique || ix.Primary) && len(ix.Fields) > 0
		for _, f := range ix.Fields {
			all = all && have[f]
		}
		if all {
			return true
		}
	}
	return false
}
