package mvcc

import (
	"context"
	"slices"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/sqlerr"
)

// KeyFinder finds the rows that have the keys of other rows, many at a time, in a table as its
// transaction saw it when it was made. It belongs to the goroutine that writes.
type KeyFinder struct {
	table *Table
	key   *Key
	own   *keyIndex // of the transaction's own open chunk
}

// KeyFinder makes a finder of rows by the table's key of a name.
func (t *Txn) KeyFinder(id TableID, name string) (*KeyFinder, error) {
	table, err := t.Table(id)
	if err != nil {
		return nil, err
	}
	keys := table.schema.Keys
	at := slices.IndexFunc(keys, func(k Key) bool { return k.Name == name })
	if at < 0 {
		return nil, sqlerr.New(sqlerr.InternalError, "table %q has no key %q", table.name, name)
	}
	f := &KeyFinder{table: table, key: &keys[at], own: &keyIndex{}}
	if l := t.tables[id]; l != nil {
		if l.keys == nil {
			l.keys = newKeyIndexes(len(keys))
		}
		f.own = l.keys[at]
	}
	return f, nil
}

// Columns picks the key's columns out of columns of n rows that follow the table's schema.
func (f *KeyFinder) Columns(columns []*columnar.Vector, n int) ([]*columnar.Vector, error) {
	computed, err := f.table.schema.computeRows(columns, nil, n)
	if err != nil {
		return nil, err
	}
	return keyColumns(&f.table.schema, f.key, columns, computed), nil
}

// Covers reports that a row, whose key columns are given, has a key.
func (f *KeyFinder) Covers(columns []*columnar.Vector, row int) bool {
	return f.key.covers(columns, row)
}

// AppendKey appends bytes that are equal exactly for equal keys.
func (f *KeyFinder) AppendKey(dst []byte, columns []*columnar.Vector, row int) []byte {
	return f.key.append(dst, columns, row)
}

// Find calls met with each of the first n rows of the key columns that has the key of a visible row, and
// with that row, in no order.
func (f *KeyFinder) Find(ctx context.Context, columns []*columnar.Vector, n int, met func(row uint32, id columnar.RowID)) error {
	p := &probe{table: f.table.id, schema: &f.table.schema, key: f.key, columns: columns}
	for row := range n {
		if f.key.covers(columns, row) {
			p.rows = append(p.rows, uint32(row))
		}
	}
	if len(p.rows) == 0 {
		return nil
	}
	p.bound()
	sorted := false
	for _, v := range f.table.views {
		report := func(row, other uint32) {
			if v.sees(other) {
				met(row, columnar.MakeRowID(v.chunk.id, other))
			}
		}
		if f.findOpen(p, v, report) {
			continue
		}
		if v.chunk.narrow(f.table.store.dictsOfTable(f.table.id)); p.misses(v.chunk) {
			continue
		}
		if !sorted {
			ordered.Sort(columns, p.rows)
			sorted = true
		}
		component, stored, err := f.table.store.keyComponent(ctx, f.table.id, p.schema, f.key, v.chunk)
		if err != nil {
			return err
		}
		component.Merge(stored, columns, p.rows, report)
	}
	return nil
}

// findOpen reports whether the chunk is open; then it has been searched.
func (f *KeyFinder) findOpen(p *probe, v *View, found func(row, other uint32)) bool {
	v.guard.RLock()
	defer v.guard.RUnlock()
	if v.chunk.closed {
		return false
	}
	x := f.own
	if v.shared != nil {
		x = v.shared.keyIndex(f.key)
	}
	_ = x.search(p, v.chunk, func(row, other uint32) error { // found never fails
		found(row, other)
		return nil
	})
	return true
}
