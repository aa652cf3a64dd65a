package oxidb_test

import (
	"sync"
	"testing"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// Counters that many sessions raise by upserts must count every one of them.
func TestUpsertConcurrent(t *testing.T) {
	db, s := openSession(t, oxidb.InMemory)
	defer db.Close()
	execAll(t, s, "CREATE TABLE hits (page integer PRIMARY KEY, n integer)")
	const clients, each = 6, 60
	var wait sync.WaitGroup
	for range clients {
		wait.Go(func() {
			for i := range each {
				if _, err := db.Exec(t.Context(), "INSERT INTO hits VALUES ($1, 1) ON CONFLICT (page) DO UPDATE SET n = hits.n + 1", i%5); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if n := number(t, s, "SELECT sum(n) FROM hits"); n != clients*each {
		t.Errorf("%d hits, want %d", n, clients*each)
	}
}

// A key that another transaction took after the snapshot is a conflict with it: the statement can be
// neither an insert nor an update of a row that it does not see.
func TestUpsertOvertaken(t *testing.T) {
	db, s := openSession(t, oxidb.InMemory)
	defer db.Close()
	execAll(t, s, "CREATE TABLE t (id integer PRIMARY KEY, v integer)", "BEGIN", "SELECT 1 FROM t")
	if _, err := db.Exec(t.Context(), "INSERT INTO t VALUES (1, 1)"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exec(t.Context(), "INSERT INTO t VALUES (1, 2) ON CONFLICT (id) DO NOTHING"); sqlerr.StateOf(err) != sqlerr.SerializationFailure {
		t.Errorf("a key taken before the statement: %v", err)
	}
	execAll(t, s, "ROLLBACK", "BEGIN", "INSERT INTO t VALUES (2, 2) ON CONFLICT (id) DO UPDATE SET v = 3")
	if _, err := db.Exec(t.Context(), "INSERT INTO t VALUES (2, 1)"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exec(t.Context(), "COMMIT"); sqlerr.StateOf(err) != sqlerr.SerializationFailure {
		t.Errorf("a key taken after the statement: %v", err)
	}
}
