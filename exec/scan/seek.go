package scan

import (
	"context"
	"slices"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Seeker is a chunk with indexes.
type Seeker interface {
	// Seek appends the offsets of the visible rows that have key in the columns of fields; the key has
	// no NULL and the columns' types.
	Seek(ctx context.Context, fields []int32, key []types.Value, dst []uint32) ([]uint32, error)
}

// seek lists the rows of a chunk that the plan's index finds, as morsels of one batch each.
func (t *Table) seek(c Chunk) error {
	indexed, ok := c.(Seeker)
	if !ok {
		return sqlerr.New(sqlerr.InternalError, "table %q has no index %q to seek in", t.node.Table.Name, t.node.Seek.Index)
	}
	rows, err := indexed.Seek(t.query.Context(), t.node.Seek.Fields, t.node.Seek.Key, nil)
	if err != nil {
		return err
	}
	slices.Sort(rows)
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
