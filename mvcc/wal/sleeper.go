package wal

// sleeper waits in Sync for an LSN.
type sleeper struct {
	lsn uint64
	// settled says that the wait is over for good, with err; else it is this sleeper's turn to see to
	// the log. Whoever wakes writes them first.
	settled bool
	err     error
	awake   chan struct{}
}

// sleep notes that somebody is about to wait for lsn. l.mu is held.
func (l *Log) sleep(lsn uint64) *sleeper {
	s, _ := l.beds.Get().(*sleeper)
	if s == nil {
		s = &sleeper{awake: make(chan struct{}, 1)}
	}
	s.lsn = lsn
	l.sleepers = append(l.sleepers, s)
	return s
}

// wait sleeps, and gives the sleeper back. Who is woken to learn the outcome must not queue for l.mu again: all that a sync covers
// wake at the same time, and would run one after the other.
func (l *Log) wait(s *sleeper) (settled bool, err error) {
	<-s.awake
	settled, err = s.settled, s.err
	s.settled, s.err = false, nil
	l.beds.Put(s)
	return settled, err
}

// wake wakes who has what it waits for and, when nobody is at work any more, one to go on; after an
// error everybody. Waking all each time would cost more than their commits.
func (l *Log) wake() {
	idle := !l.syncing && !l.gathering && !l.writing
	kept := l.sleepers[:0]
	for _, s := range l.sleepers {
		switch {
		case s.lsn <= l.onDisk:
			s.settled = true
		case l.err != nil:
			s.settled, s.err = true, l.err
		case idle:
			idle = false
		default:
			kept = append(kept, s)
			continue
		}
		s.awake <- struct{}{}
	}
	clear(l.sleepers[len(kept):])
	l.sleepers = kept
	l.changed.Broadcast()
}
