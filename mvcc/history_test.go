package mvcc

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
)

// TestDeleteSetAgainstModel compares sets, whatever was gathered and folded, with a list of commits.
func TestDeleteSetAgainstModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var d *deleteSet
		gone := map[uint32]Timestamp{}
		horizon := Timestamp(0)
		for at := Timestamp(1); at <= 400; at++ {
			rows := roaring.New()
			for range 1 + rng.IntN(3) {
				if row := uint32(rng.IntN(3000)); gone[row] == 0 {
					rows.Add(row)
					gone[row] = at
				}
			}
			if rows.IsEmpty() {
				continue
			}
			if rng.IntN(5) == 0 {
				horizon = max(horizon, at-Timestamp(rng.IntN(100))) - 1
			}
			d = d.with(at, rows, horizon)
			if rng.IntN(10) == 0 {
				checkDeletes(t, d, gone, max(horizon, Timestamp(rng.IntN(int(at)+1))))
			}
		}
	}
}

func checkDeletes(t *testing.T, d *deleteSet, gone map[uint32]Timestamp, snapshot Timestamp) {
	t.Helper()
	seen := d.at(snapshot)
	count := 0
	for row := range uint32(3000) {
		at := gone[row]
		if at != 0 && at <= snapshot {
			count++
		}
		if want := at != 0 && at <= snapshot; seen.Contains(row) != want {
			t.Fatalf("row %d deleted at %d: as of %d it counts as deleted: %v", row, at, snapshot, !want)
		}
		if want := at != 0; d.contains(row) != want {
			t.Fatalf("row %d: contains says %v", row, !want)
		}
		if want := at > snapshot; d.conflicts(snapshot, roaring.BitmapOf(row)) != want {
			t.Fatalf("row %d deleted at %d conflicts with snapshot %d: %v", row, at, snapshot, !want)
		}
	}
	if count > 0 && seen.Count() != count {
		t.Fatalf("%d rows deleted, want %d", seen.Count(), count)
	}
}

// TestCommitTimes: times ascend though the clock goes back, are exact for the newest commits and near
// for the older ones, and outlive a restart by the log.
func TestCommitTimes(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := commitTimes{clock: func() time.Time { return now }}
	for at := Timestamp(1); at <= 3*exactTimes; at++ {
		now = now.Add(time.Millisecond)
		if at%1000 == 0 {
			now = now.Add(-500 * time.Millisecond)
		}
		c.now(at)
	}
	for i := 1; i < len(c.entries); i++ {
		if a, b := c.entries[i-1], c.entries[i]; a.at >= b.at || a.micros >= b.micros {
			t.Fatalf("version %d at %d, then %d at %d", a.at, a.micros, b.at, b.micros)
		}
	}
	newest := Timestamp(3 * exactTimes)
	if len(c.entries) > 2*exactTimes {
		t.Errorf("%d entries kept", len(c.entries))
	}
	for at := newest - exactTimes/2; at <= newest; at++ {
		when, ok := c.of(at)
		if !ok || c.before(when) != at || c.before(when.Add(-time.Microsecond)) != at-1 {
			t.Fatalf("version %d at %v is found as %d", at, when, c.before(when))
		}
	}
	when, _ := c.of(1000)
	if at := c.before(when); at > 1000 || at < 900 {
		t.Errorf("version 1000 is found as %d", at)
	}
	c.forget(newest)
	if _, ok := c.of(newest); !ok || len(c.entries) != 1 {
		t.Errorf("%d entries are left", len(c.entries))
	}
}
