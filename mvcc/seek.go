package mvcc

import (
	"context"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/types"
)

// Seek appends the offsets of the visible rows whose columns of the given fields equal key, which has
// no NULL and the columns' types. Closed chunks are passed over by their zones, then searched by an
// ordered index that is built at first use and kept; the table's open chunk has a hash index that
// follows its rows. Only chunks of the transaction itself that are still open are searched row by row.
func (v *View) Seek(ctx context.Context, fields []int32, key []types.Value, dst []uint32) ([]uint32, error) {
	for i, f := range fields {
		if z := v.Zone(f); z != nil && !z.Unbounded() && (segment.Compare(key[i], z.Min) < 0 || segment.Compare(key[i], z.Max) > 0) {
			return dst, nil
		}
	}
	from := len(dst)
	k := &Key{Fields: fields}
	dst, open := v.seekOpen(k, key, dst)
	switch {
	case open && v.shared == nil:
		var err error
		if dst, err = v.seekRows(ctx, fields, key, dst); err != nil {
			return dst, err
		}
	case !open:
		component, columns, err := v.table.store.component(ctx, v.table.id, &v.table.schema, k, v.chunk)
		if err != nil {
			return dst, err
		}
		dst = component.Seek(columns, key, dst)
	}
	return append(dst[:from], v.visibleRows(dst[from:])...), nil
}

// seekOpen reports whether the chunk is open, and if it is the table's, asks the index of it.
func (v *View) seekOpen(k *Key, key []types.Value, dst []uint32) (rows []uint32, open bool) {
	v.guard.RLock()
	defer v.guard.RUnlock()
	if v.chunk.closed || v.shared == nil {
		return dst, !v.chunk.closed
	}
	columns := make([]*columnar.Vector, len(key))
	for i := range key {
		columns[i] = ConstVector(v.table.schema.Columns[v.table.schema.ordinal(k.Fields[i])].Type, key[i])
	}
	hash := ordered.AppendKey(nil, columns, 0)
	return v.shared.keyIndex(k).find(&v.table.schema, k, v.chunk, hash, dst), true
}

// seekRows compares row by row.
func (v *View) seekRows(ctx context.Context, fields []int32, key []types.Value, dst []uint32) ([]uint32, error) {
	columns := make([]*columnar.Vector, len(fields))
	for i, f := range fields {
		var err error
		if columns[i], err = v.Column(ctx, f); err != nil {
			return dst, err
		}
	}
	for i := range v.rows {
		if !ordered.HasNull(columns, i) && ordered.CompareKey(columns, i, key) == 0 {
			dst = append(dst, uint32(i))
		}
	}
	return dst, nil
}

// visibleRows keeps, in place, the rows in view that are not deleted.
func (v *View) visibleRows(rows []uint32) []uint32 {
	deleted := v.Deleted()
	kept := rows[:0]
	for _, row := range rows {
		if int(row) < v.rows && !deleted.Contains(row) {
			kept = append(kept, row)
		}
	}
	return kept
}
