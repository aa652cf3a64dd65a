package flight

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

func TestCatalogsSchemasAndTableTypes(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE SCHEMA extra")
	if got := f.rows(f.GetCatalogs(f.ctx)); !reflect.DeepEqual(got, [][]string{{"oxidb"}}) {
		t.Errorf("catalogs %v", got)
	}
	if got := f.rows(f.GetTableTypes(f.ctx)); !reflect.DeepEqual(got, [][]string{{"TABLE"}, {"VIEW"}}) {
		t.Errorf("table types %v", got)
	}
	pattern, other := "e%", "nowhere"
	if got := f.rows(f.GetDBSchemas(f.ctx, &flightsql.GetDBSchemasOpts{DbSchemaFilterPattern: &pattern})); !reflect.DeepEqual(got, [][]string{{"oxidb", "extra"}}) {
		t.Errorf("schemas %v", got)
	}
	if got := f.rows(f.GetDBSchemas(f.ctx, &flightsql.GetDBSchemasOpts{Catalog: &other})); len(got) != 0 {
		t.Errorf("schemas of another catalog: %v", got)
	}
}

func TestTables(t *testing.T) {
	f := start(t, Options{})
	f.exec(`CREATE TABLE a_b (x int); CREATE TABLE acb (x int); CREATE VIEW v AS SELECT x FROM acb; CREATE TABLE "Odd ""one""" (x int)`)
	schema := "public"
	names := func(pattern string, kinds ...string) (names []string) {
		for _, row := range f.rows(f.GetTables(f.ctx, &flightsql.GetTablesOpts{DbSchemaFilterPattern: &schema, TableNameFilterPattern: &pattern, TableTypes: kinds})) {
			names = append(names, row[2]+" "+row[3])
		}
		return names
	}
	for _, c := range []struct {
		pattern string
		kinds   []string
		want    []string
	}{
		{"a_b", nil, []string{"a_b TABLE", "acb TABLE"}},
		{`a\_b`, nil, []string{"a_b TABLE"}}, // the escape that SqlInfo announces
		{"%", []string{"VIEW"}, []string{"v VIEW"}},
		{"%", []string{"TABLE"}, []string{`Odd "one" TABLE`, "a_b TABLE", "acb TABLE"}},
		{"none", nil, nil},
	} {
		if got := names(c.pattern, c.kinds...); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q %v: %v, want %v", c.pattern, c.kinds, got, c.want)
		}
	}
}

func TestTableSchema(t *testing.T) {
	f := start(t, Options{})
	f.exec(`CREATE TABLE t (id bigint PRIMARY KEY, price numeric(10,2), name varchar(20) NOT NULL, n bigint GENERATED ALWAYS AS IDENTITY, s serial)`)
	info, err := f.GetTables(f.ctx, &flightsql.GetTablesOpts{IncludeSchema: true, TableTypes: []string{"TABLE"}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.DoGet(f.ctx, info.Endpoint[0].Ticket)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	if !r.Next() {
		t.Fatal("no table", r.Err())
	}
	schema, err := flight.DeserializeSchema(r.RecordBatch().Column(4).(*array.Binary).Value(0), memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	price := schema.Field(1)
	if !arrow.TypeEqual(price.Type, &arrow.Decimal128Type{Precision: 10, Scale: 2}) || !price.Nullable || schema.Field(0).Nullable || schema.Field(2).Nullable {
		t.Errorf("schema %s", schema)
	}
	m := flightsql.ColumnMetadata{Data: &price.Metadata}
	precision, _ := m.Precision()
	scale, _ := m.Scale()
	kind, _ := m.TypeName()
	table, _ := m.TableName()
	if precision != 10 || scale != 2 || kind != "numeric" || table != "t" {
		t.Errorf("metadata %v", price.Metadata)
	}
	for i, counts := range []bool{false, false, false, true, true} {
		m := flightsql.ColumnMetadata{Data: &schema.Fields()[i].Metadata}
		if got, _ := m.IsAutoIncrement(); got != counts {
			t.Errorf("column %s counts: %t", schema.Field(i).Name, got)
		}
	}
	for _, key := range []string{flightsql.CatalogNameKey, flightsql.SchemaNameKey, flightsql.IsAutoIncrementKey, flightsql.IsCaseSensitiveKey, flightsql.IsReadOnlyKey, flightsql.IsSearchableKey} {
		if price.Metadata.FindKey(key) < 0 {
			t.Errorf("%s is missing", key)
		}
	}
}

func TestKeys(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (a int, b int, c int, PRIMARY KEY (b, a)); CREATE TABLE u (x int PRIMARY KEY)")
	var got []string
	for _, row := range f.rows(f.GetPrimaryKeys(f.ctx, flightsql.TableRef{Table: "t"})) {
		got = append(got, strings.Join(row[:5], " "))
	}
	if want := []string{"oxidb public t b 1", "oxidb public t a 2"}; !reflect.DeepEqual(got, want) {
		t.Errorf("primary key %v, want %v", got, want)
	}
	f.exec("CREATE TABLE v (p int, q int, CONSTRAINT vt FOREIGN KEY (q, p) REFERENCES t ON DELETE CASCADE, x int REFERENCES u ON UPDATE SET NULL)")
	toT := []string{"oxidb public t b oxidb public v q 1 vt t_pkey 3 0", "oxidb public t a oxidb public v p 2 vt t_pkey 3 0"}
	toU := []string{"oxidb public u x oxidb public v x 1 v_x_fkey u_pkey 2 3"}
	keys := func(info *flight.FlightInfo, err error) (list []string) {
		for _, row := range f.rows(info, err) {
			list = append(list, strings.Join(row, " "))
		}
		return list
	}
	table := func(name string) flightsql.TableRef { return flightsql.TableRef{Table: name} }
	for what, lists := range map[string][2][]string{
		"imported by v": {keys(f.GetImportedKeys(f.ctx, table("v"))), append(slices.Clone(toT), toU...)},
		"imported by t": {keys(f.GetImportedKeys(f.ctx, table("t"))), nil},
		"exported by t": {keys(f.GetExportedKeys(f.ctx, table("t"))), toT},
		"exported by v": {keys(f.GetExportedKeys(f.ctx, table("v"))), nil},
		"from v to u":   {keys(f.GetCrossReference(f.ctx, table("u"), table("v"))), toU},
		"from u to v":   {keys(f.GetCrossReference(f.ctx, table("v"), table("u"))), nil},
	} {
		if !reflect.DeepEqual(lists[0], lists[1]) {
			t.Errorf("%s: %v, want %v", what, lists[0], lists[1])
		}
	}
}

// Clients ask for ids that this server does not know; the others must be answered all the same.
func TestSqlInfo(t *testing.T) {
	f := start(t, Options{})
	all := f.rows(f.GetSqlInfo(f.ctx, nil))
	if len(all) < 90 {
		t.Errorf("%d values in all", len(all))
	}
	got := f.rows(f.GetSqlInfo(f.ctx, []flightsql.SqlInfo{flightsql.SqlInfoFlightSqlServerTransaction, 99_999, flightsql.SqlInfoFlightSqlServerName}))
	if len(got) != 2 || !strings.Contains(got[0][1], "OxiDB") || !strings.Contains(got[1][1], "2") {
		t.Errorf("got %v", got)
	}
	// ADBC decides by this one whether there are transactions, and looks only into the union's int32.
	for id, value := range sqlInfos() {
		if id == flightsql.SqlInfoFlightSqlServerTransaction {
			if _, ok := value.(int32); !ok {
				t.Errorf("transaction support is a %T", value)
			}
		}
	}
	for id, value := range functionInfos() {
		if len(value.([]string)) == 0 {
			t.Errorf("%s: no function of the list exists", id)
		}
	}
}

func TestXdbcTypeInfo(t *testing.T) {
	f := start(t, Options{})
	if all := f.rows(f.GetXdbcTypeInfo(f.ctx, nil)); len(all) != len(xdbcList()) {
		t.Errorf("%d types", len(all))
	}
	code := int32(4)
	if got := f.rows(f.GetXdbcTypeInfo(f.ctx, &code)); len(got) != 1 || got[0][0] != "integer" {
		t.Errorf("types with code 4: %v", got)
	}
}

// Metadata requests name no transaction, but its client expects to see its own tables.
func TestMetadataInsideATransaction(t *testing.T) {
	f := start(t, Options{})
	txn, err := f.BeginTransaction(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := txn.ExecuteUpdate(f.ctx, "CREATE TABLE mine (a int)"); err != nil {
		t.Fatal(err)
	}
	name := "mine"
	options := &flightsql.GetTablesOpts{TableNameFilterPattern: &name}
	if got := f.rows(f.GetTables(f.ctx, options)); len(got) != 1 {
		t.Errorf("the transaction's own connection sees %v", got)
	}
	other := f.dial()
	info, err := other.GetTables(f.ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	if _, rows, err := fetch(f.ctx, other, info.Endpoint[0].Ticket); err != nil || len(rows) != 0 {
		t.Errorf("another connection sees %v %v", rows, err)
	}
	if err := txn.Rollback(f.ctx); err != nil {
		t.Fatal(err)
	}
}
