package ast

// Query is a whole query: WITH, a body, and what applies to the body's rows. It is a statement, the
// content of every subquery, and, parenthesised, an operand of a set operation.
type Query struct {
	Span
	With          *With
	Body          QueryExpr
	OrderBy       []*OrderItem
	Limit, Offset Expr
	LimitAll      bool // LIMIT ALL was written
	WithTies      bool // FETCH FIRST n ROWS WITH TIES
	Locks         []*Lock
}

// Select is one SELECT core. Without a FROM clause From is empty; without a select list Targets is.
type Select struct {
	Span
	Distinct      bool
	DistinctOn    []Expr
	Targets       []*Target
	Into          *Into
	From          []TableExpr // comma-separated items
	Where         Expr
	GroupBy       []Expr // expressions, ordinals as literals, *Grouping
	GroupDistinct bool
	Having        Expr
	Windows       []*NamedWindow
}

// Target is one item of a select list or of RETURNING. X may be *Star.
type Target struct {
	Span
	X     Expr
	Alias Ident
}

// Into is the target table of SELECT INTO.
type Into struct {
	Span
	Table *Name
	Temp  bool
}

// NamedWindow is one entry of the WINDOW clause.
type NamedWindow struct {
	Span
	Name Ident
	Spec *Window
}

// SetOpKind is UNION, INTERSECT or EXCEPT.
type SetOpKind uint8

const (
	Union SetOpKind = iota
	Intersect
	Except
)

// String is the SQL keyword.
func (k SetOpKind) String() string { return [...]string{"UNION", "INTERSECT", "EXCEPT"}[k] }

// SetOp combines two query bodies.
type SetOp struct {
	Span
	Kind        SetOpKind
	All         bool
	Left, Right QueryExpr
}

// Values is a VALUES list; items may be *Default inside INSERT.
type Values struct {
	Span
	Rows [][]Expr
}

// With is the WITH clause.
type With struct {
	Span
	Recursive bool
	CTEs      []*CTE
}

// Materialization is the hint of a CTE.
type Materialization uint8

const (
	MaterializeDefault Materialization = iota
	Materialized
	NotMaterialized
)

// CTE is one common table expression. Body is a *Query, *Insert, *Update or *Delete.
type CTE struct {
	Span
	Name        Ident
	Columns     []Ident
	Materialize Materialization
	Body        Statement
}

// Direction is the order of an ORDER BY item.
type Direction uint8

const (
	DefaultOrder Direction = iota
	Ascending
	Descending
)

// NullsOrder is where an ORDER BY item puts nulls. The default is last for ascending order and
// first for descending.
type NullsOrder uint8

const (
	NullsDefault NullsOrder = iota
	NullsFirst
	NullsLast
)

// OrderItem is one item of ORDER BY. Using is the operator of ORDER BY x USING op, or nil.
type OrderItem struct {
	Span
	X         Expr
	Direction Direction
	Using     *Operator
	Nulls     NullsOrder
}

// LockStrength is the strength of a row lock.
type LockStrength uint8

const (
	ForUpdate LockStrength = iota
	ForNoKeyUpdate
	ForShare
	ForKeyShare
)

// LockWait says what to do when a row is locked.
type LockWait uint8

const (
	LockBlock LockWait = iota
	LockNoWait
	LockSkip
)

// Lock is FOR UPDATE | NO KEY UPDATE | SHARE | KEY SHARE [OF tables] [NOWAIT | SKIP LOCKED].
type Lock struct {
	Span
	Strength LockStrength
	Of       []*Name
	Wait     LockWait
}

// Alias names a FROM item and, optionally, its columns. ColumnTypes is set, one for each column,
// for AS t(a int, b text) after a function that returns records.
type Alias struct {
	Span
	Name        Ident // may be absent for AS (a int, b text)
	Columns     []Ident
	ColumnTypes []*TypeName
}

// TableRef is a table, view or CTE by name.
type TableRef struct {
	Span
	Name   *Name
	Only   bool // ONLY t
	AsOf   *AsOf
	Alias  *Alias
	Sample *Sample
}

// AsOf is AS OF VERSION x, or AS OF TIMESTAMP x (Time), behind a table's name: the past to read.
type AsOf struct {
	Span
	Time bool
	X    Expr
}

// FileRef is a file name in the place of a table: FROM 'trips.parquet'.
type FileRef struct {
	Span
	Path   string
	Alias  *Alias
	Sample *Sample
}

// FuncRef is a table function, or several of ROWS FROM (...). The calls are *FuncCall; keyword forms
// such as CAST may appear, as in PostgreSQL.
type FuncRef struct {
	Span
	Lateral    bool
	RowsFrom   bool
	Ordinality bool
	Calls      []Expr
	CallTypes  [][]ColumnType // ROWS FROM (f() AS (a int), ...): per call, nil without
	Alias      *Alias
	Sample     *Sample
}

// ColumnType is a column name with its type.
type ColumnType struct {
	Name Ident
	Type *TypeName
}

// SubqueryRef is a subquery (also VALUES) in FROM. Alias may be nil.
type SubqueryRef struct {
	Span
	Lateral bool
	Query   *Query
	Alias   *Alias
	Sample  *Sample
}

// JoinKind is the kind of a join.
type JoinKind uint8

const (
	InnerJoin JoinKind = iota
	LeftJoin
	RightJoin
	FullJoin
	CrossJoin
)

// String is the SQL spelling.
func (k JoinKind) String() string {
	return [...]string{"JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN"}[k]
}

// Join joins two FROM items. At most one of Natural, Using and On is set. Alias is that of a
// parenthesised join; UsingAlias is JOIN ... USING (a) AS alias.
type Join struct {
	Span
	Kind        JoinKind
	Natural     bool
	Left, Right TableExpr
	Using       []Ident
	UsingAlias  Ident
	On          Expr
	Alias       *Alias
}

// Sample is TABLESAMPLE method (args) [REPEATABLE (seed)].
type Sample struct {
	Span
	Method     *Name
	Args       []Expr
	Repeatable Expr
}

func (*Query) statement()       {}
func (*Query) queryExpr()       {}
func (*Select) queryExpr()      {}
func (*SetOp) queryExpr()       {}
func (*Values) queryExpr()      {}
func (*TableRef) tableExpr()    {}
func (*FileRef) tableExpr()     {}
func (*FuncRef) tableExpr()     {}
func (*SubqueryRef) tableExpr() {}
func (*Join) tableExpr()        {}
