package flight

import (
	"net/http"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func (f *fixture) count() string { return f.query("SELECT count(*) FROM t")[0][0] }

func TestCommitAndRollback(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (a int)")
	for commit, want := range map[bool]string{false: "0", true: "1"} {
		f.exec("DELETE FROM t")
		txn, err := f.BeginTransaction(f.ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := txn.ExecuteUpdate(f.ctx, "INSERT INTO t VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		if got := f.rows(txn.Execute(f.ctx, "SELECT count(*) FROM t")); got[0][0] != "1" {
			t.Errorf("the transaction sees %v rows of its own", got)
		}
		if got := f.count(); got != "0" {
			t.Errorf("others see %s rows before the end", got)
		}
		end := txn.Rollback
		if commit {
			end = txn.Commit
		}
		if err := end(f.ctx); err != nil {
			t.Fatal(err)
		}
		if got := f.count(); got != want {
			t.Errorf("commit %t: %s rows, want %s", commit, got, want)
		}
	}
}

func TestSavepoints(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (a int)")
	txn, err := f.BeginTransaction(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	insert := func() {
		if _, err := txn.ExecuteUpdate(f.ctx, "INSERT INTO t VALUES (1)"); err != nil {
			t.Fatal(err)
		}
	}
	insert()
	save, err := txn.BeginSavepoint(f.ctx, "any name")
	if err != nil {
		t.Fatal(err)
	}
	insert()
	if err := txn.RollbackSavepoint(f.ctx, save); err != nil {
		t.Fatal(err)
	}
	insert()
	if err := txn.ReleaseSavepoint(f.ctx, save); err != nil {
		t.Fatal(err)
	}
	if err := txn.Commit(f.ctx); err != nil {
		t.Fatal(err)
	}
	if got := f.count(); got != "2" {
		t.Errorf("%s rows, want 2", got)
	}
}

// A transaction that nobody uses holds a snapshot: it must end by itself, and its client must be told.
func TestIdleTransactionEnds(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (a int)")
	txn, err := f.BeginTransaction(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := txn.ExecuteUpdate(f.ctx, "INSERT INTO t VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	f.server.service.transactions.ttl = 0
	f.server.service.expire()
	if _, err := txn.ExecuteUpdate(f.ctx, "INSERT INTO t VALUES (2)"); status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "25P01") {
		t.Errorf("writing gave %v", err)
	}
	if err := txn.Rollback(f.ctx); err != nil {
		t.Errorf("rolling back what has ended gave %v", err)
	}
	if got := f.count(); got != "0" {
		t.Errorf("%s rows were kept", got)
	}
}

func TestCommitOfAnUnknownTransactionFails(t *testing.T) {
	f := start(t, Options{})
	txn, err := f.BeginTransaction(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	f.server.service.transactions.clear()
	if err := txn.Commit(f.ctx); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("got %v", err)
	}
}

// Clients keep statements that they prepared in a transaction and use them in the next.
func TestPreparedStatementOutlivesItsTransaction(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (a int)")
	first, err := f.BeginTransaction(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	stmt, err := first.Prepare(f.ctx, "INSERT INTO t VALUES (1)")
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Commit(f.ctx); err != nil {
		t.Fatal(err)
	}
	second, err := f.BeginTransaction(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stmt.ExecuteUpdate(f.ctx); err != nil {
		t.Fatal(err)
	}
	if err := second.Rollback(f.ctx); err != nil {
		t.Fatal(err)
	}
	if got := f.count(); got != "0" {
		t.Errorf("%s rows: the statement did not run in the connection's transaction", got)
	}
}

func TestBeginAsText(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (a int)")
	if _, err := f.ExecuteUpdate(f.ctx, "BEGIN"); status.Code(err) != codes.Unimplemented || !strings.Contains(err.Error(), "BeginTransaction") {
		t.Errorf("BEGIN without a session: %v", err)
	}
	f.exec("BEGIN; INSERT INTO t VALUES (1); COMMIT")
	if got := f.count(); got != "1" {
		t.Errorf("%s rows after BEGIN … COMMIT in one text, want 1", got)
	}
	if _, err := f.ExecuteUpdate(f.ctx, "SET timezone = 'UTC'"); status.Code(err) != codes.Unimplemented {
		t.Errorf("SET without a session: %v", err)
	}
}

// withCookies is a client that keeps its session, from its second call on.
func (f *fixture) withCookies() *flightsql.Client {
	f.t.Helper()
	c := f.dial(flight.NewClientCookieMiddleware())
	if _, err := c.GetCatalogs(f.ctx); err != nil {
		f.t.Fatal(err)
	}
	return c
}

func TestCookieSession(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (a int)")
	c := f.withCookies()
	for _, sql := range []string{"BEGIN", "INSERT INTO t VALUES (1)", "ROLLBACK", "BEGIN", "INSERT INTO t VALUES (2)"} {
		if _, err := c.ExecuteUpdate(f.ctx, sql); err != nil {
			t.Fatal(sql, err)
		}
	}
	if got := f.count(); got != "0" {
		t.Errorf("others see %s rows before COMMIT", got)
	}
	if _, err := c.ExecuteUpdate(f.ctx, "COMMIT"); err != nil {
		t.Fatal(err)
	}
	if got := f.count(); got != "1" {
		t.Errorf("%s rows after COMMIT, want 1", got)
	}
}

// JDBC prepares everything: its first call prepares BEGIN, before the client has a cookie, and its second runs it
// with the cookie. Refusing that would refuse the first transaction of every connection.
func TestBeginPreparedInTheFirstCall(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (a int)")
	c := f.dial(flight.NewClientCookieMiddleware())
	for _, sql := range []string{"BEGIN", "INSERT INTO t VALUES (1)", "ROLLBACK"} {
		stmt, err := c.Prepare(f.ctx, sql)
		if err != nil {
			t.Fatal(sql, err)
		}
		if _, err := stmt.ExecuteUpdate(f.ctx); err != nil {
			t.Fatal(sql, err)
		}
		if err := stmt.Close(f.ctx); err != nil {
			t.Fatal(sql, err)
		}
	}
	if got := f.count(); got != "0" {
		t.Errorf("%s rows after ROLLBACK", got)
	}
}

func TestSessionOptions(t *testing.T) {
	f := start(t, Options{})
	c := f.withCookies()
	set := func(options map[string]any) map[string]*flight.SetSessionOptionsResultError {
		t.Helper()
		values, err := flight.NewSessionOptionValues(options)
		if err != nil {
			t.Fatal(err)
		}
		result, err := c.SetSessionOptions(f.ctx, &flight.SetSessionOptionsRequest{SessionOptions: values})
		if err != nil {
			t.Fatal(err)
		}
		return result.Errors
	}
	if failed := set(map[string]any{"timezone": "Europe/Berlin", "threads": int64(1), "catalog": "oxidb", "schema": "public"}); len(failed) != 0 {
		t.Error(failed)
	}
	failed := set(map[string]any{"no_such_option": "x", "threads": "many", "schema": "no_such_schema"})
	if failed["no_such_option"].GetValue() != flight.SetSessionOptionsResultErrorInvalidName {
		t.Error("an unknown option:", failed["no_such_option"])
	}
	for _, name := range []string{"threads", "schema"} {
		if failed[name].GetValue() != flight.SetSessionOptionsResultErrorInvalidValue {
			t.Errorf("a wrong value for %s: %v", name, failed[name])
		}
	}
	got, err := c.GetSessionOptions(f.ctx, &flight.GetSessionOptionsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"timezone": "Europe/Berlin", "threads": "1", "catalog": "oxidb", "schema": "public"} {
		if v := got.SessionOptions[name].GetStringValue(); v != want {
			t.Errorf("%s = %q, want %q", name, v, want)
		}
	}
	if closed, err := c.CloseSession(f.ctx, &flight.CloseSessionRequest{}); err != nil || closed.Status != flight.CloseSessionResultClosed {
		t.Error(closed, err)
	}
	if got, err = c.GetSessionOptions(f.ctx, &flight.GetSessionOptionsRequest{}); err != nil || got.SessionOptions["timezone"].GetStringValue() != "UTC" {
		t.Error("after the session's end:", got, err)
	}
}

// Writing on after a lost transaction as if nothing had happened would tear it apart.
func TestSessionThatEndedIsReported(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (a int)")
	c := f.withCookies()
	if _, err := c.ExecuteUpdate(f.ctx, "BEGIN"); err != nil {
		t.Fatal(err)
	}
	f.server.service.sessions.ttl = 0
	f.server.service.expire()
	if _, err := c.ExecuteUpdate(f.ctx, "INSERT INTO t VALUES (1)"); status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "57P05") {
		t.Errorf("writing in a lost session: %v", err)
	}
	f.server.service.sessions.ttl = 1 << 62
	if _, err := c.ExecuteUpdate(f.ctx, "INSERT INTO t VALUES (1)"); err != nil {
		t.Errorf("the next session: %v", err)
	}
}

func TestForgedCookieIsRefused(t *testing.T) {
	f := start(t, Options{})
	for _, value := range []string{"x", "", strings.Repeat("00", 16) + "." + strings.Repeat("00", 16)} {
		if _, ok := f.server.service.verify((&http.Cookie{Value: value}).Value); ok {
			t.Errorf("cookie %q was taken", value)
		}
	}
}

// A client must be able to ask for SERIALIZABLE, which the protocol has no field for: by a statement in
// the transaction, or by an option of its session.
func TestSerializableTransactions(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (a int)")
	withOption := f.withCookies()
	values, err := flight.NewSessionOptionValues(map[string]any{"default_transaction_isolation": "serializable"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := withOption.SetSessionOptions(f.ctx, &flight.SetSessionOptionsRequest{SessionOptions: values}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		client *flightsql.Client
		first  string
	}{"by statement": {f.Client, "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"}, "by option": {withOption, ""}} {
		f.exec("DELETE FROM t")
		var both []*flightsql.Txn
		for range 2 {
			txn, err := c.client.BeginTransaction(f.ctx)
			if err != nil {
				t.Fatal(err)
			}
			if c.first != "" {
				if _, err := txn.ExecuteUpdate(f.ctx, c.first); err != nil {
					t.Fatal(err)
				}
			}
			if got := f.rows(txn.Execute(f.ctx, "SELECT count(*) FROM t")); got[0][0] != "0" {
				t.Errorf("%s: %v", name, got)
			}
			both = append(both, txn)
		}
		for _, txn := range both {
			if _, err := txn.ExecuteUpdate(f.ctx, "INSERT INTO t VALUES (1)"); err != nil {
				t.Fatal(err)
			}
		}
		if err := both[0].Commit(f.ctx); err != nil {
			t.Error(name, err)
		}
		if err := both[1].Commit(f.ctx); status.Code(err) != codes.Aborted || !strings.Contains(err.Error(), "40001") {
			t.Errorf("%s: the second commit gave %v", name, err)
		}
	}
}

// A remote client's transaction that is ended must say so on the client's next call.
func TestTransactionIsEndedByAnother(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (a int)")
	txn, err := f.BeginTransaction(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := txn.ExecuteUpdate(f.ctx, "INSERT INTO t VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	id := f.query("SELECT id FROM oxidb_transactions WHERE query LIKE 'INSERT%'")[0][0]
	f.exec("CALL oxidb_end_transaction(" + id + ")")
	if err := txn.Commit(f.ctx); err == nil || !strings.Contains(err.Error(), "57P01") {
		t.Errorf("commit gave %v", err)
	}
	if got := f.count(); got != "0" {
		t.Errorf("%s rows were kept", got)
	}
}
