package backup_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/backup"
)

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
