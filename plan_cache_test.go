package oxidb_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/oxidb/oxidb"
)

// A kept statement that outlives what it was bound to reads columns that are gone, or misses those that
// came. The same text must mean what the catalog and the settings say at each execution.
func TestKeptStatementsFollowTheCatalogAndSettings(t *testing.T) {
	ctx := t.Context()
	db := open(t, oxidb.InMemory)
	s := must(db.Session())
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := s.Exec(ctx, sql, args...); err != nil {
			t.Fatal(sql, err)
		}
	}
	exec("CREATE TABLE t (id int PRIMARY KEY, v text)")
	insert := must(s.Prepare(ctx, "INSERT INTO t (id, v) VALUES ($1, upper($2))"))
	query := must(s.Prepare(ctx, "SELECT * FROM t WHERE id = $1"))
	update := must(s.Prepare(ctx, "UPDATE t SET v = $2 WHERE id = $1 RETURNING id, v"))
	want := func(what, rows string, stmt *oxidb.Stmt, args ...any) {
		t.Helper()
		r, err := stmt.Query(ctx, args...)
		if err != nil {
			t.Fatal(what, err)
		}
		got := ""
		for row, err := range r.Rows() {
			if err != nil {
				t.Fatal(what, err)
			}
			got += fmt.Sprintln(row...)
		}
		if got != rows {
			t.Errorf("%s: got %q, want %q", what, got, rows)
		}
	}
	for id := range 50 {
		if n, err := insert.Exec(ctx, id, fmt.Sprint("v", id)); err != nil || n != 1 {
			t.Fatal(n, err)
		}
	}
	for range 3 {
		want("a row", "7 V7\n", query, 7)
		want("no row", "", query, 70)
		want("NULL", "", query, nil)
	}
	want("an update", "7 seven\n", update, 7, "seven")
	exec("ALTER TABLE t ADD COLUMN n int DEFAULT 5")
	want("an added column", "7 seven 5\n", query, 7)
	exec("ALTER TABLE t DROP COLUMN v")
	want("a dropped column", "7 5\n", query, 7)
	if _, err := insert.Exec(ctx, 99, "x"); err == nil || !strings.Contains(err.Error(), "v") {
		t.Errorf("an insertion into a dropped column: %v", err)
	}
	exec("BEGIN")
	exec("ALTER TABLE t RENAME COLUMN n TO m")
	exec("INSERT INTO t VALUES (100, 1)")
	want("a catalog of one's own", "100 1\n", query, 100)
	exec("ROLLBACK")
	want("rolled back", "", query, 100)
	exec("DROP TABLE t")
	if _, err := query.Query(ctx, 7); err == nil {
		t.Error("a dropped table has rows")
	}
	exec("CREATE TABLE t (id text PRIMARY KEY, other int)")
	exec("INSERT INTO t VALUES ('7', 1)")
	want("another table of the name", "7 1\n", query, "7")
	exec("CREATE SCHEMA later")
	exec("CREATE TABLE later.t (id text PRIMARY KEY)")
	exec("INSERT INTO later.t VALUES ('7')")
	exec("SET search_path = later, public")
	want("another search path", "7\n", query, "7")
}

// What has the value of a moment must not be kept with the plan.
func TestKeptPlansHoldNoMoment(t *testing.T) {
	s := must(open(t, oxidb.InMemory).Session())
	for _, sql := range []string{"SELECT clock_timestamp()", "SELECT now()", "SELECT random()"} {
		first := answer(t, s, sql)
		for range 3 {
			if again := answer(t, s, sql); again == first {
				t.Errorf("%s is %q again", sql, again)
			}
		}
	}
}

// Sessions share what is kept; run with -race this shows who writes to it.
func TestSessionsShareKeptStatements(t *testing.T) {
	db := open(t, oxidb.InMemory)
	if _, err := db.Exec(t.Context(), "CREATE TABLE t (id int PRIMARY KEY, n int CHECK (n >= 0)); INSERT INTO t SELECT i, 0 FROM generate_series(1, 100) AS g(i)"); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for w := range 4 {
		wait.Go(func() {
			s := must(db.Session())
			defer s.Close()
			for i := range 50 {
				id := w*25 + i%25 + 1
				if n, err := s.Exec(context.Background(), "UPDATE t SET n = n + $2 WHERE id = $1", id, 1); err != nil || n != 1 {
					t.Error(n, err)
				}
				if n, err := s.Exec(context.Background(), "SELECT t.n, u.n FROM t, t AS u WHERE t.id = $1 AND u.id = t.id + 1 - $2", id, 1); err != nil || n != 1 {
					t.Error(n, err)
				}
			}
		})
	}
	wait.Wait()
	s := must(db.Session())
	if got := answer(t, s, "SELECT min(n), max(n) FROM t"); got != "2 2\n" {
		t.Errorf("got %s", got)
	}
}
