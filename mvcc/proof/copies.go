package proof

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/backup"
	"github.com/oxidb/oxidb/mvcc/proof/disk"
	"github.com/oxidb/oxidb/sqlerr"
)

// Where copies of the database lie, on the same disk.
const (
	backupsDir  = "/backups"
	archiveDir  = "/archive"
	restoredDir = "/restored"
)

// copies is what a workload knows of its backups and its archive.
type copies struct {
	on       bool // the workload makes any
	backups  []keptBackup
	archived mvcc.Timestamp // acknowledged to be in the archive
	restores int            // made so far, each into a directory of its own
}

// keptBackup is an acknowledged backup, and what it may hold.
type keptBackup struct {
	name    string
	version mvcc.Timestamp
	states  []State
}

// copy makes a backup, or archives what was committed (P7).
func (w *Workload) copy() error {
	if !w.copies.on {
		return w.transaction()
	}
	ctx := context.Background()
	if w.rng.IntN(2) == 0 {
		if err := w.store.ArchiveNow(ctx); err != nil {
			return err
		}
		w.copies.archived = w.store.Version()
		return nil
	}
	states := append([]State{w.acked}, w.doubts...)
	r, err := backup.Run(ctx, w.store, backupsDir, backup.Options{})
	if err != nil {
		return err
	}
	if r.Set.Version < w.store.Version() {
		return violated("a backup has version %d, %d was acknowledged", r.Set.Version, w.store.Version())
	}
	w.copies.backups = append(w.copies.backups, keptBackup{r.Set.Name, r.Set.Version, states})
	if len(w.copies.backups) > 3 {
		return w.prune()
	}
	return nil
}

// prune leaves two backups.
func (w *Workload) prune() error {
	d, err := backup.Open(w.disk, backupsDir)
	if err != nil {
		return err
	}
	w.copies.backups = slices.Clone(w.copies.backups[2:]) // whether it fails or not, they may be gone
	_, err = d.Prune(2)
	return err
}

// checkCopies proves that what copies acknowledged is there: all backups, one of them restored, and the
// archive behind it, on a disk that nobody else uses.
func (w *Workload) checkCopies(d *disk.Disk, rng *rand.Rand) error {
	kept := w.copies.backups
	if len(kept) == 0 {
		return nil
	}
	dir, err := backup.Open(d, backupsDir)
	if err != nil {
		return violated("the backups: %v", err)
	}
	one := kept[rng.IntN(len(kept))]
	for _, k := range kept {
		set, err := dir.Set(k.name)
		if err != nil || set.Version != k.version {
			return violated("backup %s of version %d: %v", k.name, k.version, err)
		}
		if k.name != one.name {
			continue
		}
		if _, err := dir.Verify(context.Background(), set, nil); err != nil {
			return violated("backup %s does not verify: %v", k.name, err)
		}
	}
	if err := w.checkRestored(d, dir, one); err != nil {
		return violated("backup %s: %v", one.name, err)
	}
	if err := w.checkArchive(d, dir, rng); err != nil {
		return violated("the archive: %v", err)
	}
	return nil
}

func (w *Workload) checkRestored(d *disk.Disk, dir *backup.Dir, k keptBackup) error {
	got, version, err := w.restored(d, dir, backup.RestoreOptions{Set: k.name})
	if err != nil {
		return err
	}
	if version != k.version || !slices.ContainsFunc(k.states, got.Equal) {
		return violated("version %d is restored, not %d: %s", version, k.version, k.states[0].Diff(got))
	}
	return nil
}

// checkArchive restores everything, or up to a version that was acknowledged.
func (w *Workload) checkArchive(d *disk.Disk, dir *backup.Dir, rng *rand.Rand) error {
	o := backup.RestoreOptions{Archive: archiveDir}
	oldest := w.copies.backups[0].version
	if rng.IntN(2) == 0 && w.copies.archived > oldest {
		o.Goal.Version = oldest + mvcc.Timestamp(rng.Uint64N(uint64(w.copies.archived-oldest)+1))
	}
	got, version, err := w.restored(d, dir, o)
	if sqlerr.StateOf(err) == sqlerr.UndefinedFile && w.copies.archived == 0 {
		return nil // it has not begun yet, and nobody was told that it had
	}
	if err != nil {
		return err
	}
	if o.Goal.Version != 0 && version != o.Goal.Version || version < w.copies.archived && o.Goal.Version == 0 {
		return violated("version %d is restored, %d was archived, %v wanted", version, w.copies.archived, o.Goal)
	}
	if want := w.at(version); want == nil || got.Equal(want) || version >= w.newest() && w.allows(got) {
		return nil
	}
	return violated("version %d: %s", version, w.at(version).Diff(got))
}

// at is what a version holds: that of the newest one known up to it, as all that change something are. Nil
// when none is.
func (w *Workload) at(version mvcc.Timestamp) State {
	for ; version > 0; version-- {
		if s := w.past[version]; s != nil {
			return s
		}
	}
	return nil
}

func (w *Workload) newest() mvcc.Timestamp {
	return slices.Max(append(slices.Collect(maps.Keys(w.past)), 0))
}

// restored restores into a new directory, and reads what is there.
func (w *Workload) restored(d *disk.Disk, dir *backup.Dir, o backup.RestoreOptions) (State, mvcc.Timestamp, error) {
	w.copies.restores++
	to := d.PathJoin(restoredDir, fmt.Sprint(w.copies.restores))
	if _, err := dir.Restore(context.Background(), to, o); err != nil {
		return nil, 0, err
	}
	s, err := mvcc.Open(d, to, mvcc.Options{CheckpointBytes: -1})
	if err != nil {
		return nil, 0, err
	}
	got, err := w.stateOf(s)
	return got, s.Version(), errors.Join(err, s.Close())
}
