package disk

import (
	"errors"
	"strconv"
)

// Kind is a kind of operation.
type Kind uint8

// The kinds of operations.
const (
	Create Kind = iota
	Link
	Open
	OpenReadWrite
	OpenDir
	Remove
	Rename
	Mkdir
	Lock
	List
	Stat
	Close
	Read
	Write
	Preallocate
	Sync
	SyncData
	SyncTo
	SyncDir
	kinds
)

var kindNames = [kinds]string{"create", "link", "open", "open for writing", "open directory", "remove", "rename", "mkdir", "lock", "list",
	"stat", "close", "read", "write", "preallocate", "fsync", "fdatasync", "sync_file_range", "fsync directory"}

func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return strconv.Itoa(int(k))
}

// Changes reports whether an operation can make a difference after a crash.
func (k Kind) Changes() bool {
	switch k {
	case Create, Link, OpenReadWrite, Remove, Rename, Mkdir, Write, Sync, SyncData, SyncTo, SyncDir:
		return true
	}
	return false
}

// NeedsRoom reports whether a full disk lets an operation fail.
func (k Kind) NeedsRoom() bool {
	switch k {
	case Create, Link, Mkdir, Write, Preallocate, Rename:
		return true
	}
	return false
}

// Op is an operation that is about to happen. Of a rename, Path is the new name.
type Op struct {
	Kind Kind
	Path string
}

// Hook is asked about every operation before it happens. Its error is the operation's, which has no
// effect then; but see ErrLie and Short. It may use the disk.
type Hook func(Op) error

// ErrLie is a hook's answer that makes an operation do nothing and report success.
var ErrLie = errors.New("success without effect")

// Short, from a hook, makes a write stop in the middle and fail with Err.
type Short struct{ Err error }

// Error is that of the cause.
func (s *Short) Error() string { return "short write: " + s.Err.Error() }

// Unwrap gives the cause.
func (s *Short) Unwrap() error { return s.Err }
