package backup_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/backup"
	"github.com/oxidb/oxidb/sqlerr"
)

// A restore of all there is does not go back to an older backup in silence when the newest is damaged.
func TestRestoreNamesDamagedNewest(t *testing.T) {
	fs := vfs.NewCrashableMem()
	h := newHistory(t, fs, 3, mvcc.Options{})
	defer func() { must(t, h.store.Close()) }()
	h.load(1)
	older := backupOf(t, h.store)
	at := h.version()
	h.write()
	newer := backupOf(t, h.store)
	path := fs.PathJoin(backupsDir, "sets", newer.Set.Name, "BACKUP")
	raw := read(t, fs, path)
	raw[len(raw)-1] ^= 1
	write(t, fs, path, raw)

	dir, err := backup.Open(fs, backupsDir)
	must(t, err)
	_, err = dir.Restore(ctx, otherDir, backup.RestoreOptions{})
	var known *sqlerr.Error
	if !errors.As(err, &known) || known.State != sqlerr.DataCorrupted || !strings.Contains(known.Message, newer.Set.Name) || !strings.Contains(known.Hint, older.Set.Name) {
		t.Fatalf("with the newest backup damaged: %v", err)
	}
	restore(t, fs, otherDir, backup.RestoreOptions{Set: older.Set.Name})
	h.expect(fs, otherDir, at)
	restore(t, fs, "/third", backup.RestoreOptions{Goal: backup.Goal{Version: at}})
	h.expect(fs, "/third", at)
}
