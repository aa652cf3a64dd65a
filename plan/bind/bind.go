// Package bind resolves names and types: it turns a syntax tree into plan's statements.
//
// Invariants:
//   - N1: a bound tree has no type Unknown in an output column, a comparison or an operator: literals
//     and parameters have taken a type, or binding failed.
//   - N2: a column that a node passes on unchanged keeps its ColumnID, through Project and Aggregate,
//     too; every computed column has a fresh one. A subquery refers to columns of an enclosing query
//     by their ids (correlation).
//   - N3: both operands of a Compare have one type, where text, varchar and char of any length count
//     as one (char is kept without trailing blanks, so all three compare bytewise). A constant is
//     brought to the type of the column it is compared with whenever that loses nothing.
//   - N4: the operands of Arith are: the same integer or float type; numeric with numeric of any
//     precision and scale; and (date, integer), (date, date), (timestamp, timestamp),
//     (timestamptz, timestamptz), (time, time), (timestamp | timestamptz | time | interval, interval)
//     for + and -, (date, time) for +, (interval, double precision) for * and /.
//   - N5: Distinct with On stands above its Sort and keeps the order of its input.
//   - N6: the body of a Shared node is never correlated; such a CTE is bound anew where it is used.
package bind

import (
	"errors"
	"time"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Limits of one statement.
const (
	MaxTableColumns  = 1600
	MaxOutputColumns = 4096
	MaxJoins         = 1000
	MaxDepth         = 2000
	MaxViewDepth     = 64
)

// Options are what binding depends on besides the catalog and the functions.
type Options struct {
	// ParamTypes are declared types of $1, $2, …; Unknown ones and those beyond are inferred.
	ParamTypes []types.Type
	// Files opens files in FROM and COPY; nil refuses them.
	Files FileOpener
	// SQL is the statement's text: views keep their query's part of it.
	SQL string
	// ParseView parses stored text: the query of a view, and SELECT before a default or a check.
	ParseView func(sql string) (ast.Statement, error)
	// NewID numbers what DDL makes; nil gives 0.
	NewID func() catalog.ID
	// Location is the session's time zone for timestamptz literals; nil is UTC.
	Location *time.Location
	// Past opens the catalog as of the version (bigint) or the time (timestamptz) that a constant
	// expression gives, in which there may be parameters. Its tables have Past set. Nil refuses AS OF.
	Past func(when plan.Expr) (catalog.Reader, uint64, error)
}

// Binder binds one statement. It is not for concurrent use.
type Binder struct {
	reader   catalog.Reader
	registry function.Registry
	opts     Options

	nextID   plan.ColumnID
	params   []types.Type
	depth    int
	joins    int
	tracks   []*track
	views    []*catalog.View
	spans    map[*plan.Column]ast.Span
	paramPos []ast.Span
	// untyped are the parameters that had no type where they stand; checkParams completes them.
	untyped []*plan.Param
	shared  map[*plan.SharedPlan]*sharedUse
	// What the statement reads.
	readTables map[*catalog.Table]bool
	readViews  map[*catalog.View]bool
	// fixStars makes * explicit in the syntax tree: CREATE VIEW keeps what it means today.
	fixStars bool
}

// New makes a binder for one statement.
func New(reader catalog.Reader, registry function.Registry, opts Options) *Binder {
	return &Binder{reader: reader, registry: registry, opts: opts,
		params: append([]types.Type(nil), opts.ParamTypes...), spans: map[*plan.Column]ast.Span{},
		shared: map[*plan.SharedPlan]*sharedUse{}, readTables: map[*catalog.Table]bool{}, readViews: map[*catalog.View]bool{}}
}

// Bind resolves stmt. Errors are *sqlerr.Error with the position in the statement's text.
func (b *Binder) Bind(stmt ast.Statement) (plan.Statement, error) {
	s, err := b.statement(stmt)
	if err != nil {
		return nil, withPosition(err, stmt)
	}
	if err := b.checkParams(); err != nil {
		return nil, err
	}
	b.inlineShared(s)
	b.setParams(s)
	return s, nil
}

// ParamTypes are the types of $1, $2, … after Bind, for commands, too.
func (b *Binder) ParamTypes() []types.Type { return b.params }

func (b *Binder) statement(stmt ast.Statement) (plan.Statement, error) {
	switch s := stmt.(type) {
	case *ast.Query:
		return b.bindTopQuery(s)
	case *ast.Insert:
		return b.bindInsert(s)
	case *ast.Update:
		return b.bindUpdate(s)
	case *ast.Delete:
		return b.bindDelete(s)
	case *ast.CreateTableAs:
		return b.bindCreateTableAs(s)
	case *ast.Copy:
		return b.bindCopy(s)
	case *ast.Explain:
		return b.bindExplain(s)
	}
	return b.bindCommand(stmt)
}

// setParams stores the inferred parameter types in the statement.
func (b *Binder) setParams(s plan.Statement) {
	switch s := s.(type) {
	case *plan.Query:
		s.Params = b.params
	case *plan.Insert:
		s.Params = b.params
	case *plan.Update:
		s.Params = b.params
	case *plan.Delete:
		s.Params = b.params
	case *plan.CreateTableAs:
		s.Params = b.params
	case *plan.CopyTo:
		s.Query.Params = b.params
	case *plan.CopyFrom:
		s.Insert.Params = b.params
	case *plan.Explain:
		b.setParams(s.Target)
	}
}

// withPosition gives an error that has none the position of the node it is about.
func withPosition(err error, n ast.Node) error {
	var e *sqlerr.Error
	if asError(err, &e) {
		e.WithPos(n.Range())
	}
	return err
}

func asError(err error, e **sqlerr.Error) bool { return errors.As(err, e) }

func errAt(s sqlerr.State, n ast.Node, format string, args ...any) *sqlerr.Error {
	pos, end := n.Range()
	return sqlerr.At(s, pos, end, format, args...)
}

func unsupported(n ast.Node, feature string) error {
	pos, end := n.Range()
	return sqlerr.Unsupported(pos, end, feature)
}

// newColumn makes a column with a fresh id.
func (b *Binder) newColumn(name string, t types.Type, notNull bool) plan.Column {
	b.nextID++
	return plan.Column{ID: b.nextID, Name: name, Typ: t, NotNull: notNull}
}

// enter counts one level of nesting; leave undoes it.
func (b *Binder) enter(n ast.Node) error {
	b.depth++
	if b.depth > MaxDepth {
		return errAt(sqlerr.StatementTooComplex, n, "the statement is nested deeper than %d levels", MaxDepth)
	}
	return nil
}

func (b *Binder) leave() { b.depth-- }

func spanOf(n ast.Node) plan.Span {
	pos, end := n.Range()
	return plan.Span{Pos: int32(pos), End: int32(end)}
}
