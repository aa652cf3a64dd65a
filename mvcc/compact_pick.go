package mvcc

import (
	"cmp"
	"slices"

	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/types"
)

// Which chunks a compaction takes.
const (
	// deadShare is the part of a chunk's rows, one in so many, that must be deleted to rewrite it.
	deadShare = 5
	// smallRows and smallBytes bound the chunks that are merged with others; mergeAfter is how many
	// there must be, unless something has to be rewritten anyway.
	smallRows  = segment.MaxRows / 2
	smallBytes = maxOpenBytes / 4
	mergeAfter = 4
	// sortRows and sortBytes bound what is rewritten at once, and so the memory it takes.
	sortRows  = 8 * segment.MaxRows
	sortBytes = 256 << 20
	// overlapAfter is how many chunks must hold values of one range of the cluster key to sort them.
	overlapAfter = 4
	// openRows is the length of an open chunk from which on it is rewritten when half of it is deleted.
	openRows = 4096
)

// candidate is a closed chunk as the newest commit has it.
type candidate struct {
	chunk  *chunk
	live   int
	dead   int
	bytes  int64
	lo, hi []types.Value // bounds of the cluster key: the columns up to the first that varies
}

// pick chooses chunks of a table to be made new ones, none when it is in good order. full asks for every
// deleted row to go and every chunk to be full.
func (s *Store) pick(id TableID, full bool) []*chunk {
	all, cluster := s.candidates(id, full)
	if group := pickUntidy(all, full); group != nil {
		return group
	}
	if len(cluster) == 0 {
		return nil
	}
	for i := range all {
		all[i].bound(cluster)
	}
	least := overlapAfter
	if full {
		least = 2
	}
	return pickOverlapping(all, least)
}

// candidates lists the chunks that can be rewritten: closed, and seen by all new snapshots.
func (s *Store) candidates(id TableID, full bool) (all []candidate, cluster []int32) {
	visible := s.Version()
	s.mu.Lock()
	t := s.tables[id]
	if t == nil || t.newest().dropped || t.newest().at > visible {
		s.mu.Unlock()
		return nil, nil
	}
	cluster = t.newest().schema.Cluster
	if t.openIsUntidy(visible, full) {
		t.closeOpen()
	}
	deletes := make([]*deleteSet, 0, len(t.chunks))
	for _, c := range t.chunks {
		if c.closed && !c.retired() && c.rows > 0 && c.visible(visible) == c.rows {
			all = append(all, candidate{chunk: c})
			deletes = append(deletes, c.deletes)
		}
	}
	s.mu.Unlock()
	live := all[:0]
	for i, at := range all {
		if gone := deletes[i].at(visible); gone != nil {
			at.dead = gone.Count()
		}
		if at.live = at.chunk.rows - at.dead; at.live > 0 { // else it goes by itself when no snapshot needs it
			at.bytes = s.chunkBytes(id, at.chunk)
			live = append(live, at)
		}
	}
	return live, cluster
}

// openIsUntidy reports whether the open chunk's rows should be moved, too.
func (t *table) openIsUntidy(visible Timestamp, full bool) bool {
	n := len(t.chunks)
	if n == 0 {
		return false
	}
	c := t.chunks[n-1]
	if c.closed || c.rows == 0 || c.visible(visible) < c.rows {
		return false
	}
	dead := 0
	if gone := c.deletes.at(visible); gone != nil {
		dead = gone.Count()
	}
	if full {
		return dead > 0 || len(t.newest().schema.Cluster) > 0 && n > 1
	}
	return c.rows >= openRows && dead*2 >= c.rows
}

// chunkBytes is what a chunk takes, on disk where it is there.
func (s *Store) chunkBytes(id TableID, c *chunk) int64 {
	bytes := int64(0)
	if at := c.sealed.Load(); at != nil {
		for i := range at.meta.Columns {
			bytes += at.meta.Columns[i].Length
		}
		return bytes
	}
	c.narrow(s.dictsOfTable(id))
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range c.columns {
		bytes += segment.MemoryBytes(v)
	}
	return bytes
}

func (c *candidate) small() bool { return c.live < smallRows && c.bytes < smallBytes }

// holed reports whether enough of the chunk is deleted to rewrite it.
func (c *candidate) holed(full bool) bool {
	return full && c.dead > 0 || c.dead*deadShare >= c.chunk.rows
}

// pickUntidy takes chunks with many deleted rows, and small ones, from the front of the table.
func pickUntidy(all []candidate, full bool) []*chunk {
	var group []*chunk
	rows, bytes, holed := 0, int64(0), false
	for i := range all {
		c := &all[i]
		if !c.holed(full) && !c.small() {
			continue
		}
		if len(group) > 0 && (rows+c.live > sortRows || bytes+c.bytes > sortBytes) {
			break
		}
		group = append(group, c.chunk)
		rows, bytes, holed = rows+c.live, bytes+c.bytes, holed || c.holed(full)
	}
	after := (rows + segment.MaxRows - 1) / segment.MaxRows
	switch {
	case holed:
		return group
	case len(group) >= mergeAfter && after <= len(group)/2, full && after < len(group):
		return group
	}
	return nil
}

// bound takes the bounds of the cluster key from the zones.
func (c *candidate) bound(cluster []int32) {
	c.chunk.mu.Lock()
	defer c.chunk.mu.Unlock()
	for _, f := range cluster {
		at := c.chunk.field(f)
		if at < 0 || c.chunk.zones[at].Unbounded() || c.chunk.zones[at].Nulls > 0 && len(c.lo) > 0 {
			return
		}
		z := c.chunk.zones[at]
		c.lo, c.hi = append(c.lo, z.Min), append(c.hi, z.Max)
		if segment.Compare(z.Min, z.Max) != 0 {
			return
		}
	}
}

// compareBounds orders prefixes of keys; end says how one that ends compares with one that goes on.
func compareBounds(a, b []types.Value, end int) int {
	for i := range min(len(a), len(b)) {
		if c := segment.Compare(a[i], b[i]); c != 0 {
			return c
		}
	}
	return end * cmp.Compare(len(b), len(a))
}

// overlaps reports whether the chunks share more of the key's range than an end.
func (c *candidate) overlaps(other *candidate) bool {
	return compareInner(c.lo, other.hi) < 0 && compareInner(other.lo, c.hi) < 0
}

// compareInner compares bounds by the columns that both have: what lies behind is not known.
func compareInner(a, b []types.Value) int {
	for i := range min(len(a), len(b)) {
		if c := segment.Compare(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}

// pickOverlapping takes the chunks that hold values of the most crowded place of the cluster key, when
// they are at least `least`.
func pickOverlapping(all []candidate, least int) []*chunk {
	var bounded []*candidate
	for i := range all {
		if len(all[i].lo) > 0 {
			bounded = append(bounded, &all[i])
		}
	}
	slices.SortStableFunc(bounded, func(a, b *candidate) int { return compareBounds(a.lo, b.lo, -1) })
	var crowd, open []*candidate
	for _, c := range bounded { // open are those that reach beyond the start of c
		kept := open[:0]
		for _, o := range open {
			if o.overlaps(c) {
				kept = append(kept, o)
			}
		}
		open = append(kept, c)
		if len(open) > len(crowd) {
			crowd = slices.Clone(open)
		}
	}
	if len(crowd) < least {
		return nil
	}
	var group []*chunk
	rows, bytes := 0, int64(0)
	for _, c := range crowd {
		if len(group) > 1 && (rows+c.live > sortRows || bytes+c.bytes > sortBytes) {
			break
		}
		group = append(group, c.chunk)
		rows, bytes = rows+c.live, bytes+c.bytes
	}
	return group
}
