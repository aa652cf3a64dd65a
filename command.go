package oxidb

import (
	"context"
	"strings"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/parser"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// sessionCommand carries out what needs no catalog: transactions, settings, prepared statements.
func (s *Session) sessionCommand(ctx context.Context, stmt ast.Statement, sql string) (r *Result, done bool, err error) {
	if r, done, err = s.transactionCommand(ctx, stmt, sql); done {
		return r, done, err
	}
	switch stmt := stmt.(type) {
	case *ast.Set:
		return emptyResult("SET"), true, s.setCommand(stmt)
	case *ast.AlterSystem:
		return emptyResult("ALTER SYSTEM"), true, s.alterSystem(ctx, stmt)
	case *ast.Reset:
		return emptyResult("RESET"), true, s.reset(stmt.Name)
	case *ast.Show:
		r, err = s.show(stmt.Name)
		return r, true, err
	case *ast.Prepare:
		if _, exists := s.prepared[stmt.Name.Name]; exists {
			return nil, true, sqlerr.At(sqlerr.DuplicateStatement, int(stmt.Name.Pos), int(stmt.Name.End), "prepared statement %q already exists", stmt.Name.Name)
		}
		s.prepared[stmt.Name.Name] = newCached(sql, stmt.Statement)
		return emptyResult("PREPARE"), true, nil
	case *ast.Execute:
		r, err = s.executePrepared(ctx, stmt, sql)
		return r, true, err
	case *ast.Deallocate:
		return emptyResult("DEALLOCATE"), true, s.deallocate(stmt.Name)
	case *ast.Discard:
		s.endTransaction()
		s.prepared = map[string]*cachedStatement{}
		s.settings = s.db.startSettings()
		return emptyResult("DISCARD ALL"), true, nil
	case *ast.Call:
		r, err = s.call(ctx, stmt)
		return r, true, err
	case *ast.Checkpoint:
		return emptyResult("CHECKPOINT"), true, s.db.store.Checkpoint(ctx)
	case *ast.Backup:
		r, err = s.backup(ctx, stmt)
		return r, true, err
	}
	return nil, false, nil
}

func (s *Session) setCommand(stmt *ast.Set) error {
	if len(stmt.Values) == 0 {
		return s.reset(stmt.Name)
	}
	text, err := settingTexts(stmt.Values)
	if err != nil {
		return err
	}
	return s.assign(stmt.Name, text)
}

// settingText is the text of a value in SET.
func settingText(e ast.Expr) (string, error) {
	switch e := e.(type) {
	case *ast.Literal:
		return e.Text, nil
	case *ast.Word:
		return e.Text, nil
	case *ast.TypedLiteral:
		return e.Text, nil
	}
	return "", sqlerr.New(sqlerr.SyntaxError, "a setting's value is a word, a number or a string")
}

func (s *Session) reset(name string) error {
	if name == "" {
		s.settings = s.db.startSettings()
		return nil
	}
	k, err := lookupSetting(name)
	if err == nil {
		s.settings.reset(k.name, s.db.startSettings().settings)
	}
	return err
}

func (s *Session) show(name string) (*Result, error) {
	if name == "" || strings.EqualFold(name, "all") {
		return s.showAll(), nil
	}
	k, err := lookupSetting(name)
	if err != nil {
		return nil, err
	}
	return textResult("SHOW", k.name, []string{s.setting(k.name)}), nil
}

func (s *Session) showAll() *Result {
	var names, values, docs []string
	for _, k := range knownSettings() {
		names, values, docs = append(names, k.name), append(values, s.setting(k.name)), append(docs, k.doc)
	}
	return vectorsResult("SHOW", []string{"name", "setting", "description"}, textVector(names), textVector(values), textVector(docs))
}

// textVector is a column of texts.
func textVector(rows []string) *columnar.Vector {
	v := &columnar.Vector{Type: types.TText, Layout: columnar.Str, Len: len(rows), Offsets: []uint32{0}}
	for _, s := range rows {
		v.Bytes = append(v.Bytes, s...)
		v.Offsets = append(v.Offsets, uint32(len(v.Bytes)))
	}
	return v
}

// executePrepared runs EXECUTE name(args): the arguments are constant expressions.
func (s *Session) executePrepared(ctx context.Context, stmt *ast.Execute, sql string) (*Result, error) {
	p, ok := s.prepared[stmt.Name.Name]
	if !ok {
		return nil, noStatement(stmt.Name)
	}
	sc, err := s.begin(ctx, sql)
	if err != nil {
		return nil, err
	}
	args := make([]any, len(stmt.Args))
	for i, a := range stmt.Args {
		v, err := sc.constant(a)
		if err != nil {
			return nil, sc.end(ctx, err)
		}
		args[i] = v
	}
	if err := sc.end(ctx, nil); err != nil {
		return nil, err
	}
	return s.dispatch(ctx, p, args)
}

// constant evaluates an argument.
func (sc *scope) constant(e ast.Expr) (types.Value, error) {
	sql := "SELECT " + ast.Format(e)
	stmt, err := parser.ParseOne(sql)
	if err != nil {
		return types.Value{}, err
	}
	bound, err := sc.binder(sql, nil).Bind(stmt)
	if err != nil {
		return types.Value{}, err
	}
	if q, ok := bound.(*plan.Query); ok {
		if p, ok := q.Root.(*plan.Project); ok && len(p.Exprs) == 1 && !holdsSubquery(p.Exprs[0].Expr) {
			return sc.fold(p.Exprs[0].Expr)
		}
	}
	return types.Value{}, sqlerr.Unsupported(-1, -1, "an argument that is not a constant expression")
}

func holdsSubquery(e plan.Expr) bool {
	found := false
	plan.Walk(e, func(e plan.Expr) bool {
		_, ok := e.(*plan.Subquery)
		found = found || ok
		return !found
	})
	return found
}

func (s *Session) deallocate(name ast.Ident) error {
	if name.Name == "" {
		s.prepared = map[string]*cachedStatement{}
		return nil
	}
	if _, ok := s.prepared[name.Name]; !ok {
		return noStatement(name)
	}
	delete(s.prepared, name.Name)
	return nil
}

func noStatement(name ast.Ident) error {
	return sqlerr.At(sqlerr.InvalidStatementName, int(name.Pos), int(name.End), "prepared statement %q does not exist", name.Name)
}
