package mvcc

import (
	"context"
	"errors"
	"time"

	"github.com/oxidb/oxidb/mvcc/wal"
)

// measureLog notes how much there is to recover, at most: files have room behind their records.
func (s *Store) measureLog(first uint64) error {
	s.logBytes, s.logDone = 0, 0
	if s.opts.Progress == nil {
		return nil
	}
	numbers, err := wal.Files(s.fs, s.walDir)
	if err != nil {
		return s.fileError("reading directory", "wal", err)
	}
	for _, n := range numbers {
		if n < first {
			continue
		}
		if stat, err := s.fs.Stat(s.fs.PathJoin(s.walDir, wal.FileName(n))); err == nil {
			s.logBytes += stat.Size()
		}
	}
	return nil
}

// tellRecovery says how far recovery is.
func (s *Store) tellRecovery(records []wal.Record) {
	if s.opts.Progress == nil {
		return
	}
	for i := range records {
		s.logDone += wal.RecordSize(len(records[i].Payload))
	}
	s.opts.Progress("recovering", s.logDone, max(s.logDone, s.logBytes))
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
