package proof

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/backup"
	"github.com/oxidb/oxidb/mvcc/proof/disk"
)

// crowdCopies is what a crowd knows of the copies that are made while its members commit.
type crowdCopies struct {
	mu       sync.Mutex
	backups  []backupAt // acknowledged, and not pruned
	archived mvcc.Timestamp
	turn     int
}

type backupAt struct {
	name    string
	version mvcc.Timestamp
}

// betweenCopies is how long nobody makes a copy.
const betweenCopies = 3 * time.Millisecond

// copy makes a backup or archives what was committed, while others commit: all that anyone saw before must
// be in it (P7).
func (c *crowd) copy() error {
	time.Sleep(betweenCopies)
	ctx := context.Background()
	before := c.store.Version()
	if c.copies.turn++; c.copies.turn%2 == 0 {
		if err := c.store.ArchiveNow(ctx); err != nil {
			return err
		}
		c.copies.mu.Lock()
		defer c.copies.mu.Unlock()
		c.copies.archived = max(c.copies.archived, before)
		return nil
	}
	r, err := backup.Run(ctx, c.store, backupsDir, backup.Options{})
	if err != nil {
		return err
	}
	if r.Set.Version < before {
		return violated("a backup has version %d, %d was there before", r.Set.Version, before)
	}
	if c.acknowledged(backupAt{r.Set.Name, r.Set.Version}) <= 3 {
		return nil
	}
	d, err := backup.Open(c.disk, backupsDir)
	if err != nil {
		return err
	}
	_, err = d.Prune(2)
	return err
}

// acknowledged takes a backup in, and gives how many there are; the oldest of more than three will be
// pruned.
func (c *crowd) acknowledged(b backupAt) int {
	c.copies.mu.Lock()
	defer c.copies.mu.Unlock()
	c.copies.backups = append(c.copies.backups, b)
	n := len(c.copies.backups)
	if n > 3 {
		c.copies.backups = slices.Clone(c.copies.backups[n-2:])
	}
	return n
}

// copied is what is known of copies now.
func (c *crowd) copied() (backups []backupAt, archived mvcc.Timestamp) {
	c.copies.mu.Lock()
	defer c.copies.mu.Unlock()
	return slices.Clone(c.copies.backups), c.copies.archived
}

// verifyCopies restores from what a crash left of the copies: an acknowledged backup, and all there is.
func (c *crowd) verifyCopies(at *crashed, states []State) (err error) {
	defer guard(&err)
	if len(at.backups) == 0 {
		return nil
	}
	d := at.disk.Crash(disk.Killed, c.rng)
	dir, err := backup.Open(d, backupsDir)
	if err != nil {
		return violated("the backups: %v", err)
	}
	one := at.backups[c.rng.IntN(len(at.backups))]
	if err := c.verifyRestore(d, dir, backup.RestoreOptions{Set: one.name}, one.version, one.version, states); err != nil {
		return violated("backup %s: %v", one.name, err)
	}
	if at.archived < one.version {
		return nil
	}
	if err := c.verifyRestore(d, dir, backup.RestoreOptions{Archive: archiveDir}, at.archived, mvcc.Timestamp(len(states)-1), states); err != nil {
		return violated("the archive: %v", err)
	}
	return nil
}

// verifyRestore restores a version between two.
func (c *crowd) verifyRestore(d *disk.Disk, dir *backup.Dir, o backup.RestoreOptions, from, to mvcc.Timestamp, states []State) error {
	got, version, err := c.w.restored(d, dir, o)
	if err != nil {
		return err
	}
	if version < from || version > to {
		return violated("version %d is restored, not one from %d to %d", version, from, to)
	}
	if diff := states[version].Diff(got); diff != "" {
		return violated("version %d: %s", version, diff)
	}
	return nil
}
