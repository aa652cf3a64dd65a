package bind

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// invalidForeignKey is PostgreSQL's invalid_foreign_key.
const invalidForeignKey sqlerr.State = "42830"

// foreign checks a FOREIGN KEY as far as the user may have made a mistake, and refuses a right one.
func (d *definition) foreign(k *ast.Constraint) error {
	referenced := d.table
	if k.RefTable.Base() != d.table.Name || k.RefTable.Schema() != "" && k.RefTable.Schema() != d.table.Schema {
		table, view, err := d.lookupRelation(k.RefTable)
		if err != nil {
			return err
		}
		if view != nil {
			return errAt(sqlerr.WrongObjectType, k.RefTable, "referenced relation %q is not a table", view.Name)
		}
		referenced = table
	}
	own, err := foreignColumns(d.table, k.Columns)
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
	for i, c := range own {
		if _, ok := types.Common(c.Type, target[i].Type); !ok {
			return errAt(sqlerr.DatatypeMismatch, k, "foreign key constraint on column %q cannot be implemented", c.Name).
				WithDetail("Key columns %q and %q are of incompatible types: %s and %s.", c.Name, target[i].Name, c.Type.Kind, target[i].Type.Kind)
		}
	}
	return unsupported(k, "FOREIGN KEY")
}

func foreignColumns(t *catalog.Table, names []ast.Ident) ([]catalog.Column, error) {
	out := make([]catalog.Column, len(names))
	for i, id := range names {
		o := t.Ordinal(id.Name)
		if o < 0 {
			return nil, errAt(sqlerr.UndefinedColumn, id, "column %q referenced in foreign key constraint does not exist", id.Name)
		}
		out[i] = t.Columns[o]
	}
	return out, nil
}

// foreignTarget are the referenced columns, which a key must be over; the primary key's by default.
func foreignTarget(t *catalog.Table, k *ast.Constraint) ([]catalog.Column, error) {
	given, err := foreignColumns(t, k.RefColumns)
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
