package mvcc

import (
	"context"
	"errors"
	"slices"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/sqlerr"
)

// tableWrite is a transaction's changes of one table, ready to be sequenced.
type tableWrite struct {
	id      TableID
	local   *localTable
	adopted []*chunk // whole chunks that become the table's as they are
	tail    []rowsOf // rows that go into the open chunk
	deletes []rowGroup
}

// rowsOf is rows of local chunks by schema columns.
type rowsOf struct {
	cols []*columnar.Vector
	sel  []uint32 // nil for all n
	n    int
}

// Commit makes the transaction's writes durable and visible, all or nothing, and gives their place in
// the order of commits. It fails with 40001 when another commit got in the way, with 23505 when one
// took a key, and with 58030 or 53100 when the log cannot be written. The transaction has ended in
// every case.
func (t *Txn) Commit(ctx context.Context) (Timestamp, error) {
	if t.done.Load() {
		return 0, sqlerr.New(sqlerr.InvalidTransactionState, "the transaction has ended")
	}
	defer t.end()
	if !t.Written() {
		t.discardFiles()
		return t.store.Version(), nil
	}
	at, err := t.commit(ctx)
	if err != nil {
		return 0, err
	}
	t.store.publish(at)
	t.store.afterCommit()
	return at, nil
}

func (t *Txn) commit(ctx context.Context) (Timestamp, error) {
	if err := t.store.failure(); err != nil {
		t.discardFiles()
		return 0, err
	}
	at, lsn, err := t.sequenceAll(ctx)
	if err != nil {
		t.discardFiles()
		return 0, err
	}
	return at, t.store.await(lsn, t.async)
}

// sequenceAll sequences the writes, again and again as long as compactions move the rows to be deleted
// in between: each has taken longer than a round here.
func (t *Txn) sequenceAll(ctx context.Context) (at Timestamp, lsn uint64, err error) {
	w := t.store.takeWorkspace()
	defer t.store.putWorkspace(w)
	if err := t.prepare(ctx, w); err != nil {
		return 0, 0, err
	}
	for {
		if err := t.followDeletes(w.writes); err != nil {
			return 0, 0, err
		}
		if err := t.store.encode(w); err != nil {
			return 0, 0, err
		}
		if at, lsn, err = t.sequence(ctx, w); !errors.Is(err, errMoved) {
			return at, lsn, err
		}
	}
}

// prepare closes and, in a durable store, seals the whole chunks, and gathers the rest.
func (t *Txn) prepare(ctx context.Context, w *workspace) error {
	for id := range t.tables {
		w.ids = append(w.ids, id)
	}
	slices.Sort(w.ids)
	for _, id := range w.ids {
		write, err := t.prepareTable(ctx, id, t.tables[id], w)
		if err != nil {
			return err
		}
		w.writes = append(w.writes, write)
	}
	return nil
}

func (t *Txn) prepareTable(ctx context.Context, id TableID, l *localTable, room *workspace) (tableWrite, error) {
	w := tableWrite{id: id, local: l}
	if l.dropped {
		return w, nil
	}
	for _, c := range l.chunks {
		if c.builders == nil || c.closed && c.rows == segment.MaxRows {
			c.closed = true
			c.narrow(t.store.dictsOfTable(id))
			w.adopted = append(w.adopted, c)
			continue
		}
		if rows := l.remaining(c, room); rows.n > 0 {
			w.tail = append(w.tail, rows)
		}
	}
	for chunk, own := range l.deletes {
		if chunk < localChunk && !own.rows.IsEmpty() {
			w.deletes = append(w.deletes, rowGroup{chunk: chunk, rows: own.rows})
		}
	}
	slices.SortFunc(w.deletes, func(a, b rowGroup) int { return int(a.chunk) - int(b.chunk) })
	return w, t.sealAdopted(ctx, id, w.adopted)
}

// remaining gives the rows of a local chunk that the transaction did not delete again.
func (l *localTable) remaining(c *chunk, room *workspace) rowsOf {
	rows := rowsOf{cols: room.columns(len(l.schema.Columns)), n: c.rows}
	for i := range l.schema.Columns {
		def := &l.schema.Columns[i]
		if at := c.field(def.FieldID); at >= 0 {
			c.prefixInto(at, c.rows, rows.cols[i])
		} else {
			rows.cols[i] = missingColumn(def, c.rows)
		}
	}
	if own := l.deletes[c.id]; own != nil && !own.rows.IsEmpty() {
		gone := &Bitmap{}
		gone.mark(own.rows)
		rows.sel = gone.Keep(0, c.rows, nil)
		rows.n = len(rows.sel)
	}
	return rows
}

// prefix is the first n rows of a local chunk's column.
func (c *chunk) prefix(ordinal, n int) *columnar.Vector {
	var v columnar.Vector
	c.prefixInto(ordinal, n, &v)
	return &v
}

func (c *chunk) prefixInto(ordinal, n int, v *columnar.Vector) {
	if c.builders != nil {
		c.builders[ordinal].ViewIn(v, n)
		return
	}
	c.columns[ordinal].Slice(0, n, v)
}

// sequence validates the writes against everything sequenced before, gives them their timestamp,
// hands them to the log and applies them to the tables, where no snapshot sees them yet.
func (t *Txn) sequence(ctx context.Context, w *workspace) (Timestamp, uint64, error) {
	s := t.store
	reads, err := t.checkReads(ctx)
	if err != nil {
		return 0, 0, err
	}
	room, err := s.reserveLog(w.payloads)
	if err != nil {
		return 0, 0, err
	}
	defer room.release()
	horizon := s.horizon()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := reads.finish(); err != nil {
		return 0, 0, err
	}
	for i := range w.writes {
		if err := t.validate(&w.writes[i]); err != nil {
			return 0, 0, err
		}
	}
	at := s.last + 1
	for i := range w.writes {
		w.places = s.apply(&w.writes[i], at, horizon, w.places)
	}
	lsn, err := s.logCommit(t.id, at, s.times.now(at), w, &room)
	if err != nil {
		return 0, 0, err
	}
	s.last = at
	return at, lsn, nil
}

// validate reports a conflict with a commit after the snapshot. Commits that are sequenced but not
// durable yet count.
func (t *Txn) validate(w *tableWrite) error {
	shared := t.store.tables[w.id]
	if w.local.base == nil {
		if shared != nil {
			return sqlerr.New(sqlerr.DuplicateTable, "table number %d is in use", w.id)
		}
		return nil
	}
	if shared == nil || shared.newest().at > t.snapshot {
		return changedMeanwhile(w.local.name)
	}
	for _, group := range w.deletes {
		c := shared.find(group.chunk)
		if c == nil {
			return changedMeanwhile(w.local.name)
		}
		if c.retired() {
			return errMoved
		}
		if c.deletes.conflicts(t.snapshot, group.rows) {
			return concurrentUpdate()
		}
	}
	return t.recheckKeys(w, shared)
}

// apply makes the writes part of the shared table, invisible until published, and notes where its
// chunks and rows went, for the log.
func (s *Store) apply(w *tableWrite, at, horizon Timestamp, places []place) []place {
	shared := s.tables[w.id]
	l := w.local
	if shared == nil {
		shared = &table{id: w.id}
		s.tables[w.id] = shared
	}
	if l.dropped {
		shared.versions = append(shared.versions, schemaVersion{at: at, name: l.name, schema: l.schema, dropped: true})
		return append(places, place{})
	}
	if l.altered {
		shared.alter(schemaVersion{at: at, name: l.name, schema: l.schema})
		places = append(places, place{})
	}
	for _, c := range w.adopted {
		own := l.deletes[c.id]
		shared.adopt(c)
		c.history = []rowsAt{{at: at, rows: c.rows}}
		if own != nil {
			c.deletes = c.deletes.with(at, own.rows, horizon)
		}
	}
	if len(w.adopted) > 0 {
		places = append(places, place{chunk: w.adopted[0].id})
	}
	for _, rows := range w.tail {
		c := shared.openChunk()
		places = append(places, place{chunk: c.id, offset: uint32(c.rows)})
		shared.appendRows(rows.cols, rows.sel, rows.n, at, horizon)
	}
	for _, group := range w.deletes {
		s.deleted.Add(int64(group.rows.GetCardinality()))
		places = append(places, place{chunk: group.chunk})
		c := shared.find(group.chunk)
		c.deletes = c.deletes.with(at, group.rows, horizon)
	}
	return places
}

// alter makes a new schema the newest. Rows from here on have another shape, or other keys.
func (t *table) alter(v schemaVersion) {
	t.versions = append(t.versions[:len(t.versions):len(t.versions)], v)
	t.closeOpen()
	t.keys = nil
}

// place is where a log record's rows went: the chunk and the offset of the first.
type place struct{ chunk, offset uint32 }
