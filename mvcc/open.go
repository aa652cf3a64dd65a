package mvcc

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
)

// Open opens the database in a directory of fs, made when it does not exist, and takes its lock. With
// dir "" the database lives in memory only and fs is not used. Errors: 55006 when another process has
// the database open, XX001 when files are damaged, 0A000 when they have a later format.
func Open(fs vfs.FS, dir string, o Options) (*Store, error) {
	s := newStore(o)
	if dir == "" {
		return s, nil
	}
	s.fs, s.dir = fs, fs.PathJoin(dir)
	s.walDir = s.path("wal")
	open := s.openDir
	if o.ReadOnly {
		open = s.openReadOnly
	}
	if err := s.checkDirectory(); err != nil {
		return nil, err
	}
	if o.Quarantine && o.ReadOnly {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "a database cannot be opened read-only and with quarantine: that puts files aside")
	}
	if err := s.newArchive(); err != nil {
		return nil, err
	}
	if err := open(); err != nil {
		return nil, errors.Join(err, s.closeFiles())
	}
	s.rows = rowReader{} // replaying is over
	if s.archive != nil {
		s.archiveInBackground()
	}
	if s.opts.ScrubEvery > 0 && !o.ReadOnly {
		s.scrub()
	}
	return s, nil
}

func (s *Store) openDir() error {
	if err := s.fs.MkdirAll(s.dir, 0o755); err != nil {
		return s.fileError("creating directory", "", err)
	}
	if err := s.refuseForeign(); err != nil { // before anything is made there, the lock included
		return err
	}
	if err := s.takeLock(); err != nil {
		return err
	}
	marker, name, err := locateMarker(s.fs, s.dir)
	if err != nil {
		return s.fileError("reading directory", "", err)
	}
	s.marker = marker
	if name != "" {
		return s.recover(name)
	}
	first, err := s.unmarked()
	switch {
	case err != nil:
		return err
	case first:
	case s.adopting:
		return sqlerr.New(sqlerr.InvalidCatalogName, "there is no database in %s", s.dir)
	default:
		return s.create()
	}
	if err := s.markFirst(); err != nil {
		return s.fileError("switching to", manifestName(1), err)
	}
	return s.recover(manifestName(1))
}

// markFirst makes the first manifest, which whoever wrote it may not have synced, the one that counts.
func (s *Store) markFirst() error {
	f, err := s.fs.OpenReadWrite(s.path(manifestName(1)), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close(), wal.SyncDir(s.fs, s.dir)); err != nil {
		return err
	}
	_, err = s.marker.move(manifestName(1))
	return err
}

// unmarked reports whether the first manifest is whole although no marker names it: creating the
// database stopped just there, or the marker was lost, and then the log may hold commits.
func (s *Store) unmarked() (bool, error) {
	names, err := s.fs.List(s.dir)
	if err != nil {
		return false, s.fileError("reading directory", "", err)
	}
	manifests := slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, "MANIFEST-") })
	if len(manifests) != 1 || manifests[0] != manifestName(1) {
		return false, nil
	}
	_, err = s.readManifest(manifestName(1))
	if sqlerr.StateOf(err) == sqlerr.DataCorrupted {
		return false, nil
	}
	return err == nil, err
}

func (s *Store) takeLock() error {
	lock, err := s.fs.Lock(s.path("LOCK"))
	var denied *fs.PathError // of making the file; a lock held elsewhere has no path
	switch {
	case err == nil:
		s.lock = lock
		return nil
	case errors.As(err, &denied):
		return s.fileError("locking", "LOCK", err)
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EACCES), strings.Contains(err.Error(), "held by current process"):
		return sqlerr.New(sqlerr.ObjectInUse, "the database in %s is open in another process or session", s.dir).
			WithHint("Close it there, or connect to its server.")
	}
	return s.fileError("locking", "LOCK", err)
}

// path is where a file of the database lies; names are relative to its directory.
func (s *Store) path(name string) string {
	if name == "" {
		return s.dir
	}
	return s.fs.PathJoin(s.dir, name)
}

func (s *Store) relative(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, s.dir), "/")
}

// create makes an empty database: first the log, then the manifest that names it.
func (s *Store) create() error {
	if err := s.checkEmpty(); err != nil {
		return err
	}
	if err := s.newIdentity(); err != nil {
		return err
	}
	for _, dir := range []string{"wal", "seg"} {
		if err := s.fs.MkdirAll(s.path(dir), 0o755); err != nil {
			return s.fileError("creating directory", dir, err)
		}
	}
	if err := errors.Join(wal.SyncDir(s.fs, s.dir), wal.SyncDir(s.fs, s.fs.PathDir(s.dir))); err != nil {
		return s.fileError("creating directory", "", err)
	}
	if err := wal.RemoveAll(s.fs, s.walDir); err != nil {
		return s.fileError("emptying directory", "wal", err)
	}
	log, err := wal.Start(s.fs, s.walDir, s.uuid, wal.State{}, s.walOptions())
	if err != nil {
		return err
	}
	s.log = log
	if err := s.switchManifest(&manifest{UUID: s.uuid, WAL: 1, NextID: s.nextID.Load()}); err != nil {
		return err
	}
	s.catchUp(1)
	return nil
}

func (s *Store) newIdentity() error {
	if s.uuid = s.opts.UUID; s.uuid != (wal.UUID{}) {
		return nil
	}
	if _, err := rand.Read(s.uuid[:]); err != nil {
		return fmt.Errorf("making the database's identity: %w", err)
	}
	return nil
}

// switchManifest writes the next manifest and makes it the one that counts.
func (s *Store) switchManifest(m *manifest) error {
	name := manifestName(s.manifestNumber + 1)
	if err := s.writeManifest(name, m); err != nil {
		return err
	}
	if created, err := s.marker.move(name); err != nil {
		err = s.fileError("switching to", name, err)
		if created { // which manifest counts after a crash is unknown: both, and the log for both, stay
			return s.broken(err)
		}
		return err
	}
	s.manifestNumber++ // only now: until then the one before counts
	s.checkpointed, s.firstLog = m.At, m.WAL
	return nil
}

// Close writes a checkpoint when there is something to write, ends the log and gives up the lock. No
// transaction may be open. A store whose log has failed closes without writing.
func (s *Store) Close() error {
	s.activeMu.Lock()
	if s.closed {
		s.activeMu.Unlock()
		return nil
	}
	s.closed = true
	s.activeMu.Unlock()
	close(s.closing)
	s.background.Wait()
	if s.dir == "" {
		return nil
	}
	err := s.endArchive()
	if s.log != nil && !s.opts.ReadOnly && s.failed.Load() == nil && (s.Version() > s.checkpointed || s.log.File()-s.firstLog > maxIdleLogs) {
		err = errors.Join(err, s.Checkpoint(context.Background()))
	}
	return errors.Join(err, s.closeFiles())
}

// maxIdleLogs is the number of log files without commits, one per opening, that may gather.
const maxIdleLogs = 8

// closeFiles gives up everything that is open.
func (s *Store) closeFiles() error {
	var err error
	if s.log != nil {
		if closeErr := s.log.Close(); s.failed.Load() == nil {
			err = closeErr
		}
	}
	s.filesMu.Lock()
	for _, f := range s.files {
		err = errors.Join(err, f.Close())
	}
	s.filesMu.Unlock()
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}
