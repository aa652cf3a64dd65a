// Package catalog holds immutable descriptors of tables, views and indexes, the statistics kept of
// their columns, and the small Reader through which binder and optimizer see them.
package catalog

import (
	"slices"

	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/types"
)

// ID names a catalog object for ever; it is never used again.
type ID uint32

// DefaultSchema is where unqualified names live.
const DefaultSchema = "public"

// Column is one column of a table. FieldID is stable across ALTER TABLE and stands in the Parquet
// files; ordinals are positions in Table.Columns.
type Column struct {
	FieldID int32      `json:"field_id"`
	Name    string     `json:"name"`
	Type    types.Type `json:"type"`
	NotNull bool       `json:"not_null,omitempty"`
	// Default is the deparsed default expression, empty for none.
	Default string `json:"default,omitempty"`
	// Missing is the text of the value that rows written before the column was added have; nil is NULL.
	Missing *string `json:"missing,omitempty"`
	// Generated is the deparsed expression of GENERATED ALWAYS AS (…) STORED, empty for none.
	Generated string `json:"generated,omitempty"`
	// Identity says whether and how the numbers of the sequence Sequence are the column's.
	Identity IdentityKind `json:"identity,omitempty"`
	Sequence ID           `json:"sequence,omitempty"`
}

// Check is a CHECK constraint, its condition deparsed.
type Check struct {
	Name string `json:"name"`
	Expr string `json:"expr"`
	// NotValid: rows from before the constraint have not been checked.
	NotValid bool `json:"not_valid,omitempty"`
}

// Index is an index, unique or not. Columns are ordinals at its creation, kept as field ids.
type Index struct {
	ID      ID      `json:"id"`
	Name    string  `json:"name"`
	Fields  []int32 `json:"fields"`
	Unique  bool    `json:"unique,omitempty"`
	Primary bool    `json:"primary,omitempty"`
	// Constraint: a PRIMARY KEY or UNIQUE constraint made the index, which goes with it only.
	Constraint bool `json:"constraint,omitempty"`
	// NullsEqual is NULLS NOT DISTINCT: two rows with NULL in the same place are duplicates.
	NullsEqual bool `json:"nulls_equal,omitempty"`
	// Descending and NullsFirst are the order asked for, a flag a field; nil where all are ascending
	// with NULLS LAST. The index is read in both directions.
	Descending []bool `json:"descending,omitempty"`
	NullsFirst []bool `json:"nulls_first,omitempty"`
	// Hash and Bitmap are USING hash and bitmap; an index with neither is ordered.
	Hash   bool `json:"hash,omitempty"`
	Bitmap bool `json:"bitmap,omitempty"`
}

// DerivedIndex is an index of which some columns are computed: expressions, and the condition under which
// rows are in it. Such a column is known by a field that no column of the table has. Where there is a
// condition, the index's first field is TRUE for rows in it and NULL for others.
type DerivedIndex struct {
	Index
	Computed []Computed `json:"computed"`
	// Elements are the texts of what the index is on, Predicate that of its condition, "" for none.
	Elements  []string `json:"elements"`
	Predicate string   `json:"predicate,omitempty"`
}

// Computed is a column of an index: an expression over the columns of the fields Inputs.
type Computed struct {
	Field  int32      `json:"field"`
	Expr   string     `json:"expr"`
	Type   types.Type `json:"type"`
	Inputs []int32    `json:"inputs"`
}

// Uses reports that the index depends on a column.
func (x *DerivedIndex) Uses(field int32) bool {
	return slices.Contains(x.Fields, field) || slices.ContainsFunc(x.Computed, func(c Computed) bool { return slices.Contains(c.Inputs, field) })
}

// Path is what storage knows the index by.
func (x *DerivedIndex) Path() *index.Path {
	p := index.NewPath(x.Kind(), x.Fields)
	p.Partial = x.Predicate != ""
	return p
}

// FieldType is the type of a column, or of what an index computes.
func (t *Table) FieldType(field int32) (types.Type, bool) {
	if at := t.OrdinalOf(field); at >= 0 {
		return t.Columns[at].Type, true
	}
	for i := range t.Derived {
		for _, c := range t.Derived[i].Computed {
			if c.Field == field {
				return c.Type, true
			}
		}
	}
	return types.Type{}, false
}

// Kind is how the index finds rows.
func (x *Index) Kind() index.Kind {
	switch {
	case x.Hash:
		return index.Hash
	case x.Bitmap:
		return index.Bitmap
	}
	return index.Ordered
}

// Table describes a base table. It is immutable: ALTER makes a new one with the same ID.
type Table struct {
	ID      ID       `json:"id"`
	Schema  string   `json:"schema"`
	Name    string   `json:"name"`
	Temp    bool     `json:"temp,omitempty"`
	Columns []Column `json:"columns"`
	Indexes []Index  `json:"indexes,omitempty"`
	// Derived are the indexes on expressions or of some rows only.
	Derived []DerivedIndex `json:"derived,omitempty"`
	Checks  []Check        `json:"checks,omitempty"`
	Foreign []Foreign      `json:"foreign,omitempty"`
	// Cluster is the fields that compaction sorts rows by; nil for none.
	Cluster []int32 `json:"cluster,omitempty"`
	// NextField is the field id that the next added column gets.
	NextField int32 `json:"next_field"`
	// Past is set where the table is read as of another version than the reading transaction's.
	Past *Past `json:"-"`
}

// Past is a version to read a table as of, or a span of versions whose changes are read: those of the
// commits after Since, up to and including Version.
type Past struct {
	Version uint64
	History bool
	Since   uint64
}

// Fields of the columns that a table's history has behind the table's own.
const (
	HistoryChange int32 = -1 - iota
	HistoryVersion
	HistoryTime
)

// Ordinal finds a column by name, or -1.
func (t *Table) Ordinal(name string) int {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return i
		}
	}
	return -1
}

// OrdinalOf finds a column by field id, or -1.
func (t *Table) OrdinalOf(field int32) int {
	for i := range t.Columns {
		if t.Columns[i].FieldID == field {
			return i
		}
	}
	return -1
}

// View describes a view by its query text.
type View struct {
	ID      ID       `json:"id"`
	Schema  string   `json:"schema"`
	Name    string   `json:"name"`
	Columns []string `json:"columns,omitempty"`
	Query   string   `json:"query"`
}

// ColumnStats describes the values of a column over the whole table as of some snapshot. Estimates
// only, except Min and Max when Exact.
type ColumnStats struct {
	// Min and Max are NULL values when unknown.
	Min, Max     types.Value
	Exact        bool
	NullFraction float64
	// Distinct is the estimated number of distinct non-NULL values; 0 means unknown.
	Distinct float64
	// AverageBytes is the mean width of a Str value.
	AverageBytes float64
	// Sorted says that rows lie in ascending order of this column in every chunk and across chunks.
	Sorted bool
	// Histogram holds equi-depth bucket bounds of the carrier (as float64), ascending; empty when none.
	Histogram []float64
	// Common are the most common values with their fraction of all rows; may be empty.
	Common []Common
}

// Common is one most common value.
type Common struct {
	Value    types.Value
	Fraction float64
}

// TableStats describes a table's rows as of some snapshot. Columns follow Table.Columns.
type TableStats struct {
	Rows    float64
	Columns []ColumnStats
}

// Reader is what binder and optimizer see of the catalog: one transaction's view of it.
type Reader interface {
	// Version changes whenever any descriptor does.
	Version() uint64
	// SearchPath lists the schemas in which unqualified names are looked up.
	SearchPath() []string
	Table(schema, name string) (*Table, bool)
	View(schema, name string) (*View, bool)
	Sequence(schema, name string) (*Sequence, bool)
	HasSchema(schema string) bool
	// ByID finds a table by number, References the foreign keys to it.
	ByID(id ID) (*Table, bool)
	References(id ID) []Reference
	// Tables, Views and Sequences list everything visible, by schema and name.
	Tables() []*Table
	Views() []*View
	Sequences() []*Sequence
	Schemas() []string
	// Stats gives what is known of a table; never nil.
	Stats(*Table) *TableStats
}
