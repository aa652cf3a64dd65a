package bind

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
)

// lookupSequence finds a sequence by name; 42P01 when no relation has it, 42809 when another kind has.
func (b *Binder) lookupSequence(n *ast.Name) (*catalog.Sequence, error) {
	schemas := b.reader.SearchPath()
	if s := n.Schema(); s != "" {
		schemas = []string{s}
	}
	for _, schema := range schemas {
		if s, ok := b.reader.Sequence(schema, n.Base()); ok {
			return s, nil
		}
	}
	if _, _, err := b.lookupRelation(n); err == nil {
		return nil, errAt(sqlerr.WrongObjectType, n, "%q is not a sequence", n.Base())
	}
	return nil, errAt(sqlerr.UndefinedTable, n, "relation %q does not exist", n.String())
}

func (b *Binder) isSequence(n *ast.Name) bool {
	_, err := b.lookupSequence(n)
	return err == nil
}

func (b *Binder) bindAlterSequence(x *ast.AlterTable) (plan.Statement, error) {
	s, err := b.lookupSequence(x.Name)
	if err != nil {
		if x.IfExists && sqlerr.StateOf(err) == sqlerr.UndefinedTable {
			return &plan.Command{Stmt: x}, nil
		}
		return nil, err
	}
	changed := *s
	change := plan.SequenceChange{Before: s, After: &changed}
	a := x.Actions[0]
	switch a.Kind {
	case ast.SequenceOptions:
		if s.Identity && a.Sequence[0].Name == "OWNED BY" {
			return nil, (&sequenceOptions{Binder: b, seq: &changed}).ownedBy(a.Sequence[0])
		}
		o := &sequenceOptions{Binder: b, seq: &changed}
		if err := o.apply(a.Sequence, a); err != nil {
			return nil, err
		}
		change.Restart = o.restart
	case ast.RenameTable:
		if err := b.freeRelation(s.Schema, a.NewName); err != nil {
			return nil, err
		}
		changed.Name = a.NewName.Name
	case ast.SetSchema:
		if s.OwnerTable != 0 {
			return nil, errAt(sqlerr.FeatureNotSupported, a, "cannot move an owned sequence into another schema").
				WithDetail("Sequence %q is linked to table %q.", s.Name, b.tableName(s.OwnerTable))
		}
		if !b.reader.HasSchema(a.NewName.Name) {
			return nil, errAt(sqlerr.InvalidSchemaName, a.NewName, "schema %q does not exist", a.NewName.Name)
		}
		changed.Schema = a.NewName.Name
	default:
		return nil, unsupported(a, "this action of ALTER SEQUENCE")
	}
	return &plan.Command{Stmt: x, Sequences: []plan.SequenceChange{change}}, nil
}

// freeRelation fails when a relation of the schema has the name.
func (b *Binder) freeRelation(schema string, name ast.Ident) error {
	_, table := b.reader.Table(schema, name.Name)
	_, view := b.reader.View(schema, name.Name)
	_, sequence := b.reader.Sequence(schema, name.Name)
	if table || view || sequence {
		return errAt(sqlerr.DuplicateTable, name, "relation %q already exists", name.Name)
	}
	return nil
}

func (b *Binder) checkDropSequence(d *ast.Drop, n *ast.Name) error {
	s, err := b.lookupSequence(n)
	if err != nil {
		switch {
		case sqlerr.StateOf(err) != sqlerr.UndefinedTable:
			return err
		case d.IfExists:
			return nil
		}
		return errAt(sqlerr.UndefinedTable, n, "sequence %q does not exist", n.String())
	}
	if s.Identity {
		if t, c := b.owner(s); t != nil {
			return errAt(sqlerr.DependentObjectsStillExist, n, "cannot drop sequence %s because column %s of table %s requires it", s.Name, c.Name, t.Name).
				WithHint("You can drop column %s of table %s instead.", c.Name, t.Name)
		}
	}
	if d.Behavior == ast.Cascade {
		return nil
	}
	users, err := b.SequenceUsers(s.ID)
	if err != nil || len(users) == 0 {
		return err
	}
	return errAt(sqlerr.DependentObjectsStillExist, n, "cannot drop sequence %s because other objects depend on it", s.Name).
		WithDetail("default value for column %s of table %s depends on sequence %s", users[0].Column(), users[0].Table.Name, s.Name).
		WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
}

// owner is the column that owns a sequence.
func (b *Binder) owner(s *catalog.Sequence) (*catalog.Table, *catalog.Column) {
	for _, t := range b.reader.Tables() {
		if t.ID == s.OwnerTable {
			if o := t.OrdinalOf(s.OwnerField); o >= 0 {
				return t, &t.Columns[o]
			}
		}
	}
	return nil, nil
}

// RenamedDefault is a column's default after a sequence it names has got another name.
func (b *Binder) RenamedDefault(c catalog.Column, before, after *catalog.Sequence) (string, error) {
	x, err := b.storedExpr(c.Default)
	if err != nil {
		return "", err
	}
	ast.Inspect(x, func(n ast.Node) {
		f, ok := n.(*ast.FuncCall)
		if !ok || len(f.Args) == 0 {
			return
		}
		name, ok := sequenceName(f.Args[0])
		if _, takes := sequenceFunctions[f.Name.Base()]; !takes || !ok {
			return
		}
		if s, err := FindSequence(b.reader, name); err == nil && s.ID == before.ID {
			renamed, err := b.storedExpr(NextvalText(after))
			if call, ok := renamed.(*ast.FuncCall); ok && err == nil {
				f.Args[0] = call.Args[0]
			}
		}
	})
	return ast.Format(x), nil
}
