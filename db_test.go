package oxidb_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

func open(t *testing.T, path string, opts ...func(*oxidb.Options)) *oxidb.DB {
	t.Helper()
	db, err := oxidb.Open(t.Context(), path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // tests that care about Close call it themselves
	return db
}

func exec(t *testing.T, db interface {
	Exec(context.Context, string, ...any) (int64, error)
}, sql string, args ...any) int64 {
	t.Helper()
	n, err := db.Exec(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// one gives the first value of the first row as text.
func one(t *testing.T, db interface {
	Query(context.Context, string, ...any) (*oxidb.Result, error)
}, sql string, args ...any) string {
	t.Helper()
	r, err := db.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	text := ""
	for rec, err := range r.Batches() {
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if text == "" {
			text = rec.Column(0).ValueStr(0)
		}
	}
	return text
}

func wantState(t *testing.T, err error, want sqlerr.State, mentions ...string) {
	t.Helper()
	if sqlerr.StateOf(err) != want {
		t.Errorf("got %v, want SQLSTATE %s", err, want)
		return
	}
	for _, m := range mentions {
		if !strings.Contains(err.Error(), m) {
			t.Errorf("%q does not mention %q", err, m)
		}
	}
}

// What is committed must be there after a restart, what is not must not.
func TestCommittedRowsSurviveRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	db := open(t, dir)
	exec(t, db, "CREATE TABLE product (id integer PRIMARY KEY, name text, price numeric(10,2))")
	exec(t, db, "INSERT INTO product VALUES (1, 'tea', 4.50), (2, 'bread', 3.20)")
	s, err := db.Session()
	if err != nil {
		t.Fatal(err)
	}
	exec(t, s, "BEGIN")
	exec(t, s, "INSERT INTO product VALUES (3, 'never', 0)")
	exec(t, db, "UPDATE product SET price = price + 1 WHERE id = 2")
	exec(t, db, "DELETE FROM product WHERE id = 1")
	exec(t, db, "CREATE VIEW cheap AS SELECT name FROM product WHERE price < 10")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, dir)
	if got := one(t, db, "SELECT string_agg(name || ' ' || price, ', ') FROM product"); got != "bread 4.20" {
		t.Errorf("got %q", got)
	}
	if got := one(t, db, "SELECT name FROM cheap"); got != "bread" {
		t.Errorf("the view gave %q", got)
	}
	_, err = db.Exec(t.Context(), "INSERT INTO product VALUES (2, 'again', 1)")
	wantState(t, err, sqlerr.UniqueViolation, "product_pkey")
}

// Two processes on one directory would overwrite each other's files.
func TestSecondOpenIsRefused(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	_, err := oxidb.Open(t.Context(), dir)
	wantState(t, err, sqlerr.ObjectInUse, dir)
}

// A directory of something else must not be taken for a database, nor changed.
func TestForeignDirectoryAndFileAreRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := oxidb.Open(t.Context(), file); err == nil {
		t.Error("a plain file was opened as a database")
	}
}

// A damaged log must be reported with its file, never be read as if it were whole.
func TestCorruptLogIsReported(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	exec(t, db, "CREATE TABLE t (a integer)")
	for range 20 {
		exec(t, db, "INSERT INTO t VALUES (1), (2), (3)")
	}
	crashed := t.TempDir() // the files as a crash leaves them: no checkpoint at close
	copyTree(t, dir, crashed)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	logs, err := filepath.Glob(filepath.Join(crashed, "wal", "*"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no log files: %v", err)
	}
	data, err := os.ReadFile(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	data[4096+len(strings.TrimRight(string(data[4096:]), "\x00"))/2] ^= 0x40
	if err := os.WriteFile(logs[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = oxidb.Open(t.Context(), crashed)
	wantState(t, err, sqlerr.DataCorrupted, filepath.Base(logs[0]))
}

// A killed process must find every acknowledged row.
func TestCrashCopyRecovers(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	exec(t, db, "CREATE TABLE t (a integer)")
	for i := range 50 {
		exec(t, db, "INSERT INTO t VALUES ($1)", i)
	}
	crashed := t.TempDir()
	copyTree(t, dir, crashed)
	again := open(t, crashed)
	if got := one(t, again, "SELECT count(*) || ' ' || sum(a) FROM t"); got != "50 1225" {
		t.Errorf("got %q", got)
	}
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A full disk must fail the commit and leave what was there readable.
func TestFullDiskKeepsTheDatabaseReadable(t *testing.T) {
	full := false
	injector := errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			return &os.PathError{Op: "write", Path: op.Path, Err: errNoSpace}
		}
		return nil
	})
	fs := errorfs.Wrap(vfs.NewMem(), injector)
	db, err := oxidb.Open(t.Context(), "db", func(o *oxidb.Options) { o.FS = fs })
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, "CREATE TABLE t (a integer)")
	exec(t, db, "INSERT INTO t VALUES (1)")
	full = true
	if _, err := db.Exec(t.Context(), "INSERT INTO t SELECT * FROM generate_series(1, 200000)"); err == nil {
		t.Error("a commit succeeded on a full disk")
	}
	if got := one(t, db, "SELECT count(*) FROM t"); got != "1" {
		t.Errorf("the table has %s rows", got)
	}
	full = false
	_ = db.Close() // may report that writing had failed
	db, err = oxidb.Open(t.Context(), "db", func(o *oxidb.Options) { o.FS = fs })
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if got := one(t, db, "SELECT count(*) FROM t"); got != "1" {
		t.Errorf("after reopening the table has %s rows", got)
	}
}

// Cancelling must stop the workers soon, and the session must stay usable.
func TestCancelStopsAQuery(t *testing.T) {
	db := open(t, oxidb.InMemory)
	s, err := db.Session()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const endless = "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b WHERE a + b < 0"
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = s.Exec(ctx, endless)
	wantState(t, err, sqlerr.QueryCanceled)
	exec(t, s, "SET statement_timeout = '50ms'")
	_, err = s.Exec(t.Context(), endless)
	wantState(t, err, sqlerr.QueryCanceled, "timeout")
	exec(t, s, "SET statement_timeout = 0")
	if got := one(t, s, "SELECT 1"); got != "1" {
		t.Errorf("got %s", got)
	}
}

// A reader that has seen enough ends the query, however much of it is left.
func TestEarlyStopEndsTheQuery(t *testing.T) {
	db := open(t, oxidb.InMemory, oxidb.Threads(3))
	exec(t, db, "CREATE TABLE t AS SELECT i FROM generate_series(1, 200000) g(i)")
	r, err := db.Query(t.Context(), "SELECT a.i FROM t a, t b WHERE a.i + b.i > 0")
	if err != nil {
		t.Fatal(err)
	}
	for rec, err := range r.Batches() { // 40 billion rows: going on would not end
		if err != nil || rec.NumRows() == 0 {
			t.Errorf("%v, %v", rec, err)
		}
		break
	}
	if got := one(t, db, "SELECT count(*) FROM t"); got != "200000" {
		t.Errorf("got %s", got)
	}
}

// A query beyond its memory limit is an error that names the limit; nothing stays reserved.
func TestMemoryLimitIsAnError(t *testing.T) {
	db := open(t, oxidb.InMemory)
	s, err := db.Session()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	exec(t, s, "SET memory_limit = '8MiB'")
	_, err = s.Exec(t.Context(), "SELECT a, count(*) FROM generate_series(1, 5000000) a GROUP BY a ORDER BY a")
	wantState(t, err, sqlerr.OutOfMemory, "memory limit")
	exec(t, s, "RESET memory_limit")
	if got := one(t, s, "SELECT count(*) FROM generate_series(1, 100000)"); got != "100000" {
		t.Errorf("got %s", got)
	}
}

// Writers of different rows must not disturb each other or readers.
func TestConcurrentSessions(t *testing.T) {
	db := open(t, t.TempDir())
	exec(t, db, "CREATE TABLE t (worker integer, n integer)")
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			for n := range 25 {
				if _, err := db.Exec(context.Background(), "INSERT INTO t VALUES ($1, $2)", worker, n); err != nil {
					t.Error(err)
				}
				if _, err := db.Exec(context.Background(), "SELECT count(*) FROM t"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if got := one(t, db, "SELECT count(*) || ' ' || sum(n) FROM t"); got != "200 2400" {
		t.Errorf("got %q", got)
	}
}

// The first committer wins; the second gets 40001 and may try again.
func TestConcurrentUpdateConflicts(t *testing.T) {
	db := open(t, oxidb.InMemory)
	exec(t, db, "CREATE TABLE t (a integer)")
	exec(t, db, "INSERT INTO t VALUES (1)")
	s, err := db.Session()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	exec(t, s, "BEGIN")
	exec(t, s, "SELECT * FROM t")
	exec(t, db, "UPDATE t SET a = 2")
	_, err = s.Exec(t.Context(), "UPDATE t SET a = 3")
	wantState(t, err, sqlerr.SerializationFailure)
	_, err = s.Exec(t.Context(), "SELECT 1")
	wantState(t, err, sqlerr.InFailedTransaction)
	exec(t, s, "ROLLBACK")
	exec(t, s, "UPDATE t SET a = 3")
	if got := one(t, db, "SELECT a FROM t"); got != "3" {
		t.Errorf("got %s", got)
	}
}

// Parameters take the type that the statement needs, whatever Go type they have.
func TestParameters(t *testing.T) {
	db := open(t, oxidb.InMemory)
	exec(t, db, "CREATE TABLE t (a integer, b numeric(10,2), c date, d text, e timestamptz, f boolean, g double precision)")
	day := time.Date(2024, 2, 29, 13, 14, 15, 0, time.UTC)
	exec(t, db, "INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6, $7)", 7, "12.345", day, "x", day, true, 1.5)
	exec(t, db, "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)", nil, nil, nil, nil, nil, nil, nil)
	if got := one(t, db, "SELECT concat(a, ' ', b, ' ', c, ' ', d, ' ', e, ' ', g) FROM t WHERE a = $1 AND c = $2", int64(7), "2024-02-29"); got != "7 12.35 2024-02-29 x 2024-02-29 13:14:15+00 1.5" {
		t.Errorf("got %q", got)
	}
	_, err := db.Query(t.Context(), "SELECT $1 + 1")
	wantState(t, err, sqlerr.UndefinedParameter)
	_, err = db.Query(t.Context(), "SELECT $1::integer", "seven")
	wantState(t, err, sqlerr.InvalidTextRepresentation, "$1")
}

// Prepared statements know their columns and parameters without running.
func TestPreparedStatement(t *testing.T) {
	db := open(t, oxidb.InMemory)
	s, err := db.Session()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	exec(t, s, "CREATE TABLE t (a integer, b text)")
	insert, err := s.Prepare(t.Context(), "INSERT INTO t VALUES ($1, $2)")
	if err != nil {
		t.Fatal(err)
	}
	if insert.IsQuery() || len(insert.Params()) != 2 {
		t.Errorf("query %v, parameters %v", insert.IsQuery(), insert.Params())
	}
	for i := range 3 {
		if _, err := insert.Exec(t.Context(), i, "row"); err != nil {
			t.Fatal(err)
		}
	}
	query, err := s.Prepare(t.Context(), "SELECT a, b FROM t WHERE a > $1")
	if err != nil {
		t.Fatal(err)
	}
	if !query.IsQuery() || query.Schema().NumFields() != 2 || query.Schema().Field(0).Name != "a" {
		t.Errorf("schema %v", query.Schema())
	}
	if n, err := query.Exec(t.Context(), 0); err != nil || n != 2 {
		t.Errorf("%d rows, %v", n, err)
	}
}

// Files that are missing, truncated or foreign are errors that name them.
func TestBadFiles(t *testing.T) {
	db := open(t, oxidb.InMemory)
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.parquet")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("not a parquet file ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	ragged := filepath.Join(dir, "ragged.csv")
	if err := os.WriteFile(ragged, []byte("a,b\n1,2\n3,x,5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := db.Exec(t.Context(), "SELECT * FROM '"+filepath.Join(dir, "missing.csv")+"'")
	wantState(t, err, sqlerr.UndefinedFile, "missing.csv")
	if _, err = db.Exec(t.Context(), "SELECT * FROM '"+garbage+"'"); err == nil || !strings.Contains(err.Error(), "garbage.parquet") {
		t.Errorf("got %v", err)
	}
	exec(t, db, "CREATE TABLE t (a integer, b integer)")
	if _, err = db.Exec(t.Context(), "COPY t FROM '"+ragged+"' (HEADER)"); err == nil || !strings.Contains(err.Error(), "ragged.csv") || !strings.Contains(err.Error(), "3") {
		t.Errorf("got %v", err)
	}
	if got := one(t, db, "SELECT count(*) FROM t"); got != "0" {
		t.Errorf("a failed COPY left %s rows", got)
	}
}

// Closed databases and sessions answer with an error, not a panic.
func TestUseAfterClose(t *testing.T) {
	db := open(t, oxidb.InMemory)
	s, err := db.Session()
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = s.Exec(t.Context(), "SELECT 1")
	wantState(t, err, sqlerr.AdminShutdown)
	_, err = db.Query(t.Context(), "SELECT 1")
	wantState(t, err, sqlerr.AdminShutdown)
	if err := db.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

var errNoSpace = errors.New("no space left on device")
