package catalog

import "github.com/oxidb/oxidb/types"

// IdentityKind says who gives an identity column its values.
type IdentityKind string

const (
	NotIdentity IdentityKind = ""
	// IdentityAlways: the sequence, unless OVERRIDING SYSTEM VALUE says otherwise.
	IdentityAlways IdentityKind = "always"
	// IdentityByDefault: the sequence, where the statement gives none.
	IdentityByDefault IdentityKind = "by default"
)

// Sequence describes a generator of numbers. Where it stands is not part of the descriptor: numbers are
// handed out outside of transactions.
type Sequence struct {
	ID ID `json:"id"`
	// State is the number under which it is kept where the sequence stands. RESTART begins a new one.
	State  ID     `json:"state"`
	Schema string `json:"schema"`
	Name   string `json:"name"`
	Temp   bool   `json:"temp,omitempty"`
	// Type is smallint, integer or bigint: it bounds Min and Max.
	Type      types.Type `json:"type"`
	Start     int64      `json:"start"`
	Increment int64      `json:"increment"`
	Min       int64      `json:"min"`
	Max       int64      `json:"max"`
	Cache     int64      `json:"cache"`
	Cycle     bool       `json:"cycle,omitempty"`
	// OwnerTable and OwnerField are the column that the sequence goes with, 0 for none.
	OwnerTable ID    `json:"owner_table,omitempty"`
	OwnerField int32 `json:"owner_field,omitempty"`
	// Identity: the sequence is the inner part of an identity column.
	Identity bool `json:"identity,omitempty"`
}

// IsGenerated reports whether statements may not give the column values of their own.
func (c *Column) IsGenerated() bool { return c.Generated != "" }

// SystemID marks descriptors of relations that the engine makes: storage never hands these numbers out.
const SystemID ID = 1 << 31

// Relation is the sequence as a table of one row.
func (s *Sequence) Relation() *Table {
	return &Table{ID: SystemID | s.ID, Schema: s.Schema, Name: s.Name, Columns: []Column{
		{FieldID: 1, Name: "last_value", Type: types.TBigInt, NotNull: true},
		{FieldID: 2, Name: "log_cnt", Type: types.TBigInt, NotNull: true},
		{FieldID: 3, Name: "is_called", Type: types.TBoolean, NotNull: true},
	}}
}
