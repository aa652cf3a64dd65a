package oxidb

import (
	"context"
	"strings"

	"github.com/oxidb/oxidb/parser"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Arguments are a CALL's arguments: positional ones in order, named ones by lower-case name.
type Arguments struct {
	Positional []types.Value
	Named      map[string]types.Value
}

// Procedure is what CALL runs. It may use db, but not the calling session.
type Procedure func(ctx context.Context, db *DB, args Arguments) error

// ownProcedures are the procedures that every database has.
func ownProcedures() map[string]Procedure {
	return map[string]Procedure{"oxidb_end_transaction": endTransaction, "oxidb_check": checkDatabase, "oxidb_archive": archiveNow}
}

// endTransaction is CALL oxidb_end_transaction(id).
func endTransaction(_ context.Context, db *DB, args Arguments) error {
	if len(args.Positional) != 1 || len(args.Named) > 0 || !args.Positional[0].Type.IsInteger() || args.Positional[0].Null {
		return sqlerr.New(sqlerr.UndefinedFunction, "oxidb_end_transaction takes the number of a transaction").
			WithHint("SELECT id FROM oxidb_transactions lists them.")
	}
	return db.EndTransaction(uint64(args.Positional[0].I))
}

// RegisterProcedure makes CALL name(…) run p. It replaces an earlier one of that name.
func (db *DB) RegisterProcedure(name string, p Procedure) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.procedures[strings.ToLower(name)] = p
}

// call runs CALL. A procedure works in transactions of its own, hence not inside a block.
func (s *Session) call(ctx context.Context, stmt *ast.Call) (*Result, error) {
	name := stmt.Func.Name.Base()
	s.db.mu.Lock()
	p, ok := s.db.procedures[name]
	s.db.mu.Unlock()
	if !ok {
		return nil, sqlerr.At(sqlerr.UndefinedFunction, int(stmt.Pos), int(stmt.End), "procedure %s does not exist", name)
	}
	if s.txn != nil {
		return nil, sqlerr.At(sqlerr.ActiveTransaction, int(stmt.Pos), int(stmt.End), "CALL %s cannot run inside a transaction block", name)
	}
	sc, err := s.begin(ctx, "CALL "+name)
	if err != nil {
		return nil, err
	}
	args, err := sc.arguments(sc.ctx, stmt)
	if err = sc.end(ctx, err); err != nil {
		return nil, err
	}
	return emptyResult("CALL"), p(ctx, s.db, args)
}

func (sc *scope) arguments(ctx context.Context, stmt *ast.Call) (Arguments, error) {
	args := Arguments{Named: map[string]types.Value{}}
	for _, a := range stmt.Func.Args {
		x, name := a, ""
		if n, ok := a.(*ast.NamedArg); ok {
			x, name = n.Value, n.Name.Name
		}
		v, err := sc.constant(x)
		if sqlerr.StateOf(err) == sqlerr.FeatureNotSupported {
			v, err = sc.single(ctx, x)
		}
		if err != nil {
			return args, err
		}
		if name != "" {
			args.Named[name] = v
		} else {
			args.Positional = append(args.Positional, v)
		}
	}
	return args, nil
}

// single computes an argument that is no constant: one with a subquery.
func (sc *scope) single(ctx context.Context, e ast.Expr) (types.Value, error) {
	sql := "SELECT " + ast.Format(e)
	stmt, err := parser.ParseOne(sql)
	if err != nil {
		return types.Value{}, err
	}
	r, err := sc.statement(ctx, &cachedStatement{sql: sql, stmt: stmt}, nil)
	if err != nil {
		return types.Value{}, err
	}
	defer r.Close()
	for row, err := range r.Rows() {
		if err != nil {
			return types.Value{}, err
		}
		return argument(row[0])
	}
	return types.Value{}, sqlerr.New(sqlerr.InternalError, "an argument without a value: %s", sql)
}
