// Package ordered is the ordered index of one chunk: its rows sorted by key. It proves keys unique,
// finds rows by binary search and gives them in order. A chunk whose rows ascend by key already needs
// no memory at all.
package ordered

import (
	"cmp"
	"slices"
	"sort"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/types"
)

// Component is the ordered index of one chunk (see package index).
type Component struct {
	// rows is the number of rows without NULL among the key columns. They come first in the order; the
	// others follow in an order of their own, where NULL is above all values.
	rows  int
	order []uint32 // offsets by key; nil when that is all of them as they lie
}

var _ index.Component = (*Component)(nil)

// Build makes the index of a chunk's rows by the given columns, all of the same length.
func Build(columns []*columnar.Vector, rows int) *Component {
	if ascends(columns, rows) {
		return &Component{rows: rows}
	}
	order := make([]uint32, 0, rows)
	var partial []uint32
	for i := range rows {
		if HasNull(columns, i) {
			partial = append(partial, uint32(i))
		} else {
			order = append(order, uint32(i))
		}
	}
	Sort(columns, order)
	Sort(columns, partial)
	return &Component{rows: len(order), order: append(order, partial...)}
}

// BuildPartial is Build without the rows that have NULL in the first column.
func BuildPartial(columns []*columnar.Vector, rows int) *Component {
	if columns[0].Valid == nil {
		return Build(columns, rows)
	}
	order, partial := []uint32{}, []uint32(nil)
	for i := range rows {
		switch {
		case columns[0].IsNull(i):
		case HasNull(columns, i):
			partial = append(partial, uint32(i))
		default:
			order = append(order, uint32(i))
		}
	}
	Sort(columns, order)
	Sort(columns, partial)
	return &Component{rows: len(order), order: append(order, partial...)}
}

// Ascending is the index of a chunk whose rows are known to ascend by key, without NULL.
func Ascending(rows int) *Component { return &Component{rows: rows} }

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

// Sort orders rows by the key columns, NULLs last, equal ones by offset. It looks at the first column
// once per row, and at the others only between rows that it leaves equal.
func Sort(columns []*columnar.Vector, rows []uint32) {
	type pair struct {
		lead uint64
		row  uint32
		null bool
	}
	first, rest := columns[0], columns
	if ranked(first) {
		rest = columns[1:]
	}
	pairs := make([]pair, len(rows))
	for i, row := range rows {
		if first.Valid != nil && first.IsNull(int(row)) {
			pairs[i] = pair{row: row, null: true}
			continue
		}
		lead := uint64(0)
		if first.Enc != columnar.Const {
			lead = leading(first, int(row))
		}
		pairs[i] = pair{lead: lead, row: row}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		switch {
		case a.null != b.null:
			return nullOrder(a.null) - nullOrder(b.null)
		case a.lead < b.lead:
			return -1
		case a.lead > b.lead:
			return 1
		}
		if len(rest) > 0 {
			if c := compareRows(rest, int(a.row), int(b.row)); c != 0 {
				return c
			}
		}
		return cmp.Compare(a.row, b.row)
	})
	for i, p := range pairs {
		rows[i] = p.row
	}
}

// Rows is the number of rows without NULL in a key column.
func (c *Component) Rows() int { return c.rows }

// At is the offset of the row at a place in the order.
func (c *Component) At(place int) uint32 {
	if c.order == nil {
		return uint32(place)
	}
	return c.order[place]
}

// Places is the number of places in the order: first Rows, then those of rows with NULL.
func (c *Component) Places() int {
	if c.order == nil {
		return c.rows
	}
	return len(c.order)
}

// Seek appends the offsets of the rows whose key columns equal key.
func (c *Component) Seek(columns []*columnar.Vector, key []types.Value, dst []uint32) []uint32 {
	return c.Find(columns, &index.Lookup{Equal: key}, dst)
}

// Find implements index.Component: rows come in the order of the key, those with NULL in it last.
func (c *Component) Find(columns []*columnar.Vector, l *index.Lookup, dst []uint32) []uint32 {
	for _, s := range c.Spans(columns, l) {
		for i := s.From; i < s.To; i++ {
			dst = append(dst, c.At(i))
		}
	}
	return dst
}

// Merge calls found for every pair of a row of other key columns, which are sorted by Sort, and a row of
// the chunk with an equal key; NULLs are equal.
func (c *Component) Merge(columns, other []*columnar.Vector, rows []uint32, found func(row, own uint32)) {
	c.merge(columns, other, rows, 0, c.rows, found)
	c.merge(columns, other, rows, c.rows, c.Places(), found)
}

// merge looks at the places [from, to) with steps of growing length from one row's place to the next.
func (c *Component) merge(columns, other []*columnar.Vector, rows []uint32, from, to int, found func(row, own uint32)) {
	var key []types.Value
	for _, row := range rows {
		key = key[:0]
		for _, v := range other {
			key = append(key, v.Value(int(row)))
		}
		step := 1
		for from+step < to && CompareKey(columns, int(c.At(from+step)), key) < 0 {
			step *= 2
		}
		from += sort.Search(min(step, to-from), func(i int) bool { return CompareKey(columns, int(c.At(from+i)), key) >= 0 })
		for i := from; i < to && CompareKey(columns, int(c.At(i)), key) == 0; i++ {
			found(row, c.At(i))
		}
	}
}

// Span is the places [From, To) of an order.
type Span struct{ From, To int }

// Spans are the places of the rows that match, in two stretches: the rows without NULL in a key column
// and those with one. Each is ordered by the key.
func (c *Component) Spans(columns []*columnar.Vector, l *index.Lookup) [2]Span {
	return [2]Span{c.span(columns, l, 0, c.rows), c.span(columns, l, c.rows, c.Places())}
}

func (c *Component) span(columns []*columnar.Vector, l *index.Lookup, from, to int) Span {
	if from == to {
		return Span{from, to}
	}
	first := from + sort.Search(to-from, func(i int) bool { return c.against(columns, from+i, l) >= 0 })
	step := 1 // most lookups find few rows: steps of growing length, then the last one halved
	for first+step < to && c.against(columns, first+step, l) <= 0 {
		step *= 2
	}
	least := first + step/2
	past := least + sort.Search(min(first+step, to)-least, func(i int) bool { return c.against(columns, least+i, l) > 0 })
	return Span{first, past}
}

// against tells whether the row at a place lies below (-1), in (0) or above (1) what is looked for.
func (c *Component) against(columns []*columnar.Vector, place int, l *index.Lookup) int {
	return Against(columns, int(c.At(place)), l)
}

// Against tells whether row i lies below (-1), in (0) or above (1) what is looked for.
func Against(columns []*columnar.Vector, i int, l *index.Lookup) int {
	if d := CompareKey(columns, i, l.Equal); d != 0 || !l.Ranged() {
		return d
	}
	next := columns[len(l.Equal)]
	if l.Low.Set {
		if d := CompareValue(next, i, &l.Low.Value); d < 0 || d == 0 && !l.Low.Inclusive {
			return -1
		}
	}
	if next.Valid != nil && next.IsNull(i) {
		return 1
	}
	if l.High.Set {
		if d := CompareValue(next, i, &l.High.Value); d > 0 || d == 0 && !l.High.Inclusive {
			return 1
		}
	}
	return 0
}

// Duplicate finds a row among the first so many places of the order whose key another one there has;
// rows that are gone do not count. NULLs are equal.
func (c *Component) Duplicate(columns []*columnar.Vector, places int, gone func(row uint32) bool) (row uint32, found bool) {
	for from, to := 0, 0; from < places; from = to {
		first := int(c.At(from))
		for to = from + 1; to < places && compareRows(columns, first, int(c.At(to))) == 0; {
			to++
		}
		live := 0
		for i := from; i < to && to-from > 1; i++ {
			if row = c.At(i); !gone(row) {
				live++
			}
			if live > 1 {
				return row, true
			}
		}
	}
	return 0, false
}

// Bytes is the memory that the component takes.
func (c *Component) Bytes() int64 { return 64 + 4*int64(len(c.order)) }

// AppendTo implements index.Component: the number of rows without NULL, then the offsets by key, or
// nothing when that is all rows as they lie.
func (c *Component) AppendTo(dst []byte) []byte {
	return index.AppendRows(index.AppendCount(dst, c.rows), c.order)
}

// Decode reads what AppendTo wrote for a chunk of so many rows.
func Decode(data []byte, rows int) (*Component, error) {
	r := index.Reader{Data: data}
	c := &Component{rows: r.Count(rows), order: r.Rows(rows)}
	if len(c.order) == 0 {
		c.order = nil
	}
	return c, r.Finish(c.order == nil && c.rows == rows || len(c.order) == rows)
}
