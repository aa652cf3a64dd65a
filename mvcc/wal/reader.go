package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/sqlerr"
)

// Read gives the committed transactions of the log, from file number `first` on, to apply, in order.
// Records, borrowed by apply, are left out without their Commit, as is a torn end; damage before the end
// is an error that names file and offset (XX001). The state is where the log goes on; when apply failed,
// in front of what it failed at. Progress, if not nil, is told how much of all was applied, in bytes.
// Files are read and checked ahead, two at most.
func Read(fs vfs.FS, dir string, uuid UUID, first uint64, apply func(records []Record) error, progress func(done, total int64)) (State, error) {
	numbers, err := list(fs, dir, first)
	if err != nil {
		return State{}, err
	}
	slices.Sort(numbers)
	if len(numbers) == 0 || numbers[0] != first {
		return State{}, missingFile(fs, dir, first)
	}
	r := &reader{fs: fs, dir: dir, uuid: uuid, batches: make(chan *batch, 2), free: make(chan *batch, 4), buffers: make(chan []byte, 2), stop: make(chan struct{})}
	r.buffers <- nil
	r.buffers <- nil
	go r.run(numbers)
	return r.apply(apply, progress, total(fs, dir, numbers))
}

// total is the length of files; of those that cannot be told, none.
func total(fs vfs.FS, dir string, numbers []uint64) (bytes int64) {
	for _, n := range numbers {
		if stat, err := fs.Stat(fs.PathJoin(dir, fileName(n))); err == nil {
			bytes += stat.Size()
		}
	}
	return bytes
}

func missingFile(fs vfs.FS, dir string, number uint64) error {
	return sqlerr.New(sqlerr.DataCorrupted, "log file %s is missing", fs.PathJoin(dir, fileName(number)))
}

// reader checks files in a goroutine of its own, ahead of what is applied.
type reader struct {
	fs   vfs.FS
	dir  string
	uuid UUID

	state State
	any   bool   // a file was read
	old   bool   // the last file read has format 1
	torn  string // where the last file read ended, for messages

	batches chan *batch // to be applied, in order
	free    chan *batch // used ones
	buffers chan []byte // for files
	stop    chan struct{}
	err     error // set before batches is closed
}

// batch is some whole transactions.
type batch struct {
	records []Record
	ends    []int   // behind the Commits in records
	states  []State // behind them
	start   State   // before the first
	bytes   int64   // of files
	buffer  []byte  // what the records lie in, when no later ones do
}

// batchRecords is about how many records are handed on at once.
const batchRecords = 1024

var errStopped = errors.New("nobody applies what is read")

func (r *reader) run(numbers []uint64) {
	defer close(r.batches)
	for i, n := range numbers {
		if want := numbers[0] + uint64(i); n != want {
			r.err = missingFile(r.fs, r.dir, want)
			return
		}
		if r.err = r.file(n, i == len(numbers)-1); r.err != nil {
			return
		}
	}
}

// apply takes what is read until the end, or until apply fails; then it waits for the goroutine.
func (r *reader) apply(apply func([]Record) error, progress func(done, total int64), total int64) (State, error) {
	done := int64(0)
	for b := range r.batches {
		from, state := 0, b.start
		for i, to := range b.ends {
			if err := apply(b.records[from:to]); err != nil {
				close(r.stop)
				for range r.batches { // nothing more is wanted
				}
				return state, err
			}
			from, state = to, b.states[i]
		}
		if done += b.bytes; progress != nil {
			progress(done, total)
		}
		if b.buffer != nil {
			r.buffers <- b.buffer
		}
		*b = batch{records: b.records[:0], ends: b.ends[:0], states: b.states[:0]}
		select {
		case r.free <- b:
		default:
		}
	}
	return r.state, r.err
}

// file reads one log file; last says that none follows.
func (r *reader) file(number uint64, last bool) error {
	path := r.fs.PathJoin(r.dir, fileName(number))
	var buffer []byte
	select {
	case buffer = <-r.buffers:
	case <-r.stop:
		return errStopped
	}
	data, err := readWhole(r.fs, path, buffer)
	if err != nil {
		return err
	}
	h, torn, err := decodeFileHeader(data, path)
	if err != nil {
		return err
	}
	if torn {
		return r.tornHeader(path, number, data, last)
	}
	if h.uuid != r.uuid || h.number != number {
		return sqlerr.New(sqlerr.DataCorrupted, "log file %s belongs to another database", path)
	}
	if r.any && (h.lsn != r.state.LSN || h.previous != r.state.previous || h.end != r.state.end) {
		return sqlerr.New(sqlerr.DataCorrupted, "the log is damaged at %s: the next file goes on from record %d at offset %d", r.torn, h.lsn, h.end)
	}
	r.any, r.old = true, h.version == 1
	r.state = State{File: number, LSN: h.lsn, previous: h.previous, end: fileHeaderSize}
	return r.records(path, data, h)
}

// tornHeader accepts a last file that format 1 did not finish: there the header was synced before any
// record, but after the file had its name. The file will be made anew.
func (r *reader) tornHeader(path string, number uint64, data []byte, last bool) error {
	h := fileHeader{uuid: r.uuid, number: number}
	if !last || !r.any || !r.old || len(data) > fileHeaderSize && soundAfter(data, fileHeaderSize, h.seed(), 0, 0) {
		return badHeader(data, path)
	}
	return nil
}

// records reads a file's records up to the first that is not sound.
func (r *reader) records(path string, data []byte, h fileHeader) error {
	c := h.chain()
	at, sent := fileHeaderSize, 0
	b := r.newBatch()
	for {
		record, size, ok := next(data[at:], &c)
		if !ok {
			break
		}
		at += size
		b.records = append(b.records, record)
		if record.Type != Commit {
			continue
		}
		b.ends = append(b.ends, len(b.records))
		r.state.LSN, r.state.previous, r.state.end = c.lsn, c.previous, int64(at)
		b.states = append(b.states, r.state)
		if len(b.records) >= batchRecords {
			b.bytes, sent = int64(at-sent), at
			if err := r.send(b); err != nil {
				return err
			}
			b = r.newBatch()
		}
	}
	if err := c.foreign(data[at:], path, int64(at)); err != nil {
		return err
	}
	r.torn = fmt.Sprintf("%s, offset %d", path, at)
	damaged := at < len(data) && soundAfter(data, at, c.seed, c.lsn, c.lsn+1)
	b.bytes, b.buffer = int64(len(data)-sent), data
	if err := r.send(b); err != nil {
		return err
	}
	if damaged {
		return sqlerr.New(sqlerr.DataCorrupted, "the log is damaged at %s: record %d is not sound, but later ones are", r.torn, c.lsn+1).
			WithHint("The file must be restored from a copy; opening without it would lose committed transactions.")
	}
	return nil
}

// newBatch gives an empty batch, used before if there is one.
func (r *reader) newBatch() *batch {
	b := &batch{}
	select {
	case b = <-r.free:
	default:
	}
	b.start = r.state
	return b
}

// send hands a batch on.
func (r *reader) send(b *batch) error {
	select {
	case r.batches <- b:
		return nil
	case <-r.stop:
		return errStopped
	}
}

// next takes one record off data and checks it against the chain (W1), which it moves on.
func next(data []byte, c *chain) (Record, int, bool) {
	if len(data) < headerSize || !soundHeader(data, c.seed) {
		return Record{}, 0, false
	}
	length := binary.LittleEndian.Uint64(data[atLength:])
	if length > uint64(len(data)-headerSize) ||
		binary.LittleEndian.Uint64(data[atLSN:]) != c.lsn+1 ||
		binary.LittleEndian.Uint32(data[atPrevious:]) != c.previous ||
		binary.LittleEndian.Uint16(data[atVersion:]) != recordVersion {
		return Record{}, 0, false
	}
	payload := data[headerSize : headerSize+int(length) : headerSize+int(length)]
	if binary.LittleEndian.Uint32(data[atPayloadCRC:]) != mask(crc32.Checksum(payload, castagnoli)) {
		return Record{}, 0, false
	}
	c.lsn++
	c.previous = binary.LittleEndian.Uint32(data[atHeaderCRC:])
	return Record{
		Type:    Type(data[atType]),
		Table:   binary.LittleEndian.Uint32(data[atTable:]),
		Place:   binary.LittleEndian.Uint64(data[atPlace:]),
		Txn:     binary.LittleEndian.Uint64(data[atTxn:]),
		At:      binary.LittleEndian.Uint64(data[atCommit:]),
		LSN:     c.lsn,
		Payload: payload,
	}, min(headerSize+int(length)+padding(int(length)), len(data)), true
}

// soundAfter reports whether a record behind offset at promises that an LSN of at least `promise` was
// on disk (W2), and comes after lsn.
func soundAfter(data []byte, at int, seed uint32, lsn, promise uint64) bool {
	for ; at+headerSize <= len(data); at += 8 {
		h := data[at : at+headerSize]
		if soundHeader(h, seed) && binary.LittleEndian.Uint64(h[atLSN:]) > lsn && binary.LittleEndian.Uint64(h[atPromise:]) >= promise {
			return true
		}
	}
	return false
}

// readWhole reads a file, into a buffer if that is long enough.
func readWhole(fs vfs.FS, path string, buffer []byte) (data []byte, err error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, ioError("opening the log", path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	stat, err := f.Stat()
	if err != nil {
		return nil, ioError("reading the log", path, err)
	}
	if data = buffer[:0]; int64(cap(data)) < stat.Size() {
		data = make([]byte, 0, stat.Size())
	}
	data = data[:stat.Size()]
	if len(data) == 0 {
		return nil, nil
	}
	if _, err := f.ReadAt(data, 0); err != nil {
		return nil, ioError("reading the log", path, err)
	}
	return data, nil
}
