package bind

import (
	"slices"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// invalidForeignKey is PostgreSQL's invalid_foreign_key.
const invalidForeignKey sqlerr.State = "42830"

// foreign adds a FOREIGN KEY. The table that it refers to is 0 where it is the table itself, which has
// no number yet.
func (d *definition) foreign(k *ast.Constraint) error {
	if k.Match == ast.MatchPartial {
		return errAt(sqlerr.FeatureNotSupported, k, "MATCH PARTIAL not yet implemented")
	}
	referenced, err := d.referenced(k)
	if err != nil {
		return err
	}
	own, err := foreignColumns(d.table, k.Columns, "referencing")
	if err != nil {
		return err
	}
	target, err := foreignTarget(referenced, k)
	if err != nil {
		return err
	}
	if len(own) != len(target) {
		return errAt(invalidForeignKey, k, "number of referencing and referenced columns for foreign key disagree")
	}
	f := catalog.Foreign{Table: referenced.ID, Full: k.Match == ast.MatchFull, OnDelete: foreignActions[k.OnDelete], OnUpdate: foreignActions[k.OnUpdate],
		Deferrable: k.Deferrable || k.InitiallyDeferred, Deferred: k.InitiallyDeferred, NotValid: k.NotValid}
	names := []string{d.table.Name}
	for i, c := range own {
		if _, ok := types.Common(c.Type, target[i].Type); !ok {
			return errAt(sqlerr.DatatypeMismatch, k, "foreign key constraint %q cannot be implemented", d.foreignName(k, append(names, c.Name))).
				WithDetail("Key columns %q and %q are of incompatible types: %s and %s.", c.Name, target[i].Name, c.Type.Kind, target[i].Type.Kind)
		}
		f.Fields, f.RefFields = append(f.Fields, c.FieldID), append(f.RefFields, target[i].FieldID)
		names = append(names, c.Name)
	}
	if err := d.foreignSetFields(&f, own, k); err != nil {
		return err
	}
	if f.Name, err = d.constraintName(k, joinName(append(names, "fkey")...)); err != nil {
		return err
	}
	d.table.Foreign = append(d.table.Foreign, f)
	return nil
}

func (d *definition) foreignName(k *ast.Constraint, names []string) string {
	if k.Name.Name != "" {
		return k.Name.Name
	}
	return d.freeName(joinName(append(names, "fkey")...))
}

var foreignActions = map[ast.ForeignAction]catalog.ForeignAction{
	ast.ActionDefault: catalog.NoAction, ast.ActionNoAction: catalog.NoAction, ast.ActionRestrict: catalog.Restrict,
	ast.ActionCascade: catalog.Cascade, ast.ActionSetNull: catalog.SetNull, ast.ActionSetDefault: catalog.SetDefault,
}

// referenced is the table that a foreign key refers to, as the statement leaves it.
func (d *definition) referenced(k *ast.Constraint) (*catalog.Table, error) {
	if k.RefTable.Base() == d.table.Name && (k.RefTable.Schema() == "" || k.RefTable.Schema() == d.table.Schema) {
		return d.table, nil
	}
	table, view, err := d.lookupRelation(k.RefTable)
	switch {
	case err != nil:
		return nil, err
	case view != nil:
		return nil, errAt(sqlerr.WrongObjectType, k.RefTable, "referenced relation %q is not a table", view.Name)
	case table.ID >= catalog.SystemID:
		return nil, errAt(sqlerr.WrongObjectType, k.RefTable, "referenced relation %q is not a table", table.Name)
	case table.Temp && !d.table.Temp:
		return nil, errAt(sqlerr.InvalidTableDefinition, k, "constraints on permanent tables may reference only permanent tables")
	case !table.Temp && d.table.Temp:
		return nil, errAt(sqlerr.InvalidTableDefinition, k, "constraints on temporary tables may reference only temporary tables")
	}
	return table, nil
}

// foreignSetFields takes the columns of ON DELETE SET, and refuses actions that would write generated ones.
func (d *definition) foreignSetFields(f *catalog.Foreign, own []catalog.Column, k *ast.Constraint) error {
	for _, c := range own {
		if !c.IsGenerated() {
			continue
		}
		if f.OnUpdate != catalog.NoAction && f.OnUpdate != catalog.Restrict {
			return errAt(sqlerr.SyntaxError, k, "invalid ON UPDATE action for foreign key constraint containing generated column")
		}
		if f.OnDelete == catalog.SetNull || f.OnDelete == catalog.SetDefault {
			return errAt(sqlerr.SyntaxError, k, "invalid ON DELETE action for foreign key constraint containing generated column")
		}
	}
	for _, id := range k.OnDeleteColumns {
		o := d.table.Ordinal(id.Name)
		switch {
		case o < 0:
			return errAt(sqlerr.UndefinedColumn, id, "column %q referenced in foreign key constraint does not exist", id.Name)
		case !slices.Contains(f.Fields, d.table.Columns[o].FieldID):
			return errAt(sqlerr.InvalidColumnReference, id, "column %q referenced in ON DELETE SET action must be part of foreign key", id.Name)
		}
		f.SetFields = append(f.SetFields, d.table.Columns[o].FieldID)
	}
	return nil
}

func foreignColumns(t *catalog.Table, names []ast.Ident, role string) ([]catalog.Column, error) {
	out := make([]catalog.Column, len(names))
	for i, id := range names {
		o := t.Ordinal(id.Name)
		if slices.ContainsFunc(names[:i], func(n ast.Ident) bool { return n.Name == id.Name }) {
			return nil, errAt(invalidForeignKey, id, "foreign key %s-columns list must not contain duplicates", role)
		}
		if o < 0 {
			return nil, errAt(sqlerr.UndefinedColumn, id, "column %q referenced in foreign key constraint does not exist", id.Name)
		}
		out[i] = t.Columns[o]
	}
	return out, nil
}

// foreignTarget are the referenced columns, which a key must be over; the primary key's by default.
func foreignTarget(t *catalog.Table, k *ast.Constraint) ([]catalog.Column, error) {
	given, err := foreignColumns(t, k.RefColumns, "referenced")
	if err != nil {
		return nil, err
	}
	for _, index := range t.Indexes {
		if len(given) == 0 && index.Primary {
			var out []catalog.Column
			for _, f := range index.Fields {
				out = append(out, t.Columns[t.OrdinalOf(f)])
			}
			return out, nil
		}
		if index.Unique && coversFields(index.Fields, given) {
			return given, nil
		}
	}
	if len(given) == 0 {
		return nil, errAt(sqlerr.UndefinedObject, k, "there is no primary key for referenced table %q", t.Name)
	}
	return nil, errAt(invalidForeignKey, k, "there is no unique constraint matching given keys for referenced table %q", t.Name)
}

// coversFields reports that the columns are those of the fields, in any order.
func coversFields(fields []int32, cols []catalog.Column) bool {
	found := 0
	for _, c := range cols {
		for _, f := range fields {
			if f == c.FieldID {
				found++
			}
		}
	}
	return found == len(fields) && len(cols) == len(fields)
}

// misplaced reports that a column constraint says when it is checked though it cannot wait.
func misplaced(k *ast.Constraint) bool {
	switch k.Kind {
	case ast.ForeignConstraint, ast.PrimaryConstraint, ast.UniqueConstraint:
		return false
	}
	return k.Deferrable || k.NotDeferrable || k.InitiallyDeferred || k.InitiallyNow
}
