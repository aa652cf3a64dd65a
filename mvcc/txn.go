package mvcc

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Txn is a transaction: a snapshot and the writes made on top of it. One goroutine writes at a time;
// tables that it handed out may be read meanwhile.
type Txn struct {
	store    *Store
	id       uint64
	home     uint64 // the part of Store.active that counts its snapshots
	snapshot Timestamp
	readOnly bool
	done     atomic.Bool
	noWrites bool         // it became read-only after it began
	async    bool         // Commit does not wait for the disk
	changed  atomic.Int64 // rows appended and deleted

	serializable bool
	reads        readSet

	// mu guards the builders of local chunks against readers of earlier views.
	mu     sync.RWMutex
	tables map[TableID]*localTable

	filesMu sync.Mutex
	files   []string // segment files written, under the database's directory
	writers []*segmentWriters

	seenMu sync.Mutex
	seen   map[TableID]*Table // views without own writes
	held   []Timestamp        // earlier snapshots whose files the transaction's clones lie in
}

// localTable is what a transaction did to one table.
type localTable struct {
	base    *schemaVersion // the schema at the snapshot; nil for a table made here
	name    string
	schema  Schema
	altered bool // the schema, or the table, is this transaction's
	dropped bool
	chunks  []*chunk
	next    uint32
	deletes map[uint32]*ownDeletes
	keys    []*keyIndex // of own rows, as schema.Keys
	// arbiters are keys of which the transaction has looked whether rows have them (ON CONFLICT).
	arbiters []string
	// checked: the keys of all own rows were compared with the commits up to here; anyChecked says
	// that any were.
	checked    Timestamp
	anyChecked bool
}

// ownDeletes is the rows of one chunk that the transaction deleted.
type ownDeletes struct {
	rows   *roaring.Bitmap
	shared bool // a view or a savepoint holds rows: copy before writing
}

// Snapshot is the newest commit that the transaction sees.
func (t *Txn) Snapshot() Timestamp { return t.snapshot }

// Store is the store that the transaction belongs to.
func (t *Txn) Store() *Store { return t.store }

// ID numbers the transaction among those of the open store.
func (t *Txn) ID() uint64 { return t.id }

// Ended reports whether the transaction was committed or rolled back. Anyone may ask.
func (t *Txn) Ended() bool { return t.done.Load() }

// RowsChanged is the number of rows appended and deleted so far. Anyone may ask.
func (t *Txn) RowsChanged() int64 { return t.changed.Load() }

// ForbidWrites makes the rest of the transaction read-only.
func (t *Txn) ForbidWrites() { t.noWrites = true }

// Written reports whether the transaction changed anything.
func (t *Txn) Written() bool {
	for _, l := range t.tables {
		if l.altered || l.dropped || len(l.chunks) > 0 || len(l.deletes) > 0 {
			return true
		}
	}
	return false
}

func (t *Txn) writable() error {
	switch {
	case t.done.Load():
		return sqlerr.New(sqlerr.InvalidTransactionState, "the transaction has ended")
	case t.readOnly || t.noWrites:
		return sqlerr.New(sqlerr.ReadOnlyTransaction, "cannot write in a read-only transaction")
	}
	return t.store.failure()
}

// local gives the transaction's own state of a table, made on first use.
func (t *Txn) local(id TableID) (*localTable, error) {
	if err := t.writable(); err != nil {
		return nil, err
	}
	if l := t.tables[id]; l != nil {
		if l.dropped {
			return nil, noTable(id)
		}
		return l, nil
	}
	t.store.mu.RLock()
	defer t.store.mu.RUnlock()
	shared := t.store.tables[id]
	if shared == nil {
		return nil, noTable(id)
	}
	base := shared.asOf(t.snapshot)
	if base == nil {
		return nil, noTable(id)
	}
	if shared.newest().at > t.snapshot {
		return nil, changedMeanwhile(base.name)
	}
	l := &localTable{base: base, name: base.name, schema: base.schema, next: localChunk, checked: t.snapshot}
	t.setLocal(id, l)
	return l, nil
}

// setLocal makes l the transaction's own state of a table. Most transactions have none.
func (t *Txn) setLocal(id TableID, l *localTable) {
	if t.tables == nil {
		t.tables = map[TableID]*localTable{}
	}
	t.tables[id] = l
}

func noTable(id TableID) error {
	return sqlerr.New(sqlerr.UndefinedTable, "table %d does not exist", id)
}

func changedMeanwhile(name string) error {
	return sqlerr.New(sqlerr.SerializationFailure, "could not serialize access due to a concurrent change of table %q", name)
}

// CreateTable makes an empty table under a number from Store.NewID.
func (t *Txn) CreateTable(id TableID, name string, schema Schema) error {
	if err := t.writable(); err != nil {
		return err
	}
	if len(schema.Columns) == 0 {
		return sqlerr.Unsupported(-1, -1, "a table without columns")
	}
	t.store.mu.RLock()
	exists := t.store.tables[id] != nil
	t.store.mu.RUnlock()
	if exists || t.tables[id] != nil {
		return sqlerr.New(sqlerr.DuplicateTable, "table number %d is in use", id)
	}
	t.store.usedID(id)
	t.store.computes(&schema)
	t.setLocal(id, &localTable{name: name, schema: schema, altered: true, next: localChunk, checked: t.snapshot})
	return nil
}

// AlterTable gives a table a new name and schema. Columns keep their values by field id; a column that
// rows do not have reads as its Missing. A field's type may change only where the values stay as they
// are. New keys are checked against all rows.
func (t *Txn) AlterTable(id TableID, name string, schema Schema) error {
	l, err := t.local(id)
	if err != nil {
		return err
	}
	for _, def := range schema.Columns {
		if at := l.schema.ordinal(def.FieldID); at >= 0 && !sameValues(l.schema.Columns[at].Type, def.Type) {
			return sqlerr.Unsupported(-1, -1, "changing the type of a stored column from "+l.schema.Columns[at].Type.String()+" to "+def.Type.String())
		}
	}
	var added []Key
	for _, k := range schema.Keys {
		if !slices.ContainsFunc(l.schema.Keys, func(old Key) bool { return old.same(&k) }) {
			added = append(added, k)
		}
	}
	if len(added) > 0 {
		t.NoteRead(id, Read{Always: true}) // no row may come that the new keys are not checked against
	}
	computed := slices.DeleteFunc(slices.Clone(schema.Computed), func(c Computed) bool { return l.schema.computed(c.FieldID) != nil })
	if len(computed) > 0 {
		t.NoteRead(id, Read{Always: true})
	}
	t.store.computes(&schema)
	l.closeOpen()
	l.name, l.schema, l.altered, l.keys = name, schema, true, nil
	if err := t.checkComputed(id, l, computed); err != nil {
		return err
	}
	return t.checkAllKeys(id, added, true)
}

// sameValues reports whether stored values of one type stand for themselves in the other. Whether they
// lie in its range is the caller's to check.
func sameValues(from, to types.Type) bool {
	switch {
	case from == to, from.IsInteger() && to.IsInteger(), from.IsText() && to.IsText():
		return true
	}
	return from.Kind == types.Numeric && to.Kind == types.Numeric && from.Scale == to.Scale && from.Precision <= to.Precision
}

// DropTable removes a table and its rows.
func (t *Txn) DropTable(id TableID) error {
	l, err := t.local(id)
	if err != nil {
		return err
	}
	if l.base == nil {
		delete(t.tables, id)
		return nil
	}
	t.setLocal(id, &localTable{base: l.base, name: l.name, schema: l.schema, dropped: true})
	return nil
}

// Table gives the table as the transaction sees it now.
func (t *Txn) Table(id TableID) (*Table, error) {
	if t.done.Load() {
		return nil, sqlerr.New(sqlerr.InvalidTransactionState, "the transaction has ended")
	}
	l := t.tables[id]
	if l == nil {
		return t.committed(id)
	}
	if l.dropped {
		return nil, noTable(id)
	}
	table := &Table{store: t.store, id: id, name: l.name, schema: l.schema, changed: true}
	if l.base != nil {
		if err := t.addCommitted(table, l); err != nil {
			return nil, err
		}
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, c := range l.chunks {
		if c.rows > 0 {
			table.views = append(table.views, &View{table: table, chunk: c, guard: &t.mu, rows: c.rows, own: l.shareDeletes(c.id)})
		}
	}
	return table, nil
}

// committed is a table without own writes, made once per transaction, or by another one that sees the
// same of it.
func (t *Txn) committed(id TableID) (*Table, error) {
	t.seenMu.Lock()
	defer t.seenMu.Unlock()
	if table := t.seen[id]; table != nil {
		return table, nil
	}
	table, err := t.store.shownTable(id, t.snapshot)
	if err != nil || table != nil {
		return table, err
	}
	table = &Table{store: t.store, id: id}
	if err := t.addCommitted(table, nil); err != nil {
		return nil, err
	}
	if t.seen == nil {
		t.seen = map[TableID]*Table{}
	}
	t.seen[id] = table
	return table, nil
}

// addCommitted lists the chunks that the snapshot sees, less the own deletes in l.
func (t *Txn) addCommitted(table *Table, l *localTable) error {
	s := t.store
	s.mu.RLock()
	defer s.mu.RUnlock()
	shared := s.tables[table.id]
	if shared == nil {
		return noTable(table.id)
	}
	version := shared.asOf(t.snapshot)
	if version == nil {
		return noTable(table.id)
	}
	if l == nil {
		table.name, table.schema = version.name, version.schema
	}
	table.version = version.at
	table.views = make([]*View, 0, len(shared.chunks)+1)
	room := make([]View, len(shared.chunks)) // one allocation: point queries come here often
	for i, c := range shared.chunks {
		rows := c.visible(t.snapshot)
		if rows == 0 {
			continue
		}
		table.version = max(table.version, c.lastChange(t.snapshot))
		view := &room[i]
		view.table, view.chunk, view.guard, view.shared = table, c, &s.mu, shared
		view.rows, view.deletes, view.at = rows, c.deletes, t.snapshot
		if l != nil {
			view.own = l.shareDeletes(c.id)
		}
		table.views = append(table.views, view)
	}
	if l == nil {
		shared.show(table, version)
	}
	return nil
}

func (l *localTable) shareDeletes(chunk uint32) *roaring.Bitmap {
	own := l.deletes[chunk]
	if own == nil {
		return nil
	}
	own.shared = true
	return own.rows
}

// Append copies the batch's selected rows, its columns in schema order, into the table. It fails with
// 23505 when a row has the key of another.
func (t *Txn) Append(id TableID, b *columnar.Batch) error {
	l, err := t.local(id)
	if err != nil {
		return err
	}
	if err := checkColumns(l.name, &l.schema, b); err != nil {
		return err
	}
	if b.Rows() == 0 {
		return nil
	}
	if err := t.checkKeys(id, l, b); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	l.append(b)
	t.changed.Add(int64(b.Rows()))
	return nil
}

func (l *localTable) append(b *columnar.Batch) {
	n := b.Rows()
	for from := 0; from < n; {
		c := l.openChunk()
		count := min(n-from, c.room())
		rows := b.Sel
		switch {
		case b.Sel != nil:
			rows = b.Sel[from : from+count]
		case count < n:
			rows = ascendingRows(from, count)
		}
		c.append(b.Cols, rows, count)
		from += count
	}
}

func (l *localTable) openChunk() *chunk {
	if n := len(l.chunks); n > 0 {
		if c := l.chunks[n-1]; c.room() > 0 {
			return c
		}
		l.chunks[n-1].closed = true
	}
	c := newChunk(l.next, l.schema.Columns)
	l.next++
	l.chunks = append(l.chunks, c)
	return c
}

func (l *localTable) closeOpen() {
	if n := len(l.chunks); n > 0 {
		l.chunks[n-1].closed = true
	}
}

// Delete removes rows that the transaction sees. Rows that it has deleted already are ignored; rows
// that another transaction has deleted since the snapshot fail with 40001: the first committer wins.
func (t *Txn) Delete(id TableID, rows []columnar.RowID) error {
	l, err := t.local(id)
	if err != nil {
		return err
	}
	for _, group := range groupRows(rows) {
		if group.chunk < localChunk {
			if err := t.checkDelete(id, l.name, group); err != nil {
				return err
			}
		}
		l.delete(group)
		t.changed.Add(int64(group.rows.GetCardinality()))
	}
	return nil
}

type rowGroup struct {
	chunk uint32
	rows  *roaring.Bitmap
}

// groupRows sorts row ids by chunk.
func groupRows(rows []columnar.RowID) []rowGroup {
	var groups []rowGroup
	at := map[uint32]int{}
	offsets := make([]uint32, 0, len(rows))
	for from := 0; from < len(rows); {
		chunk := rows[from].Chunk()
		offsets = offsets[:0]
		for from < len(rows) && rows[from].Chunk() == chunk {
			offsets = append(offsets, rows[from].Offset())
			from++
		}
		i, known := at[chunk]
		if !known {
			i = len(groups)
			at[chunk] = i
			groups = append(groups, rowGroup{chunk: chunk, rows: roaring.New()})
		}
		groups[i].rows.AddMany(offsets)
	}
	return groups
}

func (t *Txn) checkDelete(id TableID, name string, group rowGroup) error {
	t.store.mu.RLock()
	defer t.store.mu.RUnlock()
	shared := t.store.tables[id]
	if shared == nil {
		return changedMeanwhile(name)
	}
	if shared.find(group.chunk) == nil {
		return sqlerr.New(sqlerr.InternalError, "table %q has no chunk %d", name, group.chunk)
	}
	groups, err := shared.follow(group)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if shared.find(g.chunk).deletes.conflicts(t.snapshot, g.rows) {
			return concurrentUpdate()
		}
	}
	return nil
}

func concurrentUpdate() error {
	return sqlerr.New(sqlerr.SerializationFailure, "could not serialize access due to concurrent update")
}

func (l *localTable) delete(group rowGroup) {
	own := l.deletes[group.chunk]
	if own == nil {
		l.setDeleted(group.chunk, &ownDeletes{rows: group.rows})
		return
	}
	if own.shared {
		own = &ownDeletes{rows: own.rows.Clone()}
		l.deletes[group.chunk] = own
	}
	own.rows.Or(group.rows)
}

func (l *localTable) setDeleted(chunk uint32, own *ownDeletes) {
	if l.deletes == nil {
		l.deletes = map[uint32]*ownDeletes{}
	}
	l.deletes[chunk] = own
}

// Rollback ends the transaction without effect. After Commit or Rollback it does nothing.
func (t *Txn) Rollback() {
	if t.done.Load() {
		return
	}
	t.discardFiles()
	t.end()
}

func (t *Txn) end() {
	if !t.done.Swap(true) {
		t.store.active.release(t.snapshot, t.home)
		for _, at := range t.held {
			t.store.active.release(at, t.home)
		}
	}
}
