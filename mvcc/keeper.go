package mvcc

import (
	"context"
	"errors"
	"time"
)

// What starts work in the background when the options do not say.
const (
	defaultCheckpointBytes    = 64 << 20
	defaultCheckpointInterval = time.Minute
	defaultCompactBytes       = 256 << 20
	// memoryDeletes is how many deletes make a store in memory look for chunks to compact.
	memoryDeletes = 100_000
)

// keeper is the goroutine that makes checkpoints, and compacts tables after them.
type keeper struct {
	wake chan struct{} // of length 1
}

// afterCommit wakes the keeper when the log has grown long; the first commit starts it.
func (s *Store) afterCommit() {
	switch {
	case s.opts.CheckpointBytes < 0:
	case s.log == nil:
		s.compactInMemory()
	default:
		s.keeping.Do(s.startKeeper)
		if s.log.Bytes()-s.checkpointedAt.Load() >= orDefault(s.opts.CheckpointBytes, defaultCheckpointBytes) {
			select {
			case s.keeper.wake <- struct{}{}:
			default: // it is awake
			}
		}
	}
}

func orDefault[T int64 | time.Duration](given, otherwise T) T {
	if given == 0 {
		return otherwise
	}
	return given
}

// inBackground starts a goroutine that Close waits for, unless the store is closed; its context ends
// when Close begins.
func (s *Store) inBackground(do func(ctx context.Context)) bool {
	s.activeMu.Lock()
	defer s.activeMu.Unlock()
	if s.closed {
		return false
	}
	s.background.Go(func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		done := make(chan struct{})
		defer close(done)
		s.background.Go(func() {
			select {
			case <-s.closing:
				cancel()
			case <-done:
			}
		})
		do(ctx)
	})
	return true
}

func (s *Store) startKeeper() {
	interval := orDefault(s.opts.CheckpointInterval, defaultCheckpointInterval)
	s.inBackground(func(ctx context.Context) {
		var due <-chan time.Time // never
		if interval > 0 {
			tick := time.NewTicker(interval)
			defer tick.Stop()
			due = tick.C
		}
		for {
			select {
			case <-ctx.Done():
				return
			case <-s.keeper.wake:
			case <-due:
				if s.Version() == Timestamp(s.checkpointedVersion.Load()) {
					continue
				}
			}
			s.noteBackground(s.maintain(ctx))
		}
	})
}

// maintain makes a checkpoint and then rewrites chunks that are out of order, a bounded part of them:
// the rest has its turn after the next one.
func (s *Store) maintain(ctx context.Context) error {
	if err := s.Checkpoint(ctx); err != nil {
		return err
	}
	budget := orDefault(s.opts.CompactBytes, defaultCompactBytes)
	ids := s.tableIDs()
	for i := range ids {
		if budget <= 0 {
			return nil
		}
		s.nextCompacted++ // a table that takes all of the budget must not starve the others
		used, err := s.vacuumTable(ctx, ids[s.nextCompacted%len(ids)], false, budget)
		if err != nil {
			return err
		}
		if budget -= used; i == len(ids)-1 {
			s.Tidy()
		}
	}
	return nil
}

// noteBackground keeps what work in the background failed with; nil forgets it. That it was interrupted
// by Close is no failure.
func (s *Store) noteBackground(err error) {
	switch {
	case err == nil:
		s.checkpointErr.Store(nil)
	case !errors.Is(err, context.Canceled):
		s.checkpointErr.Store(&err)
	}
}

// CheckpointError is what the last checkpoint or compaction in the background failed with, nil when it
// did not.
func (s *Store) CheckpointError() error {
	if err := s.checkpointErr.Load(); err != nil {
		return *err
	}
	return nil
}

// compactInMemory compacts a store that has no checkpoints now and then, when much was deleted.
func (s *Store) compactInMemory() {
	if s.deleted.Load() < memoryDeletes || s.opts.CompactBytes < 0 || !s.compacting.CompareAndSwap(false, true) {
		return
	}
	s.deleted.Store(0)
	started := s.inBackground(func(ctx context.Context) {
		defer s.compacting.Store(false)
		s.noteBackground(s.VacuumAll(ctx, false))
		s.Tidy()
	})
	if !started {
		s.compacting.Store(false)
	}
}
