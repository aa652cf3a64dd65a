package flight

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestQueryAndUpdate(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (a int, b text)")
	if n := f.exec("INSERT INTO t VALUES (1, 'x'), (2, NULL)"); n != 2 {
		t.Errorf("%d rows inserted, want 2", n)
	}
	got := f.query("SELECT a, b FROM t ORDER BY a")
	if want := [][]string{{"1", "x"}, {"2", "(null)"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := f.exec("UPDATE t SET b = 'y'; DELETE FROM t WHERE a = 2"); n != 1 {
		t.Errorf("the last of two statements changed %d rows, want 1", n)
	}
}

// A plan must not run the query: clients ask for schemas of queries that take hours.
func TestGetFlightInfoDoesNotRunQueries(t *testing.T) {
	f := start(t, Options{})
	info, err := f.Execute(f.ctx, "SELECT 1 / 0 AS a")
	if err != nil {
		t.Fatal("planning failed:", err)
	}
	_, _, err = fetch(f.ctx, f.Client, info.Endpoint[0].Ticket)
	if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "22012") {
		t.Errorf("fetching gave %v", err)
	}
}

func TestTicketOfAQueryCanBeRedeemedAgain(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (a int)")
	info, err := f.Execute(f.ctx, "SELECT count(*) FROM t")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"0", "1"} {
		if got := f.rows(info, nil); got[0][0] != want {
			t.Errorf("fetch %d: %v rows, want %s", i, got, want)
		}
		f.exec("INSERT INTO t VALUES (1)")
	}
}

func TestChangedTableBetweenPlanAndFetch(t *testing.T) {
	f := start(t, Options{})
	f.exec("CREATE TABLE t (a int)")
	info, err := f.Execute(f.ctx, "SELECT * FROM t")
	if err != nil {
		t.Fatal(err)
	}
	f.exec("DROP TABLE t; CREATE TABLE t (a text, b int)")
	if _, _, err := fetch(f.ctx, f.Client, info.Endpoint[0].Ticket); !strings.Contains(err.Error(), "changed since") {
		t.Errorf("fetching gave %v", err)
	}
}

// endless delivers more rows than a test waits for.
const endless = "SELECT a.g FROM generate_series(1, 1000000) AS a(g), generate_series(1, 1000000) AS b(g)"

func TestCancelFlightInfo(t *testing.T) {
	f := start(t, Options{})
	info, err := f.Execute(f.ctx, endless)
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.DoGet(f.ctx, info.Endpoint[0].Ticket)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	r.Next()
	result, err := f.CancelFlightInfo(f.ctx, &flight.CancelFlightInfoRequest{Info: info})
	if err != nil || result.Status != flight.CancelStatusCancelled {
		t.Fatal(result.Status, err)
	}
	for r.Next() {
	}
	if status.Code(r.Err()) != codes.Canceled {
		t.Errorf("the stream ended with %v", r.Err())
	}
	if _, err := f.CancelFlightInfo(f.ctx, &flight.CancelFlightInfoRequest{Info: info}); status.Code(err) != codes.NotFound {
		t.Errorf("cancelling again: %v", err)
	}
	if _, _, err := fetch(f.ctx, f.Client, info.Endpoint[0].Ticket); status.Code(err) != codes.NotFound {
		t.Errorf("fetching what was cancelled: %v", err)
	}
}

// A query of a client that went away must end, or it computes for nobody for ever.
func TestVanishedClient(t *testing.T) {
	f := start(t, Options{})
	client := f.dial()
	info, err := client.Execute(f.ctx, endless)
	if err != nil {
		t.Fatal(err)
	}
	r, err := client.DoGet(f.ctx, info.Endpoint[0].Ticket)
	if err != nil {
		t.Fatal(err)
	}
	r.Next()
	_ = client.Close()
	r.Release()
	results := f.server.service.results
	eventually(t, "the query's end", func() bool {
		results.mu.Lock()
		defer results.mu.Unlock()
		for _, e := range results.byID {
			if e.Value.(*handle[*execution]).users > 0 {
				return false
			}
		}
		return true
	})
}

// One message must fit a client's limit (4 MiB in Go), whatever the rows' width.
func TestMessagesAreBounded(t *testing.T) {
	f := start(t, Options{})
	info, err := f.Execute(f.ctx, "SELECT g, repeat('x', 20000) AS s FROM generate_series(1, 1000) AS t(g)")
	if err != nil {
		t.Fatal(err)
	}
	stream, err := f.Client.Client.DoGet(f.ctx, info.Endpoint[0].Ticket, grpc.MaxCallRecvMsgSize(maxMessageBytes+64<<10))
	if err != nil {
		t.Fatal(err)
	}
	r, err := flight.NewRecordReader(stream)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	rows := int64(0)
	for r.Next() {
		rows += r.RecordBatch().NumRows()
	}
	if rows != 1000 || r.Err() != nil {
		t.Errorf("%d rows, %v", rows, r.Err())
	}
}

func TestUnfetchedResultsExpire(t *testing.T) {
	f := start(t, Options{})
	info, err := f.Execute(f.ctx, "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	f.server.service.results.ttl = 0
	f.server.service.expire()
	if _, _, err := fetch(f.ctx, f.Client, info.Endpoint[0].Ticket); status.Code(err) != codes.NotFound {
		t.Errorf("fetching an expired result: %v", err)
	}
}

func TestDeadlineStopsAStatement(t *testing.T) {
	f := start(t, Options{})
	ctx, cancel := context.WithTimeout(f.ctx, 200_000_000)
	defer cancel()
	if _, err := f.ExecuteUpdate(ctx, "SELECT count(*) FROM ("+endless+") AS t"); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
}
