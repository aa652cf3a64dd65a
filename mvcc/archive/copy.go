package archive

import (
	"context"
	"errors"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// copyStep is how much of a file is copied at once.
const copyStep = 1 << 20

// CopyFile copies a file of size bytes and makes the copy durable but for its name: the name is to only
// once all is written. What passes is told to each of also.
func CopyFile(ctx context.Context, fs vfs.FS, from, to string, size int64, also ...io.Writer) (err error) {
	in, err := fs.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if err := write(ctx, fs, in, to+".tmp", size, also); err != nil {
		_ = fs.Remove(to + ".tmp") // a leftover is written over
		return err
	}
	return fs.Rename(to+".tmp", to)
}

func write(ctx context.Context, fs vfs.FS, in io.ReaderAt, to string, size int64, also []io.Writer) error {
	out, err := fs.Create(to, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	buf := make([]byte, min(copyStep, max(size, 1)))
	for at := int64(0); at < size && err == nil; {
		part := buf[:min(int64(len(buf)), size-at)]
		if _, err = in.ReadAt(part, at); err != nil {
			break
		}
		for _, w := range also {
			if _, e := w.Write(part); e != nil {
				err = e
			}
		}
		at += int64(len(part))
		if err == nil {
			_, err = out.Write(part)
		}
		err = errors.Join(err, ctx.Err())
	}
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}
