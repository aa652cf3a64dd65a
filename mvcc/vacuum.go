package mvcc

import (
	"context"
	"slices"
	"time"
)

// Vacuum brings a table into good order, in commits of its own: chunks with many deleted rows are
// rewritten, small ones merged, and those of a table with a cluster key sorted. With full no deleted row and
// no chunk that is not full is left. Others read and write the table meanwhile. Files go with the
// checkpoints after it, when no snapshot and no retention needs them.
func (s *Store) Vacuum(ctx context.Context, id TableID, full bool) error {
	_, err := s.vacuumTable(ctx, id, full, -1)
	return err
}

// VacuumAll does so with all tables.
func (s *Store) VacuumAll(ctx context.Context, full bool) error {
	for _, id := range s.tableIDs() {
		if err := s.Vacuum(ctx, id, full); err != nil {
			return err
		}
	}
	return nil
}

// Renew gives a transaction that has written nothing the newest snapshot, so that what it saw before can go.
func (t *Txn) Renew() {
	if t.Written() || t.done.Load() {
		return
	}
	old := t.snapshot
	t.snapshot = t.store.active.newest(t.store, t.home)
	t.store.active.release(old, t.home)
	t.seenMu.Lock()
	defer t.seenMu.Unlock()
	t.seen = map[TableID]*Table{}
}

func (s *Store) tableIDs() []TableID {
	s.mu.RLock()
	defer s.mu.RUnlock()
	ids := make([]TableID, 0, len(s.tables))
	for id := range s.tables {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// maxRounds ends a vacuum of a table that others fill as fast as it is tidied: that many times the
// number of its chunks.
const maxRounds = 4

// vacuumTable compacts until nothing is left to do or the bytes, unless negative, are used up; it gives
// the bytes rewritten.
func (s *Store) vacuumTable(ctx context.Context, id TableID, full bool, budget int64) (used int64, err error) {
	if err := s.failure(); err != nil {
		return 0, err
	}
	s.compactMu.Lock()
	defer s.compactMu.Unlock()
	rounds := 0
	for budget < 0 || used < budget {
		group := s.pick(id, full)
		if group == nil || rounds > maxRounds*(s.chunksOf(id)+1) {
			break
		}
		started := time.Now()
		done, err := s.compact(ctx, id, group)
		if err != nil || !done {
			return used, err
		}
		rounds++
		for _, c := range group {
			used += s.chunkBytes(id, c)
		}
		if budget >= 0 {
			s.pause(ctx, time.Since(started))
		}
		s.Tidy()
	}
	return used, ctx.Err()
}

func (s *Store) chunksOf(id TableID) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if t := s.tables[id]; t != nil {
		return len(t.chunks)
	}
	return 0
}

// pause leaves the processor and the disk to others for as long as work in the background took, at most
// a second.
func (s *Store) pause(ctx context.Context, worked time.Duration) {
	timer := time.NewTimer(min(worked, time.Second))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Tidy lets go of mappings that no transaction needs and, in a store without checkpoints, of all
// history before the horizon.
func (s *Store) Tidy() {
	open := s.Version()
	if oldest, any := s.oldestSnapshot(); any {
		open = min(open, oldest)
	}
	horizon := s.horizon()
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, t := range s.tables {
		t.forgetMoves(open)
		if s.dir == "" {
			s.forgetHistory(id, t, horizon)
		}
	}
}

// forgetHistory drops what no snapshot from the horizon on sees; false when that is the whole table.
// Store.mu is held for writing.
func (s *Store) forgetHistory(id TableID, t *table, horizon Timestamp) bool {
	if t.newest().dropped && t.newest().at <= horizon {
		s.forget(id, t)
		return false
	}
	t.forgetVersions(horizon)
	t.vacuum(s, horizon)
	return true
}
