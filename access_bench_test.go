package oxidb_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/oxidb/oxidb"
)

// millionRows makes a table of a million rows with indexes of every kind: id ascends, scattered is a
// permutation, few has 50 values.
func millionRows(b *testing.B, dir string) *oxidb.Session {
	ctx := context.Background()
	db := must(oxidb.Open(ctx, dir, oxidb.AsyncCommit())) // no measure of the disk
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	s := must(db.Session())
	for _, sql := range []string{
		"CREATE TABLE t (id bigint PRIMARY KEY, scattered int, hashed int, few int, name text, price numeric(12,2))",
		"INSERT INTO t SELECT i, (i::bigint * 7919 % 1000003)::int, (i::bigint * 7919 % 1000003)::int, i * 31 % 50, 'name ' || i, i * 1.25 FROM generate_series(1, 1000000) AS g(i)",
		"CREATE INDEX scattered ON t (scattered)", "CREATE INDEX hashed ON t USING hash (hashed)", "CREATE INDEX few ON t USING bitmap (few)", "CHECKPOINT",
	} {
		if _, err := s.Exec(ctx, sql); err != nil {
			b.Fatal(sql, err)
		}
	}
	return s
}

// BenchmarkAccessPaths runs the same conditions through an index and by a scan: the constants of
// plan/optimize/access_cost.go follow from where one overtakes the other.
func BenchmarkAccessPaths(b *testing.B) {
	s := millionRows(b, b.TempDir())
	for _, rows := range []int{1, 100, 1000, 10_000, 50_000, 200_000} {
		for _, off := range []string{"enable_seqscan", "enable_indexscan"} {
			b.Run(fmt.Sprintf("range of %d/%s=off", rows, off), func(b *testing.B) {
				_ = s.Set("enable_seqscan", "on")
				_ = s.Set("enable_indexscan", "on")
				if err := s.Set(off, "off"); err != nil {
					b.Fatal(err)
				}
				sql := fmt.Sprintf("SELECT sum(price) FROM t WHERE scattered >= 5000 AND scattered < %d", 5000+rows)
				before := cpuTime()
				for b.Loop() {
					if _, err := s.Exec(b.Context(), sql); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64((cpuTime()-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// cpuTime is what the process has computed so far: it tells more than the clock on a busy machine.
func cpuTime() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// BenchmarkPoint measures prepared statements on single rows of a million: the median and the 99th
// percentile.
func BenchmarkPoint(b *testing.B) {
	s := millionRows(b, b.TempDir())
	inserted := int64(0)
	for _, c := range []struct{ name, sql string }{
		{"primary key", "SELECT * FROM t WHERE id = $1"},
		{"ordered index", "SELECT * FROM t WHERE scattered = $1"},
		{"hash index", "SELECT * FROM t WHERE hashed = $1"},
		{"update", "UPDATE t SET few = few + 1 WHERE id = $1"},
		{"delete", "DELETE FROM t WHERE id = $1"},
		{"insert", "INSERT INTO t VALUES (1000000 + $1, 1, 1, 1, 'new', 1)"},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := must(s.Prepare(b.Context(), c.sql))
			var times []time.Duration
			id := int64(12345)
			b.ReportAllocs()
			for b.Loop() {
				id = (id*7919 + 1) % 1_000_000
				arg := id + 1
				if c.name == "insert" {
					inserted++
					arg = inserted
				}
				start := time.Now()
				if _, err := p.Exec(b.Context(), arg); err != nil {
					b.Fatal(err)
				}
				times = append(times, time.Since(start))
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Nanoseconds()), "p50-ns")
			b.ReportMetric(float64(times[len(times)*99/100].Nanoseconds()), "p99-ns")
		})
	}
}

// BenchmarkPointParallel measures point queries of several sessions at once, their rows counted or taken
// as Arrow records, and updates of single rows.
func BenchmarkPointParallel(b *testing.B) {
	ctx := context.Background()
	for _, kind := range []string{"counted", "records", "update"} {
		b.Run(kind, func(b *testing.B) {
			db := must(oxidb.Open(ctx, oxidb.InMemory))
			defer db.Close()
			for _, sql := range []string{"CREATE TABLE t (id bigint PRIMARY KEY, name text, n integer)",
				"INSERT INTO t SELECT i, 'name ' || i, i % 100 FROM generate_series(1, 1000000) AS g(i)", "CHECKPOINT"} {
				if _, err := db.Exec(ctx, sql); err != nil {
					b.Fatal(sql, err)
				}
			}
			var start atomic.Int64
			b.ReportAllocs()
			before := cpuTime()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				s := must(db.Session())
				defer s.Close()
				for id, run := start.Add(1), onePoint(s, kind); pb.Next(); id = (id*7919 + 1) % 1_000_000 {
					if n, err := run(id + 1); err != nil || n != 1 {
						b.Error(n, err)
					}
				}
			})
			b.ReportMetric(float64((cpuTime()-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
		})
	}
}

// onePoint prepares a statement on one row and gives what executes it, and tells the number of rows.
func onePoint(s *oxidb.Session, kind string) func(id int64) (int64, error) {
	ctx := context.Background()
	sql := "SELECT * FROM t WHERE id = $1"
	if kind == "update" {
		sql = "UPDATE t SET n = n + 1 WHERE id = $1"
	}
	p := must(s.Prepare(ctx, sql))
	if kind != "records" {
		return func(id int64) (int64, error) { return p.Exec(ctx, id) }
	}
	return func(id int64) (rows int64, err error) {
		r, err := p.Query(ctx, id)
		if err != nil {
			return 0, err
		}
		for rec, err := range r.Batches() {
			if err != nil {
				return 0, err
			}
			rows += rec.NumRows()
			rec.Release()
		}
		return rows, nil
	}
}
