// Package spill keeps rows that do not fit in memory in temporary files. A file belongs to one
// operator of one query, has no name, and is gone with the query or the process. What it holds is the
// vectors' own memory, checksummed; their forms, and dictionaries, stay in memory.
package spill

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"

	"github.com/oxidb/oxidb/sqlerr"
)

// Space is the room for temporary files that the queries of a database share.
type Space struct {
	dir    string
	parent *Space
	limit  atomic.Int64
	used   atomic.Int64
	total  atomic.Int64
}

// NewSpace keeps files in dir, made when it is needed, of at most limit bytes together; 0 means as
// many as the disk has. dir "" is the system's directory for temporary files.
func NewSpace(dir string, limit int64) *Space {
	s := &Space{dir: dir}
	s.limit.Store(limit)
	return s
}

// Part is a share of the space with a limit of its own, 0 for none.
func (s *Space) Part(limit int64) *Space {
	part := NewSpace(s.dir, limit)
	part.parent = s
	return part
}

// SetLimit changes the limit in bytes; 0 removes it.
func (s *Space) SetLimit(limit int64) { s.limit.Store(limit) }

// Used is the bytes that files hold now, Total those written since the start.
func (s *Space) Used() int64 { return s.used.Load() }

// Total is the bytes written since the start.
func (s *Space) Total() int64 { return s.total.Load() }

// Create makes an empty file. Close it.
func (s *Space) Create() (*File, error) {
	if s.dir != "" {
		if err := os.MkdirAll(s.dir, 0o700); err != nil {
			return nil, ioError("making the directory for temporary files", s.dir, err)
		}
	}
	f, err := os.CreateTemp(s.dir, "oxidb-spill-*")
	if err != nil {
		return nil, ioError("creating a temporary file", s.dir, err)
	}
	// Nobody else needs its name, and a process that is killed must leave nothing behind.
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(ioError("unlinking a temporary file", s.dir, err), f.Close())
	}
	return &File{space: s, file: f}, nil
}

// take counts bytes about to be written, here and in the space that this is a part of.
func (s *Space) take(bytes int64) error {
	used := s.used.Add(bytes)
	if limit := s.limit.Load(); limit > 0 && used > limit {
		s.used.Add(-bytes)
		return sqlerr.New(sqlerr.DiskFull, "the query needs more temporary files than the limit of %d bytes allows", limit).
			WithHint("Raise temp_directory_limit or memory_limit, or let the query touch less data.")
	}
	if s.parent != nil {
		if err := s.parent.take(bytes); err != nil {
			s.used.Add(-bytes)
			return err
		}
	}
	s.total.Add(bytes)
	return nil
}

// give counts bytes that are gone.
func (s *Space) give(bytes int64) {
	for at := s; at != nil; at = at.parent {
		at.used.Add(-bytes)
	}
}

func ioError(doing, dir string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return sqlerr.New(sqlerr.DiskFull, "%s in %q: no space left on device", doing, dir).
			WithHint("Free some space, set temp_directory to another disk, or raise memory_limit.")
	}
	return sqlerr.New(sqlerr.IOError, "%s in %q: %w", doing, dir, err)
}
