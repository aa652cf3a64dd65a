package scan

import (
	"context"
	"math/bits"
	"slices"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Seeker is a chunk with indexes.
type Seeker interface {
	// FindAll appends the offsets of the visible rows that match any of the lookups, in no order. A row
	// may come more than once.
	FindAll(ctx context.Context, p *index.Path, all []index.Lookup, dst []uint32) ([]uint32, error)
	// First appends at least the first n of them by an ordered index (or the last ones), in no order.
	First(ctx context.Context, p *index.Path, l *index.Lookup, last bool, n int, dst []uint32) ([]uint32, error)
}

// seeker is a plan's seek with its values.
type seeker struct {
	path    *index.Path
	lookups []index.Lookup
	parts   []seeker
	any     bool
	first   *plan.SeekFirst
	key     []types.Value // of the only lookup
}

// load takes the values out of a seek, which are constants or parameters by now. Lookups for NULL find
// nothing and are left out.
func (x *seeker) load(q *exec.Query, t *plan.Scan, s *plan.Seek) error {
	x.path, x.any, x.first, x.lookups = s.Path, s.Any, s.First, x.lookups[:0]
	if len(x.parts) < len(s.Parts) {
		x.parts = make([]seeker, len(s.Parts))
	}
	for i, p := range s.Parts {
		if err := x.parts[i].load(q, t, p); err != nil {
			return err
		}
	}
	if len(s.Parts) > 0 {
		return nil
	}
	low, ok, err := boundIn(q, t, s, s.Low)
	if err != nil || !ok {
		return err
	}
	high, ok, err := boundIn(q, t, s, s.High)
	if err != nil || !ok {
		return err
	}
	rest := index.Lookup{Low: low, High: high, NotNull: s.NotNull}
	if s.Lookups() == 1 {
		return x.loadOne(q, t, s, rest)
	}
	return x.loadAll(q, t, s, rest)
}

// loadOne makes the lookup of a seek for one key, in the memory of the one before.
func (x *seeker) loadOne(q *exec.Query, t *plan.Scan, s *plan.Seek, rest index.Lookup) error {
	x.key = x.key[:0]
	for i, list := range s.Equal {
		v, err := soughtIn(q, t, s.Path.Fields[i], list[0])
		if err != nil || v.Null {
			return err
		}
		x.key = append(x.key, v)
	}
	rest.Equal = x.key
	x.lookups = append(x.lookups, rest)
	return nil
}

// loadAll makes a lookup for every combination of values.
func (x *seeker) loadAll(q *exec.Query, t *plan.Scan, s *plan.Seek, rest index.Lookup) error {
	keys := [][]types.Value{nil}
	for i, list := range s.Equal {
		var longer [][]types.Value
		for _, e := range list {
			v, err := soughtIn(q, t, s.Path.Fields[i], e)
			if err != nil {
				return err
			}
			for _, key := range keys {
				if !v.Null {
					longer = append(longer, append(key[:len(key):len(key)], v))
				}
			}
		}
		keys = longer
	}
	for _, key := range keys {
		rest.Equal = key
		x.lookups = append(x.lookups, rest)
	}
	return nil
}

// boundIn is one end of the range of a seek; ok is false when it is NULL, and nothing lies in the range.
func boundIn(q *exec.Query, t *plan.Scan, s *plan.Seek, b plan.SeekBound) (bound index.Bound, ok bool, err error) {
	if b.Value == nil {
		return bound, true, nil
	}
	v, err := soughtIn(q, t, s.Path.Fields[len(s.Equal)], b.Value)
	return index.Bound{Value: v, Set: true, Inclusive: b.Inclusive}, !v.Null, err
}

// soughtIn is a constant or a parameter with the type of the column of a field.
func soughtIn(q *exec.Query, t *plan.Scan, field int32, e plan.Expr) (v types.Value, err error) {
	kind, known := t.Table.FieldType(field)
	switch e := e.(type) {
	case *plan.Const:
		v = e.Value
	case *plan.Param:
		v, err = q.Param(e.Index)
	default:
		known = false
	}
	if !known {
		return types.Value{}, sqlerr.New(sqlerr.InternalError, "a seek in table %q has the value %s", t.Table.Name, e)
	}
	v.Type = kind
	return v, err
}

// find appends the rows of a chunk that the seek finds, ascending, each once.
func (x *seeker) find(ctx context.Context, c Seeker, dst []uint32) ([]uint32, error) {
	if len(x.parts) > 0 {
		return x.findParts(ctx, c, dst)
	}
	from := len(dst)
	if x.first == nil {
		var err error
		if dst, err = c.FindAll(ctx, x.path, x.lookups, dst); err != nil {
			return dst, err
		}
		return dst[:from+len(ascending(dst[from:]))], nil
	}
	for i := range x.lookups {
		var err error
		if dst, err = c.First(ctx, x.path, &x.lookups[i], x.first.Last, int(x.first.Rows), dst); err != nil {
			return dst, err
		}
	}
	found := dst[from:]
	return dst[:from+len(ascending(found))], nil
}

// findParts unites or intersects what the parts find.
func (x *seeker) findParts(ctx context.Context, c Seeker, dst []uint32) ([]uint32, error) {
	from := len(dst)
	for i := range x.parts {
		found, err := x.parts[i].find(ctx, c, nil)
		switch {
		case err != nil:
			return dst, err
		case i == 0:
			dst = append(dst, found...)
		case x.any:
			dst = append(dst, found...)
		default:
			dst = append(dst[:from], intersect(dst[from:], found)...)
		}
		if !x.any && len(dst) == from {
			return dst, nil
		}
	}
	if x.any {
		dst = dst[:from+len(ascending(dst[from:]))]
	}
	return dst, nil
}

// manyRows are put in order by a bitmap of the chunk rather than by comparing.
const manyRows = 256

// ascending puts rows in order, in place, each once.
func ascending(rows []uint32) []uint32 {
	if len(rows) < 2 {
		return rows
	}
	if len(rows) < manyRows {
		slices.Sort(rows)
		return slices.Compact(rows)
	}
	words := make([]uint64, slices.Max(rows)/64+1)
	for _, row := range rows {
		words[row/64] |= 1 << (row % 64)
	}
	rows = rows[:0]
	for i, word := range words {
		for ; word != 0; word &= word - 1 {
			rows = append(rows, uint32(64*i+bits.TrailingZeros64(word)))
		}
	}
	return rows
}

// intersect keeps, in place, the rows of a that are in b; both ascend.
func intersect(a, b []uint32) []uint32 {
	kept := a[:0]
	for _, row := range a {
		for len(b) > 0 && b[0] < row {
			b = b[1:]
		}
		if len(b) > 0 && b[0] == row {
			kept = append(kept, row)
		}
	}
	return kept
}

// seek lists the rows of a chunk that the plan's indexes find, as morsels of one batch each.
func (t *Table) seek(x *seeker, c Chunk) error {
	indexed, ok := c.(Seeker)
	if !ok {
		return sqlerr.New(sqlerr.InternalError, "table %q has no index to seek in", t.node.Table.Name)
	}
	before := len(t.found)
	var err error
	if t.found, err = x.find(t.query.Context(), indexed, t.found); err != nil {
		return err
	}
	rows := t.found[before:]
	for len(rows) > 0 {
		from := rows[0] &^ 63 // vectors are cut at whole words of their validity
		n := 1
		for n < len(rows) && rows[n]-from < columnar.BatchSize {
			n++
		}
		m := morsel{chunk: c, from: int(from), to: int(rows[n-1]) + 1, rows: rows[:n:n]}
		for i := range m.rows {
			m.rows[i] -= from
		}
		t.morsels = append(t.morsels, m)
		rows = rows[n:]
	}
	return nil
}
