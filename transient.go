package oxidb

import (
	"context"
	"slices"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/columnar/simd"
	"github.com/oxidb/oxidb/exec/scan"
	"github.com/oxidb/oxidb/mvcc"
)

// transientID is the first number of the relations that live for one statement: the rows that it
// wrote, the keys that it took away. Plans scan them like tables.
const transientID = systemID | 1<<30

// transient is such a relation.
type transient struct {
	chunks []scan.Chunk
	rows   int
}

// addTransient makes a relation with the columns of like.
func (sc *scope) addTransient(like *catalog.Table, chunks []scan.Chunk, rows int) *catalog.Table {
	if sc.transients == nil {
		sc.transients = map[catalog.ID]*transient{}
	}
	t := *like
	t.Indexes, t.Derived = nil, nil // they would find rows that are not in it
	t.ID = transientID + catalog.ID(len(sc.transients))
	sc.transients[t.ID] = &transient{chunks, rows}
	return &t
}

// setTransient fills a relation that a statement's plan names.
func (sc *scope) setTransient(id catalog.ID, chunks []scan.Chunk, rows int) {
	if sc.transients == nil {
		sc.transients = map[catalog.ID]*transient{}
	}
	sc.transients[id] = &transient{chunks, rows}
}

// stats are what is known of a table, or of a transient relation.
func (sc *scope) stats(t *catalog.Table) *catalog.TableStats {
	if r := sc.transients[t.ID]; r != nil {
		return &catalog.TableStats{Rows: float64(r.rows), Columns: make([]catalog.ColumnStats, len(t.Columns))}
	}
	if t.Past != nil {
		return sc.pastStats(t)
	}
	return sc.catalog.Stats(t)
}

// rough are statistics that may be of an earlier commit, for estimates of what a seek reads.
func (sc *scope) rough(t *catalog.Table) *catalog.TableStats {
	if sc.transients[t.ID] != nil || t.Past != nil {
		return sc.stats(t)
	}
	return sc.view.RoughStats(t)
}

// written is the rows that the transaction wrote to a table since a place, and how many.
func (sc *scope) written(t *catalog.Table, since mvcc.Place) ([]*mvcc.View, []scan.Chunk, int, error) {
	table, err := sc.txn.Table(t.ID)
	if err != nil {
		return nil, nil, 0, err
	}
	var views []*mvcc.View
	var chunks []scan.Chunk
	rows := 0
	for _, v := range table.Chunks() {
		if from := v.Since(since); from < v.Rows() {
			views, chunks, rows = append(views, v), append(chunks, sinceChunk{storedChunk{v}, from}), rows+v.Rows()-from
		}
	}
	return views, chunks, rows, nil
}

// sinceChunk is the rows of a chunk from one on.
type sinceChunk struct {
	storedChunk
	from int
}

// Visible implements scan.Chunk.
func (c sinceChunk) Visible(from, to int, words []uint64) bool {
	some := c.storedChunk.Visible(from, to, words)
	if from >= c.from {
		return some
	}
	if !some {
		simd.SetAll(words[:simd.Words(to-from)], to-from)
	}
	old := min(c.from, to) - from
	clear(words[:old>>6])
	if old&63 != 0 {
		words[old>>6] &= ^uint64(0) << (old & 63)
	}
	return true
}

// Live implements scan.Chunk.
func (c sinceChunk) Live() int {
	n := c.Rows() - c.from
	words := make([]uint64, simd.Words(c.Rows()))
	if c.Visible(0, c.Rows(), words) {
		n = simd.Count(words)
	}
	return n
}

// rowsChunk is some rows of a chunk, ascending.
type rowsChunk struct {
	storedChunk
	rows []uint32
}

// Visible implements scan.Chunk.
func (c rowsChunk) Visible(from, to int, words []uint64) bool {
	clear(words[:simd.Words(to-from)])
	at, _ := slices.BinarySearch(c.rows, uint32(from))
	for ; at < len(c.rows) && int(c.rows[at]) < to; at++ {
		row := int(c.rows[at]) - from
		words[row>>6] |= 1 << (row & 63)
	}
	return true
}

// Live implements scan.Chunk.
func (c rowsChunk) Live() int { return len(c.rows) }

// someRows is the given visible rows of a table as chunks.
func (sc *scope) someRows(t *catalog.Table, ids []columnar.RowID) ([]scan.Chunk, error) {
	table, err := sc.txn.Table(t.ID)
	if err != nil {
		return nil, err
	}
	byChunk := map[uint32][]uint32{}
	for _, id := range ids {
		byChunk[id.Chunk()] = append(byChunk[id.Chunk()], id.Offset())
	}
	var chunks []scan.Chunk
	for _, v := range table.Chunks() {
		if rows := byChunk[v.ID()]; rows != nil {
			slices.Sort(rows)
			chunks = append(chunks, rowsChunk{storedChunk{v}, slices.Compact(rows)})
		}
	}
	return chunks, nil
}

// vectorChunk is columns in memory by field id.
type vectorChunk struct {
	cols map[int32]*columnar.Vector
	rows int
}

func (c *vectorChunk) ID() uint32 { return 0 }
func (c *vectorChunk) Rows() int  { return c.rows }
func (c *vectorChunk) Column(_ context.Context, field int32) (*columnar.Vector, error) {
	return c.cols[field], nil
}
func (c *vectorChunk) Visible(int, int, []uint64) bool { return false }
func (c *vectorChunk) Live() int                       { return c.rows }
func (c *vectorChunk) Zone(int32) (scan.Zone, bool)    { return scan.Zone{}, false }

// gather copies columns of rows, also of deleted ones, in their order.
func (sc *scope) gather(ctx context.Context, t *catalog.Table, ids []columnar.RowID, ordinals []int) ([]*columnar.Vector, error) {
	table, err := sc.txn.Table(t.ID)
	if err != nil {
		return nil, err
	}
	views := map[uint32]*mvcc.View{}
	for _, v := range table.Chunks() {
		views[v.ID()] = v
	}
	out := make([]*columnar.Vector, len(ordinals))
	for i, o := range ordinals {
		b := segment.NewColumnBuilder(t.Columns[o].Type)
		var sel []uint32
		for from := 0; from < len(ids); {
			chunk := ids[from].Chunk()
			for sel = sel[:0]; from < len(ids) && ids[from].Chunk() == chunk; from++ {
				sel = append(sel, ids[from].Offset())
			}
			col, err := views[chunk].Column(ctx, t.Columns[o].FieldID)
			if err != nil {
				return nil, err
			}
			b.Append(col, sel)
		}
		out[i] = b.View(len(ids))
	}
	return out, nil
}
