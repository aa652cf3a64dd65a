package mvcc

import (
	"slices"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/types"
)

// TableID names a table for ever.
type TableID = catalog.ID

// Timestamp is a place in the order of commits. A snapshot at t sees the commits up to and including t.
type Timestamp uint64

// Zone describes one column of one chunk.
type Zone = segment.Zone

// ColumnDef is a stored column. FieldID identifies it across schema versions.
type ColumnDef struct {
	FieldID int32
	Name    string
	Type    types.Type
	NotNull bool
	// Missing is the value of rows that were written before the column was added.
	Missing types.Value
}

// Key is a set of columns whose values, where none is NULL, no two rows share.
type Key struct {
	Name   string
	Fields []int32
	// NullsEqual: NULLS NOT DISTINCT. A NULL is like a value, which equals itself only.
	NullsEqual bool `json:",omitempty"`
	// Partial: rows in which the first field, a computed one, is NULL have no key.
	Partial bool `json:",omitempty"`
}

// same reports that two keys forbid the same.
func (k *Key) same(other *Key) bool {
	return slices.Equal(k.Fields, other.Fields) && k.NullsEqual == other.NullsEqual && k.Partial == other.Partial
}

// covers reports that a row, whose key columns are given, has a key.
func (k *Key) covers(columns []*columnar.Vector, row int) bool {
	if k.NullsEqual {
		return !k.Partial || !columns[0].IsNull(row)
	}
	return !ordered.HasNull(columns, row)
}

// covered appends the rows that have a key.
func (k *Key) covered(columns []*columnar.Vector, rows, dst []uint32) []uint32 {
	for _, row := range rows {
		if k.covers(columns, int(row)) {
			dst = append(dst, row)
		}
	}
	return dst
}

// append appends bytes that are equal exactly for equal keys.
func (k *Key) append(dst []byte, columns []*columnar.Vector, row int) []byte {
	if k.NullsEqual {
		return ordered.AppendNullableKey(dst, columns, row)
	}
	return ordered.AppendKey(dst, columns, row)
}

// Index is an index besides those of keys, which are ordered ones.
type Index struct {
	Kind   index.Kind `json:"kind"`
	Fields []int32    `json:"fields"`
	// Partial: rows in which the first field, a computed one, is NULL are not in the index.
	Partial bool `json:"partial,omitempty"`
}

// Schema is the stored columns of a table, in the order in which batches carry them, its keys and its
// other indexes. Cluster is the fields by which compaction sorts rows, so that chunks can be passed
// over; nil for none.
type Schema struct {
	Columns []ColumnDef
	Keys    []Key
	Indexes []Index
	Cluster []int32
	// Computed are columns that keys and indexes have besides those of rows.
	Computed []Computed
}

// paths lists the indexes of a table, each once.
func (s *Schema) paths() []*index.Path {
	var all []*index.Path
	add := func(p *index.Path) {
		if !slices.ContainsFunc(all, func(q *index.Path) bool { return q.Name == p.Name }) {
			all = append(all, p)
		}
	}
	for i := range s.Keys {
		add(s.Keys[i].path())
	}
	for _, x := range s.Indexes {
		p := index.NewPath(x.Kind, x.Fields)
		p.Partial = x.Partial
		add(p)
	}
	return all
}

// path is the index that finds rows by the key.
func (k *Key) path() *index.Path {
	p := index.NewPath(index.Ordered, k.Fields)
	p.Partial = k.Partial
	return p
}

// ordinal finds a field, or -1.
func (s *Schema) ordinal(field int32) int {
	for i := range s.Columns {
		if s.Columns[i].FieldID == field {
			return i
		}
	}
	return -1
}

// schemaVersion is a table's schema from a commit on.
type schemaVersion struct {
	at      Timestamp
	name    string
	schema  Schema
	dropped bool
}
