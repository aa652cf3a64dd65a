package segment

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
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
	footer *metadata.FileMetaData
	closed bool
}

// NewFile names a segment file without opening it.
func NewFile(fs vfs.FS, path string, meta FileMeta) *File {
	return &File{fs: fs, path: path, meta: meta}
}

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

// open gives the handle and the checked footer.
func (f *File) open() (vfs.File, *metadata.FileMetaData, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.handle != nil {
		return f.handle, f.footer, nil
	}
	if f.closed {
		return nil, nil, fmt.Errorf("segment %s is closed", f.path)
	}
	handle, err := f.fs.Open(f.path)
	if err != nil {
		return nil, nil, sqlerr.New(sqlerr.DataCorrupted, "segment file %s cannot be opened: %w", f.path, err)
	}
	footer, err := f.readFooter(handle)
	if err != nil {
		return nil, nil, errors.Join(err, handle.Close())
	}
	f.handle, f.footer = handle, footer
	return handle, footer, nil
}

func (f *File) readFooter(handle vfs.File) (*metadata.FileMetaData, error) {
	stat, err := handle.Stat()
	if err != nil {
		return nil, err
	}
	if stat.Size() != f.meta.Size {
		return nil, sqlerr.New(sqlerr.DataCorrupted, "segment file %s has %d bytes, expected %d", f.path, stat.Size(), f.meta.Size)
	}
	tail, err := f.readChecked(handle, f.meta.FooterOffset, f.meta.Size-f.meta.FooterOffset, f.meta.FooterCRC, "the footer")
	if err != nil {
		return nil, err
	}
	r, err := file.NewParquetReader(&window{data: tail, at: f.meta.FooterOffset, size: f.meta.Size})
	if err != nil {
		return nil, sqlerr.New(sqlerr.DataCorrupted, "segment file %s has an unreadable footer: %w", f.path, err)
	}
	return r.MetaData(), nil
}

// readChecked reads bytes and compares their checksum (S3).
func (f *File) readChecked(handle vfs.File, offset, length int64, crc uint32, what string) ([]byte, error) {
	data := make([]byte, length)
	if _, err := handle.ReadAt(data, offset); err != nil {
		return nil, sqlerr.New(sqlerr.IOError, "reading %s of segment file %s at offset %d: %w", what, f.path, offset, err)
	}
	if crc32.Checksum(data, castagnoli) != crc {
		return nil, sqlerr.New(sqlerr.DataCorrupted, "checksum mismatch in %s of segment file %s at offset %d", what, f.path, offset)
	}
	return data, nil
}

// window is a part of a file, in memory, at its place.
type window struct {
	data []byte
	at   int64
	size int64
	pos  int64
}

func (w *window) ReadAt(p []byte, off int64) (int, error) {
	if off < w.at || off > w.at+int64(len(w.data)) {
		return 0, fmt.Errorf("read of %d bytes at %d is outside the column", len(p), off)
	}
	n := copy(p, w.data[off-w.at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (w *window) Read(p []byte) (int, error) {
	n, err := w.ReadAt(p, w.pos)
	w.pos += int64(n)
	return n, err
}

func (w *window) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
		w.pos = offset
	case io.SeekCurrent:
		w.pos += offset
	case io.SeekEnd:
		w.pos = w.size + offset
	}
	return w.pos, nil
}

// ReadColumn reads the column chunk that meta describes: column number ordinal of row group number
// group. The vector is the one that was written (S2); dictionaries are shared through dicts.
func (f *File) ReadColumn(group, ordinal, rows int, meta *ColumnMeta, dicts *Dictionaries) (*columnar.Vector, error) {
	handle, footer, err := f.open()
	if err != nil {
		return nil, err
	}
	column := f.meta.Columns[ordinal]
	data, err := f.readChecked(handle, meta.Offset, meta.Length, meta.CRC, columnOfGroup(column.Name, group))
	if err != nil {
		return nil, err
	}
	props := parquet.NewReaderProperties(memory.NewGoAllocator())
	r, err := file.NewParquetReader(&window{data: data, at: meta.Offset, size: f.meta.Size}, file.WithMetadata(footer), file.WithReadProps(props))
	if err != nil {
		return nil, f.undecodable(column, group, err)
	}
	d := decoder{column: column, rows: rows, meta: meta, dicts: dicts}
	v, err := d.read(r.RowGroup(group), ordinal)
	if err != nil {
		return nil, f.undecodable(column, group, err)
	}
	return v, nil
}

func columnOfGroup(name string, group int) string {
	return fmt.Sprintf("column %q, row group %d,", name, group)
}

func (f *File) undecodable(c ColumnSchema, group int, err error) error {
	return sqlerr.New(sqlerr.DataCorrupted, "column %q of row group %d in segment file %s cannot be decoded: %w", c.Name, group, f.path, err)
}
