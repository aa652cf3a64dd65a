package bind

import (
	"slices"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
)

// needs tells the foreign keys that have no other index of the table than x to refer to.
func (d *definition) needs(x *catalog.Index) func(*catalog.Foreign) bool {
	return func(f *catalog.Foreign) bool {
		without := *d.table
		without.Indexes = slices.DeleteFunc(slices.Clone(d.table.Indexes), func(i catalog.Index) bool { return i.Name == x.Name })
		return d.table.KeyOver(f.RefFields) != nil && without.KeyOver(f.RefFields) == nil
	}
}

// dropReferences drops the foreign keys to the table that depend on what is dropped, with CASCADE;
// without, they are error 2BP01.
func (d *definition) dropReferences(a *ast.AlterAction, depends func(*catalog.Foreign) bool, message, what string) error {
	for _, r := range d.reader.References(d.table.ID) {
		if !depends(r.Key) {
			continue
		}
		own := r.From.ID == d.table.ID
		if own && a.Kind == ast.DropColumn { // the constraint is dropped with the column, which both sides may share
			name := r.Key.Name
			d.table.Foreign = slices.DeleteFunc(d.table.Foreign, func(f catalog.Foreign) bool { return f.Name == name })
			continue
		}
		if a.Behavior != ast.Cascade {
			return errAt(sqlerr.DependentObjectsStillExist, a, "%s", message).
				WithDetail("constraint %s on table %s depends on %s", r.Key.Name, r.From.Name, what).
				WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
		}
		if own {
			name := r.Key.Name
			d.table.Foreign = slices.DeleteFunc(d.table.Foreign, func(f catalog.Foreign) bool { return f.Name == name })
			continue
		}
		d.unreferenced = append(d.unreferenced, plan.DroppedKey{Table: r.From, Name: r.Key.Name})
	}
	return nil
}

// validateConstraint is VALIDATE CONSTRAINT: the caller checks the rows of what becomes valid.
func (d *definition) validateConstraint(a *ast.AlterAction) error {
	name := a.Constraint.Name
	for i := range d.table.Foreign {
		if d.table.Foreign[i].Name == name {
			d.table.Foreign[i].NotValid = false
			return nil
		}
	}
	for i := range d.table.Checks {
		if d.table.Checks[i].Name == name {
			d.table.Checks[i].NotValid = false
			return nil
		}
	}
	if slices.ContainsFunc(d.table.Indexes, func(x catalog.Index) bool { return x.Constraint && x.Name == name }) {
		return errAt(sqlerr.WrongObjectType, a.Constraint, "constraint %q of relation %q is not a foreign key or check constraint", name, d.table.Name)
	}
	return d.noConstraint(a.Constraint)
}

// alterConstraint is ALTER CONSTRAINT, which changes when a foreign key is checked.
func (d *definition) alterConstraint(k *ast.Constraint) error {
	for i := range d.table.Foreign {
		f := &d.table.Foreign[i]
		if f.Name != k.Name.Name {
			continue
		}
		f.Deferrable = k.Deferrable || k.InitiallyDeferred
		f.Deferred = k.InitiallyDeferred
		return nil
	}
	if d.taken(k.Name.Name) {
		return errAt(sqlerr.WrongObjectType, k.Name, "constraint %q of relation %q is not a foreign key constraint", k.Name.Name, d.table.Name)
	}
	return d.noConstraint(k.Name)
}

// moveForeign lets foreign keys be over the column that takes a field's place.
func (d *definition) moveForeign(field int32, col *catalog.Column, at ast.Node) error {
	for _, r := range d.reader.References(d.table.ID) {
		if slices.Contains(r.Key.RefFields, field) {
			return unsupported(at, "changing the type of a column that the foreign key "+r.Key.Name+" refers to")
		}
	}
	for i := range d.table.Foreign {
		f := &d.table.Foreign[i]
		f.Fields, f.SetFields = replaced(f.Fields, field, col.FieldID), replaced(f.SetFields, field, col.FieldID)
	}
	return nil
}

func replaced(fields []int32, from, to int32) []int32 {
	out := slices.Clone(fields)
	for i, f := range out {
		if f == from {
			out[i] = to
		}
	}
	return out
}
