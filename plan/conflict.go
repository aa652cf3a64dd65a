package plan

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/types"
)

// Conflict is ON CONFLICT: the rows of an Insert that have a key of a row that is there, in one of
// Keys, are not inserted. With Update they change that row instead. Its Input reads two relations that
// the execution fills: Proposed, these rows with the id of the row that each meets, and Target, the
// rows that they meet.
type Conflict struct {
	Keys             []catalog.Index
	Update           *Update // nil is DO NOTHING
	Proposed, Target *catalog.Table
}

// MetField is the field of Proposed's last column: the id of the row that the row has met.
const MetField int32 = 1 << 30

// Numbers of the relations of a Conflict.
const (
	proposedID = catalog.SystemID | 3<<29
	targetID   = proposedID + 1
)

// ProposedRows describes Conflict.Proposed.
func ProposedRows(t *catalog.Table) *catalog.Table {
	p := *t
	p.ID, p.Name, p.Indexes, p.Derived = proposedID, "excluded", nil, nil
	p.Columns = append([]catalog.Column(nil), t.Columns...)
	p.Columns = append(p.Columns, catalog.Column{FieldID: MetField, Name: "met", Type: types.TBigInt})
	return &p
}

// ConflictRows describes Conflict.Target.
func ConflictRows(t *catalog.Table) *catalog.Table {
	c := *t
	c.ID, c.Indexes, c.Derived = targetID, nil, nil
	return &c
}
