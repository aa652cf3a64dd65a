package wal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/sqlerr"
)

const (
	fileHeaderSize = 4096
	fileVersion    = 2 // version 1 had nothing behind the last record
	oldestVersion  = 1
)

var fileMagic = [8]byte{'O', 'X', 'I', 'D', 'B', 'W', 'A', 'L'}

// UUID tells databases apart.
type UUID [16]byte

// fileHeader is the first 4 KiB of a log file, most of them zero.
type fileHeader struct {
	uuid     UUID
	number   uint64
	lsn      uint64 // of the last record before the file
	previous uint32 // that record's header checksum
	end      int64  // where the file before this one ends (W4)
	version  uint32 // the file's format, of a header that was read
}

func (h *fileHeader) encode() []byte {
	b := make([]byte, fileHeaderSize)
	copy(b, fileMagic[:])
	binary.LittleEndian.PutUint32(b[8:], fileVersion)
	copy(b[16:], h.uuid[:])
	binary.LittleEndian.PutUint64(b[32:], h.number)
	binary.LittleEndian.PutUint64(b[40:], h.lsn)
	binary.LittleEndian.PutUint32(b[48:], h.previous)
	binary.LittleEndian.PutUint64(b[56:], uint64(h.end))
	binary.LittleEndian.PutUint32(b[64:], crc32.Checksum(b[:64], castagnoli))
	return b
}

// decodeFileHeader reads a header; torn means that it is not a whole one.
func decodeFileHeader(b []byte, path string) (h fileHeader, torn bool, err error) {
	if len(b) < fileHeaderSize || binary.LittleEndian.Uint32(b[64:]) != crc32.Checksum(b[:64], castagnoli) {
		return h, true, nil
	}
	if [8]byte(b[:8]) != fileMagic {
		return h, false, sqlerr.New(sqlerr.DataCorrupted, "%s is not a log file of OxiDB", path)
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v < oldestVersion || v > fileVersion {
		return h, false, sqlerr.New(sqlerr.FeatureNotSupported, "log file %s has format %d; this version of OxiDB reads formats %d to %d", path, v, oldestVersion, fileVersion).
			WithHint("A later version wrote it. Use that version of OxiDB, or a newer one; nothing was changed.")
	}
	copy(h.uuid[:], b[16:])
	h.number = binary.LittleEndian.Uint64(b[32:])
	h.lsn = binary.LittleEndian.Uint64(b[40:])
	h.previous = binary.LittleEndian.Uint32(b[48:])
	h.end = int64(binary.LittleEndian.Uint64(b[56:]))
	h.version = binary.LittleEndian.Uint32(b[8:])
	return h, false, nil
}

// badHeader is the error for a header that is not whole: it is damaged, or of another kind of file, or
// of a format that keeps its checksum elsewhere.
func badHeader(b []byte, path string) error {
	what := "its checksum differs"
	switch {
	case len(b) < fileHeaderSize:
		what = fmt.Sprintf("it has %d bytes, a header has %d", len(b), fileHeaderSize)
	case [8]byte(b[:8]) != fileMagic:
		what = "the file does not begin as a log file of OxiDB does"
	default:
		if v := binary.LittleEndian.Uint32(b[8:]); v < oldestVersion || v > fileVersion {
			what = fmt.Sprintf("it says format %d, and this version of OxiDB reads formats %d to %d", v, oldestVersion, fileVersion)
		}
	}
	return sqlerr.New(sqlerr.DataCorrupted, "the header of log file %s is damaged: %s", path, what)
}

// seed makes checksums differ from file to file.
func (h *fileHeader) seed() uint32 {
	var b [24]byte
	copy(b[:], h.uuid[:])
	binary.LittleEndian.PutUint64(b[16:], h.number)
	return crc32.Checksum(b[:], castagnoli)
}

func (h *fileHeader) chain() chain {
	return chain{seed: h.seed(), previous: h.previous, lsn: h.lsn}
}

const (
	fileSuffix  = ".wal"
	spareSuffix = ".spare"
)

// fileName is the name of log file number n.
func fileName(n uint64) string { return fmt.Sprintf("%016d%s", n, fileSuffix) }

// spareName is the name of a file that waits to be used, again or for the first time; its number says
// nothing.
func spareName(n uint64) string { return fmt.Sprintf("%016d%s", n, spareSuffix) }

// list gives the numbers of the log files in dir, ascending, from `from` on.
func list(fs vfs.FS, dir string, from uint64) ([]uint64, error) {
	names, err := fs.List(dir)
	if err != nil {
		return nil, err
	}
	var numbers []uint64
	for _, name := range names {
		var n uint64
		if !strings.HasSuffix(name, fileSuffix) {
			continue
		}
		if _, err := fmt.Sscanf(name, "%d.wal", &n); err != nil || fileName(n) != name || n < from {
			continue
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}
