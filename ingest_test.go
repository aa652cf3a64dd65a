package oxidb_test

import (
	"context"
	"iter"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// names is one record with the texts of a column.
func names(column string, values ...string) iter.Seq2[arrow.RecordBatch, error] {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	b.AppendValues(values, nil)
	schema := arrow.NewSchema([]arrow.Field{{Name: column, Type: arrow.BinaryTypes.String}}, nil)
	return func(yield func(arrow.RecordBatch, error) bool) {
		yield(array.NewRecordBatch(schema, []arrow.Array{b.NewArray()}, int64(len(values))), nil)
	}
}

// TestIngestCompletesRows: columns that records lack get their defaults, the next numbers, and what is
// computed from the others.
func TestIngestCompletesRows(t *testing.T) {
	ctx := context.Background()
	db, err := oxidb.Open(ctx, oxidb.InMemory)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := db.Session()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	exec := func(sql string) {
		t.Helper()
		if _, err := s.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	exec(`CREATE TABLE person (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, city text DEFAULT 'Ulm',
		shout text GENERATED ALWAYS AS (upper(name) || '/' || city) STORED, note text)`)
	if n, err := s.Ingest(ctx, "", "person", names("name", "ann", "bob")); err != nil || n != 2 {
		t.Fatalf("%d rows, %v", n, err)
	}
	exec("INSERT INTO person (name, city) VALUES ('cid', 'Bonn')")
	got := queryText(t, s, "SELECT id || ' ' || shout || ' ' || coalesce(note, '-') FROM person ORDER BY id")
	if want := "1 ANN/Ulm -,2 BOB/Ulm -,3 CID/Bonn -"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if _, err := s.Ingest(ctx, "", "person", names("shout", "x")); sqlerr.StateOf(err) != sqlerr.GeneratedAlways {
		t.Errorf("a generated column in the records: %v", err)
	}
}

// queryText joins the values of a query's only column.
func queryText(t *testing.T, s *oxidb.Session, sql string) string {
	t.Helper()
	r, err := s.Query(context.Background(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all := ""
	for rec, err := range r.Batches() {
		if err != nil {
			t.Fatal(err)
		}
		for i := range int(rec.NumRows()) {
			if all != "" {
				all += ","
			}
			all += rec.Column(0).ValueStr(i)
		}
	}
	return all
}
