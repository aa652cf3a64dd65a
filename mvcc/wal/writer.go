package wal

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

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

// Log appends records. Append and Roll are called by one goroutine at a time, in the order of
// commits; Sync, Write and Reserve by any number at once.
type Log struct {
	fs   vfs.FS
	dir  string
	uuid UUID
	opts Options

	mu       sync.Mutex
	changed  sync.Cond // something below has
	chain    chain
	number   uint64       // of the file that records are made for
	current  *logFile     // that file
	offset   int64        // in that file
	total    atomic.Int64 // bytes appended since Start
	promised int64        // bytes reserved and not appended
	spares   []*logFile
	// spareNames is the largest number in the name of a spare.
	spareNames uint64
	pending    []piece
	idle       []piece // what pending was before, to be used again
	room       []byte  // of a piece that was written, to be used again
	onDisk     uint64  // LSN that is synced
	written    uint64  // LSN that is written
	started    uint64  // number of the file that is being written
	syncs      int64   // waits for the disk
	err        error

	// Who does one of these things does it alone, with mu released.
	writing, syncing, extending, gathering bool

	commits        int64 // transactions appended
	writtenCommits int64
	gatherer       gatherer
	sleepers       []*sleeper
	beds           sync.Pool // of *sleeper that nobody uses

	out *logFile // owned by who writes
	at  int64    // the offset in it
}

// piece is a part of the log on its way to disk: bytes, or the start of a file.
type piece struct {
	bytes []byte
	start *fileHeader
	into  *logFile
}

// Start opens a log that goes on from a state, in a new file. The file before it is synced first: a
// reader sees what a killed process wrote but did not sync, and the new file builds on it.
func Start(fs vfs.FS, dir string, uuid UUID, from State, o Options) (*Log, error) {
	l := &Log{fs: fs, dir: dir, uuid: uuid, opts: o, onDisk: from.LSN, written: from.LSN}
	l.changed.L = &l.mu
	h := &fileHeader{uuid: uuid, number: from.File + 1, lsn: from.LSN, previous: from.previous, end: from.end}
	l.chain, l.number, l.offset = h.chain(), h.number, fileHeaderSize
	err := l.syncBefore(h)
	if err == nil {
		err = l.findSpares()
	}
	if err == nil {
		l.current = l.takeSpare()
		err = l.startFile(h, l.current)
	}
	if err != nil {
		return nil, errors.Join(err, l.closeFiles())
	}
	return l, nil
}

// syncBefore makes the file before a new one durable, and its name: a process that was killed may have
// synced neither, and of two names that are not synced a crash may keep the later one only.
func (l *Log) syncBefore(h *fileHeader) error {
	if h.number <= 1 {
		return nil
	}
	path := l.fs.PathJoin(l.dir, fileName(h.number-1))
	f, err := l.fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return ioError("opening the log", path, err)
	}
	if err := errors.Join(f.Sync(), f.Close(), SyncDir(l.fs, l.dir)); err != nil {
		return ioError("syncing the log", path, err)
	}
	return nil
}

// Append puts a transaction's records into the log's memory and gives the LSN of the last. It uses up
// what was reserved. Payloads of BorrowedFrom and more are borrowed until that LSN is synced.
func (l *Log) Append(records []Record, reserved int64) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.promised -= reserved
	if l.err != nil {
		return 0, l.err
	}
	size := Size(records)
	for !l.full(size) && l.extending && l.offset+size > l.current.capacity {
		l.changed.Wait() // without a reservation the end may be where zeros are being written
	}
	if l.full(size) {
		l.roll()
	}
	for i := range records {
		r := &records[i]
		head := l.tail()
		*head = l.chain.header(*head, r, l.onDisk)
		pad := padding(len(r.Payload))
		if len(r.Payload) >= BorrowedFrom {
			l.pending = append(l.pending, piece{bytes: r.Payload[:len(r.Payload):len(r.Payload)]}, piece{bytes: make([]byte, pad, 512)})
			continue
		}
		*head = append(append(*head, r.Payload...), make([]byte, pad)...)
	}
	l.offset += size
	l.total.Add(size)
	l.commits++
	l.gatherer.appended(l.commits)
	l.current.capacity = max(l.current.capacity, l.offset)
	return l.chain.lsn, nil
}

// full reports whether a transaction of a size goes into a new file: it does not fit into the current
// one, where there are others, and a spare has room or the file has its length. Transactions do not
// lie in two files.
func (l *Log) full(size int64) bool {
	end := l.offset + size
	if end <= l.current.capacity || l.offset == fileHeaderSize {
		return false
	}
	return len(l.spares) > 0 && fileHeaderSize+size <= l.spares[0].capacity || end > l.opts.fileBytes()
}

// BorrowedFrom is the size from which Append keeps a payload until it is synced: it is written from where
// it lies. Smaller ones are copied.
const BorrowedFrom = 64 << 10

// mostRoom is the largest memory that is kept for the next records.
const mostRoom = 1 << 20

// tail is the bytes to append to.
func (l *Log) tail() *[]byte {
	if n := len(l.pending); n > 0 && l.pending[n-1].start == nil && len(l.pending[n-1].bytes) < BorrowedFrom {
		return &l.pending[n-1].bytes
	}
	if l.room == nil {
		l.room = make([]byte, 0, 4096)
	}
	l.pending, l.room = append(l.pending, piece{bytes: l.room}), nil
	return &l.pending[len(l.pending)-1].bytes
}

// Roll makes later records go into a new file and gives its number; false when there is no file to go
// into (ReserveRoll).
func (l *Log) Roll() (number uint64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.spareFits(0) {
		return 0, false
	}
	l.roll()
	return l.number, true
}

func (l *Log) roll() {
	h := &fileHeader{uuid: l.uuid, number: l.number + 1, lsn: l.chain.lsn, previous: l.chain.previous, end: l.offset}
	l.current = l.takeSpare()
	l.pending = append(l.pending, piece{start: h, into: l.current})
	l.chain, l.number, l.offset = h.chain(), h.number, fileHeaderSize
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

// End is where the next record goes: the number of a file and an offset in it. Files with smaller
// numbers are finished.
func (l *Log) End() (file uint64, offset int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.number, l.offset
}

// Bytes is the length of all records appended since Start.
func (l *Log) Bytes() int64 { return l.total.Load() }

// Syncs is how often anyone has waited for the disk since Start.
func (l *Log) Syncs() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.syncs
}

// Sync returns when everything up to lsn is on disk, or with the error that ended the log. Whoever
// comes first writes and syncs for all that wait (group commit).
func (l *Log) Sync(lsn uint64) error {
	l.mu.Lock()
	for l.onDisk < lsn {
		switch {
		case l.err != nil:
			defer l.mu.Unlock()
			return l.err
		case l.syncing, l.gathering, l.writing && (l.written < lsn || l.out == nil):
			s := l.sleep(lsn)
			l.mu.Unlock()
			if settled, err := l.wait(s); settled {
				return err
			}
			l.mu.Lock()
		case l.written < lsn:
			l.gather()
			if !l.writing && !l.syncing {
				l.writeOut()
			}
		default:
			l.syncOut()
		}
	}
	l.mu.Unlock()
	return nil
}

// Write returns when everything up to lsn is handed to the operating system. It does not wait for the
// disk, nor for others that do.
func (l *Log) Write(lsn uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.wake()
	for l.written < lsn {
		switch {
		case l.err != nil:
			return l.err
		case l.writing:
			l.changed.Wait()
		default:
			l.writeOut()
		}
	}
	return nil
}

// Flush writes and syncs everything appended so far, the start of a file included.
func (l *Log) Flush() error {
	l.mu.Lock()
	lsn, number := l.chain.lsn, l.number
	for l.started < number && l.err == nil {
		if l.writing {
			l.changed.Wait()
		} else {
			l.writeOut()
		}
	}
	l.wake()
	l.mu.Unlock()
	return errors.Join(l.Sync(lsn), l.Err())
}

// writeOut writes what is pending, with l.mu released meanwhile.
func (l *Log) writeOut() {
	pending, upTo, commits := l.pending, l.chain.lsn, l.commits
	l.pending, l.writing = l.idle, true
	l.mu.Unlock()
	err := l.write(pending)
	l.mu.Lock()
	l.writing = false
	l.reuse(pending)
	if err == nil {
		l.written, l.writtenCommits = upTo, commits
	} else if l.err == nil {
		l.err = ioError("writing the log", l.dir, err)
		l.wake()
	}
	l.changed.Broadcast()
}

// reuse keeps the memory of what was written for what comes. The first piece of several may be followed
// by payloads that are only lent.
func (l *Log) reuse(written []piece) {
	if len(written) == 1 && written[0].start == nil && cap(written[0].bytes) <= mostRoom {
		l.room = written[0].bytes[:0]
	}
	clear(written)
	l.idle = written[:0]
}

// syncOut waits for the disk, with l.mu released meanwhile.
func (l *Log) syncOut() {
	upTo, commits, f := l.written, l.writtenCommits, l.out.file
	l.syncing = true
	l.mu.Unlock()
	start := time.Now()
	err := f.SyncData()
	took := time.Since(start)
	l.mu.Lock()
	l.syncing = false
	l.syncs++
	l.gatherer.synced(commits, l.commits, took)
	if err == nil {
		l.onDisk = max(l.onDisk, upTo)
	} else if l.err == nil {
		l.err = ioError("syncing the log", l.dir, err)
	}
	l.wake()
}

func (l *Log) write(pending []piece) error {
	for _, p := range pending {
		if p.start != nil {
			if err := l.endFile(); err != nil {
				return err
			}
			if err := l.startFile(p.start, p.into); err != nil {
				return err
			}
			continue
		}
		if len(p.bytes) == 0 {
			continue
		}
		n, err := l.out.file.WriteAt(p.bytes, l.at)
		if err != nil {
			return err
		}
		l.at += int64(n)
	}
	return nil
}

// endFile makes a finished file durable, once nobody else uses it.
func (l *Log) endFile() error {
	l.mu.Lock()
	for l.syncing || l.extending {
		l.changed.Wait()
	}
	f := l.out
	l.out = nil
	l.syncs++
	l.mu.Unlock()
	return errors.Join(f.file.SyncData(), f.file.Close())
}

// startFile gives a file its header and then its name, both of them on disk (W6).
func (l *Log) startFile(h *fileHeader, f *logFile) error {
	file, name := f.file, f.name
	if file == nil {
		var err error
		l.mu.Lock()
		name = l.newSpareName()
		l.mu.Unlock()
		if file, err = l.fs.Create(name, vfs.WriteCategoryUnspecified); err != nil {
			return ioError("creating a log file", l.dir, err)
		}
	}
	path := l.fs.PathJoin(l.dir, fileName(h.number))
	_, err := file.WriteAt(h.encode(), 0)
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = l.fs.Rename(name, path)
	}
	if err == nil {
		err = SyncDir(l.fs, l.dir)
	}
	if err != nil {
		return errors.Join(ioError("starting a log file", l.dir, err), closeNew(f, file))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f.file, f.name, f.capacity = file, path, max(f.capacity, fileHeaderSize)
	l.out, l.at, l.started = f, fileHeaderSize, h.number
	return nil
}

// closeNew closes a file that its logFile does not know yet.
func closeNew(f *logFile, file vfs.File) error {
	if f.file != nil {
		return nil
	}
	return file.Close()
}

// Err is the error that ended the log, nil while it works.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Close writes and syncs what is pending and closes the files.
func (l *Log) Close() error { return errors.Join(l.Flush(), l.closeFiles()) }

func (l *Log) closeFiles() error {
	var err error
	files := append(l.spares, l.current, l.out)
	for _, p := range l.pending {
		files = append(files, p.into)
	}
	for _, f := range files {
		if f != nil && f.file != nil {
			err = errors.Join(err, f.file.Close())
			f.file = nil
		}
	}
	l.spares, l.current, l.out = nil, nil, nil
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
	if isFull(err) {
		return sqlerr.New(sqlerr.DiskFull, "%s in %s: no space left on device", doing, path).WithHint("Free some space, then open the database again.")
	}
	return sqlerr.New(sqlerr.IOError, "%w", fmt.Errorf("%s in %s: %w", doing, path, err))
}

// roomError is ioError for what the log outlives.
func roomError(doing, path string, err error) error {
	if isFull(err) {
		return sqlerr.New(sqlerr.DiskFull, "%s in %s: no space left on device", doing, path).WithHint("Nothing was changed; when there is space, it works again.")
	}
	return ioError(doing, path, err)
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || sqlerr.StateOf(err) == sqlerr.DiskFull
}
