package mvcc

import (
	"slices"
	"sort"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"
)

// deleteSet is the deletes of a chunk: rows by the commit that deleted them, ascending. It is
// immutable; a commit makes a new one, which shares the memory of the deltas before it. Every set has
// at most one successor.
type deleteSet struct {
	deltas []deleteDelta
	base   *Bitmap // the rows of deltas[:baseN]; nil when baseN is 0
	baseN  int
	all    atomic.Pointer[Bitmap] // the rows of all deltas, once asked for
}

// deleteDelta is the rows that one commit deleted, or several whose difference nobody can see.
type deleteDelta struct {
	at   Timestamp
	row  uint32          // the only row, when rows is nil
	rows *roaring.Bitmap // shared, not written to
}

func newDelta(at Timestamp, rows *roaring.Bitmap) deleteDelta {
	if rows.GetCardinality() == 1 {
		return deleteDelta{at: at, row: rows.Minimum()}
	}
	return deleteDelta{at: at, rows: rows}
}

func (d *deleteDelta) contains(row uint32) bool {
	if d.rows == nil {
		return d.row == row
	}
	return d.rows.Contains(row)
}

func (d *deleteDelta) intersects(rows *roaring.Bitmap) bool {
	if d.rows == nil {
		return rows.Contains(d.row)
	}
	return d.rows.Intersects(rows)
}

func (d *deleteDelta) addTo(sum *roaring.Bitmap) {
	if d.rows == nil {
		sum.Add(d.row)
		return
	}
	sum.Or(d.rows)
}

const (
	// foldAfter is the number of deltas beyond which those that every snapshot sees become one.
	foldAfter = 32
	// baseAfter is the number of deltas beyond which their rows are gathered in a bitmap.
	baseAfter = 64
)

// with gives the set with one more commit's rows. Deltas up to the horizon, which every snapshot sees
// alike, are folded when they are many, and at least half of all.
func (d *deleteSet) with(at Timestamp, rows *roaring.Bitmap, horizon Timestamp) *deleteSet {
	next := &deleteSet{}
	if d != nil {
		next.deltas, next.base, next.baseN = d.deltas, d.base, d.baseN
		if all := d.all.Load(); all != nil {
			next.base, next.baseN = all, len(d.deltas)
		}
	}
	next.deltas = append(next.deltas, newDelta(at, rows))
	if len(next.deltas)-next.baseN > baseAfter {
		next.base, next.baseN = next.merged(len(next.deltas)), len(next.deltas)
	}
	if n := next.upTo(horizon); n > foldAfter && n >= len(next.deltas)/2 {
		next.fold(n)
	}
	return next
}

// fold makes the first n deltas one.
func (d *deleteSet) fold(n int) {
	sum := roaring.New()
	for i := range d.deltas[:n] {
		d.deltas[i].addTo(sum)
	}
	rest := d.deltas[n:]
	d.deltas = append([]deleteDelta{newDelta(d.deltas[n-1].at, sum)}, rest...)
	if d.baseN >= n {
		d.baseN += 1 - n
	} else {
		d.base, d.baseN = nil, 0
	}
}

// upTo is the number of deltas of commits up to and including at.
func (d *deleteSet) upTo(at Timestamp) int {
	if n := len(d.deltas); d.deltas[n-1].at <= at {
		return n
	}
	return sort.Search(len(d.deltas), func(i int) bool { return d.deltas[i].at > at })
}

// last is the timestamp of the newest delete, 0 without any.
func (d *deleteSet) last() Timestamp {
	if d == nil {
		return 0
	}
	return d.deltas[len(d.deltas)-1].at
}

// lastUpTo is the timestamp of the newest delete that a snapshot sees, 0 without any.
func (d *deleteSet) lastUpTo(snapshot Timestamp) Timestamp {
	if d == nil {
		return 0
	}
	if n := d.upTo(snapshot); n > 0 {
		return d.deltas[n-1].at
	}
	return 0
}

// at is the rows deleted as of a snapshot, nil for none.
func (d *deleteSet) at(snapshot Timestamp) *Bitmap {
	if d == nil {
		return nil
	}
	n := d.upTo(snapshot)
	switch n {
	case 0:
		return nil
	case len(d.deltas):
		all := d.all.Load()
		if all == nil {
			all = d.merged(n)
			d.all.Store(all)
		}
		return all
	}
	return d.merged(n)
}

// merged is the rows of the first n deltas.
func (d *deleteSet) merged(n int) *Bitmap {
	b, from := &Bitmap{}, 0
	if d.base != nil && d.baseN <= n {
		if d.baseN == n {
			return d.base
		}
		b.words, b.count, from = slices.Clone(d.base.words), d.base.count, d.baseN
	}
	for i := from; i < n; i++ {
		if delta := &d.deltas[i]; delta.rows == nil {
			b.markRow(delta.row)
		} else {
			b.mark(delta.rows)
		}
	}
	return b
}

// conflicts reports whether a commit after the snapshot deleted any of rows.
func (d *deleteSet) conflicts(snapshot Timestamp, rows *roaring.Bitmap) bool {
	if d == nil {
		return false
	}
	for i := d.upTo(snapshot); i < len(d.deltas); i++ {
		if d.deltas[i].intersects(rows) {
			return true
		}
	}
	return false
}

// contains reports whether any commit, sequenced or visible, deleted the row.
func (d *deleteSet) contains(row uint32) bool {
	if d == nil {
		return false
	}
	if d.base.Contains(row) {
		return true
	}
	for i := d.baseN; i < len(d.deltas); i++ {
		if d.deltas[i].contains(row) {
			return true
		}
	}
	return false
}

// seen reports whether a snapshot sees the row deleted; it costs less than at for a few rows.
func (d *deleteSet) seen(row uint32, snapshot Timestamp) bool {
	if d == nil {
		return false
	}
	n := d.upTo(snapshot)
	if n == len(d.deltas) {
		return d.contains(row)
	}
	from := 0
	if d.base != nil && d.baseN <= n {
		if d.base.Contains(row) {
			return true
		}
		from = d.baseN
	}
	for i := from; i < n; i++ {
		if d.deltas[i].contains(row) {
			return true
		}
	}
	return false
}

// between is the rows deleted by commits in (from, to], nil for none.
func (d *deleteSet) between(from, to Timestamp) *roaring.Bitmap {
	if d == nil {
		return nil
	}
	lo, hi := d.upTo(from), d.upTo(to)
	if lo >= hi {
		return nil
	}
	sum := roaring.New()
	for i := lo; i < hi; i++ {
		d.deltas[i].addTo(sum)
	}
	return sum
}

// union is all rows deleted by any commit of the set.
func (d *deleteSet) union() *roaring.Bitmap {
	sum := roaring.New()
	for i := range d.deltas {
		d.deltas[i].addTo(sum)
	}
	return sum
}
