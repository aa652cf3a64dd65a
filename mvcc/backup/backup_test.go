package backup_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/backup"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

const (
	dbDir      = "/db"
	backupsDir = "/backups"
	archiveDir = "/archive"
	otherDir   = "/other"
)

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// history is a database and what it held after every commit.
type history struct {
	t     testing.TB
	rng   *rand.Rand
	fs    vfs.FS
	opts  mvcc.Options
	store *mvcc.Store
	id    mvcc.TableID
	next  int64

	mu     sync.Mutex
	states map[mvcc.Timestamp]map[int64]bool
	times  map[mvcc.Timestamp]time.Time
	acked  mvcc.Timestamp
}

func newHistory(t testing.TB, fs vfs.FS, seed uint64, o mvcc.Options) *history {
	h := &history{t: t, rng: rand.New(rand.NewPCG(seed, 1)), fs: fs, opts: o, states: map[mvcc.Timestamp]map[int64]bool{0: {}}, times: map[mvcc.Timestamp]time.Time{}}
	h.opts.CheckpointBytes = -1
	h.open()
	txn := h.store.Begin(mvcc.TxnOptions{})
	h.id = h.store.NewID()
	must(t, txn.CreateTable(h.id, "numbers", mvcc.Schema{
		Columns: []mvcc.ColumnDef{{FieldID: 1, Name: "a", Type: types.TBigInt, NotNull: true}, {FieldID: 2, Name: "b", Type: types.TText}},
		Keys:    []mvcc.Key{{Name: "numbers_pkey", Fields: []int32{1}}},
	}))
	h.commit(txn, map[int64]bool{})
	return h
}

func (h *history) open() {
	s, err := mvcc.Open(h.fs, dbDir, h.opts)
	must(h.t, err)
	h.store = s
}

func (h *history) commit(txn *mvcc.Txn, after map[int64]bool) {
	h.mu.Lock()
	h.states[h.acked+1] = after
	h.mu.Unlock()
	at, err := txn.Commit(ctx)
	must(h.t, err)
	h.mu.Lock()
	defer h.mu.Unlock()
	if at != h.acked+1 {
		h.t.Fatalf("commit %d follows %d", at, h.acked)
	}
	h.acked = at
	h.times[at], _ = h.store.TimeOf(at)
}

func (h *history) version() mvcc.Timestamp {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.acked
}

func numbers(from, to int64) *columnar.Batch {
	a := columnar.Vector{Type: types.TBigInt, Layout: columnar.I64, Len: int(to - from)}
	b := columnar.Vector{Type: types.TText, Layout: columnar.Str, Len: int(to - from), Offsets: []uint32{0}}
	for i := from; i < to; i++ {
		a.I64 = append(a.I64, i)
		b.Bytes = append(b.Bytes, fmt.Sprint("number ", i%13)...)
		b.Offsets = append(b.Offsets, uint32(len(b.Bytes)))
	}
	return &columnar.Batch{Len: int(to - from), Cols: []*columnar.Vector{&a, &b}}
}

// step commits something, checkpoints, or opens the database again.
func (h *history) step() {
	switch n := h.rng.IntN(20); {
	case n < 16:
		h.write()
	case n < 19:
		must(h.t, h.store.Checkpoint(ctx))
	default:
		must(h.t, h.store.Close())
		h.open()
	}
}

func (h *history) write() {
	after := maps.Clone(h.states[h.acked])
	txn := h.store.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	if h.rng.IntN(3) == 0 && len(after) > 0 {
		h.delete(txn, after)
	} else {
		to := h.next + 1 + h.rng.Int64N(30)
		must(h.t, txn.Append(h.id, numbers(h.next, to)))
		for ; h.next < to; h.next++ {
			after[h.next] = true
		}
	}
	if txn.Written() {
		h.commit(txn, after)
	}
}

func (h *history) delete(txn *mvcc.Txn, after map[int64]bool) {
	table, err := txn.Table(h.id)
	must(h.t, err)
	var gone []columnar.RowID
	for _, r := range rows(h.t, table) {
		if h.rng.IntN(4) == 0 {
			gone = append(gone, r.id)
			delete(after, r.a)
		}
	}
	must(h.t, txn.Delete(h.id, gone))
}

// load brings whole chunks, whose rows do not pass through the log.
func (h *history) load(chunks int) {
	after := maps.Clone(h.states[h.acked])
	txn := h.store.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	to := h.next + int64(chunks*segment.MaxRows)
	must(h.t, txn.Append(h.id, numbers(h.next, to)))
	for ; h.next < to; h.next++ {
		after[h.next] = true
	}
	h.commit(txn, after)
}

type row struct {
	id columnar.RowID
	a  int64
}

func rows(t testing.TB, table *mvcc.Table) (all []row) {
	t.Helper()
	for _, v := range table.Chunks() {
		col, err := v.Column(ctx, 1)
		must(t, err)
		for i := range v.Rows() {
			if !v.Deleted().Contains(uint32(i)) {
				all = append(all, row{columnar.MakeRowID(v.ID(), uint32(i)), col.Value(i).I})
			}
		}
	}
	return all
}

// content reads the table of a store.
func (h *history) content(s *mvcc.Store) map[int64]bool {
	h.t.Helper()
	txn := s.Begin(mvcc.TxnOptions{ReadOnly: true})
	defer txn.Rollback()
	m := map[int64]bool{}
	table, err := txn.Table(h.id)
	if sqlerr.StateOf(err) == sqlerr.UndefinedTable {
		return m
	}
	must(h.t, err)
	for _, r := range rows(h.t, table) {
		m[r.a] = true
	}
	return m
}

// expect opens a restored database and compares it with a version.
func (h *history) expect(fs vfs.FS, dir string, at mvcc.Timestamp) {
	h.t.Helper()
	r, err := mvcc.Check(ctx, fs, dir, mvcc.CheckOptions{})
	must(h.t, err)
	must(h.t, r.Err())
	s, err := mvcc.Open(fs, dir, mvcc.Options{CheckpointBytes: -1})
	must(h.t, err)
	if got, want := h.content(s), h.states[at]; s.Version() != at || !maps.Equal(got, want) {
		h.t.Fatalf("version %d has %d rows, want version %d with %d", s.Version(), len(got), at, len(want))
	}
	txn := s.Begin(mvcc.TxnOptions{})
	if at > 0 { // it can be written to
		must(h.t, txn.Append(h.id, numbers(1<<40, 1<<40+1)))
	}
	_, err = txn.Commit(ctx)
	must(h.t, errors.Join(err, s.Close()))
}

func backupOf(t testing.TB, s *mvcc.Store) *backup.Result {
	t.Helper()
	r, err := backup.Run(ctx, s, backupsDir, backup.Options{Version: "test"})
	must(t, err)
	return r
}

func restore(t testing.TB, fs vfs.FS, to string, o backup.RestoreOptions) *backup.Restored {
	t.Helper()
	d, err := backup.Open(fs, backupsDir)
	must(t, err)
	r, err := d.Restore(ctx, to, o)
	must(t, err)
	return r
}

// A backup that does not restore what was there is none; one that copies everything anew is not taken often.
func TestBackupsShareFiles(t *testing.T) {
	fs := vfs.NewMem()
	h := newHistory(t, fs, 1, mvcc.Options{})
	h.load(2)
	for range 20 {
		h.step()
	}
	var results []*backup.Result
	var versions []mvcc.Timestamp
	for i := range 4 {
		before := treeBytes(t, fs, backupsDir)
		results = append(results, backupOf(t, h.store))
		versions = append(versions, h.version())
		grown := treeBytes(t, fs, backupsDir) - before
		r := results[i]
		if over := grown - r.CopiedBytes; over < 0 || over > 8<<10 {
			t.Errorf("backup %d says that it copied %d bytes, the directory grew by %d", i, r.CopiedBytes, grown)
		}
		own := int64(0) // the manifest and the log
		for _, f := range r.Set.Files {
			if !strings.HasSuffix(f.Path, ".parquet") {
				own += f.Size
			}
		}
		if i > 0 && i != 2 && (r.Shared == 0 || r.CopiedBytes != own) {
			t.Errorf("backup %d copied %d bytes, of which %d are its own, and shares %d", i, r.CopiedBytes, own, r.SharedBytes)
		}
		h.write()
		if i == 1 {
			must(t, h.store.Checkpoint(ctx))
		}
	}
	must(t, h.store.Close())
	d, err := backup.Open(fs, backupsDir)
	must(t, err)
	sets, err := d.Sets()
	must(t, err)
	if len(sets) != 4 {
		t.Fatalf("%d sets", len(sets))
	}
	check := func(sets []*backup.Set) {
		for i, s := range sets {
			_, err := d.Verify(ctx, s, nil)
			must(t, err)
			to := fmt.Sprint(otherDir, i, len(sets))
			r := restore(t, fs, to, backup.RestoreOptions{Set: s.Name})
			want := versions[len(versions)-len(sets)+i]
			if r.Version != want {
				t.Errorf("set %d restores %d, want %d", i, r.Version, want)
			}
			h.expect(fs, to, want)
		}
	}
	check(sets)
	removed, err := d.Prune(2)
	must(t, err)
	if len(removed) != 2 {
		t.Errorf("removed %v", removed)
	}
	sets, err = d.Sets()
	must(t, err)
	check(sets)
}

func treeBytes(t testing.TB, fs vfs.FS, dir string) (n int64) {
	t.Helper()
	for _, path := range tree(t, fs, dir) {
		stat, err := fs.Stat(path)
		must(t, err)
		n += stat.Size()
	}
	return n
}

// tree lists the files under a directory.
func tree(t testing.TB, fs vfs.FS, dir string) (all []string) {
	t.Helper()
	names, err := fs.List(dir)
	if err != nil {
		return nil
	}
	slices.Sort(names)
	for _, name := range names {
		path := fs.PathJoin(dir, name)
		stat, err := fs.Stat(path)
		must(t, err)
		if stat.IsDir() {
			all = append(all, tree(t, fs, path)...)
		} else {
			all = append(all, path)
		}
	}
	return all
}

// A restore to any version, time or record must give what was there then.
func TestPointInTimeRecovery(t *testing.T) {
	for seed := range uint64(4) {
		fs := vfs.NewMem()
		h := newHistory(t, fs, seed, mvcc.Options{Archive: archiveDir, ArchiveEvery: time.Hour})
		var bases []mvcc.Timestamp
		for i := range 60 {
			if i%20 == 5 {
				must(t, h.store.Checkpoint(ctx))
				bases = append(bases, h.version())
				backupOf(t, h.store)
			}
			if i == 30 && seed == 0 {
				h.load(1)
			}
			if i%7 == 0 {
				must(t, h.store.ArchiveNow(ctx))
			}
			h.step()
		}
		must(t, h.store.ArchiveNow(ctx))
		last := h.version()
		must(t, h.store.Close())
		for at := bases[0]; at <= last; at += 1 + mvcc.Timestamp(h.rng.IntN(4)) {
			to := fmt.Sprintf("/restored/%d", at)
			goal := backup.Goal{Version: at}
			if h.rng.IntN(2) == 0 {
				goal = backup.Goal{Time: h.times[at]}
				if at < last && h.rng.IntN(2) == 0 {
					goal.Time = h.times[at+1].Add(-time.Microsecond)
				}
			}
			r := restore(t, fs, to, backup.RestoreOptions{Archive: archiveDir, Goal: goal})
			if r.Version != at {
				t.Fatalf("seed %d: %v restored version %d, want %d", seed, goal, r.Version, at)
			}
			h.expect(fs, to, at)
		}
		r := restore(t, fs, "/restored/all", backup.RestoreOptions{Archive: archiveDir})
		if r.Version != last {
			t.Errorf("everything is version %d, want %d", r.Version, last)
		}
		h.refused(fs, bases[0], last)
	}
}

// refused tries goals that cannot be reached.
func (h *history) refused(fs vfs.FS, first, last mvcc.Timestamp) {
	d, err := backup.Open(fs, backupsDir)
	must(h.t, err)
	for name, o := range map[string]backup.RestoreOptions{
		"before the first backup": {Goal: backup.Goal{Time: h.times[1].Add(-time.Hour)}},
		"behind the log":          {Goal: backup.Goal{Version: last + 1}, Archive: archiveDir},
		"time behind the log":     {Goal: backup.Goal{Time: h.times[last].Add(time.Hour)}, Archive: archiveDir},
		"without the archive":     {Goal: backup.Goal{Version: last + 1}},
	} {
		_, err := d.Restore(ctx, "/restored/"+name, o)
		if sqlerr.StateOf(err) != sqlerr.InvalidParameterValue {
			h.t.Errorf("%s: %v", name, err)
		}
	}
	_, err = d.Restore(ctx, "/restored/elsewhere", backup.RestoreOptions{Archive: "/nowhere"})
	if sqlerr.StateOf(err) != sqlerr.UndefinedFile {
		h.t.Errorf("no archive: %v", err)
	}
	_, err = d.Restore(ctx, dbDir, backup.RestoreOptions{})
	if sqlerr.StateOf(err) != sqlerr.ObjectNotInPrerequisite || !strings.Contains(err.Error(), "holds a database") {
		h.t.Errorf("over the database: %v", err)
	}
}

// A restored database goes its own way: neither its log nor the old one's may pass for the other's.
func TestRestoredDatabaseHasItsOwnTimeline(t *testing.T) {
	fs := vfs.NewMem()
	h := newHistory(t, fs, 3, mvcc.Options{Archive: archiveDir, ArchiveEvery: time.Hour})
	for range 10 {
		h.write()
	}
	backupOf(t, h.store)
	at := h.version()
	for range 5 {
		h.write()
	}
	must(t, h.store.Close())
	old := h.version()
	restore(t, fs, otherDir, backup.RestoreOptions{Goal: backup.Goal{Version: at}})
	s, err := mvcc.Open(fs, otherDir, mvcc.Options{Archive: archiveDir, ArchiveEvery: time.Hour})
	must(t, err)
	if o := s.Origins(); len(o) != 1 || o[0].Version != at || o[0].UUID == s.UUID() {
		t.Errorf("origins %v", o)
	}
	if state, _ := s.ArchiveState(); state.Err != nil || state.Gap != nil {
		t.Errorf("%+v", state)
	}
	txn := s.Begin(mvcc.TxnOptions{})
	must(t, txn.Append(h.id, numbers(5000, 5001)))
	_, err = txn.Commit(ctx)
	must(t, errors.Join(err, s.Close()))
	r := restore(t, fs, "/third", backup.RestoreOptions{Archive: archiveDir})
	if r.Version != old {
		t.Errorf("version %d, want %d", r.Version, old)
	}
	h.expect(fs, "/third", old)
}

// A backup under load holds what was acknowledged before it, and one version at that.
func TestBackupUnderWriters(t *testing.T) {
	fs := vfs.NewMem()
	h := newHistory(t, fs, 5, mvcc.Options{Archive: archiveDir, ArchiveEvery: time.Millisecond})
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			h.write()
			if i%10 == 9 {
				must(t, h.store.Checkpoint(ctx))
			}
		}
	})
	for range 8 {
		before := h.version()
		r := backupOf(t, h.store)
		if r.Set.Version < before {
			t.Errorf("version %d was acknowledged, the backup has %d", before, r.Set.Version)
		}
	}
	close(stop)
	writer.Wait()
	must(t, h.store.Close())
	d, err := backup.Open(fs, backupsDir)
	must(t, err)
	sets, err := d.Sets()
	must(t, err)
	for i, s := range sets {
		_, err := d.Verify(ctx, s, nil)
		must(t, err)
		to := fmt.Sprint(otherDir, i)
		restore(t, fs, to, backup.RestoreOptions{Set: s.Name, Goal: backup.Goal{Version: s.Version}})
		h.expect(fs, to, s.Version)
	}
	r := restore(t, fs, otherDir, backup.RestoreOptions{Archive: archiveDir})
	h.expect(fs, otherDir, r.Version)
	if r.Version != h.version() {
		t.Errorf("the archive has version %d, not %d", r.Version, h.version())
	}
}

// Whatever byte of a backup is damaged, verifying it tells.
func TestVerifyNoticesEveryByte(t *testing.T) {
	fs := vfs.NewCrashableMem()
	h := newHistory(t, fs, 7, mvcc.Options{})
	for range 15 {
		h.step()
	}
	must(t, h.store.Checkpoint(ctx))
	h.write()
	backupOf(t, h.store)
	must(t, h.store.Close())
	verify := func(fs vfs.FS) error {
		d, err := backup.Open(fs, backupsDir)
		if err != nil {
			return err
		}
		sets, err := d.Sets()
		if err != nil {
			return err
		}
		if len(sets) == 0 {
			return errors.New("no backup")
		}
		_, err = d.Verify(ctx, sets[0], nil)
		return err
	}
	must(t, verify(fs))
	for _, path := range tree(t, fs, backupsDir) {
		raw := read(t, fs, path)
		for at := 0; at < len(raw); at += max(1, len(raw)/60) {
			damaged := fs.CrashClone(vfs.CrashCloneCfg{})
			bad := slices.Clone(raw)
			bad[at] ^= 1 << (at % 8)
			write(t, damaged, path, bad)
			if verify(damaged) == nil {
				t.Fatalf("byte %d of %s was not noticed", at, path)
			}
		}
		if len(raw) == 0 {
			continue
		}
		for _, short := range [][]byte{nil, raw[:len(raw)-1]} {
			damaged := fs.CrashClone(vfs.CrashCloneCfg{})
			write(t, damaged, path, short)
			if verify(damaged) == nil {
				t.Fatalf("%d bytes of %s were not noticed", len(short), path)
			}
		}
	}
}

func read(t testing.TB, fs vfs.FS, path string) []byte {
	t.Helper()
	f, err := fs.Open(path)
	must(t, err)
	defer f.Close()
	stat, err := f.Stat()
	must(t, err)
	raw := make([]byte, stat.Size())
	if len(raw) > 0 {
		_, err = f.ReadAt(raw, 0)
		must(t, err)
	}
	return raw
}

func write(t testing.TB, fs vfs.FS, path string, raw []byte) {
	t.Helper()
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = f.Write(slices.Clone(raw))
	must(t, errors.Join(err, f.Sync(), f.Close()))
}

// watch calls before at every operation that changes something.
func watch(fs vfs.FS, before func(op errorfs.Op) error) vfs.FS {
	return errorfs.Wrap(fs, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
			return nil
		}
		return before(op)
	}))
}
