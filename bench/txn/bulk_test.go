package main

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/columnar"
)

// BenchmarkBulk appends batches and Arrow records, with and without waiting for the disk at the end.
func BenchmarkBulk(b *testing.B) {
	batches := make([]*columnar.Batch, 8)
	for i := range batches {
		batches[i] = wideBatch(int64(i) * batchRows)
	}
	records, err := wideRecords(batches)
	if err != nil {
		b.Fatal(err)
	}
	for _, mode := range []string{"off", "on"} {
		b.Run("load="+mode, func(b *testing.B) {
			benchmarkBulk(b, mode, func(s *oxidb.Session) error { return loadBatches(context.Background(), s, batches) }, batches)
		})
		b.Run("ingest="+mode, func(b *testing.B) {
			benchmarkBulk(b, mode, func(s *oxidb.Session) error { return ingestRecords(context.Background(), s, records) }, batches)
		})
	}
}

func benchmarkBulk(b *testing.B, mode string, fill func(*oxidb.Session) error, batches []*columnar.Batch) {
	total := 0
	for i := range bulkBatches {
		total += arrowBytes(batches[i%len(batches)])
	}
	b.SetBytes(int64(total))
	for b.Loop() {
		_, stored, err := bulkLoad(context.Background(), filepath.Join(b.TempDir(), "db"), mode, fill)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(stored)/float64(total), "stored/arrow")
	}
}
