package oxidb

import (
	"context"
	"slices"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/catalog/systables"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/parser"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// command carries out a checked statement that changes the catalog or keeps the store.
func (sc *scope) command(ctx context.Context, cmd *plan.Command) (*Result, error) {
	w := sc.session.db.catalog.Writer(sc.txn)
	switch stmt := cmd.Stmt.(type) {
	case *ast.CreateTable:
		if cmd.Table == nil { // IF NOT EXISTS of a table that exists
			return emptyResult("CREATE TABLE"), nil
		}
		t, err := w.CreateTable(cmd.Table)
		if err != nil {
			return nil, err
		}
		if err := sc.touchReferenced(w, nil, t); err != nil {
			return nil, err
		}
		return emptyResult("CREATE TABLE"), sc.changeSequences(ctx, w, cmd.Sequences, t.ID)
	case *ast.CreateSequence:
		return emptyResult("CREATE SEQUENCE"), sc.changeSequences(ctx, w, cmd.Sequences, 0)
	case *ast.CreateTableAs:
		return emptyResult("CREATE TABLE AS"), nil
	case *ast.CloneTable:
		if cmd.Table == nil {
			return emptyResult("CREATE TABLE"), nil
		}
		return emptyResult("CREATE TABLE"), sc.cloneTable(ctx, cmd)
	case *ast.CreateView:
		return emptyResult("CREATE VIEW"), w.CreateView(cmd.View, stmt.OrReplace)
	case *ast.CreateIndex:
		if stmt.Concurrently && sc.explicit { // it is as any other: building an index blocks nobody
			return nil, sqlerr.At(sqlerr.ActiveTransaction, int(stmt.Pos), int(stmt.End), "CREATE INDEX CONCURRENTLY cannot run inside a transaction block")
		}
		return emptyResult("CREATE INDEX"), sc.alter(ctx, w, cmd.Table)
	case *ast.AlterTable:
		return emptyResult("ALTER " + stmt.Kind.String()), sc.alterTable(ctx, w, cmd)
	case *ast.CreateSchema:
		if sc.catalog.HasSchema(stmt.Name.Name) {
			return emptyResult("CREATE SCHEMA"), nil
		}
		return emptyResult("CREATE SCHEMA"), w.CreateSchema(stmt.Name.Name)
	case *ast.Drop:
		return sc.drop(w, stmt)
	case *ast.Truncate:
		return sc.truncate(ctx, w, stmt)
	case *ast.Reindex:
		return emptyResult("REINDEX"), sc.reindex(ctx, stmt)
	case *ast.Analyze: // statistics are merged from the chunks' own whenever they are asked for
		return emptyResult("ANALYZE"), nil
	case *ast.Vacuum:
		if sc.explicit {
			return nil, sqlerr.At(sqlerr.ActiveTransaction, int(stmt.Pos), int(stmt.End), "VACUUM cannot run inside a transaction block")
		}
		return emptyResult("VACUUM"), sc.vacuum(ctx, stmt)
	}
	pos, end := cmd.Stmt.Range()
	return nil, sqlerr.Unsupported(pos, end, "this statement")
}

// alterTable carries ALTER TABLE and ALTER SEQUENCE out.
func (sc *scope) alterTable(ctx context.Context, w *systables.Writer, cmd *plan.Command) error {
	if len(cmd.Sequences) > 0 {
		if err := sc.changeSequences(ctx, w, cmd.Sequences, 0); err != nil {
			return err
		}
	}
	for _, k := range cmd.Unreferenced {
		if err := sc.dropForeign(w, k.Table.ID, func(f catalog.Foreign) bool { return f.Name == k.Name }); err != nil {
			return err
		}
	}
	if cmd.Rewrite != nil {
		return sc.rewrite(ctx, w, cmd)
	}
	return sc.alter(ctx, w, cmd.Table)
}

// alter replaces a table's descriptor after its rows have been found to obey the new one. A nil
// descriptor means that there is nothing to do.
func (sc *scope) alter(ctx context.Context, w *systables.Writer, changed *catalog.Table) error {
	if changed == nil {
		return nil
	}
	old := sc.tableByID(changed.ID)
	if old == nil {
		return sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", changed.Name)
	}
	next := *changed
	next.Columns = slices.Clone(changed.Columns)
	for i := range next.Columns {
		if err := sc.checkColumn(ctx, old, &next, &next.Columns[i]); err != nil {
			return err
		}
	}
	if err := w.AlterTable(old, &next); err != nil {
		return err
	}
	return sc.verify(ctx, w, old, next.ID)
}

// verify checks the rows of an altered table against the constraints that are new, or valid only now.
func (sc *scope) verify(ctx context.Context, w *systables.Writer, old *catalog.Table, id catalog.ID) error {
	if err := sc.refresh(); err != nil {
		return err
	}
	t, ok := sc.catalog.ByID(id)
	if !ok {
		return sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", old.Name)
	}
	for _, c := range t.Checks {
		if c.NotValid || slices.ContainsFunc(old.Checks, func(o catalog.Check) bool { return o.Expr == c.Expr && !o.NotValid }) {
			continue
		}
		if err := sc.checkHolds(ctx, t, c); err != nil {
			return err
		}
	}
	for i := range t.Foreign {
		f := &t.Foreign[i]
		if f.NotValid || slices.ContainsFunc(old.Foreign, func(o catalog.Foreign) bool {
			return o.ID == f.ID && !o.NotValid && slices.Equal(o.Fields, f.Fields)
		}) {
			continue
		}
		if err := sc.checkAll(ctx, t, f); err != nil {
			return err
		}
	}
	return sc.touchReferenced(w, old, t)
}

// touchReferenced makes the tables that new foreign keys refer to conflict with whoever changes them
// without knowing.
func (sc *scope) touchReferenced(w *systables.Writer, old, t *catalog.Table) error {
	for _, f := range t.Foreign {
		if old != nil && slices.ContainsFunc(old.Foreign, func(o catalog.Foreign) bool { return o.ID == f.ID }) {
			continue
		}
		if parent, ok := sc.catalog.ByID(f.Table); ok && parent.ID != t.ID {
			if err := w.Touch(parent); err != nil {
				return err
			}
		}
	}
	return nil
}

// dropForeign drops foreign keys of a table.
func (sc *scope) dropForeign(w *systables.Writer, id catalog.ID, drop func(catalog.Foreign) bool) error {
	t, ok := sc.catalog.ByID(id)
	if !ok {
		return nil
	}
	changed := *t
	changed.Foreign = slices.DeleteFunc(slices.Clone(t.Foreign), drop)
	if err := w.AlterTable(t, &changed); err != nil {
		return err
	}
	return sc.refresh()
}

// rewrite replaces a table's descriptor and all its rows.
func (sc *scope) rewrite(ctx context.Context, w *systables.Writer, cmd *plan.Command) error {
	old := sc.tableByID(cmd.Table.ID)
	if old == nil {
		return sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", cmd.Table.Name)
	}
	target, input, _, _ := sc.target(cmd.Rewrite)
	root, err := sc.optimize(input, nil)
	if err != nil {
		return err
	}
	r, err := sc.start(ctx, root, false)
	if err != nil {
		return err
	}
	defer r.query.Close()
	if err := target.Replace(r.query, r.op, func() error { return w.AlterTable(old, cmd.Table) }); err != nil {
		return err
	}
	return sc.verify(ctx, w, old, cmd.Table.ID)
}

func (sc *scope) tableByID(id catalog.ID) *catalog.Table {
	for _, t := range sc.catalog.Tables() {
		if t.ID == id {
			return t
		}
	}
	return nil
}

// refresh shows the scope the catalog as it is after changes of its own.
func (sc *scope) refresh() error {
	view, err := sc.session.db.catalog.View(sc.txn, sc.session.settings.values().searchPath)
	sc.view, sc.catalog = view, systemReader{view}
	return err
}

// checkColumn verifies that rows have values where a column becomes NOT NULL, and fixes what older
// rows have in an added one.
func (sc *scope) checkColumn(ctx context.Context, old, changed *catalog.Table, c *catalog.Column) error {
	at := old.OrdinalOf(c.FieldID)
	if at < 0 {
		return sc.addedColumn(ctx, changed, c)
	}
	if !c.NotNull || old.Columns[at].NotNull {
		return nil
	}
	found, err := sc.exists(ctx, "SELECT 1 FROM "+ast.QuoteIdent(old.Schema)+"."+ast.QuoteIdent(old.Name)+" WHERE "+ast.QuoteIdent(old.Columns[at].Name)+" IS NULL LIMIT 1")
	if err == nil && found {
		err = containsNulls(c.Name, old.Name)
	}
	return err
}

func containsNulls(column, table string) error {
	return sqlerr.New(sqlerr.NotNullViolation, "column %q of relation %q contains null values", column, table)
}

func (sc *scope) addedColumn(ctx context.Context, table *catalog.Table, c *catalog.Column) error {
	if c.Default != "" {
		e, err := sc.binder("", nil).Default(*c)
		if err != nil {
			return err
		}
		v, err := sc.fold(e)
		if err != nil {
			return err
		}
		if !v.Null {
			text := types.Format(v)
			c.Missing = &text
			return nil
		}
	}
	if !c.NotNull {
		return nil
	}
	sc.txn.NoteRead(table.ID, mvcc.Read{Always: true})
	stored, err := sc.txn.Table(table.ID)
	if err == nil && stored.Rows() > 0 {
		err = containsNulls(c.Name, table.Name)
	}
	return err
}

// checkHolds verifies a new CHECK constraint for the rows there are.
func (sc *scope) checkHolds(ctx context.Context, t *catalog.Table, c catalog.Check) error {
	found, err := sc.exists(ctx, "SELECT 1 FROM "+ast.QuoteIdent(t.Schema)+"."+ast.QuoteIdent(t.Name)+" WHERE NOT ("+c.Expr+") LIMIT 1")
	if err == nil && found {
		err = sqlerr.New(sqlerr.CheckViolation, "check constraint %q of relation %q is violated by some row", c.Name, t.Name)
	}
	return err
}

// exists reports whether a query has rows, now and until the transaction commits.
func (sc *scope) exists(ctx context.Context, sql string) (bool, error) {
	stmt, err := parser.ParseOne(sql)
	if err != nil {
		return false, err
	}
	sc.checking = true
	defer func() { sc.checking = false }()
	r, err := sc.statement(ctx, &cachedStatement{sql: sql, stmt: stmt}, nil)
	if err != nil {
		return false, err
	}
	n, err := r.Drain()
	return n > 0, err
}

func (sc *scope) drop(w *systables.Writer, stmt *ast.Drop) (*Result, error) {
	tag := "DROP " + stmt.Kind.String()
	if stmt.Concurrently && sc.explicit { // it is as any other: dropping an index waits for nobody
		return nil, sqlerr.At(sqlerr.ActiveTransaction, int(stmt.Pos), int(stmt.End), "DROP INDEX CONCURRENTLY cannot run inside a transaction block")
	}
	for _, name := range stmt.Names {
		var err error
		switch stmt.Kind {
		case ast.SchemaObject:
			err = sc.dropSchema(w, name, stmt)
		case ast.IndexObject:
			err = sc.dropIndex(w, name)
		case ast.SequenceObject:
			err = sc.dropSequence(w, name)
		default:
			err = sc.dropRelation(w, name, stmt.Behavior == ast.Cascade)
		}
		if err != nil {
			return nil, err
		}
		if err := sc.refresh(); err != nil {
			return nil, err
		}
	}
	return emptyResult(tag), nil
}

// dropRelation drops a table or view with what depends on it; one that does not exist passed the
// binder by IF EXISTS.
func (sc *scope) dropRelation(w *systables.Writer, name *ast.Name, cascade bool) error {
	for _, schema := range searchIn(name.Schema(), sc.catalog) {
		if v, ok := sc.catalog.View(schema, name.Base()); ok {
			return w.DropView(v)
		}
		if t, ok := sc.catalog.Table(schema, name.Base()); ok {
			return sc.dropTable(w, t, cascade)
		}
	}
	return nil
}

func (sc *scope) dropTable(w *systables.Writer, t *catalog.Table, cascade bool) error {
	if err := sc.dropDependents(w, t.Name, "table", cascade, func(n plan.Node) bool {
		s, ok := n.(*plan.Scan)
		return ok && s.Table.ID == t.ID
	}); err != nil {
		return err
	}
	for _, r := range sc.catalog.References(t.ID) { // the binder has seen to it that they may go
		if r.From.ID == t.ID {
			continue
		}
		if err := sc.dropForeign(w, r.From.ID, func(f catalog.Foreign) bool { return f.Table == t.ID }); err != nil {
			return err
		}
	}
	if err := sc.dropOwned(w, t, cascade); err != nil {
		return err
	}
	return w.DropTable(t)
}

// dropDependents finds the views that read what is dropped: an error 2BP01, or dropped with it.
func (sc *scope) dropDependents(w *systables.Writer, name, kind string, cascade bool, reads func(plan.Node) bool) error {
	for _, v := range sc.catalog.Views() {
		root, err := sc.viewPlan(v)
		if err != nil || !plan.Contains(root, reads) { // a view that does not bind reads nothing
			continue
		}
		if !cascade {
			return sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot drop %s %s because other objects depend on it", kind, name).
				WithDetail("view %s depends on %s %s", v.Name, kind, name).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
		}
		if err := w.DropView(v); err != nil {
			return err
		}
	}
	return nil
}

func (sc *scope) dropIndex(w *systables.Writer, name *ast.Name) error {
	for _, t := range sc.catalog.Tables() {
		isIt := func(x *catalog.Index) bool {
			return x.Name == name.Base() && (name.Schema() == "" || name.Schema() == t.Schema)
		}
		if !slices.ContainsFunc(t.Indexes, func(x catalog.Index) bool { return isIt(&x) }) &&
			!slices.ContainsFunc(t.Derived, func(x catalog.DerivedIndex) bool { return isIt(&x.Index) }) {
			continue
		}
		t, err := sc.dropNeeding(w, t, name.Base())
		if err != nil {
			return err
		}
		changed := *t
		changed.Indexes = slices.DeleteFunc(slices.Clone(t.Indexes), func(x catalog.Index) bool { return isIt(&x) })
		changed.Derived = slices.DeleteFunc(slices.Clone(t.Derived), func(x catalog.DerivedIndex) bool { return isIt(&x.Index) })
		return w.AlterTable(t, &changed)
	}
	return nil
}

func (sc *scope) dropSchema(w *systables.Writer, name *ast.Name, stmt *ast.Drop) error {
	schema := name.Base()
	if !sc.catalog.HasSchema(schema) {
		return nil
	}
	if stmt.Behavior == ast.Cascade {
		for _, v := range sc.catalog.Views() {
			if v.Schema == schema {
				if err := w.DropView(v); err != nil {
					return err
				}
			}
		}
		for _, t := range sc.catalog.Tables() {
			if t.Schema == schema {
				if err := sc.dropTable(w, t, true); err != nil {
					return err
				}
			}
		}
		if err := sc.dropSequencesOf(w, schema); err != nil {
			return err
		}
	}
	return w.DropSchema(schema)
}

// truncate deletes all rows of the tables, with CASCADE also of those that refer to them.
func (sc *scope) truncate(ctx context.Context, w *systables.Writer, stmt *ast.Truncate) (*Result, error) {
	var tables []*catalog.Table
	for _, name := range stmt.Tables {
		t, err := sc.table(name.Schema(), name.Base())
		if err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	for i := 0; i < len(tables); i++ {
		for _, r := range sc.catalog.References(tables[i].ID) {
			if !slices.Contains(tables, r.From) {
				tables = append(tables, r.From)
			}
		}
	}
	for _, t := range tables {
		if _, _, err := sc.apply(ctx, sc.binder("", nil).DeleteAll(t), nil, nil, nil); err != nil {
			return nil, err
		}
		if !stmt.RestartIdentity {
			continue
		}
		if err := sc.restartOwned(w, t); err != nil {
			return nil, err
		}
	}
	return emptyResult("TRUNCATE TABLE"), sc.refresh()
}

// viewPlan binds a view's query.
func (sc *scope) viewPlan(v *catalog.View) (plan.Node, error) {
	stmt, err := parser.ParseOne(v.Query)
	if err != nil {
		return nil, err
	}
	bound, err := sc.binder(v.Query, nil).Bind(stmt)
	if err != nil {
		return nil, err
	}
	q, ok := bound.(*plan.Query)
	if !ok {
		return nil, sqlerr.New(sqlerr.InternalError, "view %s is not a query", v.Name)
	}
	return q.Root, nil
}

// viewColumns are a view's column names and types.
func (sc *scope) viewColumns(v *catalog.View) ([]string, []types.Type, error) {
	root, err := sc.viewPlan(v)
	if err != nil {
		return nil, nil, err
	}
	var kinds []types.Type
	for _, c := range root.Columns() {
		kinds = append(kinds, c.Typ)
	}
	return v.Columns, kinds, nil
}
