package mvcc

import "github.com/RoaringBitmap/roaring/v2"

// cancelMoved takes out of the changes of a table the rows that came, were moved by compactions, and
// are gone again: they stand as inserted in the chunk that they came into, and as deleted in one that
// they were moved to. Store.mu is held.
func (t *table) cancelMoved(all []change) {
	byChunk := make(map[uint32]*change, len(all))
	for i := range all {
		byChunk[all[i].chunk.id] = &all[i]
	}
	for i := range all {
		from := &all[i]
		if !from.chunk.retired() {
			continue
		}
		for row := from.lo; row < from.hi; row++ {
			if at, gone := t.deletedLater(byChunk, from.chunk, uint32(row)); gone {
				if from.deleted == nil {
					from.deleted = roaring.New()
				}
				from.deleted.Add(uint32(row))
				byChunk[at.chunk].deleted.Remove(at.offset)
			}
		}
	}
}

// deletedLater follows a row through compactions to the place where it was deleted.
func (t *table) deletedLater(changes map[uint32]*change, c *chunk, row uint32) (at place, gone bool) {
	for c.retired() && int(row) < len(c.moves) && c.moves[row] != nowhere {
		at = c.moves[row]
		if ch := changes[at.chunk]; ch != nil && ch.deleted != nil && ch.deleted.Contains(at.offset) {
			return at, true
		}
		if c = t.find(at.chunk); c == nil {
			break
		}
		row = at.offset
	}
	return at, false
}
