package oxidb

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/sqlerr"
)

// heavy makes a table whose grouping needs more memory than a query has, and the query.
func heavy(t *testing.T, db *DB) string {
	t.Helper()
	mustExec(t, db, "CREATE TABLE big AS SELECT x, x::bigint * 7919 % 400000 AS k, 'value ' || x % 1000 AS s FROM generate_series(1, 150000) AS g(x)")
	return "SELECT count(*), sum(n), max(t) FROM (SELECT k, count(*) AS n, max(s) AS t FROM big GROUP BY k) AS g"
}

func mustExec(t *testing.T, db *DB, sql string) {
	t.Helper()
	if _, err := db.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Many heavy queries at once must neither fail for want of memory nor wait for each other for ever.
func TestManyHeavyQueriesAtOnce(t *testing.T) {
	db, err := Open(t.Context(), t.TempDir(), MemoryLimit(128<<20), Threads(2))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	query := heavy(t, db)
	if err := db.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var failed atomic.Int64
	for i := range 64 {
		all.Go(func() {
			s, err := db.Session()
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if err := s.Set("query_priority", []string{"low", "normal", "high"}[i%3]); err != nil {
				t.Error(err)
			}
			r, err := s.Query(t.Context(), query)
			if err == nil {
				_, err = r.Drain()
			}
			if err != nil {
				failed.Add(1)
				if state := sqlerr.StateOf(err); state != sqlerr.OutOfMemory && state != sqlerr.TooManyConnections {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := failed.Load(); n > 0 {
		t.Errorf("%d of 64 failed", n)
	}
	if peak, limit := db.PeakMemory(), db.memory.Limit(); peak > limit {
		t.Errorf("%d bytes were reserved of %d", peak, limit)
	}
	if used := db.memory.shares(); used != 0 {
		t.Errorf("%d bytes are still reserved", used)
	}
}

// shares is what queries hold.
func (m *memory) shares() int64 { return m.Used() - m.rows.Used() - m.indexes.Used() - m.plans.Used() }

// waiting blocks until n queries wait.
func (a *admission) await(t *testing.T, n int) {
	t.Helper()
	for {
		count := 0
		for _, q := range a.list() {
			if q.memory == nil {
				count++
			}
		}
		if count == n {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal("the queue never had that length")
		}
		time.Sleep(time.Millisecond)
	}
}

// The queue's order is what priorities promise; a query that gives up must not take a turn.
func TestQueueKeepsOrder(t *testing.T) {
	a := newAdmission(mem.NewBudget("test", 0, nil))
	a.setMost(1)
	first := &admitted{}
	if err := a.enter(t.Context(), first, 0); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	order := make(chan string, 8)
	var all sync.WaitGroup
	for i, q := range []*admitted{{priority: lowPriority}, {priority: normalPriority}, {priority: normalPriority}, {priority: highPriority}, {priority: highPriority}} {
		ctx := t.Context()
		if i == 3 {
			ctx = gone
		}
		all.Go(func() {
			if err := a.enter(ctx, q, 0); err != nil {
				order <- fmt.Sprint(i, " ", sqlerr.StateOf(err))
				return
			}
			order <- fmt.Sprint(i)
			a.leave(q)
		})
		a.await(t, i+1)
	}
	cancel()
	if got := <-order; got != "3 57014" {
		t.Fatalf("got %s", got)
	}
	a.leave(first)
	all.Wait()
	for _, want := range []string{"4", "1", "2", "0"} {
		if got := <-order; got != want {
			t.Errorf("got %s, not %s", got, want)
		}
	}
}

// While heavy queries have all places, point queries answer, cancelled ones give up, impatient ones are refused,
// and a session that reads a result may start another query.
func TestWaitingForAPlace(t *testing.T) {
	db, err := Open(t.Context(), InMemory, Threads(1))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	heavy(t, db)
	mustExec(t, db, "ALTER SYSTEM SET max_running_queries = 1")
	mustExec(t, db, "CREATE TABLE small (id int PRIMARY KEY, v int)")
	mustExec(t, db, "INSERT INTO small VALUES (1, 10), (2, 20)")
	const query = "SELECT * FROM big"
	reader, err := db.Session()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	rows, err := reader.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	mustExec(t, db, "SELECT v FROM small WHERE id = 2")
	mustExec(t, db, "UPDATE small SET v = v + 1")
	if _, err := reader.Exec(t.Context(), "SELECT max(x) FROM big"); err != nil {
		t.Errorf("the session's second query: %v", err)
	}
	for _, c := range []struct{ set, state string }{{"statement_timeout", "57014"}, {"queue_timeout", "53300"}} {
		s, err := db.Session()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Set(c.set, "20ms"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Exec(t.Context(), query); string(sqlerr.StateOf(err)) != c.state {
			t.Errorf("%s: %v", c.set, err)
		}
		s.Close()
	}
	done := make(chan error, 1)
	go func() {
		_, err := db.Exec(context.Background(), query)
		done <- err
	}()
	db.queries.await(t, 1)
	if n := oneInt(t, db, "SELECT count(*) FROM oxidb_memory WHERE holder = 'query' AND state = 'waiting (normal)'"); n != 1 {
		t.Errorf("oxidb_memory shows %d that wait", n)
	}
	rows.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func oneInt(t *testing.T, db *DB, sql string) int64 {
	t.Helper()
	r, err := db.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var n int64
	for b, err := range r.Batches() {
		if err != nil {
			t.Fatal(err)
		}
		n = b.Column(0).(interface{ Value(int) int64 }).Value(0)
	}
	return n
}
