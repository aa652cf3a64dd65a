package flight

import (
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	create      = flightsql.TableDefinitionOptionsTableNotExistOptionCreate
	failMissing = flightsql.TableDefinitionOptionsTableNotExistOptionFail
	failExists  = flightsql.TableDefinitionOptionsTableExistsOptionFail
	appendTo    = flightsql.TableDefinitionOptionsTableExistsOptionAppend
	replace     = flightsql.TableDefinitionOptionsTableExistsOptionReplace
)

func (f *fixture) ingest(missing flightsql.TableDefinitionOptionsTableNotExistOption, exists flightsql.TableDefinitionOptionsTableExistsOption, json string) (int64, error) {
	f.t.Helper()
	r, err := array.NewRecordReader(pairs, []arrow.RecordBatch{record(f.t, pairs, json)})
	if err != nil {
		f.t.Fatal(err)
	}
	return f.ExecuteIngest(f.ctx, r, &flightsql.ExecuteIngestOpts{Table: "t", TableDefinitionOptions: &flightsql.TableDefinitionOptions{IfNotExist: missing, IfExists: exists}})
}

func TestIngestModes(t *testing.T) {
	f := start(t, Options{})
	const two = `[{"a":1,"b":"x"},{"a":2,"b":null}]`
	steps := []struct {
		missing flightsql.TableDefinitionOptionsTableNotExistOption
		exists  flightsql.TableDefinitionOptionsTableExistsOption
		code    codes.Code
		rows    string
	}{
		{failMissing, appendTo, codes.NotFound, ""},
		{create, failExists, codes.OK, "2"},
		{create, failExists, codes.AlreadyExists, "2"},
		{failMissing, appendTo, codes.OK, "4"},
		{create, appendTo, codes.OK, "6"},
		{create, replace, codes.OK, "2"},
		{flightsql.TableDefinitionOptionsTableNotExistOptionUnspecified, appendTo, codes.InvalidArgument, "2"},
	}
	for i, s := range steps {
		n, err := f.ingest(s.missing, s.exists, two)
		if status.Code(err) != s.code || (err == nil && n != 2) {
			t.Errorf("step %d: %d rows, %v; want %s", i, n, err, s.code)
		}
		if s.rows != "" && f.count() != s.rows {
			t.Errorf("step %d: %s rows, want %s", i, f.count(), s.rows)
		}
	}
}

// A table that could not be filled must not have been replaced by an empty one.
func TestFailedReplaceKeepsTheTable(t *testing.T) {
	f := start(t, Options{})
	if _, err := f.ingest(create, failExists, `[{"a":1,"b":"x"}]`); err != nil {
		t.Fatal(err)
	}
	f.exec("DROP TABLE t; CREATE TABLE t (a int NOT NULL); INSERT INTO t VALUES (7)")
	if _, err := f.ingest(failMissing, appendTo, `[{"a":1,"b":"x"}]`); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "42703") {
		t.Errorf("a column that the table lacks: %v", err)
	}
	if got := f.query("SELECT a FROM t"); len(got) != 1 || got[0][0] != "7" {
		t.Errorf("the table holds %v", got)
	}
}
