package join

import (
	"math/bits"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/rowkey"
)

// index finds build rows by packed key. A key's place is the packed key itself when those are few,
// its number in their order when they are dense, else its number in a table; rows are found by place.
type index struct {
	layout *rowkey.Layout
	span   uint64        // of dense keys; 0 when table is used
	table  *rowkey.Table // of other keys
	rank   rank          // of dense keys; only bits when only presence counts
	// unique: no two rows have one key. direct gives a key's row + 1, rowOf a place's row; both are nil
	// when the place is the row. Otherwise rows of a place are list[starts[place]:starts[place+1]].
	unique  bool
	setOnly bool
	direct  []uint32
	rowOf   []uint32
	starts  []uint32
	list    []uint32
}

const (
	// directSpan bounds arrays addressed by key: 1 MiB, what a core's own cache holds; their range may be
	// directSpread times the rows.
	directSpan   = 1 << 18
	directSpread = 8
	// spread bounds a dense range in bits a row, where a table would take as much; setSpread where only
	// presence counts.
	spread    = 64
	setSpread = 512
	// fewKeys is the number that fewer keys count as.
	fewKeys = 512
)

// newIndex indexes words[i], the key of row rows[i] (of row i when rows is nil).
func newIndex(c *crew, layout *rowkey.Layout, words []uint64, rows []uint32, setOnly bool) (*index, error) {
	x := &index{layout: layout, setOnly: setOnly, unique: true}
	if !x.dense(len(words)) {
		x.hashed(c.arena(), words, rows)
		return x, nil
	}
	return x, enter(c, x, words, 0, rows)
}

// dense reports whether the keys of the layout's range may be addressed, and sets its span.
func (x *index) dense(rows int) bool {
	span, most := x.layout.Span(), uint64(spread)
	if x.setOnly {
		most = setSpread
	}
	if span == 0 || span > maxFilterBits || span > most*uint64(max(rows, fewKeys)) {
		return false
	}
	x.span = span
	return true
}

// newColumnIndex indexes a single integer key column without NULLs, straight from the column; nil
// when its keys are not dense.
func newColumnIndex(c *crew, layout *rowkey.Layout, v *columnar.Vector, n int, setOnly bool) (*index, error) {
	lo, _, ok := layout.Window(0)
	if !ok || layout.Nullable(0) || v.Enc != columnar.Flat || v.Valid != nil || v.Layout > columnar.I64 {
		return nil, nil
	}
	x := &index{layout: layout, setOnly: setOnly, unique: true}
	if !x.dense(n) {
		return nil, nil
	}
	delta := uint64(v.Base) - uint64(lo)
	switch v.Layout {
	case columnar.U8:
		return x, enter(c, x, v.U8[:n], delta, nil)
	case columnar.U16:
		return x, enter(c, x, v.U16[:n], delta, nil)
	case columnar.U32:
		return x, enter(c, x, v.U32[:n], delta, nil)
	default:
		return x, enter(c, x, v.I64[:n], -uint64(lo), nil)
	}
}

// enter indexes dense keys.
func enter[T integer](c *crew, x *index, keys []T, delta uint64, rows []uint32) (err error) {
	small := x.span <= directSpan && x.span <= directSpread*uint64(max(len(keys), fewKeys))
	if small && !x.setOnly && place(c, x, keys, delta, rows) {
		return nil
	}
	if x.rank.bits, err = setBits(c, keys, delta, x.span); err != nil || x.setOnly {
		return err
	}
	total := x.rank.number(c.arena())
	if x.unique = total == len(keys); x.unique {
		x.rowOf, err = rankRows(c, &x.rank, keys, delta, rows)
		return err
	}
	x.starts, x.list, err = rankLists(c, &x.rank, total, keys, delta, rows)
	return err
}

// place enters keys, each once, into an array of their whole range; false when a key comes twice.
func place[T integer](c *crew, x *index, keys []T, delta uint64, rows []uint32) bool {
	direct := mem.Alloc[uint32](c.arena(), int(x.span), true)
	for i, k := range keys {
		at := &direct[uint64(k)+delta]
		if *at != 0 {
			return false
		}
		*at = rowAt(rows, i) + 1
	}
	x.direct = direct
	return true
}

func rowAt(rows []uint32, i int) uint32 {
	if rows == nil {
		return uint32(i)
	}
	return rows[i]
}

// adjacency lists rows by place: count, add up, scatter.
func (x *index) adjacency(arena *mem.Arena, places []uint32, rows []uint32, n int) {
	x.starts = mem.Alloc[uint32](arena, n+1, true)
	x.list = mem.Alloc[uint32](arena, len(places), false)
	for _, p := range places {
		x.starts[p]++
	}
	sum := uint32(0)
	for i, c := range x.starts {
		sum += c
		x.starts[i] = sum
	}
	// Going backwards leaves each start where its list begins and rows in ascending order.
	for i := len(places) - 1; i >= 0; i-- {
		at := &x.starts[places[i]]
		*at--
		x.list[*at] = rowAt(rows, i)
	}
}

func (x *index) hashed(arena *mem.Arena, words []uint64, rows []uint32) {
	x.table = rowkey.NewTable(arena, len(words), 0)
	places := mem.Alloc[uint32](arena, len(words), false)
	x.table.FindOrAdd(words, places)
	x.unique = x.table.Len() == len(words)
	switch {
	case x.setOnly || x.unique && rows == nil:
	case x.unique:
		x.rowOf = mem.Alloc[uint32](arena, len(words), false)
		for i, p := range places {
			x.rowOf[p] = rows[i]
		}
	default:
		x.adjacency(arena, places, rows, x.table.Len())
	}
}

// lookup is one worker's probe of an index.
type lookup struct {
	x      *index
	finder *rowkey.Finder
	words  []uint64
	at     []uint32 // positions that have matches
	place  []uint32 // their places, or rows when the index is unique
}

func newLookup(x *index, arena *mem.Arena, nullSafe []bool) *lookup {
	return &lookup{x: x, finder: rowkey.NewFinder(x.layout, arena, nullSafe), words: mem.Alloc[uint64](arena, columnar.BatchSize, false),
		at: mem.Alloc[uint32](arena, columnar.BatchSize, false), place: mem.Alloc[uint32](arena, columnar.BatchSize, false)}
}

// find gives the positions of rows that have matches, ascending, and for each its row (unique) or
// place. Both are borrowed until the next find.
func (l *lookup) find(cols []*columnar.Vector, sel []uint32, n int) (at, found []uint32) {
	if at, found, ok := l.direct(cols, sel, n); ok {
		return at, found
	}
	rows, words := l.finder.Find(cols, sel, n, l.words)
	x := l.x
	k := 0
	place := l.place[:len(words)]
	if x.table != nil {
		x.table.Find(words, place)
		for j, p := range place {
			l.at[k], l.place[k] = position(rows, j), p
			if p != rowkey.None {
				k++
			}
		}
		l.toRows(k)
		return l.at[:k], l.place[:k]
	}
	for j, w := range words {
		l.at[k] = position(rows, j)
		switch {
		case x.direct != nil:
			r := x.direct[w]
			l.place[k] = r - 1
			if r != 0 {
				k++
			}
		case x.setOnly:
			k += int(x.rank.bits[w>>6] >> (w & 63) & 1)
		default:
			l.place[k] = x.rank.of(w)
			k += int(x.rank.bits[w>>6] >> (w & 63) & 1)
		}
	}
	l.toRows(k)
	return l.at[:k], l.place[:k]
}

func (l *lookup) toRows(k int) {
	if rowOf := l.x.rowOf; rowOf != nil {
		for j, p := range l.place[:k] {
			l.place[j] = rowOf[p]
		}
	}
}

func position(rows []uint32, j int) uint32 {
	if rows == nil {
		return uint32(j)
	}
	return rows[j]
}

// direct is find for one integer key without NULLs in a dense index: no packing.
func (l *lookup) direct(cols []*columnar.Vector, sel []uint32, n int) (at, found []uint32, ok bool) {
	v := cols[0]
	if len(cols) > 1 || l.x.span == 0 || v.Enc != columnar.Flat || v.Valid != nil || v.Layout > columnar.I64 {
		return nil, nil, false
	}
	lo, _, ok := l.x.layout.Window(0)
	if !ok || l.x.layout.Nullable(0) {
		return nil, nil, false
	}
	var k int
	delta := uint64(v.Base) - uint64(lo)
	switch v.Layout {
	case columnar.U8:
		k = directRows(l, v.U8, sel, n, delta)
	case columnar.U16:
		k = directRows(l, v.U16, sel, n, delta)
	case columnar.U32:
		k = directRows(l, v.U32, sel, n, delta)
	default:
		k = directRows(l, v.I64, sel, n, -uint64(lo))
	}
	l.toRows(k)
	return l.at[:k], l.place[:k], true
}

func directRows[T integer](l *lookup, v []T, sel []uint32, n int, delta uint64) int {
	switch x := l.x; {
	case x.setOnly:
		return present(x.rank.bits, l.at, v, sel, n, delta)
	case x.direct == nil:
		return ranked(&x.rank, l.at, l.place, v, sel, n, delta)
	}
	at, place := l.at, l.place
	k := 0
	direct := l.x.direct
	if sel == nil {
		for i, x := range v[:n] {
			c := uint64(x) + delta
			if c >= uint64(len(direct)) {
				continue
			}
			r := direct[c]
			at[k], place[k] = uint32(i), r-1
			if r != 0 {
				k++
			}
		}
		return k
	}
	for _, i := range sel {
		c := uint64(v[i]) + delta
		if c >= uint64(len(direct)) {
			continue
		}
		r := direct[c]
		at[k], place[k] = i, r-1
		if r != 0 {
			k++
		}
	}
	return k
}

// present lists the positions of the rows whose bit is set.
func present[T integer](set []uint64, at []uint32, v []T, sel []uint32, n int, delta uint64) (k int) {
	if sel == nil {
		for i, x := range v[:n] {
			at[k] = uint32(i)
			c := uint64(x) + delta
			if w := c >> 6; w < uint64(len(set)) {
				k += int(set[w] >> (c & 63) & 1)
			}
		}
		return k
	}
	for _, i := range sel {
		at[k] = i
		c := uint64(v[i]) + delta
		if w := c >> 6; w < uint64(len(set)) {
			k += int(set[w] >> (c & 63) & 1)
		}
	}
	return k
}

// ranked is present with the numbers of the keys.
func ranked[T integer](r *rank, at, place []uint32, v []T, sel []uint32, n int, delta uint64) (k int) {
	set, before := r.bits, r.before
	if sel == nil {
		for i, x := range v[:n] {
			c := uint64(x) + delta
			w := c >> 6
			if w >= uint64(len(set)) || w >= uint64(len(before)) {
				continue
			}
			word := set[w]
			at[k], place[k] = uint32(i), before[w]+uint32(bits.OnesCount64(word&(1<<(c&63)-1)))
			k += int(word >> (c & 63) & 1)
		}
		return k
	}
	for _, i := range sel {
		c := uint64(v[i]) + delta
		w := c >> 6
		if w >= uint64(len(set)) || w >= uint64(len(before)) {
			continue
		}
		word := set[w]
		at[k], place[k] = i, before[w]+uint32(bits.OnesCount64(word&(1<<(c&63)-1)))
		k += int(word >> (c & 63) & 1)
	}
	return k
}
