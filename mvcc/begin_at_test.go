package mvcc_test

import (
	"testing"
	"time"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
)

// TestBeginAt reads every version within the retention, and no other.
func TestBeginAt(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s, err := mvcc.Open(nil, "", mvcc.Options{Retention: time.Hour, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	id := makePairs(t, s)
	first := s.Version()
	for i := range 100 {
		now = now.Add(time.Minute)
		txn := begin(t, s)
		must(t, txn.Append(id, pairBatch([]int64{int64(i)}, []string{"x"})))
		commit(t, txn)
	}
	oldest := s.Oldest()
	if want := first + 40; oldest != want {
		t.Errorf("the oldest version is %d, want %d", oldest, want)
	}
	for at := oldest; at <= s.Version(); at++ {
		txn, err := s.BeginAt(at)
		if err != nil {
			t.Fatal(err)
		}
		table, err := txn.Table(id)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := table.Rows(), int64(at-first); got != want {
			t.Errorf("version %d has %d rows, want %d", at, got, want)
		}
		when, _ := s.TimeOf(at)
		if v, err := s.VersionAt(when); err != nil || v != at {
			t.Errorf("at %v the version was %d (%v), want %d", when, v, err, at)
		}
		txn.Rollback()
	}
	if _, err := s.BeginAt(oldest - 1); sqlerr.StateOf(err) != sqlerr.SnapshotTooOld {
		t.Errorf("before the retention: %v", err)
	}
	if _, err := s.BeginAt(s.Version() + 1); sqlerr.StateOf(err) != sqlerr.InvalidParameterValue {
		t.Errorf("in the future: %v", err)
	}
}
