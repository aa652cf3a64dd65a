package ast

// Insert is INSERT INTO. Source is nil for DEFAULT VALUES; a VALUES list is a Query whose Body is
// *Values.
type Insert struct {
	Span
	With       *With
	Table      *Name
	Alias      Ident
	Columns    []Ident
	Overriding Overriding
	Source     *Query
	OnConflict *OnConflict
	Returning  []*Target
}

// Overriding is the OVERRIDING clause of INSERT.
type Overriding uint8

const (
	OverridingNone Overriding = iota
	OverridingSystem
	OverridingUser
)

// OnConflict is ON CONFLICT [target] DO NOTHING | DO UPDATE SET ... [WHERE ...]. The target is a list
// of Columns (index elements) with an optional predicate, or a Constraint, or neither.
type OnConflict struct {
	Span
	Columns     []*IndexElem
	TargetWhere Expr
	Constraint  Ident
	DoNothing   bool
	Set         []*Assignment
	Where       Expr
}

// Assignment is column = value, or (columns) = row or subquery (Multi). Value may be *Default.
type Assignment struct {
	Span
	Columns []Ident
	Multi   bool
	Value   Expr
}

// Update is UPDATE.
type Update struct {
	Span
	With      *With
	Table     *TableRef
	Set       []*Assignment
	From      []TableExpr
	Where     Expr
	Returning []*Target
}

// Delete is DELETE FROM.
type Delete struct {
	Span
	With      *With
	Table     *TableRef
	Using     []TableExpr
	Where     Expr
	Returning []*Target
}

// Truncate is TRUNCATE.
type Truncate struct {
	Span
	Tables          []*Name
	RestartIdentity bool
	Behavior        Behavior
}

// Copy is COPY in either option syntax. Exactly one of Table and Query is set. To is COPY ... TO;
// File is empty when Stdio is set.
type Copy struct {
	Span
	Table   *Name
	Columns []Ident
	Query   Statement
	To      bool
	Stdio   bool
	Program bool
	File    string
	Options []*Option
	Where   Expr
}

func (*Insert) statement()   {}
func (*Update) statement()   {}
func (*Delete) statement()   {}
func (*Truncate) statement() {}
func (*Copy) statement()     {}
