package oxidb_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/sqlerr"
)

// sessionOf opens a session that ends with the test.
func sessionOf(t *testing.T, db *oxidb.DB) *oxidb.Session {
	t.Helper()
	s, err := db.Session()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func refused(t *testing.T, s *oxidb.Session, sql string, want sqlerr.State) {
	t.Helper()
	if _, err := s.Exec(t.Context(), sql); sqlerr.StateOf(err) != want {
		t.Errorf("%s: %v, want %s", sql, err, want)
	}
}

// cells are a query's rows.
func cells(t *testing.T, db *oxidb.DB, sql string, args ...any) [][]any {
	t.Helper()
	r, err := db.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var rows [][]any
	for row, err := range r.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, append([]any(nil), row...))
	}
	return rows
}

// idOf is the number of the transaction whose current or last statement is sql.
func idOf(t *testing.T, db *oxidb.DB, sql string) int64 {
	t.Helper()
	for range 1000 {
		if rows := cells(t, db, "SELECT id FROM oxidb_transactions WHERE query = $1", sql); len(rows) == 1 {
			return rows[0][0].(int64)
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("no transaction runs %s: %v", sql, cells(t, db, "SELECT * FROM oxidb_transactions"))
	return 0
}

// Who looks for what holds old versions back must find it, with its age and its writes.
func TestTransactionsAreListed(t *testing.T) {
	db := memoryDB(t)
	exec(t, db, "CREATE TABLE t (a int)")
	s, other := sessionOf(t, db), sessionOf(t, db)
	s.SetUser("ann")
	exec(t, s, "SET application_name = 'report'")
	exec(t, s, "BEGIN ISOLATION LEVEL SERIALIZABLE")
	if n := len(cells(t, db, "SELECT 1 FROM oxidb_transactions WHERE query NOT LIKE '%oxidb_transactions%'")); n != 0 {
		t.Errorf("a block without a statement holds nothing, %d rows", n)
	}
	exec(t, s, "INSERT INTO t VALUES (1), (2)")
	exec(t, other, "INSERT INTO t VALUES (3)")
	exec(t, other, "INSERT INTO t VALUES (4)")
	const list = "SELECT user_name, application_name, state, isolation, read_only, versions_behind, oldest, rows_changed, seconds_behind >= 0, started <= state_changed, query FROM oxidb_transactions WHERE id = $1"
	id := idOf(t, db, "INSERT INTO t VALUES (1), (2)")
	want := "[[ann report idle in transaction serializable false 2 true 2 true true INSERT INTO t VALUES (1), (2)]]"
	if got := fmt.Sprint(cells(t, db, list, id)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	refused(t, s, "SELECT 1/0", sqlerr.DivisionByZero)
	if got := cells(t, db, "SELECT state FROM oxidb_transactions WHERE id = $1", id)[0][0]; got != "idle in transaction (aborted)" {
		t.Errorf("a failed block is %q", got)
	}
	exec(t, s, "ROLLBACK")
	if rows := cells(t, db, list, id); len(rows) != 0 {
		t.Errorf("after its end: %v", rows)
	}
	if rows := cells(t, db, "SELECT state, isolation, query FROM oxidb_transactions"); len(rows) != 1 || rows[0][0] != "active" {
		t.Errorf("the statement itself: %v", rows)
	}
}

// An idle block that is ended must give its snapshot back at once, lose its writes, and tell its owner
// why; a COMMIT must not look like a success.
func TestIdleTransactionIsEnded(t *testing.T) {
	db := memoryDB(t)
	exec(t, db, "CREATE TABLE t (a int)")
	for _, end := range []string{"COMMIT", "ROLLBACK", "SELECT 1", "api"} {
		s := sessionOf(t, db)
		exec(t, s, "BEGIN")
		exec(t, s, "SAVEPOINT early")
		exec(t, s, "INSERT INTO t VALUES (1)")
		id := idOf(t, db, "INSERT INTO t VALUES (1)")
		exec(t, db, fmt.Sprintf("CALL oxidb_end_transaction(%d)", id))
		if rows := cells(t, db, "SELECT * FROM oxidb_transactions WHERE id = $1", id); len(rows) != 0 {
			t.Errorf("still there: %v", rows)
		}
		switch end {
		case "COMMIT":
			refused(t, s, "COMMIT", sqlerr.AdminShutdown)
		case "api":
			if err := s.Commit(t.Context()); sqlerr.StateOf(err) != sqlerr.AdminShutdown {
				t.Errorf("Commit: %v", err)
			}
		case "SELECT 1":
			refused(t, s, "SELECT 1", sqlerr.AdminShutdown)
			refused(t, s, "ROLLBACK TO early", sqlerr.AdminShutdown)
			refused(t, s, "INSERT INTO t VALUES (2)", sqlerr.AdminShutdown)
			if _, err := s.Prepare(t.Context(), "SELECT a FROM t"); sqlerr.StateOf(err) != sqlerr.AdminShutdown {
				t.Errorf("Prepare: %v", err)
			}
			exec(t, s, "ROLLBACK")
		default:
			exec(t, s, "ROLLBACK")
		}
		exec(t, s, "INSERT INTO t VALUES (5)") // the session goes on
		if n := cells(t, db, "SELECT count(*), sum(a) FROM t"); fmt.Sprint(n) != "[[1 5]]" {
			t.Errorf("after %s: %v", end, n)
		}
		exec(t, db, "DELETE FROM t")
	}
	s := sessionOf(t, db)
	refused(t, s, "CALL oxidb_end_transaction(123456)", sqlerr.UndefinedObject)
	refused(t, s, "CALL oxidb_end_transaction('x')", sqlerr.UndefinedFunction)
	refused(t, s, "CALL oxidb_end_transaction()", sqlerr.UndefinedFunction)
}

// slow runs for longer than any test waits.
const slow = "SELECT count(*) FROM generate_series(1, 100000000) a(i), generate_series(1, 100000) b(j) WHERE i % 7 = j % 11"

// A statement that runs must be cancelled, in a block and alone.
func TestRunningTransactionIsEnded(t *testing.T) {
	db := memoryDB(t)
	for _, block := range []bool{false, true} {
		s := sessionOf(t, db)
		if block {
			exec(t, s, "BEGIN")
		}
		failed := make(chan error)
		go func() {
			_, err := s.Exec(context.Background(), slow)
			failed <- err
		}()
		id := idOf(t, db, slow)
		if err := db.EndTransaction(uint64(id)); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-failed:
			if sqlerr.StateOf(err) != sqlerr.AdminShutdown {
				t.Errorf("block %t: %v", block, err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the statement goes on")
		}
		if block {
			refused(t, s, "SELECT 1", sqlerr.AdminShutdown)
			exec(t, s, "ROLLBACK")
		}
		exec(t, s, "SELECT 1")
	}
}

// A result that a client does not read to its end holds its snapshot: ending must release it without
// the client's help, and the client must not take the rest for the end of the rows.
func TestUnreadResultIsEnded(t *testing.T) {
	db := memoryDB(t)
	exec(t, db, "CREATE TABLE t (a int)")
	exec(t, db, "INSERT INTO t SELECT i FROM generate_series(1, 1000000) g(i)")
	for _, block := range []bool{false, true} {
		s := sessionOf(t, db)
		if block {
			exec(t, s, "BEGIN")
		}
		r, err := s.Query(t.Context(), "SELECT a FROM t")
		if err != nil {
			t.Fatal(err)
		}
		id := idOf(t, db, "SELECT a FROM t")
		var failure error
		ended := false
		for rec, err := range r.Batches() {
			if err != nil {
				failure = err
				break
			}
			rec.Release()
			if !ended {
				ended = true
				if err := db.EndTransaction(uint64(id)); err != nil {
					t.Fatal(err)
				}
				if rows := cells(t, db, "SELECT * FROM oxidb_transactions WHERE id = $1", id); len(rows) != 0 {
					t.Errorf("block %t: it holds its snapshot: %v", block, rows)
				}
			}
		}
		if sqlerr.StateOf(failure) != sqlerr.AdminShutdown {
			t.Errorf("block %t: the rows ended with %v", block, failure)
		}
	}
}

// Time limits end what nobody watches.
func TestTransactionTimeouts(t *testing.T) {
	db := memoryDB(t)
	exec(t, db, "CREATE TABLE t (a int)")
	s := sessionOf(t, db)
	exec(t, s, "SET idle_in_transaction_session_timeout = '50ms'")
	exec(t, s, "BEGIN")
	exec(t, s, "INSERT INTO t VALUES (1)")
	waitForEnd(t, db, "INSERT INTO t VALUES (1)")
	refused(t, s, "COMMIT", sqlerr.IdleInTransactionTimeout)
	exec(t, s, "SET idle_in_transaction_session_timeout = 0")

	exec(t, s, "SET transaction_timeout = '50ms'")
	refused(t, s, slow, sqlerr.TransactionTimeout)
	exec(t, s, "BEGIN")
	exec(t, s, "INSERT INTO t VALUES (2)")
	waitForEnd(t, db, "INSERT INTO t VALUES (2)")
	refused(t, s, "SELECT 1", sqlerr.TransactionTimeout)
	exec(t, s, "ROLLBACK")
	if n := cells(t, db, "SELECT count(*) FROM t")[0][0]; n != int64(0) {
		t.Errorf("%v rows", n)
	}
}

func waitForEnd(t *testing.T, db *oxidb.DB, sql string) {
	t.Helper()
	for range 10_000 {
		if len(cells(t, db, "SELECT 1 FROM oxidb_transactions WHERE query = $1", sql)) == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%s is not ended", sql)
}

// A lone statement that loses against another commit is run again: nobody has seen anything of it.
func TestLoneStatementsRetry(t *testing.T) {
	for _, level := range []string{"repeatable read", "serializable"} {
		db := memoryDB(t)
		exec(t, db, "CREATE TABLE counter (id int PRIMARY KEY, n int); INSERT INTO counter VALUES (1, 0)")
		const workers, each = 6, 60
		var wait sync.WaitGroup
		for range workers {
			s := sessionOf(t, db)
			exec(t, s, "SET default_transaction_isolation = '"+level+"'")
			wait.Go(func() {
				for range each {
					if _, err := s.Exec(context.Background(), "UPDATE counter SET n = n + 1 WHERE id = 1"); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		if n := cells(t, db, "SELECT n FROM counter")[0][0]; n != int64(workers*each) {
			t.Errorf("%s: %v instead of %d", level, n, workers*each)
		}
	}
}

// Transactions that read and write keys of their own must not fail: precision is what the recorded
// predicates are for.
func TestSerializableWithoutFalseAborts(t *testing.T) {
	db := memoryDB(t)
	exec(t, db, "CREATE TABLE account (id int PRIMARY KEY, owner int, amount int)")
	exec(t, db, "INSERT INTO account SELECT i, i % 4, 100 FROM generate_series(0, 3999) g(i)")
	var wait sync.WaitGroup
	for owner := range 4 {
		s := sessionOf(t, db)
		exec(t, s, "SET default_transaction_isolation = 'serializable'")
		wait.Go(func() {
			for i := range 100 {
				id := owner + 4*i
				for _, sql := range []string{
					"BEGIN",
					fmt.Sprintf("SELECT amount FROM account WHERE id = %d", id),
					fmt.Sprintf("SELECT sum(amount) FROM account WHERE owner = %d", owner),
					fmt.Sprintf("UPDATE account SET amount = amount - 1 WHERE id = %d", id),
					fmt.Sprintf("INSERT INTO account VALUES (%d, %d, 1)", 10_000*(owner+1)+i, owner),
					"COMMIT",
				} {
					if _, err := s.Exec(context.Background(), sql); err != nil {
						t.Errorf("%s: %v", sql, err)
						return
					}
				}
			}
		})
	}
	wait.Wait()
	if got := fmt.Sprint(cells(t, db, "SELECT count(*), sum(amount) FROM account")); got != "[[4400 400000]]" {
		t.Errorf("%s", got)
	}
}

// The sum of two accounts must never fall below zero, although each withdrawal looks at both and takes
// from one: snapshot isolation alone breaks this.
func TestSerializableKeepsInvariants(t *testing.T) {
	db := memoryDB(t)
	exec(t, db, "CREATE TABLE pair (id int PRIMARY KEY, amount int); INSERT INTO pair VALUES (1, 200), (2, 200)")
	var wait sync.WaitGroup
	for worker := range 4 {
		s := sessionOf(t, db)
		wait.Go(func() {
			for range 150 {
				withdraw(s, 1+worker%2)
			}
		})
	}
	wait.Wait()
	if sum := cells(t, db, "SELECT sum(amount) FROM pair")[0][0]; sum.(int64) < 0 {
		t.Errorf("the sum is %v", sum)
	}
}

// withdraw takes 7 from an account when both together have them; a conflict ends it without effect.
func withdraw(s *oxidb.Session, id int) {
	ctx := context.Background()
	defer func() { _ = s.Rollback() }()
	if s.BeginTransaction(oxidb.TransactionOptions{Isolation: oxidb.Serializable}) != nil {
		return
	}
	r, err := s.Query(ctx, "SELECT sum(amount) FROM pair")
	if err != nil {
		return
	}
	for row, err := range r.Rows() {
		if err != nil || row[0].(int64) < 7 {
			return
		}
	}
	if _, err := s.Exec(ctx, fmt.Sprintf("UPDATE pair SET amount = amount - 7 WHERE id = %d", id)); err == nil {
		_ = s.Commit(ctx)
	}
}

// A constraint that was proven before others committed must not be wrong afterwards, in any isolation
// level.
func TestNewConstraintsHoldAtTheCommit(t *testing.T) {
	for _, c := range []struct{ ddl, meanwhile string }{
		{"ALTER TABLE t ALTER COLUMN a SET NOT NULL", "INSERT INTO t VALUES (2, NULL)"},
		{"ALTER TABLE t ADD CHECK (a > 0)", "INSERT INTO t VALUES (2, -1)"},
		{"ALTER TABLE t ADD UNIQUE (a)", "INSERT INTO t VALUES (2, 7), (3, 7)"},
		{"CREATE UNIQUE INDEX ON t (a)", "INSERT INTO t VALUES (2, 1)"},
		{"DROP SCHEMA s", "CREATE TABLE s.t (a int)"},
		{"CREATE TABLE s.t (a int)", "DROP SCHEMA s"},
	} {
		db := memoryDB(t)
		exec(t, db, "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1); CREATE SCHEMA s")
		s := sessionOf(t, db)
		exec(t, s, "BEGIN")
		exec(t, s, c.ddl)
		exec(t, db, c.meanwhile)
		refused(t, s, "COMMIT", sqlerr.SerializationFailure)
	}
	db := memoryDB(t)
	exec(t, db, "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1)")
	s := sessionOf(t, db)
	exec(t, s, "BEGIN")
	exec(t, s, "ALTER TABLE t ADD CHECK (a > 0)")
	exec(t, db, "INSERT INTO t VALUES (2, 2)") // keeps it
	exec(t, s, "COMMIT")
}
