package oxidb

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/arrowio"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/exec/scan"
	"github.com/oxidb/oxidb/exec/write"
	"github.com/oxidb/oxidb/external"
	"github.com/oxidb/oxidb/parser"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/plan/bind"
	"github.com/oxidb/oxidb/plan/optimize"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// dispatch runs one statement: session commands at once, everything else in a scope.
func (s *Session) dispatch(ctx context.Context, text *cachedStatement, args []any) (*Result, error) {
	if !text.kept {
		if r, done, err := s.sessionCommand(ctx, text.stmt, text.sql); done || err != nil {
			return r, err
		}
	}
	ctx, cancel := withTimeout(ctx, s.settings.values().statementTimeout)
	for attempt := 0; ; attempt++ {
		r, err := s.attempt(ctx, cancel, text, args)
		if err == nil {
			return r, nil
		}
		if s.txn != nil || !retried(text.stmt, err) || !pause(ctx, attempt) {
			if cancel != nil {
				cancel()
			}
			return nil, err
		}
	}
}

// attempt runs a statement once. Its result, or who gets an error, ends with cancel, which may be nil.
func (s *Session) attempt(ctx context.Context, cancel context.CancelFunc, text *cachedStatement, args []any) (*Result, error) {
	sc, err := s.begin(ctx, text.sql)
	if err != nil {
		return nil, err
	}
	ctx = sc.ctx
	r, err := sc.statement(ctx, text, args)
	switch {
	case err != nil:
		return nil, sc.end(ctx, err)
	case r.run != nil: // the rows are still to be computed
		sc.open.onlyReads()
		r.scope, r.cancel = sc, cancel
		return r, nil
	}
	if err = sc.end(ctx, nil); err == nil && cancel != nil {
		cancel()
	}
	return r, err
}

// maxAttempts bounds how often a statement of its own transaction is run.
const maxAttempts = 64

// retried reports that a statement may run again: its transaction was its own and lost against
// another, and nobody has seen a row of it.
func retried(stmt ast.Statement, err error) bool {
	if sqlerr.StateOf(err) != sqlerr.SerializationFailure {
		return false
	}
	switch stmt.(type) {
	case *ast.Insert, *ast.Update, *ast.Delete:
		return true
	}
	return false
}

// pause lets the commit that was in the way become visible; false when it is time to give up.
func pause(ctx context.Context, attempt int) bool {
	if attempt+1 >= maxAttempts {
		return false
	}
	most := min(50*time.Microsecond<<min(attempt, 10), 10*time.Millisecond)
	select {
	case <-ctx.Done():
		return false
	case <-time.After(most/2 + rand.N(most/2)):
		return true
	}
}

// statement binds and executes.
func (sc *scope) statement(ctx context.Context, text *cachedStatement, args []any) (*Result, error) {
	if kept, err := sc.cached(text); err != nil {
		return nil, err
	} else if kept != nil {
		return sc.executeKept(ctx, kept, args)
	}
	bound, values, err := sc.bind(text.stmt, text.sql, args)
	if err != nil {
		return nil, err
	}
	return sc.execute(ctx, bound, values)
}

// executeKept executes a statement of the plan cache.
func (sc *scope) executeKept(ctx context.Context, v *boundVariant, args []any) (*Result, error) {
	if v.reused {
		return sc.executeReused(ctx, v, args)
	}
	given, err := arguments(args)
	if err == nil {
		err = fitAll(given, v.params)
	}
	if err != nil {
		return nil, err
	}
	if q, ok := v.bound.(*plan.Query); ok {
		return sc.query(ctx, q, given, v)
	}
	return sc.change(ctx, v.bound, given, nil, v)
}

// executeReused executes a statement whose plan is kept with its operators.
func (sc *scope) executeReused(ctx context.Context, v *boundVariant, args []any) (*Result, error) {
	r, err := sc.again(ctx, v, args)
	if err != nil {
		return nil, err
	}
	if _, ok := v.bound.(*plan.Query); ok {
		return sc.rows(r, v.schema, v.types)
	}
	out, done, err := sc.carryOut(v.bound, r, r.op, r.query.Params)
	r.ended = err == nil
	r.close()
	if err != nil {
		return nil, err
	}
	return out.result(), sc.enforce(ctx, done)
}

// arguments turns Go values into SQL values.
func arguments(args []any) ([]types.Value, error) {
	given := make([]types.Value, len(args))
	for i, a := range args {
		v, err := argument(a)
		if err != nil {
			return nil, err
		}
		given[i] = v
	}
	return given, nil
}

// fitAll brings arguments to the types of the parameters.
func fitAll(given []types.Value, params []types.Type) (err error) {
	if len(params) != len(given) {
		return sqlerr.New(sqlerr.UndefinedParameter, "the statement has %d parameters, but %d arguments were given", len(params), len(given))
	}
	for i := range given {
		if given[i], err = fit(given[i], params[i], i+1); err != nil {
			return err
		}
	}
	return nil
}

// bind resolves stmt; arguments decide parameter types that the statement leaves open.
func (sc *scope) bind(stmt ast.Statement, sql string, args []any) (plan.Statement, []types.Value, error) {
	given, err := arguments(args)
	if err != nil {
		return nil, nil, err
	}
	declared := make([]types.Type, len(given))
	for i := range given {
		declared[i] = given[i].Type
	}
	bound, _, err := sc.bindDeclared(stmt, sql, declared, given)
	if err != nil {
		return nil, nil, err
	}
	return bound, given, fitAll(given, paramsOf(bound))
}

// binder makes a binder for a statement without arguments.
func (sc *scope) binder(sql string, params []types.Type) *bind.Binder {
	return sc.binderFor(sql, params, nil)
}

func (sc *scope) binderFor(sql string, params []types.Type, given []types.Value) *bind.Binder {
	return bind.New(sc.catalog, sc.session.db.registry, bind.Options{
		ParamTypes: params, SQL: sql, ParseView: parser.ParseOne, Location: sc.set.location, Files: external.Opener{FS: sc.session.db.fs, Footers: sc.session.db.footers}, Past: sc.pastOf(given),
		NewID: sc.session.db.store.NewID,
	})
}

// paramsOf are the parameter types that binding found.
func paramsOf(stmt plan.Statement) []types.Type {
	switch s := stmt.(type) {
	case *plan.Query:
		return s.Params
	case *plan.Insert:
		return s.Params
	case *plan.Update:
		return s.Params
	case *plan.Delete:
		return s.Params
	case *plan.CreateTableAs:
		return s.Params
	case *plan.Explain:
		return paramsOf(s.Target)
	case *plan.CopyTo:
		return s.Query.Params
	}
	return nil
}

func (sc *scope) execute(ctx context.Context, stmt plan.Statement, values []types.Value) (*Result, error) {
	switch stmt := stmt.(type) {
	case *plan.Query:
		return sc.query(ctx, stmt, values, nil)
	case *plan.Insert, *plan.Update, *plan.Delete:
		return sc.change(ctx, stmt, values, nil, nil)
	case *plan.CreateTableAs:
		return sc.createTableAs(ctx, stmt, values)
	case *plan.CopyTo:
		return sc.copyTo(ctx, stmt, values)
	case *plan.CopyFrom:
		return sc.copyFrom(ctx, stmt)
	case *plan.Explain:
		return sc.explain(ctx, stmt, values)
	case *plan.Command:
		return sc.command(ctx, stmt)
	}
	return nil, sqlerr.New(sqlerr.InternalError, "statement %T cannot be executed", stmt)
}

// plan is the physical plan of a statement's tree: the kept one with the arguments, or a new one.
func (sc *scope) plan(root plan.Node, values []types.Value, kept *boundVariant) (plan.Node, error) {
	if kept != nil && kept.generic != nil {
		return plan.WithParams(kept.generic, values), nil
	}
	return sc.optimize(root, values)
}

// optimize plans root with this transaction's statistics.
func (sc *scope) optimize(root plan.Node, values []types.Value) (plan.Node, error) {
	if len(values) > 0 {
		root = plan.WithParams(root, values)
	}
	return optimize.Optimize(root, optimize.Env{
		Stats: sc.stats, RoughStats: sc.rough, PreferIndexes: sc.session.settings.settings["enable_seqscan"] == "off", Fold: sc.fold, Aggregate: sc.session.db.registry.Aggregate, Disabled: sc.session.settings.disabled(), Derivations: sc.derivations,
	})
}

// fold evaluates a constant expression.
func (sc *scope) fold(e plan.Expr) (types.Value, error) {
	q := exec.NewQuery(context.Background(), exec.Options{Workers: 1, Function: sc.functions()})
	defer q.Close()
	var value types.Value
	err := q.RunOn(1, func(w *exec.Worker) error {
		ev, err := expr.Compile(e, nil, w)
		if err != nil {
			return err
		}
		v, err := ev.Eval(&columnar.Batch{Len: 1})
		if err != nil {
			return err
		}
		value = v.Value(0)
		value.Type = e.Type()
		return nil
	})
	return value, err
}

// smallInput is the number of rows below which starting and joining workers costs more than they save.
const smallInput = 100_000

// inputRows is how many rows a plan handles: those of its tables, or more where a node is expected to
// make more of them. Files, series, recursions and shared plans count as many.
func (sc *scope) inputRows(n plan.Node) float64 {
	var rows float64
	switch n := n.(type) {
	case *plan.Scan:
		if n.Seek == nil && (n.JoinSeek == nil || !n.JoinSeek.Few) {
			rows = sc.stats(n.Table).Rows
		}
	case *plan.External, *plan.Generate, *plan.Shared, *plan.Recursive:
		rows = smallInput
	}
	for _, v := range plan.RuntimeValues(n) {
		rows += sc.inputRows(v.Input)
	}
	for _, c := range n.Children() {
		rows += sc.inputRows(c)
	}
	return max(rows, n.Est().Rows)
}

// chunks appends the chunks of a table to room, as the statement sees them.
func (sc *scope) chunks(t *catalog.Table, room []scan.Chunk) ([]scan.Chunk, error) {
	if r := sc.transients[t.ID]; r != nil {
		return append(room, r.chunks...), nil
	}
	if t.ID >= systemID {
		return sc.systemChunks(t)
	}
	if t.Past != nil {
		return sc.pastChunks(t)
	}
	return storedChunks(sc.txn, t.ID, room)
}

// query runs a query; kept is what the plan cache has of it, or nil.
func (sc *scope) query(ctx context.Context, stmt *plan.Query, values []types.Value, kept *boundVariant) (*Result, error) {
	root, err := sc.plan(stmt.Root, values, kept)
	if err != nil {
		return nil, err
	}
	r, err := sc.start(ctx, root, false)
	if err != nil {
		return nil, err
	}
	schema, kinds := outputSchema(stmt.Names, root.Columns())
	return sc.rows(r, schema, kinds)
}

// rows prepares a query and gives the result that computes its rows.
func (sc *scope) rows(r *running, schema *arrow.Schema, kinds []types.Type) (*Result, error) {
	if err := r.prepare(); err != nil {
		r.close()
		return nil, err
	}
	return &Result{schema: schema, types: kinds, tag: "SELECT", rows: true, computed: true, run: r}, nil
}

func outputSchema(names []string, cols []plan.Column) (*arrow.Schema, []types.Type) {
	kinds := make([]types.Type, len(cols))
	for i := range cols {
		kinds[i] = cols[i].Typ
	}
	return arrowio.Schema(names, kinds), kinds
}

// change runs INSERT, UPDATE or DELETE with what foreign keys make of it; op, when not nil, replaces
// the statement's own input, kept is what the plan cache has of it, or nil.
func (sc *scope) change(ctx context.Context, stmt plan.Statement, values []types.Value, op exec.Operator, kept *boundVariant) (*Result, error) {
	if insert, ok := stmt.(*plan.Insert); ok && insert.Conflict != nil {
		return sc.upsert(ctx, insert, values, kept)
	}
	out, done, err := sc.apply(ctx, stmt, values, op, kept)
	if err != nil {
		return nil, err
	}
	return out.result(), sc.enforce(ctx, done)
}

// changed is what a changing statement gives: rows of RETURNING, and a count.
type changed struct {
	tag       string
	returning bool
	schema    *arrow.Schema
	types     []types.Type
	records   []arrow.RecordBatch
	affected  int64
}

// changes is what a target will give.
func changes(target *write.Target, tag string, names []string) *changed {
	out := &changed{tag: tag, returning: len(target.Returning) > 0}
	if out.returning {
		cols := make([]plan.Column, len(target.Returning))
		for i, e := range target.Returning {
			cols[i] = e.Out
		}
		out.schema, out.types = outputSchema(names, cols)
		target.Emit = func(b *columnar.Batch) error {
			rec, err := arrowio.Record(out.schema, b)
			out.records = append(out.records, rec)
			return err
		}
	}
	return out
}

func (c *changed) result() *Result {
	r := emptyResult(c.tag)
	if c.returning {
		r = recordsResult(c.tag, c.schema, c.types, c.records...)
	}
	r.affected = c.affected
	return r
}

// apply runs INSERT, UPDATE or DELETE and tells what it did.
func (sc *scope) apply(ctx context.Context, stmt plan.Statement, values []types.Value, op exec.Operator, kept *boundVariant) (*changed, *effect, error) {
	input := inputOf(stmt)
	if s, ok := stmt.(*plan.Insert); ok && op == nil {
		input = clustered(input, s.Table)
	}
	root, err := sc.plan(input, values, kept)
	if err != nil {
		return nil, nil, err
	}
	r, err := sc.start(ctx, root, false)
	if err != nil {
		return nil, nil, err
	}
	defer r.close()
	if op == nil {
		op = r.op
	}
	return sc.carryOut(stmt, r, op, values)
}

// carryOut changes a table by the rows of op, in a query that has begun.
func (sc *scope) carryOut(stmt plan.Statement, r *running, op exec.Operator, values []types.Value) (out *changed, done *effect, err error) {
	target, tag, names := r.changing(sc, stmt)
	done = &effect{table: target.Table, place: sc.txn.Place(target.Table.ID), wrote: tag != "DELETE", update: tag == "UPDATE"}
	if tag != "INSERT" {
		done.watch = sc.watched(target.Table)
		target.Watch = done.watch
	}
	if u, ok := stmt.(*plan.Update); ok {
		done.changed, target.Once = u.Written(), u.Once
	}
	if r.home == nil {
		bindTarget(target, values)
	}
	out = changes(target, tag, names)
	switch tag {
	case "INSERT":
		out.affected, err = target.Insert(r.query, op)
	case "UPDATE":
		out.affected, err = target.Update(r.query, op)
	default:
		out.affected, err = target.Delete(r.query, op)
	}
	if err != nil {
		return nil, nil, err
	}
	done.gone, done.after = target.Changed, target.After
	return out, done, nil
}

// changing is the target of a statement; a kept plan has one for all executions.
func (r *running) changing(sc *scope, stmt plan.Statement) (target *write.Target, tag string, names []string) {
	if r.target == nil || r.home == nil {
		r.target, _, r.tag, r.names = sc.target(stmt)
	}
	r.target.Reuse(sc.txn)
	return r.target, r.tag, r.names
}

// bindTarget puts values in for the parameters of a target of its own.
func bindTarget(target *write.Target, values []types.Value) {
	target.Checks, target.Returning = clone(target.Checks), clone(target.Returning)
	for i := range target.Checks {
		target.Checks[i] = plan.ExprWithParams(target.Checks[i], values)
	}
	for i := range target.Returning {
		target.Returning[i].Expr = plan.ExprWithParams(target.Returning[i].Expr, values)
	}
}

// target is the table that a statement changes, and the plan of the rows.
func (sc *scope) target(stmt plan.Statement) (t *write.Target, input plan.Node, tag string, names []string) {
	switch s := stmt.(type) {
	case *plan.Insert:
		return &write.Target{Txn: sc.txn, Table: s.Table, RowCols: s.RowCols, Checks: s.Checks, CheckName: s.CheckName, Returning: s.Returning}, s.Input, "INSERT", s.Names
	case *plan.Update:
		return &write.Target{Txn: sc.txn, Table: s.Table, RowCols: s.RowCols, Checks: s.Checks, CheckName: s.CheckName, Returning: s.Returning}, s.Input, "UPDATE", s.Names
	}
	s := stmt.(*plan.Delete)
	return &write.Target{Txn: sc.txn, Table: s.Table, RowCols: s.RowCols, Returning: s.Returning}, s.Input, "DELETE", s.Names
}

func clone[T any](s []T) []T { return append([]T(nil), s...) }
