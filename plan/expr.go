// Package plan is the algebra: typed expressions and relational nodes that binder makes, optimizer
// rewrites and exec/build turns into operators. Trees are immutable: a rewrite makes new nodes and
// shares unchanged children.
//
// P1: every column of a query has its own ColumnID; nodes refer to columns by id, never by position.
// P2: after optimization no Subquery and no Apply is left.
// P3: EXPLAIN prints exactly what exec/build builds.
package plan

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/types"
)

// ColumnID names one column of one query.
type ColumnID int32

// Span is where an expression stands in the statement's text, in bytes; Pos is -1 when unknown.
type Span struct{ Pos, End int32 }

// NoSpan is the span of expressions that no text wrote.
var NoSpan = Span{-1, -1}

// Expr is a typed scalar expression.
type Expr interface {
	Type() types.Type
	// String prints the expression for EXPLAIN.
	String() string
	// Args are the direct sub-expressions, With a copy that has others in their place.
	Args() []Expr
	With(args []Expr) Expr
}

// Column is a reference to a column of the input (or, below an Apply, of an outer query).
type Column struct {
	ID   ColumnID
	Name string
	Typ  types.Type
	// NotNull promises that the column has no NULLs where it is produced.
	NotNull bool
	// Table and Ordinal name the base column it comes from unchanged, for statistics; Table may be nil.
	Table   *catalog.Table
	Ordinal int
}

// Const is a literal or a folded value.
type Const struct {
	Value types.Value
}

// Param is $Index (from 1) of a prepared statement; execution replaces it by a constant.
type Param struct {
	Index int
	Typ   types.Type
}

// Call is a scalar function.
type Call struct {
	Fn   *function.Scalar
	Arg  []Expr
	Typ  types.Type
	Span Span
}

// ArithOp is an arithmetic operator.
type ArithOp uint8

const (
	Add ArithOp = iota
	Sub
	Mul
	Div
	Mod
	Pow
)

// Arith is arithmetic on numbers, dates, timestamps and intervals; the binder has coerced the
// operands to a pair that exec/expr knows (see docs of exec/expr) and set the result type.
type Arith struct {
	Op   ArithOp
	L, R Expr
	Typ  types.Type
	Span Span
}

// Neg is unary minus.
type Neg struct {
	X    Expr
	Span Span
}

// CompareOp is a comparison operator.
type CompareOp uint8

const (
	Eq CompareOp = iota
	Ne
	Lt
	Le
	Gt
	Ge
	// IsDistinct and IsNotDistinct treat NULL as a value.
	IsDistinct
	IsNotDistinct
)

// Compare compares two operands of one type.
type Compare struct {
	Op   CompareOp
	L, R Expr
}

// And and Or are n-ary, three-valued.
type And struct{ Terms []Expr }

// Or is the three-valued disjunction.
type Or struct{ Terms []Expr }

// Not is three-valued negation.
type Not struct{ X Expr }

// IsNull tests for NULL; Negate makes it IS NOT NULL.
type IsNull struct {
	X      Expr
	Negate bool
}

// InList tests X against constants or expressions of X's type, with SQL's NULL rules.
type InList struct {
	X      Expr
	List   []Expr
	Negate bool
}

// Like matches X against Pattern; Fold ignores case (ILIKE). Escape is the escape character, 0 for none.
type Like struct {
	X, Pattern Expr
	Escape     rune
	Fold       bool
	Negate     bool
}

// When is one arm of a Case.
type When struct{ Cond, Then Expr }

// Case is the searched CASE; a nil Else is NULL. Arms that are not taken are not evaluated.
type Case struct {
	Whens []When
	Else  Expr
	Typ   types.Type
}

// Coalesce gives its first argument that is not NULL; later ones are evaluated only where needed.
type Coalesce struct {
	Arg []Expr
	Typ types.Type
}

// Cast converts X. Explicit casts may truncate varchar(n); assignment casts report 22001.
type Cast struct {
	X        Expr
	Typ      types.Type
	Explicit bool
	Span     Span
}

// AggCall is an aggregate inside Aggregate.Aggs.
type AggCall struct {
	Fn       *function.Aggregate
	Arg      []Expr // none for count(*)
	Distinct bool
	Filter   Expr // nil for none
	OrderBy  []SortKey
	Typ      types.Type
}

// SubqueryKind says what a Subquery yields.
type SubqueryKind uint8

const (
	ScalarSubquery SubqueryKind = iota // the single value of Input's first column; no row is NULL
	ExistsSubquery                     // boolean
	AnySubquery                        // Left Op ANY (Input)
	AllSubquery                        // Left Op ALL (Input)
)

// Subquery is a subquery inside an expression. Input may refer to columns of the enclosing query
// (correlation). The optimizer unnests every one.
type Subquery struct {
	Kind  SubqueryKind
	Input Node
	Op    CompareOp
	// Left are the operands compared with Input's columns (several for row comparisons).
	Left   []Expr
	Negate bool
	Typ    types.Type
	Span   Span
}

// RuntimeValue is an uncorrelated scalar subquery that is run once before its consumer and is a
// constant from then on. Sharing the pointer shares the one run.
type RuntimeValue struct {
	Input Node
	Typ   types.Type
}
