package mvcc

import (
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/oxidb/oxidb/sqlerr"
)

// horizon is the oldest snapshot that anyone may read: an open one, or the one that was current a
// retention ago. Changes up to it look alike to all. It never goes back.
func (s *Store) horizon() Timestamp {
	s.activeMu.Lock()
	defer s.activeMu.Unlock()
	oldest := s.Version() // before the search: who begins meanwhile has no older one
	if open, any := s.active.oldest(); any {
		oldest = min(oldest, open)
	}
	if keep := time.Duration(s.retention.Load()); keep > 0 {
		oldest = min(oldest, s.times.before(s.times.clock().Add(-keep)))
	}
	s.floor = max(s.floor, oldest)
	return s.floor
}

// SetRetention changes how long changes can be looked back on. What an earlier, shorter one let go
// does not come back.
func (s *Store) SetRetention(d time.Duration) { s.retention.Store(int64(d)) }

// Retention is how long changes can be looked back on.
func (s *Store) Retention() time.Duration { return time.Duration(s.retention.Load()) }

// Oldest is the oldest version that BeginAt can open now.
func (s *Store) Oldest() Timestamp { return s.horizon() }

// BeginAt starts a read-only transaction on an earlier version. Errors: 72000 when its history is
// gone, 22023 when it is still to come.
func (s *Store) BeginAt(at Timestamp) (*Txn, error) {
	s.activeMu.Lock()
	defer s.activeMu.Unlock()
	switch {
	case at > s.Version():
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "version %d does not exist yet", at).
			WithDetail("The newest version is %d.", s.Version())
	case at < s.floor:
		return nil, sqlerr.New(sqlerr.SnapshotTooOld, "version %d is no longer kept", at).
			WithDetail("The oldest version that can be read is %d; the retention is %s.", s.floor, s.Retention())
	}
	id := s.nextTxn.Add(1)
	s.active.open(at, id)
	return &Txn{store: s, id: id, home: id, snapshot: at, readOnly: true}, nil
}

// TimeOf is when a version was committed. Of versions that are many and old, and of those before the
// retention, the time of an earlier one near it is given; false when there is none.
func (s *Store) TimeOf(at Timestamp) (time.Time, bool) { return s.times.of(at) }

// VersionAt is the version that was current at a time. Errors: 72000 when that is not known any more.
func (s *Store) VersionAt(when time.Time) (Timestamp, error) {
	at := s.times.before(when)
	s.activeMu.Lock()
	defer s.activeMu.Unlock()
	if at = min(at, s.Version()); at >= s.floor {
		return at, nil
	}
	return 0, sqlerr.New(sqlerr.SnapshotTooOld, "what was stored at %s is no longer kept", when.UTC().Format(time.RFC3339Nano)).
		WithDetail("The oldest version that can be read is %d; the retention is %s.", s.floor, s.Retention())
}

// commitTimes knows when commits were made: ascending in both, whatever the clock does. The newest
// ones are known exactly, of the older ones the last of every hundredth of a second.
type commitTimes struct {
	clock func() time.Time

	mu      sync.Mutex
	entries []commitTime
	thinned int // entries of which one a hundredth of a second is left
}

type commitTime struct {
	at     Timestamp
	micros int64
}

const (
	exactTimes     = 1 << 16
	thinnedSpacing = 10_000 // microseconds
)

// now gives a commit its time.
func (c *commitTimes) now(at Timestamp) int64 {
	micros := c.clock().UnixMicro()
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.entries); n > 0 {
		micros = max(micros, c.entries[n-1].micros+1)
	}
	c.append(at, micros)
	return micros
}

// add notes the time of a commit read from the log; 0 when it has none.
func (c *commitTimes) add(at Timestamp, micros int64) {
	if micros == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.append(at, micros)
}

func (c *commitTimes) append(at Timestamp, micros int64) {
	c.entries = append(c.entries, commitTime{at: at, micros: micros})
	if len(c.entries)-c.thinned >= 2*exactTimes {
		c.thin(len(c.entries) - exactTimes)
	}
}

// thin leaves of the entries up to n the last of every stretch of time.
func (c *commitTimes) thin(n int) {
	kept := c.thinned
	for i := c.thinned; i < n; i++ {
		if i+1 < n && c.entries[i+1].micros/thinnedSpacing == c.entries[i].micros/thinnedSpacing {
			continue
		}
		c.entries[kept] = c.entries[i]
		kept++
	}
	c.entries = append(c.entries[:kept], c.entries[n:]...)
	c.thinned = kept
}

// forget drops what lies before a version; the newest of that stays, as the time of what follows.
func (c *commitTimes) forget(horizon Timestamp) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := sort.Search(len(c.entries), func(i int) bool { return c.entries[i].at > horizon }) - 1
	if n <= 0 {
		return
	}
	c.entries = slices.Clone(c.entries[n:])
	c.thinned = max(0, c.thinned-n)
}

// known copies the times.
func (c *commitTimes) known() []commitTime {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.entries)
}

// restore takes the times of a manifest, before any commit.
func (c *commitTimes) restore(times []commitTime) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries, c.thinned = times, 0
}

// before is the newest version known to be committed at or before a time, 0 for none.
func (c *commitTimes) before(when time.Time) Timestamp {
	c.mu.Lock()
	defer c.mu.Unlock()
	micros := when.UnixMicro()
	n := sort.Search(len(c.entries), func(i int) bool { return c.entries[i].micros > micros })
	if n == 0 {
		return 0
	}
	return c.entries[n-1].at
}

func (c *commitTimes) of(at Timestamp) (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := sort.Search(len(c.entries), func(i int) bool { return c.entries[i].at > at })
	if n == 0 {
		return time.Time{}, false
	}
	return time.UnixMicro(c.entries[n-1].micros).UTC(), true
}
