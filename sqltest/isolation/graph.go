package isolation

import (
	"maps"
	"slices"
	"strconv"
)

// kind is a set of reasons for which one transaction comes before another.
type kind uint8

const (
	ww kind = 1 << iota
	wr
	rw
	process
	realtime
)

func (k kind) String() string {
	for i, name := range []string{"ww", "wr", "rw", "process", "realtime"} {
		if k&(1<<i) != 0 {
			return name
		}
	}
	return "none"
}

// edge leads to a transaction that comes later, for one reason.
type edge struct {
	to   int
	kind kind
	key  int // the list, of ww, wr and rw
}

// String is like ww 3.
func (e edge) String() string {
	if e.kind&(process|realtime) != 0 {
		return e.kind.String()
	}
	return e.kind.String() + " " + strconv.Itoa(e.key)
}

// name is a transaction's number as reports print it.
func name(txn int) string { return "T" + strconv.Itoa(txn) }

// graph is the dependencies between the transactions that happened.
type graph struct {
	checker *checker
	out     [][]edge
}

func (g *graph) add(from, to int, k kind, key int) {
	e := edge{to, k, key}
	if from != to && !slices.Contains(g.out[from], e) {
		g.out[from] = append(g.out[from], e)
	}
}

// graph draws the edges that the lists and the clocks give.
func (c *checker) graph() *graph {
	g := &graph{checker: c, out: make([][]edge, len(c.history))}
	for _, key := range slices.Sorted(maps.Keys(c.order)) {
		c.listEdges(g, key, c.order[key])
	}
	for _, key := range slices.Sorted(maps.Keys(c.unseen)) {
		if len(c.reads[key]) > 0 { // else its values have no order
			c.unseenEdges(g, key, c.unseen[key])
		}
	}
	c.timeEdges(g)
	return g
}

func (c *checker) listEdges(g *graph, key int, order []int) {
	for i := 1; i < len(order); i++ {
		g.add(c.sources[order[i-1]].txn, c.sources[order[i]].txn, ww, key)
	}
	for _, r := range c.reads[key] {
		n := len(r.list)
		if n > 0 {
			g.add(c.sources[order[n-1]].txn, r.txn, wr, key)
		}
		if n < len(order) {
			g.add(r.txn, c.sources[order[n]].txn, rw, key)
		}
	}
}

// unseenEdges puts the values that nobody read behind the longest list that somebody read.
func (c *checker) unseenEdges(g *graph, key int, values []int) {
	order := c.order[key]
	for _, value := range values {
		writer := c.sources[value].txn
		if len(order) > 0 {
			g.add(c.sources[order[len(order)-1]].txn, writer, ww, key)
		}
		for _, r := range c.reads[key] {
			if len(r.list) == len(order) {
				g.add(r.txn, writer, rw, key)
			}
		}
	}
}

// timeEdges links the transactions of a process in their order, and each transaction with the newest
// ones that had ended when it began; older ones follow through those.
func (c *checker) timeEdges(g *graph) {
	type event struct {
		at     int64
		txn    int
		invoke bool
	}
	var events []event
	for i := range c.history {
		if t := &c.history[i]; c.happens[i] {
			events = append(events, event{t.Invoke, i, true})
			if t.Outcome == Committed {
				events = append(events, event{t.Complete, i, false})
			}
		}
	}
	slices.SortFunc(events, func(a, b event) int { return int(a.at - b.at) })
	var newest []int
	latest := map[int]int{} // process to its last transaction, plus 1
	for _, e := range events {
		t := &c.history[e.txn]
		if !e.invoke {
			newest = slices.DeleteFunc(newest, func(old int) bool { return c.history[old].Complete < t.Invoke })
			newest = append(newest, e.txn)
			continue
		}
		for _, before := range newest {
			g.add(before, e.txn, realtime, 0)
		}
		if before := latest[t.Process]; before != 0 {
			g.add(before-1, e.txn, process, 0)
		}
		latest[t.Process] = e.txn + 1
	}
}

// restrict is the graph with edges of some kinds only.
func (g *graph) restrict(kinds kind) *graph {
	some := &graph{checker: g.checker, out: make([][]edge, len(g.out))}
	for from, edges := range g.out {
		for _, e := range edges {
			if e.kind&kinds != 0 {
				some.out[from] = append(some.out[from], e)
			}
		}
	}
	return some
}
