// Package ast is the syntax tree of OxiDB's SQL dialect, which is PostgreSQL's. The parser makes
// it, the binder reads it; nothing is resolved in it: names are as written (folded), operators and
// functions are names, and types are names with modifiers.
//
// Invariants:
//   - A1: every node carries the byte range of its text in the string given to the parser.
//   - A2: no node stands for parentheses; Format puts them back where precedence needs them.
//   - A3: AND and OR chains are one Logical node with all operands, never nested in themselves.
//   - A4: a minus sign before a number is part of the literal (PostgreSQL folds it, too), so
//     -9223372036854775808 is one literal.
//   - A5: SQL-spelled type names are canonical: INTEGER is int4, DOUBLE PRECISION is float8,
//     TIMESTAMP WITH TIME ZONE is timestamptz, CHAR is bpchar with the modifier 1.
package ast

import "strings"

// Span is a byte range [Pos, End) of the parsed text. Every node embeds one.
type Span struct{ Pos, End int32 }

// Range gives the span as ints, in the form that sqlerr.At takes.
func (s Span) Range() (pos, end int) { return int(s.Pos), int(s.End) }

// Node is anything with a position.
type Node interface{ Range() (pos, end int) }

// Statement is one SQL statement.
type Statement interface {
	Node
	statement()
}

// Expr is a scalar or row expression.
type Expr interface {
	Node
	expr()
}

// TableExpr is an item of a FROM list.
type TableExpr interface {
	Node
	tableExpr()
}

// QueryExpr is what a Query's Body can be: *Select, *SetOp, *Values, or a parenthesised *Query.
type QueryExpr interface {
	Node
	queryExpr()
}

// Ident is one identifier, folded to lower case unless it was quoted. An absent optional
// identifier has an empty Name: SQL has no empty identifiers.
type Ident struct {
	Span
	Name string
}

// Name is a possibly qualified name: [[catalog.]schema.]object.
type Name struct {
	Span
	Parts []Ident
}

// Base is the last part, the object's own name.
func (n *Name) Base() string { return n.Parts[len(n.Parts)-1].Name }

// Schema is the part before the last, or "" when the name is not qualified.
func (n *Name) Schema() string {
	if len(n.Parts) < 2 {
		return ""
	}
	return n.Parts[len(n.Parts)-2].Name
}

// Catalog is the part before the schema, or "".
func (n *Name) Catalog() string {
	if len(n.Parts) < 3 {
		return ""
	}
	return n.Parts[len(n.Parts)-3].Name
}

// String joins the parts with dots, unquoted: for messages.
func (n *Name) String() string {
	parts := make([]string, len(n.Parts))
	for i, p := range n.Parts {
		parts[i] = p.Name
	}
	return strings.Join(parts, ".")
}

// Operator is an operator's name; Schema is set by OPERATOR(schema.name). != is stored as <>.
type Operator struct {
	Span
	Schema string
	Name   string
}

// TypeName is a type as written, with its name made canonical (A5).
type TypeName struct {
	Span
	Qualifier []Ident
	Name      string
	Mods      []Expr         // numeric(10,2), varchar(20), timestamp(3), vector(768)
	Interval  IntervalFields // only for interval
	ArrayDims []int32        // one entry a dimension, -1 without a size
	SetOf     bool
}

// IntervalFields restricts an interval type: INTERVAL DAY TO SECOND.
type IntervalFields uint8

const (
	IntervalAll IntervalFields = iota
	IntervalYear
	IntervalMonth
	IntervalDay
	IntervalHour
	IntervalMinute
	IntervalSecond
	IntervalYearToMonth
	IntervalDayToHour
	IntervalDayToMinute
	IntervalDayToSecond
	IntervalHourToMinute
	IntervalHourToSecond
	IntervalMinuteToSecond
)

// String is the SQL spelling, "" for IntervalAll.
func (f IntervalFields) String() string {
	return [...]string{"", "YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "YEAR TO MONTH", "DAY TO HOUR",
		"DAY TO MINUTE", "DAY TO SECOND", "HOUR TO MINUTE", "HOUR TO SECOND", "MINUTE TO SECOND"}[f]
}

// Option is a name with an optional value, from WITH (...) and other option lists. Value is nil for
// a bare name; a bare word is a *Word.
type Option struct {
	Span
	Namespace string // toast.autovacuum_enabled has "toast"
	Name      string
	Value     Expr
}
