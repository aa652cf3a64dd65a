package optimize

import (
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// region is a maximal tree of inner joins: its inputs, all conditions and, for columns that
// projections inside the region renamed, what they stand for.
type region struct {
	leaves []plan.Node
	conds  []plan.Expr
	alias  binding
}

// collect adds n to the region: inner joins, filters above them and projections that only rename
// are taken apart, anything else is a leaf.
func (g *region) collect(n plan.Node) {
	switch m := n.(type) {
	case *plan.Join:
		if m.Kind == plan.InnerJoin || m.Kind == plan.CrossJoin {
			g.collect(m.Left)
			g.collect(m.Right)
			g.conds = append(g.conds, g.alias.list(joinConds(m))...)
			return
		}
	case *plan.Filter:
		pure, rest := splitVolatile(m.Preds)
		if len(rest) == 0 && overJoin(m.Input) {
			g.collect(m.Input)
			g.conds = append(g.conds, g.alias.list(pure)...)
			return
		}
	case *plan.Project:
		if onlyRenames(m) && overJoin(m.Input) {
			g.collect(m.Input)
			for _, e := range m.Exprs {
				if c := e.Expr.(*plan.Column); c.ID != e.Out.ID {
					g.alias[e.Out.ID] = g.alias.substitute(c)
				}
			}
			return
		}
	}
	g.leaves = append(g.leaves, n)
}

// overJoin reports that an inner join stands below n with only filters and renames between.
func overJoin(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Join:
		return n.Kind == plan.InnerJoin || n.Kind == plan.CrossJoin
	case *plan.Filter:
		return overJoin(n.Input)
	case *plan.Project:
		return onlyRenames(n) && overJoin(n.Input)
	}
	return false
}

func onlyRenames(p *plan.Project) bool {
	for _, e := range p.Exprs {
		if _, ok := e.Expr.(*plan.Column); !ok {
			return false
		}
	}
	return true
}

// restore projects a rebuilt region back to the columns that parents of the old tree refer to.
func (g *region) restore(n plan.Node, cols []plan.Column) plan.Node {
	renamed := false
	out := make([]plan.NamedExpr, len(cols))
	for i, c := range cols {
		e := g.alias.substitute(plan.Ref(c))
		renamed = renamed || e.(*plan.Column).ID != c.ID
		out[i] = plan.NamedExpr{Out: c, Expr: e}
	}
	if !renamed {
		return n
	}
	return &plan.Project{Input: n, Exprs: out}
}

// pushIntoRegion distributes the conditions of a whole tree of inner joins over its inputs and puts
// the rest where their columns first meet.
func (o *optimizer) pushIntoRegion(n *plan.Join, preds []plan.Expr) plan.Node {
	g := region{alias: binding{}}
	g.collect(n)
	cols := n.Columns()
	s := simplifier{o: o, children: g.leaves}
	conds, never := s.conjuncts(append(g.conds, g.alias.list(preds)...))
	if never {
		return &plan.Empty{Cols: cols}
	}
	conds, held := splitVolatile(conds)
	conds = append(conds, transitive(conds)...)
	for i, leaf := range g.leaves {
		own, rest := o.leafConds(&s, conds, plan.Outputs(leaf), i == 0)
		conds = rest
		g.leaves[i] = o.push(leaf, own)
		if isEmpty(g.leaves[i]) {
			return &plan.Empty{Cols: cols}
		}
	}
	return filter(g.restore(leftDeep(g.leaves, conds), cols), held)
}

// leafConds takes the conditions that one leaf can check; from a disjunction over several leaves it
// takes what is implied for this one.
func (o *optimizer) leafConds(s *simplifier, conds []plan.Expr, outputs plan.ColumnSet, first bool) (own, rest []plan.Expr) {
	for _, c := range conds {
		constant := len(refs(c)) == 0
		if within(c, outputs) && (!constant || first) {
			own = append(own, c)
			continue
		}
		rest = append(rest, c)
		if e := implied(s, c, outputs); e != nil {
			if _, isConst := e.(*plan.Const); !isConst {
				own = append(own, plan.Conjuncts(e)...)
			}
		}
	}
	return dedupe(own), rest
}

// leftDeep joins the leaves in their order.
func leftDeep(leaves []plan.Node, conds []plan.Expr) plan.Node {
	n := leaves[0]
	have := plan.Outputs(n)
	for _, leaf := range leaves[1:] {
		for id := range plan.Outputs(leaf) {
			have.Add(id)
		}
		var on, later []plan.Expr
		for _, c := range conds {
			if within(c, have) {
				on = append(on, c)
			} else {
				later = append(later, c)
			}
		}
		conds = later
		n = newJoin(plan.InnerJoin, n, leaf, on)
	}
	return filter(n, conds)
}

// transitive derives tests against constants for columns that are equal to tested ones.
//
//	a.x = b.x AND b.x < 5  ⇒  a.x < 5
func transitive(conds []plan.Expr) []plan.Expr {
	classes := equalColumns(conds)
	var out []plan.Expr
	for _, c := range conds {
		col, ok := constantTest(c)
		if !ok {
			continue
		}
		for _, other := range classes.members(col.ID) {
			if other.ID != col.ID {
				out = append(out, binding{col.ID: other}.substitute(c))
			}
		}
	}
	return dropKnown(out, conds)
}

func dropKnown(preds, known []plan.Expr) []plan.Expr {
	if len(preds) == 0 {
		return nil
	}
	seen := map[string]bool{}
	for _, k := range known {
		seen[key(k)] = true
	}
	out := preds[:0]
	for _, p := range dedupe(preds) {
		if !seen[key(p)] {
			out = append(out, p)
		}
	}
	return out
}

// equivalence are classes of columns that equality conditions make equal.
type equivalence struct {
	class   map[plan.ColumnID]int
	columns [][]*plan.Column
}

// equalColumns reads the classes off conditions column = column of one type.
func equalColumns(conds []plan.Expr) *equivalence {
	q := &equivalence{class: map[plan.ColumnID]int{}}
	for _, c := range conds {
		if l, r, ok := columnPair(c); ok {
			q.unite(l, r)
		}
	}
	return q
}

func columnPair(e plan.Expr) (l, r *plan.Column, ok bool) {
	c, ok := e.(*plan.Compare)
	if !ok || c.Op != plan.Eq {
		return nil, nil, false
	}
	l, okL := c.L.(*plan.Column)
	r, okR := c.R.(*plan.Column)
	return l, r, okL && okR && comparable(l.Typ, r.Typ) && l.ID != r.ID
}

// comparable: values of the two types stand in for each other in comparisons.
func comparable(a, b types.Type) bool { return a == b || a.IsText() && b.IsText() }

func (q *equivalence) classOf(c *plan.Column) int {
	if i, ok := q.class[c.ID]; ok {
		return i
	}
	i := len(q.columns)
	q.class[c.ID] = i
	q.columns = append(q.columns, []*plan.Column{c})
	return i
}

func (q *equivalence) unite(a, b *plan.Column) {
	i, j := q.classOf(a), q.classOf(b)
	if i == j {
		return
	}
	for _, c := range q.columns[j] {
		q.class[c.ID] = i
	}
	q.columns[i] = append(q.columns[i], q.columns[j]...)
	q.columns[j] = nil
}

func (q *equivalence) members(id plan.ColumnID) []*plan.Column {
	if i, ok := q.class[id]; ok {
		return q.columns[i]
	}
	return nil
}
