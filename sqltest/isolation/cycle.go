package isolation

import (
	"slices"
	"strings"
)

// cycle is edges that lead from a transaction back to it.
type cycle struct {
	nodes []int
	edges []edge // edges[i] leaves nodes[i]
}

// anomalies finds cycles, plainest first: of lists alone, then with process, then with realtime edges;
// of ww alone, then with wr, then with rw that are not adjacent, at last any. A knot that shares a
// transaction with a cycle that is known already is not reported again.
func (g *graph) anomalies() []Anomaly {
	f := &finder{graph: g, known: map[int]bool{}}
	extras := []kind{0, process, process | realtime}
	if tied(g.snapshotOrder()) != nil {
		for _, extra := range extras {
			for _, kinds := range []kind{ww, ww | wr, ww | wr | rw} {
				part := g.restrict(kinds | extra)
				f.report(part, part.snapshotOrder(), false)
			}
		}
	}
	for _, extra := range extras {
		part := g.restrict(ww | wr | rw | extra)
		f.report(part, part.out, true)
	}
	return f.found
}

// snapshotOrder has an edge where one transaction must have committed before another's snapshot or
// commit: each edge but rw, and each of these followed by an rw. Its cycles, loops among them, are what
// snapshot isolation rules out.
func (g *graph) snapshotOrder() [][]edge {
	out := make([][]edge, len(g.out))
	for from, edges := range g.out {
		for _, e := range edges {
			if e.kind == rw {
				continue
			}
			out[from] = append(out[from], e)
			for _, next := range g.out[e.to] {
				if next.kind == rw {
					out[from] = append(out[from], next)
				}
			}
		}
	}
	return out
}

// tied lists the nodes of each component that holds a cycle, with the nodes of loops.
func tied(out [][]edge) [][]int {
	component, size := knots(out)
	members := make([][]int, len(size))
	for node, edges := range out {
		at := component[node]
		loop := slices.ContainsFunc(edges, func(e edge) bool { return e.to == node })
		if size[at] > 1 || loop {
			members[at] = append(members[at], node)
		}
	}
	return slices.DeleteFunc(members, func(nodes []int) bool { return len(nodes) == 0 })
}

// finder collects one short cycle a knot.
type finder struct {
	graph *graph
	known map[int]bool // transactions on reported cycles
	found []Anomaly
}

// triedStarts bounds the transactions of a knot from which its shortest cycle is looked for.
const triedStarts = 20

// report finds the cycles of part in the knots of order, a graph made from it; adjacent says whether
// they may have one rw after another.
func (f *finder) report(part *graph, order [][]edge, adjacent bool) {
	for _, knot := range tied(order) {
		if slices.ContainsFunc(knot, func(node int) bool { return f.known[node] }) {
			continue
		}
		var best cycle
		for _, start := range knot[:min(len(knot), triedStarts)] {
			if c := part.shortest(start, adjacent); len(best.nodes) == 0 || len(c.nodes) > 0 && len(c.nodes) < len(best.nodes) {
				best = c
			}
		}
		if len(best.nodes) == 0 {
			continue
		}
		for _, node := range best.nodes {
			f.known[node] = true
		}
		f.found = append(f.found, Anomaly{Class: best.class(), Txns: best.nodes, Detail: best.String() + f.graph.checker.print(best.nodes)})
	}
}

// place is a node in the search for a cycle: a transaction, and whether an rw led to it.
type place struct {
	node  int
	after bool
}

type step struct {
	from place
	edge edge
}

// shortest finds the shortest cycle through start, by breadth-first search. Unless adjacent, rw do not
// follow each other, and the edge that leaves start is none.
func (g *graph) shortest(start int, adjacent bool) cycle {
	first := place{start, !adjacent}
	came := map[place]step{}
	for queue := []place{first}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		for _, e := range g.out[at.node] {
			if e.kind == rw && at.after {
				continue
			}
			to := place{e.to, e.kind == rw && !adjacent}
			if e.to == start {
				return trace(came, first, step{at, e})
			}
			if _, seen := came[to]; !seen {
				came[to] = step{at, e}
				queue = append(queue, to)
			}
		}
	}
	return cycle{}
}

// trace goes back from the last step to the first place.
func trace(came map[place]step, first place, last step) cycle {
	var c cycle
	for at := last; ; at = came[at.from] {
		c.nodes, c.edges = append(c.nodes, at.from.node), append(c.edges, at.edge)
		if at.from == first {
			break
		}
	}
	slices.Reverse(c.nodes)
	slices.Reverse(c.edges)
	return c
}

// class names the cycle after Adya, with what clocks add to it.
func (c cycle) class() Class {
	var all kind
	count, adjacent := 0, false
	for i, e := range c.edges {
		all |= e.kind
		if e.kind == rw {
			count++
			adjacent = adjacent || len(c.edges) > 1 && c.edges[(i+1)%len(c.edges)].kind == rw
		}
	}
	name := G0
	switch {
	case adjacent:
		name = G2Item
	case count > 1:
		name = GNonadjacent
	case count == 1:
		name = GSingle
	case all&wr != 0:
		name = G1c
	}
	switch {
	case all&realtime != 0:
		name += "-realtime"
	case all&process != 0:
		name += "-process"
	}
	return name
}

// String is like T4 -ww 3-> T7 -realtime-> T4.
func (c cycle) String() string {
	var b strings.Builder
	for i, e := range c.edges {
		b.WriteString(name(c.nodes[i]) + " -" + e.String() + "-> ")
	}
	b.WriteString(name(c.nodes[0]))
	return b.String()
}
