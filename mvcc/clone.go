package mvcc

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/sqlerr"
)

// CloneTable makes a table with the rows of src, which this transaction or one at an earlier version
// handed out. The schema has src's fields. Closed chunks are shared: of those on disk the segment
// files, of the others the memory. Rows of open chunks are copied. From then on neither table knows of
// the other; a file goes when no table lies in it.
func (t *Txn) CloneTable(ctx context.Context, id TableID, name string, schema Schema, src *Table) error {
	for _, c := range schema.Columns {
		if src.schema.ordinal(c.FieldID) < 0 {
			return sqlerr.New(sqlerr.InternalError, "a clone of %q cannot have the field %d", src.name, c.FieldID)
		}
	}
	if err := t.CreateTable(id, name, schema); err != nil {
		return err
	}
	l := t.tables[id]
	for _, v := range src.views {
		t.hold(v.at)
		if err := ctx.Err(); err != nil {
			return err
		}
		c := v.share()
		if c == nil {
			if err := t.copyView(ctx, l, v); err != nil {
				return err
			}
			continue
		}
		c.id = l.next
		l.next++
		if gone := v.hidden(c.rows); !gone.IsEmpty() {
			l.setDeleted(c.id, &ownDeletes{rows: gone})
		}
		t.mu.Lock()
		l.closeOpen()
		l.chunks = append(l.chunks, c)
		t.mu.Unlock()
	}
	return nil
}

// hold keeps the files that a snapshot reads until the transaction ends. Some transaction is open at
// the snapshot.
func (t *Txn) hold(snapshot Timestamp) {
	if snapshot == 0 || snapshot == t.snapshot || len(t.held) > 0 && t.held[len(t.held)-1] == snapshot {
		return
	}
	t.store.activeMu.Lock()
	defer t.store.activeMu.Unlock()
	t.store.active.open(snapshot, t.home)
	t.held = append(t.held, snapshot)
}

// share gives a chunk of its own over the same file, or the same closed vectors; nil while the chunk
// is open.
func (v *View) share() *chunk {
	v.guard.RLock()
	closed := v.chunk.closed && (v.shared != nil || v.chunk.builders == nil)
	v.guard.RUnlock()
	if !closed {
		return nil
	}
	v.chunk.narrow(v.table.store.dictsOfTable(v.table.id))
	v.chunk.mu.Lock()
	defer v.chunk.mu.Unlock()
	c := &chunk{fields: v.chunk.fields, rows: v.chunk.rows, closed: true, columns: v.chunk.columns, zones: v.chunk.zones}
	c.sealed.Store(v.chunk.sealed.Load())
	return c
}

// hidden is the rows of a closed chunk of n rows that are not in view.
func (v *View) hidden(n int) *roaring.Bitmap {
	gone := roaring.New()
	if deleted := v.Deleted(); deleted != nil {
		for row := range uint32(v.rows) {
			if deleted.Contains(row) {
				gone.Add(row)
			}
		}
	}
	gone.AddRange(uint64(v.rows), uint64(n))
	return gone
}

// copyView appends the rows in view.
func (t *Txn) copyView(ctx context.Context, l *localTable, v *View) error {
	b := &columnar.Batch{Len: v.rows, Cols: make([]*columnar.Vector, len(l.schema.Columns))}
	for i, c := range l.schema.Columns {
		var err error
		if b.Cols[i], err = v.Column(ctx, c.FieldID); err != nil {
			return err
		}
	}
	if deleted := v.Deleted(); deleted != nil {
		b.Sel = deleted.Keep(0, v.rows, nil)
	}
	if b.Rows() == 0 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	l.append(b)
	return nil
}
