package archive

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"math"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc/wal"
	"github.com/oxidb/oxidb/sqlerr"
)

// WatermarkFile says, in an archive's directory, up to which LSN the archive's log is on its disk. Records
// promise that of the database's disk only: behind the watermark a crash may have left later records of the
// archive and lost earlier ones.
const WatermarkFile = "synced"

// A watermark file has two slots, written in turn, so that one is whole whatever a crash tears.
const (
	watermarkMagic   = "OXIDBARC"
	watermarkVersion = 1
	watermarkSize    = 40
	watermarkSlot    = 4096
)

// Unknown is the watermark of an archive that has none: all its records count as promised.
const Unknown = math.MaxUint64

// Watermark reads the watermark of the archive in dir; Unknown when there is none that is whole.
func Watermark(fsys vfs.FS, dir string, uuid wal.UUID) (lsn uint64, err error) {
	path := fsys.PathJoin(Dir(fsys, dir, uuid), WatermarkFile)
	f, err := fsys.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Unknown, nil
	}
	if err != nil {
		return 0, sqlerr.New(sqlerr.IOError, "reading %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	raw := make([]byte, 2*watermarkSlot)
	n, err := f.ReadAt(raw, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, sqlerr.New(sqlerr.IOError, "reading %s: %w", path, err)
	}
	raw = raw[:n]
	lsn = Unknown
	for at := 0; at+watermarkSize <= len(raw); at += watermarkSlot {
		found, ok, err := decodeWatermark(raw[at:at+watermarkSize], path, uuid)
		if err != nil {
			return 0, err
		}
		if ok && (lsn == Unknown || found > lsn) {
			lsn = found
		}
	}
	return lsn, nil
}

func decodeWatermark(slot []byte, path string, uuid wal.UUID) (lsn uint64, ok bool, err error) {
	sum := crc32.Checksum(slot[:watermarkSize-4], crc32.MakeTable(crc32.Castagnoli))
	if string(slot[:8]) != watermarkMagic || binary.LittleEndian.Uint32(slot[36:]) != sum {
		return 0, false, nil
	}
	if v := binary.LittleEndian.Uint32(slot[8:]); v != watermarkVersion {
		return 0, false, sqlerr.New(sqlerr.FeatureNotSupported, "%s has format %d; this version of OxiDB reads format %d", path, v, watermarkVersion).
			WithHint("A later version wrote the archive. Use that version of OxiDB, or a newer one; nothing was changed.")
	}
	return binary.LittleEndian.Uint64(slot[28:]), [16]byte(slot[12:28]) == uuid, nil
}

func encodeWatermark(uuid wal.UUID, lsn uint64) []byte {
	slot := append(make([]byte, 0, watermarkSize), watermarkMagic...)
	slot = binary.LittleEndian.AppendUint32(slot, watermarkVersion)
	slot = append(slot, uuid[:]...)
	slot = binary.LittleEndian.AppendUint64(slot, lsn)
	return binary.LittleEndian.AppendUint32(slot, crc32.Checksum(slot, crc32.MakeTable(crc32.Castagnoli)))
}

// mark moves the watermark to what was just synced.
func (a *Archive) mark(lsn uint64) (err error) {
	if a.marked == lsn {
		return nil
	}
	if a.marked == Unknown {
		err = a.firstMark(lsn)
	} else {
		err = a.nextMark(lsn)
	}
	if err == nil {
		a.marked = lsn
	}
	return err
}

// firstMark makes the file, which has its name only when it is whole.
func (a *Archive) firstMark(lsn uint64) error {
	fsys, dir := a.src.FS, Dir(a.src.FS, a.dir, a.src.UUID)
	path := fsys.PathJoin(dir, WatermarkFile)
	f, err := fsys.Create(path+".tmp", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	slots := make([]byte, 2*watermarkSlot)
	copy(slots, encodeWatermark(a.src.UUID, lsn))
	_, err = f.Write(slots)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := fsys.Rename(path+".tmp", path); err != nil {
		return err
	}
	a.slot = 1
	return wal.SyncDir(fsys, dir)
}

func (a *Archive) nextMark(lsn uint64) (err error) {
	fsys := a.src.FS
	f, err := fsys.OpenReadWrite(fsys.PathJoin(Dir(fsys, a.dir, a.src.UUID), WatermarkFile), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.WriteAt(encodeWatermark(a.src.UUID, lsn), int64(a.slot)*watermarkSlot); err != nil {
		return err
	}
	a.slot = 1 - a.slot
	return f.SyncData()
}
