package join

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/rowkey"
)

// index finds build rows by packed key. A key's place is the packed key itself when those are dense,
// else its number in a table; rows are found by place.
type index struct {
	layout *rowkey.Layout
	span   uint64        // of dense keys; 0 when table is used
	table  *rowkey.Table // of other keys
	bits   []uint64      // dense keys of which only presence counts
	// unique: no two rows have one key. rowOf gives place's row + 1, or is nil when the place is the
	// row. Otherwise rows of a place are list[starts[place]:starts[place+1]].
	unique  bool
	setOnly bool
	rowOf   []uint32
	starts  []uint32
	list    []uint32
}

const (
	// denseBytes bounds arrays addressed by key, maxFilterBits bitsets; a range may be spread times
	// the rows.
	denseBytes = 32 << 20
	spread     = 8
)

// newIndex indexes words[i], the key of row rows[i] (of row i when rows is nil).
func newIndex(arena *mem.Arena, layout *rowkey.Layout, words []uint64, rows []uint32, setOnly bool) *index {
	x := &index{layout: layout, setOnly: setOnly, unique: true}
	switch bits, dense := x.fits(len(words)); {
	case bits:
		x.bits = mem.Alloc[uint64](arena, int(x.span/64)+1, true)
		for _, k := range words {
			x.bits[k>>6] |= 1 << (k & 63)
		}
	case dense:
		x.dense(arena, words, rows)
	default:
		x.hashed(arena, words, rows)
	}
	return x
}

// fits sets the span of dense keys and says which structure they may have: a bitset or an array.
func (x *index) fits(rows int) (bits, dense bool) {
	span := x.layout.Span()
	limit := max(uint64(rows)*spread, columnar.BatchSize)
	bits = x.setOnly && span > 0 && span <= maxFilterBits && span <= 64*limit
	dense = !bits && span > 0 && span <= limit && span <= denseBytes/4
	if bits || dense {
		x.span = span
	}
	return bits, dense
}

// newColumnIndex indexes a single integer key column without NULLs, straight from the column; nil
// when its keys are not dense, or not unique.
func newColumnIndex(arena *mem.Arena, layout *rowkey.Layout, v *columnar.Vector, n int, setOnly bool) *index {
	lo, _, ok := layout.Window(0)
	if !ok || layout.Nullable(0) || v.Enc != columnar.Flat || v.Valid != nil || v.Layout > columnar.I64 {
		return nil
	}
	x := &index{layout: layout, setOnly: setOnly, unique: true}
	switch bits, dense := x.fits(n); {
	case bits:
		x.bits = mem.Alloc[uint64](arena, int(x.span/64)+1, true)
	case dense:
		x.rowOf = mem.Alloc[uint32](arena, int(x.span), true)
	default:
		return nil
	}
	delta := uint64(v.Base) - uint64(lo)
	switch v.Layout {
	case columnar.U8:
		ok = place(x, v.U8[:n], delta)
	case columnar.U16:
		ok = place(x, v.U16[:n], delta)
	case columnar.U32:
		ok = place(x, v.U32[:n], delta)
	default:
		ok = place(x, v.I64[:n], -uint64(lo))
	}
	if !ok {
		return nil
	}
	return x
}

// place enters keys into the bitset or, each once, into the array; false when a key comes twice.
func place[T uint8 | uint16 | uint32 | int64](x *index, keys []T, delta uint64) bool {
	if bits := x.bits; bits != nil {
		for _, k := range keys {
			c := uint64(k) + delta
			bits[c>>6] |= 1 << (c & 63)
		}
		return true
	}
	rowOf := x.rowOf
	for i, k := range keys {
		at := &rowOf[uint64(k)+delta]
		if *at != 0 {
			return false
		}
		*at = uint32(i) + 1
	}
	return true
}

func rowAt(rows []uint32, i int) uint32 {
	if rows == nil {
		return uint32(i)
	}
	return rows[i]
}

// dense fills an array of rows by key, or adjacency lists once a key comes twice.
func (x *index) dense(arena *mem.Arena, words []uint64, rows []uint32) {
	x.rowOf = mem.Alloc[uint32](arena, int(x.span), true)
	for i, k := range words {
		if x.rowOf[k] != 0 {
			x.unique = false
			break
		}
		x.rowOf[k] = rowAt(rows, i) + 1
	}
	if x.unique {
		return
	}
	places := mem.Alloc[uint32](arena, len(words), false)
	for i, k := range words {
		places[i] = uint32(k)
	}
	x.rowOf = nil
	x.adjacency(arena, places, rows, int(x.span))
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
			x.rowOf[p] = rows[i] + 1
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
		case x.bits != nil:
			k += int(x.bits[w>>6] >> (w & 63) & 1)
		case x.unique:
			r := x.rowOf[w]
			l.place[k] = r - 1
			if r != 0 {
				k++
			}
		default:
			l.place[k] = uint32(w)
			if x.starts[w] != x.starts[w+1] {
				k++
			}
		}
	}
	return l.at[:k], l.place[:k]
}

func (l *lookup) toRows(k int) {
	if l.x.unique && l.x.rowOf != nil {
		for j, p := range l.place[:k] {
			l.place[j] = l.x.rowOf[p] - 1
		}
	}
}

func position(rows []uint32, j int) uint32 {
	if rows == nil {
		return uint32(j)
	}
	return rows[j]
}

// direct is find for one integer key without NULLs in a dense index: no packing, one load a row.
func (l *lookup) direct(cols []*columnar.Vector, sel []uint32, n int) (at, found []uint32, ok bool) {
	v := cols[0]
	if len(cols) > 1 || l.x.span == 0 || v.Enc != columnar.Flat || v.Valid != nil || v.Layout > columnar.I64 || !l.x.unique && l.x.starts != nil {
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
	return l.at[:k], l.place[:k], true
}

func directRows[T uint8 | uint16 | uint32 | int64](l *lookup, v []T, sel []uint32, n int, delta uint64) int {
	at, place := l.at, l.place
	k := 0
	switch bits, rowOf := l.x.bits, l.x.rowOf; {
	case bits != nil && sel == nil:
		for i, x := range v[:n] {
			at[k] = uint32(i)
			c := uint64(x) + delta
			if w := c >> 6; w < uint64(len(bits)) {
				k += int(bits[w] >> (c & 63) & 1)
			}
		}
	case bits != nil:
		for _, i := range sel {
			at[k] = i
			c := uint64(v[i]) + delta
			if w := c >> 6; w < uint64(len(bits)) {
				k += int(bits[w] >> (c & 63) & 1)
			}
		}
	case sel == nil:
		for i, x := range v[:n] {
			c := uint64(x) + delta
			if c >= uint64(len(rowOf)) {
				continue
			}
			r := rowOf[c]
			at[k], place[k] = uint32(i), r-1
			if r != 0 {
				k++
			}
		}
	default:
		for _, i := range sel {
			c := uint64(v[i]) + delta
			if c >= uint64(len(rowOf)) {
				continue
			}
			r := rowOf[c]
			at[k], place[k] = i, r-1
			if r != 0 {
				k++
			}
		}
	}
	return k
}
