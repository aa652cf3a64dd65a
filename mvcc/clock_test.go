package mvcc_test

import (
	"context"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
)

// jumps is how far the clock goes between commits: forward, back by an hour, forward by a day, and back.
var jumps = []time.Duration{time.Second, time.Second, -time.Hour, time.Second, 24 * time.Hour, time.Millisecond, -24 * time.Hour, -time.Second, 0, time.Second}

// What a time reads as must stay what it was, whatever the clock does, over checkpoints, compactions and
// restarts; and a clock that goes back must not end the retention early.
func TestPastWithAClockGoingBack(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	fs := vfs.NewMem()
	open := func(keep time.Duration) *mvcc.Store {
		s, err := mvcc.Open(fs, dbDir, mvcc.Options{CheckpointBytes: -1, Retention: keep, Now: func() time.Time { return now }})
		must(t, err)
		return s
	}
	const keep = 48 * time.Hour
	s := open(keep)
	id := s.NewID()
	txn := s.Begin(mvcc.TxnOptions{})
	must(t, txn.CreateTable(id, "t", pairs()))
	commit(t, txn)
	first := s.Version()
	times := map[mvcc.Timestamp]time.Time{}
	for i := range int64(40) {
		now = now.Add(jumps[int(i)%len(jumps)])
		txn := s.Begin(mvcc.TxnOptions{})
		must(t, txn.Append(id, pairBatch([]int64{i}, []string{"x"})))
		commit(t, txn)
		times[s.Version()], _ = s.TimeOf(s.Version())
		if i%7 == 3 {
			must(t, s.Checkpoint(context.Background()))
		}
		if i%11 == 5 {
			must(t, s.VacuumAll(context.Background(), true))
		}
		if i%9 == 8 {
			must(t, s.Close())
			s = open(keep)
		}
		for at, rows := first+1, 1; at <= s.Version(); at++ {
			when, inserted := times[at]
			if !inserted { // a compaction's commit
				continue
			}
			got, err := s.VersionAt(when)
			must(t, err)
			if got != at {
				t.Fatalf("commit %d: %v is version %d, was %d", i, when, got, at)
			}
			if n := countAt(t, s, id, at); n != rows {
				t.Fatalf("commit %d: version %d of %v has %d rows, want %d", i, at, when, n, rows)
			}
			if before, err := s.VersionAt(when.Add(-time.Microsecond)); err != nil || before >= at {
				t.Fatalf("commit %d: a microsecond before version %d is version %d, %v", i, at, before, err)
			}
			rows++
		}
	}
	s.SetRetention(time.Minute)
	newest, _ := s.TimeOf(s.Version())
	now = newest.Add(-time.Hour) // back: nothing is old
	must(t, s.VacuumAll(context.Background(), true))
	must(t, s.Checkpoint(context.Background()))
	if _, err := s.VersionAt(newest); err != nil {
		t.Error(err)
	}
	now = newest.Add(time.Hour) // caught up: the past is over
	must(t, s.VacuumAll(context.Background(), true))
	must(t, s.Checkpoint(context.Background()))
	if _, err := s.VersionAt(times[first+1]); sqlerr.StateOf(err) != sqlerr.SnapshotTooOld {
		t.Errorf("the first commit: %v", err)
	}
	if n := countAt(t, s, id, s.Version()); n != 40 {
		t.Errorf("%d rows", n)
	}
	must(t, s.Close())
}

func countAt(t *testing.T, s *mvcc.Store, id mvcc.TableID, at mvcc.Timestamp) (n int) {
	t.Helper()
	txn, err := s.BeginAt(at)
	must(t, err)
	defer txn.Rollback()
	table, err := txn.Table(id)
	must(t, err)
	return len(scan(t, table))
}
