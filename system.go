package oxidb

import (
	"context"
	"strings"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec/scan"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/types"
)

// informationSchema is ISO/IEC 9075-11's schema of the catalog, as far as tools read it.
const informationSchema = "information_schema"

// databaseName is what catalogs are called in metadata: a process serves one database.
const databaseName = "oxidb"

// systemTable is a table whose rows are made when it is scanned.
type systemTable struct {
	name    string
	columns []catalog.Column
	rows    func(sc *scope, add func(values ...any))
}

// systemID marks descriptors of system tables: storage never hands these numbers out.
const systemID = catalog.SystemID

func text(name string) catalog.Column     { return catalog.Column{Name: name, Type: types.TText} }
func integer4(name string) catalog.Column { return catalog.Column{Name: name, Type: types.TInteger} }

func systemTables() []systemTable {
	return append(constraintTables(), []systemTable{
		{"schemata", []catalog.Column{text("catalog_name"), text("schema_name"), text("schema_owner")}, func(sc *scope, add func(...any)) {
			for _, s := range append(sc.catalog.Schemas(), informationSchema) {
				add(databaseName, s, databaseName)
			}
		}},
		{"tables", []catalog.Column{text("table_catalog"), text("table_schema"), text("table_name"), text("table_type"), text("is_insertable_into")}, func(sc *scope, add func(...any)) {
			for _, t := range sc.catalog.Tables() {
				add(databaseName, t.Schema, t.Name, tableType(t), "YES")
			}
			for _, v := range sc.catalog.Views() {
				add(databaseName, v.Schema, v.Name, "VIEW", "NO")
			}
			for _, t := range systemTables() {
				add(databaseName, informationSchema, t.name, "VIEW", "NO")
			}
		}},
		{"columns", []catalog.Column{text("table_catalog"), text("table_schema"), text("table_name"), text("column_name"), integer4("ordinal_position"),
			text("column_default"), text("is_nullable"), text("data_type"), integer4("character_maximum_length"), integer4("numeric_precision"), integer4("numeric_scale"),
			text("is_identity"), text("identity_generation"), text("identity_start"), text("identity_increment"), text("identity_maximum"), text("identity_minimum"), text("identity_cycle"),
			text("is_generated"), text("generation_expression"), text("is_updatable")}, columnRows},
		{"views", []catalog.Column{text("table_catalog"), text("table_schema"), text("table_name"), text("view_definition")}, func(sc *scope, add func(...any)) {
			for _, v := range sc.catalog.Views() {
				add(databaseName, v.Schema, v.Name, v.Query)
			}
		}},
		{"sequences", []catalog.Column{text("sequence_catalog"), text("sequence_schema"), text("sequence_name"), text("data_type"), integer4("numeric_precision"),
			integer4("numeric_precision_radix"), integer4("numeric_scale"), text("start_value"), text("minimum_value"), text("maximum_value"), text("increment"), text("cycle_option")}, sequenceRows},
		{"indexes", []catalog.Column{text("index_schema"), text("index_name"), text("table_schema"), text("table_name"), text("column_names"), text("is_primary"), text("is_unique")}, indexRows},
	}...)
}

func tableType(t *catalog.Table) string {
	if t.Temp {
		return "LOCAL TEMPORARY"
	}
	return "BASE TABLE"
}

func columnRows(sc *scope, add func(...any)) {
	for _, t := range sc.catalog.Tables() {
		for i, c := range t.Columns {
			add(append([]any{databaseName, t.Schema, t.Name, c.Name, int64(i + 1), optional(c.Default), yesNo(!c.NotNull)}, append(typeColumns(c.Type), sc.generation(&c)...)...)...)
		}
	}
	for _, v := range sc.catalog.Views() {
		names, kinds, err := sc.viewColumns(v)
		if err != nil { // a view that no longer binds has no columns to show
			continue
		}
		for i := range names {
			add(append([]any{databaseName, v.Schema, v.Name, names[i], int64(i + 1), nil, "YES"}, append(typeColumns(kinds[i]), "NO", nil, nil, nil, nil, nil, "NO", "NEVER", nil, "NO")...)...)
		}
	}
}

func typeColumns(t types.Type) []any {
	length, precision, scale := any(nil), any(nil), any(nil)
	if t.Length > 0 {
		length = int64(t.Length)
	}
	if t.Kind == types.Numeric {
		precision, scale = int64(t.Precision), int64(t.Scale)
	}
	return []any{t.Kind.String(), length, precision, scale}
}

func yesNo(yes bool) string {
	if yes {
		return "YES"
	}
	return "NO"
}

func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// systemReader shows the system tables beside a transaction's catalog.
type systemReader struct{ catalog.Reader }

// HasSchema implements catalog.Reader.
func (r systemReader) HasSchema(schema string) bool {
	return schema == informationSchema || r.Reader.HasSchema(schema)
}

// Table implements catalog.Reader.
func (r systemReader) Table(schema, table string) (*catalog.Table, bool) {
	if schema != informationSchema && schema != ownSchema {
		return r.Reader.Table(schema, table)
	}
	first, list := 0, systemTables()
	if schema == ownSchema {
		first, list = len(list), ownTables()
	}
	for i, t := range list {
		if strings.EqualFold(t.name, table) {
			return t.descriptor(schema, first+i), true
		}
	}
	return nil, false
}

// Stats implements catalog.Reader.
func (r systemReader) Stats(t *catalog.Table) *catalog.TableStats {
	if t.ID >= systemID {
		return &catalog.TableStats{Rows: 100, Columns: make([]catalog.ColumnStats, len(t.Columns))}
	}
	return r.Reader.Stats(t)
}

// descriptor describes the table with a number among systemTables and, behind them, ownTables.
func (t *systemTable) descriptor(schema string, number int) *catalog.Table {
	d := &catalog.Table{ID: systemID + catalog.ID(number), Schema: schema, Name: t.name, Columns: append([]catalog.Column(nil), t.columns...)}
	for i := range d.Columns {
		d.Columns[i].FieldID = int32(i + 1)
	}
	return d
}

// systemChunk is a system table's rows as one chunk.
type systemChunk struct {
	cols []*columnar.Vector
	rows int
}

// systemChunks makes the rows of system table t.
func (sc *scope) systemChunks(t *catalog.Table) ([]scan.Chunk, error) {
	tables := append(systemTables(), ownTables()...)
	if int(t.ID-systemID) >= len(tables) {
		return sc.sequenceChunks(t.ID - systemID)
	}
	table := tables[t.ID-systemID]
	c := &systemChunk{cols: make([]*columnar.Vector, len(table.columns))}
	for i, col := range table.columns {
		c.cols[i] = &columnar.Vector{Type: col.Type, Layout: columnar.Str, Offsets: []uint32{0}, Shared: true}
		switch col.Type.Class() {
		case types.ClassInt:
			c.cols[i].Layout, c.cols[i].Offsets = columnar.I64, nil
		case types.ClassFloat:
			c.cols[i].Layout, c.cols[i].Offsets = columnar.F64, nil
		}
	}
	table.rows(sc, func(values ...any) {
		c.rows++
		for i, v := range values {
			appendValue(c.cols[i], v)
		}
	})
	return []scan.Chunk{c}, nil
}

// appendValue adds a string, an int64, a float64 or NULL.
func appendValue(v *columnar.Vector, value any) {
	row := v.Len
	v.Len++
	if row%64 == 0 {
		v.Valid = append(v.Valid, 0)
	}
	if value != nil {
		v.Valid[row/64] |= 1 << (row % 64)
	}
	switch v.Layout {
	case columnar.I64:
		n, _ := value.(int64)
		v.I64 = append(v.I64, n)
		return
	case columnar.F64:
		f, _ := value.(float64)
		v.F64 = append(v.F64, f)
		return
	}
	s, _ := value.(string)
	v.Bytes = append(v.Bytes, s...)
	v.Offsets = append(v.Offsets, uint32(len(v.Bytes)))
}

func (c *systemChunk) ID() uint32 { return 0 }
func (c *systemChunk) Rows() int  { return c.rows }
func (c *systemChunk) Column(_ context.Context, field int32) (*columnar.Vector, error) {
	return c.cols[field-1], nil
}
func (c *systemChunk) Visible(int, int, []uint64) bool { return false }
func (c *systemChunk) Live() int                       { return c.rows }
func (c *systemChunk) Zone(int32) (scan.Zone, bool)    { return scan.Zone{}, false }

// storedChunk shows a table's chunk to the scan.
type storedChunk struct{ *mvcc.View }

func (c storedChunk) Visible(from, to int, words []uint64) bool {
	return c.Deleted().Visible(from, to, words)
}

func (c storedChunk) Live() int { return c.View.Visible() }

func (c storedChunk) Zone(field int32) (scan.Zone, bool) {
	return scanZone(c.View.Zone(field))
}

func scanZone(z *mvcc.Zone) (scan.Zone, bool) {
	if z == nil {
		return scan.Zone{}, false
	}
	return scan.Zone{Min: z.Min, Max: z.Max, Nulls: z.Nulls > 0, Sorted: z.Sorted}, true
}
