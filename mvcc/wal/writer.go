package wal

import (
	"errors"
	"fmt"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/sqlerr"
)

// State is a place in the log: what a reader ends with and a writer starts from.
type State struct {
	File uint64 // the last file in use; the next record goes into File+1
	LSN  uint64 // of the last whole commit's last record

	previous uint32
	end      int64
}

// Options tune a log. The zero value is a good default.
type Options struct {
	// Retain is asked about every finished file that the database does not need any more, before the
	// file is recycled or removed: true keeps it as it is, and the question comes again with the next
	// Trim. It may be called by any goroutine, also while the log starts, and must not use the log. Nil
	// keeps nothing.
	Retain func(number uint64) bool
}

// Log appends records. Append and Roll are called by one goroutine at a time, in the order of
// commits; Sync by any number at once.
type Log struct {
	fs   vfs.FS
	dir  string
	uuid UUID
	opts Options

	mu       sync.Mutex
	synced   sync.Cond
	chain    chain
	number   uint64 // of the file that records are made for
	offset   int64  // in that file
	total    int64  // bytes appended since Start
	reserved int64  // bytes that the file system has promised to the open file
	pending  []piece
	syncing  bool
	onDisk   uint64 // LSN that is synced
	written  uint64 // LSN that is written
	err      error

	file vfs.File // owned by whoever syncs
	open uint64   // its number
}

// piece is a part of the log on its way to disk: bytes, or the start of a file.
type piece struct {
	bytes []byte
	start *fileHeader
}

// Start opens a log that goes on from a state, in a new file. The file before it is synced first: a
// reader sees what a killed process wrote but did not sync, and the new file builds on it.
func Start(fs vfs.FS, dir string, uuid UUID, from State, o Options) (*Log, error) {
	l := &Log{fs: fs, dir: dir, uuid: uuid, opts: o, onDisk: from.LSN, written: from.LSN}
	l.synced.L = &l.mu
	h := &fileHeader{uuid: uuid, number: from.File + 1, lsn: from.LSN, previous: from.previous, end: from.end}
	l.chain, l.number, l.offset = h.chain(), h.number, fileHeaderSize
	if err := l.syncBefore(h); err != nil {
		return l, err
	}
	return l, l.startFile(h)
}

// syncBefore makes the file before a new one durable.
func (l *Log) syncBefore(h *fileHeader) error {
	if h.number <= 1 {
		return nil
	}
	path := l.fs.PathJoin(l.dir, fileName(h.number-1))
	f, err := l.fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return ioError("opening the log", path, err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return ioError("syncing the log", path, err)
	}
	return nil
}

// Append puts a transaction's records into the log's memory and gives the LSN of the last. Payloads
// are borrowed until that LSN is synced.
func (l *Log) Append(records []Record) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return 0, l.err
	}
	for i := range records {
		r := &records[i]
		head := l.tail()
		*head = l.chain.header(*head, r, l.onDisk)
		pad := padding(len(r.Payload))
		l.offset += int64(headerSize + len(r.Payload) + pad)
		l.total += int64(headerSize + len(r.Payload) + pad)
		if len(r.Payload) >= borrowedFrom {
			l.pending = append(l.pending, piece{bytes: r.Payload[:len(r.Payload):len(r.Payload)]}, piece{bytes: make([]byte, pad, 512)})
			continue
		}
		*head = append(append(*head, r.Payload...), make([]byte, pad)...)
	}
	return l.chain.lsn, nil
}

// borrowedFrom is the size from which a payload is written from where it lies.
const borrowedFrom = 64 << 10

// tail is the bytes to append to.
func (l *Log) tail() *[]byte {
	if n := len(l.pending); n > 0 && l.pending[n-1].start == nil && len(l.pending[n-1].bytes) < borrowedFrom {
		return &l.pending[n-1].bytes
	}
	l.pending = append(l.pending, piece{bytes: make([]byte, 0, 1024)})
	return &l.pending[len(l.pending)-1].bytes
}

// Roll makes later records go into a new file and gives its number.
func (l *Log) Roll() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := &fileHeader{uuid: l.uuid, number: l.number + 1, lsn: l.chain.lsn, previous: l.chain.previous, end: l.offset}
	l.pending = append(l.pending, piece{start: h})
	l.chain, l.number, l.offset, l.reserved = h.chain(), h.number, fileHeaderSize, 0
	return l.number
}

// LSN is that of the last record.
func (l *Log) LSN() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.chain.lsn
}

// OnDisk is the LSN up to which everything is synced.
func (l *Log) OnDisk() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.onDisk
}

// File is the number of the file that records go into.
func (l *Log) File() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.number
}

// Bytes is the length of all records appended since Start.
func (l *Log) Bytes() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// Sync returns when everything up to lsn is on disk, or with the error that ended the log. Whoever
// comes first writes and syncs for all that wait (group commit).
func (l *Log) Sync(lsn uint64) error {
	return l.advance(true, func() bool { return l.onDisk >= lsn })
}

// Write is Sync without the wait for the disk.
func (l *Log) Write(lsn uint64) error {
	return l.advance(false, func() bool { return l.written >= lsn })
}

// Flush writes and syncs everything, a file's start included.
func (l *Log) Flush() error {
	return l.advance(true, func() bool { return !l.syncing && len(l.pending) == 0 && l.onDisk == l.chain.lsn })
}

func (l *Log) advance(sync bool, reached func() bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case l.err != nil:
			return l.err
		case reached():
			return nil
		case l.syncing:
			l.synced.Wait()
		default:
			l.lead(sync)
		}
	}
}

// lead writes what is pending, with l.mu released meanwhile.
func (l *Log) lead(sync bool) {
	pending, upTo := l.pending, l.chain.lsn
	l.pending, l.syncing = nil, true
	l.mu.Unlock()
	err := l.write(pending)
	if err == nil && sync {
		err = l.file.SyncData()
	}
	l.mu.Lock()
	l.syncing = false
	switch {
	case err != nil:
		l.err = ioError("writing the log", l.dir, err)
	case sync:
		l.onDisk, l.written = upTo, upTo
	default:
		l.written = upTo
	}
	l.synced.Broadcast()
}

func (l *Log) write(pending []piece) error {
	for _, p := range pending {
		if p.start != nil {
			if err := l.endFile(); err != nil {
				return err
			}
			if err := l.startFile(p.start); err != nil {
				return err
			}
			continue
		}
		if len(p.bytes) == 0 {
			continue
		}
		if _, err := l.file.Write(p.bytes); err != nil {
			return err
		}
	}
	return nil
}

func (l *Log) endFile() error {
	l.mu.Lock()
	f := l.file
	l.file = nil
	l.mu.Unlock()
	return errors.Join(f.SyncData(), f.Close())
}

// startFile makes a file whose header is on disk, and so is its name.
func (l *Log) startFile(h *fileHeader) error {
	f, err := l.fs.Create(l.fs.PathJoin(l.dir, fileName(h.number)), vfs.WriteCategoryUnspecified)
	if err != nil {
		return ioError("creating a log file", l.dir, err)
	}
	if _, err = f.Write(h.encode()); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = SyncDir(l.fs, l.dir)
	}
	if err != nil {
		return errors.Join(ioError("starting a log file", l.dir, err), f.Close())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.file, l.open = f, h.number
	return nil
}

// reserveStep is the space asked for at once.
const reserveStep = 4 << 20

// Reserve asks the file system for room for bytes more of log, so that a full disk shows before a
// commit has begun, as 53100, and does no harm. File systems that cannot promise are trusted.
func (l *Log) Reserve(bytes int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	if l.open != l.number || l.file == nil || l.offset+bytes <= l.reserved {
		return nil // a file about to be started reserves with the next commit
	}
	to := l.offset + bytes + reserveStep
	err := l.file.Preallocate(l.reserved, to-l.reserved)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return ioError("reserving room for the log", l.dir, err)
	}
	l.reserved = to
	return nil
}

// Err is the error that ended the log, nil while it works.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Close writes and syncs what is pending and closes the file.
func (l *Log) Close() error {
	err := l.Flush()
	if l.file == nil {
		return err
	}
	err = errors.Join(err, l.file.Close())
	l.file = nil
	return err
}

// Trim removes the files before number `before` that nobody wants to retain.
func (l *Log) Trim(before uint64) error {
	numbers, err := list(l.fs, l.dir, 0)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		if n < before && (l.opts.Retain == nil || !l.opts.Retain(n)) {
			err = errors.Join(err, l.fs.Remove(l.fs.PathJoin(l.dir, fileName(n))))
		}
	}
	return err
}

// RemoveAll removes the files of a log that was never used.
func RemoveAll(fs vfs.FS, dir string) error {
	numbers, err := list(fs, dir, 0)
	for _, n := range numbers {
		err = errors.Join(err, fs.Remove(fs.PathJoin(dir, fileName(n))))
	}
	return err
}

// SyncDir makes the names in a directory durable.
func SyncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// ioError gives an error of the file system its SQLSTATE.
func ioError(doing, path string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return sqlerr.New(sqlerr.DiskFull, "%s in %s: no space left on device", doing, path).WithHint("Free some space, then open the database again.")
	}
	return sqlerr.New(sqlerr.IOError, "%w", fmt.Errorf("%s in %s: %w", doing, path, err))
}
