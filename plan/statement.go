package plan

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/types"
)

// Statement is a bound statement.
type Statement interface{ statement() }

// Query delivers rows. Names are the result's column names (Root's columns have internal ones).
type Query struct {
	Root  Node
	Names []string
	// Params are the types that binding found for $1, $2, …
	Params []types.Type
}

// Insert appends Input's rows, whose columns are those of Table in order (defaults filled in,
// values cast, checks not yet applied). RowCols are these columns, over which Checks and Returning
// are. In all three changing statements Input and RowCols may have further columns behind the table's,
// which only Returning uses: columns of other tables, subqueries.
type Insert struct {
	Table *catalog.Table
	Input Node
	// Conflict is ON CONFLICT, nil without.
	Conflict  *Conflict
	Checks    []Expr // over RowCols; a row for which one is false is error 23514
	CheckName []string
	RowCols   []Column
	Returning []NamedExpr
	Names     []string
	Params    []types.Type
}

// Update: Input delivers, for every row to change, all columns of the new row in table order, then
// the row id (after RowCols' further columns). A row delivered twice is changed once (first wins), as PostgreSQL's UPDATE … FROM.
type Update struct {
	Table *catalog.Table
	Input Node
	// Changed are the ordinals that SET assigns.
	Changed []int
	// Once: a row that comes twice is error 21000 (ON CONFLICT).
	Once      bool
	Checks    []Expr
	CheckName []string
	RowCols   []Column
	Returning []NamedExpr
	Names     []string
	Params    []types.Type
}

// Written are the ordinals whose values an update may change: those assigned and the generated ones.
func (u *Update) Written() []int {
	out := append([]int(nil), u.Changed...)
	for i := range u.Table.Columns {
		if u.Table.Columns[i].IsGenerated() {
			out = append(out, i)
		}
	}
	return out
}

// Delete: Input delivers the row ids to delete as its last column, before it the old row when
// Returning is set.
type Delete struct {
	Table     *catalog.Table
	Input     Node
	RowCols   []Column
	Returning []NamedExpr
	Names     []string
	Params    []types.Type
}

// CreateTableAs makes Table (ID still 0) and fills it from Input.
type CreateTableAs struct {
	Table       *catalog.Table
	IfNotExists bool
	Input       Node // nil for WITH NO DATA
	Params      []types.Type
}

// CopyTo writes Query's rows to a file or the client.
type CopyTo struct {
	Query  *Query
	Target ast.Copy
}

// CopyFrom fills columns of Table from a file or the client. Insert is the insertion whose Input is
// an External node over the file (nil Input for STDIN).
type CopyFrom struct {
	Insert  *Insert
	Columns []int
	Source  ast.Copy
}

// Explain describes Target.
type Explain struct {
	Target  Statement
	Analyze bool
	Verbose bool
	Format  string // text or json
}

// Command is everything that needs no algebra: DDL, transactions, settings. The root carries it out
// from the syntax tree; CreateTable and CreateView come with their checked descriptors.
type Command struct {
	Stmt  ast.Statement
	Table *catalog.Table
	View  *catalog.View
	// Sequences are what happens to sequences, with the table or alone.
	Sequences []SequenceChange
	// Unreferenced are foreign keys of other tables that are dropped with what they refer to.
	Unreferenced []DroppedKey
	// Source, of CREATE TABLE … CLONE, is the table that Table gets its rows from.
	Source *catalog.Table
	// Rewrite, of ALTER TABLE, gives all rows their values under the new descriptor Table.
	Rewrite *Update
}

// DroppedKey names a foreign key of a table.
type DroppedKey struct {
	Table *catalog.Table
	Name  string
}

// SequenceChange makes a sequence (Before is nil), drops one (After is nil) or changes it. Restart, when
// set, is the number to go on with.
type SequenceChange struct {
	Before, After *catalog.Sequence
	Restart       *int64
}

func (*Query) statement()         {}
func (*Insert) statement()        {}
func (*Update) statement()        {}
func (*Delete) statement()        {}
func (*CreateTableAs) statement() {}
func (*CopyTo) statement()        {}
func (*CopyFrom) statement()      {}
func (*Explain) statement()       {}
func (*Command) statement()       {}
