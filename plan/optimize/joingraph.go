package optimize

import (
	"math/bits"

	"github.com/oxidb/oxidb/plan"
)

// relset is a set of relations of a join graph by number.
type relset uint64

func single(i int) relset             { return 1 << i }
func (s relset) has(i int) bool       { return s&(1<<i) != 0 }
func (s relset) count() int           { return bits.OnesCount64(uint64(s)) }
func (s relset) first() int           { return bits.TrailingZeros64(uint64(s)) }
func (s relset) covers(t relset) bool { return t&^s == 0 }

// maxRelations is how many inputs one join graph may have; a larger region is cut.
const maxRelations = 60

// regionSize counts the relations that gather would find.
func regionSize(n plan.Node) int {
	if !overAnyJoin(n) {
		return 1
	}
	j, ok := n.(*plan.Join)
	switch {
	case !ok:
		return regionSize(n.Children()[0])
	case j.Kind == plan.InnerJoin || j.Kind == plan.CrossJoin:
		return regionSize(j.Left) + regionSize(j.Right)
	}
	return regionSize(j.Left) + 1
}

// relation is one input of a join graph: a leaf of inner joins, or the right side of a directed
// join (left, single, semi, anti, mark), which is a filter or an extension of the rows that have
// the columns it needs.
type relation struct {
	node plan.Node
	rows float64
	base float64
	cost float64
	// directed is the join whose right side node is; nil for a plain input. needs are the relations
	// whose columns its conditions refer to, factor is by how much it multiplies rows.
	directed *plan.Join
	needs    relset
	factor   float64
}

// classMember is a column of an equivalence class inside one relation.
type classMember struct {
	rel      int
	column   *plan.Column
	distinct float64
}

// condition is a predicate over at least two relations that is not part of an equivalence class.
type condition struct {
	expr     plan.Expr
	rels     relset
	fraction float64
}

// joinGraph is a region of joins whose order is free.
type joinGraph struct {
	o       *optimizer
	rels    []relation
	classes [][]classMember
	conds   []condition
	alias   binding
	raw     []plan.Expr
	near    []relset // neighbours of each relation
	inner   relset   // the relations that are not directed
}

// gather takes n apart into relations and conditions.
func (g *joinGraph) gather(n plan.Node) {
	switch m := n.(type) {
	case *plan.Join:
		switch m.Kind {
		case plan.InnerJoin, plan.CrossJoin:
			g.gather(m.Left)
			g.gather(m.Right)
			g.raw = append(g.raw, g.alias.list(joinConds(m))...)
			return
		case plan.LeftJoin, plan.SingleJoin, plan.SemiJoin, plan.AntiJoin, plan.MarkJoin:
			if _, rest := splitVolatile(joinConds(m)); len(rest) > 0 {
				break
			}
			g.gather(m.Left)
			d := *m
			d.Equi = append([]plan.EquiPair(nil), m.Equi...)
			for i := range d.Equi {
				d.Equi[i].Left = g.alias.substitute(d.Equi[i].Left)
			}
			d.Residual = g.alias.list(m.Residual)
			d.Right = g.o.order(m.Right)
			g.rels = append(g.rels, relation{node: d.Right, directed: &d})
			return
		}
	case *plan.Filter:
		if pure, rest := splitVolatile(m.Preds); len(rest) == 0 && overAnyJoin(m.Input) {
			g.gather(m.Input)
			g.raw = append(g.raw, g.alias.list(pure)...)
			return
		}
	case *plan.Project:
		if onlyRenames(m) && overAnyJoin(m.Input) {
			g.gather(m.Input)
			for _, e := range m.Exprs {
				if c := e.Expr.(*plan.Column); c.ID != e.Out.ID {
					g.alias[e.Out.ID] = g.alias.substitute(c)
				}
			}
			return
		}
	}
	g.rels = append(g.rels, relation{node: g.o.orderBelow(n)})
}

func overAnyJoin(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Join:
		return n.Kind != plan.FullJoin && n.Kind != plan.RightJoin
	case *plan.Filter:
		return overAnyJoin(n.Input)
	case *plan.Project:
		return onlyRenames(n) && overAnyJoin(n.Input)
	}
	return false
}

// resolve computes what enumeration needs: which relation makes which column, equivalence classes,
// estimates and neighbours.
func (g *joinGraph) resolve() {
	e := g.o.estimator()
	owner := map[plan.ColumnID]int{}
	for i := range g.rels {
		r := &g.rels[i]
		if r.directed != nil && r.directed.Kind == plan.MarkJoin {
			owner[r.directed.Mark.ID] = i
		}
		if r.directed == nil || !isExistence(r.directed.Kind) {
			for _, c := range r.node.Columns() {
				owner[c.ID] = i
			}
		}
		r.rows, r.base = max(e.rows(r.node), leastFraction), max(e.baseRows(r.node), 1)
		r.cost = g.o.costOf(r.node)
		if r.directed == nil {
			g.inner |= single(i)
		}
	}
	relsOf := func(ids plan.ColumnSet) relset {
		var s relset
		for id := range ids {
			if i, ok := owner[id]; ok {
				s |= single(i)
			}
		}
		return s
	}
	for i := range g.rels {
		if r := &g.rels[i]; r.directed != nil {
			r.needs = relsOf(refsOf(joinConds(r.directed))) &^ single(i)
			if r.needs == 0 {
				r.needs = single(g.inner.first())
			}
			r.factor = g.directedFactor(r)
		}
	}
	g.addConditions(e, owner, relsOf)
	g.findNeighbours()
}

// directedFactor is by how much the join changes the number of rows, estimated on the relations
// that it needs.
func (g *joinGraph) directedFactor(r *relation) float64 {
	left := g.rels[r.needs.first()].node
	if r.needs.count() > 1 {
		j := plan.Node(nil)
		for s := r.needs; s != 0; s &= s - 1 {
			n := g.rels[s.first()].node
			if j == nil {
				j = n
			} else {
				j = &plan.Join{Kind: plan.CrossJoin, Left: j, Right: n}
			}
		}
		left = j
	}
	d := *r.directed
	d.Left = left
	rows := g.o.estimator().rows(left)
	if rows <= 0 {
		return 1
	}
	return max(g.o.estimator().joinRows(&d)/rows, leastFraction)
}

// addConditions sorts the raw conditions into equivalence classes and others. A column that an
// outer join may fill with NULLs takes part in no class.
func (g *joinGraph) addConditions(e *estimator, owner map[plan.ColumnID]int, relsOf func(plan.ColumnSet) relset) {
	var equal []plan.Expr
	all := func(id plan.ColumnID) domainStats { return e.domain(g.rels[owner[id]].node, id) }
	for _, c := range dedupe(g.raw) {
		if l, r, ok := columnPair(c); ok && owner[l.ID] != owner[r.ID] &&
			g.inner.has(owner[l.ID]) && g.inner.has(owner[r.ID]) {
			equal = append(equal, c)
			continue
		}
		g.conds = append(g.conds, condition{expr: c, rels: relsOf(refs(c)), fraction: g.condFraction(e, c, all)})
	}
	for _, cols := range equalColumns(equal).columns {
		var class []classMember
		for _, c := range cols {
			i := owner[c.ID]
			if first := memberOf(class, i); first != nil {
				g.restrict(i, &plan.Compare{Op: plan.Eq, L: first, R: c})
				continue
			}
			d := e.domain(g.rels[i].node, c.ID).distinct
			if d == 0 {
				d = max(1, g.rels[i].rows*guessDistinct)
			}
			class = append(class, classMember{i, c, d})
		}
		if len(class) > 1 {
			g.classes = append(g.classes, class)
		}
	}
}

func memberOf(class []classMember, rel int) *plan.Column {
	for _, m := range class {
		if m.rel == rel {
			return m.column
		}
	}
	return nil
}

// restrict adds a predicate to one relation: two of its columns equal a third relation's column.
func (g *joinGraph) restrict(i int, p plan.Expr) {
	r := &g.rels[i]
	r.node = g.o.push(r.node, []plan.Expr{p})
	r.rows = max(g.o.estimator().rows(r.node), leastFraction)
}

// condFraction estimates a condition over several relations: an equality of expressions by their
// domains; a disjunction given that each side's implied part, which its inputs check, holds.
func (g *joinGraph) condFraction(e *estimator, c plan.Expr, all lookup) float64 {
	f := clampFraction(e.fraction(c, all))
	if _, ok := c.(*plan.Or); !ok {
		return f
	}
	s := simplifier{o: g.o}
	for i := range g.rels {
		if p := implied(&s, c, plan.Outputs(g.rels[i].node)); p != nil {
			f /= clampFraction(e.fraction(p, all))
		}
	}
	return clampFraction(f)
}

// findNeighbours connects relations that a condition joins; parts without any condition between
// them are connected through their smallest relations.
func (g *joinGraph) findNeighbours() {
	g.near = make([]relset, len(g.rels))
	connect := func(s relset) {
		for t := s; t != 0; t &= t - 1 {
			i := t.first()
			g.near[i] |= s &^ single(i)
		}
	}
	for _, class := range g.classes {
		var s relset
		for _, m := range class {
			s |= single(m.rel)
		}
		connect(s)
	}
	for _, c := range g.conds {
		if c.rels.count() == 2 {
			connect(c.rels)
		}
	}
	for i := range g.rels {
		if g.rels[i].directed != nil {
			for t := g.rels[i].needs; t != 0; t &= t - 1 {
				connect(single(i) | single(t.first()))
			}
		}
	}
	for {
		part := g.component(g.inner.first())
		rest := g.inner &^ part
		if rest == 0 {
			return
		}
		connect(single(g.smallest(part)) | single(g.smallest(g.component(rest.first()))))
	}
}

// component is the set of undirected relations that can be reached from i.
func (g *joinGraph) component(i int) relset {
	s := single(i)
	for {
		next := s
		for t := s; t != 0; t &= t - 1 {
			next |= g.near[t.first()] & g.inner
		}
		if next == s {
			return s
		}
		s = next
	}
}

func (g *joinGraph) smallest(s relset) int {
	best := s.first()
	for t := s; t != 0; t &= t - 1 {
		if i := t.first(); g.rels[i].rows < g.rels[best].rows {
			best = i
		}
	}
	return best
}

// fractionOf is the part of pairs of a row of s and a row of relation i that match: per partner
// relation one over the larger composite key domain.
func (g *joinGraph) fractionOf(s relset, i int) float64 {
	f := 1.0
	type link struct{ left, right float64 }
	var links [64]link
	var partners relset
	var open uint64 // classes that link s and i and have no partner yet
	for k, class := range g.classes {
		var in, touch bool
		for _, m := range class {
			in = in || m.rel == i
			touch = touch || s.has(m.rel)
		}
		if in && touch && k < 64 {
			open |= 1 << k
		}
	}
	for open != 0 {
		p, covered := g.bestPartner(s, open)
		for t := covered; t != 0; t &= t - 1 {
			l, r := g.memberDistinct(bits.TrailingZeros64(t), p), g.memberDistinct(bits.TrailingZeros64(t), i)
			if !partners.has(p) {
				partners |= single(p)
				links[p] = link{1, 1}
			}
			links[p].left *= l
			links[p].right *= r
		}
		open &^= covered
	}
	for t := partners; t != 0; t &= t - 1 {
		p := t.first()
		f /= max(1, min(links[p].left, g.rels[p].base), min(links[p].right, g.rels[i].base))
	}
	for _, c := range g.conds {
		if c.rels.has(i) && c.rels.count() > 1 && (s | single(i)).covers(c.rels) {
			f *= c.fraction
		}
	}
	return f
}

// bestPartner is the relation of s that has members of the most open classes.
func (g *joinGraph) bestPartner(s relset, open uint64) (best int, covered uint64) {
	for t := s; t != 0; t &= t - 1 {
		p := t.first()
		var has uint64
		for c := open; c != 0; c &= c - 1 {
			k := bits.TrailingZeros64(c)
			for _, m := range g.classes[k] {
				if m.rel == p {
					has |= 1 << k
				}
			}
		}
		if bits.OnesCount64(has) > bits.OnesCount64(covered) {
			best, covered = p, has
		}
	}
	return best, covered
}

func (g *joinGraph) memberDistinct(class, rel int) float64 {
	for _, m := range g.classes[class] {
		if m.rel == rel {
			return m.distinct
		}
	}
	return 1
}
