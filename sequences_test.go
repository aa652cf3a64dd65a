package oxidb_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// number runs a query of one number.
func number(t testing.TB, s *oxidb.Session, sql string) int64 {
	t.Helper()
	n, err := numberOf(t, s, sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func numberOf(t testing.TB, s *oxidb.Session, sql string) (n int64, err error) {
	r, err := s.Query(t.Context(), sql)
	if err != nil {
		return 0, err
	}
	for rec, err := range r.Batches() {
		if err != nil {
			return 0, err
		}
		v, err := vectorOf(rec.Column(0), r.Types()[0])
		if err != nil {
			return 0, err
		}
		if v.Len > 0 {
			n = v.Value(0).I
		}
	}
	return n, nil
}

func openSession(t testing.TB, path string, opts ...func(*oxidb.Options)) (*oxidb.DB, *oxidb.Session) {
	t.Helper()
	db, err := oxidb.Open(t.Context(), path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	s, err := db.Session()
	if err != nil {
		t.Fatal(err)
	}
	return db, s
}

func execAll(t testing.TB, s *oxidb.Session, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := s.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// Two sessions that got the same number would write the same key.
func TestSequenceManySessions(t *testing.T) {
	db, s := openSession(t, oxidb.InMemory)
	defer db.Close()
	execAll(t, s, "CREATE SEQUENCE s", "CREATE TABLE t (id serial PRIMARY KEY, v integer)")
	const clients, each = 8, 200
	got := make([][]int64, clients)
	var wait sync.WaitGroup
	for c := range clients {
		wait.Go(func() {
			s, err := db.Session()
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			for i := range each {
				n, err := numberOf(t, s, "SELECT nextval('s')")
				if err != nil {
					t.Error(err)
					return
				}
				got[c] = append(got[c], n)
				if _, err := s.Exec(t.Context(), "INSERT INTO t (v) VALUES ($1)", i); err != nil {
					t.Error(err)
					return
				}
				if cur, err := numberOf(t, s, "SELECT currval('s')"); err != nil || cur != n {
					t.Errorf("currval is %d (%v), nextval was %d", cur, err, n)
				}
			}
		})
	}
	wait.Wait()
	seen := map[int64]bool{}
	for _, list := range got {
		for _, n := range list {
			if seen[n] || n < 1 || n > clients*each {
				t.Fatalf("the number %d came twice, or is out of range", n)
			}
			seen[n] = true
		}
	}
	if n := number(t, s, "SELECT max(id) FROM t"); n != clients*each {
		t.Errorf("the last serial number is %d, not %d", n, clients*each)
	}
}

// An altered sequence that is in use must go on above every number that it gave.
func TestSequenceAlteredInUse(t *testing.T) {
	db, s := openSession(t, oxidb.InMemory)
	defer db.Close()
	execAll(t, s, "CREATE SEQUENCE s")
	other, err := db.Session()
	if err != nil {
		t.Fatal(err)
	}
	execAll(t, other, "BEGIN", "SELECT 1") // keeps a snapshot from before
	for i := int64(1); i <= 5; i++ {
		if n := number(t, s, "SELECT nextval('s')"); n != i {
			t.Fatalf("%d, want %d", n, i)
		}
	}
	execAll(t, s, "ALTER SEQUENCE s INCREMENT 10")
	if n := number(t, s, "SELECT nextval('s')"); n != 15 {
		t.Errorf("%d after INCREMENT 10, want 15", n)
	}
	if n := number(t, other, "SELECT nextval('s')"); n != 16 { // the older snapshot's increment
		t.Errorf("%d in the older transaction, want 16", n)
	}
	if n := number(t, s, "SELECT nextval('s')"); n != 26 {
		t.Errorf("%d, want 26", n)
	}
}

// A number that was given out before a crash must not come again after it, and an orderly restart
// leaves no gap.
func TestSequenceCrash(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	fs := vfs.NewCrashableMem()
	last := int64(0)
	for round := range 60 {
		db, s := openSession(t, "db", func(o *oxidb.Options) { o.FS = fs })
		if round == 0 {
			execAll(t, s, "CREATE SEQUENCE s")
		}
		clean := random.IntN(3) == 0
		first := number(t, s, "SELECT nextval('s')")
		if first <= last {
			t.Fatalf("round %d: %d was given before, up to %d", round, first, last)
		}
		last = first
		for range random.IntN(100) {
			count := 1 + random.IntN(3)*random.IntN(50)
			sql := fmt.Sprintf("SELECT max(n) FROM (SELECT nextval('s') AS n FROM generate_series(1, %d)) AS x", count)
			n := number(t, s, sql)
			if n != last+int64(count) {
				t.Fatalf("round %d: %d after %d and %d numbers", round, n, last, count)
			}
			last = n
		}
		if clean {
			s.Close()
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			db, s = openSession(t, "db", func(o *oxidb.Options) { o.FS = fs })
			if n := number(t, s, "SELECT nextval('s')"); n != last+1 {
				t.Errorf("round %d: %d after an orderly restart, want %d", round, n, last+1)
			}
			last++
		}
		crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: random.IntN(101), RNG: random})
		_ = db.Close()
		fs = crashed
	}
}

// What a transaction has rolled back must not be left behind, and what it dropped not be swept too early.
func TestSequenceRollbackAndReopen(t *testing.T) {
	fs := vfs.NewCrashableMem()
	withFS := func(o *oxidb.Options) { o.FS = fs }
	db, s := openSession(t, "db", withFS)
	execAll(t, s, "CREATE SEQUENCE kept", "CREATE TABLE t (id serial, v integer)", "INSERT INTO t (v) VALUES (1), (2)",
		"BEGIN", "DROP TABLE t", "ALTER SEQUENCE kept RESTART WITH 100", "CREATE SEQUENCE gone", "ROLLBACK",
		"BEGIN", "SAVEPOINT a", "ALTER SEQUENCE kept RESTART WITH 200", "ROLLBACK TO a", "COMMIT",
		"INSERT INTO t (v) VALUES (3)", "TRUNCATE t RESTART IDENTITY")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db, s = openSession(t, "db", withFS)
	defer db.Close()
	if n := number(t, s, "SELECT nextval('kept')"); n != 1 {
		t.Errorf("%d, want 1", n)
	}
	if n := number(t, s, "SELECT nextval('t_id_seq')"); n != 1 {
		t.Errorf("%d after RESTART IDENTITY, want 1", n)
	}
	if _, err := s.Query(t.Context(), "SELECT nextval('gone')"); sqlerr.StateOf(err) != sqlerr.UndefinedTable {
		t.Errorf("a sequence that was rolled back: %v", err)
	}
}
