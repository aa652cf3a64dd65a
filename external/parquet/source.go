// Package parquet reads and writes tables as Apache Parquet files.
//
// A row group is the unit of work: a worker takes one, skips it when its statistics exclude every
// row, and decodes the wanted columns 4,096 rows at a time, those without filters only where a row
// passed. Columns are decoded by arrow-go's low-level readers straight into the engine's vectors:
// decimals stay integers, texts whose pages are all dictionary-coded stay codes.
//
// Q1: whatever a file says about sizes is checked against the file before memory is taken for it.
package parquet

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	pqfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/external/file"
	"github.com/oxidb/oxidb/sqlerr"
)

// Source is a set of Parquet files of one schema.
type Source struct {
	fs      vfs.FS
	name    string
	files   []footer
	leaves  []leaf
	columns []catalog.Column
	rows    int64
	memory  *pageMemory
	summary sync.Once
	stats   *catalog.TableStats
}

// footer is what is known of one file.
type footer struct {
	file.Info
	meta *metadata.FileMetaData
	// kept are the columns that the pool keeps, nil when it does not.
	kept *keptColumns
}

func quoted(s string) string { return strconv.Quote(s) }

// Open reads the footers of files, which must have one schema. name is how messages call the set.
func Open(fsys vfs.FS, name string, files []file.Info) (*Source, error) {
	s := &Source{fs: fsys, name: name, memory: &pageMemory{}}
	for i, f := range files {
		meta, err := readFooter(fsys, f)
		if err != nil {
			return nil, err
		}
		s.files = append(s.files, footer{Info: f, meta: meta})
		s.rows += meta.NumRows
		found := leaves(meta.Schema)
		if i == 0 {
			s.leaves = found
		} else if err := sameLeaves(s.leaves, found, files[0].Path, f.Path); err != nil {
			return nil, err
		}
	}
	for i, l := range s.leaves {
		s.columns = append(s.columns, catalog.Column{FieldID: int32(i + 1), Name: l.name, Type: l.typ})
	}
	return s, nil
}

// readFooter reads and checks a file's footer.
func readFooter(fsys vfs.FS, info file.Info) (meta *metadata.FileMetaData, err error) {
	f, err := file.Open(fsys, info.Path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	defer damage(info.Path, &err)
	r, err := pqfile.NewParquetReader(io.NewSectionReader(f, 0, info.Size), pqfile.WithReadProps(properties(memory.DefaultAllocator)))
	if err != nil {
		return nil, file.Damaged(info.Path, err)
	}
	return r.MetaData(), checkFooter(r.MetaData(), info)
}

// properties bound what a damaged file can make the reader allocate (Q1).
func properties(m memory.Allocator) *parquet.ReaderProperties {
	p := parquet.NewReaderProperties(m)
	p.BufferedStreamEnabled = true
	p.BufferSize = 32 << 10 // what is longer is read where it belongs at once
	p.MaxCompressedPageSize = 1 << 30
	p.MaxUncompressedPageSize = 1 << 30
	return p
}

// checkFooter compares the places that a footer names with the file's size (Q1).
func checkFooter(meta *metadata.FileMetaData, info file.Info) error {
	rows := int64(0)
	for g := range meta.NumRowGroups() {
		group := meta.RowGroup(g)
		rows += group.NumRows()
		if group.NumRows() < 0 || group.NumColumns() != meta.Schema.NumColumns() {
			return file.Damaged(info.Path, fmt.Errorf("row group %d does not fit the schema", g))
		}
		for c := range group.NumColumns() {
			chunk, err := group.ColumnChunk(c)
			if err != nil {
				return file.Damaged(info.Path, err)
			}
			start := chunk.DataPageOffset()
			if chunk.HasDictionaryPage() && chunk.DictionaryPageOffset() > 0 {
				start = min(start, chunk.DictionaryPageOffset())
			}
			if start < 0 || chunk.TotalCompressedSize() < 0 || start > info.Size-chunk.TotalCompressedSize() {
				return file.Damaged(info.Path, fmt.Errorf("column %d of row group %d lies outside of the file", c, g))
			}
			if d := meta.Schema.Column(c); d.MaxRepetitionLevel() == 0 && chunk.NumValues() != group.NumRows() {
				return file.Damaged(info.Path, fmt.Errorf("column %s of row group %d has %d values for %d rows", d.Name(), g, chunk.NumValues(), group.NumRows()))
			}
		}
	}
	if rows != meta.NumRows {
		return file.Damaged(info.Path, fmt.Errorf("%d rows in its row groups, %d in its footer", rows, meta.NumRows))
	}
	return nil
}

// sameLeaves refuses a file whose columns differ from those of the first.
func sameLeaves(want, got []leaf, first, path string) error {
	if len(want) != len(got) {
		return sqlerr.New(sqlerr.BadCopyFileFormat, "%s has %d columns, but %s has %d", path, len(got), first, len(want))
	}
	for i := range want {
		if want[i].name != got[i].name || want[i].typ != got[i].typ {
			return sqlerr.New(sqlerr.BadCopyFileFormat, "column %d of %s is %s %s, but %s %s in %s",
				i+1, path, got[i].name, got[i].typ, want[i].name, want[i].typ, first)
		}
	}
	return nil
}

// damage turns a decoder's panic into the error of a damaged file.
func damage(path string, err *error) {
	r := recover()
	if r == nil {
		return
	}
	if e, ok := r.(error); ok && sqlerr.StateOf(e) != sqlerr.InternalError {
		*err = e // memory that the query may not have
		return
	}
	*err = sqlerr.New(sqlerr.DataCorrupted, "file %q is damaged: %v", path, r).WithDetail("%s", debug.Stack())
}

// Describe implements plan.ExternalSource.
func (s *Source) Describe() string { return "parquet " + s.name }

// Schema implements plan.ExternalSource.
func (s *Source) Schema() []catalog.Column { return s.columns }

// Scan implements file.Source.
func (s *Source) Scan(q *exec.Query, ordinals []int, prune file.Pruner) (file.Scan, error) {
	for _, o := range ordinals {
		if s.leaves[o].refusal != nil {
			return nil, s.leaves[o].refusal
		}
	}
	sc := &scan{source: s, ordinals: ordinals, readers: make([]opened, len(s.files))}
	for f := range s.files {
		meta := s.files[f].meta
		fileLeaves := leaves(meta.Schema)
		for g := range meta.NumRowGroups() {
			group := meta.RowGroup(g)
			if group.NumRows() > 0 && !prune.Excludes(func(o int) (file.Zone, bool) { return zone(group, &fileLeaves[o]) }) {
				sc.morsels = append(sc.morsels, morsel{f, g})
			}
		}
	}
	return sc, nil
}

// morsel is one row group of one file.
type morsel struct{ file, group int }

// scan is one reading.
type scan struct {
	source   *Source
	ordinals []int
	morsels  []morsel
	next     atomic.Int64

	mu      sync.Mutex
	readers []opened
	closed  bool
}

// opened is an open file; it is nil before its first row group is wanted.
type opened struct {
	file   vfs.File
	reader *pqfile.Reader
	leaves []leaf
	kept   *keptColumns // nil also when the file is not the one whose footer is known
}

// open gives the reader of a file, opening it at first.
func (s *scan) open(i int) (opened, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return opened{}, sqlerr.New(sqlerr.QueryCanceled, "the query has ended")
	}
	if s.readers[i].file != nil {
		return s.readers[i], nil
	}
	info := s.source.files[i]
	f, err := file.Open(s.source.fs, info.Path)
	if err != nil {
		return opened{}, err
	}
	r, err := pqfile.NewParquetReader(io.NewSectionReader(f, 0, info.Size), pqfile.WithReadProps(properties(s.source.memory)), pqfile.WithMetadata(info.meta))
	if err != nil {
		return opened{}, errors.Join(file.Damaged(info.Path, err), f.Close())
	}
	s.readers[i] = opened{file: f, reader: r, leaves: leaves(info.meta.Schema)}
	if now, err := f.Stat(); err == nil && file.InfoOf(info.Path, now) == info.Info {
		s.readers[i].kept = info.kept
	}
	return s.readers[i], nil
}

// Close implements file.Scan.
func (s *scan) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var err error
	for i := range s.readers {
		if s.readers[i].file != nil {
			err = errors.Join(err, s.readers[i].file.Close())
			s.readers[i] = opened{}
		}
	}
	return err
}
