package oxidb

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/oxidb/oxidb/columnar/arrowio"
	"github.com/oxidb/oxidb/parser"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Stmt is a prepared statement of a session. It is bound again when tables or settings have changed
// since, so that it stays right. It may be used from any goroutine; one execution at a time starts.
type Stmt struct {
	session *Session
	text    *cachedStatement
	params  []types.Type
	schema  *arrow.Schema
	types   []types.Type
	query   bool
	open    bool
	reads   bool
}

// Prepare checks one statement and finds its parameters and result columns without executing it. A
// parameter whose type nothing in the statement decides has its declared type, or text.
func (s *Session) Prepare(ctx context.Context, sql string, declared ...types.Type) (*Stmt, error) {
	before, text, err := s.db.plans.parse(sql)
	if err == nil && (len(before) > 0 || text == nil) { // the parser says what is wrong
		text = &cachedStatement{sql: sql}
		text.stmt, err = parser.ParseOne(sql)
	}
	if err != nil {
		s.fail()
		return nil, err
	}
	stmt := text.stmt
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &Stmt{session: s, text: text, schema: arrow.NewSchema(nil, nil)}
	if s.describeCommand(p) {
		return p, nil
	}
	if err := s.refusal(stmt); err != nil {
		return nil, err
	}
	sc, err := s.begin(ctx, sql)
	if err != nil {
		return nil, err
	}
	bound, open, err := sc.bindDeclared(stmt, sql, declared, nil)
	if err = sc.end(ctx, err); err != nil {
		return nil, err
	}
	p.params, p.open = paramsOf(bound), open
	p.describe(bound)
	return p, nil
}

// bindDeclared binds a statement. Parameters have the types that the statement asks for. Where it would
// take a text or anything ($1 alone in a select list), the declared type decides, if the statement
// allows it; open tells that there is such a parameter. given are the arguments, nil while there are
// none: AS OF needs them.
func (sc *scope) bindDeclared(stmt ast.Statement, sql string, declared []types.Type, given []types.Value) (bound plan.Statement, open bool, err error) {
	b := sc.binderFor(sql, nil, given)
	bound, err = b.Bind(stmt)
	undecided := sqlerr.StateOf(err) == sqlerr.IndeterminateDatatype
	if err != nil && !undecided {
		return nil, false, err
	}
	kinds, again := clone(b.ParamTypes()), undecided
	for i, found := range kinds {
		if found.Kind != types.Unknown && found != types.TText {
			kinds[i] = types.TUnknown // to be found again
			continue
		}
		open = true
		switch {
		case i < len(declared) && declared[i].Kind != types.Unknown && !declared[i].IsText():
			kinds[i], again = declared[i], true
		case found.Kind == types.Unknown:
			kinds[i] = types.TText
		default:
			kinds[i] = types.TUnknown
		}
	}
	if !again {
		return bound, open, nil
	}
	typed, err := sc.binderFor(sql, kinds, given).Bind(stmt)
	if err != nil && !undecided {
		return bound, open, nil
	}
	return typed, open, err
}

// describeCommand fills in a session command's result; false for statements that need binding.
func (s *Session) describeCommand(p *Stmt) bool {
	switch stmt := p.text.stmt.(type) {
	case *ast.Show:
		columns := []string{"name", "setting", "description"}
		if k, err := lookupSetting(stmt.Name); err == nil {
			columns = []string{k.name}
		}
		p.texts(columns...)
		return true
	case *ast.Backup:
		columns, kinds := backupColumns()
		p.query, p.types, p.schema = true, kinds, arrowio.Schema(columns, kinds)
		return true
	case *ast.Begin, *ast.Commit, *ast.Rollback, *ast.Savepoint, *ast.Release, *ast.RollbackTo, *ast.SetTransaction, *ast.SetConstraints, *ast.Set, *ast.Reset, *ast.AlterSystem,
		*ast.Prepare, *ast.Deallocate, *ast.Discard, *ast.Checkpoint, *ast.Call, *ast.Execute:
		return true
	}
	return false
}

func (p *Stmt) texts(columns ...string) {
	p.query, p.reads = true, true
	for range columns {
		p.types = append(p.types, types.TText)
	}
	p.schema = arrowio.Schema(columns, p.types)
}

func (p *Stmt) describe(bound plan.Statement) {
	switch b := bound.(type) {
	case *plan.Query:
		p.query, p.reads = true, true
		p.schema, p.types = outputSchema(b.Names, b.Root.Columns())
	case *plan.Insert:
		p.returning(b.Names, b.Returning)
	case *plan.Update:
		p.returning(b.Names, b.Returning)
	case *plan.Delete:
		p.returning(b.Names, b.Returning)
	case *plan.Explain:
		p.texts("QUERY PLAN")
	}
}

func (p *Stmt) returning(names []string, exprs []plan.NamedExpr) {
	if len(exprs) == 0 {
		return
	}
	cols := make([]plan.Column, len(exprs))
	for i := range exprs {
		cols[i] = exprs[i].Out
	}
	p.query = true
	p.schema, p.types = outputSchema(names, cols)
}

// Schema describes the rows that Query delivers; it has no fields for a statement without rows.
func (p *Stmt) Schema() *arrow.Schema { return p.schema }

// Types are the result columns' SQL types.
func (p *Stmt) Types() []types.Type { return p.types }

// Params are the types of $1, $2, ….
func (p *Stmt) Params() []types.Type { return p.params }

// Open reports whether the statement leaves a parameter's type to the arguments: then the types of its
// result may depend on them.
func (p *Stmt) Open() bool { return p.open }

// ReadOnly reports whether the statement changes neither data nor the session.
func (p *Stmt) ReadOnly() bool { return p.reads }

// IsQuery reports whether the statement delivers rows.
func (p *Stmt) IsQuery() bool { return p.query }

// SQL is the statement's text.
func (p *Stmt) SQL() string { return p.text.sql }

// Query runs the statement with values for its parameters.
func (p *Stmt) Query(ctx context.Context, args ...any) (*Result, error) {
	if len(args) != len(p.params) && !p.isExecute() {
		return nil, sqlerr.New(sqlerr.UndefinedParameter, "the statement has %d parameters, but %d arguments were given", len(p.params), len(args))
	}
	return p.session.run(ctx, p.text, args)
}

func (p *Stmt) isExecute() bool { _, ok := p.text.stmt.(*ast.Execute); return ok }

// Exec runs the statement to its end and gives the number of rows changed, or delivered.
func (p *Stmt) Exec(ctx context.Context, args ...any) (int64, error) {
	r, err := p.Query(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.Drain()
}
