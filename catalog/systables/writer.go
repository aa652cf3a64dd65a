package systables

import (
	"context"
	"encoding/json"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Writer changes the catalog within a transaction. Descriptors passed in are not changed.
type Writer struct {
	catalog *Catalog
	txn     *mvcc.Txn
}

// Writer gives txn's writer.
func (c *Catalog) Writer(txn *mvcc.Txn) *Writer { return &Writer{c, txn} }

// CreateSchema adds a schema; 42P06 when it exists.
func (w *Writer) CreateSchema(schema string) error {
	o, err := w.catalog.load(w.txn)
	if err != nil {
		return err
	}
	if _, exists := o.schemas[schema]; exists {
		return sqlerr.New(sqlerr.DuplicateSchema, "schema %q already exists", schema)
	}
	return w.insert(0, spaceSchemas, kindSchema, name{name: schema}, struct{}{})
}

// DropSchema removes an empty schema; 2BP01 when it holds relations.
func (w *Writer) DropSchema(schema string) error {
	o, err := w.catalog.load(w.txn)
	if err != nil {
		return err
	}
	row, exists := o.schemas[schema]
	if !exists {
		return sqlerr.New(sqlerr.InvalidSchemaName, "schema %q does not exist", schema)
	}
	readMembers(w.txn, schema)
	for at := range o.rows {
		if at.schema == schema {
			return sqlerr.New(sqlerr.DependentObjectsStillExist, "cannot drop schema %s because other objects depend on it", schema).
				WithDetail("%s depends on it.", at.name).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
		}
	}
	return w.txn.Delete(objectsID, []columnar.RowID{row})
}

// CreateTable adds a table and gives its descriptor with ids assigned; 42P07 when the name is taken.
func (w *Writer) CreateTable(t *catalog.Table) (*catalog.Table, error) {
	return w.create(t, w.txn.CreateTable)
}

// CloneTable adds a table with the rows and the field ids of src; 42P07 when the name is taken.
func (w *Writer) CloneTable(ctx context.Context, t *catalog.Table, src *mvcc.Table) (*catalog.Table, error) {
	return w.create(t, func(id catalog.ID, name string, schema mvcc.Schema) error {
		return w.txn.CloneTable(ctx, id, name, schema, src)
	})
}

// create gives a table its numbers, makes its storage and notes its descriptor.
func (w *Writer) create(t *catalog.Table, store func(catalog.ID, string, mvcc.Schema) error) (*catalog.Table, error) {
	if err := w.free(name{t.Schema, t.Name}); err != nil {
		return nil, err
	}
	c := *t
	c.ID = w.catalog.store.NewID()
	c.Columns = append([]catalog.Column(nil), t.Columns...)
	for i := range c.Columns {
		if c.Columns[i].FieldID == 0 {
			c.Columns[i].FieldID = max(c.NextField, 1)
		}
		c.NextField = max(c.NextField, c.Columns[i].FieldID+1)
	}
	c.Indexes = append([]catalog.Index(nil), t.Indexes...)
	for i := range c.Indexes {
		c.Indexes[i].ID = w.catalog.store.NewID()
	}
	c.Derived = append([]catalog.DerivedIndex(nil), c.Derived...)
	for i := range c.Derived {
		if c.Derived[i].ID == 0 {
			c.Derived[i].ID = w.catalog.store.NewID()
		}
	}
	w.numberForeign(&c)
	if err := store(c.ID, c.Name, storage(&c)); err != nil {
		return nil, err
	}
	return &c, w.insert(c.ID, spaceRelations, kindTable, name{c.Schema, c.Name}, &c)
}

// AlterTable replaces the descriptor of old by changed, which has the same ID.
func (w *Writer) AlterTable(old, changed *catalog.Table) error {
	from, to := name{old.Schema, old.Name}, name{changed.Schema, changed.Name}
	if from != to {
		if err := w.free(to); err != nil {
			return err
		}
	}
	c := *changed
	c.Indexes = append([]catalog.Index(nil), changed.Indexes...)
	for i := range c.Indexes {
		if c.Indexes[i].ID == 0 {
			c.Indexes[i].ID = w.catalog.store.NewID()
		}
	}
	c.Derived = append([]catalog.DerivedIndex(nil), c.Derived...)
	for i := range c.Derived {
		if c.Derived[i].ID == 0 {
			c.Derived[i].ID = w.catalog.store.NewID()
		}
	}
	w.numberForeign(&c)
	if err := w.remove(from, "table"); err != nil {
		return err
	}
	if err := w.txn.AlterTable(c.ID, c.Name, storage(&c)); err != nil {
		return err
	}
	return w.insert(c.ID, spaceRelations, kindTable, to, &c)
}

// numberForeign gives new foreign keys their numbers; 0 as the table referred to is the table itself.
func (w *Writer) numberForeign(t *catalog.Table) {
	t.Foreign = append([]catalog.Foreign(nil), t.Foreign...)
	for i := range t.Foreign {
		f := &t.Foreign[i]
		if f.ID == 0 {
			f.ID = w.catalog.store.NewID()
		}
		if f.Table == 0 {
			f.Table = t.ID
		}
	}
}

// Touch makes a table conflict with everything that changes it meanwhile, its rows included: a foreign
// key to it was made or checked.
func (w *Writer) Touch(t *catalog.Table) error { return w.txn.AlterTable(t.ID, t.Name, storage(t)) }

// DropTable removes a table and its rows.
func (w *Writer) DropTable(t *catalog.Table) error {
	if err := w.remove(name{t.Schema, t.Name}, "table"); err != nil {
		return err
	}
	return w.txn.DropTable(t.ID)
}

// CreateView adds a view, or replaces one when replace is set.
func (w *Writer) CreateView(v *catalog.View, replace bool) error {
	at := name{v.Schema, v.Name}
	o, err := w.catalog.load(w.txn)
	if err != nil {
		return err
	}
	if _, exists := o.views[at]; exists && replace {
		if err := w.remove(at, "view"); err != nil {
			return err
		}
	} else if err := w.free(at); err != nil {
		return err
	}
	c := *v
	c.ID = w.catalog.store.NewID()
	return w.insert(c.ID, spaceRelations, kindView, at, &c)
}

// DropView removes a view.
func (w *Writer) DropView(v *catalog.View) error { return w.remove(name{v.Schema, v.Name}, "view") }

// RenameView gives a view another name.
func (w *Writer) RenameView(v *catalog.View, to string) error {
	if err := w.free(name{v.Schema, to}); err != nil {
		return err
	}
	if err := w.DropView(v); err != nil {
		return err
	}
	c := *v
	c.Name = to
	return w.insert(c.ID, spaceRelations, kindView, name{c.Schema, c.Name}, &c)
}

// SetSetting stores a setting of the database, or with set false removes it.
func (w *Writer) SetSetting(setting, value string, set bool) error {
	o, err := w.catalog.load(w.txn)
	if err != nil {
		return err
	}
	if known, stored := o.settings[setting]; stored {
		if err := w.txn.Delete(objectsID, []columnar.RowID{known.row}); err != nil {
			return err
		}
	}
	if !set {
		return nil
	}
	return w.insert(0, spaceSettings, kindSetting, name{name: setting}, value)
}

// ResetSettings removes all settings of the database.
func (w *Writer) ResetSettings() error {
	o, err := w.catalog.load(w.txn)
	if err != nil {
		return err
	}
	for _, known := range o.settings {
		if err := w.txn.Delete(objectsID, []columnar.RowID{known.row}); err != nil {
			return err
		}
	}
	return nil
}

// free fails when a relation has the name already, or its schema does not exist.
func (w *Writer) free(at name) error {
	o, err := w.catalog.load(w.txn)
	if err != nil {
		return err
	}
	readSchema(w.txn, at.schema, true)
	if _, ok := o.schemas[at.schema]; !ok {
		return sqlerr.New(sqlerr.InvalidSchemaName, "schema %q does not exist", at.schema)
	}
	if _, taken := o.rows[at]; taken {
		return sqlerr.New(sqlerr.DuplicateTable, "relation %q already exists", at.name)
	}
	return nil
}

func (w *Writer) remove(at name, kind string) error {
	o, err := w.catalog.load(w.txn)
	if err != nil {
		return err
	}
	row, exists := o.rows[at]
	if !exists {
		return sqlerr.New(sqlerr.UndefinedTable, "%s %q does not exist", kind, at.name)
	}
	return w.txn.Delete(objectsID, []columnar.RowID{row})
}

// insert appends one object's row.
func (w *Writer) insert(id catalog.ID, space, kind string, at name, descriptor any) error {
	definition, err := json.Marshal(descriptor)
	if err != nil {
		return sqlerr.New(sqlerr.InternalError, "encoding the descriptor of %s: %w", at.name, err)
	}
	b := &columnar.Batch{Len: 1, Cols: []*columnar.Vector{
		{Type: types.TBigInt, Layout: columnar.I64, Len: 1, I64: []int64{int64(id)}},
		one(space), one(kind), one(at.schema), one(at.name), one(string(definition)),
	}}
	return w.txn.Append(objectsID, b)
}

func one(s string) *columnar.Vector {
	return &columnar.Vector{Type: types.TText, Layout: columnar.Str, Len: 1, Offsets: []uint32{0, uint32(len(s))}, Bytes: []byte(s)}
}

// storage is what the store must know of a table.
func storage(t *catalog.Table) mvcc.Schema {
	s := mvcc.Schema{Cluster: t.Cluster}
	for _, c := range t.Columns {
		def := mvcc.ColumnDef{FieldID: c.FieldID, Name: c.Name, Type: c.Type, NotNull: c.NotNull, Missing: types.Null(c.Type)}
		if c.Missing != nil {
			if v, err := types.Parse(c.Type, *c.Missing); err == nil {
				def.Missing = v
			}
		}
		s.Columns = append(s.Columns, def)
	}
	for _, i := range t.Indexes {
		if i.Unique {
			s.Keys = append(s.Keys, mvcc.Key{Name: i.Name, Fields: i.Fields, NullsEqual: i.NullsEqual})
		} else {
			s.Indexes = append(s.Indexes, mvcc.Index{Kind: i.Kind(), Fields: i.Fields})
		}
	}
	for i := range t.Derived {
		x := &t.Derived[i]
		partial := x.Predicate != ""
		if x.Unique {
			s.Keys = append(s.Keys, mvcc.Key{Name: x.Name, Fields: x.Fields, NullsEqual: x.NullsEqual, Partial: partial})
		} else {
			s.Indexes = append(s.Indexes, mvcc.Index{Kind: x.Kind(), Fields: x.Fields, Partial: partial})
		}
		for _, c := range x.Computed {
			s.Computed = append(s.Computed, mvcc.Computed{FieldID: c.Field, Expr: c.Expr, Type: c.Type, Inputs: c.Inputs})
		}
	}
	return s
}
