package mvcc

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
)

// openReadOnly recovers a database in memory and changes nothing on disk. It takes the lock where that
// can be written: on read-only media nobody else writes either.
func (s *Store) openReadOnly() error {
	if err := s.takeLock(); err != nil && !unwritable(err) {
		return err
	}
	_, name, err := locateMarker(s.fs, s.dir)
	if err != nil {
		return s.fileError("reading directory", "", err)
	}
	if name == "" {
		first, err := s.unmarked()
		if err == nil && !first {
			err = s.checkEmpty()
		}
		if err != nil {
			return err
		}
		if !first {
			return sqlerr.New(sqlerr.InvalidCatalogName, "there is no database in %s", s.dir)
		}
		name = manifestName(1)
	}
	if _, _, err = s.reload(name); err == nil {
		s.components.list(s)
	}
	return err
}

// unwritable reports an error of media or directories that this process may only read.
func unwritable(err error) bool {
	return errors.Is(err, syscall.EROFS) || sqlerr.StateOf(err) == sqlerr.InsufficientPrivilege
}

// reload brings the tables of a manifest, and of the log's commits after it, into memory.
func (s *Store) reload(name string) (*manifest, wal.State, error) {
	m, err := s.readManifest(name)
	if err != nil {
		return nil, wal.State{}, err
	}
	if s.opts.Quarantine {
		state, err := s.salvageAll(m)
		return m, state, err
	}
	if err := s.load(m); err != nil {
		return nil, wal.State{}, err
	}
	s.checkpointed, s.firstLog = m.At, m.WAL
	state, err := wal.Read(s.fs, s.walDir, s.uuid, m.WAL, s.replay, s.tellRecovery())
	if err != nil {
		return nil, state, err
	}
	s.publish(s.last)
	if _, known := s.times.of(s.last); !known { // what is there is dated from here on
		s.times.add(s.last, s.times.clock().UnixMicro())
	}
	return m, state, nil
}

// checkDirectory refuses a path that is no directory, before anything is made.
func (s *Store) checkDirectory() error {
	stat, err := s.fs.Stat(s.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if !s.opts.ReadOnly {
			return nil
		}
		return sqlerr.New(sqlerr.InvalidCatalogName, "there is no database in %s: the directory does not exist", s.dir)
	case errors.Is(err, syscall.ENOTDIR), err == nil && !stat.IsDir():
		return sqlerr.New(sqlerr.WrongObjectType, "%s is not a directory; a database is one", s.dir)
	case err != nil:
		return s.fileError("reading directory", "", err)
	}
	return s.refuseUnfinished()
}

// Exists reports whether there is a database in a directory.
func Exists(fs vfs.FS, dir string) (bool, error) {
	s := newStore(Options{})
	s.fs, s.dir = fs, fs.PathJoin(dir)
	if _, err := fs.Stat(s.dir); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err := s.checkDirectory(); err != nil {
		return false, err
	}
	_, name, err := locateMarker(fs, s.dir)
	if err != nil || name != "" {
		return name != "", err
	}
	return s.unmarked()
}
