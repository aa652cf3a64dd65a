package proof

import (
	"context"
	"errors"
	"math/rand/v2"
	"path"
	"strings"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/proof/disk"
	"github.com/oxidb/oxidb/sqlerr"
)

// A database takes corruptSteps steps, then corruptionsPerSeed damages one after the other, each to a
// copy of its own.
const (
	corruptSteps       = 25
	corruptionsPerSeed = 100
)

// logged is an acknowledged commit at the end of a log file: its records take file's bytes [from, to).
type logged struct {
	file     string
	version  mvcc.Timestamp
	from, to int
	before   State
}

// victim is a database to damage.
type victim struct {
	w      *Workload
	disk   *disk.Disk
	files  image
	stale  []image // earlier content
	log    []logged
	intact State

	archived   State // what the archive leads to
	archivedAt mvcc.Timestamp
}

// Corrupt makes a database, closes or crashes it, and damages one of its files at a time.
func Corrupt(seed uint64) (out Outcome) {
	rng := rand.New(rand.NewPCG(seed, 3))
	v, err := makeVictim(seed, rng)
	if err != nil {
		return out.violated(seed, err)
	}
	for range corruptionsPerSeed {
		d, possible := v.damage(rng)
		if !possible {
			continue
		}
		out.Faults++
		if err := v.verify(d); err != nil {
			return out.violated(seed, violated("%v: %v", d, err))
		}
	}
	return out
}

func makeVictim(seed uint64, rng *rand.Rand) (v *victim, err error) {
	defer guard(&err)
	v = &victim{w: NewWorkload(seed), disk: disk.New()}
	v.w.On(v.disk)
	for range corruptSteps {
		before, commits := v.w.acked, v.w.commits
		if err := v.w.Step(); err != nil {
			return nil, err
		}
		now := image(v.disk.Files())
		v.stale = append(v.stale, now)
		if v.w.commits > commits {
			v.noteCommit(now, before)
		}
	}
	if err := v.lastCopies(rng); err != nil {
		return nil, err
	}
	if rng.IntN(3) == 0 {
		err = v.w.Stop()
	}
	v.intact = v.w.acked
	v.w.On(v.disk.Crash(disk.KeepAll, rng))
	v.disk = v.w.disk
	v.files = v.disk.Files()
	return v, errors.Join(err, v.intactCopies())
}

// noteCommit remembers where the newest commit lies in the log.
func (v *victim) noteCommit(now image, before State) {
	c := logged{file: now.lastLog(dbDir), version: v.w.store.Version(), before: before}
	_, end := v.w.store.LogEnd()
	c.to = int(end)
	if n := len(v.log); n > 0 && v.log[n-1].file == c.file {
		c.from = v.log[n-1].to
	}
	v.log = append(v.log, c)
}

// verify opens a damaged copy: it must say so, or be as the intact one (P6).
func (v *victim) verify(d damage) (err error) {
	defer guard(&err)
	copied := v.disk.Crash(disk.KeepAll, rand.New(rand.NewPCG(0, 0)))
	if err = copied.Put(d.path, d.after); d.removed {
		err = copied.Remove(d.path)
	}
	if err != nil {
		return err
	}
	if strings.HasPrefix(d.path, backupsDir) || strings.HasPrefix(d.path, archiveDir) {
		return v.verifyCopies(d, copied)
	}
	report, err := mvcc.Check(context.Background(), copied, dbDir, mvcc.CheckOptions{})
	if err == nil {
		err = report.Err()
	}
	if err != nil && !d.named(err) {
		return violated("the check does not name the file: %v", err)
	}
	sound := err == nil
	got, err := v.recovered(copied)
	switch {
	case err != nil && !d.named(err):
		return violated("the error does not name the file: %v", err)
	case err != nil && got != nil && got.Equal(v.intact): // the database is sound: the archive lacks a file that it alone still wants
		return nil
	case err != nil && sound && !(strings.HasSuffix(d.path, ".wal") && (d.removed || sqlerr.StateOf(err) == sqlerr.ObjectNotInPrerequisite)):
		// The archive alone knows of a log file that is gone, or of records behind what now looks like a torn end.
		return violated("the check finds nothing, but: %v", err)
	case err != nil, got.Equal(v.intact), v.tail(d, got, v.files.lastLog(dbDir)):
		return nil
	}
	return violated("not noticed: %s", v.intact.Diff(got))
}

// recovered opens a disk, with its archive, and reads the state; it is there as well when only closing fails.
func (v *victim) recovered(d *disk.Disk) (State, error) {
	s, err := v.w.open(d)
	if err != nil {
		return nil, err
	}
	got, err := v.w.stateOf(s)
	if err != nil { // what is damaged stays damaged: closing may report it again
		_ = s.Close()
		return nil, err
	}
	return got, s.Close()
}

// tail reports whether a state lacks exactly the last of the log's commits, all of them touched by
// the damage to its last file.
func (v *victim) tail(d damage, got State, last string) bool {
	if d.path != last {
		return false
	}
	from, to := d.extent()
	for i := len(v.log) - 1; i >= 0; i-- {
		c := v.log[i]
		if path.Base(c.file) != path.Base(d.path) || c.to <= from || c.from >= to {
			return false
		}
		if got.Equal(c.before) {
			return true
		}
	}
	return false
}
