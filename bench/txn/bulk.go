package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/arrowio"
	"github.com/oxidb/oxidb/types"
)

// batchRows is the length of a batch of a bulk load.
const batchRows = 1 << 16

// wideBatch is a batch of eight columns as tables have them: a key, numbers of few and of many values,
// a date, texts of few and of many values.
func wideBatch(from int64) *columnar.Batch {
	n := batchRows
	ints := make([][]int64, 5)
	for i := range ints {
		ints[i] = make([]int64, n)
	}
	floats := make([]float64, n)
	few := &columnar.Vector{Type: types.TText, Layout: columnar.Str, Len: n, Offsets: make([]uint32, 1, n+1)}
	long := &columnar.Vector{Type: types.TText, Layout: columnar.Str, Len: n, Offsets: make([]uint32, 1, n+1)}
	seed := uint64(from)*0x9e3779b97f4a7c15 + 1
	for i := range n {
		seed ^= seed << 13
		seed ^= seed >> 7
		seed ^= seed << 17
		ints[0][i] = from + int64(i)
		ints[1][i] = int64(seed % 50)
		ints[2][i] = int64(seed >> 8 % 1_000_000)
		ints[3][i] = int64(seed>>16%10_000_000) * 100
		ints[4][i] = 8000 + int64(seed>>20%2500)
		floats[i] = float64(seed>>40) / 128
		few.Bytes = append(few.Bytes, []string{"OPEN", "SHIPPED", "RETURNED", "CANCELLED"}[seed>>30%4]...)
		few.Offsets = append(few.Offsets, uint32(len(few.Bytes)))
		long.Bytes = fmt.Appendf(long.Bytes, "customer %d ordered item %d", seed%100_000, seed>>24%10_000)
		long.Offsets = append(long.Offsets, uint32(len(long.Bytes)))
	}
	b := &columnar.Batch{Len: n}
	for i, t := range []types.Type{types.TBigInt, types.TInteger, types.TBigInt, types.TNumeric(15, 2), types.TDate} {
		b.Cols = append(b.Cols, &columnar.Vector{Type: t, Layout: columnar.I64, Len: n, I64: ints[i]})
	}
	b.Cols = append(b.Cols, &columnar.Vector{Type: types.TDouble, Layout: columnar.F64, Len: n, F64: floats}, few, long)
	return b
}

const wideTable = "CREATE TABLE wide (id bigint, few integer, many bigint, price numeric(15,2), day date, x double precision, state text, note text)"

// arrowBytes is what the batch takes in Arrow: 4-byte integers and dates, 16-byte decimals.
func arrowBytes(b *columnar.Batch) int {
	size := b.Len * (8 + 4 + 8 + 16 + 4 + 8)
	for _, v := range b.Cols[6:] {
		size += len(v.Bytes) + 4*len(v.Offsets)
	}
	return size
}

const bulkBatches = 256

// bulk appends batches through Session.Load, and Arrow records through Session.Ingest, with and without
// waiting for the disk at the end.
func (c *config) bulk(ctx context.Context, dir string) error {
	batches := make([]*columnar.Batch, 8)
	for i := range batches {
		batches[i] = wideBatch(int64(i) * batchRows)
	}
	total := 0
	for i := range bulkBatches {
		total += arrowBytes(batches[i%len(batches)])
	}
	records, err := wideRecords(batches)
	if err != nil {
		return err
	}
	ways := map[string]func(*oxidb.Session) error{
		"load":   func(s *oxidb.Session) error { return loadBatches(ctx, s, batches) },
		"ingest": func(s *oxidb.Session) error { return ingestRecords(ctx, s, records) },
	}
	figures := map[string][]float64{}
	for range c.rounds {
		before, err := diskBytes(dir, 256<<20)
		if err != nil {
			return err
		}
		figures["disk"] = append(figures["disk"], before/1e9)
		for way, fill := range ways {
			for _, mode := range []string{"off", "on"} {
				took, stored, err := bulkLoad(ctx, filepath.Join(dir, "db"), mode, fill)
				if err != nil {
					return err
				}
				figures[way+mode] = append(figures[way+mode], float64(total)/took.Seconds()/1e9)
				figures["stored"] = append(figures["stored"], float64(stored)/float64(total))
			}
		}
	}
	fmt.Printf("bulk_off=%.2fGB/s bulk_durable=%.2fGB/s ingest_off=%.2fGB/s ingest_durable=%.2fGB/s disk=%.2fGB/s stored_share=%.2f arrow=%.2fGB\n",
		median(figures["loadoff"]), median(figures["loadon"]), median(figures["ingestoff"]), median(figures["ingeston"]),
		median(figures["disk"]), median(figures["stored"]), float64(total)/1e9)
	return nil
}

// bulkLoad makes a database, lets fill put rows into its table wide, and takes the time of that.
func bulkLoad(ctx context.Context, dir, mode string, fill func(*oxidb.Session) error) (took time.Duration, stored int64, err error) {
	db, err := oxidb.Open(ctx, dir)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, db.Close(), os.RemoveAll(dir)) }()
	session, err := db.Session()
	if err != nil {
		return 0, 0, err
	}
	defer session.Close()
	if _, err := session.Exec(ctx, wideTable+"; SET synchronous_commit = "+mode); err != nil {
		return 0, 0, err
	}
	start := time.Now()
	err = fill(session)
	took = time.Since(start)
	if err != nil {
		return took, 0, err
	}
	err = filepath.Walk(filepath.Join(dir, "seg"), func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			stored += info.Size()
		}
		return err
	})
	return took, stored, err
}

// loadBatches appends the batches through Session.Load, in parts as a program with several producers would.
func loadBatches(ctx context.Context, session *oxidb.Session, batches []*columnar.Batch) error {
	const parts = 16
	_, err := session.Load(ctx, "public", "wide", parts, func(part int, add func(*columnar.Batch) error) error {
		for i := range bulkBatches / parts {
			if err := add(batches[(part+i)%len(batches)]); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// wideRecords is the batches as Arrow records.
func wideRecords(batches []*columnar.Batch) ([]arrow.RecordBatch, error) {
	kinds := make([]types.Type, len(batches[0].Cols))
	for i, v := range batches[0].Cols {
		kinds[i] = v.Type
	}
	schema := arrowio.Schema([]string{"id", "few", "many", "price", "day", "x", "state", "note"}, kinds)
	records := make([]arrow.RecordBatch, len(batches))
	for i, b := range batches {
		var err error
		if records[i], err = arrowio.Record(schema, b); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// ingestRecords appends Arrow records through Session.Ingest, from one producer.
func ingestRecords(ctx context.Context, session *oxidb.Session, records []arrow.RecordBatch) error {
	_, err := session.Ingest(ctx, "public", "wide", func(yield func(arrow.RecordBatch, error) bool) {
		for i := range bulkBatches {
			if !yield(records[i%len(records)], nil) {
				return
			}
		}
	})
	return err
}
