// Package index is what every index of a table's chunks promises, and how its components are written to
// disk.
//
// I1: a component describes one immutable chunk and never changes. It knows rows by their offset, and
// nothing of deletes or snapshots: who searches keeps the rows that are visible.
// I2: a component finds all rows of its chunk that match, whatever their number.
// I3: no key with values equals a NULL: a search for values never finds rows that have NULL there.
// I4: a component follows from its chunk's columns alone. One that is lost or damaged is built again.
package index

import (
	"strconv"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// Kind says how an index finds rows.
type Kind uint8

const (
	// Ordered indexes keep rows sorted by key: for single keys, leading columns, ranges and order.
	Ordered Kind = iota
	// Hash indexes find single keys, all columns given.
	Hash
	// Bitmap indexes keep a compressed set of rows for every key: for columns with few different values.
	Bitmap
)

var kindNames = [...]string{"ordered", "hash", "bitmap"}

// String is the kind's name, as in CREATE INDEX … USING.
func (k Kind) String() string { return kindNames[k] }

// Path names an index of a table by what its components are made of.
type Path struct {
	Kind   Kind
	Fields []int32 // of the key columns
	// Name tells paths of one table apart. It is part of file names.
	Name string
	// Partial: rows with NULL in the first column are left out.
	Partial bool
}

// NewPath names an index.
func NewPath(kind Kind, fields []int32) *Path {
	name := kind.String()
	for _, f := range fields {
		name += "-" + strconv.Itoa(int(f))
	}
	return &Path{Kind: kind, Fields: fields, Name: name}
}

// Lookup says which rows are looked for: those whose leading key columns equal Equal and whose next
// key column lies between Low and High, or with NotNull just has a value. Values have the columns' types
// and are not NULL.
type Lookup struct {
	Equal     []types.Value
	Low, High Bound
	NotNull   bool
}

// Bound is one end of a range; there is none unless Set.
type Bound struct {
	Value          types.Value
	Set, Inclusive bool
}

// Ranged reports whether a lookup bounds the column behind those of Equal.
func (l *Lookup) Ranged() bool { return l.Low.Set || l.High.Set || l.NotNull }

// Component is the index of one chunk. Columns are the chunk's key columns, the same at every call:
// components do not keep them in memory. Many goroutines may search it at once.
type Component interface {
	// Find appends the offsets of the rows that match, in no order. Hash components take lookups that
	// fix all key columns, the others any.
	Find(columns []*columnar.Vector, l *Lookup, dst []uint32) []uint32
	// Bytes is the memory that the component takes.
	Bytes() int64
	// AppendTo appends the component's bytes: the payload of its file.
	AppendTo(dst []byte) []byte
}
