package bind

import (
	"slices"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
)

// bindAlterTable checks ALTER TABLE and gives the descriptor that it leads to. Whether the rows obey
// a new NOT NULL, CHECK or key is for the caller to verify.
func (b *Binder) bindAlterTable(x *ast.AlterTable) (plan.Statement, error) {
	if x.Kind != ast.TableObject {
		return nil, unsupported(x, "ALTER "+x.Kind.String())
	}
	table, view, err := b.lookupRelation(x.Name)
	switch {
	case err != nil && x.IfExists:
		return &plan.Command{Stmt: x}, nil
	case err != nil:
		return nil, err
	case view != nil:
		return nil, errAt(sqlerr.WrongObjectType, x.Name, "%q is not a table", view.Name)
	}
	d := &definition{Binder: b, table: altered(table)}
	for _, a := range x.Actions {
		if err := d.alter(a); err != nil {
			return nil, withPosition(err, a)
		}
	}
	if len(d.table.Columns) == 0 {
		return nil, unsupported(x, "a table without columns")
	}
	if err := b.checkViews(table, d.table, x); err != nil {
		return nil, err
	}
	cmd := &plan.Command{Stmt: x, Table: d.table}
	if len(d.converted) > 0 {
		cmd.Rewrite, err = d.rewrite(table)
	}
	return cmd, err
}

// checkViews refuses a change after which a view that reads the table means nothing or something else.
func (b *Binder) checkViews(before, after *catalog.Table, x *ast.AlterTable) error {
	for _, v := range b.DependentViews(before, nil) {
		was, err := New(b.reader, b.registry, b.opts).viewRelation(v, x)
		if err != nil {
			return err
		}
		is, err := New(&changed{b.reader, before, after}, b.registry, b.opts).viewRelation(v, x)
		if err == nil && slices.Equal(columnTypes(was.cols), columnTypes(is.cols)) {
			continue
		}
		for _, a := range x.Actions {
			if a.Kind == ast.DropColumn {
				return errAt(sqlerr.DependentObjectsStillExist, a.Column, "cannot drop column %s of table %s because other objects depend on it", a.Column.Name, before.Name).
					WithDetail("view %s depends on column %s of table %s", v.Name, a.Column.Name, before.Name).WithHint("Drop the view first.")
			}
		}
		return unsupported(x, "this change of a table that the view "+v.Name+" reads")
	}
	return nil
}

// changed is a catalog in which one table has its new descriptor.
type changed struct {
	catalog.Reader
	before, after *catalog.Table
}

// Table implements catalog.Reader.
func (c *changed) Table(schema, name string) (*catalog.Table, bool) {
	if schema == c.after.Schema && name == c.after.Name {
		return c.after, true
	}
	t, ok := c.Reader.Table(schema, name)
	return t, ok && t != c.before
}

func (d *definition) alter(a *ast.AlterAction) error {
	switch a.Kind {
	case ast.AddColumn:
		return d.addColumn(a)
	case ast.DropColumn:
		return d.dropColumn(a)
	case ast.RenameColumn:
		return d.renameColumn(a)
	case ast.RenameTable:
		return d.renameTable(a)
	case ast.RenameConstraint:
		return d.renameConstraint(a)
	case ast.AddConstraint:
		return d.tableConstraint(a.AddedConstraint)
	case ast.DropConstraint:
		return d.dropConstraint(a)
	case ast.SetNotNull, ast.DropNotNull, ast.SetDefault, ast.DropDefault, ast.AlterType:
		return d.alterColumn(a)
	}
	return unsupported(a, "this action of ALTER TABLE")
}

func (d *definition) addColumn(a *ast.AlterAction) error {
	if d.table.Ordinal(a.Def.Name.Name) >= 0 {
		if a.IfNotExists {
			return nil
		}
		return errAt(sqlerr.DuplicateColumn, a.Def.Name, "column %q of relation %q already exists", a.Def.Name.Name, d.table.Name)
	}
	if d.added == nil {
		d.added = map[int32]bool{}
	}
	d.added[d.table.NextField] = true
	if err := d.column(a.Def); err != nil {
		return err
	}
	for _, k := range a.Def.Constraints {
		if err := d.columnConstraint(a.Def, k); err != nil {
			return err
		}
	}
	return nil
}

// dropColumn drops the keys and indexes of the column with it, and with CASCADE its checks.
func (d *definition) dropColumn(a *ast.AlterAction) error {
	o := d.table.Ordinal(a.Column.Name)
	if o < 0 && a.IfExists {
		return nil
	}
	if _, err := tableColumn(d.table, a.Column); err != nil {
		return err
	}
	field := d.table.Columns[o].FieldID
	d.table.Columns = slices.Delete(d.table.Columns, o, o+1)
	d.table.Indexes = slices.DeleteFunc(d.table.Indexes, func(i catalog.Index) bool { return slices.Contains(i.Fields, field) })
	broken, err := d.brokenChecks()
	if err != nil || len(broken) == 0 {
		return err
	}
	if a.Behavior != ast.Cascade {
		return errAt(sqlerr.DependentObjectsStillExist, a.Column, "cannot drop column %s of table %s because other objects depend on it", a.Column.Name, d.table.Name).
			WithDetail("constraint %s on table %s depends on column %s.", broken[0], d.table.Name, a.Column.Name).
			WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
	}
	d.table.Checks = slices.DeleteFunc(d.table.Checks, func(c catalog.Check) bool { return slices.Contains(broken, c.Name) })
	return nil
}

// brokenChecks names the checks that mean nothing over the columns that are left.
func (d *definition) brokenChecks() ([]string, error) {
	var broken []string
	for _, c := range d.table.Checks {
		x, err := d.storedExpr(c.Expr)
		if err != nil {
			return nil, err
		}
		if _, err := d.checkExpr(d.table, d.scan(d.table).Cols, x); err != nil {
			broken = append(broken, c.Name)
		}
	}
	return broken, nil
}

func (d *definition) renameColumn(a *ast.AlterAction) error {
	o, err := tableColumn(d.table, a.Column)
	if err != nil {
		return err
	}
	if d.table.Ordinal(a.NewName.Name) >= 0 {
		return errAt(sqlerr.DuplicateColumn, a.NewName, "column %q of relation %q already exists", a.NewName.Name, d.table.Name)
	}
	d.table.Columns[o].Name = a.NewName.Name
	broken, err := d.brokenChecks()
	if err == nil && len(broken) > 0 {
		err = unsupported(a, "renaming a column that a CHECK constraint uses")
	}
	return err
}

func (d *definition) renameTable(a *ast.AlterAction) error {
	_, table := d.reader.Table(d.table.Schema, a.NewName.Name)
	_, view := d.reader.View(d.table.Schema, a.NewName.Name)
	if table || view {
		return errAt(sqlerr.DuplicateTable, a.NewName, "relation %q already exists", a.NewName.Name)
	}
	d.table.Name = a.NewName.Name
	broken, err := d.brokenChecks()
	if err == nil && len(broken) > 0 {
		err = unsupported(a, "renaming a table whose CHECK constraints name it")
	}
	return err
}

func (d *definition) noConstraint(id ast.Ident) error {
	return errAt(sqlerr.UndefinedObject, id, "constraint %q of relation %q does not exist", id.Name, d.table.Name)
}

func (d *definition) renameConstraint(a *ast.AlterAction) error {
	if d.taken(a.NewName.Name) {
		return errAt(sqlerr.DuplicateObject, a.NewName, "constraint %q for relation %q already exists", a.NewName.Name, d.table.Name)
	}
	for i := range d.table.Checks {
		if d.table.Checks[i].Name == a.Constraint.Name {
			d.table.Checks[i].Name = a.NewName.Name
			return nil
		}
	}
	for i := range d.table.Indexes {
		if d.table.Indexes[i].Constraint && d.table.Indexes[i].Name == a.Constraint.Name {
			d.table.Indexes[i].Name = a.NewName.Name
			return nil
		}
	}
	return d.noConstraint(a.Constraint)
}

func (d *definition) dropConstraint(a *ast.AlterAction) error {
	name := a.Constraint.Name
	isKey := func(i catalog.Index) bool { return i.Constraint && i.Name == name }
	isCheck := func(c catalog.Check) bool { return c.Name == name }
	if !slices.ContainsFunc(d.table.Indexes, isKey) && !slices.ContainsFunc(d.table.Checks, isCheck) {
		if a.IfExists {
			return nil
		}
		return d.noConstraint(a.Constraint)
	}
	d.table.Checks = slices.DeleteFunc(d.table.Checks, isCheck)
	d.table.Indexes = slices.DeleteFunc(d.table.Indexes, isKey)
	return nil
}

func (d *definition) alterColumn(a *ast.AlterAction) error {
	o, err := tableColumn(d.table, a.Column)
	if err != nil {
		return err
	}
	col := &d.table.Columns[o]
	switch a.Kind {
	case ast.SetNotNull:
		col.NotNull = true
	case ast.DropNotNull:
		for _, i := range d.table.Indexes {
			if i.Primary && slices.Contains(i.Fields, col.FieldID) {
				return errAt(sqlerr.InvalidTableDefinition, a.Column, "column %q is in a primary key", col.Name)
			}
		}
		col.NotNull = false
	case ast.SetDefault:
		return d.setDefault(col, a.Expr)
	case ast.DropDefault:
		col.Default = ""
	case ast.AlterType:
		return d.alterType(col, a)
	}
	return nil
}
