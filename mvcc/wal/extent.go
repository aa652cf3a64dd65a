package wal

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/sqlerr"
)

// Extent is how far the records of a log file are sound, and the LSN of the last of them: of a copy, how
// much was copied. A file whose header is not whole has none.
func Extent(fs vfs.FS, dir string, uuid UUID, number uint64) (end int64, lsn uint64, err error) {
	path := fs.PathJoin(dir, fileName(number))
	data, err := readWhole(fs, path, nil)
	if err != nil {
		return 0, 0, err
	}
	end, lsn, err = extent(data, path, uuid, number)
	return end, lsn, err
}

func extent(data []byte, path string, uuid UUID, number uint64) (end int64, lsn uint64, err error) {
	h, torn, err := decodeFileHeader(data, path)
	switch {
	case err != nil || torn:
		return 0, 0, err
	case h.uuid != uuid || h.number != number:
		return 0, 0, sqlerr.New(sqlerr.DataCorrupted, "log file %s belongs to another database", path)
	}
	c := h.chain()
	end = fileHeaderSize
	for {
		_, size, ok := next(data[end:], &c)
		if !ok {
			return end, c.lsn, c.foreign(data[end:], path, end)
		}
		end += int64(size)
	}
}

// Verify is Extent of a file that must be sound: damage is an error that names it (XX001), be it a header
// that is not whole, sound records behind one that is not, or records that end before the place that the
// next file, if there is one, says. Of records behind the LSN synced some may be missing.
func Verify(fs vfs.FS, dir string, uuid UUID, number, synced uint64) (end int64, lsn uint64, err error) {
	path := fs.PathJoin(dir, fileName(number))
	data, err := readWhole(fs, path, nil)
	if err != nil {
		return 0, 0, err
	}
	end, lsn, err = extent(data, path, uuid, number)
	if err != nil {
		return 0, 0, err
	}
	if end == 0 {
		return 0, 0, badHeader(data, path)
	}
	f := &Follower{fs: fs, dir: dir, uuid: uuid, number: number}
	vouched, err := f.vouched()
	if err != nil {
		return 0, 0, err
	}
	seed := (&fileHeader{uuid: uuid, number: number}).seed()
	if end < vouched || lsn < synced && soundAfter(data, int(end), seed, lsn, lsn+1) {
		return 0, 0, sqlerr.New(sqlerr.DataCorrupted, "the log is damaged at %s, offset %d: record %d is not sound, but later ones are", path, end, lsn+1)
	}
	return end, lsn, nil
}

// Before is what a log file's header says of the file before it: where it ends, and its last LSN.
func Before(fs vfs.FS, dir string, uuid UUID, number uint64) (end int64, lsn uint64, err error) {
	f, err := Follow(fs, dir, uuid, number)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	p, err := f.header()
	if err != nil {
		return 0, 0, err
	}
	h, _, err := decodeFileHeader(p.Bytes, f.path())
	return h.end, h.lsn, err
}

// Used gives the path of a log file that may hold records, "" for none: all there is then is what
// making a database, which did not finish, may have left.
func Used(fs vfs.FS, dir string) (path string, err error) {
	numbers, err := Files(fs, dir)
	if err != nil {
		return "", err
	}
	for _, n := range numbers {
		path := fs.PathJoin(dir, fileName(n))
		data, err := readWhole(fs, path, nil)
		if err != nil {
			return "", err
		}
		_, torn, err := decodeFileHeader(data, path)
		unused := err == nil && !torn && isZero(data[fileHeaderSize:]) || torn && isZero(data)
		if n > 1 || !unused {
			return path, nil
		}
	}
	return "", nil
}

func isZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// Salvage looks for what a damaged log holds behind the place where it could be read: the last LSN of any
// sound record, and the number of sound Commit records.
func Salvage(fs vfs.FS, dir string, uuid UUID, from State) (last uint64, commits int, err error) {
	numbers, err := Files(fs, dir)
	if err != nil {
		return 0, 0, ioError("reading the log", dir, err)
	}
	for _, n := range numbers {
		if n < from.File {
			continue
		}
		data, err := readWhole(fs, fs.PathJoin(dir, fileName(n)), nil)
		if err != nil {
			return 0, 0, err
		}
		seed := (&fileHeader{uuid: uuid, number: n}).seed()
		for at := fileHeaderSize; at+headerSize <= len(data); at += 8 {
			h := data[at : at+headerSize]
			if lsn := binary.LittleEndian.Uint64(h[atLSN:]); soundHeader(h, seed) && lsn > from.LSN {
				last = max(last, lsn)
				if Type(h[atType]) == Commit {
					commits++
				}
			}
		}
	}
	return last, commits, nil
}
