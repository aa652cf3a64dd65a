package mvcc

import (
	"errors"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// blockBytes is what a segment file is written by, and blockAlign where blocks begin, in the file and in
// memory.
const (
	blockBytes = 4 << 20
	blockAlign = 4 << 10
)

// segmentFile writes a new file in large blocks. On files of the operating system whole blocks go to the
// disk past its cache, behind the back of whoever fills the next one: copying them into the cache costs
// as much as encoding them does. It belongs to one goroutine.
type segmentFile struct {
	file  vfs.File
	block []byte // being filled, up to its capacity

	// All nil until the first block is full, and for ever on files that have no descriptor.
	full   chan []byte // to the goroutine that writes
	free   chan []byte // and back
	ended  chan struct{}
	failed atomic.Pointer[error]
}

func newSegmentFile(f vfs.File) *segmentFile { return &segmentFile{file: f} }

// Write takes p. A block's failure may be told by a later call.
func (f *segmentFile) Write(p []byte) (int, error) {
	taken := len(p)
	for len(p) > 0 {
		if len(f.block) == cap(f.block) { // at first, or when a small file turns out to be none
			f.block = append(alignedBlock(max(4*cap(f.block), blockAlign)), f.block...)
		}
		n := min(cap(f.block)-len(f.block), len(p))
		f.block = append(f.block, p[:n]...)
		p = p[n:]
		if len(f.block) == blockBytes {
			if err := f.flush(); err != nil {
				return 0, err
			}
		}
	}
	return taken, nil
}

// flush hands over a full block.
func (f *segmentFile) flush() error {
	if f.full == nil && !f.startDirect() {
		_, err := f.file.Write(f.block)
		f.block = f.block[:0]
		return err
	}
	f.full <- f.block
	f.block = <-f.free
	return f.failure()
}

func (f *segmentFile) failure() error {
	if err := f.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// startDirect starts the goroutine that writes blocks, false where files cannot be written so.
func (f *segmentFile) startDirect() bool {
	if fd := f.file.Fd(); fd == vfs.InvalidFd || setDirect(fd, true) != nil {
		return false
	}
	const blocks = 3 // one being filled, one being written, one waiting
	f.full, f.free, f.ended = make(chan []byte, blocks), make(chan []byte, blocks), make(chan struct{})
	for range blocks - 1 {
		f.free <- alignedBlock(blockBytes)
	}
	go func() {
		defer close(f.ended)
		for block := range f.full {
			if f.failed.Load() == nil {
				if err := f.writeDirect(block); err != nil {
					f.failed.Store(&err)
				}
			}
			f.free <- block[:0]
		}
	}()
	return true
}

// writeDirect writes a block, through the operating system's cache after all when the file system
// wants other alignments.
func (f *segmentFile) writeDirect(block []byte) error {
	n, err := f.file.Write(block)
	if !errors.Is(err, syscall.EINVAL) {
		return err
	}
	if err := setDirect(f.file.Fd(), false); err != nil {
		return err
	}
	_, err = f.file.Write(block[n:])
	return err
}

// stop waits for the blocks handed over.
func (f *segmentFile) stop() error {
	if f.full == nil {
		return nil
	}
	close(f.full)
	<-f.ended
	f.full, f.free = nil, nil
	return errors.Join(f.failure(), setDirect(f.file.Fd(), false))
}

// Sync writes what is left and waits until the whole file is on disk. Nothing may be written afterwards.
func (f *segmentFile) Sync() error {
	if err := f.stop(); err != nil {
		return err
	}
	if len(f.block) > 0 {
		if _, err := f.file.Write(f.block); err != nil {
			return err
		}
	}
	f.block = nil
	return f.file.Sync()
}

// Close closes the file, complete or not.
func (f *segmentFile) Close() error {
	_ = f.stop() // the caller knows already, or gives the file up
	return f.file.Close()
}

// alignedBlock is an empty block with room for size bytes.
func alignedBlock(size int) []byte {
	b := make([]byte, size+blockAlign)
	skip := -uintptr(unsafe.Pointer(&b[0])) % blockAlign
	return b[skip : skip : int(skip)+size]
}
