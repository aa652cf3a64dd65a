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
