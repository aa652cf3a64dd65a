package catalog

import "slices"

// ForeignAction is what happens to referencing rows when the row they refer to goes or gets another key.
type ForeignAction string

const (
	NoAction   ForeignAction = "" // an error at the end of the statement, or later when deferred
	Restrict   ForeignAction = "restrict"
	Cascade    ForeignAction = "cascade"
	SetNull    ForeignAction = "set null"
	SetDefault ForeignAction = "set default"
)

// Foreign is a FOREIGN KEY constraint of the table that holds it: its Fields refer to the RefFields of
// Table, which a unique index there is over, in any order.
type Foreign struct {
	// ID orders the constraints by their making, in which their actions run.
	ID        ID      `json:"id"`
	Name      string  `json:"name"`
	Fields    []int32 `json:"fields"`
	Table     ID      `json:"table"`
	RefFields []int32 `json:"ref_fields"`
	// Full is MATCH FULL: all fields are NULL, or none.
	Full     bool          `json:"full,omitempty"`
	OnDelete ForeignAction `json:"on_delete,omitempty"`
	OnUpdate ForeignAction `json:"on_update,omitempty"`
	// SetFields are those that ON DELETE SET NULL and SET DEFAULT set, nil for all.
	SetFields  []int32 `json:"set_fields,omitempty"`
	Deferrable bool    `json:"deferrable,omitempty"`
	Deferred   bool    `json:"deferred,omitempty"` // INITIALLY DEFERRED
	// NotValid: rows from before the constraint have not been checked.
	NotValid bool `json:"not_valid,omitempty"`
}

// Reference is a foreign key with the table that holds it.
type Reference struct {
	From *Table
	Key  *Foreign
}

// References lists the foreign keys to a table in the order of their making.
func References(tables []*Table, to ID) []Reference {
	var list []Reference
	for _, t := range tables {
		for i := range t.Foreign {
			if t.Foreign[i].Table == to {
				list = append(list, Reference{t, &t.Foreign[i]})
			}
		}
	}
	slices.SortFunc(list, func(a, b Reference) int { return int(a.Key.ID) - int(b.Key.ID) })
	return list
}

// KeyOver finds a unique index over exactly the given fields, in any order.
func (t *Table) KeyOver(fields []int32) *Index {
	for i := range t.Indexes {
		x := &t.Indexes[i]
		if x.Unique && len(x.Fields) == len(fields) && !slices.ContainsFunc(x.Fields, func(f int32) bool { return !slices.Contains(fields, f) }) {
			return x
		}
	}
	return nil
}

// Names lists the names of columns by field id.
func (t *Table) Names(fields []int32) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = t.Columns[t.OrdinalOf(f)].Name
	}
	return names
}
