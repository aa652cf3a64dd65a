package ast

// Persistence is the life of a relation.
type Persistence uint8

const (
	Permanent Persistence = iota
	Temporary
	Unlogged
)

// Behavior is CASCADE or RESTRICT.
type Behavior uint8

const (
	BehaviorDefault Behavior = iota
	Restrict
	Cascade
)

// CreateTable is CREATE TABLE name (...). Elements keep the order of the text.
type CreateTable struct {
	Span
	Name        *Name
	Persistence Persistence
	IfNotExists bool
	Columns     []*ColumnDef
	Constraints []*Constraint
	Like        []*LikeTable
	Options     []*Option
	OnCommit    OnCommit
}

// OnCommit is the ON COMMIT clause of a temporary table.
type OnCommit uint8

const (
	OnCommitDefault OnCommit = iota
	OnCommitPreserve
	OnCommitDelete
	OnCommitDrop
)

// ColumnDef is a column of CREATE TABLE and ADD COLUMN.
type ColumnDef struct {
	Span
	Name        Ident
	Type        *TypeName
	Collation   *Name
	Constraints []*Constraint
}

// LikeTable is LIKE table [INCLUDING x | EXCLUDING x] in CREATE TABLE.
type LikeTable struct {
	Span
	Table     *Name
	Including []string // upper case: ALL, DEFAULTS ...
	Excluding []string
}

// ConstraintKind is the kind of a column or table constraint.
type ConstraintKind uint8

const (
	NotNullConstraint ConstraintKind = iota
	NullConstraint
	DefaultConstraint   // Expr
	CheckConstraint     // Expr
	PrimaryConstraint   // Columns for a table constraint
	UniqueConstraint    // Columns for a table constraint
	ForeignConstraint   // Columns for a table constraint; RefTable, RefColumns, OnDelete, OnUpdate
	GeneratedConstraint // GENERATED ALWAYS AS (Expr) STORED
	IdentityConstraint  // GENERATED ALWAYS | BY DEFAULT AS IDENTITY [(Sequence)]
)

// ForeignAction is the action of ON DELETE and ON UPDATE.
type ForeignAction uint8

const (
	ActionDefault ForeignAction = iota
	ActionNoAction
	ActionRestrict
	ActionCascade
	ActionSetNull
	ActionSetDefault
)

// ForeignMatch is MATCH FULL | PARTIAL | SIMPLE.
type ForeignMatch uint8

const (
	MatchDefault ForeignMatch = iota
	MatchSimple
	MatchFull
	MatchPartial
)

// Constraint is a column constraint (Columns is empty) or a table constraint.
type Constraint struct {
	Span
	Name              Ident
	Kind              ConstraintKind
	Columns           []Ident
	Include           []Ident
	NullsNotDistinct  bool
	Expr              Expr
	RefTable          *Name
	RefColumns        []Ident
	OnDelete          ForeignAction
	OnUpdate          ForeignAction
	Match             ForeignMatch
	Always            bool // identity: GENERATED ALWAYS
	Sequence          []*SequenceOption
	NoInherit         bool
	NotValid          bool
	Deferrable        bool
	NotDeferrable     bool
	InitiallyDeferred bool
	InitiallyNow      bool // INITIALLY IMMEDIATE
	UsingIndex        Ident
	Options           []*Option
}

// CreateTableAs is CREATE TABLE name AS query.
type CreateTableAs struct {
	Span
	Name         *Name
	Persistence  Persistence
	IfNotExists  bool
	Materialized bool // CREATE MATERIALIZED VIEW
	Columns      []Ident
	Options      []*Option
	OnCommit     OnCommit
	Query        Statement // *Query, or *Execute
	WithNoData   bool
}

// CreateView is CREATE VIEW. CheckOption is "", "LOCAL" or "CASCADED".
type CreateView struct {
	Span
	Name        *Name
	OrReplace   bool
	Persistence Persistence
	Recursive   bool
	Columns     []Ident
	Options     []*Option
	Query       *Query
	CheckOption string
}

// CreateIndex is CREATE INDEX. Name is absent when the engine is to choose one.
type CreateIndex struct {
	Span
	Unique           bool
	Concurrently     bool
	IfNotExists      bool
	Name             Ident
	Table            *Name
	Only             bool
	Method           Ident // absent: the default
	Elems            []*IndexElem
	Include          []*IndexElem
	NullsNotDistinct bool
	Options          []*Option
	Where            Expr
}

// IndexElem is one key of an index: a column (X is *ColumnRef) or an expression, with an optional
// operator class such as vector_cosine_ops.
type IndexElem struct {
	Span
	X            Expr
	Collation    *Name
	OpClass      *Name
	ClassOptions []*Option
	Direction    Direction
	Nulls        NullsOrder
}

// CreateSchema is CREATE SCHEMA. Name may be absent when Authorization is given. Elements are the
// statements that follow inside it.
type CreateSchema struct {
	Span
	Name          Ident
	IfNotExists   bool
	Authorization Ident
	Elements      []Statement
}

// SequenceOption is one option of a sequence: INCREMENT, MINVALUE, MAXVALUE, START, RESTART, CACHE
// (Value, nil for RESTART alone), CYCLE, NO MINVALUE, NO MAXVALUE, NO CYCLE, AS (Type), OWNED BY
// (Owner; nil is NONE).
type SequenceOption struct {
	Span
	Name  string
	Value *Literal
	Type  *TypeName
	Owner *Name
}

// CreateSequence is CREATE SEQUENCE.
type CreateSequence struct {
	Span
	Name        *Name
	Persistence Persistence
	IfNotExists bool
	Options     []*SequenceOption
}

// ObjectKind names a kind of catalog object in DROP, COMMENT and ALTER.
type ObjectKind uint8

const (
	TableObject ObjectKind = iota
	ViewObject
	MaterializedViewObject
	IndexObject
	SchemaObject
	SequenceObject
	ColumnObject   // only COMMENT: Name is table.column
	DatabaseObject // only COMMENT
)

// String is the SQL spelling.
func (k ObjectKind) String() string {
	return [...]string{"TABLE", "VIEW", "MATERIALIZED VIEW", "INDEX", "SCHEMA", "SEQUENCE", "COLUMN", "DATABASE"}[k]
}

// Drop is DROP kind [IF EXISTS] names.
type Drop struct {
	Span
	Kind         ObjectKind
	Concurrently bool
	IfExists     bool
	Names        []*Name
	Behavior     Behavior
}

// AlterTable is ALTER TABLE (also VIEW, INDEX, SEQUENCE ... by Kind) with one action or more.
type AlterTable struct {
	Span
	Kind     ObjectKind
	Name     *Name
	IfExists bool
	Only     bool
	Actions  []*AlterAction
}

// AlterKind is the kind of one ALTER TABLE action; the comment names the fields it uses.
type AlterKind uint8

const (
	AddColumn          AlterKind = iota // IfNotExists, Def
	DropColumn                          // IfExists, Column, Behavior
	RenameColumn                        // Column, NewName
	RenameTable                         // NewName
	RenameConstraint                    // Constraint (name), NewName
	SetSchema                           // NewName
	SetNotNull                          // Column
	DropNotNull                         // Column
	SetDefault                          // Column, Expr
	DropDefault                         // Column
	AlterType                           // Column, Type, Collation, Expr (USING, may be nil)
	AddConstraint                       // AddedConstraint
	DropConstraint                      // IfExists, Constraint, Behavior
	ValidateConstraint                  // Constraint
	SetOptions                          // Options
	ResetOptions                        // Options
	SetStatistics                       // Column, Expr
	OwnerTo                             // NewName
	SetLogged
	SetUnlogged
)

// AlterAction is one action of ALTER TABLE.
type AlterAction struct {
	Span
	Kind            AlterKind
	IfExists        bool
	IfNotExists     bool
	Column          Ident
	NewName         Ident
	Constraint      Ident
	Def             *ColumnDef
	AddedConstraint *Constraint
	Type            *TypeName
	Collation       *Name
	Expr            Expr
	Options         []*Option
	Behavior        Behavior
}

// Comment is COMMENT ON kind name IS text; Null is COMMENT ... IS NULL.
type Comment struct {
	Span
	Kind ObjectKind
	Name *Name
	Text string
	Null bool
}

// RefreshView is REFRESH MATERIALIZED VIEW.
type RefreshView struct {
	Span
	Name         *Name
	Concurrently bool
	WithNoData   bool
}

func (*CreateTable) statement()    {}
func (*CreateTableAs) statement()  {}
func (*CreateView) statement()     {}
func (*CreateIndex) statement()    {}
func (*CreateSchema) statement()   {}
func (*CreateSequence) statement() {}
func (*Drop) statement()           {}
func (*AlterTable) statement()     {}
func (*Comment) statement()        {}
func (*RefreshView) statement()    {}
