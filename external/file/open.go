package file

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/oxidb/oxidb/sqlerr"
)

// Info is a file to read. Equal Infos are the same content, as far as a file system tells.
type Info struct {
	Path     string
	Size     int64
	Modified time.Time
	// Inode and Changed tell a file from another that took its name, size and time; 0 when unknown.
	Inode   uint64
	Changed int64
}

// InfoOf describes the file at a path.
func InfoOf(path string, info fs.FileInfo) Info {
	inode, changed := changeOf(info)
	return Info{path, info.Size(), info.ModTime(), inode, changed}
}

// Open opens a file for reading at any position: 58P01 when there is none, 42809 for a directory.
func Open(fsys vfs.FS, path string) (vfs.File, error) {
	info, err := fsys.Stat(path)
	if err != nil {
		return nil, Error(err, path)
	}
	if info.IsDir() {
		return nil, sqlerr.New(sqlerr.WrongObjectType, "%q is a directory", path)
	}
	f, err := fsys.Open(path)
	if err != nil {
		return nil, Error(err, path)
	}
	return f, nil
}

// Error gives a file system's error its SQLSTATE and the path. Errors that have a SQLSTATE stay.
func Error(err error, path string) error {
	var already *sqlerr.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &already):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return sqlerr.New(sqlerr.UndefinedFile, "could not open file %q: no such file", path)
	case strings.Contains(err.Error(), "no space left"):
		return sqlerr.New(sqlerr.DiskFull, "file %q: %w", path, err)
	}
	return sqlerr.New(sqlerr.IOError, "file %q: %w", path, err)
}

// Compression is how a file's bytes are packed, told by the end of its name.
type Compression uint8

const (
	Plain Compression = iota
	Gzip
	Zstd
)

// CompressionOf tells the compression by the end of a name, and gives the name without it.
func CompressionOf(path string) (Compression, string) {
	lower := strings.ToLower(path)
	switch {
	case strings.HasSuffix(lower, ".gz"):
		return Gzip, path[:len(path)-3]
	case strings.HasSuffix(lower, ".zst"):
		return Zstd, path[:len(path)-4]
	}
	return Plain, path
}

// Stream opens a file for reading from its start, unpacked.
func Stream(fsys vfs.FS, path string, c Compression) (io.ReadCloser, error) {
	f, err := Open(fsys, path)
	if err != nil {
		return nil, err
	}
	switch c {
	case Gzip:
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, errors.Join(Damaged(path, err), f.Close())
		}
		return &unpacked{Reader: z, path: path, close: func() error { return errors.Join(z.Close(), f.Close()) }}, nil
	case Zstd:
		z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
		if err != nil {
			return nil, errors.Join(Damaged(path, err), f.Close())
		}
		return &unpacked{Reader: z, path: path, close: func() error { z.Close(); return f.Close() }}, nil
	}
	return &unpacked{Reader: f, path: path, plain: true, close: f.Close}, nil
}

// Damaged is the error of a file whose content is not what its name or its beginning promised.
func Damaged(path string, err error) error {
	return sqlerr.New(sqlerr.DataCorrupted, "file %q is damaged: %w", path, err)
}

// unpacked names the file in read errors.
type unpacked struct {
	io.Reader
	path  string
	plain bool
	close func() error
}

func (u *unpacked) Read(b []byte) (int, error) {
	n, err := u.Reader.Read(b)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	if u.plain {
		return n, Error(err, u.path)
	}
	return n, Damaged(u.path, err)
}

func (u *unpacked) Close() error { return u.close() }
