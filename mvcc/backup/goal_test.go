package backup_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/backup"
	"github.com/oxidb/oxidb/sqlerr"
)

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
