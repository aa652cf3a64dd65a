package flight

import (
	"reflect"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// record makes a batch from JSON.
func record(t *testing.T, schema *arrow.Schema, json string) arrow.RecordBatch {
	t.Helper()
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(json))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func (f *fixture) prepare(sql string) *flightsql.PreparedStatement {
	f.t.Helper()
	stmt, err := f.Prepare(f.ctx, sql)
	if err != nil {
		f.t.Fatal(err)
	}
	return stmt
}

var pairs = arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64, Nullable: true}, {Name: "b", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)

func TestPreparedDescription(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (a int, b text)")
	stmt := f.prepare("SELECT b FROM t WHERE a = $1")
	if got := stmt.ParameterSchema(); got.NumFields() != 1 || got.Field(0).Type.ID() != arrow.INT32 {
		t.Errorf("parameters %s", got)
	}
	if got := stmt.DatasetSchema(); got.NumFields() != 1 || got.Field(0).Name != "b" {
		t.Errorf("columns %s", got)
	}
}

func TestBindSeveralRows(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (a int, b text)")
	insert := f.prepare("INSERT INTO t VALUES ($1, $2)")
	insert.SetParameters(record(t, pairs, `[{"a":1,"b":"x"},{"a":2,"b":null},{"a":3,"b":"z"}]`))
	if n, err := insert.ExecuteUpdate(f.ctx); err != nil || n != 3 {
		t.Fatal(n, err)
	}
	query := f.prepare("SELECT a, b FROM t WHERE a = $1")
	query.SetParameters(record(t, arrow.NewSchema(pairs.Fields()[:1], nil), `[{"a":3},{"a":7},{"a":1}]`))
	if got, want := f.rows(query.Execute(f.ctx)), [][]string{{"3", "z"}, {"1", "x"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Half of a batch of rows must not stay when the other half is refused.
func TestBatchIsAtomic(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (a int NOT NULL, b text)")
	insert := f.prepare("INSERT INTO t VALUES ($1, $2)")
	insert.SetParameters(record(t, pairs, `[{"a":1,"b":"x"},{"a":null,"b":"y"}]`))
	if _, err := insert.ExecuteUpdate(f.ctx); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "23502") {
		t.Errorf("got %v", err)
	}
	if got := f.count(); got != "0" {
		t.Errorf("%s rows were kept", got)
	}
}

func TestParametersTakeTheirTypesFromValues(t *testing.T) {
	f := start(t, Options{})
	query := f.prepare("SELECT $1, $2")
	query.SetParameters(record(t, pairs, `[{"a":5,"b":"x"}]`))
	info, err := query.Execute(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	schema, rows, err := fetch(f.ctx, f.Client, info.Endpoint[0].Ticket)
	if err != nil || schema.Field(0).Type.ID() != arrow.INT64 || !reflect.DeepEqual(rows, [][]string{{"5", "x"}}) {
		t.Errorf("%s %v %v", schema, rows, err)
	}
}

func TestWrongParameters(t *testing.T) {
	f := start(t, Options{})
	query := f.prepare("SELECT $1::int + 1")
	if _, err := query.Execute(f.ctx); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "07002") {
		t.Errorf("without values: %v", err)
	}
	query.SetParameters(record(t, pairs, `[{"a":1,"b":"x"}]`))
	if _, err := query.Execute(f.ctx); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "07001") {
		t.Errorf("with too many: %v", err)
	}
	query = f.prepare("SELECT $1::int + 1")
	query.SetParameters(record(t, arrow.NewSchema(pairs.Fields()[1:], nil), `[{"b":"no number"}]`))
	info, err := query.Execute(f.ctx)
	if err == nil {
		_, _, err = fetch(f.ctx, f.Client, info.Endpoint[0].Ticket)
	}
	if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "22P02") {
		t.Errorf("with a text for a number: %v", err)
	}
}

func TestPreparedChangeRunsInGetFlightInfo(t *testing.T) {
	f := start(t, Options{})
	if rows := f.rows(f.prepare("CREATE TABLE t (a int)").Execute(f.ctx)); len(rows) != 0 {
		t.Errorf("CREATE TABLE gave rows: %v", rows)
	}
	info, err := f.Execute(f.ctx, "INSERT INTO t VALUES (2) RETURNING a + 1 AS b")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a ticket may be redeemed twice, or never
		if got := f.rows(info, nil); !reflect.DeepEqual(got, [][]string{{"3"}}) {
			t.Errorf("RETURNING gave %v", got)
		}
	}
	if got := f.count(); got != "1" {
		t.Errorf("%s rows, want 1", got)
	}
	if _, err := f.GetExecuteSchema(f.ctx, "INSERT INTO t VALUES (3)"); err != nil {
		t.Fatal(err)
	}
	if got := f.count(); got != "1" {
		t.Errorf("asking for the schema inserted a row")
	}
}

func TestUnusedPreparedStatementsEnd(t *testing.T) {
	f := start(t, Options{MaxStatements: 2})
	first := f.prepare("SELECT 1")
	f.prepare("SELECT 2")
	f.prepare("SELECT 3")
	if _, err := first.Execute(f.ctx); status.Code(err) != codes.NotFound {
		t.Errorf("using the longest unused of too many: %v", err)
	}
	if err := first.Close(f.ctx); err != nil {
		t.Errorf("closing it: %v", err)
	}
}
