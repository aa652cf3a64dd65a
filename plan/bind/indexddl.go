package bind

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
)

// bindAlterIndex checks ALTER INDEX … RENAME TO. The index of a constraint and the constraint are of one
// name.
func (b *Binder) bindAlterIndex(x *ast.AlterTable) (plan.Statement, error) {
	t, index := b.findIndex(x.Name)
	if index == nil {
		err := b.notAnIndex(x.Name)
		if x.IfExists && sqlerr.StateOf(err) == sqlerr.UndefinedTable {
			return &plan.Command{Stmt: x}, nil
		}
		return nil, err
	}
	a := x.Actions[0]
	if a.Kind != ast.RenameTable || len(x.Actions) > 1 {
		return nil, unsupported(a, "this action of ALTER INDEX")
	}
	d := &definition{Binder: b, table: altered(t)}
	if err := d.renameIndex(index, a.NewName); err != nil {
		return nil, err
	}
	return &plan.Command{Stmt: x, Table: d.table}, nil
}

func (d *definition) renameIndex(index *catalog.Index, to ast.Ident) error {
	if d.relationExists(to.Name) || indexNamed(d.table, to.Name) != nil {
		return errAt(sqlerr.DuplicateTable, to, "relation %q already exists", to.Name)
	}
	if index.Constraint && d.taken(to.Name) {
		return errAt(sqlerr.DuplicateObject, to, "constraint %q for relation %q already exists", to.Name, d.table.Name)
	}
	indexNamed(d.table, index.Name).Name = to.Name
	return nil
}

// indexNamed is an index of a table, nil when it has none of the name.
func indexNamed(t *catalog.Table, name string) *catalog.Index {
	for i := range t.Indexes {
		if t.Indexes[i].Name == name {
			return &t.Indexes[i]
		}
	}
	for i := range t.Derived {
		if t.Derived[i].Name == name {
			return &t.Derived[i].Index
		}
	}
	return nil
}

// notAnIndex is the error for a name that no index has.
func (b *Binder) notAnIndex(n *ast.Name) error {
	if _, _, err := b.lookupRelation(n); err == nil || b.isSequence(n) {
		return errAt(sqlerr.WrongObjectType, n, "%q is not an index", n.Base())
	}
	return errAt(sqlerr.UndefinedTable, n, "relation %q does not exist", n.String())
}

// checkReindex checks that what REINDEX names is there.
func (b *Binder) checkReindex(x *ast.Reindex) error {
	switch x.Kind {
	case ast.IndexObject:
		if _, index := b.findIndex(x.Name); index == nil {
			return b.notAnIndex(x.Name)
		}
	case ast.SchemaObject:
		if !b.reader.HasSchema(x.Name.Base()) {
			return errAt(sqlerr.InvalidSchemaName, x.Name, "schema %q does not exist", x.Name.Base())
		}
	case ast.DatabaseObject:
		if x.Name.String() != "oxidb" {
			return errAt(sqlerr.FeatureNotSupported, x.Name, "can only reindex the currently open database")
		}
	default:
		_, view, err := b.lookupRelation(x.Name)
		_, index := b.findIndex(x.Name)
		if view != nil || err != nil && (index != nil || b.isSequence(x.Name)) {
			return errAt(sqlerr.WrongObjectType, x.Name, "%q is not a table or materialized view", x.Name.Base())
		}
		return err
	}
	return nil
}

// checkConcurrently: what DROP INDEX CONCURRENTLY cannot do in PostgreSQL either.
func checkConcurrently(d *ast.Drop) error {
	switch {
	case !d.Concurrently:
		return nil
	case len(d.Names) > 1:
		return errAt(sqlerr.FeatureNotSupported, d, "DROP INDEX CONCURRENTLY does not support dropping multiple objects")
	case d.Behavior == ast.Cascade:
		return errAt(sqlerr.FeatureNotSupported, d, "DROP INDEX CONCURRENTLY does not support CASCADE")
	}
	return nil
}
