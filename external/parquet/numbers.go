package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
	pqfile "github.com/apache/arrow-go/v18/parquet/file"

	"github.com/oxidb/oxidb/columnar"
)

// numberReader reads a chunk of 32- or 64-bit integers whose pages are plain or dictionary-coded, as
// nearly all are, straight into int64. What a page says of its size is checked by the slices that its
// data are: the recover of damaged files turns a step beyond them into an error.
type numberReader struct {
	leaf  *leaf
	pages pqfile.PageReader
	dict  []int64
	// The page at hand: its rows that are left, their levels, and their values, plain or as codes.
	rows   int
	levels runs
	plain  []byte
	coded  bool
	codes  runs

	level, code []uint32 // of one batch
}

// numbersOnly reports that all pages of a chunk are of the kinds that a numberReader knows.
func (l *leaf) numbersOnly(group *pqfile.RowGroupReader) bool {
	if l.physical != parquet.Types.Int32 && l.physical != parquet.Types.Int64 {
		return false
	}
	chunk, err := group.MetaData().ColumnChunk(l.index)
	if err != nil {
		return false
	}
	for _, e := range chunk.Encodings() {
		switch e {
		case parquet.Encodings.Plain, parquet.Encodings.RLE, parquet.Encodings.RLEDict, parquet.Encodings.PlainDict:
		default:
			return false
		}
	}
	return true
}

// newNumberReader starts reading a chunk with the scratch of the reader before, which may be nil.
func newNumberReader(group *pqfile.RowGroupReader, l *leaf, before *numberReader) (*numberReader, error) {
	pages, err := group.GetColumnPageReader(l.index)
	if err != nil {
		return nil, err
	}
	r := &numberReader{leaf: l, pages: pages}
	if before != nil {
		r.level, r.code, r.dict = before.level, before.code, before.dict[:0]
	} else {
		r.level, r.code = make([]uint32, columnar.BatchSize), make([]uint32, columnar.BatchSize)
	}
	return r, nil
}

func (r *numberReader) close() { _ = r.pages.Close() } // only read from

// nextPage goes to the next page with rows.
func (r *numberReader) nextPage() error {
	for r.rows == 0 {
		if !r.pages.Next() {
			if err := r.pages.Err(); err != nil {
				return err
			}
			return fmt.Errorf("column %s ends early", r.leaf.name)
		}
		switch page := r.pages.Page().(type) {
		case *pqfile.DictionaryPage:
			n := int(page.NumValues())
			if n < 0 || n > len(page.Data())/r.width() { // before memory is taken (Q1)
				return fmt.Errorf("the dictionary of column %s is cut off", r.leaf.name)
			}
			r.dict = slices.Grow(r.dict[:0], n)[:n]
			r.decode(page.Data(), r.dict)
		case *pqfile.DataPageV1:
			data := page.Data()
			size := 0
			if r.leaf.optional {
				size = 4 + int(binary.LittleEndian.Uint32(data))
				r.levels = newRuns(data[4:size], 1)
			}
			r.rows = int(page.NumValues())
			r.start(data[size:], parquet.Encoding(page.Encoding()))
		case *pqfile.DataPageV2:
			data, size := page.Data(), int(page.DefinitionLevelByteLen())
			if page.RepetitionLevelByteLen() != 0 {
				return errors.New("a flat column repeats")
			}
			if r.leaf.optional {
				r.levels = newRuns(data[:size], 1)
			}
			r.rows = int(page.NumValues())
			r.start(data[size:], parquet.Encoding(page.Encoding()))
		default:
			return fmt.Errorf("column %s has an unexpected page", r.leaf.name)
		}
	}
	return nil
}

// width is the number of bytes of a plain value.
func (r *numberReader) width() int {
	if r.leaf.physical == parquet.Types.Int64 {
		return 8
	}
	return 4
}

func (r *numberReader) start(data []byte, e parquet.Encoding) {
	r.plain, r.codes = data, runs{}
	if r.coded = e != parquet.Encodings.Plain; r.coded && len(data) > 0 {
		if data[0] > 32 {
			panic(fmt.Errorf("codes of %d bits", data[0]))
		}
		r.codes = newRuns(data[1:], int(data[0]))
	}
}

// decode reads plain values into dst and gives the number of bytes that they take.
func (r *numberReader) decode(data []byte, dst []int64) int {
	switch {
	case r.leaf.physical == parquet.Types.Int64:
		data = data[:8*len(dst)]
		for i := range dst {
			dst[i] = int64(binary.LittleEndian.Uint64(data[8*i:]))
		}
		return len(data)
	case r.leaf.unsigned:
		for i := range dst {
			dst[i] = int64(binary.LittleEndian.Uint32(data[4*i:]))
		}
	default:
		data = data[:4*len(dst)]
		for i := range dst {
			dst[i] = int64(int32(binary.LittleEndian.Uint32(data[4*i:])))
		}
	}
	return 4 * len(dst)
}

// read fills dst with the values of the next n rows, those of NULLs left out. levels of the rows are
// written to c.levels when there are NULLs among them.
func (r *numberReader) read(c *column, dst []int64, n int) (nulls bool, err error) {
	at := 0
	for done := 0; done < n; {
		if err := r.nextPage(); err != nil {
			return false, err
		}
		count := min(n-done, r.rows)
		values := count
		if r.leaf.optional && !r.levels.ones(count) {
			if !nulls {
				for i := range done {
					c.levels[i] = 1
				}
				nulls = true
			}
			if !r.levels.read(r.level[:count]) {
				return false, fmt.Errorf("the levels of column %s are cut off", r.leaf.name)
			}
			values = 0
			for i, l := range r.level[:count] {
				c.levels[done+i] = int16(l & 1)
				values += int(l & 1)
			}
		} else if nulls {
			for i := range count {
				c.levels[done+i] = 1
			}
		}
		if err := r.take(dst[at : at+values]); err != nil {
			return false, err
		}
		at += values
		done += count
		r.rows -= count
	}
	return nulls, nil
}

// take fills dst from the page at hand.
func (r *numberReader) take(dst []int64) error {
	if !r.coded {
		r.plain = r.plain[r.decode(r.plain, dst):]
		return nil
	}
	code := r.code[:len(dst)]
	if !r.codes.read(code) {
		return fmt.Errorf("the codes of column %s are cut off", r.leaf.name)
	}
	dict := r.dict
	for i, k := range code {
		dst[i] = dict[k]
	}
	return nil
}

// readNumbers is read for columns of integers.
func (c *column) readNumbers(n int) (*columnar.Vector, error) {
	out := scratchOf(c, &c.ints64)
	if err := c.numbers.skip(c.behind); err != nil {
		return nil, err
	}
	c.behind = 0
	nulls, err := c.numbers.read(c, out, n)
	if err == nil && nulls {
		err = c.nulls(n)
	}
	return &c.vec, c.integers(out, n, err)
}

// ones takes the next n numbers if one run says that they all are 1.
func (r *runs) ones(n int) bool {
	if r.left == 0 && !r.header() {
		return false
	}
	if r.packed || r.value != 1 || r.left < uint64(n) {
		return false
	}
	r.left -= uint64(n)
	return true
}
