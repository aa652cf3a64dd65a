package mvcc_test

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/types"
)

const goldenHistory = "testdata/golden/history-v2"

// century is a retention that keeps everything, century-long databases aside.
var century = mvcc.Options{CheckpointBytes: -1, Retention: 100 * 365 * 24 * time.Hour, UUID: [16]byte{1},
	Now: func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }}

// goldenStory is what happened in the golden database: with a checkpoint after some of it, the rest is in
// the log. Chunks are retired and moved in both parts.
func goldenStory(t *testing.T, s *mvcc.Store, checkpoint func()) (ids []mvcc.TableID) {
	t.Helper()
	do := func(f func(txn *mvcc.Txn)) {
		txn := s.Begin(mvcc.TxnOptions{})
		f(txn)
		commit(t, txn)
	}
	insert := func(id mvcc.TableID, from, to int64, columns int) {
		for a := from; a < to; a++ {
			batch := pairBatch([]int64{a * 7 % 100}, []string{"golden"})
			for range columns - 2 {
				batch.Cols = append(batch.Cols, mvcc.ConstVector(types.TInteger, types.Int(types.TInteger, a)))
			}
			do(func(txn *mvcc.Txn) { must(t, txn.Append(id, batch)) })
		}
	}
	remove := func(id mvcc.TableID, share int64) {
		do(func(txn *mvcc.Txn) {
			table, err := txn.Table(id)
			must(t, err)
			var gone []columnar.RowID
			for _, r := range scan(t, table) {
				if r.a%share == 0 {
					gone = append(gone, r.id)
				}
			}
			must(t, txn.Delete(id, gone))
		})
	}
	vacuum := func(id mvcc.TableID) { must(t, s.Vacuum(context.Background(), id, true)) }
	kept, dropped := s.NewID(), s.NewID()
	clustered := pairs()
	clustered.Cluster = []int32{1}
	do(func(txn *mvcc.Txn) { must(t, txn.CreateTable(kept, "kept", clustered)) })
	do(func(txn *mvcc.Txn) { must(t, txn.CreateTable(dropped, "dropped", pairs())) })
	insert(kept, 0, 30, 2)
	insert(dropped, 0, 5, 2)
	remove(kept, 3)
	vacuum(kept)
	insert(kept, 30, 40, 2)
	remove(kept, 4)
	do(func(txn *mvcc.Txn) { must(t, txn.DropTable(dropped)) })
	checkpoint()
	wider := clustered
	wider.Columns = append(wider.Columns[:2:2], mvcc.ColumnDef{FieldID: 3, Name: "c", Type: types.TInteger, Missing: types.Int(types.TInteger, 9)})
	do(func(txn *mvcc.Txn) { must(t, txn.AlterTable(kept, "kept", wider)) })
	insert(kept, 40, 50, 3)
	remove(kept, 5)
	vacuum(kept)
	insert(kept, 50, 55, 3)
	return []mvcc.TableID{kept, dropped}
}

// A database with history, written by any earlier version of a format, must tell the same past for ever.
func TestGoldenHistory(t *testing.T) {
	if *writeGolden {
		makeGoldenHistory(t)
	}
	want, err := mvcc.Open(nil, "", century)
	must(t, err)
	ids := goldenStory(t, want, func() {})
	fs := vfs.NewMem()
	if ok, err := vfs.Clone(vfs.Default, fs, goldenHistory, dbDir); !ok || err != nil {
		t.Fatal(ok, err)
	}
	for range 3 { // as it was written, and after this version's checkpoints
		s, err := mvcc.Open(fs, dbDir, century)
		must(t, err)
		if s.Version() != want.Version() {
			t.Fatalf("version %d, want %d", s.Version(), want.Version())
		}
		for at := max(want.Oldest(), s.Oldest()); at <= s.Version(); at++ {
			for _, id := range ids {
				if a, b := pastState(t, s, at, id), pastState(t, want, at, id); !maps.Equal(a, b) || (a == nil) != (b == nil) {
					t.Fatalf("version %d of table %d has %d rows, want %d", at, id, len(a), len(b))
				}
			}
		}
		if s.Oldest() > 1 {
			t.Errorf("the oldest version is %d", s.Oldest())
		}
		must(t, s.Checkpoint(context.Background()))
		must(t, s.Close())
	}
	must(t, want.Close())
}

// pastState is what a version held of a table, nil when there was none.
func pastState(t *testing.T, s *mvcc.Store, at mvcc.Timestamp, id mvcc.TableID) map[int64]string {
	t.Helper()
	txn, err := s.BeginAt(at)
	must(t, err)
	defer txn.Rollback()
	table, err := txn.Table(id)
	if err != nil {
		return nil
	}
	rows := map[int64]string{}
	for _, r := range scan(t, table) {
		rows[r.a] = r.b
	}
	return rows
}

func makeGoldenHistory(t *testing.T) {
	fs := vfs.NewMem()
	s, err := mvcc.Open(fs, dbDir, century)
	must(t, err)
	goldenStory(t, s, func() { must(t, s.Checkpoint(context.Background())) })
	must(t, vfs.Default.RemoveAll(goldenHistory))
	if ok, err := vfs.Clone(fs, vfs.Default, dbDir, goldenHistory); !ok || err != nil {
		t.Fatal(ok, err)
	}
	must(t, s.Close())
}
