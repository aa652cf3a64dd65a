package flight

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func TestLimitOfAResult(t *testing.T) {
	f := start(t, Options{Limits: Limits{ResultBytes: 1 << 20}})
	if got := f.query("SELECT count(*) FROM generate_series(1, 1000000) AS t(g)"); got[0][0] != "1000000" {
		t.Errorf("a small result of much data: %v", got)
	}
	info, err := f.Execute(f.ctx, "SELECT g FROM generate_series(1, 1000000) AS t(g)")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := fetch(f.ctx, f.Client, info.Endpoint[0].Ticket); status.Code(err) != codes.ResourceExhausted || !strings.Contains(err.Error(), "54000") {
		t.Errorf("a large result: %v", err)
	}
}

func TestLimitOfPreparedStatements(t *testing.T) {
	f := start(t, Options{Limits: Limits{SessionStatements: 2}})
	first, err := f.Prepare(f.ctx, "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Prepare(f.ctx, "SELECT 2"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Prepare(f.ctx, "SELECT 3"); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a third statement: %v", err)
	}
	other := f.dial()
	if _, err := other.Prepare(f.ctx, "SELECT 1"); err != nil {
		t.Errorf("on another connection: %v", err)
	}
	if err := first.Close(f.ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Prepare(f.ctx, "SELECT 3"); err != nil {
		t.Errorf("after closing one: %v", err)
	}
}

func TestLimitOfMessagesAndHeaders(t *testing.T) {
	f := start(t, Options{Limits: Limits{MessageBytes: 10_000, HeaderBytes: 4096}})
	if _, err := f.Execute(f.ctx, "SELECT '"+strings.Repeat("x", 20_000)+"'"); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a long statement: %v", err)
	}
	if _, err := f.Execute(metadata.AppendToOutgoingContext(f.ctx, "x", strings.Repeat("x", 8192)), "SELECT 1"); err == nil {
		t.Error("a long header was taken")
	}
	if got := f.query("SELECT 1"); got[0][0] != "1" {
		t.Error("the server does not work any more")
	}
}

// A few bytes of ZSTD can expand to more memory than there is.
func TestLimitOfDecompression(t *testing.T) {
	f := start(t, Options{Limits: Limits{UncompressedBytes: 1 << 20}})
	upload := func(rows int, options ...ipc.Option) error {
		schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}, {Name: "s", Type: arrow.BinaryTypes.String}}, nil)
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		defer b.Release()
		b.Field(0).(*array.Int64Builder).AppendValues(make([]int64, rows), nil)
		for range rows {
			b.Field(1).(*array.StringBuilder).Append("")
		}
		rec := b.NewRecordBatch()
		defer rec.Release()
		stream, err := f.Client.Client.DoPut(f.ctx)
		if err != nil {
			t.Fatal(err)
		}
		w := flight.NewRecordWriter(stream, append(options, ipc.WithSchema(schema))...)
		w.SetFlightDescriptor(&flight.FlightDescriptor{Type: flight.DescriptorPATH, Path: []string{"t"}})
		_ = w.Write(rec) // the answer tells what is wrong
		_ = w.Close()
		_ = stream.CloseSend()
		for err == nil {
			_, err = stream.Recv()
		}
		return ended(err)
	}
	for what, c := range map[string]struct {
		rows    int
		options []ipc.Option
		code    codes.Code
	}{
		"small, compressed": {1000, []ipc.Option{ipc.WithZstd()}, codes.OK},
		"large, plain":      {1 << 18, nil, codes.OK},
		"large, ZSTD":       {1 << 18, []ipc.Option{ipc.WithZstd()}, codes.ResourceExhausted},
		"large, LZ4":        {1 << 18, []ipc.Option{ipc.WithLZ4()}, codes.ResourceExhausted},
	} {
		if err := upload(c.rows, c.options...); status.Code(err) != c.code {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzExpandedBytes(f *testing.F) {
	var stream bytes.Buffer
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}}, nil)
	w := ipc.NewWriter(&stream, ipc.WithSchema(schema), ipc.WithZstd())
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(stream.Bytes()[8:], []byte("body"))
	f.Fuzz(func(t *testing.T, header, body []byte) {
		if expandedBytes(header, body) < 0 {
			t.Error("a negative size")
		}
	})
}

// A connection that never speaks must not stay.
func TestLimitOfHandshakes(t *testing.T) {
	f := start(t, Options{Limits: Limits{Handshake: 50 * time.Millisecond}})
	c, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", f.server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	for buf := make([]byte, 1024); err == nil; {
		_, err = c.Read(buf)
	}
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		t.Error("the silent connection is still open")
	}
}
