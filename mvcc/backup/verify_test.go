package backup_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/backup"
)

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
