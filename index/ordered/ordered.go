// Package ordered is the ordered index of one chunk: its rows sorted by key. It proves keys unique and
// finds rows by binary search. A chunk whose rows ascend by key already needs no memory at all.
package ordered

import (
	"slices"
	"sort"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/types"
)

// Component is the ordered index of one chunk (see package index). Many goroutines may search it at once.
type Component struct {
	rows  int
	order []uint32 // offsets by key; nil when that is all of them as they lie
}

var _ index.Searcher = (*Component)(nil)

// Build makes the index of a chunk's rows by the given columns, all of the same length. Rows with a
// NULL among them are left out (I3).
func Build(columns []*columnar.Vector, rows int) *Component {
	if ascends(columns, rows) {
		return &Component{rows: rows}
	}
	order := make([]uint32, 0, rows)
	for i := range rows {
		if !HasNull(columns, i) {
			order = append(order, uint32(i))
		}
	}
	if len(columns) == 1 && ranked(columns[0]) {
		sortByRank(order, columns[0])
	} else {
		slices.SortFunc(order, func(a, b uint32) int { return compareRows(columns, int(a), int(b)) })
	}
	return &Component{rows: len(order), order: order}
}

// ascends reports whether no row is NULL or below the one before it.
func ascends(columns []*columnar.Vector, rows int) bool {
	for _, v := range columns {
		if v.Valid != nil {
			return false
		}
	}
	for i := 1; i < rows; i++ {
		if compareRows(columns, i-1, i) > 0 {
			return false
		}
	}
	return true
}

// sortByRank sorts rows by one column of numbers, which it looks at once per row.
func sortByRank(order []uint32, v *columnar.Vector) {
	type pair struct {
		rank uint64
		row  uint32
	}
	pairs := make([]pair, len(order))
	for i, row := range order {
		pairs[i] = pair{rank(v, int(row)), row}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		switch {
		case a.rank < b.rank:
			return -1
		case a.rank > b.rank:
			return 1
		}
		return int(a.row) - int(b.row)
	})
	for i, p := range pairs {
		order[i] = p.row
	}
}

// Rows is the number of rows in the index.
func (c *Component) Rows() int { return c.rows }

// At is the offset of the row at a place in the order.
func (c *Component) At(place int) uint32 {
	if c.order == nil {
		return uint32(place)
	}
	return c.order[place]
}

// Seek appends the offsets of the rows whose key columns equal key.
func (c *Component) Seek(columns []*columnar.Vector, key []types.Value, dst []uint32) []uint32 {
	first := sort.Search(c.rows, func(i int) bool { return CompareKey(columns, int(c.At(i)), key) >= 0 })
	for i := first; i < c.rows && CompareKey(columns, int(c.At(i)), key) == 0; i++ {
		dst = append(dst, c.At(i))
	}
	return dst
}

// Duplicates calls found for pairs of neighbours in the order with equal keys until it returns false.
func (c *Component) Duplicates(columns []*columnar.Vector, found func(a, b uint32) bool) {
	for i := 1; i < c.rows; i++ {
		a, b := c.At(i-1), c.At(i)
		if compareRows(columns, int(a), int(b)) == 0 && !found(a, b) {
			return
		}
	}
}

// Bytes is the memory that the component takes.
func (c *Component) Bytes() int64 { return 4 * int64(len(c.order)) }
