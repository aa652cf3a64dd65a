package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
)

// Verify reads every file of a backup and compares it with what the backup knows, then checks the
// database that it holds, as oxidb check does. The error tells what is damaged (XX001), nil that
// nothing is.
func (d *Dir) Verify(ctx context.Context, s *Set, progress func(what string, done, total int64)) (*mvcc.CheckReport, error) {
	v := &verifier{ctx: ctx, dir: d, progress: progress, total: 2 * s.Bytes()}
	for _, f := range s.Files {
		if err := v.file(f); err != nil {
			return nil, err
		}
	}
	half := v.done
	report, err := mvcc.Check(ctx, newView(d, s), "/", mvcc.CheckOptions{Progress: func(what string, done, _ int64) {
		v.tell(what, half+done)
	}})
	if err != nil {
		return nil, err
	}
	if err := report.Err(); err != nil {
		return report, sqlerr.New(sqlerr.DataCorrupted, "backup %s: %s", s.Name, report.Findings[0])
	}
	if report.Version != s.Version {
		return report, sqlerr.New(sqlerr.DataCorrupted, "backup %s restores version %d, not %d", s.Name, report.Version, s.Version)
	}
	return report, nil
}

type verifier struct {
	ctx         context.Context
	dir         *Dir
	progress    func(what string, done, total int64)
	done, total int64
}

func (v *verifier) tell(what string, done int64) {
	if v.progress != nil {
		v.progress(what, min(done, v.total), v.total)
	}
}

func (v *verifier) file(f File) error {
	stat, err := v.dir.fs.Stat(v.dir.at(f.Stored))
	switch {
	case notThere(err):
		return sqlerr.New(sqlerr.DataCorrupted, "%s is missing", v.dir.at(f.Stored))
	case err != nil:
		return v.dir.failed("reading", f.Stored, err)
	case stat.Size() != f.Size:
		return sqlerr.New(sqlerr.DataCorrupted, "%s has %d bytes, expected %d", v.dir.at(f.Stored), stat.Size(), f.Size)
	}
	sum, err := v.dir.hash(f.Stored)
	if err != nil {
		return v.dir.failed("reading", f.Stored, err)
	}
	if sum != f.SHA256 {
		return sqlerr.New(sqlerr.DataCorrupted, "%s is not what was backed up: its SHA-256 differs", v.dir.at(f.Stored))
	}
	v.done += f.Size
	v.tell(f.Path, v.done)
	return v.ctx.Err()
}

// hash reads a file.
func (d *Dir) hash(name string) (sum string, err error) {
	f, err := d.fs.Open(d.at(name))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	if _, err := io.CopyBuffer(h, f, make([]byte, 1<<20)); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// view shows a set as the directory of a database that can only be read.
type view struct {
	vfs.FS
	root  string
	paths map[string]string   // stored files by path in the database
	names map[string][]string // the content of directories
}

func newView(d *Dir, s *Set) *view {
	v := &view{FS: d.fs, root: d.path, paths: map[string]string{}, names: map[string][]string{}}
	v.add(mvcc.Marker(s.Manifest))
	for _, f := range s.Files {
		v.add(f.Path)
		v.paths["/"+f.Path] = d.at(f.Stored)
	}
	return v
}

// add puts a path into its directories.
func (v *view) add(path string) {
	at := "/"
	for part := range strings.SplitSeq(path, "/") {
		known := false
		for _, name := range v.names[at] {
			known = known || name == part
		}
		if !known {
			v.names[at] = append(v.names[at], part)
		}
		at = v.PathJoin(at, part)
	}
}

func (v *view) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	if stored, ok := v.paths[v.PathJoin(name)]; ok {
		return v.FS.Open(stored, opts...)
	}
	return nil, &os.PathError{Op: "open", Path: name, Err: os.ErrNotExist}
}

func (v *view) List(dir string) ([]string, error) {
	if names, ok := v.names[v.PathJoin(dir)]; ok {
		return names, nil
	}
	if v.PathJoin(dir) == "/seg" {
		return nil, nil // a database without segments
	}
	return nil, &os.PathError{Op: "open", Path: dir, Err: os.ErrNotExist}
}

func (v *view) Stat(name string) (vfs.FileInfo, error) {
	name = v.PathJoin(name)
	if stored, ok := v.paths[name]; ok {
		return v.FS.Stat(stored)
	}
	if _, ok := v.names[name]; ok {
		return v.FS.Stat(v.root)
	}
	return nil, &os.PathError{Op: "stat", Path: name, Err: os.ErrNotExist}
}

// Lock says that nothing can be written here.
func (v *view) Lock(name string) (io.Closer, error) {
	return nil, &os.PathError{Op: "lock", Path: name, Err: syscall.EROFS}
}
