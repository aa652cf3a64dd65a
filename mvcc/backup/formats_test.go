package backup_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"maps"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/archive"
	"github.com/oxidb/oxidb/mvcc/backup"
	"github.com/oxidb/oxidb/sqlerr"
)

// contents is all files under a directory.
func contents(t testing.TB, fs vfs.FS, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, file := range tree(t, fs, dir) {
		if !strings.HasSuffix(file, "/LOCK") {
			all[file] = string(read(t, fs, file))
		}
	}
	return all
}

// foreign is an error that must name a file; a later format is told apart from garbage, with what to do.
func foreign(t *testing.T, what string, err error, file string, later bool) {
	t.Helper()
	state := sqlerr.DataCorrupted
	if later {
		state = sqlerr.FeatureNotSupported
	}
	var known *sqlerr.Error
	if !errors.As(err, &known) || known.State != state || !strings.Contains(known.Message, file) {
		t.Errorf("%s: %v", what, err)
		return
	}
	if later && (!strings.Contains(known.Message, "format 99") || !strings.Contains(known.Message, "reads format") || !strings.Contains(known.Hint, "newer")) {
		t.Errorf("%s: %v, hint %q", what, err, known.Hint)
	}
}

// twoBackups is a database with an archive and two backups; the second one's log goes on in the archive.
func twoBackups(t *testing.T) (fs *vfs.MemFS, h *history, sets []*backup.Set) {
	fs = vfs.NewCrashableMem()
	h = newHistory(t, fs, 11, mvcc.Options{Archive: archiveDir, ArchiveEvery: time.Hour})
	for range 2 {
		h.write()
		sets = append(sets, backupOf(t, h.store).Set)
		must(t, h.store.Checkpoint(ctx))
	}
	h.write()
	must(t, h.store.ArchiveNow(ctx))
	return fs, h, sets
}

// A directory of backups that a later version made, or that is none, must not be written to, nor read as
// if it were of this format.
func TestBackupDirectoriesOfOtherFormats(t *testing.T) {
	for name, text := range map[string]string{"later": "OxiDB backups, format 99\n", "garbage": "these are no backups", "empty": ""} {
		fs, h, sets := twoBackups(t)
		d, err := backup.Open(fs, backupsDir)
		must(t, err)
		file := backupsDir + "/" + mvcc.BackupsFile
		write(t, fs, file, []byte(text))
		before := contents(t, fs, backupsDir)
		_, err = backup.Open(fs, backupsDir)
		foreign(t, name+": opening", err, file, name == "later")
		_, err = backup.Run(ctx, h.store, backupsDir, backup.Options{})
		foreign(t, name+": a backup", err, file, name == "later")
		_, err = d.Prune(1)
		foreign(t, name+": pruning", err, file, name == "later")
		if after := contents(t, fs, backupsDir); !maps.Equal(before, after) {
			t.Errorf("%s: files changed", name)
		}
		write(t, fs, file, []byte("OxiDB backups, format 1\n"))
		h.expectRestored(fs, sets[1])
		must(t, h.store.Close())
	}
}

func (h *history) expectRestored(fs vfs.FS, set *backup.Set) {
	h.t.Helper()
	to := "/restored/" + set.Name
	restore(h.t, fs, to, backup.RestoreOptions{Set: set.Name})
	h.expect(fs, to, set.Version)
}

// A backup of a later version among others: it is named, never removed nor taken for one that did not
// finish, and the others can be restored; new ones can be made.
func TestBackupsOfOtherFormats(t *testing.T) {
	for name, change := range map[string]func(raw, other []byte) []byte{
		"later":          func(raw, _ []byte) []byte { raw[8] = 99; return raw },
		"garbage":        func(raw, _ []byte) []byte { return bytes.Repeat([]byte("garbage."), len(raw)/8) },
		"zeros":          func(raw, _ []byte) []byte { return make([]byte, len(raw)) },
		"empty":          func([]byte, []byte) []byte { return nil },
		"another backup": func(_, other []byte) []byte { return other },
	} {
		fs, h, sets := twoBackups(t)
		later := name == "later"
		path := func(s *backup.Set) string { return fs.PathJoin(backupsDir, "sets", s.Name, "BACKUP") }
		file := path(sets[1])
		write(t, fs, file, change(read(t, fs, file), read(t, fs, path(sets[0]))))
		before := contents(t, fs, backupsDir)
		d, err := backup.Open(fs, backupsDir)
		must(t, err)
		listed, err := d.Sets()
		foreign(t, name+": listing", err, file, later)
		if len(listed) != 1 || listed[0].Name != sets[0].Name {
			t.Errorf("%s: %d backups are listed", name, len(listed))
		}
		for _, o := range []backup.RestoreOptions{{}, {Set: sets[1].Name}, {Archive: archiveDir}} {
			_, err = d.Restore(ctx, otherDir, o)
			foreign(t, name+": restoring", err, file, later)
		}
		if _, err := fs.Stat(otherDir); err == nil {
			t.Errorf("%s: the refused restore made %s", name, otherDir)
		}
		_, err = d.Prune(1)
		foreign(t, name+": pruning", err, file, later)
		if after := contents(t, fs, backupsDir); !maps.Equal(before, after) {
			t.Errorf("%s: files changed", name)
		}
		h.expectRestored(fs, sets[0])
		h.expectRestored(fs, backupOf(t, h.store).Set)
		after := contents(t, fs, backupsDir)
		for file, was := range before {
			if after[file] != was {
				t.Errorf("%s: the next backup changed %s", name, file)
			}
		}
		must(t, h.store.Close())
	}
}

// strangers are what may stand in the place of an archive's log file.
func strangers(t *testing.T, raw []byte) map[string][]byte {
	t.Helper()
	later := bytes.Clone(raw)
	later[8] = 99
	binary.LittleEndian.PutUint32(later[64:], crc32.Checksum(later[:64], crc32.MakeTable(crc32.Castagnoli)))
	other := vfs.NewMem()
	s, err := mvcc.Open(other, dbDir, mvcc.Options{CheckpointBytes: -1})
	must(t, err)
	must(t, s.Close())
	var log []byte
	for _, file := range tree(t, other, dbDir) {
		if strings.HasSuffix(file, ".wal") {
			log = read(t, other, file)
		}
	}
	return map[string][]byte{"later": later, "garbage": bytes.Repeat([]byte("garbage."), 1000), "zeros": make([]byte, len(raw)), "empty": nil,
		"half a header": raw[:100], "another database's": log}
}

// A file in an archive that is of a later format or another kind: a restore names it, and archiving does
// not write over it but says so, while the database works on.
func TestArchivesOfOtherFormats(t *testing.T) {
	fs, h, sets := twoBackups(t)
	logs := archive.LogDir(fs, archiveDir, h.store.UUID())
	files := tree(t, fs, logs)
	file := files[len(files)-1]
	raw := read(t, fs, file)
	must(t, h.store.Close())
	for name, content := range strangers(t, raw) {
		fs := fs.CrashClone(vfs.CrashCloneCfg{})
		h.fs = fs
		write(t, fs, file, content)
		before := contents(t, fs, archiveDir)
		d, err := backup.Open(fs, backupsDir)
		must(t, err)
		_, err = d.Restore(ctx, otherDir, backup.RestoreOptions{Archive: archiveDir})
		foreign(t, name+": restoring", err, path.Base(file), name == "later")
		h.open()
		err = h.store.ArchiveNow(ctx)
		foreign(t, name+": archiving", err, path.Base(file), name == "later")
		if state, _ := h.store.ArchiveState(); state.Err == nil {
			t.Errorf("%s: the state of the archive says nothing", name)
		}
		if after := contents(t, fs, archiveDir); !maps.Equal(before, after) {
			t.Errorf("%s: the archive's files changed", name)
		}
		states, next, acked := maps.Clone(h.states), h.next, h.acked
		h.write()
		must(t, h.store.Checkpoint(ctx))
		write(t, fs, file, raw) // the stranger is moved away
		must(t, h.store.ArchiveNow(ctx))
		must(t, h.store.Close())
		must(t, fs.RemoveAll(otherDir))
		r := restore(t, fs, otherDir, backup.RestoreOptions{Set: sets[0].Name, Archive: archiveDir})
		if r.Version != h.version() {
			t.Errorf("%s: version %d, want %d", name, r.Version, h.version())
		}
		h.expect(fs, otherDir, h.version())
		h.states, h.next, h.acked = states, next, acked
	}
}

// A watermark that a later version wrote is not written over, nor is the archive read without it.
func TestWatermarkOfALaterFormat(t *testing.T) {
	fs, h, _ := twoBackups(t)
	file := fs.PathJoin(archive.Dir(fs, archiveDir, h.store.UUID()), archive.WatermarkFile)
	must(t, h.store.Close())
	raw := read(t, fs, file)
	later := bytes.Clone(raw)
	for at := 0; at < len(raw); at += 4096 {
		later[at+8] = 99
		binary.LittleEndian.PutUint32(later[at+36:], crc32.Checksum(later[at:at+36], crc32.MakeTable(crc32.Castagnoli)))
	}
	write(t, fs, file, later)
	before := contents(t, fs, archiveDir)
	d, err := backup.Open(fs, backupsDir)
	must(t, err)
	_, err = d.Restore(ctx, otherDir, backup.RestoreOptions{Archive: archiveDir})
	foreign(t, "restoring", err, file, true)
	h.open()
	foreign(t, "archiving", h.store.ArchiveNow(ctx), file, true)
	h.write()
	if after := contents(t, fs, archiveDir); !maps.Equal(before, after) {
		t.Error("the archive's files changed")
	}
	write(t, fs, file, raw)
	must(t, h.store.ArchiveNow(ctx))
	must(t, h.store.Close())
	must(t, fs.RemoveAll(otherDir))
	restore(t, fs, otherDir, backup.RestoreOptions{Archive: archiveDir})
	h.expect(fs, otherDir, h.version())
}
