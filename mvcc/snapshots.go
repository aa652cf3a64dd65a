package mvcc

import (
	"sync"
	"sync/atomic"
)

// snapshots counts the open snapshots, in parts, so that transactions of different homes (TxnOptions)
// do not wait for each other when they begin and end.
//
// Whoever looks for the oldest one goes through the parts one by one. A transaction that begins meanwhile
// takes the newest snapshot, which is none that the search is after; older ones are only opened by those
// who hold Store.activeMu, as the search does.
type snapshots [16]struct {
	// used counts the snapshots; it grows before a snapshot is taken, so that who finds it zero knows that
	// snapshots to come are new ones. Commits ask for the oldest snapshot, and most parts have none.
	used atomic.Int64
	mu   sync.Mutex
	open map[Timestamp]int
	_    [40]byte // a part has its cache line for itself
}

func (s *snapshots) init() {
	for i := range s {
		s[i].open = map[Timestamp]int{}
	}
}

// newest opens the newest snapshot.
func (s *snapshots) newest(store *Store, home uint64) Timestamp {
	part := &s[home%uint64(len(s))]
	part.used.Add(1)
	part.mu.Lock()
	defer part.mu.Unlock()
	at := store.Version()
	part.open[at]++
	return at
}

// open opens a certain snapshot. Store.activeMu is held.
func (s *snapshots) open(at Timestamp, home uint64) {
	part := &s[home%uint64(len(s))]
	part.used.Add(1)
	part.mu.Lock()
	defer part.mu.Unlock()
	part.open[at]++
}

func (s *snapshots) release(at Timestamp, home uint64) {
	part := &s[home%uint64(len(s))]
	part.mu.Lock()
	defer part.mu.Unlock()
	if part.open[at]--; part.open[at] == 0 {
		delete(part.open, at)
	}
	part.used.Add(-1)
}

// oldest is the oldest open snapshot, if there is any. Store.activeMu is held.
func (s *snapshots) oldest() (oldest Timestamp, any bool) {
	for i := range s {
		part := &s[i]
		if part.used.Load() == 0 {
			continue
		}
		part.mu.Lock()
		for at := range part.open {
			if !any || at < oldest {
				oldest, any = at, true
			}
		}
		part.mu.Unlock()
	}
	return oldest, any
}
