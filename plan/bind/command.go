package bind

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
)

// bindCommand checks a statement that needs no algebra and passes it on. For CREATE … IF NOT EXISTS of
// something that exists, and ALTER TABLE IF EXISTS of something that does not, the command comes
// without a descriptor: there is nothing to do.
func (b *Binder) bindCommand(stmt ast.Statement) (plan.Statement, error) {
	switch s := stmt.(type) {
	case *ast.CreateTable:
		return b.bindCreateTable(s)
	case *ast.CloneTable:
		return b.bindCloneTable(s)
	case *ast.CreateView:
		return b.bindCreateView(s)
	case *ast.CreateIndex:
		return b.bindCreateIndex(s)
	case *ast.AlterTable:
		return b.bindAlterTable(s)
	case *ast.CreateSchema:
		return b.bindCreateSchema(s)
	case *ast.Drop:
		return &plan.Command{Stmt: s}, b.checkDrop(s)
	case *ast.Truncate:
		return &plan.Command{Stmt: s}, b.checkTruncate(s)
	case *ast.Analyze:
		return &plan.Command{Stmt: s}, b.checkTargets(s.Targets)
	case *ast.Vacuum:
		return &plan.Command{Stmt: s}, b.checkTargets(s.Targets)
	case *ast.Reindex:
		return &plan.Command{Stmt: s}, b.checkReindex(s)
	case *ast.CreateSequence:
		return b.bindCreateSequence(s)
	case *ast.RefreshView:
		return nil, unsupported(s, "REFRESH MATERIALIZED VIEW")
	case *ast.Comment:
		return nil, unsupported(s, "COMMENT")
	}
	return &plan.Command{Stmt: stmt}, nil
}

func (b *Binder) bindCreateSchema(s *ast.CreateSchema) (plan.Statement, error) {
	switch {
	case s.Authorization.Name != "":
		return nil, unsupported(s.Authorization, "CREATE SCHEMA … AUTHORIZATION")
	case len(s.Elements) > 0:
		return nil, unsupported(s.Elements[0], "a statement inside CREATE SCHEMA")
	case b.reader.HasSchema(s.Name.Name) && !s.IfNotExists:
		return nil, errAt(sqlerr.DuplicateSchema, s.Name, "schema %q already exists", s.Name.Name)
	}
	return &plan.Command{Stmt: s}, nil
}

func (b *Binder) checkDrop(d *ast.Drop) error {
	if err := checkConcurrently(d); err != nil {
		return err
	}
	for _, n := range d.Names {
		var err error
		switch d.Kind {
		case ast.TableObject, ast.ViewObject:
			err = b.checkDropRelation(d, n)
		case ast.IndexObject:
			err = b.checkDropIndex(d, n)
		case ast.SequenceObject:
			err = b.checkDropSequence(d, n)
		case ast.SchemaObject:
			if !b.reader.HasSchema(n.Base()) && !d.IfExists {
				err = errAt(sqlerr.InvalidSchemaName, n, "schema %q does not exist", n.Base())
			}
		default:
			err = unsupported(d, "DROP "+d.Kind.String())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *Binder) checkDropRelation(d *ast.Drop, n *ast.Name) error {
	what, wantView := "table", d.Kind == ast.ViewObject
	if wantView {
		what = "view"
	}
	table, view, err := b.lookupRelation(n)
	_, index := b.findIndex(n)
	switch {
	case index != nil && err != nil:
		return errAt(sqlerr.WrongObjectType, n, "%q is not a %s", n.Base(), what).WithHint("Use DROP INDEX to remove an index.")
	case err != nil && b.isSequence(n):
		return errAt(sqlerr.WrongObjectType, n, "%q is not a %s", n.Base(), what).WithHint("Use DROP SEQUENCE to remove a sequence.")
	case err != nil && d.IfExists:
		return nil
	case err != nil:
		return errAt(sqlerr.UndefinedTable, n, "%s %q does not exist", what, n.String())
	case wantView && table != nil:
		return errAt(sqlerr.WrongObjectType, n, "%q is not a view", n.Base()).WithHint("Use DROP TABLE to remove a table.")
	case !wantView && view != nil:
		return errAt(sqlerr.WrongObjectType, n, "%q is not a table", n.Base()).WithHint("Use DROP VIEW to remove a view.")
	case d.Behavior == ast.Cascade:
		return nil
	}
	if table != nil {
		for _, r := range b.reader.References(table.ID) {
			if r.From.ID != table.ID && !names(d.Names, r.From.Name) {
				return errAt(sqlerr.DependentObjectsStillExist, n, "cannot drop table %s because other objects depend on it", n.Base()).
					WithDetail("constraint %s on table %s depends on table %s", r.Key.Name, r.From.Name, n.Base()).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
			}
		}
	}
	for _, v := range b.DependentViews(table, view) {
		if !names(d.Names, v.Name) {
			return errAt(sqlerr.DependentObjectsStillExist, n, "cannot drop %s %s because other objects depend on it", what, n.Base()).
				WithDetail("view %s depends on %s %s", v.Name, what, n.Base()).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
		}
	}
	return nil
}

func names(list []*ast.Name, base string) bool {
	for _, n := range list {
		if n.Base() == base {
			return true
		}
	}
	return false
}

// DependentViews lists the views that read a table or a view, directly or through other views: those
// that DROP … CASCADE takes along. One of the two arguments is nil. Views that no longer bind depend
// on nothing.
func (b *Binder) DependentViews(table *catalog.Table, view *catalog.View) []*catalog.View {
	var out []*catalog.View
	for _, v := range b.reader.Views() {
		if v == view {
			continue
		}
		probe := New(b.reader, b.registry, b.opts)
		if _, err := probe.viewRelation(v, ast.Span{Pos: -1, End: -1}); err == nil && (probe.readTables[table] || probe.readViews[view]) {
			out = append(out, v)
		}
	}
	return out
}

// findIndex finds an index by name.
func (b *Binder) findIndex(n *ast.Name) (*catalog.Table, *catalog.Index) {
	for _, t := range b.reader.Tables() {
		for i := range t.Indexes {
			if t.Indexes[i].Name == n.Base() && (n.Schema() == "" || n.Schema() == t.Schema) {
				return t, &t.Indexes[i]
			}
		}
		for i := range t.Derived {
			if t.Derived[i].Name == n.Base() && (n.Schema() == "" || n.Schema() == t.Schema) {
				return t, &t.Derived[i].Index
			}
		}
	}
	return nil, nil
}

func (b *Binder) checkDropIndex(d *ast.Drop, n *ast.Name) error {
	t, index := b.findIndex(n)
	switch {
	case index != nil && index.Constraint:
		return errAt(sqlerr.DependentObjectsStillExist, n, "cannot drop index %s because constraint %s on table %s requires it",
			index.Name, index.Name, t.Name).WithHint("You can drop constraint %s on table %s instead.", index.Name, t.Name)
	case index != nil && d.Behavior == ast.Cascade:
		return nil
	case index != nil:
		return b.checkIndexFree(n, t, index)
	}
	if table, view, err := b.lookupRelation(n); err == nil {
		e := errAt(sqlerr.WrongObjectType, n, "%q is not an index", n.Base())
		if table != nil {
			return e.WithHint("Use DROP TABLE to remove a table.")
		}
		return e.WithHint("Use DROP VIEW to remove the view %s.", view.Name)
	}
	if d.IfExists {
		return nil
	}
	return errAt(sqlerr.UndefinedObject, n, "index %q does not exist", n.String())
}

// checkIndexFree refuses to drop an index that a foreign key needs.
func (b *Binder) checkIndexFree(n *ast.Name, t *catalog.Table, x *catalog.Index) error {
	needs := (&definition{Binder: b, table: t}).needs(x)
	for _, r := range b.reader.References(t.ID) {
		if !needs(r.Key) {
			continue
		}
		return errAt(sqlerr.DependentObjectsStillExist, n, "cannot drop index %s because other objects depend on it", x.Name).
			WithDetail("constraint %s on table %s depends on index %s", r.Key.Name, r.From.Name, x.Name).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
	}
	return nil
}

// checkTruncate: a table that others refer to is truncated together with them.
func (b *Binder) checkTruncate(s *ast.Truncate) error {
	listed := map[catalog.ID]bool{}
	var tables []*catalog.Table
	for _, n := range s.Tables {
		t, err := b.targetTable(n, "TRUNCATE of")
		if err != nil {
			return err
		}
		listed[t.ID], tables = true, append(tables, t)
	}
	if s.Behavior == ast.Cascade {
		return nil
	}
	for _, t := range tables {
		for _, r := range b.reader.References(t.ID) {
			if !listed[r.From.ID] {
				return errAt(sqlerr.FeatureNotSupported, s, "cannot truncate a table referenced in a foreign key constraint").
					WithDetail("Table %q references %q.", r.From.Name, t.Name).
					WithHint("Truncate table %q at the same time, or use TRUNCATE ... CASCADE.", r.From.Name)
			}
		}
	}
	return nil
}

func (b *Binder) checkTargets(targets []*ast.MaintenanceTarget) error {
	for _, t := range targets {
		table, err := b.targetTable(t.Table, "maintenance of")
		if err != nil {
			return err
		}
		for _, id := range t.Columns {
			if _, err := tableColumn(table, id); err != nil {
				return err
			}
		}
	}
	return nil
}
