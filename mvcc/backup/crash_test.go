package backup_test

import (
	"errors"
	"maps"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/backup"
	"github.com/oxidb/oxidb/sqlerr"
)

// crashes collects what crashes before operations would leave.
type crashes struct {
	mem       *vfs.MemFS
	rng       *rand.Rand
	recording bool
	left      []*vfs.MemFS
	note      func() // called with each
}

func (c *crashes) fs() vfs.FS {
	return watch(c.mem, func(errorfs.Op) error {
		if c.recording {
			percent := []int{0, 50, 100}[c.rng.IntN(3)]
			c.left = append(c.left, c.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: c.rng}))
			if c.note != nil {
				c.note()
			}
		}
		return nil
	})
}

// seeds is how many workloads a test goes through.
func seeds() uint64 {
	if testing.Short() {
		return 1
	}
	return 3
}

// soundSets verifies all backups.
func soundSets(t *testing.T, fs vfs.FS) []*backup.Set {
	t.Helper()
	d, err := backup.Open(fs, backupsDir)
	must(t, err)
	sets, err := d.Sets()
	must(t, err)
	for _, s := range sets {
		_, err := d.Verify(ctx, s, nil)
		must(t, err)
	}
	return sets
}

// A crash at any moment of a backup leaves the earlier ones, and the new one wholly or not at all.
func TestCrashInBackup(t *testing.T) {
	for seed := range seeds() {
		c := &crashes{mem: vfs.NewCrashableMem(), rng: rand.New(rand.NewPCG(seed, 2))}
		h := newHistory(t, c.fs(), seed, mvcc.Options{})
		for range 12 {
			h.step()
		}
		backupOf(t, h.store)
		first := h.version()
		h.write()
		must(t, h.store.Checkpoint(ctx))
		h.write()
		c.recording = true
		r := backupOf(t, h.store)
		c.recording = false
		must(t, h.store.Close())
		for i, left := range append(c.left, c.mem) {
			sets := soundSets(t, left)
			if len(sets) != 1 && len(sets) != 2 || sets[0].Version != first || len(sets) == 2 && sets[1].Version != r.Set.Version {
				t.Fatalf("seed %d, crash %d: sets %v", seed, i, sets)
			}
			s, err := mvcc.Open(left, dbDir, h.opts)
			must(t, err)
			again := backupOf(t, s)
			must(t, s.Close())
			if n := len(soundSets(t, left)); n != len(sets)+1 {
				t.Fatalf("seed %d, crash %d: %d sets after another backup, %d before", seed, i, n, len(sets))
			}
			restore(t, left, otherDir, backup.RestoreOptions{})
			h.expect(left, otherDir, again.Set.Version)
		}
	}
}

// A crash at any moment of a restore leaves a directory that says so, or the whole database.
func TestCrashInRestore(t *testing.T) {
	for seed := range seeds() {
		c := &crashes{mem: vfs.NewCrashableMem(), rng: rand.New(rand.NewPCG(seed, 3))}
		h := newHistory(t, c.fs(), seed, mvcc.Options{Archive: archiveDir, ArchiveEvery: time.Hour})
		for i := range 12 {
			if i == 6 {
				backupOf(t, h.store)
			}
			h.step()
		}
		must(t, h.store.Close())
		at := h.version()
		o := backup.RestoreOptions{Archive: archiveDir, Goal: backup.Goal{Version: at}}
		c.recording = true
		restore(t, c.fs(), otherDir, o)
		c.recording = false
		h.expect(c.mem, otherDir, at)
		finished := 0
		for i, left := range c.left {
			names, _ := left.List(otherDir)
			s, err := mvcc.Open(left, otherDir, mvcc.Options{ReadOnly: true})
			switch sqlerr.StateOf(err) {
			case sqlerr.Successful:
				if got := h.content(s); !maps.Equal(got, h.states[at]) {
					t.Fatalf("seed %d, crash %d: %d rows", seed, i, len(got))
				}
				must(t, s.Close())
				finished++
				continue
			case sqlerr.ObjectNotInPrerequisite:
			case sqlerr.InvalidCatalogName: // it had hardly begun
				if len(names) > 1 {
					t.Fatalf("seed %d, crash %d: %v holds %v", seed, i, err, names)
				}
			default:
				t.Fatalf("seed %d, crash %d: %v", seed, i, err)
			}
			restore(t, left, otherDir, o)
			h.expect(left, otherDir, at)
		}
		t.Logf("%d crashes, %d after the end", len(c.left), finished)
	}
}

// Whatever crashes: what the archive has acknowledged can be restored, and it goes on.
func TestCrashInArchive(t *testing.T) {
	for seed := range seeds() {
		c := &crashes{mem: vfs.NewCrashableMem(), rng: rand.New(rand.NewPCG(seed, 4))}
		h := newHistory(t, c.fs(), seed, mvcc.Options{Archive: archiveDir, ArchiveEvery: time.Hour})
		if seed == 0 {
			h.load(1)
		}
		backupOf(t, h.store)
		must(t, h.store.ArchiveNow(ctx))
		archived := h.version()
		var acked []mvcc.Timestamp
		c.note = func() { acked = append(acked, archived) }
		for range 15 {
			c.recording = true
			h.step()
			if h.rng.IntN(2) == 0 {
				must(t, h.store.ArchiveNow(ctx))
				archived = h.version()
			}
			c.recording = false
		}
		must(t, h.store.Close())
		for i, left := range c.left {
			if i%5 != 0 {
				continue
			}
			r := restore(t, left, otherDir, backup.RestoreOptions{Archive: archiveDir})
			if r.Version < acked[i] {
				t.Fatalf("seed %d, crash %d: version %d was archived, %d is restored", seed, i, acked[i], r.Version)
			}
			h.expect(left, otherDir, r.Version)
			s, err := mvcc.Open(left, dbDir, h.opts)
			must(t, err)
			if state, _ := s.ArchiveState(); state.Err != nil || state.Gap != nil {
				t.Fatalf("seed %d, crash %d: %+v", seed, i, state)
			}
			if s.Version() < r.Version {
				t.Fatalf("seed %d, crash %d: the archive is ahead", seed, i)
			}
			txn := s.Begin(mvcc.TxnOptions{})
			must(t, txn.Append(h.id, numbers(1<<30, 1<<30+2)))
			at, err := txn.Commit(ctx)
			must(t, errors.Join(err, s.Checkpoint(ctx), s.Close()))
			r = restore(t, left, "/more", backup.RestoreOptions{Archive: archiveDir})
			if r.Version != at {
				t.Fatalf("seed %d, crash %d: version %d restored after going on, want %d", seed, i, r.Version, at)
			}
		}
		t.Logf("%d crashes", len(c.left))
	}
}

// Every operation of a backup fails once, or the disk is full from there on: earlier backups stay, and
// the next one works.
func TestFailingOperationsInBackup(t *testing.T) {
	for _, kind := range []error{syscall.EIO, syscall.ENOSPC} {
		for at := 0; ; at++ {
			mem := vfs.NewCrashableMem()
			count, armed := 0, false
			fs := watch(mem, func(op errorfs.Op) error {
				if !armed || !strings.HasPrefix(op.Path, backupsDir) {
					return nil
				}
				count++
				if count == at || errors.Is(kind, syscall.ENOSPC) && count > at && at > 0 && (op.Kind == errorfs.OpFileWrite || op.Kind == errorfs.OpCreate || op.Kind == errorfs.OpMkdirAll) {
					return kind
				}
				return nil
			})
			h := newHistory(t, fs, 9, mvcc.Options{})
			h.write()
			must(t, h.store.Checkpoint(ctx))
			backupOf(t, h.store)
			h.write()
			must(t, h.store.Checkpoint(ctx))
			h.write()
			armed = true
			_, err := backup.Run(ctx, h.store, backupsDir, backup.Options{})
			armed = false
			if state := sqlerr.StateOf(err); err != nil && state != sqlerr.IOError && state != sqlerr.DiskFull && state != sqlerr.ObjectInUse {
				t.Fatalf("operation %d: %v", at, err)
			}
			sets := soundSets(t, mem)
			if len(sets) == 0 || err == nil && len(sets) != 2 {
				t.Fatalf("operation %d (%v): %d sets", at, err, len(sets))
			}
			h.write()
			r := backupOf(t, h.store)
			must(t, h.store.Close())
			soundSets(t, mem)
			restore(t, mem, otherDir, backup.RestoreOptions{})
			h.expect(mem, otherDir, r.Set.Version)
			if at > 0 && count < at {
				break
			}
		}
	}
}

// While the archive cannot be written, the database goes on and keeps its log; nothing is missing later.
func TestFullArchiveDisk(t *testing.T) {
	mem := vfs.NewMem()
	full := false
	fs := watch(mem, func(op errorfs.Op) error {
		if full && strings.HasPrefix(op.Path, archiveDir) && op.Kind != errorfs.OpFileClose {
			return syscall.ENOSPC
		}
		return nil
	})
	h := newHistory(t, fs, 11, mvcc.Options{Archive: archiveDir, ArchiveEvery: time.Hour})
	backupOf(t, h.store)
	full = true
	for i := range 30 {
		h.write()
		if i%4 == 3 {
			must(t, h.store.Checkpoint(ctx))
		}
		if i%9 == 8 {
			if err := h.store.Close(); sqlerr.StateOf(err) != sqlerr.DiskFull {
				t.Errorf("closing without archiving: %v", err)
			}
			h.open()
		}
		if i == 10 {
			h.load(1)
		}
		if i == 15 { // the loaded segment goes, though only the log that is not archived names it
			txn := h.store.Begin(mvcc.TxnOptions{})
			table, err := txn.Table(h.id)
			must(t, err)
			var all []columnar.RowID
			for _, r := range rows(t, table) {
				all = append(all, r.id)
			}
			must(t, txn.Delete(h.id, all))
			h.commit(txn, map[int64]bool{})
			must(t, h.store.Checkpoint(ctx))
		}
	}
	if err := h.store.ArchiveNow(ctx); sqlerr.StateOf(err) != sqlerr.DiskFull {
		t.Errorf("archiving to a full disk: %v", err)
	}
	if state, _ := h.store.ArchiveState(); sqlerr.StateOf(state.Err) != sqlerr.DiskFull {
		t.Errorf("%+v", state)
	}
	full = false
	must(t, h.store.ArchiveNow(ctx))
	must(t, h.store.Close())
	for at := mvcc.Timestamp(1); at <= h.version(); at += 2 {
		to := "/restored/" + time.Duration(at).String()
		restore(t, mem, to, backup.RestoreOptions{Archive: archiveDir, Goal: backup.Goal{Version: at}})
		h.expect(mem, to, at)
	}
}
