package mvcc

import (
	"context"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/types"
)

// Find appends the offsets of the visible rows that match, in no order. Closed chunks are passed over
// by their zones, then searched by the index's component, which is built at first use and kept. The
// table's open chunk has a hash index for full keys and an ordered one for everything else, which follow
// its rows. Only chunks of the transaction itself that are still open are searched row by row.
func (v *View) Find(ctx context.Context, p *index.Path, l *index.Lookup, dst []uint32) ([]uint32, error) {
	if v.excludes(p, l) {
		return dst, nil
	}
	from := len(dst)
	dst, open := v.findOpen(p, l, dst)
	switch {
	case open && v.shared == nil:
		var err error
		if dst, err = v.findRows(ctx, p, l, dst); err != nil {
			return dst, err
		}
	case !open:
		component, columns, err := v.table.store.component(ctx, v.table.id, &v.table.schema, p, v.chunk)
		if err != nil {
			return dst, err
		}
		dst = component.Find(columns, l, dst)
	}
	return append(dst[:from], v.visibleRows(dst[from:])...), nil
}

// excludes reports that zones alone tell that no row matches.
func (v *View) excludes(p *index.Path, l *index.Lookup) bool {
	for i := range l.Equal {
		if z := v.Zone(p.Fields[i]); z != nil && !z.Unbounded() && (segment.Compare(l.Equal[i], z.Min) < 0 || segment.Compare(l.Equal[i], z.Max) > 0) {
			return true
		}
	}
	if !l.Ranged() {
		return false
	}
	z := v.Zone(p.Fields[len(l.Equal)])
	if z == nil || z.Unbounded() {
		return false
	}
	return l.Low.Set && segment.Compare(l.Low.Value, z.Max) > 0 || l.High.Set && segment.Compare(l.High.Value, z.Min) < 0
}

// findOpen reports whether the chunk is open, and if it is the table's, asks the indexes of it.
func (v *View) findOpen(p *index.Path, l *index.Lookup, dst []uint32) (rows []uint32, open bool) {
	v.guard.RLock()
	if v.chunk.closed || v.shared == nil {
		defer v.guard.RUnlock()
		return dst, !v.chunk.closed
	}
	k := &Key{Fields: p.Fields}
	if len(l.Equal) == len(p.Fields) {
		defer v.guard.RUnlock()
		var room [64]byte
		key := room[:0]
		for i := range l.Equal {
			key = ordered.AppendValue(key, v.table.schema.Columns[v.table.schema.ordinal(p.Fields[i])].Type, &l.Equal[i])
		}
		return v.shared.keyIndex(k).find(&v.table.schema, k, v.chunk, key, dst), true
	}
	// What is published of an open chunk does not change (M3): it is sorted outside of the lock.
	columns := v.chunk.keyPrefix(&v.table.schema, k, v.rows)
	v.guard.RUnlock()
	return v.shared.openOrder(p).find(v.chunk, columns, v.rows, l, dst), true
}

// findRows compares row by row.
func (v *View) findRows(ctx context.Context, p *index.Path, l *index.Lookup, dst []uint32) ([]uint32, error) {
	columns := make([]*columnar.Vector, len(p.Fields))
	for i, f := range p.Fields {
		var err error
		if columns[i], err = v.Column(ctx, f); err != nil {
			return dst, err
		}
	}
	for i := range v.rows {
		if ordered.Against(columns, i, l) == 0 {
			dst = append(dst, uint32(i))
		}
	}
	return dst, nil
}

// fewRows are looked up in the deletes one by one, more in a bitmap of all.
const fewRows = 8

// visibleRows keeps, in place, the rows in view that are not deleted.
func (v *View) visibleRows(rows []uint32) []uint32 {
	kept := rows[:0]
	if len(rows) <= fewRows {
		for _, row := range rows {
			if int(row) < v.rows && !v.deletes.seen(row, v.at) && (v.own == nil || !v.own.Contains(row)) {
				kept = append(kept, row)
			}
		}
		return kept
	}
	deleted := v.Deleted()
	for _, row := range rows {
		if int(row) < v.rows && !deleted.Contains(row) {
			kept = append(kept, row)
		}
	}
	return kept
}

// Seek appends the offsets of the visible rows whose columns of the given fields equal key, in no order.
func (v *View) Seek(ctx context.Context, fields []int32, key []types.Value, dst []uint32) ([]uint32, error) {
	return v.Find(ctx, index.NewPath(index.Ordered, fields), &index.Lookup{Equal: key}, dst)
}
