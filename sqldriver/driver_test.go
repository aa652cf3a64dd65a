package sqldriver_test

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqldriver"
	"github.com/oxidb/oxidb/sqlerr"
)

func open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open(sqldriver.Name, oxidb.InMemory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error("closing:", err)
		}
	})
	return db
}

func exec(t *testing.T, db *sql.DB, query string, args ...any) int64 {
	t.Helper()
	r, err := db.Exec(query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func state(t *testing.T, err error, want sqlerr.State) {
	t.Helper()
	if sqlerr.StateOf(err) != want {
		t.Errorf("got %v, want SQLSTATE %s", err, want)
	}
}

// Every SQL type must arrive as the Go type that is documented, and its column must say so.
func TestTypes(t *testing.T) {
	db := open(t)
	noon := time.Date(2026, 11, 23, 12, 0, 0, 500_000_000, time.UTC)
	for _, c := range []struct {
		sql, name string
		want      any
	}{
		{"true", "BOOLEAN", true},
		{"7::smallint", "SMALLINT", int64(7)},
		{"-7", "INTEGER", int64(-7)},
		{"9007199254740993", "BIGINT", int64(9007199254740993)},
		{"1.5::real", "REAL", 1.5},
		{"'Infinity'::double precision", "DOUBLE PRECISION", math.Inf(1)},
		{"1.10::numeric(10,2)", "NUMERIC", "1.10"},
		{"'é'::text", "TEXT", "é"},
		{"'ab'::varchar(5)", "CHARACTER VARYING", "ab"},
		{"'\\x00ff'::bytea", "BYTEA", []byte{0, 255}},
		{"DATE '2026-11-23'", "DATE", time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)},
		{"DATE '0001-01-01'", "DATE", time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"TIMESTAMP '2026-11-23 12:00:00.5'", "TIMESTAMP WITHOUT TIME ZONE", noon},
		{"TIMESTAMPTZ '2026-11-23 14:00:00.5+02'", "TIMESTAMP WITH TIME ZONE", noon},
		{"TIME '12:30:00'", "TIME WITHOUT TIME ZONE", "12:30:00"},
		{"INTERVAL '1 month 2 days'", "INTERVAL", "1 mon 2 days"},
		{"'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid", "UUID", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
	} {
		t.Run(c.sql, func(t *testing.T) {
			rows, err := db.Query("SELECT " + c.sql + " UNION ALL SELECT NULL ORDER BY 1 NULLS LAST")
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			kinds, err := rows.ColumnTypes()
			if err != nil {
				t.Fatal(err)
			}
			if kinds[0].DatabaseTypeName() != c.name || kinds[0].ScanType() != reflect.TypeOf(c.want) {
				t.Errorf("column is %s as %s", kinds[0].DatabaseTypeName(), kinds[0].ScanType())
			}
			var got, null any
			for _, dest := range []*any{&got, &null} {
				if !rows.Next() {
					t.Fatal("row missing: ", rows.Err())
				}
				if err := rows.Scan(dest); err != nil {
					t.Fatal(err)
				}
			}
			if !reflect.DeepEqual(got, c.want) || null != nil {
				t.Errorf("got %#v and %#v, want %#v and nil", got, null, c.want)
			}
		})
	}
}

func TestColumnTypes(t *testing.T) {
	db := open(t)
	rows, err := db.Query("SELECT 1.5::numeric(12,3) AS n, 'x'::varchar(9) AS v, 'x'::text AS t")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	kinds, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	if p, s, ok := kinds[0].DecimalSize(); !ok || p != 12 || s != 3 {
		t.Errorf("numeric(12,3) has size %d, %d, %v", p, s, ok)
	}
	if n, ok := kinds[1].Length(); !ok || n != 9 {
		t.Errorf("varchar(9) has length %d, %v", n, ok)
	}
	if n, ok := kinds[2].Length(); !ok || n != math.MaxInt64 {
		t.Errorf("text has length %d, %v", n, ok)
	}
	if _, _, ok := kinds[2].DecimalSize(); ok {
		t.Error("text has a precision")
	}
}

// Arguments must arrive as what they are, NULL included.
func TestArguments(t *testing.T) {
	db := open(t)
	exec(t, db, "CREATE TABLE a (i bigint, f double precision, b boolean, s text, y bytea, ts timestamptz, d date, n numeric(20,2), v interval, u uuid)")
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	id := [16]byte{1, 2, 3}
	if n := exec(t, db, "INSERT INTO a VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)", int32(5), 2.5, true, "x", []byte{0}, at, at, "12.345", 90*time.Minute, id); n != 1 {
		t.Errorf("%d rows inserted", n)
	}
	exec(t, db, "INSERT INTO a VALUES (?,?,?,?,?,?,?,?,?,?)", nil, sql.NullFloat64{}, nil, nil, nil, nil, nil, nil, nil, nil)
	var (
		i    int
		f    float64
		b    bool
		s    string
		y    []byte
		ts   time.Time
		d    time.Time
		n, v string
		u    string
	)
	if err := db.QueryRow("SELECT * FROM a WHERE i = $1", 5).Scan(&i, &f, &b, &s, &y, &ts, &d, &n, &v, &u); err != nil {
		t.Fatal(err)
	}
	if i != 5 || f != 2.5 || !b || s != "x" || len(y) != 1 || !ts.Equal(at) || !d.Equal(at.Truncate(24*time.Hour)) || n != "12.35" || v != "01:30:00" || u != "01020300-0000-0000-0000-000000000000" {
		t.Error("got", i, f, b, s, y, ts, d, n, v, u)
	}
	var none int
	if err := db.QueryRow("SELECT count(*) FROM a WHERE i IS NULL AND f IS NULL AND u IS NULL").Scan(&none); err != nil || none != 1 {
		t.Error("row of NULLs: ", none, err)
	}
	_, err := db.Exec("SELECT $1::int", sql.Named("x", 1))
	state(t, err, sqlerr.FeatureNotSupported)
	_, err = db.Exec("SELECT $1::int, $2::int", 1)
	state(t, err, sqlerr.UndefinedParameter)
	_, err = db.Exec("SELECT $1::int", "seven")
	state(t, err, sqlerr.InvalidTextRepresentation)
	_, err = db.Exec("SELECT $1::int", struct{}{})
	state(t, err, sqlerr.InvalidParameterValue)
}

func TestPrepared(t *testing.T) {
	db := open(t)
	exec(t, db, "CREATE TABLE t (a int, b text)")
	insert, err := db.Prepare("INSERT INTO t VALUES ($1, $2)")
	if err != nil {
		t.Fatal(err)
	}
	defer insert.Close()
	for i := range 10 {
		if _, err := insert.Exec(i, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := insert.Exec(1); err == nil {
		t.Error("a missing argument was accepted")
	}
	sum, err := db.Prepare("SELECT sum(a) FROM t WHERE a < $1")
	if err != nil {
		t.Fatal(err)
	}
	defer sum.Close()
	for limit, want := range map[int]int{3: 3, 10: 45} {
		var got int
		if err := sum.QueryRow(limit).Scan(&got); err != nil || got != want {
			t.Errorf("sum below %d is %d, %v", limit, got, err)
		}
	}
	_, err = db.Prepare("SELECT nope")
	state(t, err, sqlerr.UndefinedColumn)
}

// A transaction sees its own writes, hides them from others, and its end decides.
func TestTransactions(t *testing.T) {
	db := open(t)
	ctx := context.Background()
	exec(t, db, "CREATE TABLE t (a int PRIMARY KEY)")
	count := func(q interface {
		QueryRow(string, ...any) *sql.Row
	}) (n int) {
		t.Helper()
		if err := q.QueryRow("SELECT count(*) FROM t").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for level, name := range map[sql.IsolationLevel]string{sql.LevelDefault: "repeatable read", sql.LevelReadCommitted: "repeatable read",
		sql.LevelRepeatableRead: "repeatable read", sql.LevelSnapshot: "repeatable read", sql.LevelSerializable: "serializable"} {
		tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: level})
		if err != nil {
			t.Fatal(level, err)
		}
		var shown string
		if err := tx.QueryRow("SHOW transaction_isolation").Scan(&shown); err != nil || shown != name {
			t.Errorf("%s is %q, %v", level, shown, err)
		}
		if _, err := tx.Exec("INSERT INTO t VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		if count(tx) != 1 || count(db) != 0 {
			t.Error("isolation is broken")
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
	if count(db) != 0 {
		t.Error("rolled back rows are there")
	}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("INSERT INTO t VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if count(db) != 1 {
		t.Error("committed rows are missing")
	}

	_, err = db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelLinearizable})
	state(t, err, sqlerr.FeatureNotSupported)
	read, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = read.Exec("INSERT INTO t VALUES (2)")
	state(t, err, sqlerr.ReadOnlyTransaction)
	if err := read.Rollback(); err != nil {
		t.Error(err)
	}
}

// A transaction whose statement failed cannot be committed.
func TestFailedTransaction(t *testing.T) {
	db := open(t)
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("SELECT 1/0"); sqlerr.StateOf(err) != sqlerr.DivisionByZero {
		t.Fatal(err)
	}
	_, err = tx.Exec("SELECT 1")
	state(t, err, sqlerr.InFailedTransaction)
	state(t, tx.Commit(), sqlerr.InFailedTransaction)
	exec(t, db, "SELECT 1")
}

// A pooled connection must not carry settings or an open block to its next user.
func TestSessionReset(t *testing.T) {
	db := open(t)
	db.SetMaxOpenConns(1)
	exec(t, db, "SET timezone = 'Europe/Berlin'; BEGIN")
	exec(t, db, "CREATE TABLE t (a int)")
	var zone string
	if err := db.QueryRow("SHOW timezone").Scan(&zone); err != nil || zone != "UTC" {
		t.Errorf("timezone is %q, %v", zone, err)
	}
}

// A cancelled context ends the query, rows closed early leave nothing behind.
func TestCancel(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	db, err := sql.Open(sqldriver.Name, oxidb.InMemory)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = db.ExecContext(ctx, "SELECT count(*) FROM generate_series(1, 1000000000) a(i), generate_series(1, 1000) b(j)")
	if err == nil {
		t.Error("the query ended by itself")
	}
	rows, err := db.Query("SELECT i FROM generate_series(1, 10000000) g(i)")
	if err != nil {
		t.Fatal(err)
	}
	if !rows.Next() {
		t.Fatal(rows.Err())
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
	exec(t, db, "SELECT 1")
}

// An error in the middle of the rows must not look like their end.
func TestErrorWhileReading(t *testing.T) {
	db := open(t)
	rows, err := db.Query("SELECT 10 / (5000 - i) FROM generate_series(1, 10000) g(i)")
	for err == nil && rows.Next() {
	}
	if err == nil {
		err = rows.Err()
	}
	state(t, err, sqlerr.DivisionByZero)
}

// A directory is opened once for a sql.DB, kept, and let go by Close.
func TestDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	for run := range 2 {
		db, err := sql.Open(sqldriver.Name, dir)
		if err != nil {
			t.Fatal(err)
		}
		if run == 0 {
			exec(t, db, "CREATE TABLE t (a int); INSERT INTO t VALUES (42)")
			other, err := sql.Open(sqldriver.Name, dir)
			if err != nil {
				t.Fatal(err)
			}
			state(t, other.Ping(), sqlerr.ObjectInUse)
			if err := other.Close(); err != nil {
				t.Error(err)
			}
		}
		var a int
		if err := db.QueryRow("SELECT a FROM t").Scan(&a); err != nil || a != 42 {
			t.Errorf("run %d: %d, %v", run, a, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// OpenDB shares the program's own database, and leaves it open.
func TestOpenDB(t *testing.T) {
	own, err := oxidb.Open(context.Background(), oxidb.InMemory)
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if _, err := own.Exec(context.Background(), "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)"); err != nil {
		t.Fatal(err)
	}
	db := sqldriver.OpenDB(own)
	if n := exec(t, db, "UPDATE t SET a = a + 1"); n != 2 {
		t.Errorf("%d rows changed", n)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := own.Exec(context.Background(), "DELETE FROM t"); err != nil || n != 2 {
		t.Errorf("after the sql.DB: %d, %v", n, err)
	}
	if err := db.Ping(); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("a closed sql.DB answers: %v", err)
	}
}
