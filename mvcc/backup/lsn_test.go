package backup_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/backup"
	"github.com/oxidb/oxidb/sqlerr"
)

// A restore to an LSN gives the newest commit whose records all lie at or before it; LSNs that the backups
// do not lead to are errors that say what can be had.
func TestRestoreToLSN(t *testing.T) {
	fs := vfs.NewMem()
	h := newHistory(t, fs, 21, mvcc.Options{Archive: archiveDir, ArchiveEvery: time.Hour})
	lsns := map[mvcc.Timestamp]uint64{}
	write := func(n int) {
		for range n {
			h.write()
			lsns[h.version()] = h.store.LSN()
		}
	}
	write(5)
	must(t, h.store.Checkpoint(ctx))
	base := h.version()
	write(3)
	set := backupOf(t, h.store).Set
	inSet := h.version()
	write(10)
	must(t, h.store.Close())
	last := h.version()
	if set.BaseLSN >= lsns[base+1] || set.BaseLSN < lsns[base] {
		t.Fatalf("the backup's log begins behind LSN %d; version %d is LSN %d, the next %d", set.BaseLSN, base, lsns[base], lsns[base+1])
	}
	to := func(lsn uint64, archive string, want mvcc.Timestamp) {
		dir := fmt.Sprintf("/restored/%d-%t", lsn, archive != "")
		r := restore(t, fs, dir, backup.RestoreOptions{Archive: archive, Goal: backup.Goal{LSN: lsn}})
		if r.Version != want {
			t.Errorf("LSN %d restored version %d, want %d", lsn, r.Version, want)
		}
		h.expect(fs, dir, want)
	}
	to(set.BaseLSN, archiveDir, base)
	between := 0
	for at := base + 1; at <= last; at++ {
		to(lsns[at], archiveDir, at)
		if lsns[at]-1 > max(lsns[at-1], set.BaseLSN) { // the transaction's records before its commit
			to(lsns[at]-1, archiveDir, at-1)
			between++
		}
	}
	if between == 0 {
		t.Error("no LSN between two commits was tried")
	}
	to(lsns[inSet], "", inSet)
	to(lsns[inSet]-1, "", inSet-1)
	d, err := backup.Open(fs, backupsDir)
	must(t, err)
	for name, c := range map[string]struct {
		lsn     uint64
		archive string
		texts   []string
	}{
		"before the first":          {set.BaseLSN - 1, archiveDir, []string{set.Name, fmt.Sprint("LSN ", set.BaseLSN-1)}},
		"long before the first":     {1, "", []string{set.Name, "LSN 1"}},
		"behind the backup":         {lsns[inSet] + 1, "", []string{fmt.Sprint("version ", inSet), fmt.Sprint("LSN ", lsns[inSet]+1)}},
		"behind the archive":        {lsns[last] + 1, archiveDir, []string{fmt.Sprint("version ", last)}},
		"behind everything, by far": {1 << 60, archiveDir, []string{fmt.Sprint("version ", last)}},
	} {
		_, err := d.Restore(ctx, otherDir, backup.RestoreOptions{Archive: c.archive, Goal: backup.Goal{LSN: c.lsn}})
		for _, text := range c.texts {
			if sqlerr.StateOf(err) != sqlerr.InvalidParameterValue || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %v, without %q", name, err, text)
			}
		}
	}
}

// Times of commits ascend though the clock goes back, so a time leads to one version; and a backup that is
// made while the clock is ahead does not claim commits that are made afterwards.
func TestRestoreToTimeWithAClockGoingBack(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	fs := vfs.NewMem()
	h := newHistory(t, fs, 23, mvcc.Options{Archive: archiveDir, ArchiveEvery: time.Hour, Now: func() time.Time { return now }})
	write := func(jump time.Duration) {
		h.write()
		now = now.Add(jump)
	}
	for range 3 {
		write(-time.Hour)
	}
	must(t, h.store.Checkpoint(ctx))
	set := backupOf(t, h.store).Set
	base := h.version()
	for range 5 {
		write(-time.Hour)
	}
	now = now.Add(48 * time.Hour) // the clock is ahead when the second backup is made, and put right then
	ahead := backupOf(t, h.store).Set
	now = now.Add(-48 * time.Hour)
	must(t, h.store.Close()) // not even a restart lets a restore miss commits that came later, at earlier times
	h.open()
	inAhead := h.version()
	for range 3 {
		write(time.Second)
	}
	last := h.version()
	must(t, h.store.Close())
	for at := base; at <= last; at++ {
		for i, when := range []time.Time{h.times[at], h.times[at+1].Add(-time.Microsecond)} {
			if i == 1 && at == last {
				continue
			}
			dir := fmt.Sprint("/restored/", at, "-", i)
			r := restore(t, fs, dir, backup.RestoreOptions{Archive: archiveDir, Goal: backup.Goal{Time: when}})
			if r.Version != at {
				t.Errorf("%v restored version %d, want %d", when, r.Version, at)
			}
			h.expect(fs, dir, at)
		}
	}
	d, err := backup.Open(fs, backupsDir)
	must(t, err)
	for name, o := range map[string]backup.RestoreOptions{
		"before the first":   {Goal: backup.Goal{Time: h.times[base].Add(-time.Microsecond)}, Archive: archiveDir},
		"when it was made":   {Goal: backup.Goal{Time: ahead.Created}},
		"behind the backup":  {Goal: backup.Goal{Time: h.times[inAhead+1]}},
		"behind the archive": {Goal: backup.Goal{Time: h.times[last].Add(time.Second)}, Archive: archiveDir},
	} {
		if _, err := d.Restore(ctx, otherDir, o); sqlerr.StateOf(err) != sqlerr.InvalidParameterValue {
			t.Errorf("%s: %v (backups %s, %s)", name, err, set.Name, ahead.Name)
		}
	}
}
