package mvcc

import (
	"sort"
	"sync"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/index/ordered"
)

// openOrder is the ordered index of a table's open chunk: runs of rows sorted by key, each at least
// twice as long as the one after it. New rows become a run when somebody asks; runs that are too
// close in length are merged, so that a row is moved a logarithmic number of times.
type openOrder struct {
	mu    sync.Mutex
	chunk *chunk
	rows  int // rows [0, rows) are in the runs
	runs  [][]uint32
}

// each gives the rows of chunk c that match, in stretches that are ordered by key, NULLs last; columns
// are the first rows of its key columns.
func (x *openOrder) each(c *chunk, columns []*columnar.Vector, rows int, l *index.Lookup, visit func(ordered []uint32)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.chunk != c {
		x.chunk, x.rows, x.runs = c, 0, nil
	}
	if x.rows < rows {
		x.add(columns, x.rows, rows)
	}
	for _, run := range x.runs {
		visit(matchingRun(columns, run, x.rows, l, rows))
	}
}

// matchingRun is the part of a sorted run that matches. Runs up to row number `last`
// may hold rows behind the caller's view, which its columns do not have: then the run is looked at row by row.
func matchingRun(columns []*columnar.Vector, run []uint32, last int, l *index.Lookup, rows int) []uint32 {
	if last > rows {
		return lookAtAll(columns, run, l, rows)
	}
	first := sort.Search(len(run), func(i int) bool { return ordered.Against(columns, int(run[i]), l) >= 0 })
	rest := run[first:]
	return rest[:sort.Search(len(rest), func(i int) bool { return ordered.Against(columns, int(rest[i]), l) > 0 })]
}

func lookAtAll(columns []*columnar.Vector, run []uint32, l *index.Lookup, rows int) []uint32 {
	var found []uint32
	for _, row := range run {
		if int(row) < rows && ordered.Against(columns, int(row), l) == 0 {
			found = append(found, row)
		}
	}
	return found
}

// add makes a run of rows [from, to) and restores the lengths.
func (x *openOrder) add(columns []*columnar.Vector, from, to int) {
	run := ascendingRows(from, to-from)
	ordered.Sort(columns, run)
	x.runs, x.rows = append(x.runs, run), to
	for n := len(x.runs); n > 1 && len(x.runs[n-2]) < 2*len(x.runs[n-1]); n = len(x.runs) {
		x.runs = append(x.runs[:n-2], mergeRuns(columns, x.runs[n-2], x.runs[n-1]))
	}
}

// mergeRuns merges sorted runs, the rows of a before those of b where keys are equal.
func mergeRuns(columns []*columnar.Vector, a, b []uint32) []uint32 {
	merged := make([]uint32, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if ordered.CompareRows(columns, int(a[0]), columns, int(b[0])) <= 0 {
			merged, a = append(merged, a[0]), a[1:]
		} else {
			merged, b = append(merged, b[0]), b[1:]
		}
	}
	return append(append(merged, a...), b...)
}

// openOrder is the table's ordered index of the open chunk by a path's fields.
func (t *table) openOrder(p *index.Path) *openOrder {
	t.keysMu.Lock()
	defer t.keysMu.Unlock()
	if t.orders == nil {
		t.orders = map[string]*openOrder{}
	}
	x := t.orders[p.Name]
	if x == nil {
		x = &openOrder{}
		t.orders[p.Name] = x
	}
	return x
}
