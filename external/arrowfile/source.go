// Package arrowfile reads and writes tables as Arrow IPC files and streams.
//
// A file (with a footer) gives its record batches to all workers; a stream is read by one at a time.
// Values are used where the batch has them, without a copy where layouts agree.
package arrowfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strconv"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/external/file"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Source is a set of Arrow IPC files of one schema.
type Source struct {
	fs       vfs.FS
	name     string
	files    []file.Info
	columns  []catalog.Column
	refusals []error
	rows     float64
}

// Open reads the schemas of files, which must agree. name is how messages call the set.
func Open(fsys vfs.FS, name string, files []file.Info) (*Source, error) {
	s := &Source{fs: fsys, name: name, files: files}
	for i, f := range files {
		r, err := openReader(fsys, f)
		if err != nil {
			return nil, err
		}
		cols, refusals := columnsOf(r.schema)
		if err := r.Close(); err != nil {
			return nil, file.Error(err, f.Path)
		}
		if i == 0 {
			s.columns, s.refusals = cols, refusals
		} else if err := sameColumns(s.columns, cols, files[0].Path, f.Path); err != nil {
			return nil, err
		}
		s.rows += r.guess
	}
	return s, nil
}

// columnsOf maps an Arrow schema. Columns of types that SQL does not have are listed as text and
// refuse to be read, so that the others can.
func columnsOf(schema *arrow.Schema) ([]catalog.Column, []error) {
	cols, refusals := make([]catalog.Column, schema.NumFields()), make([]error, schema.NumFields())
	for i, f := range schema.Fields() {
		t, err := types.FromArrow(f.Type)
		if err != nil {
			t = types.TText
			refusals[i] = sqlerr.Unsupported(-1, -1, "the column "+strconv.Quote(f.Name)+" of Arrow type "+f.Type.String())
		}
		cols[i] = catalog.Column{FieldID: int32(i + 1), Name: f.Name, Type: t}
	}
	return cols, refusals
}

func sameColumns(want, got []catalog.Column, first, path string) error {
	if len(want) != len(got) {
		return sqlerr.New(sqlerr.BadCopyFileFormat, "%s has %d columns, but %s has %d", path, len(got), first, len(want))
	}
	for i := range want {
		if want[i] != got[i] {
			return sqlerr.New(sqlerr.BadCopyFileFormat, "column %d of %s is %s %s, but %s %s in %s",
				i+1, path, got[i].Name, got[i].Type, want[i].Name, want[i].Type, first)
		}
	}
	return nil
}

// Describe implements plan.ExternalSource.
func (s *Source) Describe() string { return "arrow " + s.name }

// Schema implements plan.ExternalSource.
func (s *Source) Schema() []catalog.Column { return s.columns }

// Stats implements plan.ExternalSource.
func (s *Source) Stats() *catalog.TableStats { return &catalog.TableStats{Rows: s.rows} }

// reader is an open file or stream.
type reader struct {
	path   string
	file   vfs.File
	schema *arrow.Schema
	random *ipc.FileReader // nil for a stream
	stream *ipc.Reader
	next   int
	guess  float64 // of the number of rows
}

// fileMagic starts the files that have a footer.
var fileMagic = []byte("ARROW1")

func openReader(fsys vfs.FS, info file.Info) (r *reader, err error) {
	f, err := file.Open(fsys, info.Path)
	if err != nil {
		return nil, err
	}
	r = &reader{path: info.Path, file: f}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	defer damage(info.Path, &err)
	section := io.NewSectionReader(f, 0, info.Size)
	magic := make([]byte, len(fileMagic))
	if _, err := io.ReadFull(section, magic); err != nil {
		return nil, file.Damaged(info.Path, errors.New("it is too short to be Arrow IPC"))
	}
	if _, err := section.Seek(0, io.SeekStart); err != nil {
		return nil, file.Error(err, info.Path)
	}
	if bytes.Equal(magic, fileMagic) {
		err = r.openFile(section)
	} else {
		err = r.openStream(section)
	}
	if err != nil {
		return nil, file.Damaged(info.Path, err)
	}
	return r, nil
}

func (r *reader) openFile(section *io.SectionReader) (err error) {
	if err := checkFooter(section); err != nil {
		return err
	}
	verifyFile(section)
	if r.random, err = ipc.NewFileReader(section, ipc.WithAllocator(bounded{section.Size()})); err != nil {
		return err
	}
	r.schema = r.random.Schema()
	if n := r.random.NumRecords(); n > 0 {
		if rec, err := r.random.RecordBatchAt(0); err == nil {
			r.guess = float64(rec.NumRows()) * float64(n)
			rec.Release()
		}
	}
	return nil
}

// checkFooter compares the length of the footer with the file's.
func checkFooter(section *io.SectionReader) error {
	var tail [10]byte
	if section.Size() < 2*int64(len(fileMagic))+8 {
		return errors.New("it is cut off")
	}
	if _, err := section.ReadAt(tail[:], section.Size()-10); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !bytes.Equal(tail[4:], fileMagic) {
		return errors.New("its end is missing")
	}
	return nil
}

func (r *reader) openStream(section *io.SectionReader) (err error) {
	verifyStream(section)
	if r.stream, err = ipc.NewReader(section, ipc.WithAllocator(bounded{section.Size()})); err != nil {
		return err
	}
	r.schema = r.stream.Schema()
	return nil
}

// record gives the next record batch, nil at the end. It is the caller's to release.
func (r *reader) record() (rec arrow.RecordBatch, err error) {
	defer damage(r.path, &err)
	if r.random != nil {
		if r.next >= r.random.NumRecords() {
			return nil, nil
		}
		r.next++
		rec, err = r.random.RecordBatchAt(r.next - 1)
	} else {
		rec, err = r.stream.Read()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err == nil {
			rec.Retain() // the reader lets go of it at the next one
		}
	}
	if err != nil {
		return nil, file.Damaged(r.path, err)
	}
	return rec, checkRecord(rec, r.path)
}

// Close frees the file.
func (r *reader) Close() error {
	if r.stream != nil {
		r.stream.Release()
	}
	var err error
	if r.random != nil {
		err = r.random.Close()
	}
	return errors.Join(err, r.file.Close())
}

// damage turns a decoder's panic into the error of a damaged file.
func damage(path string, err *error) {
	if r := recover(); r != nil {
		*err = sqlerr.New(sqlerr.DataCorrupted, "file %q is damaged: %v", path, r).WithDetail("%s", debug.Stack())
	}
}

// bounded refuses memory that a file of its size cannot need: a damaged length must not take the
// machine's memory. Compressed buffers may grow a thousandfold.
type bounded struct{ fileBytes int64 }

func (b bounded) limit() int64 { return max(1000*b.fileBytes, 64<<20) }

// Allocate implements memory.Allocator.
func (b bounded) Allocate(size int) []byte {
	if int64(size) > b.limit() {
		panic(fmt.Errorf("a buffer of %d bytes", size))
	}
	return memory.DefaultAllocator.Allocate(size)
}

// Reallocate implements memory.Allocator.
func (b bounded) Reallocate(size int, old []byte) []byte {
	if int64(size) > b.limit() {
		panic(fmt.Errorf("a buffer of %d bytes", size))
	}
	return memory.DefaultAllocator.Reallocate(size, old)
}

// Free implements memory.Allocator.
func (b bounded) Free(old []byte) { memory.DefaultAllocator.Free(old) }

// Scan implements file.Source. Record batches have no bounds: nothing is pruned.
func (s *Source) Scan(_ *exec.Query, ordinals []int, _ file.Pruner) (file.Scan, error) {
	for _, o := range ordinals {
		if s.refusals[o] != nil {
			return nil, s.refusals[o]
		}
	}
	return &scan{source: s, ordinals: ordinals}, nil
}

// scan hands record batches out, one file after the other.
type scan struct {
	source   *Source
	ordinals []int

	mu     sync.Mutex
	at     int     // the file
	reader *reader // of it; nil before it is opened
	number int
	closed bool
}

// next gives the next record batch with rows and its number, nil at the end.
func (s *scan) next() (rec arrow.RecordBatch, path string, number int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.closed && s.at < len(s.source.files) {
		info := s.source.files[s.at]
		if s.reader == nil {
			if s.reader, err = openReader(s.source.fs, info); err != nil {
				return nil, "", 0, err
			}
		}
		rec, err := s.reader.record()
		if err != nil {
			return nil, "", 0, err
		}
		if rec != nil && rec.NumRows() > 0 {
			s.number++
			return rec, info.Path, s.number, nil
		}
		if rec != nil {
			rec.Release()
			continue
		}
		err = s.reader.Close()
		s.reader = nil
		s.at++
		if err != nil {
			return nil, "", 0, file.Error(err, info.Path)
		}
	}
	return nil, "", 0, nil
}

// Close implements file.Scan.
func (s *scan) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.reader == nil {
		return nil
	}
	err := s.reader.Close()
	s.reader = nil
	return err
}
