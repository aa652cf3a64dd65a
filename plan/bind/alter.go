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
	switch x.Kind {
	case ast.TableObject:
	case ast.SequenceObject:
		return b.bindAlterSequence(x)
	case ast.IndexObject:
		return b.bindAlterIndex(x)
	default:
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
	cmd := &plan.Command{Stmt: x, Table: d.table, Sequences: d.sequences, Unreferenced: d.unreferenced}
	if len(d.converted) > 0 || d.refilled() {
		cmd.Rewrite, err = d.rewrite(table)
	}
	return cmd, err
}

// refilled reports that an added column's value differs from row to row: then all rows are written.
func (d *definition) refilled() bool {
	for _, c := range d.table.Columns {
		if !d.added[c.FieldID] {
			continue
		}
		if c.IsGenerated() || c.Identity != catalog.NotIdentity || d.pendingSequence(c.FieldID) != nil {
			return true
		}
		if e, err := d.Default(c); err == nil && isVolatile(e) {
			return true
		}
	}
	return false
}

// pendingSequence is the sequence that the statement makes for a column.
func (d *definition) pendingSequence(field int32) *catalog.Sequence {
	for _, s := range d.sequences {
		if s.Before == nil && s.After.OwnerField == field {
			return s.After
		}
	}
	return nil
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
	case ast.SetCluster:
		return d.cluster(a.Cluster)
	case ast.DropConstraint:
		return d.dropConstraint(a)
	case ast.ValidateConstraint:
		return d.validateConstraint(a)
	case ast.AlterConstraint:
		return d.alterConstraint(a.AddedConstraint)
	case ast.SetNotNull, ast.DropNotNull, ast.SetDefault, ast.DropDefault, ast.AlterType, ast.AddIdentity, ast.SetIdentity, ast.DropIdentity, ast.DropExpression:
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
	return d.checkGenerated()
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
	if err := d.dropOwned(&d.table.Columns[o], a); err != nil {
		return err
	}
	if err := d.dropReferences(a, func(f *catalog.Foreign) bool { return slices.Contains(f.RefFields, field) },
		"cannot drop column "+a.Column.Name+" of table "+d.table.Name+" because other objects depend on it", "column "+a.Column.Name+" of table "+d.table.Name); err != nil {
		return err
	}
	d.table.Foreign = slices.DeleteFunc(d.table.Foreign, func(f catalog.Foreign) bool { return slices.Contains(f.Fields, field) })
	d.table.Columns = slices.Delete(d.table.Columns, o, o+1)
	d.table.Cluster = slices.DeleteFunc(slices.Clone(d.table.Cluster), func(f int32) bool { return f == field })
	d.table.Indexes = slices.DeleteFunc(d.table.Indexes, func(i catalog.Index) bool { return slices.Contains(i.Fields, field) })
	d.table.Derived = slices.DeleteFunc(d.table.Derived, func(x catalog.DerivedIndex) bool { return x.Uses(field) })
	if generated := d.brokenGenerations(); len(generated) > 0 {
		if a.Behavior != ast.Cascade {
			return errAt(sqlerr.DependentObjectsStillExist, a.Column, "cannot drop column %s of table %s because other objects depend on it", a.Column.Name, d.table.Name).
				WithDetail("column %s of table %s depends on column %s of table %s", generated[0], d.table.Name, a.Column.Name, d.table.Name).
				WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
		}
		for _, name := range generated {
			if err := d.dropColumn(&ast.AlterAction{Span: a.Span, Kind: ast.DropColumn, Column: ast.Ident{Span: a.Column.Span, Name: name}, Behavior: a.Behavior}); err != nil {
				return err
			}
		}
	}
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
	return d.renameInExpressions(a, a.Column.Name, o)
}

func (d *definition) renameTable(a *ast.AlterAction) error {
	if err := d.freeRelation(d.table.Schema, a.NewName); err != nil {
		return err
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
	for i := range d.table.Foreign {
		if d.table.Foreign[i].Name == a.Constraint.Name {
			d.table.Foreign[i].Name = a.NewName.Name
			return nil
		}
	}
	return d.noConstraint(a.Constraint)
}

func (d *definition) dropConstraint(a *ast.AlterAction) error {
	name := a.Constraint.Name
	isKey := func(i catalog.Index) bool { return i.Constraint && i.Name == name }
	isCheck := func(c catalog.Check) bool { return c.Name == name }
	isForeign := func(f catalog.Foreign) bool { return f.Name == name }
	if !slices.ContainsFunc(d.table.Indexes, isKey) && !slices.ContainsFunc(d.table.Checks, isCheck) && !slices.ContainsFunc(d.table.Foreign, isForeign) {
		if a.IfExists {
			return nil
		}
		return d.noConstraint(a.Constraint)
	}
	for i := range d.table.Indexes {
		if x := &d.table.Indexes[i]; isKey(*x) {
			if err := d.dropReferences(a, d.needs(x), "cannot drop constraint "+name+" on table "+d.table.Name+" because other objects depend on it", "index "+name); err != nil {
				return err
			}
		}
	}
	d.table.Foreign = slices.DeleteFunc(d.table.Foreign, isForeign)
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
		if col.Identity != catalog.NotIdentity {
			return errAt(sqlerr.SyntaxError, a.Column, "column %q of relation %q is an identity column", col.Name, d.table.Name)
		}
		col.NotNull = false
	case ast.SetDefault, ast.DropDefault:
		return d.alterDefault(col, a)
	case ast.AddIdentity:
		return d.addIdentity(col, a)
	case ast.SetIdentity:
		return d.setIdentity(col, a)
	case ast.DropIdentity:
		return d.dropIdentity(col, a)
	case ast.DropExpression:
		if !col.IsGenerated() && !a.IfExists {
			return errAt(sqlerr.ObjectNotInPrerequisite, a.Column, "column %q of relation %q is not a stored generated column", col.Name, d.table.Name)
		}
		col.Generated = ""
	case ast.AlterType:
		return d.alterType(col, a)
	}
	return nil
}

// alterDefault is SET DEFAULT and DROP DEFAULT.
func (d *definition) alterDefault(col *catalog.Column, a *ast.AlterAction) error {
	if col.Identity != catalog.NotIdentity {
		err := errAt(sqlerr.SyntaxError, a.Column, "column %q of relation %q is an identity column", col.Name, d.table.Name)
		if a.Kind == ast.DropDefault {
			return err.WithHint("Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.")
		}
		return err
	}
	if col.IsGenerated() {
		err := errAt(sqlerr.SyntaxError, a.Column, "column %q of relation %q is a generated column", col.Name, d.table.Name)
		if a.Kind == ast.DropDefault {
			return err.WithHint("Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead.")
		}
		return err
	}
	if a.Kind == ast.DropDefault {
		col.Default = ""
		return nil
	}
	return d.setDefault(col, a.Expr)
}

// renameInExpressions renames a column, in checks and generated columns, too.
func (d *definition) renameInExpressions(a *ast.AlterAction, from string, o int) error {
	d.table.Columns[o].Name = a.NewName.Name
	for i, c := range d.table.Checks {
		text, err := d.renamedIn(c.Expr, from, a.NewName.Name)
		if err != nil {
			return err
		}
		d.table.Checks[i].Expr = text
	}
	for i, c := range d.table.Columns {
		if !c.IsGenerated() {
			continue
		}
		text, err := d.renamedIn(c.Generated, from, a.NewName.Name)
		if err != nil {
			return err
		}
		d.table.Columns[i].Generated = text
	}
	if err := d.renameInDerived(from, a.NewName.Name); err != nil {
		return err
	}
	broken, err := d.brokenChecks()
	if err == nil && len(broken)+len(d.brokenGenerations()) > 0 {
		err = unsupported(a, "renaming a column that the expression of a constraint or a generated column uses")
	}
	return err
}

// renamedIn is the text of an expression over the table's columns after one of them was renamed.
func (d *definition) renamedIn(text, from, to string) (string, error) {
	x, err := d.storedExpr(text)
	if err != nil {
		return "", err
	}
	ast.Inspect(x, func(n ast.Node) {
		if ref, ok := n.(*ast.ColumnRef); ok && ref.Parts[len(ref.Parts)-1].Name == from {
			ref.Parts[len(ref.Parts)-1].Name = to
		}
	})
	return ast.Format(x), nil
}
