package bind

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
)

// bindCloneTable gives the new table everything that LIKE … INCLUDING ALL would, and the source's
// field ids, so that the source's chunks can be its own.
func (b *Binder) bindCloneTable(x *ast.CloneTable) (plan.Statement, error) {
	if x.Persistence == ast.Unlogged {
		return nil, unsupported(x, "UNLOGGED")
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
	src, sequences, err := b.cloneSource(x)
	if err != nil {
		return nil, err
	}
	table := *src
	d := &definition{Binder: b, table: &table}
	table.ID, table.Schema, table.Name, table.Temp, table.Past = 0, schema, x.Name.Base(), x.Persistence == ast.Temporary, nil
	table.Columns, table.Indexes, table.Derived, table.Foreign = nil, nil, nil, nil
	fields := map[int32]int32{}
	for _, c := range src.Columns {
		fields[c.FieldID] = c.FieldID
		kind, id := c.Identity, c.Sequence
		c.Identity, c.Sequence = catalog.NotIdentity, 0
		table.Columns = append(table.Columns, c)
		if kind != catalog.NotIdentity {
			if err := d.likeIdentity(kind, sequenceOf(sequences, id), x); err != nil {
				return nil, err
			}
		}
	}
	d.likeIndexes(src, fields)
	return &plan.Command{Stmt: x, Table: d.table, Source: src, Sequences: d.sequences}, nil
}

func sequenceOf(all []*catalog.Sequence, id catalog.ID) *catalog.Sequence {
	for _, s := range all {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// cloneSource finds the table to be cloned and the sequences beside it, as of now or of an earlier
// version.
func (b *Binder) cloneSource(x *ast.CloneTable) (*catalog.Table, []*catalog.Sequence, error) {
	if x.AsOf != nil {
		when, err := b.moment(x.AsOf)
		if err != nil {
			return nil, nil, err
		}
		reader, _, err := b.past(when, x.AsOf)
		if err != nil {
			return nil, nil, err
		}
		now := b.reader
		b.reader = reader
		defer func() { b.reader = now }()
	}
	table, view, err := b.lookupRelation(x.Source)
	switch {
	case err != nil:
		return nil, nil, err
	case view != nil:
		return nil, nil, errAt(sqlerr.WrongObjectType, x.Source, "%q is a view, which cannot be cloned", x.Source.Base()).
			WithHint("CREATE TABLE … AS SELECT … stores the rows of a view.")
	}
	return table, b.reader.Sequences(), nil
}
