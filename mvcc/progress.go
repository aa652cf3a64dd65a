package mvcc

import (
	"context"
	"errors"
	"time"
)

// tellRecovery is what the log tells how far recovery is, at most: files have room behind their records.
func (s *Store) tellRecovery() func(done, total int64) {
	tell := s.opts.Progress
	if tell == nil {
		return nil
	}
	return func(done, total int64) { tell("recovering", done, total) }
}

// notice tells of what nobody waits for.
func (s *Store) notice(err error) {
	if err != nil && s.opts.Notice != nil {
		s.opts.Notice(err)
	}
}

// scrubShare is the share of the time between two checks that a check may take.
const scrubShare = 0.8

// scrub checks the whole store again and again, slowly.
func (s *Store) scrub() {
	s.background.Go(func() {
		for s.scrubOnce() {
		}
	})
}

// scrubOnce waits, checks, and reports whether the store is still open.
func (s *Store) scrubOnce() bool {
	pause := time.Duration(float64(s.opts.ScrubEvery) * (1 - scrubShare))
	select {
	case <-s.closing:
		return false
	case <-time.After(pause):
	}
	seconds := s.opts.ScrubEvery.Seconds() * scrubShare
	report, err := s.Check(context.Background(), CheckOptions{BytesPerSecond: 1 + int64(float64(s.segmentBytes())/seconds)})
	select {
	case <-s.closing:
		return false
	default:
	}
	s.notice(errors.Join(err, report.Err()))
	return true
}

// segmentBytes is the size of all segment files.
func (s *Store) segmentBytes() (n int64) {
	s.filesMu.Lock()
	defer s.filesMu.Unlock()
	for _, f := range s.files {
		n += f.Meta().Size
	}
	return n
}
