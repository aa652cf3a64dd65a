package optimize

import "github.com/oxidb/oxidb/plan"

// copyTree is root with every column that it produces under a fresh id, and the map from old ids to
// the new columns (O4). Shared plans are read again, not copied.
func (o *optimizer) copyTree(root plan.Node) (plan.Node, map[plan.ColumnID]plan.Column) {
	r := renamer{}
	visitDeep(root, func(n plan.Node) {
		for _, c := range plan.Produced(n) {
			if _, ok := r[c.ID]; !ok {
				r[c.ID] = o.fresh(c)
			}
		}
	})
	return mapNodes(root, r.node), r
}

// renamer maps old column ids to new columns.
type renamer map[plan.ColumnID]plan.Column

func (r renamer) column(c plan.Column) plan.Column {
	if n, ok := r[c.ID]; ok {
		c.ID = n.ID
	}
	return c
}

func (r renamer) columns(cols []plan.Column) []plan.Column {
	out := make([]plan.Column, len(cols))
	for i, c := range cols {
		out[i] = r.column(c)
	}
	return out
}

func (r renamer) expr(e plan.Expr) plan.Expr {
	if c, ok := e.(*plan.Column); ok {
		if _, ok := r[c.ID]; ok {
			d := r.column(*c)
			return &d
		}
	}
	return e
}

// node renames what n produces and refers to.
func (r renamer) node(n plan.Node) plan.Node {
	n = rewriteExprs(n, r.expr)
	switch n := n.(type) {
	case *plan.Scan:
		m := *n
		m.Cols = r.columns(n.Cols)
		if n.RowID != nil {
			id := r.column(*n.RowID)
			m.RowID = &id
		}
		return &m
	case *plan.External:
		m := *n
		m.Cols = r.columns(n.Cols)
		return &m
	case *plan.Generate:
		m := *n
		m.Cols = r.columns(n.Cols)
		return &m
	case *plan.Values:
		m := *n
		m.Cols = r.columns(n.Cols)
		return &m
	case *plan.Project:
		m := *n
		m.Exprs = append([]plan.NamedExpr(nil), n.Exprs...)
		for i := range m.Exprs {
			m.Exprs[i].Out = r.column(m.Exprs[i].Out)
		}
		return &m
	case *plan.Join:
		m := *n
		m.Mark = r.column(n.Mark)
		return &m
	case *plan.Apply:
		m := *n
		m.Mark = r.column(n.Mark)
		return &m
	case *plan.Aggregate:
		m := *n
		m.Groups = append([]plan.NamedExpr(nil), n.Groups...)
		m.Aggs = append([]plan.NamedAgg(nil), n.Aggs...)
		for i := range m.Groups {
			m.Groups[i].Out = r.column(m.Groups[i].Out)
		}
		for i := range m.Aggs {
			m.Aggs[i].Out = r.column(m.Aggs[i].Out)
		}
		return &m
	}
	return r.leaf(n)
}

func (r renamer) leaf(n plan.Node) plan.Node {
	switch n := n.(type) {
	case *plan.Window:
		m := *n
		m.Calls = append([]plan.NamedWindow(nil), n.Calls...)
		for i := range m.Calls {
			m.Calls[i].Out = r.column(m.Calls[i].Out)
		}
		return &m
	case *plan.SetOp:
		m := *n
		m.Cols = r.columns(n.Cols)
		return &m
	case *plan.Shared:
		m := *n
		m.Cols = r.columns(n.Cols)
		return &m
	case *plan.Recursive:
		m := *n
		m.Cols = r.columns(n.Cols)
		return &m
	case *plan.WorkingScan:
		m := *n
		m.Cols = r.columns(n.Cols)
		return &m
	case *plan.Empty:
		m := *n
		m.Cols = r.columns(n.Cols)
		return &m
	}
	return n
}

// inlineShared is the rule "inline_shared": a shared plan with one reader, or one that refers to an
// outer query, is put where it is read.
//
//	Shared c (read once)  ⇒  Project(body of c)
func inlineShared(o *optimizer, root plan.Node) plan.Node {
	readers := map[*plan.SharedPlan]int{}
	count := func(n plan.Node) {
		if s, ok := n.(*plan.Shared); ok {
			readers[s.Plan]++
		}
	}
	all := reachable(root)
	visitDeep(root, count)
	for _, s := range all {
		visitDeep(s.get(), count)
	}
	inline := func(n plan.Node) plan.Node {
		s, ok := n.(*plan.Shared)
		if !ok || readers[s.Plan] != 1 && len(plan.FreeColumns(s.Plan.Input)) == 0 {
			return n
		}
		body := s.Plan.Input
		if readers[s.Plan] != 1 {
			body, _ = o.copyTree(body)
		}
		return rename(body, s.Cols)
	}
	for _, s := range all {
		s.set(mapNodes(s.get(), inline))
	}
	return mapNodes(root, inline)
}

// rename projects n's columns, by position, to cols.
func rename(n plan.Node, cols []plan.Column) plan.Node {
	p := &plan.Project{Input: n, Exprs: make([]plan.NamedExpr, len(cols))}
	for i, c := range n.Columns()[:len(cols)] {
		p.Exprs[i] = plan.NamedExpr{Out: cols[i], Expr: plan.Ref(c)}
	}
	return p
}
