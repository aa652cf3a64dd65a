package optimize

import "github.com/oxidb/oxidb/plan"

// prune is the rule "prune_columns": nothing is read, computed or carried that nobody above needs;
// joins whose right side only adds such columns go too.
//
//	Project a.x (Inner Join on a.y = b.y (Scan a [x, y, z], Scan b [y, z]))
//	  ⇒  Project a.x (Inner Join on a.y = b.y (Scan a [x, y], Scan b [y]))
func prune(o *optimizer, root plan.Node) plan.Node {
	p := pruner{o: o, need: map[*plan.SharedPlan]map[int]bool{}}
	cols := root.Columns()
	root = keep(p.node(root, plan.Outputs(root)), cols)
	plans := subplans(root)
	for i := len(plans) - 1; i >= 0; i-- { // readers before what they read
		s := plans[i]
		in := s.get()
		cols := in.Columns()
		if s.shared != nil {
			cols = p.kept(s.shared, cols)
		}
		need := plan.ColumnSet{}
		for _, c := range cols {
			need.Add(c.ID)
		}
		s.set(keep(p.node(in, need), cols))
	}
	for _, s := range plans {
		s.set(plan.RewriteNodes(s.get(), p.reader))
	}
	return plan.RewriteNodes(root, p.reader)
}

type pruner struct {
	o *optimizer
	// need are the positions of shared plans' columns that some reader wants.
	need map[*plan.SharedPlan]map[int]bool
}

func (p *pruner) kept(s *plan.SharedPlan, cols []plan.Column) []plan.Column {
	out := []plan.Column{}
	for i, c := range cols {
		if p.need[s][i] {
			out = append(out, c)
		}
	}
	return out
}

// reader drops the columns of a Shared node that its plan no longer has.
func (p *pruner) reader(n plan.Node) plan.Node {
	s, ok := n.(*plan.Shared)
	if !ok {
		return n
	}
	m := *s
	m.Cols = p.kept(s.Plan, s.Cols)
	return &m
}

func with(need plan.ColumnSet, exprs ...plan.Expr) plan.ColumnSet {
	out := make(plan.ColumnSet, len(need)+len(exprs))
	for id := range need {
		out.Add(id)
	}
	for _, e := range exprs {
		plan.AddRefs(out, e)
	}
	return out
}

func wanted(cols []plan.Column, need plan.ColumnSet) []plan.Column {
	out := make([]plan.Column, 0, len(cols))
	for _, c := range cols {
		if need.Has(c.ID) {
			out = append(out, c)
		}
	}
	return out
}

// node gives n with at least the needed columns.
func (p *pruner) node(n plan.Node, need plan.ColumnSet) plan.Node {
	switch n := n.(type) {
	case *plan.Scan:
		m := *n
		m.Cols = wanted(n.Cols, with(need, plan.Exprs(n)...))
		if n.RowID != nil && !need.Has(n.RowID.ID) {
			m.RowID = nil
		}
		return &m
	case *plan.External:
		m := *n
		m.Cols = wanted(n.Cols, with(need, plan.Exprs(n)...))
		return &m
	case *plan.Empty:
		return &plan.Empty{Cols: wanted(n.Cols, need)}
	case *plan.Values:
		return pruneValues(n, need)
	case *plan.Project:
		m := &plan.Project{}
		for _, e := range n.Exprs {
			if need.Has(e.Out.ID) {
				m.Exprs = append(m.Exprs, e)
			}
		}
		m.Input = p.node(n.Input, with(nil, plan.Exprs(m)...))
		return m
	case *plan.Join:
		return p.join(n, need)
	case *plan.Aggregate:
		return p.aggregate(n, need)
	case *plan.Window:
		return p.window(n, need)
	case *plan.Distinct:
		if len(n.On) == 0 {
			return n.With([]plan.Node{keep(p.node(n.Input, plan.Outputs(n)), n.Columns())})
		}
	case *plan.SetOp:
		return p.setOp(n, need)
	case *plan.Shared:
		p.read(n, need)
		return n
	case *plan.Recursive:
		return n.With([]plan.Node{p.exactly(n.Init), p.exactly(n.Step)})
	}
	return p.others(n, need)
}

// others need of their single input what is needed of them and what they refer to themselves.
func (p *pruner) others(n plan.Node, need plan.ColumnSet) plan.Node {
	children := n.Children()
	if len(children) == 0 {
		return n
	}
	need = with(need, plan.Exprs(n)...)
	for i, c := range children {
		children[i] = p.node(c, need)
	}
	return n.With(children)
}

func (p *pruner) exactly(n plan.Node) plan.Node {
	return keep(p.node(n, plan.Outputs(n)), n.Columns())
}

func (p *pruner) read(n *plan.Shared, need plan.ColumnSet) {
	set := p.need[n.Plan]
	if set == nil {
		set = map[int]bool{}
		p.need[n.Plan] = set
	}
	for i, c := range n.Cols {
		if need.Has(c.ID) {
			set[i] = true
		}
	}
}

func pruneValues(n *plan.Values, need plan.ColumnSet) plan.Node {
	m := &plan.Values{Rows: make([][]plan.Expr, len(n.Rows))}
	for i, c := range n.Cols {
		if !need.Has(c.ID) {
			continue
		}
		m.Cols = append(m.Cols, c)
		for j, row := range n.Rows {
			m.Rows[j] = append(m.Rows[j], row[i])
		}
	}
	return m
}

func (p *pruner) aggregate(n *plan.Aggregate, need plan.ColumnSet) plan.Node {
	m := *n
	m.Aggs = nil
	for _, a := range n.Aggs {
		if need.Has(a.Out.ID) {
			m.Aggs = append(m.Aggs, a)
		}
	}
	m.Input = p.node(n.Input, with(nil, plan.Exprs(&m)...))
	return &m
}

// window drops the calls that nobody needs, and itself with the last of them.
func (p *pruner) window(n *plan.Window, need plan.ColumnSet) plan.Node {
	m := *n
	m.Calls = nil
	for i := range n.Calls {
		if need.Has(n.Calls[i].Out.ID) {
			m.Calls = append(m.Calls, n.Calls[i])
		}
	}
	if len(m.Calls) == 0 {
		return p.node(n.Input, need)
	}
	m.Input = p.node(n.Input, with(need, plan.Exprs(&m)...))
	return &m
}

func (p *pruner) join(n *plan.Join, need plan.ColumnSet) plan.Node {
	if p.unused(n, need) {
		return p.node(n.Left, need)
	}
	below := with(need, plan.Exprs(n)...)
	return n.With([]plan.Node{p.node(n.Left, below), p.node(n.Right, below)})
}

// unused reports a join that neither drops nor multiplies left rows and whose own columns nobody
// needs.
func (p *pruner) unused(n *plan.Join, need plan.ColumnSet) bool {
	switch n.Kind {
	case plan.MarkJoin:
		return !need.Has(n.Mark.ID)
	case plan.LeftJoin, plan.SingleJoin:
		for _, c := range n.Right.Columns() {
			if need.Has(c.ID) {
				return false
			}
		}
		return n.Kind == plan.SingleJoin || uniqueBuild(n)
	}
	return false
}

func (p *pruner) setOp(n *plan.SetOp, need plan.ColumnSet) plan.Node {
	if n.Kind != plan.Union || !n.All {
		return n.With([]plan.Node{p.exactly(n.Left), p.exactly(n.Right)})
	}
	m := *n
	m.Cols = wanted(n.Cols, need)
	side := func(in plan.Node) plan.Node {
		all := in.Columns()
		var cols []plan.Column
		own := plan.ColumnSet{}
		for i, c := range n.Cols {
			if need.Has(c.ID) {
				cols = append(cols, all[i])
				own.Add(all[i].ID)
			}
		}
		return keep(p.node(in, own), cols)
	}
	m.Left, m.Right = side(n.Left), side(n.Right)
	return &m
}
