package oxidb_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// What executes a kept plan serves one statement after the other. When two get the same, or one finds
// what another has left, rows mix: every execution must give what its own arguments ask for.
func TestPreparedStatementFromManyGoroutines(t *testing.T) {
	db := open(t, oxidb.InMemory)
	s := must(db.Session())
	if _, err := s.Exec(t.Context(), "CREATE TABLE t (id int PRIMARY KEY, name text, n numeric(12,2)); INSERT INTO t SELECT i, 'name ' || i, i * 1.25 FROM generate_series(1, 5000) AS g(i)"); err != nil {
		t.Fatal(err)
	}
	query := must(s.Prepare(t.Context(), "SELECT id, name, n FROM t WHERE id = $1"))
	update := must(s.Prepare(t.Context(), "UPDATE t SET n = n + $2 WHERE id = $1 RETURNING id, n"))
	insert := must(s.Prepare(t.Context(), "INSERT INTO t VALUES ($1, $2, $3) RETURNING name"))
	var wait sync.WaitGroup
	for g := range 8 {
		wait.Go(func() {
			for i := range 200 {
				id := g*200 + i + 1
				if got, want := printed(t, query, id), fmt.Sprintf("%d name %d %.2f\n", id, id, float64(id)*1.25); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				if got, want := printed(t, update, id, 1), fmt.Sprintf("%d %.2f\n", id, float64(id)*1.25+1); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				if got, want := printed(t, insert, 10_000+id, fmt.Sprint("new ", id), nil), fmt.Sprintf("new %d\n", id); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
	wait.Wait()
	if got := answer(t, s, "SELECT count(*), count(n), sum(n) FROM t"); got != fmt.Sprintf("6600 5000 %.2f\n", 5000*5001/2*1.25+1600) {
		t.Error(got)
	}
}

func printed(t *testing.T, p *oxidb.Stmt, args ...any) string {
	t.Helper()
	r, err := p.Query(context.Background(), args...)
	if err != nil {
		t.Error(err)
		return ""
	}
	out := ""
	for row, err := range r.Rows() {
		if err != nil {
			t.Error(err)
		}
		out += fmt.Sprintln(row...)
	}
	return out
}

// Records may be kept, and results of one statement may be open side by side, read in any order, left
// unread or half read: none of it may show in another.
func TestResultsOfOneStatementAreTheirOwn(t *testing.T) {
	db := open(t, oxidb.InMemory)
	s := must(db.Session())
	if _, err := s.Exec(t.Context(), "CREATE TABLE t (id int PRIMARY KEY, name text); INSERT INTO t SELECT i, 'name ' || i FROM generate_series(1, 300) AS g(i)"); err != nil {
		t.Fatal(err)
	}
	p := must(s.Prepare(t.Context(), "SELECT name, id * 2 FROM t WHERE id = $1"))
	var results []*oxidb.Result
	for id := 1; id <= 5; id++ {
		results = append(results, must(p.Query(t.Context(), id)))
	}
	results[3].Close()
	var kept []arrow.RecordBatch
	for _, i := range []int{4, 0, 2, 1} {
		for rec, err := range results[i].Batches() {
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, rec)
		}
	}
	for id := 100; id < 300; id++ {
		if n, err := p.Exec(t.Context(), id); err != nil || n != 1 {
			t.Fatal(n, err)
		}
	}
	for k, id := range []int{5, 1, 3, 2} {
		if got := kept[k].Column(0).(*array.String).Value(0); got != fmt.Sprint("name ", id) {
			t.Errorf("row %d became %s", id, got)
		}
		kept[k].Release()
	}
	for _, err := range results[3].Batches() {
		if sqlerr.StateOf(err) != sqlerr.QueryCanceled {
			t.Errorf("a closed result: %v", err)
		}
	}
	for i, r := range results {
		if want := int64(1); i != 3 && r.RowsScanned() != want {
			t.Errorf("result %d has scanned %d rows", i, r.RowsScanned())
		}
	}
}

// An execution that fails, by its arguments or midway, must leave nothing for the next.
func TestFailedExecutionsLeaveNothing(t *testing.T) {
	db := open(t, oxidb.InMemory)
	s := must(db.Session())
	if _, err := s.Exec(t.Context(), "CREATE TABLE t (id int PRIMARY KEY, n int CHECK (n > 0)); INSERT INTO t VALUES (1, 10), (2, 20)"); err != nil {
		t.Fatal(err)
	}
	query := must(s.Prepare(t.Context(), "SELECT n / $2 FROM t WHERE id = $1"))
	insert := must(s.Prepare(t.Context(), "INSERT INTO t VALUES ($1, $2)"))
	update := must(s.Prepare(t.Context(), "UPDATE t SET n = n / $2 WHERE id = $1"))
	for range 3 {
		for _, c := range []struct {
			p     *oxidb.Stmt
			args  []any
			state sqlerr.State
		}{
			{query, []any{1, 0}, sqlerr.DivisionByZero}, {query, []any{1}, sqlerr.UndefinedParameter}, {query, []any{"x", 1}, sqlerr.InvalidTextRepresentation},
			{insert, []any{1, 1}, sqlerr.UniqueViolation}, {insert, []any{3, 0}, sqlerr.CheckViolation}, {insert, []any{nil, 1}, sqlerr.NotNullViolation},
			{update, []any{1, 0}, sqlerr.DivisionByZero}, {update, []any{1, 100}, sqlerr.CheckViolation},
		} {
			if _, err := c.p.Exec(t.Context(), c.args...); sqlerr.StateOf(err) != c.state {
				t.Errorf("%s %v: got %v, want %s", c.p.SQL(), c.args, err, c.state)
			}
			if got := printed(t, query, 2, 2); got != "10\n" {
				t.Errorf("after a failure: %q", got)
			}
			if got := printed(t, query, 2, nil); got != "<nil>\n" {
				t.Errorf("NULL: %q", got)
			}
		}
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := query.Exec(cancelled, 2, 2); sqlerr.StateOf(err) != sqlerr.QueryCanceled {
			t.Errorf("cancelled: %v", err)
		}
	}
	if got := answer(t, s, "SELECT * FROM t ORDER BY id"); got != "1 10\n2 20\n" {
		t.Error(got)
	}
}

// EXECUTE uses what is kept of its statement; that must follow the catalog as everything else.
func TestExecuteFollowsTheCatalog(t *testing.T) {
	s := must(open(t, oxidb.InMemory).Session())
	for _, sql := range []string{"CREATE TABLE t (id int PRIMARY KEY, v text)", "INSERT INTO t VALUES (1, 'one')", "PREPARE q AS SELECT * FROM t WHERE id = $1"} {
		if _, err := s.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if got := answer(t, s, "EXECUTE q(1)"); got != "1 one\n" {
			t.Error(got)
		}
	}
	if _, err := s.Exec(t.Context(), "ALTER TABLE t ADD COLUMN n int DEFAULT 7"); err != nil {
		t.Fatal(err)
	}
	if got := answer(t, s, "EXECUTE q(1)"); got != "1 one 7\n" {
		t.Error(got)
	}
}

// The memory that executions keep must not grow with their number, nor count as used at rest.
func TestExecutionsReleaseTheirMemory(t *testing.T) {
	db := must(oxidb.Open(t.Context(), oxidb.InMemory, oxidb.MemoryLimit(8<<20)))
	defer db.Close()
	s := must(db.Session())
	if _, err := s.Exec(t.Context(), "CREATE TABLE t (id int PRIMARY KEY, v text)"); err != nil {
		t.Fatal(err)
	}
	insert := must(s.Prepare(t.Context(), "INSERT INTO t VALUES ($1, upper($2)), ($1 + 1, $2 || 'x') RETURNING v"))
	update := must(s.Prepare(t.Context(), "UPDATE t SET v = v || $2 WHERE id = $1 RETURNING v"))
	for i := range 2000 {
		if got := printed(t, insert, 2*i, "a"); got != "A\nax\n" {
			t.Fatal(got)
		}
		if got := printed(t, update, 2*i, "b"); got != "Ab\n" {
			t.Fatal(got)
		}
	}
	if n, err := s.Exec(t.Context(), "SELECT * FROM t"); err != nil || n != 4000 {
		t.Error(n, err)
	}
}
