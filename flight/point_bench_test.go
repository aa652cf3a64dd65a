package flight

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/oxidb/oxidb"
)

// serveBench serves a table of a million rows to a benchmark.
func serveBench(b *testing.B) *Server {
	ctx := context.Background()
	db, err := oxidb.Open(ctx, oxidb.InMemory)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := db.Exec(ctx, "CREATE TABLE t (id bigint PRIMARY KEY, a text, b integer); "+
		"INSERT INTO t SELECT i, 'value ' || i, i % 100 FROM generate_series(1, 1000000) AS s(i); CHECKPOINT"); err != nil {
		b.Fatal(err)
	}
	server, err := NewServer(db, Options{Addr: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	b.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			b.Error(err)
		}
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	return server
}

// timed runs once after the other and reports the median and the 99th percentile.
func timed(b *testing.B, once func(i int64) error) {
	var times []time.Duration
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		start := time.Now()
		if err := once(i); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(times[len(times)*99/100].Nanoseconds()), "p99-ns")
}

// BenchmarkThreeCalls is what three calls cost that do nothing: a prepared query takes three.
func BenchmarkThreeCalls(b *testing.B) {
	server := serveBench(b)
	conn, err := grpc.NewClient(server.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	client := grpc_health_v1.NewHealthClient(conn)
	timed(b, func(int64) error {
		for range 3 {
			if _, err := client.Check(b.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil {
				return err
			}
		}
		return nil
	})
}

// BenchmarkPointQuery is a prepared query of one row by its key, client and server in one process.
func BenchmarkPointQuery(b *testing.B) {
	server := serveBench(b)
	client, err := flightsql.NewClient(server.Addr().String(), nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	stmt, err := client.Prepare(b.Context(), "SELECT id, a, b FROM t WHERE id = $1")
	if err != nil {
		b.Fatal(err)
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "1", Type: arrow.PrimitiveTypes.Int64}}, nil)
	timed(b, func(i int64) error {
		ids := array.NewInt64Builder(memory.DefaultAllocator)
		ids.Append(i*7919%1_000_000 + 1)
		stmt.SetParameters(array.NewRecordBatch(schema, []arrow.Array{ids.NewArray()}, 1))
		info, err := stmt.Execute(b.Context())
		if err != nil {
			return err
		}
		_, rows, err := fetch(b.Context(), client, info.Endpoint[0].Ticket)
		if err == nil && len(rows) != 1 {
			b.Errorf("%d rows", len(rows))
		}
		return err
	})
	if err := stmt.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}
