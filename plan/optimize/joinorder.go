package optimize

import (
	"github.com/oxidb/oxidb/plan"
)

// orderJoins is the rule "order_joins": trees of inner joins are ordered by cost with DPccp
// (Moerkotte and Neumann, Analysis of two existing and one new dynamic programming algorithm for
// the generation of optimal bushy join trees, VLDB 2006) while the graph is small, greedily above.
// Left, single, semi, anti and mark joins take part as steps that may come at any point after the
// relations they refer to. The right child is the build side.
//
//	Inner Join (Inner Join (lineitem, orders), customer where …)
//	  ⇒  Inner Join (lineitem, Inner Join (orders, customer where …))
func orderJoins(o *optimizer, root plan.Node) plan.Node { return o.order(root) }

// order rewrites the region whose top n is and everything below it.
func (o *optimizer) order(n plan.Node) plan.Node {
	if !overAnyJoin(n) {
		return o.orderBelow(n)
	}
	if regionSize(n) > maxRelations { // the upper joins stay in the order of the query
		return o.orderBelow(n)
	}
	g := &joinGraph{o: o, alias: binding{}}
	g.gather(n)
	g.resolve()
	best := g.enumerate()
	tree := g.build(best)
	var left []plan.Expr
	for _, c := range g.conds {
		if c.rels.count() < 2 {
			left = append(left, c.expr)
		}
	}
	r := region{alias: g.alias}
	return r.restore(filter(tree, left), n.Columns())
}

// orderBelow orders the regions below n.
func (o *optimizer) orderBelow(n plan.Node) plan.Node {
	children := n.Children()
	if len(children) == 0 {
		return n
	}
	for i, c := range children {
		children[i] = keep(o.order(c), c.Columns())
	}
	return n.With(children)
}

// costOf is what it costs to get n's rows.
func (o *optimizer) costOf(n plan.Node) float64 {
	e := o.estimator()
	own := 0.0
	switch n := n.(type) {
	case *plan.Scan:
		if n.Seek != nil {
			return scanWeight * max(1, n.Seek.Rows)
		}
		return scanWeight * e.table(n.Table).Rows
	case *plan.External:
		return scanWeight * e.file(n.Source).Rows
	case *plan.Join:
		l, r := e.rows(n.Left), e.rows(n.Right)
		own = probeWeight*l + buildWeight*r + outputWeight*e.rows(n)
		if len(n.Equi) == 0 {
			own += crossWeight * l * r
		}
	case *plan.Aggregate:
		own = buildWeight*e.rows(n.Input) + outputWeight*e.rows(n)
	case *plan.Sort, *plan.Distinct, *plan.Window:
		own = buildWeight * e.rows(n)
	}
	for _, c := range n.Children() {
		own += o.costOf(c)
	}
	return own
}

// joinPlan is the best known way to join a set of relations.
type joinPlan struct {
	set         relset
	rows, cost  float64
	left, right *joinPlan // nil for a single relation; right is the build side
}

// pairLimit bounds dynamic programming: beyond it planning would cost more than it saves.
const (
	maxDynamic = 12
	pairLimit  = 20000
)

type enumeration struct {
	g     *joinGraph
	best  map[relset]*joinPlan
	rows  map[relset]float64
	pairs int
}

func (g *joinGraph) enumerate() *joinPlan {
	e := &enumeration{g: g, best: make(map[relset]*joinPlan, 4*len(g.rels)*len(g.rels)), rows: map[relset]float64{}}
	all := relset(1)<<len(g.rels) - 1
	for i := range g.rels {
		e.best[single(i)] = &joinPlan{set: single(i), rows: g.rels[i].rows, cost: g.rels[i].cost}
	}
	if len(g.rels) <= maxDynamic {
		e.dpccp()
	}
	if p := e.best[all]; p != nil && e.pairs < pairLimit {
		return p
	}
	return e.greedy()
}

// rowsOf is the estimate for a set, the same however it is put together.
func (e *enumeration) rowsOf(s relset) float64 {
	if s&(s-1) == 0 {
		return e.g.rels[s.first()].rows
	}
	if r, ok := e.rows[s]; ok {
		return r
	}
	last := e.last(s)
	rest := s &^ single(last)
	rel := &e.g.rels[last]
	r := e.rowsOf(rest)
	if rel.directed != nil {
		r *= rel.factor * e.g.directedConds(rest, last)
	} else {
		r *= rel.rows * e.g.fractionOf(rest, last)
	}
	r = max(r, leastFraction)
	e.rows[s] = r
	return r
}

// last takes directed relations off a set first, so that what remains is complete for them.
func (e *enumeration) last(s relset) int {
	if d := s &^ e.g.inner; d != 0 {
		for t := d; t != 0; t &= t - 1 {
			i := t.first()
			needed := false
			for u := d &^ single(i); u != 0; u &= u - 1 {
				needed = needed || e.g.rels[u.first()].needs.has(i)
			}
			if !needed {
				return i
			}
		}
	}
	for i := len(e.g.rels) - 1; ; i-- {
		if s.has(i) && e.g.inner.has(i) {
			return i
		}
	}
}

// directedConds is the effect of conditions on a directed join's own columns.
func (g *joinGraph) directedConds(s relset, i int) float64 {
	f := 1.0
	for _, c := range g.conds {
		if c.rels.has(i) && (s | single(i)).covers(c.rels) {
			f *= c.fraction
		}
	}
	return f
}

// dpccp enumerates every pair of connected, disjoint, adjacent sets once.
func (e *enumeration) dpccp() {
	for i := len(e.g.rels) - 1; i >= 0; i-- {
		before := relset(1)<<(i+1) - 1
		e.emit(single(i))
		e.grow(single(i), before)
	}
}

func (e *enumeration) neighbours(s relset) relset {
	var n relset
	for t := s; t != 0; t &= t - 1 {
		n |= e.g.near[t.first()]
	}
	return n &^ s
}

// grow enumerates the connected supersets of s that avoid x.
func (e *enumeration) grow(s, x relset) {
	n := e.neighbours(s) &^ x
	for sub := n & -n; sub != 0; sub = (sub - n) & n {
		e.emit(s | sub)
		if e.pairs >= pairLimit {
			return
		}
	}
	for sub := n & -n; sub != 0; sub = (sub - n) & n {
		e.grow(s|sub, x|n)
		if e.pairs >= pairLimit {
			return
		}
	}
}

// emit enumerates the partners of the connected set s1.
func (e *enumeration) emit(s1 relset) {
	x := relset(1)<<(s1.first()+1) - 1 | s1
	n := e.neighbours(s1) &^ x
	for i := len(e.g.rels) - 1; i >= 0; i-- {
		if !n.has(i) {
			continue
		}
		e.pair(s1, single(i))
		e.growPartner(s1, single(i), x|(relset(1)<<(i+1)-1)&n)
	}
}

func (e *enumeration) growPartner(s1, s2, x relset) {
	n := e.neighbours(s2) &^ x
	for sub := n & -n; sub != 0; sub = (sub - n) & n {
		e.pair(s1, s2|sub)
		if e.pairs >= pairLimit {
			return
		}
	}
	for sub := n & -n; sub != 0; sub = (sub - n) & n {
		e.growPartner(s1, s2|sub, x|n)
		if e.pairs >= pairLimit {
			return
		}
	}
}

// pair records the join of two sets when it is the best for their union so far.
func (e *enumeration) pair(s1, s2 relset) {
	e.pairs++
	p := e.join(s1, s2)
	if p == nil {
		return
	}
	if old := e.best[p.set]; old == nil || p.cost < old.cost {
		e.best[p.set] = p
	}
}

// join puts two planned sets together; nil when one is not planned or a directed join would miss
// what it needs.
func (e *enumeration) join(s1, s2 relset) *joinPlan {
	a, b := e.best[s1], e.best[s2]
	if a == nil || b == nil {
		return nil
	}
	if e.isDirected(s1) {
		a, b = b, a
	}
	p := &joinPlan{set: s1 | s2, rows: e.rowsOf(s1 | s2), left: a, right: b}
	switch {
	case e.isDirected(a.set):
		return nil
	case e.isDirected(b.set):
		if !a.set.covers(e.g.rels[b.set.first()].needs) {
			return nil
		}
	case !e.buildRight(a, b):
		p.left, p.right = b, a
	}
	p.cost = a.cost + b.cost + probeWeight*p.left.rows + buildWeight*p.right.rows + outputWeight*p.rows
	if !e.isDirected(b.set) && !e.g.linked(s1, s2) {
		p.cost += crossWeight * a.rows * b.rows
	}
	return p
}

func (e *enumeration) isDirected(s relset) bool {
	return s&(s-1) == 0 && e.g.rels[s.first()].directed != nil
}

// linked reports an equality between the sets.
func (g *joinGraph) linked(s1, s2 relset) bool {
	for _, class := range g.classes {
		var l, r bool
		for _, m := range class {
			l = l || s1.has(m.rel)
			r = r || s2.has(m.rel)
		}
		if l && r {
			return true
		}
	}
	for _, c := range g.conds {
		if _, ok := c.expr.(*plan.Compare); ok && c.rels&s1 != 0 && c.rels&s2 != 0 && (s1 | s2).covers(c.rels) {
			return true
		}
	}
	return false
}

// buildRight decides the build side: the smaller one, unless the larger is filtered, of the same
// order of size, and can prune a much bigger scan on the other side by its runtime filter.
func (e *enumeration) buildRight(a, b *joinPlan) bool {
	small, large := a, b
	if b.rows <= a.rows {
		small, large = b, a
	}
	build := small
	if large.rows < 4*small.rows && e.filtered(large) && e.biggestScan(small) > 8*large.rows && !e.filtered(small) {
		build = large
	}
	return build == b
}

// filtered reports a single relation that its own filters cut to less than half.
func (e *enumeration) filtered(p *joinPlan) bool {
	return p.left == nil && p.rows < e.g.rels[p.set.first()].base/2
}

func (e *enumeration) biggestScan(p *joinPlan) float64 {
	top := 0.0
	for t := p.set & e.g.inner; t != 0; t &= t - 1 {
		top = max(top, e.g.rels[t.first()].base)
	}
	return top
}

// greedy joins, again and again, the two parts whose join is smallest (Fegaras, A new heuristic for
// optimizing large queries, 1998), preferring parts that a condition connects.
func (e *enumeration) greedy() *joinPlan {
	parts := make([]*joinPlan, len(e.g.rels))
	for i := range parts {
		parts[i] = e.best[single(i)]
	}
	for len(parts) > 1 {
		var best *joinPlan
		bi, bj := 0, 0
		for i := range parts {
			for j := i + 1; j < len(parts); j++ {
				if e.neighbours(parts[i].set)&parts[j].set == 0 {
					continue
				}
				e.best[parts[i].set], e.best[parts[j].set] = parts[i], parts[j]
				if p := e.join(parts[i].set, parts[j].set); p != nil && (best == nil || p.rows < best.rows) {
					best, bi, bj = p, i, j
				}
			}
		}
		parts[bi] = best
		parts = append(parts[:bj], parts[bj+1:]...)
	}
	return parts[0]
}

// build makes the tree of joins that p describes.
func (g *joinGraph) build(p *joinPlan) plan.Node {
	if p.left == nil {
		return g.rels[p.set.first()].node
	}
	left, right := g.build(p.left), g.build(p.right)
	conds := g.condsBetween(p.left.set, p.right.set)
	if d := g.rels[p.right.set.first()].directed; d != nil && p.right.left == nil {
		m := *d
		m.Left, m.Right = left, right
		return filter(&m, conds)
	}
	return newJoin(plan.InnerJoin, left, right, conds)
}

// condsBetween are the conditions that the join of two sets checks: one equality a class, and the
// others that it is the first to have all columns of.
func (g *joinGraph) condsBetween(l, r relset) []plan.Expr {
	var out []plan.Expr
	for _, class := range g.classes {
		var a, b *plan.Column
		for _, m := range class {
			if a == nil && l.has(m.rel) {
				a = m.column
			}
			if b == nil && r.has(m.rel) {
				b = m.column
			}
		}
		if a != nil && b != nil {
			out = append(out, &plan.Compare{Op: plan.Eq, L: a, R: b})
		}
	}
	for _, c := range g.conds {
		if c.rels.count() > 1 && (l | r).covers(c.rels) && !l.covers(c.rels) && !r.covers(c.rels) {
			out = append(out, c.expr)
		}
	}
	return out
}
