package mvcc_test

import (
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
)

// eventually waits for what happens in the background.
func eventually(t *testing.T, s *mvcc.Store, what string, done func() bool) {
	t.Helper()
	for late := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
		must(t, s.CheckpointError())
		if time.Now().After(late) {
			t.Fatalf("%s: not after a minute", what)
		}
	}
}

// physical is the rows of a table that a new snapshot passes over or reads, and the chunks.
func physical(t *testing.T, s *mvcc.Store, id mvcc.TableID) (rows, chunks int) {
	t.Helper()
	txn := s.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	table, err := txn.Table(id)
	must(t, err)
	for _, view := range table.Chunks() {
		rows += view.Rows()
		chunks++
	}
	return rows, chunks
}

// fill loads rows 0 to n-1, and deletes those that keep refuses.
func fill(t *testing.T, s *mvcc.Store, id mvcc.TableID, n int, keep func(a int64) bool) {
	t.Helper()
	a, b := make([]int64, n), make([]string, n)
	for i := range a {
		a[i], b[i] = int64(i), "some text"
	}
	txn := s.Begin(mvcc.TxnOptions{})
	must(t, txn.Append(id, pairBatch(a, b)))
	commit(t, txn)
	txn = s.Begin(mvcc.TxnOptions{})
	table, err := txn.Table(id)
	must(t, err)
	var gone []columnar.RowID
	for _, r := range scan(t, table) {
		if !keep(r.a) {
			gone = append(gone, r.id)
		}
	}
	must(t, txn.Delete(id, gone))
	commit(t, txn)
}

// A database that nobody tends must put its rows into files, lose what was deleted, and come to rest.
func TestKeeperTendsTheDatabase(t *testing.T) {
	fs := vfs.NewMem()
	s, err := mvcc.Open(fs, dbDir, mvcc.Options{CheckpointInterval: 10 * time.Millisecond})
	must(t, err)
	id := makePairs(t, s)
	fill(t, s, id, 20_000, func(a int64) bool { return a%4 == 0 })
	eventually(t, s, "compaction", func() bool { rows, _ := physical(t, s, id); return rows == 5000 })
	eventually(t, s, "removal of the old files", func() bool { return len(segments(t, fs)) == 1 })
	last := s.Version()
	time.Sleep(50 * time.Millisecond)
	if now := s.Version(); now != last {
		t.Errorf("nobody did anything, yet version %d became %d", last, now)
	}
	if got := len(state(t, s, id)); got != 5000 {
		t.Errorf("%d rows", got)
	}
	must(t, s.Close())
}

// The same without files, where there are no checkpoints.
func TestMemoryIsCompacted(t *testing.T) {
	s := mustOpen(t)
	id := makePairs(t, s)
	fill(t, s, id, 250_000, func(a int64) bool { return a%2 == 0 })
	eventually(t, s, "compaction", func() bool { rows, _ := physical(t, s, id); return rows < 250_000 })
	must(t, s.Close())
	must(t, s.CheckpointError())
}

// With a full disk, or none, the error is there to be seen, and gone when the cause is.
func TestKeeperReportsItsErrors(t *testing.T) {
	fs := vfs.NewMem()
	var full atomic.Bool
	s, err := mvcc.Open(onCreate(fs, full.Load), dbDir, mvcc.Options{CheckpointInterval: 10 * time.Millisecond})
	must(t, err)
	id := makePairs(t, s)
	full.Store(true)
	fill(t, s, id, 100, func(int64) bool { return true })
	for late := time.Now().Add(time.Minute); s.CheckpointError() == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("no error after a minute")
		}
	}
	full.Store(false)
	for late := time.Now().Add(time.Minute); s.CheckpointError() != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal(s.CheckpointError())
		}
	}
	must(t, s.Close())
}

// onCreate is fs, where no segment can be made while failing says so.
func onCreate(fs vfs.FS, failing func() bool) vfs.FS {
	return errorfs.Wrap(fs, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpCreate && strings.HasSuffix(op.Path, ".parquet") && failing() {
			return syscall.ENOSPC
		}
		return nil
	}))
}
