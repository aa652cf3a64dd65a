package proof

import (
	"context"
	"slices"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/types"
)

const (
	// keysTried is how many rows of a chunk are looked up in every index.
	keysTried = 8
	// largeChunk is the number of rows from which on only the first index is tried, to save time.
	largeChunk = 10_000
)

// checkIndexes compares what a table's indexes find with what its columns say: all rows through those
// that have all, and the rows of some keys.
func checkIndexes(table *mvcc.Table) error {
	schema := table.Schema()
	var paths []*index.Path
	for _, k := range schema.Keys {
		paths = append(paths, index.NewPath(index.Ordered, k.Fields))
	}
	for _, x := range schema.Indexes {
		paths = append(paths, index.NewPath(x.Kind, x.Fields))
	}
	for i, p := range paths {
		for _, view := range table.Chunks() {
			if i > 0 && view.Rows() > largeChunk {
				continue
			}
			if err := checkIndex(table, view, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkIndex(table *mvcc.Table, view *mvcc.View, p *index.Path) error {
	columns := make([]*columnar.Vector, len(p.Fields))
	for i, f := range p.Fields {
		var err error
		if columns[i], err = view.Column(context.Background(), f); err != nil {
			return err
		}
	}
	rows := live(view.Deleted(), 0, view.Rows())
	if p.Kind != index.Hash {
		found, err := view.Find(context.Background(), p, &index.Lookup{}, nil)
		if err != nil {
			return err
		}
		if slices.Sort(found); !slices.Equal(found, rows) {
			return violated("index %s of table %d: chunk %d has %d rows, %d are found", p.Name, table.ID(), view.ID(), len(rows), len(found))
		}
	}
	for at := 0; at < len(rows); at += 1 + len(rows)/keysTried {
		if ordered.HasNull(columns, int(rows[at])) {
			continue
		}
		var key []types.Value
		for _, c := range columns {
			key = append(key, c.Value(int(rows[at])))
		}
		var want []uint32
		for _, row := range rows {
			if ordered.CompareKey(columns, int(row), key) == 0 {
				want = append(want, row)
			}
		}
		found, err := view.Find(context.Background(), p, &index.Lookup{Equal: key}, nil)
		if err != nil {
			return err
		}
		if slices.Sort(found); !slices.Equal(found, want) {
			return violated("index %s of table %d: of key %v in chunk %d rows %v are found, not %v", p.Name, table.ID(), key, view.ID(), found, want)
		}
	}
	return nil
}
