package shell_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/flight"
	"github.com/oxidb/oxidb/shell"
)

// served starts a Flight SQL server over a database in memory and connects a console to it.
func served(t *testing.T, change func(*shell.Config)) *console {
	t.Helper()
	db, err := oxidb.Open(context.Background(), oxidb.InMemory)
	if err != nil {
		t.Fatal(err)
	}
	server, err := flight.NewServer(db, flight.Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, db.Close()); err != nil {
			t.Error("ending the server:", err)
		}
	})
	backend, err := shell.OpenRemote(context.Background(), "grpc://"+server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return consoleOver(t, backend, change)
}

// What a shell shows must not depend on where the database is.
func TestRemoteShowsTheSame(t *testing.T) {
	for _, mode := range []string{"box", "csv", "json"} {
		set := func(cfg *shell.Config) { cfg.Mode = mode }
		near, far := newConsole(t, set), served(t, set)
		for _, text := range []string{
			everyKind, shop, `\d product`, `\di`, "INSERT INTO product VALUES (1, 'a', 2), (2, 'b', 7)", "TABLE product; SELECT * FROM cheap",
			"SET timezone = 'Europe/Berlin'; SELECT TIMESTAMPTZ '2026-07-01 12:00+00' AS at, 'ab'::char(4) AS c, '{}'::json AS j, INTERVAL '1 day' AS v",
			"SELECT 1 AS a WHERE false", "EXPLAIN SELECT id FROM product", "UPDATE product SET price = 3 RETURNING id, price",
		} {
			same(t, far.run(t, text), near.run(t, text))
			if far.talk.String() != near.talk.String() {
				t.Errorf("%s: talk %q, want %q", text, far.talk.String(), near.talk.String())
			}
		}
	}
}

// Errors keep their SQLSTATE, place and hint on the way.
func TestRemoteErrors(t *testing.T) {
	near, far := newConsole(t, nil), served(t, nil)
	for _, text := range []string{"SELECT\n  nope", "SELEC 1", "SELECT * FROM nowhere", "SELECT 1/0", "INSERT INTO nowhere VALUES (1)", "SELECT 'x'::int"} {
		for _, c := range []*console{near, far} {
			c.talk.Reset()
			if err := c.Text(context.Background(), text); !errors.Is(err, shell.ErrFailed) {
				t.Errorf("%s: got %v", text, err)
			}
		}
		// The wire has where a mistake begins, not its length.
		got, want := strings.ReplaceAll(far.talk.String(), "^", ""), strings.ReplaceAll(near.talk.String(), "^", "")
		if got != want || strings.Contains(far.talk.String(), "^") != strings.Contains(near.talk.String(), "^") {
			t.Errorf("%s: got\n%s\nwant\n%s", text, far.talk.String(), near.talk.String())
		}
	}
}

// Transactions live on the server under the client's cookie.
func TestRemoteTransaction(t *testing.T) {
	c := served(t, func(cfg *shell.Config) { cfg.Mode = "csv" })
	same(t, c.run(t, "CREATE TABLE t (a int); BEGIN; INSERT INTO t VALUES (1); SELECT count(*) AS n FROM t; ROLLBACK; SELECT count(*) AS n FROM t"), "n\n1\nn\n0\n")
}

// A cancelled statement ends at once, and the connection goes on.
func TestRemoteCancel(t *testing.T) {
	c := served(t, nil)
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	err := c.Statement(ctx, "SELECT count(*) FROM generate_series(1, 1000000000) a(i), generate_series(1, 1000) b(j)")
	if !errors.Is(err, shell.ErrInterrupted) || time.Since(start) > 20*time.Second {
		t.Errorf("got %v after %s: %s", err, time.Since(start), c.talk.String())
	}
	c.run(t, "SELECT 1")
}
