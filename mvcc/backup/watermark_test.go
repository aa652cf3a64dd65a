package backup_test

import (
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/archive"
	"github.com/oxidb/oxidb/mvcc/backup"
	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
)

// Up to its watermark an archive is damaged where records are not sound; behind it a crash may have torn
// any of them, whatever later ones promise.
func TestArchiveWatermark(t *testing.T) {
	fs := vfs.NewCrashableMem()
	h := newHistory(t, fs, 5, mvcc.Options{Archive: archiveDir})
	h.write()
	set := backupOf(t, h.store).Set
	must(t, h.store.ArchiveNow(ctx))
	at := h.version()
	uuid, err := hex.DecodeString(set.Database)
	must(t, err)
	mark := fs.PathJoin(archive.Dir(fs, archiveDir, wal.UUID(uuid)), archive.WatermarkFile)
	before := read(t, fs, mark)
	logs := archive.LogDir(fs, archiveDir, wal.UUID(uuid))
	numbers, err := wal.Files(fs, logs)
	must(t, err)
	last := fs.PathJoin(logs, wal.FileName(numbers[len(numbers)-1]))
	end := len(read(t, fs, last))
	for range 5 {
		h.write()
	}
	must(t, h.store.Close())

	bad := read(t, fs, last)
	bad[end+8]++ // the first record behind the watermark of then
	write(t, fs, last, bad)
	try := func(to string) error {
		dir, err := backup.Open(fs, backupsDir)
		must(t, err)
		_, err = dir.Restore(ctx, to, backup.RestoreOptions{Archive: archiveDir})
		return err
	}
	if err := try("/damaged"); sqlerr.StateOf(err) != sqlerr.DataCorrupted {
		t.Fatalf("damage before the watermark: %v", err)
	}
	write(t, fs, last, bad[:end]) // not even a later record tells
	if err := try("/short"); sqlerr.StateOf(err) != sqlerr.DataCorrupted {
		t.Fatalf("an end before the watermark: %v", err)
	}
	write(t, fs, last, bad)
	write(t, fs, mark, before)
	must(t, try("/torn"))
	h.expect(fs, "/torn", at)
}

// A watermark of a later format is refused, one that is damaged is as none.
func TestForeignWatermark(t *testing.T) {
	fs := vfs.NewCrashableMem()
	h := newHistory(t, fs, 6, mvcc.Options{Archive: archiveDir})
	h.write()
	set := backupOf(t, h.store).Set
	must(t, h.store.Close())
	raw, err := hex.DecodeString(set.Database)
	must(t, err)
	uuid := wal.UUID(raw)
	path := fs.PathJoin(archive.Dir(fs, archiveDir, uuid), archive.WatermarkFile)
	lsn, err := archive.Watermark(fs, archiveDir, uuid)
	must(t, err)
	if lsn == 0 || lsn == archive.Unknown {
		t.Fatalf("watermark %d", lsn)
	}
	write(t, fs, path, make([]byte, 100))
	if lsn, err := archive.Watermark(fs, archiveDir, uuid); err != nil || lsn != archive.Unknown {
		t.Fatalf("zeros: %d, %v", lsn, err)
	}
	later := make([]byte, 40)
	copy(later, "OXIDBARC")
	later[8] = 2
	binary.LittleEndian.PutUint32(later[36:], crc32.Checksum(later[:36], crc32.MakeTable(crc32.Castagnoli)))
	write(t, fs, path, later)
	if _, err := archive.Watermark(fs, archiveDir, uuid); sqlerr.StateOf(err) != sqlerr.FeatureNotSupported {
		t.Fatalf("a later format: %v", err)
	}
}
