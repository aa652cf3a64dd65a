package mvcc

import "time"

// SetAsync says whether Commit returns before the commit is on disk (on), or when it is (off, as at
// first). Of commits that did not wait, a crash of the machine within about syncInterval may take the
// last ones, with all that came after them; it never takes one in part. The end of the process alone
// takes none.
func (t *Txn) SetAsync(on bool) { t.async = on }

// await returns when a commit's records are on disk or, for an async one, with the operating system.
func (s *Store) await(lsn uint64, async bool) error {
	switch {
	case s.log == nil:
		return nil
	case async:
		err := s.broken(s.log.Write(lsn))
		s.syncSoon()
		return err
	}
	return s.broken(s.log.Sync(lsn))
}

// syncInterval is how long an async commit waits for its sync at most, the sync itself aside.
const syncInterval = 200 * time.Millisecond

// syncSoon makes the log durable a moment from now.
func (s *Store) syncSoon() {
	if !s.syncDue.CompareAndSwap(false, true) {
		return
	}
	s.activeMu.Lock()
	defer s.activeMu.Unlock()
	if s.closed {
		return // which syncs
	}
	s.background.Go(func() {
		after := time.NewTimer(syncInterval)
		defer after.Stop()
		select {
		case <-s.closing:
		case <-after.C:
		}
		s.syncDue.Store(false)
		_ = s.broken(s.log.Flush()) // the next commit reports it
	})
}
