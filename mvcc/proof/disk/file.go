package disk

import (
	"errors"
	"io"
	"maps"
	"os"
	"path"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const pageSize = 4096

// page is a part of a file. One that is shared is never written again.
type page struct {
	data   [pageSize]byte
	shared bool
}

// content is what a file holds; a nil page is a hole.
type content struct {
	pages []*page
	size  int64
}

// share gives a copy. Its pages belong to both.
func (c *content) share() content {
	for _, p := range c.pages {
		if p != nil && !p.shared { // one that is shared belongs to other disks, too: not even this may be written
			p.shared = true
		}
	}
	return content{pages: append([]*page(nil), c.pages...), size: c.size}
}

// at gives a page for writing.
func (c *content) at(i int64) *page {
	for int64(len(c.pages)) <= i {
		c.pages = append(c.pages, nil)
	}
	switch p := c.pages[i]; {
	case p == nil:
		c.pages[i] = &page{}
	case p.shared:
		c.pages[i] = &page{data: p.data}
	}
	return c.pages[i]
}

func (c *content) write(b []byte, at int64) {
	c.size = max(c.size, at+int64(len(b)))
	for len(b) > 0 {
		n := copy(c.at(at / pageSize).data[at%pageSize:], b)
		b, at = b[n:], at+int64(n)
	}
}

func (c *content) read(b []byte, at int64) int {
	b = b[:max(0, min(int64(len(b)), c.size-at))]
	for done := 0; done < len(b); {
		i, offset := (at+int64(done))/pageSize, (at+int64(done))%pageSize
		part := b[done:min(len(b), done+int(pageSize-offset))]
		if i < int64(len(c.pages)) && c.pages[i] != nil {
			copy(part, c.pages[i].data[offset:])
		} else {
			clear(part)
		}
		done += len(part)
	}
	return len(b)
}

func (c *content) bytes() []byte {
	b := make([]byte, c.size)
	c.read(b, 0)
	return b
}

// file is an open file or directory. It belongs to one goroutine at a time, but for ReadAt and Sync.
type file struct {
	disk   *Disk
	node   *node
	path   string
	offset int64
}

// Close gives up the file.
func (f *file) Close() error { return f.disk.act(Close, f.path, func() error { return nil }) }

// Read reads on from the last place.
func (f *file) Read(b []byte) (int, error) {
	n, err := f.ReadAt(b, f.offset)
	f.offset += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// ReadAt reads from a place.
func (f *file) ReadAt(b []byte, at int64) (n int, err error) {
	err = f.disk.act(Read, f.path, func() error {
		n = f.node.now.read(b, at)
		return nil
	})
	if err == nil && n < len(b) {
		err = io.EOF
	}
	return n, err
}

// Write writes on from the last place.
func (f *file) Write(b []byte) (int, error) {
	n, err := f.WriteAt(b, f.offset)
	f.offset += int64(n)
	return n, err
}

// WriteAt writes at a place.
func (f *file) WriteAt(b []byte, at int64) (int, error) {
	err := f.disk.before(Write, f.path)
	if errors.Is(err, ErrLie) {
		return len(b), nil
	}
	var short *Short
	switch {
	case errors.As(err, &short):
		b = b[:len(b)/2]
	case err != nil:
		return 0, pathError(Write, f.path, err)
	}
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.node.now.write(b, at)
	f.node.dirty = true
	if short != nil {
		return len(b), pathError(Write, f.path, short.Err)
	}
	return len(b), nil
}

// Preallocate reserves room, of which there is enough.
func (f *file) Preallocate(int64, int64) error {
	return f.disk.act(Preallocate, f.path, func() error { return nil })
}

// Stat describes the file.
func (f *file) Stat() (info vfs.FileInfo, err error) {
	err = f.disk.act(Stat, f.path, func() error {
		info = f.node.info(f.path)
		return nil
	})
	return info, err
}

func (n *node) sync() {
	if n.entries != nil {
		if len(n.pending) > 0 {
			n.durable, n.pending = maps.Clone(n.entries), nil
		}
		return
	}
	if n.dirty {
		n.synced, n.dirty = n.now.share(), false
	}
}

func (f *file) sync(kind Kind) error {
	if f.node.entries != nil {
		kind = SyncDir
	}
	return f.disk.act(kind, f.path, func() error {
		f.node.sync()
		return nil
	})
}

// Sync makes the content durable; of a directory, the names.
func (f *file) Sync() error { return f.sync(Sync) }

// SyncData is Sync.
func (f *file) SyncData() error { return f.sync(SyncData) }

// SyncTo promises nothing.
func (f *file) SyncTo(int64) (bool, error) {
	return false, f.disk.act(SyncTo, f.path, func() error { return nil })
}

// Prefetch does nothing.
func (f *file) Prefetch(int64, int64) error { return nil }

// Fd is not there.
func (f *file) Fd() uintptr { return vfs.InvalidFd }

// info is a vfs.FileInfo.
type info struct {
	name string
	size int64
	dir  bool
}

func (n *node) info(name string) info {
	return info{name: path.Base(name), size: n.now.size, dir: n.entries != nil}
}

func (i info) Name() string           { return i.name }
func (i info) Size() int64            { return i.size }
func (i info) ModTime() time.Time     { return time.Time{} }
func (i info) IsDir() bool            { return i.dir }
func (i info) Sys() any               { return nil }
func (i info) DeviceID() vfs.DeviceID { return vfs.DeviceID{} }

func (i info) Mode() os.FileMode {
	if i.dir {
		return os.ModeDir | 0o755
	}
	return 0o644
}
