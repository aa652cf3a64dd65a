package bind

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

func (b *Binder) bindCreateTableAs(x *ast.CreateTableAs) (plan.Statement, error) {
	switch {
	case x.Materialized:
		return nil, unsupported(x, "CREATE MATERIALIZED VIEW")
	case x.Persistence == ast.Unlogged:
		return nil, unsupported(x, "UNLOGGED")
	case len(x.Options) > 0:
		return nil, unsupported(x.Options[0], "a storage option of a table")
	case x.OnCommit == ast.OnCommitDelete || x.OnCommit == ast.OnCommitDrop:
		return nil, unsupported(x, "ON COMMIT DELETE ROWS and ON COMMIT DROP")
	}
	q, ok := x.Query.(*ast.Query)
	if !ok {
		return nil, unsupported(x.Query, "CREATE TABLE AS of a statement other than a query")
	}
	schema, exists, err := b.newRelation(x.Name)
	if err != nil {
		return nil, err
	}
	if exists {
		if x.IfNotExists {
			return &plan.Command{Stmt: x}, nil
		}
		return nil, errAt(sqlerr.DuplicateTable, x.Name, "relation %q already exists", x.Name.Base())
	}
	rel, err := b.bindQuery(q, queryContext{})
	if err != nil {
		return nil, err
	}
	names, err := outputNames(rel, x.Columns, x)
	if err != nil {
		return nil, err
	}
	table := &catalog.Table{Schema: schema, Name: x.Name.Base(), Temp: x.Persistence == ast.Temporary, NextField: 1}
	for i, c := range rel.cols {
		table.Columns = append(table.Columns, catalog.Column{FieldID: table.NextField, Name: names[i], Type: c.Typ})
		table.NextField++
	}
	out := &plan.CreateTableAs{Table: table, IfNotExists: x.IfNotExists, Input: rel.node}
	if x.WithNoData {
		out.Input = nil
	}
	return out, nil
}

// outputNames are the column names of a table or view made from a query.
func outputNames(rel *relational, given []ast.Ident, at ast.Node) ([]string, error) {
	if len(given) > len(rel.cols) {
		return nil, errAt(sqlerr.SyntaxError, given[len(rel.cols)], "too many column names were specified")
	}
	if len(rel.cols) > MaxTableColumns {
		return nil, errAt(sqlerr.TooManyColumns, at, "tables can have at most %d columns", MaxTableColumns)
	}
	names := renamed(rel.names, given)
	seen := map[string]struct{}{}
	for _, n := range names {
		if _, twice := seen[n]; twice {
			return nil, errAt(sqlerr.DuplicateColumn, at, "column %q specified more than once", n)
		}
		seen[n] = struct{}{}
	}
	return names, nil
}

func (b *Binder) bindCreateView(x *ast.CreateView) (plan.Statement, error) {
	switch {
	case x.Persistence != ast.Permanent:
		return nil, unsupported(x, "a temporary view")
	case x.Recursive:
		return nil, unsupported(x, "CREATE RECURSIVE VIEW")
	case len(x.Options) > 0:
		return nil, unsupported(x.Options[0], "an option of a view")
	case x.CheckOption != "":
		return nil, unsupported(x, "WITH CHECK OPTION")
	}
	schema, exists, err := b.newRelation(x.Name)
	if err != nil {
		return nil, err
	}
	old, isView := b.reader.View(schema, x.Name.Base())
	switch {
	case exists && !x.OrReplace:
		return nil, errAt(sqlerr.DuplicateTable, x.Name, "relation %q already exists", x.Name.Base())
	case exists && !isView:
		return nil, errAt(sqlerr.WrongObjectType, x.Name, "%q is not a view", x.Name.Base())
	}
	b.fixStars = true
	rel, err := b.bindQuery(x.Query, queryContext{})
	b.fixStars = false
	if err != nil {
		return nil, err
	}
	if len(b.params) > 0 {
		return nil, errAt(sqlerr.UndefinedParameter, x.Query, "there is no parameter $%d", len(b.params))
	}
	view := &catalog.View{Schema: schema, Name: x.Name.Base(), Query: ast.Format(x.Query)}
	if view.Columns, err = outputNames(rel, x.Columns, x); err != nil {
		return nil, err
	}
	if isView {
		view.ID = old.ID
		if err := b.checkReplacement(old, view, rel, x); err != nil {
			return nil, err
		}
	}
	return &plan.Command{Stmt: x, View: view}, nil
}

// checkReplacement: CREATE OR REPLACE VIEW may add columns at the end only.
func (b *Binder) checkReplacement(old, view *catalog.View, rel *relational, at ast.Node) error {
	before, err := b.viewRelation(old, at)
	if err != nil {
		return err
	}
	if len(view.Columns) < len(old.Columns) {
		return errAt(sqlerr.InvalidTableDefinition, at, "cannot drop columns from view")
	}
	for i, name := range old.Columns {
		if view.Columns[i] != name {
			return errAt(sqlerr.InvalidTableDefinition, at, "cannot change name of view column %q to %q", name, view.Columns[i]).
				WithHint("Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.")
		}
		if was, is := before.cols[i].Typ, rel.cols[i].Typ; was != is {
			return errAt(sqlerr.InvalidTableDefinition, at, "cannot change data type of view column %q from %s to %s", name, was, is)
		}
	}
	return nil
}

// explicitStars replaces * in a select list by the columns it means now: a view keeps its columns when
// its tables get more.
func explicitStars(sc *scope, list []*ast.Target) []*ast.Target {
	var out []*ast.Target
	for _, t := range list {
		star, ok := t.X.(*ast.Star)
		if !ok {
			out = append(out, t)
			continue
		}
		cols := sc.cols
		if len(star.Qualifier) > 0 {
			if r, ok := sc.relation("", star.Qualifier[len(star.Qualifier)-1].Name); ok {
				cols = r.cols
			}
		}
		for _, c := range cols {
			ref := &ast.ColumnRef{Span: star.Span, Parts: []ast.Ident{{Span: star.Span, Name: c.name}}}
			if alias := sc.qualifierOf(c); alias != "" {
				ref.Parts = append([]ast.Ident{{Span: star.Span, Name: alias}}, ref.Parts...)
			}
			out = append(out, &ast.Target{Span: t.Span, X: ref})
		}
	}
	return out
}

// qualifierOf is the relation that names a column unmistakably, "" where the bare name does.
func (s *scope) qualifierOf(c scopeColumn) string {
	if _, n := s.find(c.name); n == 1 {
		return ""
	}
	key := exprKey(c.expr)
	for _, r := range s.rels {
		for _, rc := range r.cols {
			if rc.name == c.name && exprKey(rc.expr) == key {
				return r.alias
			}
		}
	}
	return ""
}

func (b *Binder) bindCreateIndex(x *ast.CreateIndex) (plan.Statement, error) {
	switch {
	case len(x.Options) > 0:
		return nil, unsupported(x.Options[0], "a storage option of an index")
	}
	if err := indexMethod(x); err != nil {
		return nil, err
	}
	table, err := b.targetTable(x.Table, "CREATE INDEX on")
	if err != nil {
		return nil, err
	}
	d := &definition{Binder: b, table: altered(table)}
	index := catalog.Index{Unique: x.Unique, NullsEqual: x.Unique && x.NullsNotDistinct, Name: x.Name.Name, Hash: x.Method.Name == "hash", Bitmap: x.Method.Name == "bitmap"}
	for _, e := range x.Include { // every column is at hand when an index has found a row
		if _, err := indexColumn(table, e); err != nil {
			return nil, err
		}
	}
	index.Descending, index.NullsFirst = indexOrder(x.Elems)
	if derived(x) {
		return d.createDerived(x, index)
	}
	names := []string{table.Name}
	for _, e := range x.Elems {
		col, err := indexColumn(table, e)
		if err != nil {
			return nil, err
		}
		index.Fields = append(index.Fields, col.FieldID)
		names = append(names, col.Name)
	}
	if exists, err := d.nameIndex(x, &index, names); err != nil || exists {
		return &plan.Command{Stmt: x}, err
	}
	d.table.Indexes = append(d.table.Indexes, index)
	return &plan.Command{Stmt: x, Table: d.table}, nil
}

// nameIndex gives an index its name; exists says that it is there already and need not be made.
func (d *definition) nameIndex(x *ast.CreateIndex, index *catalog.Index, names []string) (exists bool, err error) {
	switch {
	case index.Name == "":
		index.Name = d.freeName(joinName(append(names, "idx")...))
	case d.taken(index.Name) || d.relationExists(index.Name):
		if x.IfNotExists {
			return true, nil
		}
		return false, errAt(sqlerr.DuplicateTable, x.Name, "relation %q already exists", index.Name)
	}
	return false, nil
}

// createDerived makes an index with computed columns.
func (d *definition) createDerived(x *ast.CreateIndex, base catalog.Index) (plan.Statement, error) {
	base.Descending, base.NullsFirst = nil, nil
	index, names, err := d.derivedIndex(x, base)
	if err != nil {
		return nil, err
	}
	if exists, err := d.nameIndex(x, &index.Index, append([]string{d.table.Name}, names...)); err != nil || exists {
		return &plan.Command{Stmt: x}, err
	}
	d.table.Derived = append(d.table.Derived, *index)
	return &plan.Command{Stmt: x, Table: d.table}, nil
}

// laterMethods are index methods that others have and OxiDB does not, so far.
var laterMethods = set("gist", "gin", "brin", "spgist", "bloom", "hnsw", "ivfflat")

// indexMethod refuses what an index method cannot do. btree, the default, is ordered; bitmap is OxiDB's
// own.
func indexMethod(x *ast.CreateIndex) error {
	_, later := laterMethods[x.Method.Name]
	name := x.Method.Name
	switch {
	case name == "" || name == "btree" || name == "ordered":
		return nil
	case later:
		return unsupported(x.Method, "the index method "+name)
	case name != "hash" && name != "bitmap":
		return errAt(sqlerr.UndefinedObject, x.Method, "access method %q does not exist", name)
	case x.Unique:
		return errAt(sqlerr.FeatureNotSupported, x, "access method %q does not support unique indexes", name)
	case len(x.Elems) > 1 && name == "hash":
		return errAt(sqlerr.FeatureNotSupported, x, "access method %q does not support multicolumn indexes", name)
	}
	for _, e := range x.Elems {
		switch {
		case e.Direction != ast.DefaultOrder:
			return errAt(sqlerr.FeatureNotSupported, e, "access method %q does not support ASC/DESC options", name)
		case e.Nulls != ast.NullsDefault:
			return errAt(sqlerr.FeatureNotSupported, e, "access method %q does not support NULLS FIRST/LAST options", name)
		}
	}
	return nil
}

// indexOrder gives the flags of DESC and NULLS FIRST, nil where no field has one.
func indexOrder(elems []*ast.IndexElem) (descending, nullsFirst []bool) {
	for i, e := range elems {
		desc := e.Direction == ast.Descending
		first := desc && e.Nulls != ast.NullsLast || e.Nulls == ast.NullsFirst
		if (desc || first) && descending == nil {
			descending, nullsFirst = make([]bool, len(elems)), make([]bool, len(elems))
		}
		if descending != nil {
			descending[i], nullsFirst[i] = desc, first
		}
	}
	return descending, nullsFirst
}

// indexColumn is the column of an index key.
func indexColumn(table *catalog.Table, e *ast.IndexElem) (catalog.Column, error) {
	ref, ok := e.X.(*ast.ColumnRef)
	switch {
	case !ok || len(ref.Parts) != 1:
		return catalog.Column{}, unsupported(e, "an index on an expression")
	case e.OpClass != nil:
		return catalog.Column{}, unsupported(e, "an operator class")
	case e.Collation != nil:
		return catalog.Column{}, unsupported(e, "a collation of an index")
	}
	o := table.Ordinal(ref.Parts[0].Name)
	if o < 0 {
		_, err := tableColumn(table, ref.Parts[0])
		return catalog.Column{}, err
	}
	c := table.Columns[o]
	if c.Type.Kind == types.JSON {
		return c, errAt(sqlerr.UndefinedObject, e, "data type %s has no default operator class for access method \"btree\"", c.Type.Kind)
	}
	return c, hashable(c.Type, e)
}

// altered copies a descriptor for change.
func altered(t *catalog.Table) *catalog.Table {
	n := *t
	n.Columns = append([]catalog.Column(nil), t.Columns...)
	n.Indexes = append([]catalog.Index(nil), t.Indexes...)
	n.Derived = append([]catalog.DerivedIndex(nil), t.Derived...)
	n.Checks = append([]catalog.Check(nil), t.Checks...)
	n.Foreign = append([]catalog.Foreign(nil), t.Foreign...)
	return &n
}
