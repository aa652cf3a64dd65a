package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
)

// Source is the database whose log is archived.
type Source struct {
	FS    vfs.FS
	Dir   string // of the database
	UUID  wal.UUID
	First uint64 // the oldest log file that is complete
	// Segments lists the files, under Dir, that a record of the log names, and their sizes.
	Segments func(r *wal.Record) (map[string]int64, error)
}

// Archive is the archive of one database. Advance is called by one goroutine at a time, Retain and
// Reached by any.
type Archive struct {
	dir string // given by the user

	mu      sync.Mutex
	next    uint64 // the log file that is not archived whole; those from it on are needed
	lsn     uint64
	version uint64
	gap     error

	src     Source
	follow  *wal.Follower
	out     vfs.File
	at      int64  // in out
	marked  uint64 // the watermark on disk
	slot    int    // of the next one
	known   []byte // what out held when it was opened, as far as it is sound
	pending []byte
}

// New makes an archive in a directory. Until Begin it retains everything.
func New(dir string) *Archive { return &Archive{dir: dir} }

// Retain reports whether a log file is still to be archived.
func (a *Archive) Retain(number uint64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return number >= a.next
}

// Reached is the newest commit in the archive, and its last record's LSN.
func (a *Archive) Reached() (version, lsn uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.version, a.lsn
}

// Gap tells which log files the archive will never have, nil when it is whole: what lies before them in
// the archive does not lead on.
func (a *Archive) Gap() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.gap
}

// Begin goes on where the archive ends, or with the oldest log file. It may be called again after
// Advance failed.
func (a *Archive) Begin(src Source) error {
	a.src, a.pending, a.known, a.marked = src, nil, nil, Unknown // a failed Advance may have left some
	if err := a.close(); err != nil {
		return a.failed("closing", err)
	}
	if _, err := Watermark(src.FS, a.dir, src.UUID); err != nil { // it is not written over when a later version made it
		return err
	}
	logs := LogDir(src.FS, a.dir, src.UUID)
	if err := errors.Join(src.FS.MkdirAll(logs, 0o755), a.syncDirs(logs)); err != nil {
		return a.failed("creating", err)
	}
	from, err := a.position(logs)
	if err != nil {
		return err
	}
	if a.follow, err = wal.Follow(src.FS, src.FS.PathJoin(src.Dir, "wal"), src.UUID, from); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next = from
	return nil
}

// position is the log file to begin with.
func (a *Archive) position(logs string) (uint64, error) {
	there, err := wal.Files(a.src.FS, logs)
	if err != nil {
		return 0, a.failed("reading", err)
	}
	ours, err := wal.Files(a.src.FS, a.src.FS.PathJoin(a.src.Dir, "wal"))
	if err != nil {
		return 0, a.failed("reading the log", err)
	}
	if len(there) == 0 {
		if err := a.mark(0); err != nil {
			return 0, a.failed("writing", err)
		}
		return a.src.First, nil
	}
	last := there[len(there)-1]
	switch {
	case len(ours) == 0 || last > ours[len(ours)-1]:
		return 0, a.diverged(last)
	case slices.Contains(ours, last):
		return last, nil
	case slices.Contains(ours, last+1):
		leads, err := a.leads(logs, last)
		if err != nil || leads {
			return last + 1, err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gap = sqlerr.New(sqlerr.ObjectNotInPrerequisite, "the archive in %s lacks log between its file %d and the database's file %d, written while the database was not archived", a.dir, last, a.src.First).
		WithHint("Take a backup: only backups from now on lead to what is archived from now on.")
	return a.src.First, nil
}

// leads reports whether an archived log file is whole, so that the next one goes on from it.
func (a *Archive) leads(logs string, last uint64) (bool, error) {
	end, lsn, err := wal.Extent(a.src.FS, logs, a.src.UUID, last)
	if err != nil {
		return false, err
	}
	wantEnd, wantLSN, err := wal.Before(a.src.FS, a.src.FS.PathJoin(a.src.Dir, "wal"), a.src.UUID, last+1)
	return end == wantEnd && lsn == wantLSN, err
}

func (a *Archive) diverged(number uint64) error {
	return sqlerr.New(sqlerr.ObjectNotInPrerequisite, "the archive in %s has, in log file %s, what this database has not: the database was put back to an earlier state, the directory was copied, or the end of the log is damaged", a.dir, wal.FileName(number)).
		WithHint("Name another archive directory, and take a backup.")
}

// Advance archives all records up to limit, which must be on disk. After an error the archive is as
// far as Reached says, and Begin makes it go on.
func (a *Archive) Advance(ctx context.Context, limit uint64) error {
	if a.follow == nil {
		return sqlerr.New(sqlerr.InternalError, "the archive has not begun")
	}
	version, _ := a.Reached()
	for {
		p, err := a.follow.Next(limit)
		if err != nil {
			return err
		}
		if p == nil {
			break
		}
		if err := a.take(ctx, p); err != nil {
			return err
		}
		if p.Record.Type == wal.Commit {
			version = p.Record.At
		}
	}
	if err := errors.Join(a.flush(), a.sync()); err != nil {
		return a.failed("writing", err)
	}
	next, lsn := a.follow.File()
	if err := a.mark(lsn); err != nil {
		return a.failed("writing", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.version, a.next, a.lsn = version, next, lsn
	return nil
}

// take archives a piece, before it the segments that it names (A2).
func (a *Archive) take(ctx context.Context, p *wal.Piece) error {
	if p.Record.Type == 0 {
		if err := a.startFile(p.File, p.Bytes); err != nil {
			return a.failed("writing", err)
		}
	} else if err := a.segments(ctx, &p.Record); err != nil {
		return err
	}
	if known := a.known; len(known) > 0 {
		same := min(len(known), len(p.Bytes))
		if !bytes.Equal(known[:same], p.Bytes[:same]) {
			return a.diverged(p.File)
		}
		a.known = known[same:]
	}
	a.pending = append(a.pending, p.Bytes...)
	if len(a.pending) < copyStep {
		return ctx.Err()
	}
	if err := a.flush(); err != nil {
		return a.failed("writing", err)
	}
	return ctx.Err()
}

// startFile ends one log file's copy and opens the next's, which begins with a header.
func (a *Archive) startFile(number uint64, header []byte) error {
	if err := errors.Join(a.flush(), a.sync()); err != nil {
		return err
	}
	if len(a.known) > 0 {
		return a.diverged(number - 1)
	}
	if a.out != nil {
		err := a.out.Close()
		a.out = nil
		if err != nil {
			return err
		}
	}
	logs := LogDir(a.src.FS, a.dir, a.src.UUID)
	path := a.src.FS.PathJoin(logs, wal.FileName(number))
	a.known, a.at = nil, 0
	if _, err := a.src.FS.Stat(path); err == nil {
		if a.known, err = sound(a.src, logs, number); err != nil {
			return err
		}
	}
	if len(a.known) == 0 {
		if err := putHeader(a.src.FS, path, header); err != nil {
			return err
		}
	}
	out, err := a.src.FS.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	a.out = out
	return wal.SyncDir(a.src.FS, logs)
}

// putHeader makes a log file that has its name only once its header is on disk (A4).
func putHeader(fs vfs.FS, path string, header []byte) error {
	f, err := fs.Create(path+".tmp", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(bytes.Clone(header)) // a file system may change what it is given
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return fs.Rename(path+".tmp", path)
}

// sound is the bytes of an archived log file that are records. A torn end is written anew.
func sound(src Source, logs string, number uint64) (data []byte, err error) {
	end, _, err := wal.Extent(src.FS, logs, src.UUID, number)
	if err == nil && end == 0 { // it had its header before it had its name (A4): the file is another's
		_, _, err = wal.Verify(src.FS, logs, src.UUID, number, Unknown)
	}
	if err != nil {
		return nil, err
	}
	f, err := src.FS.Open(src.FS.PathJoin(logs, wal.FileName(number)))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data = make([]byte, end)
	_, err = f.ReadAt(data, 0)
	return data, err
}

// flush writes what is pending.
func (a *Archive) flush() error {
	if len(a.pending) == 0 {
		return nil
	}
	n, err := a.out.WriteAt(a.pending, a.at)
	a.at += int64(n)
	a.pending = a.pending[:0]
	return err
}

func (a *Archive) sync() error {
	if a.out == nil {
		return nil
	}
	return a.out.SyncData()
}

// segments copies the segments that a record names and that are not there.
func (a *Archive) segments(ctx context.Context, r *wal.Record) error {
	files, err := a.src.Segments(r)
	if err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		size := files[path]
		to := a.src.FS.PathJoin(Dir(a.src.FS, a.dir, a.src.UUID), path)
		if stat, err := a.src.FS.Stat(to); err == nil && stat.Size() == size {
			continue
		}
		dir := a.src.FS.PathDir(to)
		if err := a.src.FS.MkdirAll(dir, 0o755); err != nil {
			return a.failed("writing", err)
		}
		from := a.src.FS.PathJoin(a.src.Dir, path)
		err := CopyFile(ctx, a.src.FS, from, to, size)
		if errors.Is(err, io.EOF) {
			err = sqlerr.New(sqlerr.DataCorrupted, "%s is shorter than the %d bytes that the log says", from, size)
		}
		if err != nil {
			return a.failed("copying "+from+" to", err)
		}
		if err := a.syncDirs(dir); err != nil {
			return a.failed("writing", err)
		}
	}
	return nil
}

// syncDirs makes a new directory's name and content durable, up to the archive's own name.
func (a *Archive) syncDirs(dir string) error {
	fs := a.src.FS
	var err error
	for stop := fs.PathDir(a.dir); ; dir = fs.PathDir(dir) {
		err = errors.Join(err, wal.SyncDir(fs, dir))
		if dir == stop || dir == fs.PathDir(dir) {
			return err
		}
	}
}

// Close ends the archive's files.
func (a *Archive) Close() error {
	if err := a.close(); err != nil {
		return a.failed("closing", err)
	}
	return nil
}

func (a *Archive) close() error {
	var err error
	if a.follow != nil {
		err = a.follow.Close()
		a.follow = nil
	}
	if a.out != nil {
		err = errors.Join(err, a.out.Close())
		a.out = nil
	}
	return err
}

// failed gives an error of the file system its SQLSTATE.
func (a *Archive) failed(doing string, err error) error {
	var known *sqlerr.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return sqlerr.New(sqlerr.QueryCanceled, "archiving was interrupted")
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return sqlerr.New(sqlerr.DiskFull, "%s the archive in %s: no space left on device", doing, a.dir).
			WithHint("The database goes on and keeps its log until the archive has room again.")
	case errors.Is(err, fs.ErrPermission):
		return sqlerr.New(sqlerr.InsufficientPrivilege, "%w", fmt.Errorf("%s the archive in %s: %w", doing, a.dir, err))
	}
	return sqlerr.New(sqlerr.IOError, "%w", fmt.Errorf("%s the archive in %s: %w", doing, a.dir, err))
}
