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

// FindAll is Find for many lookups: a closed chunk's component is fetched once.
func (v *View) FindAll(ctx context.Context, p *index.Path, all []index.Lookup, dst []uint32) ([]uint32, error) {
	if len(all) == 1 || !v.closed() {
		for i := range all {
			var err error
			if dst, err = v.Find(ctx, p, &all[i], dst); err != nil {
				return dst, err
			}
		}
		return dst, nil
	}
	from := len(dst)
	var component index.Component
	var columns []*columnar.Vector
	for i := range all {
		if v.excludes(p, &all[i]) {
			continue
		}
		if component == nil {
			var err error
			if component, columns, err = v.table.store.component(ctx, v.table.id, &v.table.schema, p, v.chunk); err != nil {
				return dst, err
			}
		}
		dst = component.Find(columns, &all[i], dst)
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
	if v.closed() {
		return dst, false
	}
	v.guard.RLock()
	if v.chunk.closed || v.shared == nil {
		defer v.guard.RUnlock()
		return dst, !v.chunk.closed
	}
	// What is published of an open chunk does not change (M3): all but the lookup of whole keys happens
	// outside of the lock.
	k := &Key{Fields: p.Fields, Partial: p.Partial}
	if len(l.Equal) == len(p.Fields) {
		defer v.guard.RUnlock()
		var room [64]byte
		key := room[:0]
		for i := range l.Equal {
			key = ordered.AppendValue(key, v.table.schema.fieldType(p.Fields[i]), &l.Equal[i])
		}
		return v.shared.keyIndex(k).find(&v.table.schema, k, v.chunk, key, dst), true
	}
	columns := v.chunk.keyPrefix(&v.table.schema, k, v.rows)
	v.guard.RUnlock()
	v.shared.openOrder(p).each(v.chunk, columns, v.rows, l, func(run []uint32) { dst = append(dst, run...) })
	return dst, true
}

// findRows compares row by row.
func (v *View) findRows(ctx context.Context, p *index.Path, l *index.Lookup, dst []uint32) ([]uint32, error) {
	columns, err := v.keyColumns(ctx, p)
	if err != nil {
		return dst, err
	}
	for i := range v.rows {
		if ordered.Against(columns, i, l) == 0 {
			dst = append(dst, uint32(i))
		}
	}
	return dst, nil
}

// keyColumns are the columns of a path in a chunk of the transaction itself.
func (v *View) keyColumns(ctx context.Context, p *index.Path) ([]*columnar.Vector, error) {
	v.guard.RLock()
	if !v.chunk.closed {
		defer v.guard.RUnlock()
		return v.chunk.keyPrefix(&v.table.schema, &Key{Fields: p.Fields}, v.rows), nil
	}
	v.guard.RUnlock()
	v.chunk.narrow(v.table.store.dictsOfTable(v.table.id))
	return v.table.store.indexColumns(ctx, v.table.id, &v.table.schema, p, v.chunk)
}

// First appends the first n visible rows that match, by the columns of an ordered index behind those of
// l.Equal with NULL above all values, or the last ones, in no order. It may append more: rows of which
// a key column is NULL, and those of chunks that still take rows, are counted apart.
func (v *View) First(ctx context.Context, p *index.Path, l *index.Lookup, last bool, n int, dst []uint32) ([]uint32, error) {
	if v.excludes(p, l) {
		return dst, nil
	}
	v.guard.RLock()
	if !v.chunk.closed && v.shared != nil {
		columns := v.chunk.keyPrefix(&v.table.schema, &Key{Fields: p.Fields, Partial: p.Partial}, v.rows)
		v.guard.RUnlock()
		v.shared.openOrder(p).each(v.chunk, columns, v.rows, l, func(run []uint32) { dst = v.firstOf(run, last, n, dst) })
		return dst, nil
	}
	open := !v.chunk.closed
	v.guard.RUnlock()
	if open {
		return v.Find(ctx, p, l, dst)
	}
	component, columns, err := v.table.store.keyComponent(ctx, v.table.id, &v.table.schema, &Key{Fields: p.Fields, Partial: p.Partial}, v.chunk)
	if err != nil {
		return dst, err
	}
	for _, s := range component.Spans(columns, l) {
		for left := n; left > 0 && s.From < s.To; {
			place := s.From
			if last {
				s.To--
				place = s.To
			} else {
				s.From++
			}
			if row := component.At(place); v.sees(row) {
				dst, left = append(dst, row), left-1
			}
		}
	}
	return dst, nil
}

// firstOf appends the first n visible rows of an ordered list, or the last ones.
func (v *View) firstOf(rows []uint32, last bool, n int, dst []uint32) []uint32 {
	for i := 0; n > 0 && i < len(rows); i++ {
		row := rows[i]
		if last {
			row = rows[len(rows)-1-i]
		}
		if v.sees(row) {
			dst, n = append(dst, row), n-1
		}
	}
	return dst
}

// sees reports whether a row is in view and not deleted.
func (v *View) sees(row uint32) bool {
	return int(row) < v.rows && !v.deletes.seen(row, v.at) && (v.own == nil || !v.own.Contains(row))
}

// fewRows are looked up in the deletes one by one, more in a bitmap of all.
const fewRows = 8

// visibleRows keeps, in place, the rows in view that are not deleted.
func (v *View) visibleRows(rows []uint32) []uint32 {
	kept := rows[:0]
	if len(rows) <= fewRows {
		for _, row := range rows {
			if v.sees(row) {
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
