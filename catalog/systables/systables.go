// Package systables keeps the catalog as rows of a versioned table: DDL is transactional, logged and
// recovered because every descriptor is a row like any other.
//
// S1: the row of an object holds its descriptor as JSON; an ALTER deletes the row and appends another.
// S2: relations (tables, views and sequences) share one name space, enforced by a key of the system table.
package systables

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// objectsID is the system table of all descriptors.
const objectsID mvcc.TableID = 1

// Field ids of the objects table.
const (
	fieldID int32 = iota + 1
	fieldSpace
	fieldKind
	fieldSchema
	fieldName
	fieldDefinition
)

// Kinds of objects, and the name spaces they are unique in.
const (
	kindSchema   = "schema"
	kindTable    = "table"
	kindView     = "view"
	kindSequence = "sequence"
	// kindSetting is a setting of the database; its definition is the value's text in JSON.
	kindSetting = "setting"

	spaceSchemas   = "schemas"
	spaceRelations = "relations"
	spaceSettings  = "settings"
)

func objectsSchema() mvcc.Schema {
	text := func(id int32, name string) mvcc.ColumnDef {
		return mvcc.ColumnDef{FieldID: id, Name: name, Type: types.TText, NotNull: true}
	}
	return mvcc.Schema{
		Columns: []mvcc.ColumnDef{
			{FieldID: fieldID, Name: "id", Type: types.TBigInt, NotNull: true},
			text(fieldSpace, "space"), text(fieldKind, "kind"), text(fieldSchema, "schema"), text(fieldName, "name"), text(fieldDefinition, "definition"),
		},
		Keys: []mvcc.Key{{Name: "objects_name_key", Fields: []int32{fieldSpace, fieldSchema, fieldName}}},
	}
}

// Catalog reads and writes descriptors. It caches what transactions read, as long as nothing changes.
type Catalog struct {
	store *mvcc.Store

	mu     sync.Mutex              // held by the one that reads objects
	newest atomic.Pointer[objects] // of transactions on the newest version that has been read
	past   atomic.Pointer[objects] // of those on an earlier one
}

// Open makes the system table when the store is new.
func Open(ctx context.Context, store *mvcc.Store) (*Catalog, error) {
	c := &Catalog{store: store}
	txn := store.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	if _, err := txn.Table(objectsID); err == nil {
		return c, nil
	}
	if err := txn.CreateTable(objectsID, "oxidb_objects", objectsSchema()); err != nil {
		return nil, err
	}
	if err := c.Writer(txn).CreateSchema(catalog.DefaultSchema); err != nil {
		return nil, err
	}
	_, err := txn.Commit(ctx)
	return c, err
}

// objects is the catalog's content at one moment. It is immutable.
type objects struct {
	version   uint64
	schemas   map[string]columnar.RowID
	tables    map[name]*catalog.Table
	views     map[name]*catalog.View
	sequences map[name]*catalog.Sequence
	rows      map[name]columnar.RowID // of relations
	byID      map[catalog.ID]*catalog.Table
	refs      map[catalog.ID][]catalog.Reference
	settings  map[string]settingRow
}

// settingRow is a setting's value and where it lies.
type settingRow struct {
	value string
	row   columnar.RowID
}

type name struct{ schema, name string }

func newObjects(at mvcc.Timestamp) *objects {
	return &objects{version: uint64(at), schemas: map[string]columnar.RowID{}, tables: map[name]*catalog.Table{}, views: map[name]*catalog.View{}, sequences: map[name]*catalog.Sequence{}, rows: map[name]columnar.RowID{}, settings: map[string]settingRow{}}
}

// load reads the objects as txn sees them.
func (c *Catalog) load(txn *mvcc.Txn) (*objects, error) {
	table, err := txn.Table(objectsID)
	if err != nil && sqlerr.StateOf(err) == sqlerr.UndefinedTable { // before the catalog was made
		return newObjects(0), nil
	}
	if err != nil {
		return nil, err
	}
	at, own := table.Version()
	if o := c.known(at, own); o != nil {
		return o, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if o := c.known(at, own); o != nil {
		return o, nil
	}
	o := newObjects(at)
	for _, chunk := range table.Chunks() {
		if err := o.add(chunk); err != nil {
			return nil, err
		}
	}
	o.connect()
	switch {
	case own:
		o.version = ^uint64(0) // never equal to a committed version
	case c.newest.Load() == nil || c.newest.Load().version <= o.version:
		c.newest.Store(o)
	default:
		c.past.Store(o)
	}
	return o, nil
}

// known is the objects as of a version of their table, nil when they are to be read.
func (c *Catalog) known(at mvcc.Timestamp, own bool) *objects {
	if own {
		return nil
	}
	if o := c.newest.Load(); o != nil && o.version == uint64(at) {
		return o
	}
	if o := c.past.Load(); o != nil && o.version == uint64(at) {
		return o
	}
	return nil
}

// connect finds tables by number, and their foreign keys by what they refer to.
func (o *objects) connect() {
	o.byID, o.refs = make(map[catalog.ID]*catalog.Table, len(o.tables)), map[catalog.ID][]catalog.Reference{}
	var holders []*catalog.Table
	for _, t := range o.tables {
		o.byID[t.ID] = t
		if len(t.Foreign) > 0 {
			holders = append(holders, t)
		}
	}
	for _, t := range holders {
		for _, f := range t.Foreign {
			if o.refs[f.Table] == nil {
				o.refs[f.Table] = catalog.References(holders, f.Table)
			}
		}
	}
}

func (o *objects) add(chunk *mvcc.View) error {
	cols := map[int32]*columnar.Vector{}
	for _, f := range []int32{fieldKind, fieldSchema, fieldName, fieldDefinition} {
		v, err := chunk.Column(context.Background(), f)
		if err != nil {
			return err
		}
		cols[f] = v
	}
	deleted := chunk.Deleted()
	for i := range chunk.Rows() {
		if deleted != nil && deleted.Contains(uint32(i)) {
			continue
		}
		at := name{cols[fieldSchema].Value(i).S, cols[fieldName].Value(i).S}
		if err := o.define(cols[fieldKind].Value(i).S, at, cols[fieldDefinition].Value(i).S, columnar.MakeRowID(chunk.ID(), uint32(i))); err != nil {
			return err
		}
	}
	return nil
}

func (o *objects) define(kind string, at name, definition string, row columnar.RowID) (err error) {
	switch kind {
	case kindSchema:
		o.schemas[at.name] = row
		return nil
	case kindSetting:
		s := settingRow{row: row}
		if err := json.Unmarshal([]byte(definition), &s.value); err != nil {
			return sqlerr.New(sqlerr.DataCorrupted, "the catalog's entry of setting %s is damaged: %w", at.name, err)
		}
		o.settings[at.name] = s
		return nil
	case kindTable:
		t := &catalog.Table{}
		err = json.Unmarshal([]byte(definition), t)
		o.tables[at] = t
	case kindView:
		v := &catalog.View{}
		err = json.Unmarshal([]byte(definition), v)
		o.views[at] = v
	case kindSequence:
		s := &catalog.Sequence{}
		err = json.Unmarshal([]byte(definition), s)
		o.sequences[at] = s
	}
	o.rows[at] = row
	if err != nil {
		return sqlerr.New(sqlerr.DataCorrupted, "the catalog's entry of %s.%s is damaged: %w", at.schema, at.name, err)
	}
	return nil
}
