package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/archive"
	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
)

// Goal is how far a restore goes: to the newest commit at or before it. The zero value is as far as
// there is log. At most one field is set.
type Goal struct {
	Time    time.Time
	Version mvcc.Timestamp
	LSN     uint64
}

func (g Goal) String() string {
	switch {
	case !g.Time.IsZero():
		return g.Time.UTC().Format("2006-01-02 15:04:05.999999Z07:00")
	case g.Version != 0:
		return fmt.Sprintf("version %d", g.Version)
	}
	return fmt.Sprintf("LSN %d", g.LSN)
}

// reached reports whether a commit lies at or before the goal.
func (g Goal) reached(at mvcc.Timestamp, when time.Time, lsn uint64) bool {
	switch {
	case !g.Time.IsZero():
		return !when.After(g.Time)
	case g.Version != 0:
		return at <= g.Version
	case g.LSN != 0:
		return lsn <= g.LSN
	}
	return true
}

// RestoreOptions say what to restore.
type RestoreOptions struct {
	Set      string // the backup to begin with; "" is the best one for the goal
	Archive  string // the directory that the database's log was archived to; "" for none
	Goal     Goal
	Progress func(what string, done, total int64)
}

// Restored is what a restore brought back.
type Restored struct {
	Set     *Set
	Version mvcc.Timestamp
	Time    time.Time // when that was committed; zero when unknown
	Files   int
	Bytes   int64
	Commits int // taken from the log
}

// Restore makes a database in a new or empty directory from a backup, and from the archived log behind
// it. The database gets an identity of its own. Errors: 55000 when the directory holds something, 22023
// when the goal lies before the oldest backup or behind the end of the log, XX001 when a file is damaged
// or missing. After an error or a crash the directory cannot be opened; restoring again begins anew.
func (d *Dir) Restore(ctx context.Context, to string, o RestoreOptions) (*Restored, error) {
	to = d.fs.PathJoin(to)
	set, err := d.choose(&o)
	if err != nil {
		return nil, err
	}
	uuid, err := set.uuid()
	if err != nil {
		return nil, err
	}
	r := &restorer{ctx: ctx, dir: d, fs: d.fs, set: set, uuid: uuid, to: to, options: o, there: map[string]bool{}, total: set.Bytes(), out: &Restored{Set: set}}
	if err := r.run(); err != nil {
		if ctx.Err() != nil {
			return nil, sqlerr.New(sqlerr.QueryCanceled, "the restore into %s was interrupted", to)
		}
		return nil, err
	}
	return r.out, nil
}

// choose finds the newest backup that does not go beyond the goal. A damaged one that is newer is an error
// when there is no goal: older ones may lead to less.
func (d *Dir) choose(o *RestoreOptions) (*Set, error) {
	if o.Set != "" {
		s, err := d.Set(o.Set)
		if err == nil && !s.before(o.Goal) {
			return nil, tooEarly(o.Goal, s)
		}
		return s, err
	}
	sets, damaged := d.Sets()
	if o.Goal == (Goal{}) && damaged != nil {
		if err := d.newestDamaged(sets); err != nil {
			return nil, err
		}
	}
	for i := len(sets) - 1; i >= 0; i-- {
		if sets[i].before(o.Goal) {
			return sets[i], nil
		}
	}
	switch {
	case damaged != nil:
		return nil, damaged
	case len(sets) == 0:
		return nil, sqlerr.New(sqlerr.UndefinedObject, "there is no finished backup in %s", d.path)
	}
	return nil, tooEarly(o.Goal, sets[0])
}

// newestDamaged reports a damaged backup behind the newest sound one.
func (d *Dir) newestDamaged(sound []*Set) error {
	names, err := d.setNames()
	if err != nil {
		return err
	}
	last := ""
	if len(sound) > 0 {
		last = sound[len(sound)-1].Name
	}
	for _, name := range slices.Backward(names) {
		if name <= last {
			return nil
		}
		_, err := d.Set(name)
		var known *sqlerr.Error
		if !errors.As(err, &known) || known.State == sqlerr.UndefinedObject {
			continue
		}
		if last != "" {
			hint := ""
			if known.State == sqlerr.FeatureNotSupported {
				hint = known.Hint + " "
			}
			known = known.WithHint("%sBackup %s before it is sound: restore it by its name (--set). It may lead to less.", hint, last)
		}
		return known
	}
	return nil
}

func tooEarly(g Goal, s *Set) error {
	return sqlerr.New(sqlerr.InvalidParameterValue, "backup %s holds nothing as old as %v", s.Name, g).
		WithDetail("The oldest version that it leads to is %d, committed %s, at LSN %d.", s.Base, s.baseTime().Format(time.RFC3339Nano), s.BaseLSN)
}

// baseTime is when the newest commit of the manifest was made, at the latest.
func (s *Set) baseTime() time.Time {
	if s.BaseTime.IsZero() && s.Base > 0 {
		return s.Created
	}
	return s.BaseTime
}

// before reports whether the set's manifest lies at or before the goal: its log goes on from there.
func (s *Set) before(g Goal) bool {
	if g.LSN != 0 {
		return s.BaseLSN <= g.LSN
	}
	return g.reached(s.Base, s.baseTime(), 0)
}

// restorer makes one database.
type restorer struct {
	ctx     context.Context
	dir     *Dir
	fs      vfs.FS
	set     *Set
	uuid    wal.UUID
	to      string
	options RestoreOptions
	there   map[string]bool // paths restored
	done    int64
	total   int64
	out     *Restored
}

func (r *restorer) run() error {
	unlock, err := r.begin()
	if err != nil {
		return err
	}
	err = r.files()
	if err == nil {
		err = r.log()
	}
	if err == nil {
		err = r.finish()
	}
	if err = errors.Join(err, unlock()); err != nil {
		return err
	}
	version, err := mvcc.Adopt(r.ctx, r.fs, r.to, mvcc.Options{CheckpointBytes: -1})
	if err != nil {
		return err
	}
	r.out.Version = version
	return nil
}

// begin takes the directory: a new one, an empty one, or one that an earlier restore left unfinished.
func (r *restorer) begin() (unlock func() error, err error) {
	if stat, err := r.fs.Stat(r.to); err == nil && !stat.IsDir() {
		return nil, sqlerr.New(sqlerr.WrongObjectType, "%s is not a directory", r.to)
	}
	if err := r.fs.MkdirAll(r.to, 0o755); err != nil {
		return nil, failed("creating", r.to, err)
	}
	names, err := r.fs.List(r.to)
	if err != nil {
		return nil, failed("reading", r.to, err)
	}
	if err := r.refuse(names); err != nil {
		return nil, err
	}
	lock, err := r.fs.Lock(r.path("LOCK"))
	if err != nil {
		return nil, sqlerr.New(sqlerr.ObjectInUse, "another restore into %s is running: %w", r.to, err)
	}
	mark := func() error {
		f, err := r.fs.Create(r.path(mvcc.RestoringFile), vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close(), wal.SyncDir(r.fs, r.to), wal.SyncDir(r.fs, r.fs.PathDir(r.to)))
	}
	if err := mark(); err != nil {
		return nil, errors.Join(failed("creating", r.path(mvcc.RestoringFile), err), lock.Close())
	}
	for _, name := range names {
		if name == "LOCK" || name == mvcc.RestoringFile {
			continue
		}
		if err := r.fs.RemoveAll(r.path(name)); err != nil {
			return nil, errors.Join(failed("removing", r.path(name), err), lock.Close())
		}
	}
	return lock.Close, nil
}

// refuse keeps a restore from writing over anything but what an earlier one left.
func (r *restorer) refuse(names []string) error {
	for _, name := range names {
		if name == mvcc.RestoringFile {
			return nil
		}
	}
	var refusal error
	for _, name := range names {
		switch {
		case name == "LOCK":
		case strings.HasPrefix(name, "marker.") || strings.HasPrefix(name, "MANIFEST-"):
			return sqlerr.New(sqlerr.ObjectNotInPrerequisite, "directory %s holds a database; a restore never writes over one", r.to).
				WithHint("Restore into a new directory, then move the old one away.")
		default:
			refusal = sqlerr.New(sqlerr.ObjectNotInPrerequisite, "directory %s is not empty: it holds %s", r.to, name).WithHint("Restore into a new directory.")
		}
	}
	return refusal
}

func (r *restorer) path(name string) string { return r.fs.PathJoin(r.to, name) }

// files copies what the set has, comparing it with what was backed up.
func (r *restorer) files() error {
	for _, f := range r.set.Files {
		hash := sha256.New()
		if err := r.parent(f.Path); err != nil {
			return err
		}
		from := r.dir.at(f.Stored)
		stat, err := r.fs.Stat(from)
		switch {
		case notThere(err):
			return sqlerr.New(sqlerr.DataCorrupted, "%s is missing", from)
		case err != nil:
			return failed("reading", from, err)
		case stat.Size() != f.Size:
			return sqlerr.New(sqlerr.DataCorrupted, "%s has %d bytes, expected %d", from, stat.Size(), f.Size)
		}
		if err := archive.CopyFile(r.ctx, r.fs, from, r.path(f.Path), f.Size, hash); err != nil {
			return failed("copying "+from+" to", r.path(f.Path), err)
		}
		if hex.EncodeToString(hash.Sum(nil)) != f.SHA256 {
			return sqlerr.New(sqlerr.DataCorrupted, "%s is not what was backed up: its SHA-256 differs", from).
				WithHint("oxidb verify-backup tells which backups are sound.")
		}
		r.copied(f.Path, f.Size)
	}
	return nil
}

func (r *restorer) parent(path string) error {
	if err := r.fs.MkdirAll(r.fs.PathDir(r.path(path)), 0o755); err != nil {
		return failed("creating", r.fs.PathDir(r.path(path)), err)
	}
	return nil
}

func (r *restorer) copied(path string, size int64) {
	r.there[path] = true
	r.out.Files++
	r.out.Bytes += size
	r.done += size
	if r.options.Progress != nil {
		r.options.Progress(path, r.done, max(r.done, r.total))
	}
}

// log brings the archived log behind the set's, cuts it at the goal, and brings the segments that what
// is left of it names.
func (r *restorer) log() error {
	if r.options.Archive != "" {
		if err := r.archived(); err != nil {
			return err
		}
	}
	logs := r.path("wal")
	version, when, lsn := r.set.Base, r.set.BaseTime, r.set.BaseLSN
	found, err := wal.Cut(r.fs, logs, r.uuid, r.set.FirstLog, func(c *wal.Record) bool {
		at, t, ok := mvcc.CommitOf(c)
		if !ok || !r.options.Goal.reached(at, t, c.LSN) {
			return false
		}
		r.out.Commits++
		version, when, lsn = max(version, at), t, c.LSN
		return true
	})
	if err != nil {
		return err
	}
	r.out.Version, r.out.Time = version, when
	if !found && !r.met(version, when, lsn) {
		return r.beyond(version, when)
	}
	return r.segments(logs)
}

// met reports whether a log that ends with a commit leaves nothing open: there is no goal, or it is that
// very commit. Of a time behind it nobody knows whether there were commits up to then.
func (r *restorer) met(at mvcc.Timestamp, when time.Time, lsn uint64) bool {
	g := r.options.Goal
	switch {
	case !g.Time.IsZero():
		return g.Time.Equal(when)
	case g.Version != 0:
		return g.Version == at
	}
	return g.LSN == 0 || g.LSN == lsn
}

func (r *restorer) beyond(version mvcc.Timestamp, when time.Time) error {
	err := sqlerr.New(sqlerr.InvalidParameterValue, "the log ends before %v: the newest commit is version %d of %s", r.options.Goal, version, when.Format(time.RFC3339Nano))
	if r.options.Archive == "" {
		return err.WithHint("Name the archive of the log, or leave the goal out to restore all there is.")
	}
	return err.WithHint("Leave the goal out to restore all there is.")
}

// archived copies the log files that the archive has more of than the set.
func (r *restorer) archived() error {
	logs := archive.LogDir(r.fs, r.options.Archive, r.uuid)
	synced, err := archive.Watermark(r.fs, r.options.Archive, r.uuid) // before what it is about: others may be archiving
	if err != nil {
		return err
	}
	numbers, err := wal.Files(r.fs, logs)
	if notThere(err) || err == nil && len(numbers) == 0 {
		return sqlerr.New(sqlerr.UndefinedFile, "there are no log files in %s: the archive has nothing of the database that backup %s is of", logs, r.set.Name)
	}
	if err != nil {
		return failed("reading", logs, err)
	}
	next := r.set.FirstLog
	for _, n := range numbers {
		if n < next {
			continue
		}
		if n > next && !r.there[r.fs.PathJoin("wal", wal.FileName(n))] && !r.there[r.fs.PathJoin("wal", wal.FileName(n-1))] {
			return sqlerr.New(sqlerr.DataCorrupted, "log file %s is missing in the archive", r.fs.PathJoin(logs, wal.FileName(n-1))).
				WithHint("A newer backup, or a goal before the gap, can be restored.")
		}
		if err := r.archivedFile(logs, n, synced); err != nil {
			return err
		}
		next = n + 1
	}
	last, err := r.lastLSN(r.path("wal"))
	if err != nil || synced == archive.Unknown || last >= synced {
		return err
	}
	return sqlerr.New(sqlerr.DataCorrupted, "the archive is damaged behind record %d, in %s or a file after it that is missing: it had record %d on disk",
		last, r.fs.PathJoin(logs, wal.FileName(numbers[len(numbers)-1])), synced)
}

func (r *restorer) archivedFile(logs string, number, synced uint64) error {
	from := r.fs.PathJoin(logs, wal.FileName(number))
	end, lsn, err := wal.Verify(r.fs, logs, r.uuid, number, synced)
	if err != nil {
		return err
	}
	path := r.fs.PathJoin("wal", wal.FileName(number))
	if r.there[path] {
		_, own, err := wal.Extent(r.fs, r.path("wal"), r.uuid, number)
		if err != nil || own >= lsn {
			return err
		}
	}
	if err := archive.CopyFile(r.ctx, r.fs, from, r.path(path), end); err != nil {
		return failed("copying "+from+" to", r.path(path), err)
	}
	r.copied(path, end)
	return nil
}

// segments copies what the log names and the set has not.
func (r *restorer) segments(logs string) (err error) {
	follow, err := wal.Follow(r.fs, logs, r.uuid, r.set.FirstLog)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, follow.Close()) }()
	last, err := r.lastLSN(logs)
	if err != nil {
		return err
	}
	for {
		p, err := follow.Next(last)
		if err != nil || p == nil {
			return err
		}
		files, err := mvcc.SegmentsOf(&p.Record)
		if err != nil {
			return err
		}
		for i := range files {
			if err := r.segment(&files[i]); err != nil {
				return err
			}
		}
	}
}

// lastLSN is that of the last sound record.
func (r *restorer) lastLSN(logs string) (uint64, error) {
	numbers, err := wal.Files(r.fs, logs)
	if err != nil || len(numbers) == 0 {
		return 0, err
	}
	_, lsn, err := wal.Extent(r.fs, logs, r.uuid, numbers[len(numbers)-1])
	return lsn, err
}

func (r *restorer) segment(f *mvcc.SegmentFile) (err error) {
	if r.there[f.Path] {
		return nil
	}
	from := r.fs.PathJoin(archive.Dir(r.fs, r.options.Archive, r.uuid), f.Path)
	stat, err := r.fs.Stat(from)
	if r.options.Archive == "" || err != nil || stat.Size() != f.Meta.Size {
		return sqlerr.New(sqlerr.DataCorrupted, "segment file %s, which the archived log names, is missing in the archive", from)
	}
	if err := r.parent(f.Path); err != nil {
		return err
	}
	if err := archive.CopyFile(r.ctx, r.fs, from, r.path(f.Path), f.Meta.Size); err != nil {
		return failed("copying "+from+" to", r.path(f.Path), err)
	}
	r.copied(f.Path, f.Meta.Size)
	copied := segment.NewFile(r.fs, r.path(f.Path), f.Meta)
	defer func() { err = errors.Join(err, copied.Close()) }()
	if err := CheckSegment(copied, f); err != nil {
		return sqlerr.New(sqlerr.DataCorrupted, "%s is damaged: %w", from, err)
	}
	return nil
}

// finish makes the files durable, and the manifest count.
func (r *restorer) finish() error {
	f, err := r.fs.Create(r.path(mvcc.Marker(r.set.Manifest)), vfs.WriteCategoryUnspecified)
	if err != nil {
		return failed("creating the marker in", r.to, err)
	}
	err = errors.Join(f.Sync(), f.Close(), r.fs.MkdirAll(r.path("seg"), 0o755))
	dirs := map[string]bool{r.to: true, r.path("seg"): true}
	for path := range r.there {
		dirs[r.fs.PathDir(r.path(path))] = true
	}
	for _, dir := range slices.Sorted(maps.Keys(dirs)) { // in an order: a proof must be able to do the same again
		err = errors.Join(err, wal.SyncDir(r.fs, dir))
	}
	if err != nil {
		return failed("syncing", r.to, err)
	}
	return nil
}
