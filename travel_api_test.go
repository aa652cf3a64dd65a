package oxidb_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

func version(t *testing.T, db *oxidb.DB) int64 {
	t.Helper()
	v, err := strconv.ParseInt(one(t, db, "SELECT oxidb_version()"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Versions and times must be accepted as arguments of Go, of prepared statements, too, which are
// described without them.
func TestPastByArguments(t *testing.T) {
	db := open(t, oxidb.InMemory, oxidb.Retention(time.Hour))
	exec(t, db, "CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
	at := version(t, db)
	time.Sleep(time.Millisecond)
	when := time.Now()
	time.Sleep(time.Millisecond)
	exec(t, db, "INSERT INTO t VALUES (2)")
	exec(t, db, "ALTER TABLE t ADD COLUMN b int")
	if n := one(t, db, "SELECT count(*) FROM t AS OF VERSION $1", at); n != "1" {
		t.Errorf("as of version %d there are %s rows", at, n)
	}
	if n := one(t, db, "SELECT count(*) FROM t AS OF TIMESTAMP $1", when); n != "1" {
		t.Errorf("at %v there were %s rows", when, n)
	}
	if n := one(t, db, "SELECT count(*) FROM oxidb_history('t', $1, $2)", at, at+1); n != "1" {
		t.Errorf("the history has %s rows", n)
	}
	s, err := db.Session()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, err := s.Prepare(t.Context(), "SELECT a FROM t AS OF VERSION $1 WHERE a > $2")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(p.Params()); got != "[bigint integer]" {
		t.Errorf("the parameters are %s", got)
	}
	for v, want := range map[int64]int64{at: 1, at + 1: 2} {
		if n, err := p.Exec(t.Context(), v, 0); err != nil || n != want {
			t.Errorf("version %d: %d rows, %v", v, n, err)
		}
	}
}

// A statement that is run again must go back from where it is then: its plan is not one to keep.
func TestPastIsNotKept(t *testing.T) {
	db := open(t, oxidb.InMemory, oxidb.Retention(time.Hour))
	exec(t, db, "CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (0)")
	for i := range 5 {
		exec(t, db, "UPDATE t SET a = a + 1")
		if got := one(t, db, "SELECT a FROM t AS OF VERSION oxidb_version() - 1"); got != strconv.Itoa(i) {
			t.Errorf("before update %d: %s", i, got)
		}
		if got := one(t, db, "SELECT count(*) FROM t AS OF TIMESTAMP now() WHERE a = $1", i+1); got != "1" {
			t.Errorf("after update %d there are %s rows", i, got)
		}
		before := version(t, db)
		exec(t, db, "INSERT INTO t VALUES (100); DELETE FROM t WHERE a = 100")
		if got := version(t, db); got != before+2 {
			t.Errorf("two commits after version %d it is %d", before, got)
		}
	}
}

// A plan must say what it reads, and be made with the statistics and keys of then.
func TestPastIsPlannedAsOfThen(t *testing.T) {
	db := open(t, oxidb.InMemory, oxidb.Retention(time.Hour))
	exec(t, db, "CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t SELECT g, 'x' FROM generate_series(1, 5000) s(g)")
	at := version(t, db)
	exec(t, db, "ALTER TABLE t DROP CONSTRAINT t_pkey; DELETE FROM t WHERE a > 10; INSERT INTO t VALUES (1, 'again')")
	for _, c := range []struct{ sql, want string }{
		{fmt.Sprintf("EXPLAIN SELECT * FROM t AS OF VERSION %d x", at), fmt.Sprintf("Scan t as of version %d x [a, b] (rows≈5000)", at)},
		{"EXPLAIN SELECT * FROM t", "Scan t [a, b] (rows≈11)"},
		{fmt.Sprintf("EXPLAIN SELECT b FROM t AS OF VERSION %d WHERE a = 7", at), "seek t_pkey"},
		{fmt.Sprintf("EXPLAIN SELECT * FROM oxidb_history('t', %d, %d)", at, at+2), fmt.Sprintf("Scan t changes of versions %d to %d", at+1, at+2)},
	} {
		if plan := one(t, db, c.sql); !strings.Contains(plan, c.want) && !strings.Contains(explained(t, db, c.sql), c.want) {
			t.Errorf("%s\n%s\nlacks %q", c.sql, explained(t, db, c.sql), c.want)
		}
	}
}

func explained(t *testing.T, db *oxidb.DB, sql string) string {
	t.Helper()
	r, err := db.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for row, err := range r.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprint(row[0]))
	}
	return strings.Join(lines, "\n")
}

// A transaction in the past must see one version in all statements, and not write.
func TestTransactionSnapshot(t *testing.T) {
	db := open(t, oxidb.InMemory, oxidb.Retention(time.Hour))
	exec(t, db, "CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
	at := version(t, db)
	exec(t, db, "INSERT INTO t VALUES (2)")
	s, err := db.Session()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	exec(t, s, "BEGIN")
	exec(t, s, fmt.Sprintf("SET TRANSACTION SNAPSHOT '%d'", at))
	exec(t, db, "INSERT INTO t VALUES (3)")
	for range 2 {
		if got := one(t, s, "SELECT count(*)::text || ' ' || oxidb_version() FROM t"); got != fmt.Sprintf("1 %d", at) {
			t.Errorf("the transaction sees %s", got)
		}
	}
	if _, err := s.Exec(t.Context(), "DELETE FROM t"); sqlerr.StateOf(err) != sqlerr.ReadOnlyTransaction {
		t.Errorf("writing into the past: %v", err)
	}
	exec(t, s, "ROLLBACK")
	if got := one(t, s, "SELECT count(*) FROM t"); got != "3" {
		t.Errorf("after it there are %s rows", got)
	}
	exec(t, s, "BEGIN; SELECT 1")
	if _, err := s.Exec(t.Context(), "SET TRANSACTION SNAPSHOT '3'"); sqlerr.StateOf(err) != sqlerr.ActiveTransaction {
		t.Errorf("after a query: %v", err)
	}
}

// The retention must survive restarts, be an hour without a word, and count at once.
func TestRetentionIsKept(t *testing.T) {
	fs := vfs.NewMem()
	on := func(o *oxidb.Options) { o.FS = fs }
	show := func(db *oxidb.DB, want string) {
		t.Helper()
		if got := one(t, db, "SHOW oxidb.retention"); got != want {
			t.Errorf("the retention is %s, want %s", got, want)
		}
	}
	db := open(t, "db", on)
	show(db, "01:00:00")
	s, err := db.Session() // older than the change
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, "ALTER SYSTEM SET oxidb.retention = '7 days'; ALTER SYSTEM SET timezone = 'Europe/Berlin'")
	if got, err := s.Setting("oxidb.retention"); err != nil || got != "7 days" {
		t.Errorf("an older session has %q, %v", got, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, "db", on)
	show(db, "7 days")
	if got := one(t, db, "SHOW timezone"); got != "Europe/Berlin" {
		t.Errorf("the stored time zone is %s", got)
	}
	exec(t, db, "CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
	at := version(t, db)
	exec(t, db, "DELETE FROM t")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, "db", on)
	if n := one(t, db, "SELECT count(*) FROM t AS OF VERSION $1", at); n != "1" {
		t.Errorf("after a restart version %d has %s rows", at, n)
	}
	exec(t, db, "ALTER SYSTEM SET oxidb.retention = '0'; CHECKPOINT")
	if _, err := db.Exec(t.Context(), "SELECT * FROM t AS OF VERSION $1", at); sqlerr.StateOf(err) != sqlerr.SnapshotTooOld {
		t.Errorf("without a retention: %v", err)
	}
	exec(t, db, "ALTER SYSTEM RESET ALL")
	show(db, "01:00:00")
}
