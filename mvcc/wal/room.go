package wal

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Room in the log is written before it is needed: a file's bytes up to its capacity were written once,
// as zeros or as records of an earlier life, so that writing records over them changes no metadata and
// cannot find the disk full (W5).

// logFile is a file that records go into, or a spare that waits for its turn.
type logFile struct {
	file     vfs.File // nil while a file that nobody made room for waits to be made
	name     string
	capacity int64
}

// Size is what records take in the log.
func Size(records []Record) int64 {
	total := int64(0)
	for i := range records {
		total += RecordSize(len(records[i].Payload))
	}
	return total
}

// RecordSize is what a record with a payload takes in the log.
func RecordSize(payload int) int64 { return int64(headerSize + payload + padding(payload)) }

// Reserve makes sure of room for bytes of records, until Append takes it or Release gives it back. An
// error has done no harm: 53100 when the disk is full; with room on the disk, the next Reserve succeeds.
func (l *Log) Reserve(bytes int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.fits(bytes) {
		if err := l.makeRoom(bytes, false); err != nil && !l.fits(bytes) {
			return err
		}
	}
	if l.err == nil {
		l.promised += bytes
	}
	return l.err
}

// fits tells of W5 with bytes more.
func (l *Log) fits(bytes int64) bool {
	return l.offset+l.promised+bytes <= l.current.capacity || l.spareFits(bytes)
}

func (l *Log) spareFits(bytes int64) bool {
	return len(l.spares) > 0 && fileHeaderSize+l.promised+bytes <= l.spares[0].capacity
}

// Release gives back what Reserve made sure of.
func (l *Log) Release(bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.promised -= bytes
}

// ReserveRoll makes sure that Roll finds a file, unless an Append takes it.
func (l *Log) ReserveRoll() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.spareFits(firstRoom) {
		if err := l.makeRoom(firstRoom, true); err != nil && !l.spareFits(firstRoom) {
			return err
		}
	}
	return l.err
}

// A file grows by its own length, within these bounds; a new one has some room.
const (
	firstStep = 64 << 10
	lastStep  = 16 << 20
	firstRoom = 4 << 10
)

// makeRoom makes the current file longer, or makes a spare or the largest one longer, when the file
// would be too long or a spare is what is wanted. l.mu is released meanwhile; one goroutine does it at
// a time, and the others wait for it.
func (l *Log) makeRoom(bytes int64, spare bool) error {
	switch {
	case l.err != nil:
		return l.err
	case l.extending:
		l.changed.Wait()
		return nil
	}
	limit := l.opts.fileBytes()
	f, to := l.current, l.offset+l.promised+bytes
	if spare = spare || f.file == nil || to > limit; spare {
		to = fileHeaderSize + l.promised + bytes
		if len(l.spares) > 0 {
			f = l.spares[0]
		} else {
			f = &logFile{name: l.newSpareName()}
		}
	}
	more := extension{file: f.file, name: f.name, from: f.capacity, sync: spare}
	more.to = max(to, min(f.capacity+min(max(f.capacity, firstStep), lastStep), limit))
	l.extending = true
	l.mu.Unlock()
	err := more.run(l.fs, l.dir)
	l.mu.Lock()
	l.extending = false
	l.changed.Broadcast()
	return errors.Join(err, l.extended(f, &more))
}

// extended notes what became of an extension. A file that could not be synced is not used any more: the
// operating system may have dropped any of its pages.
func (l *Log) extended(f *logFile, more *extension) error {
	isNew := f.file == nil
	at := slices.Index(l.spares, f)
	f.capacity = max(f.capacity, more.from)
	switch {
	case more.file == nil:
		return nil
	case more.unsynced != nil && at < 0 && !isNew: // a roll took it
		l.err = ioError("syncing the log", l.dir, more.unsynced)
		l.wake()
		return nil
	case more.unsynced != nil:
		if !isNew {
			l.spares = slices.Delete(l.spares, at, at+1)
		}
		return errors.Join(more.file.Close(), l.fs.Remove(more.name))
	case isNew:
		f.file = more.file
		l.spares = append(l.spares, f)
	}
	l.sortSpares()
	return nil
}

// extension is the making of room in one file.
type extension struct {
	file     vfs.File // nil when it is to be made
	name     string
	from, to int64 // from moves on to what was reached
	sync     bool
	unsynced error // what the sync failed with
}

// run writes zeros. A spare is synced, so that the disk's complaints are heard before it is used; the
// current file is synced with the next commit.
func (e *extension) run(fs vfs.FS, dir string) (err error) {
	if e.file == nil {
		if e.file, err = fs.Create(e.name, vfs.WriteCategoryUnspecified); err != nil {
			e.file = nil
			return roomError("creating a log file", dir, err)
		}
	}
	zeros := make([]byte, min(e.to-e.from, 1<<20))
	for e.from < e.to {
		n, err := e.file.WriteAt(zeros[:min(e.to-e.from, int64(len(zeros)))], e.from)
		if err != nil {
			return roomError("making room for the log", dir, err)
		}
		e.from += int64(n)
	}
	if !e.sync {
		return nil
	}
	if err := e.file.Sync(); err != nil {
		e.unsynced = err
		return roomError("making room for the log", dir, err)
	}
	return nil
}

// sortSpares puts the largest spare first.
func (l *Log) sortSpares() {
	slices.SortStableFunc(l.spares, func(a, b *logFile) int { return cmp.Compare(b.capacity, a.capacity) })
}

// newSpareName is a path that nothing has.
func (l *Log) newSpareName() string {
	l.spareNames++
	return l.fs.PathJoin(l.dir, spareName(l.spareNames))
}

// takeSpare gives the largest spare, or a file that is still to be made.
func (l *Log) takeSpare() *logFile {
	if len(l.spares) == 0 {
		return &logFile{}
	}
	f := l.spares[0]
	l.spares = l.spares[1:]
	return f
}

// findSpares opens the spares that an earlier process left, and removes those that are too many.
func (l *Log) findSpares() error {
	names, err := l.fs.List(l.dir)
	if err != nil {
		return ioError("reading", l.dir, err)
	}
	slices.Sort(names)
	for _, name := range names {
		if !strings.HasSuffix(name, spareSuffix) {
			continue
		}
		var n uint64
		if _, err := fmt.Sscanf(name, "%d"+spareSuffix, &n); err == nil {
			l.spareNames = max(l.spareNames, n)
		}
		path := l.fs.PathJoin(l.dir, name)
		if len(l.spares) >= l.opts.maxSpares() {
			err = l.fs.Remove(path)
		} else {
			err = l.openSpare(path)
		}
		if err != nil {
			return ioError("opening a spare log file", path, err)
		}
	}
	return nil
}

// openSpare makes a file that is not part of the log a spare.
func (l *Log) openSpare(path string) error {
	f, err := l.fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	stat, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spares = append(l.spares, &logFile{file: f, name: path, capacity: stat.Size()})
	l.sortSpares()
	return nil
}

// Trim takes away the files before number `before` that nobody wants to retain: some become spares.
// Their new names are on disk before they are used again: a crash must not find a file that was written
// anew under its old name as well.
func (l *Log) Trim(before uint64) error {
	numbers, err := list(l.fs, l.dir, 0)
	if err != nil {
		return err
	}
	slices.Sort(numbers)
	var spares []string
	for _, n := range numbers {
		if n >= before || l.opts.Retain != nil && l.opts.Retain(n) {
			continue
		}
		path := l.fs.PathJoin(l.dir, fileName(n))
		spare, wanted := l.wantSpare(len(spares))
		if !wanted {
			err = errors.Join(err, l.fs.Remove(path))
		} else if e := l.fs.Rename(path, spare); e != nil {
			err = errors.Join(err, e)
		} else {
			spares = append(spares, spare)
		}
	}
	if len(spares) > 0 {
		err = errors.Join(err, SyncDir(l.fs, l.dir))
	}
	for _, path := range spares {
		if err == nil {
			err = l.openSpare(path)
		}
	}
	return err
}

// wantSpare gives a name for one more spare than there are and will be soon, when there may be one.
func (l *Log) wantSpare(soon int) (name string, wanted bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil || len(l.spares)+soon >= l.opts.maxSpares() {
		return "", false
	}
	return l.newSpareName(), true
}

// RemoveAll removes the files of a log that was never used.
func RemoveAll(fs vfs.FS, dir string) error {
	names, err := fs.List(dir)
	for _, name := range names {
		if strings.HasSuffix(name, fileSuffix) || strings.HasSuffix(name, spareSuffix) {
			err = errors.Join(err, fs.Remove(fs.PathJoin(dir, name)))
		}
	}
	return err
}
