// Package index is what every index of a table's chunks promises.
//
// I1: a component describes one immutable chunk and never changes. It knows rows by their offset, and
// nothing of deletes or snapshots: who searches keeps the rows that are visible.
// I2: a component finds all rows of its chunk that match, whatever their number.
// I3: rows of which a key column is NULL are in no component: no key equals NULL.
package index

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// Searcher finds rows of one chunk by key. Columns are the chunk's key columns, the same at every
// call: components do not keep them in memory.
type Searcher interface {
	// Seek appends the offsets of the rows whose key columns equal key, which has no NULL.
	Seek(columns []*columnar.Vector, key []types.Value, dst []uint32) []uint32
	// Bytes is the memory that the component takes.
	Bytes() int64
}
