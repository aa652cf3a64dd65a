package isolation

import "math"

// knots gives each node the number of its strongly connected component, by Tarjan's algorithm (1972)
// with a stack of its own, and how many nodes each component has.
func knots(out [][]edge) (component, size []int) {
	t := tarjan{out: out, index: make([]int, len(out)), low: make([]int, len(out)), component: make([]int, len(out))}
	for node := range out {
		if t.index[node] == 0 {
			t.visit(node)
		}
	}
	return t.component, t.size
}

type tarjan struct {
	out                   [][]edge
	index, low, component []int
	stack                 []int // nodes whose component is not known yet
	size                  []int
	next                  int
}

type frame struct{ node, edge int }

func (t *tarjan) visit(root int) {
	calls := []frame{t.enter(root)}
	for len(calls) > 0 {
		top := &calls[len(calls)-1]
		node := top.node
		if top.edge < len(t.out[node]) {
			to := t.out[node][top.edge].to
			top.edge++
			if t.index[to] == 0 {
				calls = append(calls, t.enter(to))
			} else {
				t.low[node] = min(t.low[node], t.index[to])
			}
			continue
		}
		if t.low[node] == t.index[node] {
			t.pop(node)
		}
		calls = calls[:len(calls)-1]
		if len(calls) > 0 {
			parent := calls[len(calls)-1].node
			t.low[parent] = min(t.low[parent], t.low[node])
		}
	}
}

func (t *tarjan) enter(node int) frame {
	t.next++
	t.index[node], t.low[node] = t.next, t.next
	t.stack = append(t.stack, node)
	return frame{node: node}
}

// pop ends the component of node: its nodes take part in no other.
func (t *tarjan) pop(node int) {
	n := 0
	for done := false; !done; n++ {
		last := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		t.component[last] = len(t.size)
		t.index[last] = math.MaxInt
		t.low[last] = math.MaxInt
		done = last == node
	}
	t.size = append(t.size, n)
}
