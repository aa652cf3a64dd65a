package mvcc

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/oxidb/oxidb/mvcc/archive"
	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
)

// defaultArchiveEvery bounds how far an archive is behind when the options do not say.
const defaultArchiveEvery = time.Second

// newArchive makes the archive that the options ask for. It retains the whole log until it has begun.
func (s *Store) newArchive() error {
	if s.opts.Archive == "" || s.opts.ReadOnly || s.dir == "" {
		return nil
	}
	dir := s.fs.PathJoin(s.opts.Archive)
	if dir == s.dir || strings.HasPrefix(dir, s.fs.PathJoin(s.dir)+"/") {
		return sqlerr.New(sqlerr.InvalidParameterValue, "the archive %s lies in the database that it is for", dir).
			WithHint("Choose a directory on another disk.")
	}
	s.archive = archive.New(dir)
	return nil
}

// retainLog is asked about log files that the database does not need any more.
func (s *Store) retainLog(number uint64) bool {
	return s.archive != nil && s.archive.Retain(number) || s.opts.RetainLog != nil && s.opts.RetainLog(number)
}

// archived is the newest commit that is in the archive, or the newest of all without one: files that
// became garbage up to it may go.
func (s *Store) archived() Timestamp {
	if s.archive == nil {
		return ^Timestamp(0)
	}
	version, lsn := s.archive.Reached()
	if s.archiveBegun.Load() && lsn >= s.log.LSN() {
		return ^Timestamp(0)
	}
	return Timestamp(version)
}

// catchUp archives what an earlier process did not, from a log file on. Where that fails, everything
// stays in the database until it works.
func (s *Store) catchUp(from uint64) {
	s.archiveFrom = from
	_ = s.ArchiveNow(context.Background()) // ArchiveState tells, and it is tried again
}

// ArchiveNow copies everything committed so far to the archive, and reports why that does not work.
// Without an archive it does nothing.
func (s *Store) ArchiveNow(ctx context.Context) error {
	if s.archive == nil {
		return nil
	}
	if s.failed.Load() == nil {
		if err := s.broken(s.log.Flush()); err != nil {
			return err
		}
	}
	return s.archiveUpTo(ctx, s.log.OnDisk())
}

func (s *Store) archiveUpTo(ctx context.Context, lsn uint64) error {
	s.archiveMu.Lock()
	defer s.archiveMu.Unlock()
	fresh := !s.archiveBegun.Load()
	if !fresh && s.archiveErr.Load() == nil {
		if _, reached := s.archive.Reached(); reached >= lsn {
			return nil
		}
	}
	var err error
	if fresh || s.archiveErr.Load() != nil {
		err = s.archive.Begin(archive.Source{FS: s.fs, Dir: s.dir, UUID: s.uuid, First: s.archiveFrom, Segments: segmentSizes})
	}
	if err == nil {
		err = s.archive.Advance(ctx, lsn)
	}
	if err != nil {
		if s.archiveErr.Swap(&err) == nil {
			s.notice(err)
		}
		return err
	}
	if gap := s.archive.Gap(); fresh && gap != nil {
		s.notice(gap)
	}
	s.archiveBegun.Store(true)
	s.archiveErr.Store(nil)
	return nil
}

// segmentSizes lists the files that a record of the log names.
func segmentSizes(r *wal.Record) (map[string]int64, error) {
	files, err := SegmentsOf(r)
	sizes := make(map[string]int64, len(files))
	for _, f := range files {
		sizes[f.Path] = f.Meta.Size
	}
	return sizes, err
}

// ArchiveState is how far the archive is.
type ArchiveState struct {
	Dir     string
	Version Timestamp // the newest commit in it
	LSN     uint64
	Err     error // what the last try failed with
	Gap     error // what the archive will never have
}

// ArchiveState tells about the archive; false without one.
func (s *Store) ArchiveState() (ArchiveState, bool) {
	if s.archive == nil {
		return ArchiveState{}, false
	}
	state := ArchiveState{Dir: s.opts.Archive, Gap: s.archive.Gap()}
	version, lsn := s.archive.Reached()
	state.Version, state.LSN = Timestamp(version), lsn
	if err := s.archiveErr.Load(); err != nil {
		state.Err = *err
	}
	return state, true
}

// archiveInBackground keeps the archive close behind.
func (s *Store) archiveInBackground() {
	every := s.opts.ArchiveEvery
	if every <= 0 {
		every = defaultArchiveEvery
	}
	s.background.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-s.closing:
				return
			case <-tick.C:
				_ = s.archiveUpTo(context.Background(), s.log.OnDisk()) // ArchiveState tells, the next tick tries again
			}
		}
	})
}

// endArchive archives the last commits of a store that is being closed.
func (s *Store) endArchive() error {
	if s.archive == nil || s.log == nil {
		return nil
	}
	var err error
	if s.failed.Load() == nil {
		err = s.ArchiveNow(context.Background())
	}
	return errors.Join(err, s.archive.Close())
}
