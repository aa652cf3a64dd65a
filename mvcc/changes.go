package mvcc

import "github.com/RoaringBitmap/roaring/v2"

// change is what commits of a span of versions did to one chunk.
type change struct {
	chunk   *chunk
	lo, hi  int             // rows [lo, hi) were inserted
	deleted *roaring.Bitmap // rows deleted, inserted ones among them; nil for none
}

// changes lists what commits in (from, to] did to a table's rows; from must not lie before the
// horizon. Rows that a compaction moved were neither inserted nor deleted by it: a retired chunk has
// the inserts and deletes before its end, a moved one only the deletes after its start. Store.mu is held.
func (t *table) changes(from, to Timestamp) []change {
	var all []change
	for _, c := range t.chunks {
		if c.lastChange(to) <= from {
			continue
		}
		ch := change{chunk: c}
		since := from
		if c.moved {
			since = max(from, c.history[0].at)
		} else {
			ch.lo, ch.hi = c.rowsUpTo(from), c.rowsUpTo(to)
		}
		if ch.deleted = c.deletes.between(since, to); ch.deleted != nil || ch.lo < ch.hi {
			all = append(all, ch)
		}
	}
	return all
}
