package bind

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// pastRef binds a table or view as of a version: its name, columns and constraints are those of then.
// What a view reads is read as of that version, too.
func (b *Binder) pastRef(t *ast.TableRef) (*fromItem, error) {
	if s := t.Name.Schema(); s == "information_schema" || s == "pg_catalog" {
		return nil, unsupported(t.AsOf, "AS OF on a system relation")
	}
	when, err := b.moment(t.AsOf)
	if err != nil {
		return nil, err
	}
	reader, version, err := b.past(when, t.AsOf)
	if err != nil {
		return nil, err
	}
	now := b.reader
	b.reader = reader
	item, err := b.storedRef(t)
	b.reader = now
	b.noteToday(t.Name)
	var e *sqlerr.Error
	if asError(err, &e) && e.State == sqlerr.UndefinedTable && e.Detail == "" {
		return nil, e.WithDetail("This is looked up as of version %d.", version)
	}
	return item, err
}

// noteToday makes a reference to the past one to today's table or view of the name.
func (b *Binder) noteToday(n *ast.Name) {
	table, view, err := b.lookupRelation(n)
	switch {
	case err != nil:
	case table != nil:
		b.readTables[table] = true
	default:
		b.readViews[view] = true
	}
}

// moment binds the expression of AS OF: a bigint or a timestamptz without columns.
func (b *Binder) moment(a *ast.AsOf) (plan.Expr, error) {
	want := types.TBigInt
	if a.Time {
		want = types.TTimestampTZ
	}
	return b.momentOf(a.X, want, "AS OF")
}

func (b *Binder) momentOf(x ast.Expr, want types.Type, clause string) (plan.Expr, error) {
	sc := newScope(nil, nil, nil)
	sc.clause = clause
	e, err := b.expr(sc, x)
	if err != nil {
		return nil, withPosition(err, x)
	}
	if hasSubquery(e) {
		return nil, unsupported(x, "a subquery in "+clause)
	}
	return b.coerce(e, want, implicitCast, x)
}

func (b *Binder) past(when plan.Expr, at ast.Node) (catalog.Reader, uint64, error) {
	if b.opts.Past == nil {
		return nil, 0, unsupported(at, "AS OF")
	}
	reader, version, err := b.opts.Past(when)
	return reader, version, withPosition(err, at)
}

// history is oxidb_history('table', from, to): the rows that commits after from, up to and including
// to, inserted and deleted. The columns are those that the table has at to, without what was declared
// of them, for older rows need not obey it.
func (b *Binder) history(f *ast.FuncCall, t *ast.FuncRef) (*fromItem, error) {
	if len(f.Args) != 3 {
		return nil, errAt(sqlerr.UndefinedFunction, f, "oxidb_history takes a table's name and two versions or times")
	}
	name, err := b.historyName(f.Args[0])
	if err != nil {
		return nil, err
	}
	_, since, err := b.historyBound(f.Args[1])
	if err != nil {
		return nil, err
	}
	reader, version, err := b.historyBound(f.Args[2])
	if err != nil {
		return nil, err
	}
	if since > version {
		return nil, errAt(sqlerr.InvalidParameterValue, f, "the history from version %d to version %d is empty", since, version).
			WithHint("The earlier version comes first.")
	}
	now := b.reader
	b.reader = reader
	table, view, err := b.lookupRelation(name)
	b.reader = now
	if err != nil {
		return nil, withPosition(err, f.Args[0])
	}
	if view != nil {
		return nil, errAt(sqlerr.WrongObjectType, f.Args[0], "%q is a view, which has no history of its own", name.Base())
	}
	b.noteToday(name)
	scan := b.scan(historyTable(table, since))
	item, err := aliased(&relational{node: scan, cols: scan.Cols, names: columnNames(scan.Cols)}, "oxidb_history", t.Alias)
	if err == nil {
		scan.Alias = item.rels[0].alias
	}
	return item, err
}

// historyTable describes the changes of a table as a table.
func historyTable(t *catalog.Table, since uint64) *catalog.Table {
	past := *t.Past
	past.History, past.Since = true, since
	h := &catalog.Table{ID: t.ID, Schema: t.Schema, Name: t.Name, Past: &past}
	for _, c := range t.Columns {
		c.NotNull = false
		h.Columns = append(h.Columns, c)
	}
	h.Columns = append(h.Columns,
		catalog.Column{FieldID: catalog.HistoryChange, Name: "_change", Type: types.TText, NotNull: true},
		catalog.Column{FieldID: catalog.HistoryVersion, Name: "_version", Type: types.TBigInt, NotNull: true},
		catalog.Column{FieldID: catalog.HistoryTime, Name: "_time", Type: types.TTimestampTZ})
	return h
}

// historyBound opens the catalog as of a bound: an integer is a version, anything else a time.
func (b *Binder) historyBound(x ast.Expr) (catalog.Reader, uint64, error) {
	sc := newScope(nil, nil, nil)
	sc.clause = "oxidb_history"
	e, err := b.expr(sc, x)
	if err != nil {
		return nil, 0, withPosition(err, x)
	}
	want := types.TTimestampTZ
	if _, param := e.(*plan.Param); e.Type().IsInteger() || param && e.Type().Kind == types.Unknown {
		want = types.TBigInt
	}
	when, err := b.momentOf(x, want, "oxidb_history")
	if err != nil {
		return nil, 0, err
	}
	return b.past(when, x)
}

// historyName reads the table's name from a text constant.
func (b *Binder) historyName(x ast.Expr) (*ast.Name, error) {
	v, err := b.constant(newScope(nil, nil, nil), x)
	if err != nil {
		return nil, err
	}
	parts, ok := ast.SplitName(v.S)
	if v.Null || !v.Type.IsText() || !ok || len(parts) > 2 {
		return nil, errAt(sqlerr.InvalidName, x, "oxidb_history wants the name of a table as its first argument")
	}
	pos, end := x.Range()
	span := ast.Span{Pos: int32(pos), End: int32(end)}
	n := &ast.Name{Span: span}
	for _, p := range parts {
		n.Parts = append(n.Parts, ast.Ident{Span: span, Name: p})
	}
	return n, nil
}
