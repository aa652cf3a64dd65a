package flight

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/oxidb/oxidb"
)

// A goroutine that outlives its server would hold a query's memory for ever.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is a server over an in-memory database with one client.
type fixture struct {
	*flightsql.Client
	t      *testing.T
	ctx    context.Context
	db     *oxidb.DB
	server *Server
}

// start serves a fresh database until the test's end.
func start(t *testing.T, o Options) *fixture {
	t.Helper()
	db, err := oxidb.Open(t.Context(), oxidb.InMemory)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Listener = listener
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	server, err := NewServer(db, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	f := &fixture{t: t, ctx: t.Context(), db: db, server: server}
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error("serving:", err)
		}
		if err := db.Close(); err != nil {
			t.Error("closing:", err)
		}
	})
	f.Client = f.dial()
	return f
}

// dial opens another client.
func (f *fixture) dial(middleware ...flight.ClientMiddleware) *flightsql.Client {
	f.t.Helper()
	c, err := flightsql.NewClient(f.server.Addr().String(), nil, middleware, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = c.Close() })
	return c
}

// exec runs an update.
func (f *fixture) exec(sql string) int64 {
	f.t.Helper()
	n, err := f.ExecuteUpdate(f.ctx, sql)
	if err != nil {
		f.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// rows fetches a FlightInfo's rows as texts.
func (f *fixture) rows(info *flight.FlightInfo, err error) [][]string {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
	_, rows, err := fetch(f.ctx, f.Client, info.Endpoint[0].Ticket)
	if err != nil {
		f.t.Fatal(err)
	}
	return rows
}

func fetch(ctx context.Context, c *flightsql.Client, ticket *flight.Ticket) (schema *arrow.Schema, rows [][]string, err error) {
	r, err := c.DoGet(ctx, ticket)
	if err != nil {
		return nil, nil, err
	}
	defer r.Release()
	for r.Next() {
		rec := r.RecordBatch()
		for i := range int(rec.NumRows()) {
			var row []string
			for _, col := range rec.Columns() {
				row = append(row, col.ValueStr(i))
			}
			rows = append(rows, row)
		}
	}
	return r.Schema(), rows, r.Err()
}

// query runs a statement query.
func (f *fixture) query(sql string) [][]string {
	f.t.Helper()
	return f.rows(f.Execute(f.ctx, sql))
}

// eventually waits until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never happened:", what)
		}
	}
}
