package wal

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/sqlerr"
)

// Follower reads a log that may be written meanwhile: file headers and records, as the bytes that they
// are on disk. It belongs to one goroutine.
type Follower struct {
	fs     vfs.FS
	dir    string
	uuid   UUID
	number uint64
	file   vfs.File
	at     int64 // in the file; 0 before its header
	end    int64 // of the file's log, 0 while no next file says it: behind it lies what a crash tore
	chain  chain
	window []byte // what was read of the file, from `at` on
}

// Piece is a file's header, or a record. It is borrowed until the next one is asked for.
type Piece struct {
	File   uint64
	Offset int64
	Bytes  []byte
	LSN    uint64 // of the record, or of the last one before the file
	Record Record // without a Type when the piece is a file's header
}

// followStep is how much of a log is read at once.
const followStep = 1 << 20

// Follow starts at the header of log file number first.
func Follow(fs vfs.FS, dir string, uuid UUID, first uint64) (*Follower, error) {
	f := &Follower{fs: fs, dir: dir, uuid: uuid, number: first}
	return f, f.open()
}

// Next gives the next piece while its records have LSNs up to limit, nil after that. All records up to
// limit must be in the log; where they are not, or do not fit together, the error names the file (XX001)
// and the Follower is of no use any more.
func (f *Follower) Next(limit uint64) (*Piece, error) {
	if f.at == 0 {
		return f.header()
	}
	if f.chain.lsn >= limit {
		return nil, nil
	}
	for {
		if f.end > 0 && f.at >= f.end {
			if err := f.advance(); err != nil {
				return nil, err
			}
			return f.header()
		}
		c := f.chain
		record, size, ok := next(f.window, &c)
		if ok {
			whole := headerSize + len(record.Payload) + padding(len(record.Payload))
			if more, err := f.upTo(whole); err != nil {
				return nil, err
			} else if more {
				continue
			}
			p := &Piece{File: f.number, Offset: f.at, Bytes: f.window[:size:size], LSN: record.LSN, Record: record}
			f.chain, f.window, f.at = c, f.window[size:], f.at+int64(size)
			return p, nil
		}
		if more, err := f.read(); err != nil {
			return nil, err
		} else if more {
			continue
		}
		if err := f.chain.foreign(f.window, f.path(), f.at); err != nil {
			return nil, err
		}
		if err := f.advance(); err != nil {
			return nil, err
		}
		return f.header()
	}
}

// upTo brings the padding behind a record into the window; more says that it was not there before.
func (f *Follower) upTo(size int) (more bool, err error) {
	if size <= len(f.window) {
		return false, nil
	}
	before := len(f.window)
	_, err = f.read()
	return len(f.window) > before, err
}

// File is the number of the file that is read now, and the LSN of the last record given.
func (f *Follower) File() (number, lsn uint64) { return f.number, f.chain.lsn }

// Close gives up the file.
func (f *Follower) Close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}

func (f *Follower) path() string { return f.fs.PathJoin(f.dir, fileName(f.number)) }

func (f *Follower) open() error {
	file, err := f.fs.Open(f.path())
	if errors.Is(err, fs.ErrNotExist) {
		return missingFile(f.fs, f.dir, f.number)
	}
	if err != nil {
		return ioError("opening the log", f.path(), err)
	}
	f.file, f.at, f.window = file, 0, nil
	return nil
}

// header takes the header of a file just opened.
func (f *Follower) header() (*Piece, error) {
	if _, err := f.read(); err != nil {
		return nil, err
	}
	h, torn, err := decodeFileHeader(f.window, f.path())
	switch {
	case err != nil:
		return nil, err
	case torn:
		return nil, badHeader(f.window, f.path())
	case h.uuid != f.uuid || h.number != f.number:
		return nil, sqlerr.New(sqlerr.DataCorrupted, "log file %s belongs to another database", f.path())
	}
	p := &Piece{File: f.number, Bytes: f.window[:fileHeaderSize:fileHeaderSize], LSN: h.lsn}
	f.chain, f.at, f.window = h.chain(), fileHeaderSize, f.window[fileHeaderSize:]
	f.end, err = f.vouched()
	return p, err
}

// vouched is where the file ends according to the next one, 0 when there is none yet: then the log's
// writer is at work in this one, and no transaction of it is torn.
func (f *Follower) vouched() (end int64, err error) {
	path := f.fs.PathJoin(f.dir, fileName(f.number+1))
	next, err := f.fs.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, ioError("opening the log", path, err)
	}
	defer func() { err = errors.Join(err, next.Close()) }()
	head := make([]byte, fileHeaderSize)
	if n, err := next.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return 0, ioError("reading the log", path, err)
	} else if n < len(head) {
		return 0, nil
	}
	if h, torn, err := decodeFileHeader(head, path); err == nil && !torn && h.uuid == f.uuid {
		return h.end, nil
	}
	return 0, nil // advance tells
}

// read brings more of the file into the window, beginning with what it holds: that may have been read
// before it was written. It reports whether the window grew or changed.
func (f *Follower) read() (bool, error) {
	stat, err := f.file.Stat()
	if err != nil {
		return false, ioError("reading the log", f.path(), err)
	}
	want := int64(followStep)
	if len(f.window) >= headerSize && soundHeader(f.window, f.chain.seed) {
		want += int64(min(binary.LittleEndian.Uint64(f.window[atLength:]), uint64(stat.Size())))
	}
	data := make([]byte, max(0, min(want, stat.Size()-f.at)))
	if len(data) > 0 {
		if _, err := f.file.ReadAt(data, f.at); err != nil {
			return false, ioError("reading the log", f.path(), err)
		}
	}
	grown := len(data) > len(f.window) || string(data[:min(len(data), len(f.window))]) != string(f.window[:min(len(data), len(f.window))])
	f.window = data
	return grown, nil
}

// advance goes to the next file, whose header must vouch for where this one ends.
func (f *Follower) advance() error {
	at, before, path := f.at, f.chain, f.path()
	if err := f.Close(); err != nil {
		return ioError("reading the log", path, err)
	}
	f.number++
	damaged := func() error {
		return sqlerr.New(sqlerr.DataCorrupted, "the log is damaged at %s, offset %d: record %d is not sound", path, at, before.lsn+1)
	}
	if err := f.open(); err != nil {
		if sqlerr.StateOf(err) == sqlerr.DataCorrupted { // there is no next file
			return damaged()
		}
		return err
	}
	if _, err := f.read(); err != nil {
		return err
	}
	h, torn, err := decodeFileHeader(f.window, f.path())
	if err != nil {
		return err
	}
	if torn || h.lsn != before.lsn || h.previous != before.previous || h.end != at {
		return damaged()
	}
	return nil
}

// errCut ends reading where a log is cut.
var errCut = errors.New("cut")

// Cut shortens a log behind the last transaction that keep accepts; those behind the first that it does
// not are not read. It reports whether it found one that is not kept. The log must not be in use.
func Cut(fs vfs.FS, dir string, uuid UUID, first uint64, keep func(commit *Record) bool) (found bool, err error) {
	state, err := Read(fs, dir, uuid, first, func(records []Record) error {
		if !keep(&records[len(records)-1]) {
			return errCut
		}
		return nil
	}, nil)
	if !errors.Is(err, errCut) {
		return false, err
	}
	numbers, err := list(fs, dir, first)
	if err != nil {
		return false, ioError("reading the log", dir, err)
	}
	for _, n := range numbers {
		if n > state.File {
			err = errors.Join(err, fs.Remove(fs.PathJoin(dir, fileName(n))))
		}
	}
	if err == nil {
		err = shorten(fs, fs.PathJoin(dir, fileName(state.File)), state.end)
	}
	if err = errors.Join(err, SyncDir(fs, dir)); err != nil {
		return true, ioError("cutting the log", dir, err)
	}
	return true, nil
}

// shorten makes a file anew with its first bytes only.
func shorten(fs vfs.FS, path string, size int64) error {
	data, err := readWhole(fs, path, nil)
	if err != nil {
		return err
	}
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(data[:size])
	return errors.Join(err, f.Sync(), f.Close())
}

// FileName is the name of log file number n.
func FileName(n uint64) string { return fileName(n) }

// Files lists the numbers of the log files in a directory, ascending.
func Files(fs vfs.FS, dir string) ([]uint64, error) {
	numbers, err := list(fs, dir, 0)
	slices.Sort(numbers)
	return numbers, err
}

// After is a state from which a log goes on behind all files that there are, those that were not read
// among them.
func (s State) After(fs vfs.FS, dir string) (State, error) {
	numbers, err := Files(fs, dir)
	if err != nil {
		return s, ioError("reading the log", dir, err)
	}
	if len(numbers) > 0 {
		s.File = max(s.File, numbers[len(numbers)-1])
	}
	return s, nil
}
