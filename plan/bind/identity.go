package bind

import (
	"fmt"
	"slices"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// serialTypes are the types that stand for an integer column with a sequence of its own.
var serialTypes = map[string]types.Type{
	"serial": types.TInteger, "serial4": types.TInteger, "bigserial": types.TBigInt, "serial8": types.TBigInt,
	"smallserial": types.TSmallInt, "serial2": types.TSmallInt,
}

// storedType is the type of a column as CREATE and ALTER TABLE write it; serial tells that a
// sequence comes with it.
func storedType(n *ast.TypeName) (t types.Type, serial bool, err error) {
	if t, ok := serialTypes[n.Name]; ok && len(n.Qualifier) == 0 {
		if len(n.ArrayDims) > 0 {
			return t, false, errAt(sqlerr.FeatureNotSupported, n, "array of serial is not implemented")
		}
		return t, true, nil
	}
	t, err = columnType(n)
	return t, false, err
}

// serial gives a column a sequence and its numbers as the default.
func (d *definition) serial(col *catalog.Column, c *ast.ColumnDef) error {
	for _, k := range c.Constraints {
		switch k.Kind {
		case ast.DefaultConstraint:
			return errAt(sqlerr.SyntaxError, k, "multiple default values specified for column %q of table %q", col.Name, d.table.Name)
		case ast.NullConstraint:
			return errAt(sqlerr.SyntaxError, k, "conflicting NULL/NOT NULL declarations for column %q of table %q", col.Name, d.table.Name)
		case ast.IdentityConstraint:
			return errAt(sqlerr.SyntaxError, k, "both default and identity specified for column %q of table %q", col.Name, d.table.Name)
		case ast.GeneratedConstraint:
			return errAt(sqlerr.SyntaxError, k, "both default and generation expression specified for column %q of table %q", col.Name, d.table.Name)
		}
	}
	s, err := d.newSequence(col, nil, c, false)
	if err != nil {
		return err
	}
	col.NotNull, col.Default = true, NextvalText(s)
	return nil
}

// NextvalText is the default that takes the numbers of a sequence.
func NextvalText(s *catalog.Sequence) string {
	name := ast.QuoteIdent(s.Name)
	if s.Schema != catalog.DefaultSchema {
		name = ast.QuoteIdent(s.Schema) + "." + name
	}
	return "nextval(" + ast.QuoteString(name) + "::regclass)"
}

// newSequence makes the sequence that a column owns.
func (d *definition) newSequence(col *catalog.Column, options []*ast.SequenceOption, at ast.Node, identity bool) (*catalog.Sequence, error) {
	s := &catalog.Sequence{ID: d.newID(), State: d.newID(), Schema: d.table.Schema, Temp: d.table.Temp, Type: col.Type,
		OwnerTable: d.table.ID, OwnerField: col.FieldID, Identity: identity}
	var own []*ast.SequenceOption
	for _, o := range options {
		if o.Name != "SEQUENCE NAME" {
			own = append(own, o)
			continue
		}
		if s.Name = o.Owner.Base(); d.relationTaken(s.Name) {
			return nil, errAt(sqlerr.DuplicateTable, o, "relation %q already exists", s.Name)
		}
	}
	if s.Name == "" {
		s.Name = d.sequenceName(joinName(d.table.Name, col.Name, "seq"))
	}
	o := &sequenceOptions{Binder: d.Binder, seq: s, created: true, identity: identity}
	if err := o.apply(own, at); err != nil {
		return nil, err
	}
	d.sequences = append(d.sequences, plan.SequenceChange{After: s})
	return s, nil
}

func (d *definition) sequenceName(suggestion string) string {
	name := suggestion
	for i := 1; d.relationTaken(name); i++ {
		name = fmt.Sprintf("%s%d", suggestion, i)
	}
	return name
}

// relationTaken reports a relation of that name, or one that the statement makes.
func (d *definition) relationTaken(name string) bool {
	return name == d.table.Name || d.taken(name) || d.relationExists(name) ||
		slices.ContainsFunc(d.sequences, func(s plan.SequenceChange) bool { return s.After != nil && s.After.Name == name })
}

// identity makes a column an identity column.
func (d *definition) identity(col *catalog.Column, k *ast.Constraint) error {
	switch {
	case col.Identity != catalog.NotIdentity:
		return errAt(sqlerr.SyntaxError, k, "multiple identity specifications for column %q of table %q", col.Name, d.table.Name)
	case col.Default != "":
		return errAt(sqlerr.SyntaxError, k, "both default and identity specified for column %q of table %q", col.Name, d.table.Name)
	case col.Generated != "":
		return errAt(sqlerr.SyntaxError, k, "both identity and generation expression specified for column %q of table %q", col.Name, d.table.Name)
	case !col.Type.IsInteger():
		return errAt(sqlerr.InvalidParameterValue, k, "identity column type must be smallint, integer, or bigint")
	}
	s, err := d.newSequence(col, k.Sequence, k, true)
	if err != nil {
		return err
	}
	col.NotNull, col.Sequence = true, s.ID
	col.Identity = catalog.IdentityByDefault
	if k.Always {
		col.Identity = catalog.IdentityAlways
	}
	return nil
}

// addIdentity is ALTER COLUMN ADD GENERATED … AS IDENTITY.
func (d *definition) addIdentity(col *catalog.Column, a *ast.AlterAction) error {
	switch {
	case !col.Type.IsInteger():
		return errAt(sqlerr.InvalidParameterValue, a, "identity column type must be smallint, integer, or bigint")
	case !col.NotNull:
		return errAt(sqlerr.ObjectNotInPrerequisite, a, "column %q of relation %q must be declared NOT NULL before identity can be added", col.Name, d.table.Name)
	case col.Identity != catalog.NotIdentity:
		return errAt(sqlerr.ObjectNotInPrerequisite, a, "column %q of relation %q is already an identity column", col.Name, d.table.Name)
	case col.Default != "":
		return errAt(sqlerr.ObjectNotInPrerequisite, a, "column %q of relation %q already has a default value", col.Name, d.table.Name)
	}
	return d.identity(col, a.AddedConstraint)
}

// setIdentity is ALTER COLUMN SET GENERATED, SET option and RESTART.
func (d *definition) setIdentity(col *catalog.Column, a *ast.AlterAction) error {
	if col.Identity == catalog.NotIdentity {
		return errAt(sqlerr.ObjectNotInPrerequisite, a, "column %q of relation %q is not an identity column", col.Name, d.table.Name)
	}
	var options []*ast.SequenceOption
	for _, o := range a.Sequence {
		switch o.Name {
		case "GENERATED ALWAYS":
			col.Identity = catalog.IdentityAlways
		case "GENERATED BY DEFAULT":
			col.Identity = catalog.IdentityByDefault
		default:
			options = append(options, o)
		}
	}
	s := d.sequenceByID(col.Sequence)
	if len(options) == 0 || s == nil {
		return nil
	}
	changed := *s
	o := &sequenceOptions{Binder: d.Binder, seq: &changed, identity: true}
	if err := o.apply(options, a); err != nil {
		return err
	}
	d.sequences = append(d.sequences, plan.SequenceChange{Before: s, After: &changed, Restart: o.restart})
	return nil
}

func (d *definition) dropIdentity(col *catalog.Column, a *ast.AlterAction) error {
	if col.Identity == catalog.NotIdentity {
		if a.IfExists {
			return nil
		}
		return errAt(sqlerr.ObjectNotInPrerequisite, a, "column %q of relation %q is not an identity column", col.Name, d.table.Name)
	}
	if s := d.sequenceByID(col.Sequence); s != nil {
		d.sequences = append(d.sequences, plan.SequenceChange{Before: s})
	}
	col.Identity, col.Sequence = catalog.NotIdentity, 0
	return nil
}

func (b *Binder) sequenceByID(id catalog.ID) *catalog.Sequence {
	for _, s := range b.reader.Sequences() {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// dropOwned drops the sequences that a column owns with it. A sequence of which another default takes
// numbers stays unless the drop cascades.
func (d *definition) dropOwned(col *catalog.Column, a *ast.AlterAction) error {
	for _, s := range d.reader.Sequences() {
		if s.OwnerTable != d.table.ID || s.OwnerField != col.FieldID {
			continue
		}
		users, err := d.SequenceUsers(s.ID)
		if err != nil {
			return err
		}
		for _, u := range users {
			if u.Table.ID == d.table.ID && u.Field == col.FieldID || a.Behavior == ast.Cascade && u.Table.ID != d.table.ID {
				continue
			}
			return errAt(sqlerr.DependentObjectsStillExist, a.Column, "cannot drop column %s of table %s because other objects depend on it", col.Name, d.table.Name).
				WithDetail("default value for column %s of table %s depends on sequence %s", u.Column(), u.Table.Name, s.Name).
				WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
		}
		d.sequences = append(d.sequences, plan.SequenceChange{Before: s})
	}
	return nil
}

// SequenceUser is a column whose default takes numbers of a sequence.
type SequenceUser struct {
	Table *catalog.Table
	Field int32
}

// Column is the column's name.
func (u SequenceUser) Column() string { return u.Table.Columns[u.Table.OrdinalOf(u.Field)].Name }

// SequenceUsers lists the columns whose defaults name a sequence, but for identity columns.
func (b *Binder) SequenceUsers(id catalog.ID) ([]SequenceUser, error) {
	var users []SequenceUser
	for _, t := range b.reader.Tables() {
		for _, c := range t.Columns {
			if c.Default == "" {
				continue
			}
			e, err := b.Default(c)
			if err == nil && takesFrom(e, id) { // a default that no longer binds takes from none
				users = append(users, SequenceUser{t, c.FieldID})
			}
		}
	}
	return users, nil
}

// takesFrom reports that an expression calls a sequence function for a sequence.
func takesFrom(e plan.Expr, id catalog.ID) bool {
	if c, ok := e.(*plan.Call); ok {
		if _, ok := sequenceFunctions[c.Fn.Name]; ok {
			number, ok := c.Arg[0].(*plan.Const)
			return ok && number.Value.I == int64(id) && number.Value.Type.IsInteger()
		}
	}
	return slices.ContainsFunc(e.Args(), func(a plan.Expr) bool { return takesFrom(a, id) })
}

// onlyDefault is the refusal of a value for a column that makes its own.
func onlyDefault(c *catalog.Column, verb string, at ast.Node) error {
	err := errAt(sqlerr.GeneratedAlways, at, verb, c.Name)
	if c.IsGenerated() {
		return err.WithDetail("Column %q is a generated column.", c.Name)
	}
	return err.WithDetail("Column %q is an identity column defined as GENERATED ALWAYS.", c.Name)
}

const (
	insertDefault = "cannot insert a non-DEFAULT value into column %q"
	updateDefault = "column %q can only be updated to DEFAULT"
)

// insertRefused is the error of an INSERT that gives a column a value of its own; nil where it may.
func insertRefused(c *catalog.Column, o ast.Overriding, at ast.Node) error {
	switch {
	case c.IsGenerated():
		return onlyDefault(c, insertDefault, at)
	case c.Identity == catalog.IdentityAlways && o == ast.OverridingNone:
		var e *sqlerr.Error
		err := onlyDefault(c, insertDefault, at)
		if asError(err, &e) {
			e = e.WithHint("Use OVERRIDING SYSTEM VALUE to override.")
		}
		return e
	}
	return nil
}
