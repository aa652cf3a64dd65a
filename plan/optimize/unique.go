package optimize

import "github.com/oxidb/oxidb/plan"

// uniqueBuild proves that no two right rows of the join have the same values in its equality keys.
func uniqueBuild(n *plan.Join) bool {
	keys := plan.ColumnSet{}
	for _, p := range n.Equi {
		c, ok := p.Right.(*plan.Column)
		if ok && (!p.NullSafe || c.NotNull || groups(n.Right)) {
			keys.Add(c.ID)
		}
	}
	return len(keys) > 0 && isUnique(n.Right, keys)
}

// groups reports a grouping, whose keys are unique with NULL as a value.
func groups(n plan.Node) bool {
	_, ok := n.(*plan.Aggregate)
	return ok
}

// isUnique proves that no two rows of n agree in all columns of keys, NULLs counted as different:
// keys contain a key of n.
func isUnique(n plan.Node, keys plan.ColumnSet) bool {
	switch n := n.(type) {
	case *plan.Scan:
		return scanUnique(n, keys)
	case *plan.Filter, *plan.Sort, *plan.Limit, *plan.Window:
		return isUnique(n.Children()[0], keys)
	case *plan.Distinct:
		if len(n.On) > 0 {
			return keys.ContainsAll(refsOf(n.On)) || isUnique(n.Input, keys)
		}
		return keys.ContainsAll(plan.Outputs(n)) || isUnique(n.Input, keys)
	case *plan.Aggregate:
		for _, g := range n.Groups {
			if !keys.Has(g.Out.ID) {
				return groupsUnique(n, keys)
			}
		}
		return true
	case *plan.Project:
		in := plan.ColumnSet{}
		for _, e := range n.Exprs {
			if c, ok := e.Expr.(*plan.Column); ok && keys.Has(e.Out.ID) {
				in.Add(c.ID)
			}
		}
		return isUnique(n.Input, in)
	case *plan.Join:
		return joinUnique(n, keys)
	}
	return false
}

// groupsUnique: keys determine the input row when they hold a key of it.
func groupsUnique(n *plan.Aggregate, keys plan.ColumnSet) bool {
	in := plan.ColumnSet{}
	for _, g := range n.Groups {
		if c, ok := g.Expr.(*plan.Column); ok && keys.Has(g.Out.ID) {
			in.Add(c.ID)
		}
	}
	return len(in) > 0 && isUnique(n.Input, in)
}

// scanUnique looks for a unique index whose columns are all among keys, or fixed by a filter.
func scanUnique(n *plan.Scan, keys plan.ColumnSet) bool {
	if n.RowID != nil && keys.Has(n.RowID.ID) {
		return true
	}
	have := map[int32]bool{}
	for _, c := range n.Cols {
		if c.Ordinal < len(n.Table.Columns) && (keys.Has(c.ID) || fixed(n.Filters, c.ID)) {
			have[n.Table.Columns[c.Ordinal].FieldID] = true
		}
	}
	for _, ix := range n.Table.Indexes {
		if !ix.Unique && !ix.Primary || len(ix.Fields) == 0 {
			continue
		}
		all := true
		for _, f := range ix.Fields {
			all = all && have[f]
		}
		if all {
			return true
		}
	}
	return false
}

// fixed reports a filter column = constant.
func fixed(preds []plan.Expr, id plan.ColumnID) bool {
	for _, p := range preds {
		c, ok := p.(*plan.Compare)
		if !ok || c.Op != plan.Eq || len(refs(c.R)) > 0 || volatile(c.R) {
			continue
		}
		if col, ok := c.L.(*plan.Column); ok && col.ID == id {
			return true
		}
	}
	return false
}

// joinUnique: a side stays unique when the other adds at most one partner; semi and anti joins only
// drop rows.
func joinUnique(n *plan.Join, keys plan.ColumnSet) bool {
	switch n.Kind {
	case plan.SemiJoin, plan.AntiJoin, plan.MarkJoin, plan.SingleJoin:
		return isUnique(n.Left, keys)
	case plan.LeftJoin:
		return isUnique(n.Left, keys) && uniqueBuild(n)
	case plan.InnerJoin:
		keys = equated(n, keys)
		if isUnique(n.Left, keys) && uniqueBuild(n) {
			return true
		}
		flipped := newJoin(plan.InnerJoin, n.Right, n.Left, joinConds(n))
		return isUnique(n.Right, keys) && uniqueBuild(flipped)
	}
	return false
}

// equated adds the columns that an inner join makes equal to those of keys.
func equated(n *plan.Join, keys plan.ColumnSet) plan.ColumnSet {
	out := with(keys)
	for _, p := range n.Equi {
		l, ok1 := p.Left.(*plan.Column)
		r, ok2 := p.Right.(*plan.Column)
		if ok1 && ok2 && (out.Has(l.ID) || out.Has(r.ID)) {
			out.Add(l.ID)
			out.Add(r.ID)
		}
	}
	return out
}
