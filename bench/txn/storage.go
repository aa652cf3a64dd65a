package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/types"
)

// storage measures what commits alone do not show.
func (c *config) storage(ctx context.Context) error {
	parts := []struct {
		name string
		run  func(ctx context.Context, dir string) error
	}{{"bulk", c.bulk}, {"recovery", c.recovery}, {"point", c.point}}
	for _, p := range parts {
		if !c.wants(p.name) {
			continue
		}
		dir := filepath.Join(c.dir, p.name)
		if err := errors.Join(os.MkdirAll(dir, 0o755), p.run(ctx, dir), os.RemoveAll(dir)); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

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

// bulk loads batches through Session.Load, with and without waiting for the disk at the end.
func (c *config) bulk(ctx context.Context, dir string) error {
	batches := make([]*columnar.Batch, 8)
	for i := range batches {
		batches[i] = wideBatch(int64(i) * batchRows)
	}
	total := 0
	for i := range bulkBatches {
		total += arrowBytes(batches[i%len(batches)])
	}
	figures := map[string][]float64{}
	for round := range c.rounds {
		before, err := diskBytes(dir, 256<<20)
		if err != nil {
			return err
		}
		figures["disk"] = append(figures["disk"], before/1e9)
		for _, mode := range []string{"off", "on"} {
			took, stored, err := bulkLoad(ctx, filepath.Join(dir, fmt.Sprint("db", round, mode)), mode, batches)
			if err != nil {
				return err
			}
			figures[mode] = append(figures[mode], float64(total)/took.Seconds()/1e9)
			figures["stored"] = append(figures["stored"], float64(stored)/float64(total))
		}
	}
	fmt.Printf("bulk_off=%.2fGB/s bulk_durable=%.2fGB/s disk=%.2fGB/s stored_share=%.2f arrow=%.2fGB\n",
		median(figures["off"]), median(figures["on"]), median(figures["disk"]), median(figures["stored"]), float64(total)/1e9)
	return nil
}

func bulkLoad(ctx context.Context, dir, mode string, batches []*columnar.Batch) (took time.Duration, stored int64, err error) {
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
	const parts = 16
	start := time.Now()
	_, err = session.Load(ctx, "public", "wide", parts, func(part int, add func(*columnar.Batch) error) error {
		for i := range bulkBatches / parts {
			if err := add(batches[(part+i)%len(batches)]); err != nil {
				return err
			}
		}
		return nil
	})
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

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// recovery measures the opening of a database with a long log: of commits of one row, and of a hundred.
func (c *config) recovery(ctx context.Context, dir string) error {
	for _, rows := range []int{1, 100, 10_000} {
		db := filepath.Join(dir, fmt.Sprint("rows", rows))
		length, err := c.longLog(ctx, db, rows)
		if err != nil {
			return err
		}
		var took []float64
		for range 3 {
			start := time.Now()
			store, err := mvcc.Open(vfs.Default, db, mvcc.Options{CheckpointBytes: -1, ReadOnly: true})
			if err != nil {
				return err
			}
			took = append(took, time.Since(start).Seconds()*float64(1<<30)/float64(length))
			if err := store.Close(); err != nil {
				return err
			}
		}
		fmt.Printf("recovery rows_per_commit=%d log=%dMiB seconds_per_GiB=%.2f\n", rows, length>>20, median(took))
		if err := os.RemoveAll(db); err != nil {
			return err
		}
	}
	return nil
}

// longLog makes a database with a log of the wanted length and copies it as a crash would leave it.
func (c *config) longLog(ctx context.Context, dir string, rows int) (length int64, err error) {
	made := dir + ".made"
	store, err := mvcc.Open(vfs.Default, made, mvcc.Options{CheckpointBytes: -1})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, store.Close(), os.RemoveAll(made)) }()
	txn := store.Begin(mvcc.TxnOptions{})
	id := store.NewID()
	schema := mvcc.Schema{Columns: []mvcc.ColumnDef{
		{FieldID: 1, Name: "id", Type: types.TBigInt, NotNull: true, Missing: types.Null(types.TBigInt)},
		{FieldID: 2, Name: "a", Type: types.TText, Missing: types.Null(types.TText)},
		{FieldID: 3, Name: "b", Type: types.TInteger, Missing: types.Null(types.TInteger)},
	}}
	if err := txn.CreateTable(id, "t", schema); err != nil {
		return 0, err
	}
	if _, err := txn.Commit(ctx); err != nil {
		return 0, err
	}
	start := store.LogBytes()
	for next := int64(0); store.LogBytes()-start < int64(c.mib)<<20; next += int64(rows) {
		txn := store.Begin(mvcc.TxnOptions{})
		if err := txn.Append(id, narrowBatch(next, rows)); err != nil {
			return 0, err
		}
		txn.SetAsync(true)
		if _, err := txn.Commit(ctx); err != nil {
			return 0, err
		}
	}
	return store.LogBytes() - start, os.CopyFS(dir, os.DirFS(made))
}

func narrowBatch(from int64, n int) *columnar.Batch {
	ids, bs := make([]int64, n), make([]int64, n)
	text := &columnar.Vector{Type: types.TText, Layout: columnar.Str, Len: n, Offsets: make([]uint32, 1, n+1)}
	for i := range n {
		ids[i], bs[i] = from+int64(i), int64(i%100)
		text.Bytes = append(text.Bytes, textValue...)
		text.Offsets = append(text.Offsets, uint32(len(text.Bytes)))
	}
	return &columnar.Batch{Len: n, Cols: []*columnar.Vector{
		{Type: types.TBigInt, Layout: columnar.I64, Len: n, I64: ids}, text,
		{Type: types.TInteger, Layout: columnar.I64, Len: n, I64: bs},
	}}
}

// point measures queries of one row by its key.
func (c *config) point(ctx context.Context, dir string) (err error) {
	db, err := oxidb.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	session, err := db.Session()
	if err != nil {
		return err
	}
	defer session.Close()
	const rows = 1_000_000
	if _, err := session.Exec(ctx, fmt.Sprintf("CREATE TABLE t (id bigint PRIMARY KEY, a text, b integer); INSERT INTO t SELECT i, '%s', i %% 100 FROM generate_series(1, %d) AS g(i)",
		strings.ReplaceAll(textValue, "'", "''"), rows)); err != nil {
		return err
	}
	query, err := session.Prepare(ctx, "SELECT a, b FROM t WHERE id = $1")
	if err != nil {
		return err
	}
	var took []float64
	for i := range 20_000 {
		start := time.Now()
		n, err := query.Exec(ctx, int64(i)*7919%rows+1)
		if err != nil || n != 1 {
			return fmt.Errorf("%d rows, %w", n, err)
		}
		took = append(took, float64(time.Since(start).Nanoseconds())/1e3)
	}
	took = took[2000:]
	slices.Sort(took)
	fmt.Printf("point p50=%.0fus p99=%.0fus\n", took[len(took)/2], took[len(took)*99/100])
	return nil
}
