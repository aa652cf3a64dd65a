package mvcc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/mvcc/wal"
)

// compaction is the work of writing the live rows of some chunks of a table into new ones. Snapshots
// before its commit go on reading the old chunks, those after it read the new ones; nobody waits but
// for the moment of the commit.
type compaction struct {
	store   *Store
	id      TableID
	schema  *schemaVersion
	txn     *Txn // holds the snapshot that rows are read at, and the files until they are the table's
	sources []*chunk
	live    [][]uint32 // rows of each source; nil for all
	counts  []int      // how many
	made    []*chunk
	moves   [][]place // of each source; chunks are ordinals in made until the commit numbers them
}

// errOvertaken says that the table changed in a way that makes a compaction's work useless.
var errOvertaken = errors.New("the table changed during its compaction")

// compact replaces chunks of a table, which must be closed. It gives up, without harm, when others
// change the table's schema meanwhile: done is false then.
func (s *Store) compact(ctx context.Context, id TableID, sources []*chunk) (done bool, err error) {
	c := &compaction{store: s, id: id, sources: sources, txn: s.Begin(TxnOptions{})}
	defer c.txn.Rollback() // removes the files, unless the commit has taken them
	if err := s.failure(); err != nil {
		return false, err
	}
	if !c.begin() {
		return false, nil
	}
	if err := c.rewrite(ctx); err != nil {
		return false, err
	}
	at, lsn, err := c.sequence()
	switch {
	case errors.Is(err, errOvertaken):
		return false, nil
	case err != nil:
		return false, err
	}
	c.txn.keepFiles()
	if err := s.await(lsn, false); err != nil {
		return false, err
	}
	s.publish(at)
	return true, nil
}

// begin notes which rows live at the snapshot; false when the chunks are not what they were when they
// were chosen, or the newest rows of one cannot be seen yet.
func (c *compaction) begin() bool {
	s := c.store
	s.mu.RLock()
	defer s.mu.RUnlock()
	shared := s.tables[c.id]
	if shared == nil || shared.newest().dropped || shared.newest().at > c.txn.snapshot {
		return false
	}
	newest := *shared.newest()
	c.schema = &newest
	for _, from := range c.sources {
		if from.retired() || !from.closed || from.visible(c.txn.snapshot) < from.rows || shared.find(from.id) != from {
			return false
		}
		var live []uint32
		if gone := from.deletes.at(c.txn.snapshot); gone != nil {
			live = gone.Keep(0, from.rows, nil)
		}
		c.live = append(c.live, live)
		if live == nil {
			c.counts = append(c.counts, from.rows)
		} else {
			c.counts = append(c.counts, len(live))
		}
	}
	return true
}

// rewrite makes the new chunks and, in a durable store, their files.
func (c *compaction) rewrite(ctx context.Context) error {
	order, err := c.order(ctx)
	if err != nil {
		return err
	}
	if err := c.layOut(ctx, order); err != nil {
		return err
	}
	for i := range c.schema.schema.Columns {
		if err := c.rewriteColumn(ctx, i, order); err != nil {
			return err
		}
	}
	dicts := c.store.dictsOfTable(c.id)
	files := c.txn.segmentWriters(c.id, c.schema.schema.Columns)
	for _, made := range c.made {
		made.closed = true
		made.narrow(dicts)
		if err := errors.Join(ctx.Err(), files.write(made)); err != nil {
			return err
		}
	}
	return files.finish()
}

// column gives a source's column as the schema has it.
func (c *compaction) column(ctx context.Context, source, ordinal int) (*columnar.Vector, error) {
	from, def := c.sources[source], &c.schema.schema.Columns[ordinal]
	at := from.field(def.FieldID)
	if at < 0 {
		return missingColumn(def, from.rows), nil
	}
	from.narrow(c.store.dictsOfTable(c.id))
	return c.store.column(ctx, c.id, from, at)
}

// joined is one column of the live rows of all sources.
func (c *compaction) joined(ctx context.Context, ordinal int) (*columnar.Vector, error) {
	b := segment.NewColumnBuilder(c.schema.schema.Columns[ordinal].Type)
	for source := range c.sources {
		v, err := c.column(ctx, source, ordinal)
		if err != nil {
			return nil, err
		}
		appendRows(b, v, c.live[source], c.sources[source].rows)
	}
	return b.View(b.Rows()), nil
}

// appendRows appends rows sel of v, or its first n for nil.
func appendRows(b *segment.ColumnBuilder, v *columnar.Vector, sel []uint32, n int) {
	if sel == nil && v.Len != n {
		sel = ascendingRows(0, n)
	}
	if sel != nil && len(sel) == 0 {
		return
	}
	b.Append(v, sel)
}

// order is the joined rows by the table's cluster key; nil when they stay as they are.
func (c *compaction) order(ctx context.Context) ([]uint32, error) {
	if len(c.schema.schema.Cluster) == 0 {
		return nil, nil
	}
	var key []*columnar.Vector
	for _, f := range c.schema.schema.Cluster {
		v, err := c.joined(ctx, c.schema.schema.ordinal(f))
		if err != nil {
			return nil, err
		}
		key = append(key, v)
	}
	rows := ascendingRows(0, key[0].Len)
	ordered.Sort(key, rows)
	return rows, nil
}

// layOut decides how many rows go into each new chunk, and where each old row goes.
func (c *compaction) layOut(ctx context.Context, order []uint32) error {
	total := 0
	for _, n := range c.counts {
		total += n
	}
	perChunk, err := c.rowsPerChunk(ctx)
	if err != nil {
		return err
	}
	for from := 0; from < total; from += perChunk {
		made := newChunk(uint32(len(c.made)), c.schema.schema.Columns)
		made.rows, made.moved = min(perChunk, total-from), true
		c.made = append(c.made, made)
	}
	places := make([]place, total) // by joined row
	for i := range total {
		row := i
		if order != nil {
			row = int(order[i])
		}
		places[row] = place{chunk: uint32(i / perChunk), offset: uint32(i % perChunk)}
	}
	c.moves = make([][]place, len(c.sources))
	for source, from := range c.sources {
		n := c.counts[source]
		if c.live[source] == nil {
			c.moves[source] = places[:n:n]
		} else {
			c.moves[source] = slices.Repeat([]place{nowhere}, from.rows)
			for i, row := range c.live[source] {
				c.moves[source][row] = places[i]
			}
		}
		places = places[n:]
	}
	return nil
}

// rowsPerChunk is a full chunk's, less when the rows are long.
func (c *compaction) rowsPerChunk(ctx context.Context) (int, error) {
	rows, bytes := 0, int64(0)
	for source, from := range c.sources {
		rows += from.rows
		for i := range c.schema.schema.Columns {
			v, err := c.column(ctx, source, i)
			if err != nil {
				return 0, err
			}
			bytes += segment.MemoryBytes(v)
		}
	}
	if bytes/maxOpenBytes < int64(rows/segment.MaxRows) || bytes <= maxOpenBytes {
		return segment.MaxRows, nil
	}
	return max(1, int(maxOpenBytes*int64(rows)/bytes)), nil
}

// rewriteColumn fills a column of all new chunks.
func (c *compaction) rewriteColumn(ctx context.Context, ordinal int, order []uint32) error {
	v, err := c.joined(ctx, ordinal)
	if err != nil {
		return err
	}
	from := 0
	for _, made := range c.made {
		if order == nil {
			made.builders[ordinal].Append(v, ascendingRows(from, made.rows))
		} else {
			made.builders[ordinal].Append(v, order[from:from+made.rows])
		}
		from += made.rows
	}
	return ctx.Err()
}

// replaceRecord is the payload of a Replace record: the chunks that go, and those that take their
// place, which come first in the table where the first of the old ones was.
type replaceRecord struct {
	Sources  []uint32      `json:"sources"`
	Segments segmentRecord `json:"segments"`
}

// sequence makes the new chunks the table's, with the deletes that were committed while they were
// being written.
func (c *compaction) sequence() (Timestamp, uint64, error) {
	s := c.store
	replace, err := c.encode()
	if err != nil {
		return 0, 0, err
	}
	deletes := make([]payload, len(c.made)) // as long as they can be
	for i := range deletes {
		deletes[i].data = longestBitmap
	}
	room, err := s.reserveLog(append(deletes, replace))
	if err != nil {
		return 0, 0, err
	}
	defer room.release()
	s.mu.Lock()
	defer s.mu.Unlock()
	shared := s.tables[c.id]
	if shared == nil || shared.newest().at != c.schema.at || slices.ContainsFunc(c.sources, (*chunk).retired) {
		return 0, 0, errOvertaken
	}
	at := s.last + 1
	c.number(shared.next)
	carried := c.carried()
	w := &workspace{payloads: []payload{replace}, places: []place{{chunk: shared.next}}}
	for _, group := range carried {
		data, err := group.rows.ToBytes()
		if err != nil {
			return 0, 0, fmt.Errorf("encoding deletes of table %q: %w", c.schema.name, err)
		}
		w.payloads = append(w.payloads, payload{kind: wal.Delete, table: c.id, data: data})
		w.places = append(w.places, place{chunk: group.chunk})
	}
	lsn, err := s.logCommit(c.txn.id, at, s.times.now(at), w, &room)
	if err != nil {
		return 0, 0, err
	}
	shared.replace(c.sources, c.made, at)
	for i, from := range c.sources {
		from.moves = c.moves[i]
	}
	for _, group := range carried {
		made := shared.find(group.chunk)
		made.deletes = made.deletes.with(at, group.rows, 0)
	}
	s.last = at
	return at, lsn, nil
}

// longestBitmap has the length of any rows of a chunk as a portable roaring bitmap: a container of at most
// 8 KiB for every 65,536, and a header.
var longestBitmap = make([]byte, (segment.MaxRows/65536+1)*(8192+16)+64)

func (c *compaction) encode() (payload, error) {
	if c.store.dir == "" {
		return payload{}, nil
	}
	var record replaceRecord
	for _, from := range c.sources {
		record.Sources = append(record.Sources, from.id)
	}
	for _, made := range c.made {
		record.Segments.addChunk(c.store, made.sealed.Load(), chunkRecord{})
	}
	data, err := json.Marshal(record)
	return payload{kind: wal.Replace, table: c.id, data: data}, err
}

// number gives the new chunks their numbers from `next` on.
func (c *compaction) number(next uint32) {
	for i, made := range c.made {
		made.id = next + uint32(i)
	}
	for _, moves := range c.moves {
		for i := range moves {
			if moves[i] != nowhere {
				moves[i].chunk += next
			}
		}
	}
}

// carried is the rows of the new chunks that commits after the snapshot have deleted in the old ones.
func (c *compaction) carried() []rowGroup {
	sum := map[uint32]*rowGroup{}
	for i, from := range c.sources {
		gone := from.deletes.between(c.txn.snapshot, c.store.last)
		if gone == nil {
			continue
		}
		holder := chunk{moves: c.moves[i]}
		groups, _ := holder.movedRows(gone) // all were alive at the snapshot
		for _, g := range groups {
			if known := sum[g.chunk]; known != nil {
				known.rows.Or(g.rows)
			} else {
				sum[g.chunk] = &g
			}
		}
	}
	all := make([]rowGroup, 0, len(sum))
	for _, g := range sum {
		all = append(all, *g)
	}
	slices.SortFunc(all, func(a, b rowGroup) int { return int(a.chunk) - int(b.chunk) })
	return all
}

// replace retires sources at a commit and puts the chunks made of them, which are numbered, where the
// first of them is. Store.mu is held for writing.
func (t *table) replace(sources, made []*chunk, at Timestamp) {
	born := Timestamp(0)
	for _, from := range sources {
		born = max(born, from.newest())
		from.until = at
	}
	for _, c := range made {
		c.born, c.history = born, []rowsAt{{at: at, rows: c.rows}}
	}
	t.next += uint32(len(made))
	place := slices.Index(t.chunks, sources[0])
	t.chunks = slices.Concat(t.chunks[:place], made, t.chunks[place:])
}
