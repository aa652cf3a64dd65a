package mvcc

import (
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
)

// deleteSet is the deletes of a chunk: rows by the commit that deleted them, ascending. It is
// immutable; a commit makes a new one.
type deleteSet struct {
	deltas []deleteDelta
	once   sync.Once
	all    *Bitmap
}

type deleteDelta struct {
	at   Timestamp
	rows *roaring.Bitmap
}

// foldAfter is the number of deltas beyond which those that every snapshot sees become one.
const foldAfter = 32

// with gives the set with one more commit's rows. Deltas up to the watermark, which every snapshot
// sees alike, are folded when there are many.
func (d *deleteSet) with(at Timestamp, rows *roaring.Bitmap, watermark Timestamp) *deleteSet {
	next := &deleteSet{}
	if d != nil {
		next.deltas = append(next.deltas, d.deltas...)
	}
	next.deltas = append(next.deltas, deleteDelta{at: at, rows: rows})
	if len(next.deltas) > foldAfter {
		next.fold(watermark)
	}
	return next
}

func (d *deleteSet) fold(watermark Timestamp) {
	n := 0
	for n < len(d.deltas) && d.deltas[n].at <= watermark {
		n++
	}
	if n < 2 {
		return
	}
	sum := roaring.New()
	for _, delta := range d.deltas[:n] {
		sum.Or(delta.rows)
	}
	d.deltas = append([]deleteDelta{{at: d.deltas[n-1].at, rows: sum}}, d.deltas[n:]...)
}

// last is the timestamp of the newest delete, 0 without any.
func (d *deleteSet) last() Timestamp {
	if d == nil || len(d.deltas) == 0 {
		return 0
	}
	return d.deltas[len(d.deltas)-1].at
}

// at is the rows deleted as of a snapshot, nil for none.
func (d *deleteSet) at(snapshot Timestamp) *Bitmap {
	if d == nil {
		return nil
	}
	if d.last() <= snapshot {
		d.once.Do(func() { d.all = mergeDeletes(d.deltas) })
		return d.all
	}
	n := 0
	for n < len(d.deltas) && d.deltas[n].at <= snapshot {
		n++
	}
	return mergeDeletes(d.deltas[:n])
}

func mergeDeletes(deltas []deleteDelta) *Bitmap {
	if len(deltas) == 0 {
		return nil
	}
	b := &Bitmap{}
	for _, delta := range deltas {
		b.mark(delta.rows)
	}
	return b
}

// conflicts reports whether a commit after the snapshot deleted any of rows.
func (d *deleteSet) conflicts(snapshot Timestamp, rows *roaring.Bitmap) bool {
	if d == nil {
		return false
	}
	for i := len(d.deltas) - 1; i >= 0 && d.deltas[i].at > snapshot; i-- {
		if d.deltas[i].rows.Intersects(rows) {
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
	for _, delta := range d.deltas {
		if delta.rows.Contains(row) {
			return true
		}
	}
	return false
}

// union is all rows deleted by any commit of the set.
func (d *deleteSet) union() *roaring.Bitmap {
	sum := roaring.New()
	for _, delta := range d.deltas {
		sum.Or(delta.rows)
	}
	return sum
}
