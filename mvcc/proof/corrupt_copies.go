package proof

import (
	"context"
	"math/rand/v2"
	"path"

	"github.com/oxidb/oxidb/mvcc/backup"
	"github.com/oxidb/oxidb/mvcc/proof/disk"
)

// lastCopies makes a backup and brings the archive up to date, often before the last commits.
func (v *victim) lastCopies(rng *rand.Rand) error {
	if !v.w.copies.on {
		return nil
	}
	if v.w.store == nil {
		if err := v.w.start(); err != nil {
			return err
		}
	}
	for len(v.w.copies.backups) == 0 {
		if err := v.w.copy(); err != nil {
			return err
		}
	}
	if rng.IntN(2) == 0 {
		return v.w.store.ArchiveNow(context.Background())
	}
	return nil
}

// intactCopies notes what the archive leads to before anything is damaged.
func (v *victim) intactCopies() error {
	if !v.w.copies.on {
		return nil
	}
	d := v.disk.Crash(disk.KeepAll, rand.New(rand.NewPCG(0, 0)))
	rng := rand.New(rand.NewPCG(1, 0))
	if err := v.w.checkCopies(d, rng); err != nil {
		return violated("before any damage: %v", err)
	}
	dir, err := backup.Open(d, backupsDir)
	if err == nil {
		v.archived, v.archivedAt, err = v.w.restored(d, dir, backup.RestoreOptions{Archive: archiveDir})
	}
	return err
}

// verifyCopies verifies and restores from damaged backups and a damaged archive: they say so, or give
// what they would have given (P6).
func (v *victim) verifyCopies(d damage, damaged *disk.Disk) error {
	dir, err := backup.Open(damaged, backupsDir)
	if err != nil {
		return d.told(err)
	}
	for _, k := range v.w.copies.backups {
		set, err := dir.Set(k.name)
		if err == nil {
			_, err = dir.Verify(context.Background(), set, nil)
		}
		if told := d.told(err); told != nil {
			return told
		}
		got, _, restoring := v.w.restored(damaged, dir, backup.RestoreOptions{Set: k.name})
		switch told := d.told(restoring); {
		case told != nil:
			return told
		case restoring != nil && err == nil:
			return violated("backup %s verifies, but: %v", k.name, restoring)
		case restoring == nil && !got.Equal(k.states[0]):
			return violated("backup %s (verified: %v): %s", k.name, err, k.states[0].Diff(got))
		}
	}
	got, version, err := v.w.restored(damaged, dir, backup.RestoreOptions{Archive: archiveDir})
	if err != nil {
		return d.told(err)
	}
	if d.removed && path.Base(d.path) == "BACKUP" {
		return v.verifyWithout(dir, got)
	}
	if got.Equal(v.archived) || d.kind == "stale file" && version > v.archivedAt && got.Equal(v.w.at(version)) { // a log of the database is one for the archive, too
		return nil
	}
	return violated("not noticed in the archive: %s", v.archived.Diff(got))
}

// verifyWithout proves that without the description of a backup, which makes it exist, a restore gives what
// the newest of the others leads to.
func (v *victim) verifyWithout(dir *backup.Dir, got State) error {
	sets, err := dir.Sets()
	if err != nil {
		return err
	}
	intact := v.disk.Crash(disk.KeepAll, rand.New(rand.NewPCG(0, 0)))
	all, err := backup.Open(intact, backupsDir)
	if err != nil {
		return err
	}
	want, _, err := v.w.restored(intact, all, backup.RestoreOptions{Set: sets[len(sets)-1].Name, Archive: archiveDir})
	if err != nil || got.Equal(want) {
		return err
	}
	return violated("without its description: %s", want.Diff(got))
}

// told gives a violation when an error does not name what is damaged.
func (d damage) told(err error) error {
	if err == nil || d.named(err) {
		return nil
	}
	return violated("the error does not name the file: %v", err)
}
