package ast

// LiteralKind tells how a literal was written.
type LiteralKind uint8

const (
	IntegerLiteral LiteralKind = iota // digits only, with an optional minus sign; any size
	NumericLiteral                    // with a point or an exponent
	StringLiteral                     // Text is the decoded value
	BitLiteral                        // B'0101'; Text is the digits
	HexLiteral                        // X'1F'; Text is the digits
	BoolLiteral                       // Text is "true" or "false"
	NullLiteral
)

// Literal is a constant. For numbers Text is the source text (A4).
type Literal struct {
	Span
	Kind LiteralKind
	Text string
}

// TypedLiteral is a type followed by a string: DATE '2024-01-31', INTERVAL '1' DAY, float8 'NaN'.
type TypedLiteral struct {
	Span
	Type *TypeName
	Text string
}

// Param is $n, or the n-th ? of the statement (Numbered is false then). Numbers start at 1.
type Param struct {
	Span
	Number   int32
	Numbered bool
}

// ColumnRef is a name in an expression: column, table.column, schema.table.column, or a whole row.
type ColumnRef struct {
	Span
	Parts []Ident
}

// Star is *, table.* (Qualifier) or (expression).* (Of).
type Star struct {
	Span
	Qualifier []Ident
	Of        Expr
}

// Default is DEFAULT in the place of a value of INSERT and UPDATE.
type Default struct{ Span }

// Word is a bare word given as the value of an option (on, parquet, none), as written, folded.
type Word struct {
	Span
	Text string
}

// Unary is a prefix operator.
type Unary struct {
	Span
	Op Operator
	X  Expr
}

// Binary is an infix operator: arithmetic, comparison, ||, and all user-visible operators.
type Binary struct {
	Span
	Op          Operator
	Left, Right Expr
}

// Logical is a chain of AND or of OR with two operands or more (A3).
type Logical struct {
	Span
	Or   bool
	Args []Expr
}

// Not is NOT x.
type Not struct {
	Span
	X Expr
}

// IsKind is the test of an Is node.
type IsKind uint8

const (
	IsNull IsKind = iota
	IsTrue
	IsFalse
	IsUnknown
)

// Is is x IS [NOT] NULL | TRUE | FALSE | UNKNOWN, also ISNULL and NOTNULL.
type Is struct {
	Span
	X    Expr
	Kind IsKind
	Not  bool
}

// IsDistinct is x IS [NOT] DISTINCT FROM y.
type IsDistinct struct {
	Span
	Left, Right Expr
	Not         bool
}

// Between is x [NOT] BETWEEN [SYMMETRIC] low AND high.
type Between struct {
	Span
	X, Low, High   Expr
	Not, Symmetric bool
}

// In is x [NOT] IN (list) or x [NOT] IN (query): one of List and Query is set.
type In struct {
	Span
	X     Expr
	List  []Expr
	Query *Query
	Not   bool
}

// LikeKind tells the three pattern languages apart.
type LikeKind uint8

const (
	LikePattern LikeKind = iota
	ILikePattern
	SimilarPattern
)

// Like is x [NOT] LIKE | ILIKE | SIMILAR TO pattern [ESCAPE escape]; Escape may be nil.
type Like struct {
	Span
	Kind               LikeKind
	Not                bool
	X, Pattern, Escape Expr
}

// Quantified is left op ANY|ALL (array or query): one of Array and Query is set. SOME is ANY. The
// operators of LIKE and ILIKE are ~~, !~~, ~~*, !~~*.
type Quantified struct {
	Span
	Op    Operator
	All   bool
	Left  Expr
	Array Expr
	Query *Query
}

// Subquery is a scalar or row subquery.
type Subquery struct {
	Span
	Query *Query
}

// Exists is EXISTS (query).
type Exists struct {
	Span
	Query *Query
}

// ArrayQuery is ARRAY(query).
type ArrayQuery struct {
	Span
	Query *Query
}

// Array is ARRAY[...]; an inner bracket list of a nested array is an Array of its own.
type Array struct {
	Span
	Items []Expr
}

// Row is ROW(...) or (a, b). Explicit tells that ROW was written; only then may it have fewer than
// two items.
type Row struct {
	Span
	Explicit bool
	Items    []Expr
}

// When is one arm of a CASE.
type When struct {
	Span
	Cond, Result Expr
}

// Case is CASE [operand] WHEN ... [ELSE ...] END; Operand and Else may be nil.
type Case struct {
	Span
	Operand Expr
	Whens   []When
	Else    Expr
}

// Cast is CAST(x AS type) and x::type (Colons).
type Cast struct {
	Span
	X      Expr
	Type   *TypeName
	Colons bool
}

// Collate is x COLLATE name.
type Collate struct {
	Span
	X         Expr
	Collation *Name
}

// Subscript is x[index] (Index) or x[lower:upper] (Slice; either bound may be nil).
type Subscript struct {
	Span
	X            Expr
	Slice        bool
	Index        Expr
	Lower, Upper Expr
}

// Field is (x).name.
type Field struct {
	Span
	X    Expr
	Name Ident
}

// NamedArg is name => value (or name := value) in a call.
type NamedArg struct {
	Span
	Name  Ident
	Value Expr
}

// CallForm tells which syntax a FuncCall had. The arguments are always those of the PostgreSQL
// function of that name, so only Format and the few lazily evaluated forms care.
type CallForm uint8

const (
	PlainCall     CallForm = iota
	BuiltinCall            // coalesce, greatest, least, nullif, grouping: not functions of the catalog
	KeywordCall            // current_date, current_timestamp(p), user ...: no parentheses unless arguments
	ExtractCall            // extract(field FROM x): args are the field as a string literal, x
	SubstringCall          // substring(x FROM a FOR b): args x, a[, b]; FOR alone has a = 1
	SimilarCall            // substring(x SIMILAR p ESCAPE e): args x, p, e
	PositionCall           // position(a IN b): args b, a
	OverlayCall            // overlay(x PLACING y FROM a FOR b): args x, y, a[, b]
	TrimCall               // trim(BOTH c FROM x): btrim, ltrim or rtrim with args x[, c]
	TimeZoneCall           // x AT TIME ZONE z: timezone(z, x)
	CollationCall          // COLLATION FOR (x): pg_collation_for(x)
	NormalizeCall          // normalize(x, NFC): args x[, the form as a string literal]
)

// FuncCall is a call of a function, an aggregate or a window function. Args may hold *NamedArg at
// the end.
type FuncCall struct {
	Span
	Name        *Name
	Form        CallForm
	Star        bool // count(*)
	Distinct    bool
	Variadic    bool // the last argument is VARIADIC
	WithinGroup bool // OrderBy is that of WITHIN GROUP
	IgnoreNulls bool
	Args        []Expr
	OrderBy     []*OrderItem
	Filter      Expr
	Over        *Window
}

// Window is the specification of a window: of OVER (...), of OVER name (only Ref set and Bare), or
// of the WINDOW clause.
type Window struct {
	Span
	Ref         Ident // an existing window that is named or refined
	Bare        bool  // OVER name, without parentheses
	PartitionBy []Expr
	OrderBy     []*OrderItem
	Frame       *Frame
}

// FrameMode is ROWS, RANGE or GROUPS.
type FrameMode uint8

const (
	FrameRange FrameMode = iota
	FrameRows
	FrameGroups
)

// BoundKind is the kind of a frame bound.
type BoundKind uint8

const (
	UnboundedPreceding BoundKind = iota
	OffsetPreceding
	CurrentRow
	OffsetFollowing
	UnboundedFollowing
)

// Bound is one end of a frame; Offset is set for the Offset kinds.
type Bound struct {
	Kind   BoundKind
	Offset Expr
}

// Exclusion is the EXCLUDE clause of a frame.
type Exclusion uint8

const (
	ExcludeNothing Exclusion = iota
	ExcludeCurrentRow
	ExcludeGroup
	ExcludeTies
)

// Frame is a window frame; without BETWEEN the end is CurrentRow.
type Frame struct {
	Span
	Mode        FrameMode
	Start, Stop Bound
	Exclude     Exclusion
}

// GroupingKind tells the multi-group items of GROUP BY apart.
type GroupingKind uint8

const (
	Rollup GroupingKind = iota
	Cube
	GroupingSets
	EmptyGroup // ()
)

// Grouping is ROLLUP (...), CUBE (...), GROUPING SETS (...) or (), an item of GROUP BY. A list in
// parentheses inside is a Row.
type Grouping struct {
	Span
	Kind  GroupingKind
	Items []Expr
}

func (*Literal) expr()      {}
func (*TypedLiteral) expr() {}
func (*Param) expr()        {}
func (*ColumnRef) expr()    {}
func (*Star) expr()         {}
func (*Default) expr()      {}
func (*Word) expr()         {}
func (*Unary) expr()        {}
func (*Binary) expr()       {}
func (*Logical) expr()      {}
func (*Not) expr()          {}
func (*Is) expr()           {}
func (*IsDistinct) expr()   {}
func (*Between) expr()      {}
func (*In) expr()           {}
func (*Like) expr()         {}
func (*Quantified) expr()   {}
func (*Subquery) expr()     {}
func (*Exists) expr()       {}
func (*ArrayQuery) expr()   {}
func (*Array) expr()        {}
func (*Row) expr()          {}
func (*Case) expr()         {}
func (*Cast) expr()         {}
func (*Collate) expr()      {}
func (*Subscript) expr()    {}
func (*Field) expr()        {}
func (*NamedArg) expr()     {}
func (*FuncCall) expr()     {}
func (*Grouping) expr()     {}
