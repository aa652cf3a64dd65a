package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/archive"
	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
)

// Options of a backup.
type Options struct {
	// Progress is told of bytes dealt with; nil for nobody. What names the file at hand.
	Progress func(what string, done, total int64)
	// Version of OxiDB, for the record.
	Version string
}

// Result is what a backup did.
type Result struct {
	Set         *Set
	Copied      int // files
	CopiedBytes int64
	Shared      int // files that an earlier backup had brought
	SharedBytes int64
}

// Run backs up an open database into a directory, which is made when it does not exist. Commits and
// checkpoints go on meanwhile; everything acknowledged when Run is called is in the backup. Errors:
// 55000 when the directory holds something else, 55006 when another backup runs there, XX001 when a file
// of the database is damaged: then there is no new backup, and the old ones are as before.
func Run(ctx context.Context, store *mvcc.Store, path string, o Options) (r *Result, err error) {
	image, err := store.Image(ctx)
	if err != nil {
		return nil, err
	}
	defer image.Release()
	d := &Dir{fs: image.FS, path: image.FS.PathJoin(path)}
	if err := d.outside(image.Dir); err != nil {
		return nil, err
	}
	unlock, err := d.prepare()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	w := &writer{ctx: ctx, dir: d, image: image, options: o, result: &Result{}}
	if err := w.run(); err != nil {
		return nil, w.interrupted(err)
	}
	return w.result, nil
}

// outside refuses a directory within the database, and one that the database lies in.
func (d *Dir) outside(database string) error {
	database = d.fs.PathJoin(database)
	if d.path == database || strings.HasPrefix(d.path, database+"/") || strings.HasPrefix(database, d.path+"/") {
		return sqlerr.New(sqlerr.InvalidParameterValue, "backups in %s and the database in %s must not lie within each other", d.path, database).
			WithHint("Choose a directory on another disk.")
	}
	return nil
}

// prepare makes the directory, locks it, and removes what interrupted backups left.
func (d *Dir) prepare() (unlock func() error, err error) {
	if err := d.create(); err != nil {
		return nil, err
	}
	lock, err := d.fs.Lock(d.at(lockFile))
	var denied *fs.PathError // of making the file; a lock held elsewhere has no path
	if errors.As(err, &denied) {
		return nil, d.failed("locking", lockFile, err)
	}
	if err != nil {
		return nil, sqlerr.New(sqlerr.ObjectInUse, "another backup into %s is running", d.path)
	}
	if err := d.removeUnfinished(); err != nil {
		return nil, errors.Join(d.failed("cleaning", "", err), lock.Close())
	}
	return lock.Close, nil
}

func (d *Dir) create() error {
	names, err := d.fs.List(d.path)
	switch {
	case err == nil && slices.Contains(names, formatFile):
		_, err := Open(d.fs, d.path)
		return err
	case err != nil && !notThere(err):
		return d.failed("reading", "", err)
	}
	sets, _ := d.setNames()
	names = slices.DeleteFunc(names, func(name string) bool { // what an interrupted creation may have left
		return name == lockFile || name == formatFile+".tmp" || name == setsDir && len(sets) == 0
	})
	if len(names) > 0 {
		return sqlerr.New(sqlerr.ObjectNotInPrerequisite, "directory %s is not one of backups and not empty: it holds %s", d.path, names[0])
	}
	if stat, err := d.fs.Stat(d.path); err == nil && !stat.IsDir() {
		return sqlerr.New(sqlerr.WrongObjectType, "%s is not a directory", d.path)
	}
	if err := d.fs.MkdirAll(d.at(setsDir), 0o755); err != nil {
		return d.failed("creating", setsDir, err)
	}
	if err := errors.Join(d.write(formatFile, []byte(formatText)), wal.SyncDir(d.fs, d.fs.PathDir(d.path))); err != nil {
		return d.failed("creating", formatFile, err)
	}
	return nil
}

// removeUnfinished removes sets without a description, and files half copied.
func (d *Dir) removeUnfinished() error {
	names, err := d.setNames()
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := d.Set(name); sqlerr.StateOf(err) != sqlerr.UndefinedObject {
			continue
		}
		if err := d.fs.RemoveAll(d.at(d.fs.PathJoin(setsDir, name))); err != nil {
			return err
		}
	}
	return nil
}

// writer makes one backup.
type writer struct {
	ctx     context.Context
	dir     *Dir
	image   *mvcc.Image
	options Options
	result  *Result
	known   map[string]File // by stored name, of earlier sets
	total   int64
	done    int64
	current *logCopy
}

func (w *writer) interrupted(err error) error {
	if w.ctx.Err() != nil {
		return sqlerr.New(sqlerr.QueryCanceled, "the backup into %s was interrupted; earlier ones are as before", w.dir.path)
	}
	return err
}

func (w *writer) run() error {
	sets, _ := w.dir.Sets() // a damaged one shares nothing
	w.known = map[string]File{}
	for _, s := range sets {
		for _, f := range s.Files {
			w.known[f.Stored] = f
		}
	}
	set := &Set{
		Database: hex.EncodeToString(w.image.UUID[:]), Oxidb: w.options.Version, Created: w.image.Taken,
		Base: w.image.Base, BaseTime: w.image.BaseTime, Version: w.image.Base, Time: w.image.BaseTime,
		LSN: w.image.LSN, FirstLog: w.image.FirstLog, Manifest: w.image.Manifest,
	}
	w.result.Set = set
	var err error
	if set.Name, err = w.dir.newName(set.Created); err != nil {
		return err
	}
	for _, f := range w.image.Segments {
		w.total += f.Meta.Size
	}
	for i := range w.image.Segments {
		if err := w.segment(&w.image.Segments[i]); err != nil {
			return err
		}
	}
	if err := w.dir.fs.MkdirAll(w.dir.at(w.own("wal")), 0o755); err != nil {
		return w.dir.failed("creating", w.own("wal"), err)
	}
	if err := errors.Join(w.log(), w.closeLog()); err != nil {
		return err
	}
	return w.finish()
}

// newName gives a name that sorts behind those of all sets there are.
func (d *Dir) newName(created time.Time) (string, error) {
	names, err := d.setNames()
	if err != nil {
		return "", err
	}
	last := 0
	for _, name := range names {
		var n int
		if _, err := fmt.Sscanf(name, "%06d-", &n); err == nil {
			last = max(last, n)
		}
	}
	return fmt.Sprintf("%06d-%s", last+1, created.Format("20060102T150405Z")), nil
}

// own is where a file of this set alone is stored.
func (w *writer) own(name string) string {
	return w.dir.fs.PathJoin(setsDir, w.result.Set.Name, name)
}

// stored is the name of a segment: the same for the same content.
func (w *writer) stored(f *mvcc.SegmentFile) string {
	base := strings.TrimSuffix(f.Path, ".parquet")
	return fmt.Sprintf("%s-%08x-%x.parquet", base, f.Meta.FooterCRC, f.Meta.Size)
}

// segment brings a segment into the directory, unless an earlier backup did.
func (w *writer) segment(f *mvcc.SegmentFile) error {
	stored := w.stored(f)
	for _, there := range w.result.Set.Files {
		if there.Stored == stored {
			return nil
		}
	}
	known, ok := w.known[stored]
	if stat, err := w.dir.fs.Stat(w.dir.at(stored)); err != nil || stat.Size() != f.Meta.Size {
		return w.copy(f, stored)
	}
	if !ok {
		var err error
		if known, err = w.leftover(f, stored); err != nil {
			return w.copy(f, stored)
		}
	}
	known.Path = f.Path
	w.result.Shared++
	w.result.SharedBytes += known.Size
	w.result.Set.Files = append(w.result.Set.Files, known)
	w.progress(f.Path, known.Size)
	return nil
}

// leftover takes what an interrupted backup copied, if it is sound.
func (w *writer) leftover(f *mvcc.SegmentFile, stored string) (File, error) {
	if err := w.check(f, stored, w.dir.at(stored)); err != nil {
		return File{}, err
	}
	sum, err := w.dir.hash(stored)
	return File{Stored: stored, Size: f.Meta.Size, SHA256: sum}, err
}

func (w *writer) copy(f *mvcc.SegmentFile, stored string) error {
	to := w.dir.at(stored)
	if err := w.dir.fs.MkdirAll(w.dir.fs.PathDir(to), 0o755); err != nil {
		return w.dir.failed("creating", stored, err)
	}
	from := w.image.FS.PathJoin(w.image.Dir, f.Path)
	hash := sha256.New()
	err := archive.CopyFile(w.ctx, w.dir.fs, from, to, f.Meta.Size, hash)
	if err != nil {
		return failed("copying "+from+" to", to, err)
	}
	if err := w.check(f, from, to); err != nil {
		return err
	}
	w.result.Copied++
	w.result.CopiedBytes += f.Meta.Size
	w.result.Set.Files = append(w.result.Set.Files, File{Path: f.Path, Stored: stored, Size: f.Meta.Size, SHA256: hex.EncodeToString(hash.Sum(nil))})
	w.progress(f.Path, f.Meta.Size)
	return nil
}

// check reads the copy back and compares it with what the manifest knows (B3).
func (w *writer) check(f *mvcc.SegmentFile, from, to string) (err error) {
	copied := segment.NewFile(w.dir.fs, to, f.Meta)
	defer func() { err = errors.Join(err, copied.Close()) }()
	if err := CheckSegment(copied, f); err != nil {
		return errors.Join(sqlerr.New(sqlerr.DataCorrupted, "%s cannot be backed up: %w", from, err).
			WithHint("oxidb check tells what else is damaged; an earlier backup may have the file."), w.dir.fs.Remove(to))
	}
	return nil
}

// CheckSegment compares a copy of a segment with the checksums that its database keeps.
func CheckSegment(file *segment.File, f *mvcc.SegmentFile) error {
	if err := file.CheckFrame(); err != nil {
		return err
	}
	for _, group := range slices.Sorted(maps.Keys(f.Groups)) {
		meta := f.Groups[group]
		if err := file.CheckSums(group, meta); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) progress(what string, bytes int64) {
	w.done += bytes
	if w.options.Progress != nil {
		w.options.Progress(what, w.done, max(w.total, w.done))
	}
}

// finish makes everything durable and then the set exist (B1).
func (w *writer) finish() error {
	set := w.result.Set
	manifest := w.own(set.Manifest)
	sum := sha256.Sum256(w.image.Content)
	if err := w.dir.write(manifest, w.image.Content); err != nil {
		return w.dir.failed("writing", manifest, err)
	}
	set.Files = append(set.Files, File{Path: set.Manifest, Stored: manifest, Size: int64(len(w.image.Content)), SHA256: hex.EncodeToString(sum[:])})
	w.result.Copied++
	w.result.CopiedBytes += int64(len(w.image.Content))
	dirs := map[string]bool{w.dir.path: true}
	for _, f := range set.Files {
		for at := w.dir.fs.PathDir(w.dir.at(f.Stored)); len(at) > len(w.dir.path); at = w.dir.fs.PathDir(at) {
			dirs[at] = true
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(dirs)) { // in an order: a proof must be able to do the same again
		if err := wal.SyncDir(w.dir.fs, dir); err != nil {
			return failed("syncing", dir, err)
		}
	}
	raw, err := set.encode()
	if err != nil {
		return err
	}
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if err := w.dir.write(w.own(setFile), raw); err != nil {
		return w.dir.failed("writing", w.own(setFile), err)
	}
	return nil
}
