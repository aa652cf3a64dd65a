package segment

import (
	"errors"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/sqlerr"
)

// File is a sealed segment file. It is opened when its first column is read. Many goroutines may read
// it at once.
type File struct {
	fs   vfs.FS
	path string
	meta FileMeta

	mu     sync.Mutex
	handle vfs.File
	closed bool

	buffers *Buffers // may be nil
}

// NewFile names a segment file without opening it.
func NewFile(fs vfs.FS, path string, meta FileMeta) *File {
	return &File{fs: fs, path: path, meta: meta}
}

// Lend makes readers of f use b. Nobody may use f before.
func (f *File) Lend(b *Buffers) { f.buffers = b }

// Path is the file's path.
func (f *File) Path() string { return f.path }

// Meta is what the file was named with.
func (f *File) Meta() *FileMeta { return &f.meta }

// Close gives up the open handle, if any. Reads fail from then on.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	if f.handle == nil {
		return nil
	}
	err := f.handle.Close()
	f.handle = nil
	return err
}

// open gives the handle of the file, whose size and footer it checks first.
func (f *File) open() (vfs.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.handle != nil {
		return f.handle, nil
	}
	if f.closed {
		return nil, fmt.Errorf("segment %s is closed", f.path)
	}
	handle, err := f.fs.Open(f.path)
	if err != nil {
		return nil, sqlerr.New(sqlerr.DataCorrupted, "segment file %s cannot be opened: %w", f.path, err)
	}
	if err := f.checkFooter(handle); err != nil {
		return nil, errors.Join(err, handle.Close())
	}
	f.handle = handle
	return handle, nil
}

func (f *File) checkFooter(handle vfs.File) error {
	stat, err := handle.Stat()
	if err != nil {
		return err
	}
	if stat.Size() != f.meta.Size {
		return sqlerr.New(sqlerr.DataCorrupted, "segment file %s has %d bytes, expected %d", f.path, stat.Size(), f.meta.Size)
	}
	_, err = f.readChecked(handle, f.meta.FooterOffset, f.meta.Size-f.meta.FooterOffset, f.meta.FooterCRC, "the footer")
	return err
}

// readChecked reads bytes and compares their checksum (S3). They are in a buffer that may be put back.
func (f *File) readChecked(handle vfs.File, offset, length int64, crc uint32, what string) ([]byte, error) {
	data := f.buffers.take(int(length))
	if _, err := handle.ReadAt(data, offset); err != nil {
		return nil, sqlerr.New(sqlerr.IOError, "reading %s of segment file %s at offset %d: %w", what, f.path, offset, err)
	}
	if crc32.Checksum(data, castagnoli) != crc {
		return nil, sqlerr.New(sqlerr.DataCorrupted, "checksum mismatch in %s of segment file %s at offset %d", what, f.path, offset)
	}
	return data, nil
}

// ReadColumn reads the column chunk that meta describes: column number ordinal of row group number
// group. The vector is the one that was written (S2); dictionaries are shared through dicts.
func (f *File) ReadColumn(group, ordinal, rows int, meta *ColumnMeta, dicts *Dictionaries) (*columnar.Vector, error) {
	handle, err := f.open()
	if err != nil {
		return nil, err
	}
	column := f.meta.Columns[ordinal]
	data, err := f.readChecked(handle, meta.Offset, meta.Length, meta.CRC, columnOfGroup(column.Name, group))
	if err != nil {
		return nil, err
	}
	d := decoder{column: column, rows: rows, meta: meta, dicts: dicts}
	v, err := d.read(data)
	if err != nil {
		return nil, f.undecodable(column, group, err)
	}
	f.buffers.put(data)
	return v, nil
}

func columnOfGroup(name string, group int) string {
	return fmt.Sprintf("column %q, row group %d,", name, group)
}

func (f *File) undecodable(c ColumnSchema, group int, err error) error {
	return sqlerr.New(sqlerr.DataCorrupted, "column %q of row group %d in segment file %s cannot be decoded: %w", c.Name, group, f.path, err)
}
