package file

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/oxidb/oxidb/sqlerr"
)

// Output is a file being made under a temporary name beside its own. Commit gives it its name, which
// replaces an older file of that name; Abort leaves nothing.
type Output struct {
	io.Writer
	fs         vfs.FS
	path, temp string
	file       vfs.File
	buffer     *bufio.Writer
	packer     io.WriteCloser
	done       bool
}

// outputBuffer is the unit of writes to the file system.
const outputBuffer = 1 << 20

// Create starts a file whose bytes are packed as c says.
func Create(fsys vfs.FS, path string, c Compression) (*Output, error) {
	if path == "" {
		return nil, sqlerr.New(sqlerr.InvalidName, "a file name is empty")
	}
	if isDir(fsys, path) {
		return nil, sqlerr.New(sqlerr.WrongObjectType, "%q is a directory", path)
	}
	o := &Output{fs: fsys, path: path, temp: path + ".tmp-" + strconv.FormatInt(time.Now().UnixNano(), 36)}
	f, err := fsys.Create(o.temp, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, Error(err, path)
	}
	o.file, o.buffer = f, bufio.NewWriterSize(f, outputBuffer)
	o.Writer = o.buffer
	switch c {
	case Gzip:
		o.packer, err = gzip.NewWriterLevel(o.buffer, gzip.DefaultCompression)
	case Zstd:
		o.packer, err = zstd.NewWriter(o.buffer)
	}
	if err != nil {
		return nil, errors.Join(Error(err, path), o.Abort())
	}
	if o.packer != nil {
		o.Writer = o.packer
	}
	return o, nil
}

// Commit writes what is pending to the disk and gives the file its name.
func (o *Output) Commit() error {
	o.done = true
	if err := o.finish(); err != nil {
		return errors.Join(Error(err, o.path), o.fs.Remove(o.temp))
	}
	if err := o.fs.Rename(o.temp, o.path); err != nil {
		return errors.Join(Error(err, o.path), o.fs.Remove(o.temp))
	}
	return nil
}

func (o *Output) finish() (err error) {
	if o.packer != nil {
		err = o.packer.Close()
	}
	if err == nil {
		err = o.buffer.Flush()
	}
	if err == nil {
		err = o.file.Sync()
	}
	return errors.Join(err, o.file.Close())
}

// Abort removes an output that Commit has not finished; afterwards it does nothing.
func (o *Output) Abort() error {
	if o.done {
		return nil
	}
	o.done = true
	return errors.Join(o.file.Close(), o.fs.Remove(o.temp))
}
