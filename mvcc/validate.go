package mvcc

import (
	"context"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/sqlerr"
)

func readWriteConflict() error {
	return sqlerr.New(sqlerr.SerializationFailure, "could not serialize access due to read/write dependencies among transactions").
		WithHint("The transaction might succeed if retried.")
}

// validationRounds is how often a commit catches up with the others before it stops them.
const validationRounds = 4

// readCheck compares what a transaction read with what commits after its snapshot changed.
type readCheck struct {
	txn     *Txn
	checked Timestamp // commits up to here were looked at
	// net is by how many rows the commits changed the number of those with a key of which only the
	// presence was read.
	net map[*keyRead]int
}

// checkReads looks at all commits up to now without holding them up; finish looks at the rest. The
// check of a transaction that noted no reads is nil.
func (t *Txn) checkReads(ctx context.Context) (*readCheck, error) {
	t.reads.mu.Lock()
	defer t.reads.mu.Unlock()
	if len(t.reads.tables) == 0 {
		return nil, nil
	}
	check := &readCheck{txn: t, checked: t.snapshot, net: map[*keyRead]int{}}
	for range validationRounds {
		found, err := check.advance()
		if err != nil || found == nil {
			return check, err
		}
		if err := check.compare(ctx, found); err != nil {
			return nil, err
		}
	}
	return check, nil
}

// advance lists the changes of the commits since the last ones; nil for no commits.
func (k *readCheck) advance() ([]changedRows, error) {
	s := k.txn.store
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.last == k.checked {
		return nil, nil
	}
	return k.list()
}

// finish looks at the commits since checkReads. Store.mu is held for writing.
func (k *readCheck) finish() error {
	if k == nil {
		return nil
	}
	k.txn.reads.mu.Lock()
	defer k.txn.reads.mu.Unlock()
	found, err := k.list()
	if err != nil {
		return err
	}
	if err := k.compare(context.Background(), found); err != nil {
		return err
	}
	for _, more := range k.net {
		if more != 0 {
			return readWriteConflict()
		}
	}
	return nil
}

// changedRows is the rows of a chunk that commits inserted or deleted, and what was read of their table.
type changedRows struct {
	change
	table TableID
	reads *tableReads
	defs  []*ColumnDef       // the columns that reads look at
	open  []*columnar.Vector // by defs, the columns of a chunk that is open
}

// list gives the changes of what was read by commits since the last ones that were looked at. Store.mu
// is held.
func (k *readCheck) list() ([]changedRows, error) {
	s := k.txn.store
	found := []changedRows{}
	for id, of := range k.txn.reads.tables {
		shared := s.tables[id]
		if shared == nil {
			if l := k.txn.tables[id]; l != nil && l.base == nil {
				continue // made by the transaction itself
			}
			return nil, readWriteConflict()
		}
		if shared.newest().at > k.txn.snapshot {
			return nil, readWriteConflict()
		}
		defs := k.txn.columnsRead(id, of, &shared.newest().schema)
		all := shared.changes(k.checked, s.last)
		shared.cancelMoved(all)
		for _, c := range all {
			rows := changedRows{change: c, table: id, reads: of, defs: defs}
			if !c.chunk.closed {
				rows.open = c.chunk.openColumns(defs)
			}
			found = append(found, rows)
		}
	}
	k.checked = s.last
	return found, nil
}

// columnsRead describes the columns that reads look at: as the transaction has altered the table, or as
// it is. When one is in neither, having come and gone in the transaction, the whole table counts as read.
func (t *Txn) columnsRead(id TableID, of *tableReads, shared *Schema) []*ColumnDef {
	var defs []*ColumnDef
	schemas := []*Schema{shared}
	if l := t.tables[id]; l != nil && !l.dropped {
		schemas = []*Schema{&l.schema, shared}
	}
	for _, f := range of.fields() {
		def := findColumn(schemas, f)
		if def == nil {
			*of = tableReads{whole: true}
			return nil
		}
		defs = append(defs, def)
	}
	return defs
}

func findColumn(schemas []*Schema, field int32) *ColumnDef {
	for _, s := range schemas {
		if at := s.ordinal(field); at >= 0 {
			return &s.Columns[at]
		}
	}
	return nil
}

// openColumns is columns of an open chunk. Store.mu is held; what it gives may be read without.
func (c *chunk) openColumns(defs []*ColumnDef) []*columnar.Vector {
	columns := make([]*columnar.Vector, len(defs))
	for i, def := range defs {
		if at := c.field(def.FieldID); at >= 0 {
			columns[i] = c.builders[at].View(c.rows)
		} else {
			columns[i] = missingColumn(def, c.rows)
		}
	}
	return columns
}

// compare fails when any of the rows was read.
func (k *readCheck) compare(ctx context.Context, found []changedRows) error {
	for i := range found {
		hit, err := found[i].wereRead(ctx, k)
		if err != nil {
			return err
		}
		if hit {
			return readWriteConflict()
		}
	}
	return nil
}

// wereRead reports whether the transaction would have read other rows, had it seen the change. Rows
// that came and went meanwhile make no difference.
func (r *changedRows) wereRead(ctx context.Context, k *readCheck) (bool, error) {
	inserted, deleted := r.difference()
	switch {
	case len(inserted)+len(deleted) == 0:
		return false, nil
	case r.reads.whole:
		return true, nil
	}
	columns := r.open
	if columns == nil {
		var err error
		if columns, err = r.closedColumns(ctx, k.txn.store); err != nil {
			return false, err
		}
	}
	hit, err := r.compareRows(ctx, columns, inserted, func(key *keyRead) { k.net[key]++ })
	if err != nil || hit {
		return hit, err
	}
	return r.compareRows(ctx, columns, deleted, func(key *keyRead) { k.net[key]-- })
}

// difference lists the rows that are new, and the old ones that are gone.
func (r *changedRows) difference() (inserted, deleted []uint32) {
	inserted = ascendingRows(r.lo, r.hi-r.lo)
	if r.deleted == nil {
		return inserted, nil
	}
	for it := r.deleted.Iterator(); it.HasNext(); {
		if row := it.Next(); int(row) < r.lo || int(row) >= r.hi {
			deleted = append(deleted, row)
		}
	}
	kept := inserted[:0]
	for _, row := range inserted {
		if !r.deleted.Contains(row) {
			kept = append(kept, row)
		}
	}
	return kept, deleted
}

func (r *changedRows) closedColumns(ctx context.Context, s *Store) ([]*columnar.Vector, error) {
	r.chunk.narrow(s.dictsOfTable(r.table))
	columns := make([]*columnar.Vector, len(r.defs))
	for i, def := range r.defs {
		at := r.chunk.field(def.FieldID)
		if at < 0 {
			columns[i] = missingColumn(def, r.chunk.rows)
			continue
		}
		var err error
		if columns[i], err = s.column(ctx, r.table, r.chunk, at); err != nil {
			return nil, err
		}
	}
	return columns, nil
}

// compareRows reports whether any of rows was read. Rows with a key of which only the presence was are
// counted.
func (r *changedRows) compareRows(ctx context.Context, columns []*columnar.Vector, rows []uint32, count func(*keyRead)) (bool, error) {
	for len(rows) > 0 {
		n := min(len(rows), columnar.BatchSize)
		batch := r.gather(columns, rows[:n])
		for _, keys := range r.reads.keys {
			if keys.match(batch.pick(keys.fields), n, count) {
				return true, nil
			}
		}
		for i := range r.reads.scans {
			scan := &r.reads.scans[i]
			if hit, err := scan.Match(batch.pick(scan.Fields), n); hit || err != nil {
				return hit, err
			}
		}
		if err := ctx.Err(); err != nil {
			return false, sqlerr.New(sqlerr.QueryCanceled, "canceling the commit: %w", err)
		}
		rows = rows[n:]
	}
	return false, nil
}

// gathered is columns by field.
type gathered map[int32]*columnar.Vector

func (g gathered) pick(fields []int32) []*columnar.Vector {
	columns := make([]*columnar.Vector, len(fields))
	for i, f := range fields {
		columns[i] = g[f]
	}
	return columns
}

// gather copies rows of a chunk into a batch of its own, with the types of defs.
func (r *changedRows) gather(columns []*columnar.Vector, rows []uint32) gathered {
	batch := make(gathered, len(columns))
	for i, def := range r.defs {
		b := segment.NewColumnBuilder(def.Type)
		b.Append(columns[i], rows)
		batch[def.FieldID] = b.View(len(rows))
	}
	return batch
}

// match reports whether any row has a key that was read; those of which only the presence was are
// passed to count.
func (x *keyReads) match(columns []*columnar.Vector, n int, count func(*keyRead)) bool {
	var key []byte
	for i := range n {
		if ordered.HasNull(columns, i) {
			continue
		}
		key = ordered.AppendKey(key[:0], columns, i)
		switch read := x.keys[string(key)]; {
		case read == nil:
		case !read.presence:
			return true
		default:
			count(read)
		}
	}
	return false
}
