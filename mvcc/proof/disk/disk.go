// Package disk is a file system in memory that stops, fails and lies as real ones do.
//
// What was written but not synced may survive a crash in any part: sector by sector, name by name, in
// any order, with sizes that went ahead of the data (Crash). A Hook sees every operation before it
// happens and may let it fail, write less than it should, or do nothing and report success. Copies
// share what they have in common, so that one after every operation is affordable.
package disk

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrOff is the error of every operation after Off.
var ErrOff = errors.New("the machine is off")

// Disk is a vfs.FS. It may be used by many goroutines at once.
type Disk struct {
	hook atomic.Pointer[Hook]
	off  atomic.Bool

	mu    sync.Mutex // guards the nodes and locks
	root  *node
	locks map[string]bool
}

// node is a file or a directory.
type node struct {
	now, synced content
	dirty       bool // now is not synced

	entries map[string]*node // of a directory; nil for a file
	durable map[string]*node // its entries when it was synced
	pending []renaming       // its changes since, in order
}

// renaming is a name that appeared, went, or took the place of another.
type renaming struct {
	name string
	to   *node  // nil: the name went
	from string // the name that it had before
}

func newDir() *node { return &node{entries: map[string]*node{}, durable: map[string]*node{}} }

// New makes an empty disk.
func New() *Disk { return &Disk{root: newDir(), locks: map[string]bool{}} }

var _ vfs.FS = (*Disk)(nil)

// SetHook makes h see every operation from now on; nil ends that.
func (d *Disk) SetHook(h Hook) {
	if h == nil {
		d.hook.Store(nil)
		return
	}
	d.hook.Store(&h)
}

// Off fails all operations from now on with ErrOff: whoever has files open is on a machine that is gone.
func (d *Disk) Off() { d.off.Store(true) }

// before asks the hook about an operation.
func (d *Disk) before(kind Kind, name string) error {
	if d.off.Load() {
		return ErrOff
	}
	if h := d.hook.Load(); h != nil {
		return (*h)(Op{Kind: kind, Path: name})
	}
	return nil
}

// act does an operation that has no result but its error, unless the hook says otherwise.
func (d *Disk) act(kind Kind, name string, do func() error) error {
	switch err := d.before(kind, name); {
	case errors.Is(err, ErrLie):
		return nil
	case err != nil:
		return pathError(kind, name, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := do(); err != nil {
		return pathError(kind, name, err)
	}
	return nil
}

func pathError(kind Kind, name string, err error) error {
	return &fs.PathError{Op: kind.String(), Path: name, Err: err}
}

// find gives what a path names, nil for nothing.
func (d *Disk) find(name string) *node {
	at := d.root
	for _, part := range strings.Split(path.Clean(name), "/") {
		if part == "" || part == "." {
			continue
		}
		if at = at.entries[part]; at == nil {
			return nil
		}
	}
	return at
}

// parent gives the directory that a path lies in.
func (d *Disk) parent(name string) (*node, string, error) {
	dir, base := path.Split(path.Clean(name))
	p := d.find(dir)
	switch {
	case p == nil:
		return nil, "", os.ErrNotExist
	case p.entries == nil:
		return nil, "", syscall.ENOTDIR
	}
	return p, base, nil
}

func (n *node) set(name string, to *node) {
	n.entries[name] = to
	n.pending = append(n.pending, renaming{name: name, to: to})
}

func (n *node) unset(name string) {
	delete(n.entries, name)
	n.pending = append(n.pending, renaming{name: name})
}

// Create makes a new file in place of whatever had its name.
func (d *Disk) Create(name string, _ vfs.DiskWriteCategory) (vfs.File, error) {
	f := &file{disk: d, path: name, node: &node{}}
	err := d.act(Create, name, func() error {
		dir, base, err := d.parent(name)
		if err != nil {
			return err
		}
		if dir.entries[base] != nil { // as package vfs does it: a crash may find neither
			dir.unset(base)
		}
		dir.set(base, f.node)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Link gives a file a second name.
func (d *Disk) Link(oldname, newname string) error {
	return d.act(Link, newname, func() error {
		n := d.find(oldname)
		dir, base, err := d.parent(newname)
		switch {
		case n == nil:
			return os.ErrNotExist
		case err != nil:
			return err
		case dir.entries[base] != nil:
			return os.ErrExist
		}
		dir.set(base, n)
		return nil
	})
}

func (d *Disk) open(kind Kind, name string, makes bool) (vfs.File, error) {
	f := &file{disk: d, path: name}
	err := d.act(kind, name, func() error {
		if f.node = d.find(name); f.node != nil || !makes {
			if f.node == nil {
				return os.ErrNotExist
			}
			return nil
		}
		dir, base, err := d.parent(name)
		if err == nil {
			f.node = &node{}
			dir.set(base, f.node)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Open opens a file for reading.
func (d *Disk) Open(name string, _ ...vfs.OpenOption) (vfs.File, error) {
	return d.open(Open, name, false)
}

// OpenReadWrite opens a file, made when it does not exist.
func (d *Disk) OpenReadWrite(name string, _ vfs.DiskWriteCategory, _ ...vfs.OpenOption) (vfs.File, error) {
	return d.open(OpenReadWrite, name, true)
}

// OpenDir opens a directory for syncing.
func (d *Disk) OpenDir(name string) (vfs.File, error) { return d.open(OpenDir, name, false) }

// Remove removes a file or an empty directory.
func (d *Disk) Remove(name string) error {
	return d.act(Remove, name, func() error {
		dir, base, err := d.parent(name)
		if err != nil {
			return err
		}
		switch n := dir.entries[base]; {
		case n == nil:
			return os.ErrNotExist
		case len(n.entries) > 0:
			return syscall.ENOTEMPTY
		}
		dir.unset(base)
		return nil
	})
}

// RemoveAll removes a file or a directory with all that is in it.
func (d *Disk) RemoveAll(name string) error {
	return d.act(Remove, name, func() error {
		dir, base, err := d.parent(name)
		if err == nil && dir.entries[base] != nil {
			dir.unset(base)
		}
		return nil
	})
}

func (d *Disk) rename(oldname, newname string) error {
	from, oldBase, err := d.parent(oldname)
	if err != nil {
		return err
	}
	to, newBase, err := d.parent(newname)
	if err != nil {
		return err
	}
	n := from.entries[oldBase]
	switch {
	case n == nil:
		return os.ErrNotExist
	case from == to:
		delete(from.entries, oldBase)
		from.entries[newBase] = n
		from.pending = append(from.pending, renaming{name: newBase, to: n, from: oldBase})
	default:
		to.set(newBase, n)
		from.unset(oldBase)
	}
	return nil
}

// Rename gives a file another name, in place of whatever had that. Within a directory a crash finds
// the file under one of the two names.
func (d *Disk) Rename(oldname, newname string) error {
	return d.act(Rename, newname, func() error { return d.rename(oldname, newname) })
}

// ReuseForWrite renames a file and opens it for writing from its beginning, its content left as it is.
func (d *Disk) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := d.Rename(oldname, newname); err != nil {
		return nil, err
	}
	return d.OpenReadWrite(newname, category)
}

// MkdirAll makes a directory and those above it.
func (d *Disk) MkdirAll(dir string, _ os.FileMode) error {
	return d.act(Mkdir, dir, func() error {
		at := d.root
		for _, part := range strings.Split(path.Clean(dir), "/") {
			if part == "" || part == "." {
				continue
			}
			if at.entries[part] == nil {
				at.set(part, newDir())
			}
			if at = at.entries[part]; at.entries == nil {
				return syscall.ENOTDIR
			}
		}
		return nil
	})
}

type unlocker struct {
	disk *Disk
	name string
}

func (u unlocker) Close() error {
	u.disk.mu.Lock()
	defer u.disk.mu.Unlock()
	delete(u.disk.locks, u.name)
	return nil
}

// Lock takes a lock, which a crash gives up.
func (d *Disk) Lock(name string) (io.Closer, error) {
	err := d.act(Lock, name, func() error {
		if d.locks[name] {
			return syscall.EAGAIN
		}
		dir, base, err := d.parent(name)
		if err != nil {
			return err
		}
		if dir.entries[base] == nil {
			dir.set(base, &node{})
		}
		d.locks[name] = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	return unlocker{d, name}, nil
}

// List gives the names in a directory, in order.
func (d *Disk) List(dir string) (names []string, err error) {
	err = d.act(List, dir, func() error {
		n := d.find(dir)
		switch {
		case n == nil:
			return os.ErrNotExist
		case n.entries == nil:
			return syscall.ENOTDIR
		}
		names = slices.Sorted(maps.Keys(n.entries))
		return nil
	})
	return names, err
}

// Stat describes a file or directory.
func (d *Disk) Stat(name string) (info vfs.FileInfo, err error) {
	err = d.act(Stat, name, func() error {
		n := d.find(name)
		if n == nil {
			return os.ErrNotExist
		}
		info = n.info(name)
		return nil
	})
	return info, err
}

// PathBase is path.Base.
func (d *Disk) PathBase(p string) string { return path.Base(p) }

// PathJoin is path.Join.
func (d *Disk) PathJoin(elem ...string) string { return path.Join(elem...) }

// PathDir is path.Dir.
func (d *Disk) PathDir(p string) string { return path.Dir(p) }

// GetDiskUsage is not known.
func (d *Disk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{}, vfs.ErrUnsupported
}

// Unwrap gives nil: nothing lies below.
func (d *Disk) Unwrap() vfs.FS { return nil }
