package oxidb_test

import (
	"context"
	"testing"
	"time"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

func memoryDB(t *testing.T) *oxidb.DB {
	t.Helper()
	db, err := oxidb.Open(context.Background(), oxidb.InMemory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// What time.Time cannot hold must not turn into some date.
func TestRowsOfInfinity(t *testing.T) {
	db := memoryDB(t)
	r, err := db.Query(context.Background(), "SELECT DATE 'infinity', TIMESTAMP '-infinity', TIMESTAMPTZ 'infinity', DATE '0044-03-15 BC', 'x'::char(3)")
	if err != nil {
		t.Fatal(err)
	}
	for row, err := range r.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		want := []any{"infinity", "-infinity", "infinity", time.Date(-43, 3, 15, 0, 0, 0, 0, time.UTC), "x  "}
		for i := range want {
			if row[i] != want[i] {
				t.Errorf("column %d is %#v, want %#v", i, row[i], want[i])
			}
		}
	}
}

// An error after rows that were delivered ends them, and stopping early frees the query.
func TestRowsEndEarly(t *testing.T) {
	db := memoryDB(t)
	ctx := context.Background()
	r, err := db.Query(ctx, "SELECT 1 / (20000 - i) FROM generate_series(1, 30000) g(i)")
	var last error
	if err == nil {
		for _, last = range r.Rows() {
		}
		err = last
	}
	if sqlerr.StateOf(err) != sqlerr.DivisionByZero {
		t.Errorf("got %v", err)
	}
	r, err = db.Query(ctx, "SELECT i FROM generate_series(1, 30000) g(i)")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range r.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("%d rows", n)
	}
}
