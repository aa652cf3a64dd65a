package proof_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/proof/disk"
	"github.com/oxidb/oxidb/types"
)

// However a crash orders the names of a directory, one marker must be there: an engine that replaces
// the old marker before the new one is durable can lose both.
func TestCheckpointNeverLosesItsMarker(t *testing.T) {
	d := disk.New()
	s, err := mvcc.Open(d, "/db", mvcc.Options{CheckpointBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	d.SetHook(func(op disk.Op) error {
		for range 8 {
			after := d.Crash(disk.KeepLast, rng)
			again, err := mvcc.Open(after, "/db", mvcc.Options{CheckpointBytes: -1})
			if err != nil {
				t.Fatalf("crash before %v of %s: %v", op.Kind, op.Path, err)
			}
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
		}
		return nil
	})
	for range 3 {
		if err := s.Checkpoint(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// A marker that got lost, as copies that leave out empty files lose it, must not make the database
// begin anew: before the first checkpoint all is in the log.
func TestLostMarkerKeepsTheLog(t *testing.T) {
	d := disk.New()
	s, err := mvcc.Open(d, "/db", mvcc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	txn := s.Begin(mvcc.TxnOptions{})
	id := s.NewID()
	schema := mvcc.Schema{Columns: []mvcc.ColumnDef{{FieldID: 1, Name: "a", Type: types.TBigInt}}}
	if err := txn.CreateTable(id, "t", schema); err != nil {
		t.Fatal(err)
	}
	if _, err := txn.Commit(context.Background()); err != nil {
		t.Fatal(err)
	}
	after := d.Crash(disk.LoseAll, rand.New(rand.NewPCG(1, 1)))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := after.Remove("/db/marker.manifest.000001.MANIFEST-000001"); err != nil {
		t.Fatal(err)
	}
	if s, err = mvcc.Open(after, "/db", mvcc.Options{}); err != nil {
		t.Fatal(err)
	}
	if table, err := s.Begin(mvcc.TxnOptions{ReadOnly: true}).Table(id); err != nil || table.Name() != "t" {
		t.Errorf("the table is gone: %v", err)
	}
}

// The name of a log file that a killed process did not sync must be on disk before the next file gets
// its own: a crash may keep the later name only, and the file between is missing.
func TestLogNamesAreDurableInOrder(t *testing.T) {
	options := mvcc.Options{CheckpointBytes: -1}
	rng := rand.New(rand.NewPCG(1, 1))
	reopen := func(d *disk.Disk, loss disk.Loss) (left []*disk.Disk) {
		t.Helper()
		d.SetHook(func(op disk.Op) error {
			if op.Kind == disk.SyncDir && op.Path == "/db/wal" {
				for range 8 {
					left = append(left, d.Crash(loss, rng))
				}
			}
			return nil
		})
		s, err := mvcc.Open(d, "/db", options)
		if err != nil {
			t.Fatal(err)
		}
		d.Off()
		_ = s.Close() // on a machine that is gone
		return left
	}
	first := disk.New()
	reopen(first, disk.LoseAll)
	for _, killed := range reopen(first.Crash(disk.LoseAll, rng), disk.Killed) {
		for _, crashed := range reopen(killed, disk.KeepLast) {
			reopen(crashed, disk.LoseAll)
		}
	}
}
