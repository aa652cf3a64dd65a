package mvcc

import (
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// nowhere is where a row went that a compaction left behind because it was deleted.
var nowhere = place{chunk: ^uint32(0)}

// errMoved says that a compaction has moved rows that a commit is about to delete: it has to follow them.
var errMoved = moved{}

type moved struct{}

func (moved) Error() string { return "rows were moved by a compaction" }

// follow gives the rows of a group where they lie now, whatever compactions have moved them since the
// transaction's snapshot. A row that none took along was deleted by someone else: 40001. Store.mu is held.
func (t *table) follow(group rowGroup) ([]rowGroup, error) {
	c := t.find(group.chunk)
	if c == nil || c.retired() && c.moves == nil {
		return nil, concurrentUpdate() // no snapshot that is open has seen the chunk
	}
	if !c.retired() {
		return []rowGroup{group}, nil
	}
	moved, lost := c.movedRows(group.rows)
	if lost {
		return nil, concurrentUpdate()
	}
	var all []rowGroup
	for _, g := range moved {
		groups, err := t.follow(g)
		if err != nil {
			return nil, err
		}
		all = append(all, groups...)
	}
	return all, nil
}

// movedRows gives the rows of a retired chunk where its compaction put them; lost says that it left
// some behind.
func (c *chunk) movedRows(rows *roaring.Bitmap) (groups []rowGroup, lost bool) {
	at := map[uint32]*roaring.Bitmap{}
	for it := rows.Iterator(); it.HasNext(); {
		to := c.moves[it.Next()]
		if to == nowhere {
			lost = true
			continue
		}
		if at[to.chunk] == nil {
			at[to.chunk] = roaring.New()
			groups = append(groups, rowGroup{chunk: to.chunk, rows: at[to.chunk]})
		}
		at[to.chunk].Add(to.offset)
	}
	return groups, lost
}

// followDeletes replaces deletes of rows that were moved since by deletes of where they are.
func (t *Txn) followDeletes(writes []tableWrite) error {
	if !slices.ContainsFunc(writes, func(w tableWrite) bool { return len(w.deletes) > 0 }) {
		return nil
	}
	t.store.mu.RLock()
	defer t.store.mu.RUnlock()
	for i := range writes {
		w := &writes[i]
		shared := t.store.tables[w.id]
		if shared == nil || !shared.anyRetired(w.deletes) {
			continue
		}
		gone := map[uint32]*roaring.Bitmap{}
		var groups []rowGroup
		for _, g := range w.deletes {
			now, err := shared.follow(g)
			if err != nil {
				return err
			}
			for _, g := range now { // several chunks may have become one
				if gone[g.chunk] != nil {
					gone[g.chunk].Or(g.rows)
					continue
				}
				g.rows = g.rows.Clone()
				gone[g.chunk] = g.rows
				groups = append(groups, g)
			}
		}
		w.deletes = groups
	}
	return nil
}

func (t *table) anyRetired(groups []rowGroup) bool {
	for _, g := range groups {
		if c := t.find(g.chunk); c != nil && c.retired() {
			return true
		}
	}
	return false
}

// ownDeleted is the rows of chunks that the transaction deleted, by chunk as it is now: rows that were
// moved since its snapshot count where they are, too. Store.mu is held.
func (l *localTable) ownDeleted(shared *table) func(chunk uint32) *roaring.Bitmap {
	if len(l.deletes) == 0 {
		return noneDeleted
	}
	moved := map[uint32]*roaring.Bitmap{}
	for id, own := range l.deletes {
		if id < localChunk {
			shared.addMoved(rowGroup{chunk: id, rows: own.rows}, moved)
		}
	}
	return func(chunk uint32) *roaring.Bitmap {
		if rows := moved[chunk]; rows != nil {
			return rows
		}
		return l.ownRows(chunk)
	}
}

func noneDeleted(uint32) *roaring.Bitmap { return nil }

// ownRows is the rows of a chunk that the transaction deleted, nil for none.
func (l *localTable) ownRows(chunk uint32) *roaring.Bitmap {
	if own := l.deletes[chunk]; own != nil {
		return own.rows
	}
	return nil
}

// addMoved adds where the rows of a retired chunk are now; those that were left behind are nowhere.
func (t *table) addMoved(group rowGroup, sum map[uint32]*roaring.Bitmap) {
	c := t.find(group.chunk)
	if c == nil || !c.retired() || c.moves == nil {
		return
	}
	groups, _ := c.movedRows(group.rows)
	for _, g := range groups {
		if sum[g.chunk] == nil {
			sum[g.chunk] = roaring.New()
		}
		sum[g.chunk].Or(g.rows)
		t.addMoved(g, sum)
	}
}

// forgetMoves frees the mappings that no open transaction can ask for. Store.mu is held for writing.
func (t *table) forgetMoves(oldest Timestamp) {
	for _, c := range t.chunks {
		if c.moves != nil && c.until <= oldest {
			c.moves = nil
		}
	}
}
