package order

import (
	"slices"

	"github.com/oxidb/oxidb/exec"
)

// sampled is the number of rows, for each part, from which the borders of the parts are drawn.
const sampled = 64

// mergeRuns merges sorted runs on all workers and gives the first limit rows: what lies between two borders
// is one worker's part of the result, whose place is known from the parts before it (Francis and Mathieson,
// "A Benchmark Parallel Sort for Shared Memory Multiprocessors", 1988).
func (k *keys) mergeRuns(q *exec.Query, runs [][]entry, limit int) ([]uint32, error) {
	total := 0
	for _, r := range runs {
		total += len(r)
	}
	order := make([]uint32, total)
	parts := len(runs)
	cuts := k.cuts(runs, parts)
	err := q.RunOn(parts, func(w *exec.Worker) error {
		part, at := make([][]entry, 0, len(runs)), 0
		for i, r := range runs {
			from, to := cuts[w.ID][i], cuts[w.ID+1][i]
			part, at = append(part, r[from:to]), at+from
		}
		k.merge(part, order[at:])
		return nil
	})
	return order[:min(total, limit)], err
}

// cuts gives where each of the parts begins in each run, and the ends. Rows are all different (keys.compare),
// so that parts are about equal however often a key occurs.
func (k *keys) cuts(runs [][]entry, parts int) [][]int {
	total := 0
	for _, r := range runs {
		total += len(r)
	}
	var sample []entry
	step := max(1, total/(sampled*parts))
	for _, r := range runs {
		for i := 0; i < len(r); i += step {
			sample = append(sample, r[i])
		}
	}
	slices.SortFunc(sample, k.compare)
	cuts := make([][]int, parts+1)
	for p := range cuts {
		cuts[p] = make([]int, len(runs))
		for i, r := range runs {
			switch {
			case p == parts:
				cuts[p][i] = len(r)
			case p > 0 && len(sample) > 0:
				cuts[p][i], _ = slices.BinarySearchFunc(r, sample[p*len(sample)/parts], k.compare)
			}
		}
	}
	return cuts
}

// merge writes the rows of sorted runs to order.
func (k *keys) merge(runs [][]entry, order []uint32) {
	runs = slices.DeleteFunc(runs, func(r []entry) bool { return len(r) == 0 })
	if len(runs) > 2 {
		total := 0
		for _, r := range runs {
			total += len(r)
		}
		t := newLoserTree(k, runs)
		for i := range total {
			order[i] = t.pop()
		}
		return
	}
	if len(runs) == 2 {
		order = k.mergeTwo(&runs[0], &runs[1], order)
	}
	for _, r := range runs {
		for i, e := range r {
			order[i] = e.row
		}
		order = order[len(r):]
	}
}

// mergeTwo merges until one of two runs has no row left, and gives the room that is left.
func (k *keys) mergeTwo(left, right *[]entry, order []uint32) []uint32 {
	a, b := *left, *right
	for len(a) > 0 && len(b) > 0 {
		x, y := a[0], b[0]
		if x.prefix < y.prefix || x.prefix == y.prefix && k.compare(x, y) < 0 {
			order[0], a = x.row, a[1:]
		} else {
			order[0], b = y.row, b[1:]
		}
		order = order[1:]
	}
	*left, *right = a, b
	return order
}

// loserTree holds at each inner node the run that lost there; nodes[0] is the winner.
type loserTree struct {
	k     *keys
	runs  [][]entry
	nodes []int
}

func newLoserTree(k *keys, runs [][]entry) *loserTree {
	t := &loserTree{k: k, runs: runs, nodes: make([]int, len(runs))}
	for i := range t.nodes {
		t.nodes[i] = -1
	}
	for i := range runs {
		t.play(i)
	}
	return t
}

// before reports whether run a's head comes before run b's; an exhausted run comes last.
func (t *loserTree) before(a, b int) bool {
	switch {
	case len(t.runs[a]) == 0:
		return false
	case len(t.runs[b]) == 0:
		return true
	}
	return t.k.compare(t.runs[a][0], t.runs[b][0]) < 0
}

// play moves run i from its leaf towards the root; an empty node keeps it.
func (t *loserTree) play(i int) {
	n := len(t.runs)
	for at := (i + n) / 2; at > 0; at /= 2 {
		if t.nodes[at] < 0 {
			t.nodes[at] = i
			return
		}
		if t.before(t.nodes[at], i) {
			t.nodes[at], i = i, t.nodes[at]
		}
	}
	t.nodes[0] = i
}

func (t *loserTree) pop() uint32 {
	winner := t.nodes[0]
	row := t.runs[winner][0].row
	t.runs[winner] = t.runs[winner][1:]
	t.play(winner)
	return row
}
