package mvcc

import (
	"context"
	"slices"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Place is a moment in a transaction's writing of a table.
type Place struct {
	chunk uint32
	rows  int
}

// Place is where the transaction will write its next rows of a table.
func (t *Txn) Place(id TableID) Place {
	l := t.tables[id]
	if l == nil {
		return Place{chunk: localChunk}
	}
	if n := len(l.chunks); n > 0 && !l.chunks[n-1].closed {
		return Place{chunk: l.chunks[n-1].id, rows: l.chunks[n-1].rows}
	}
	return Place{chunk: l.next}
}

// Since is the first row in view that the transaction wrote after p; Rows() when there is none.
func (v *View) Since(p Place) int {
	switch {
	case v.shared != nil || v.chunk.id < p.chunk:
		return v.rows
	case v.chunk.id == p.chunk:
		return min(p.rows, v.rows)
	}
	return 0
}

// DeletedRows lists the committed rows of a table that the transaction has deleted, chunk by chunk.
func (t *Txn) DeletedRows(id TableID) []columnar.RowID {
	l := t.tables[id]
	if l == nil {
		return nil
	}
	var rows []columnar.RowID
	for chunk, own := range l.deletes {
		if chunk >= localChunk {
			continue
		}
		for at := own.rows.Iterator(); at.HasNext(); {
			rows = append(rows, columnar.MakeRowID(chunk, at.Next()))
		}
	}
	return rows
}

// Finder finds rows by key in a table as its transaction saw it when it was made. It belongs to the
// goroutine that writes.
type Finder struct {
	table *Table
	key   Key
	own   *keyIndex // of the transaction's own open chunk; nil where it keeps none by these fields
}

// Finder makes a finder of rows by the columns of fields.
func (t *Txn) Finder(id TableID, fields []int32) (*Finder, error) {
	table, err := t.Table(id)
	if err != nil {
		return nil, err
	}
	f := &Finder{table: table, key: Key{Fields: fields}}
	l := t.tables[id]
	if l == nil {
		return f, nil
	}
	for i := range l.schema.Keys {
		if l.schema.Keys[i].fieldsName() == f.key.fieldsName() {
			if l.keys == nil {
				l.keys = newKeyIndexes(len(l.schema.Keys))
			}
			f.own = l.keys[i]
		}
	}
	return f, nil
}

// Chunks is how many chunks a key may have to be looked for in.
func (f *Finder) Chunks() int { return len(f.table.views) }

// Find appends the visible rows whose columns equal key, which has no NULL and the columns' types.
func (f *Finder) Find(ctx context.Context, key []types.Value, dst []columnar.RowID) ([]columnar.RowID, error) {
	var found []uint32
	var err error
	for _, v := range f.table.views {
		if f.own != nil && v.Own() && !v.chunk.closed {
			found = f.findOwn(v, key, found[:0])
		} else if found, err = v.Seek(ctx, f.key.Fields, key, found[:0]); err != nil {
			return dst, err
		}
		for _, row := range found {
			dst = append(dst, columnar.MakeRowID(v.chunk.id, row))
		}
	}
	return dst, nil
}

func (f *Finder) findOwn(v *View, key []types.Value, dst []uint32) []uint32 {
	schema := &f.table.schema
	columns := make([]*columnar.Vector, len(key))
	for i := range key {
		columns[i] = ConstVector(schema.Columns[schema.ordinal(f.key.Fields[i])].Type, key[i])
	}
	v.guard.RLock()
	defer v.guard.RUnlock()
	return v.visibleRows(f.own.find(schema, &f.key, v.chunk, ordered.AppendKey(nil, columns, 0), dst))
}

// Arbitrate says that the transaction looks in a table for rows with some keys and inserts others: one
// that a commit takes meanwhile is then a conflict (40001), no duplicate (23505).
func (t *Txn) Arbitrate(id TableID, keys []string) {
	if l := t.tables[id]; l != nil {
		l.arbiters = append(l.arbiters[:len(l.arbiters):len(l.arbiters)], keys...)
	}
}

func (l *localTable) arbitrated(k *Key, err error) error {
	if sqlerr.StateOf(err) == sqlerr.UniqueViolation && slices.Contains(l.arbiters, k.Name) {
		return concurrentUpdate()
	}
	return err
}

// CheckRows verifies that rows, as Append takes them, have the values that the table's columns ask for.
func (t *Txn) CheckRows(id TableID, b *columnar.Batch) error {
	l, err := t.local(id)
	if err != nil {
		return err
	}
	return checkColumns(l.name, &l.schema, b)
}
