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
// ordered index that is built at first use and kept; the open chunk is searched row by row.
func (v *View) Seek(ctx context.Context, fields []int32, key []types.Value, dst []uint32) ([]uint32, error) {
	for i, f := range fields {
		if z := v.Zone(f); z != nil && !z.Unbounded() && (segment.Compare(key[i], z.Min) < 0 || segment.Compare(key[i], z.Max) > 0) {
			return dst, nil
		}
	}
	v.guard.RLock()
	closed := v.chunk.closed
	v.guard.RUnlock()
	from := len(dst)
	if closed {
		k := &Key{Fields: fields}
		component, columns, err := v.table.store.component(ctx, v.table.id, &v.table.schema, k, v.chunk)
		if err != nil {
			return dst, err
		}
		dst = component.Seek(columns, key, dst)
	} else {
		var err error
		if dst, err = v.seekRows(ctx, fields, key, dst); err != nil {
			return dst, err
		}
	}
	return append(dst[:from], v.visibleRows(dst[from:])...), nil
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
