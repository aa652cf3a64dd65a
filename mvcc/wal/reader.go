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
// Records without their Commit are left out, as is a torn end; damage before the end is an error
// that names file and offset (XX001). The state is where the log goes on.
func Read(fs vfs.FS, dir string, uuid UUID, first uint64, apply func(records []Record) error) (State, error) {
	numbers, err := list(fs, dir, first)
	if err != nil {
		return State{}, err
	}
	r := reader{fs: fs, dir: dir, uuid: uuid, apply: apply}
	err = r.files(numbers, first)
	return r.state, err
}

// files reads the log files of a directory, which must begin with the first.
func (r *reader) files(numbers []uint64, first uint64) error {
	slices.Sort(numbers)
	if len(numbers) == 0 || numbers[0] != first {
		return missingFile(r.fs, r.dir, first)
	}
	for i, n := range numbers {
		if n != first+uint64(i) {
			return missingFile(r.fs, r.dir, first+uint64(i))
		}
		if err := r.file(n, i == len(numbers)-1); err != nil {
			return err
		}
	}
	return nil
}

func missingFile(fs vfs.FS, dir string, number uint64) error {
	return sqlerr.New(sqlerr.DataCorrupted, "log file %s is missing", fs.PathJoin(dir, fileName(number)))
}

type reader struct {
	fs    vfs.FS
	dir   string
	uuid  UUID
	apply func([]Record) error
	state State
	any   bool   // a file was read
	torn  string // where the last file read ended, for messages
}

// file reads one log file; last says that none follows.
func (r *reader) file(number uint64, last bool) error {
	path := r.fs.PathJoin(r.dir, fileName(number))
	data, err := readWhole(r.fs, path)
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
	r.any = true
	r.state = State{File: number, LSN: h.lsn, previous: h.previous, end: fileHeaderSize}
	return r.records(path, data, h)
}

// tornHeader accepts a last file that was never finished: its header is synced before any record. The
// file will be made anew.
func (r *reader) tornHeader(path string, number uint64, data []byte, last bool) error {
	h := fileHeader{uuid: r.uuid, number: number}
	if !last || !r.any || len(data) > fileHeaderSize && soundAfter(data, fileHeaderSize, h.seed(), 0, 0) {
		return sqlerr.New(sqlerr.DataCorrupted, "the header of log file %s is damaged", path)
	}
	return nil
}

// records reads a file's records up to the first that is not sound.
func (r *reader) records(path string, data []byte, h fileHeader) error {
	c := h.chain()
	at := fileHeaderSize
	var txn []Record
	for {
		record, size, ok := next(data[at:], &c)
		if !ok {
			break
		}
		at += size
		txn = append(txn, record)
		if record.Type != Commit {
			continue
		}
		if err := r.apply(txn); err != nil {
			return err
		}
		txn = nil
		r.state.LSN, r.state.previous, r.state.end = c.lsn, c.previous, int64(at)
	}
	r.torn = fmt.Sprintf("%s, offset %d", path, at)
	if at < len(data) && soundAfter(data, at, c.seed, c.lsn, c.lsn+1) {
		return sqlerr.New(sqlerr.DataCorrupted, "the log is damaged at %s: record %d is not sound, but later ones are", r.torn, c.lsn+1).
			WithHint("The file must be restored from a copy; opening without it would lose committed transactions.")
	}
	return nil
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

func readWhole(fs vfs.FS, path string) (data []byte, err error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, ioError("opening the log", path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	stat, err := f.Stat()
	if err != nil {
		return nil, ioError("reading the log", path, err)
	}
	data = make([]byte, stat.Size())
	if len(data) == 0 {
		return nil, nil
	}
	if _, err := f.ReadAt(data, 0); err != nil {
		return nil, ioError("reading the log", path, err)
	}
	return data, nil
}
