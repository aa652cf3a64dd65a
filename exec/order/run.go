package order

import (
	"cmp"
	"slices"
)

// entry is a row in a run being sorted.
type entry struct {
	prefix uint64
	row    uint32
}

// radixRows is the size from which radix passes beat comparisons.
const radixRows = 2048

// sortRun orders rows [from, to).
func (k *keys) sortRun(from, to int) []entry {
	run := make([]entry, to-from)
	for i := range run {
		row := uint32(from + i)
		run[i] = entry{k.prefix(row), row}
	}
	if k.width <= 8 && k.exact == len(k.cols) && len(run) >= radixRows {
		return radixSort(run, k.width)
	}
	slices.SortFunc(run, k.compare)
	return run
}

func (k *keys) compare(a, b entry) int {
	if a.prefix != b.prefix {
		return cmp.Compare(a.prefix, b.prefix)
	}
	return k.rest(a.row, b.row)
}

// radixSort orders by the leading width bytes of the prefix, least significant first; bytes in which
// all rows agree cost one pass over a histogram.
func radixSort(run []entry, width int) []entry {
	var counts [8][256]int
	for _, e := range run {
		for b := range width {
			counts[b][uint8(e.prefix>>(56-8*b))]++
		}
	}
	other := make([]entry, len(run))
	for b := width - 1; b >= 0; b-- {
		c := &counts[b]
		shift := uint(56 - 8*b)
		if c[uint8(run[0].prefix>>shift)] == len(run) {
			continue
		}
		sum := 0
		for i, n := range c {
			c[i] = sum
			sum += n
		}
		for _, e := range run {
			at := &c[uint8(e.prefix>>shift)]
			other[*at] = e
			*at++
		}
		run, other = other, run
	}
	return run
}

// mergeRuns merges sorted runs by a loser tree (Knuth, TAOCP 3, 5.4.1) and gives the first limit rows.
func (k *keys) mergeRuns(runs [][]entry, limit int) []uint32 {
	total := 0
	for _, r := range runs {
		total += len(r)
	}
	order := make([]uint32, 0, min(total, limit))
	if len(runs) == 1 {
		for _, e := range runs[0][:cap(order)] {
			order = append(order, e.row)
		}
		return order
	}
	t := newLoserTree(k, runs)
	for len(order) < cap(order) {
		order = append(order, t.pop())
	}
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
