package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/parquet"
	pqfile "github.com/apache/arrow-go/v18/parquet/file"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// codesOnly reports that all of a text column's pages in a row group are dictionary-coded.
func (l *leaf) codesOnly(group *pqfile.RowGroupReader) bool {
	if l.physical != parquet.Types.ByteArray || l.typ.Class() != types.ClassBytes {
		return false
	}
	chunk, err := group.MetaData().ColumnChunk(l.index)
	if err != nil || !chunk.HasDictionaryPage() {
		return false
	}
	data := false
	for _, s := range chunk.EncodingStats() {
		if s.PageType != pqfile.PageTypeDataPage && s.PageType != pqfile.PageTypeDataPageV2 {
			continue
		}
		if s.Encoding != parquet.Encodings.RLEDict && s.Encoding != parquet.Encodings.PlainDict {
			return false
		}
		data = true
	}
	return data
}

// codeReader reads a chunk whose pages hold codes into one dictionary.
type codeReader struct {
	leaf  *leaf
	pages pqfile.PageReader
	dict  *columnar.Dictionary
	// The page at hand: its rows that are left, and the runs of levels and codes behind them.
	rows   int
	levels runs
	codes  runs

	level, code []uint32 // of one batch
}

func newCodeReader(group *pqfile.RowGroupReader, l *leaf) (*codeReader, error) {
	pages, err := group.GetColumnPageReader(l.index)
	if err != nil {
		return nil, err
	}
	r := &codeReader{leaf: l, pages: pages, level: make([]uint32, columnar.BatchSize), code: make([]uint32, columnar.BatchSize)}
	err = fmt.Errorf("column %s lacks its dictionary", l.name)
	if pages.Next() {
		if page, ok := pages.Page().(*pqfile.DictionaryPage); ok {
			r.dict, err = dictionaryOf(page.Data(), int(page.NumValues()), l)
		}
	} else if pages.Err() != nil {
		err = pages.Err()
	}
	if err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *codeReader) close() { _ = r.pages.Close() } // only read from

// errRepeats says that a dictionary has a value twice: its codes cannot stand for values.
var errRepeats = errors.New("the dictionary repeats a value")

// dictionaryOf decodes a page of plain strings.
func dictionaryOf(data []byte, n int, l *leaf) (*columnar.Dictionary, error) {
	short := fmt.Errorf("the dictionary of column %s is cut off", l.name)
	if n < 0 || n > len(data)/4 {
		return nil, short
	}
	v := &columnar.Vector{Type: l.typ, Layout: columnar.Str, Len: n, Shared: true,
		Offsets: make([]uint32, 1, n+1), Bytes: make([]byte, 0, len(data))}
	seen := make(map[string]struct{}, n)
	for range n {
		if len(data) < 4 {
			return nil, short
		}
		size := binary.LittleEndian.Uint32(data)
		if uint64(size) > uint64(len(data)-4) {
			return nil, short
		}
		seen[string(data[4:4+size])] = struct{}{}
		v.Bytes = append(v.Bytes, data[4:4+size]...)
		v.Offsets = append(v.Offsets, uint32(len(v.Bytes)))
		data = data[4+size:]
	}
	if len(seen) != n {
		return nil, errRepeats
	}
	if l.typ.Kind != types.Bytea && !utf8.Valid(v.Bytes) {
		return nil, fmt.Errorf("column %s holds text that is not UTF-8", l.name)
	}
	return &columnar.Dictionary{Values: v}, nil
}

// nextPage goes to the next page with rows.
func (r *codeReader) nextPage() error {
	for r.rows == 0 {
		if !r.pages.Next() {
			if err := r.pages.Err(); err != nil {
				return err
			}
			return fmt.Errorf("column %s ends early", r.leaf.name)
		}
		var data []byte
		cut := fmt.Errorf("a page of column %s is cut off", r.leaf.name)
		switch page := r.pages.Page().(type) {
		case *pqfile.DataPageV1:
			data, r.rows = page.Data(), int(page.NumValues())
			if r.leaf.optional {
				if len(data) < 4 || uint64(binary.LittleEndian.Uint32(data)) > uint64(len(data)-4) {
					return cut
				}
				size := int(binary.LittleEndian.Uint32(data))
				r.levels = newRuns(data[4:4+size], 1)
				data = data[4+size:]
			}
		case *pqfile.DataPageV2:
			data, r.rows = page.Data(), int(page.NumValues())
			size := int(page.DefinitionLevelByteLen())
			if size < 0 || size > len(data) || page.RepetitionLevelByteLen() != 0 {
				return cut
			}
			if r.leaf.optional {
				r.levels = newRuns(data[:size], 1)
			}
			data = data[size:]
		default:
			return fmt.Errorf("column %s has an unexpected page", r.leaf.name)
		}
		r.codes = runs{}
		if len(data) > 0 {
			if data[0] > 32 {
				return fmt.Errorf("column %s has codes of %d bits", r.leaf.name, data[0])
			}
			r.codes = newRuns(data[1:], int(data[0]))
		}
	}
	return nil
}

// read fills levels and codes of n rows, at most BatchSize, and gives the number of codes.
func (r *codeReader) read(n int) (codes int, err error) {
	for done := 0; done < n; {
		if err := r.nextPage(); err != nil {
			return 0, err
		}
		count := min(n-done, r.rows)
		values := count
		if r.leaf.optional {
			if !r.levels.read(r.level[done : done+count]) {
				return 0, fmt.Errorf("the levels of column %s are cut off", r.leaf.name)
			}
			values = 0
			for _, l := range r.level[done : done+count] {
				values += int(l & 1)
			}
		}
		if !r.codes.read(r.code[codes : codes+values]) {
			return 0, fmt.Errorf("the codes of column %s are cut off", r.leaf.name)
		}
		codes += values
		done += count
		r.rows -= count
	}
	limit := uint32(r.dict.Values.Len)
	for _, code := range r.code[:codes] {
		if code >= limit {
			return 0, fmt.Errorf("column %s has a code beyond its dictionary", r.leaf.name)
		}
	}
	return codes, nil
}

// readCodes is read for columns of codes.
func (c *column) readCodes(n int) (*columnar.Vector, error) {
	if err := c.codes.skip(c.behind); err != nil {
		return nil, err
	}
	c.behind = 0
	if _, err := c.codes.read(n); err != nil {
		return nil, err
	}
	if c.leaf.optional {
		for i, l := range c.codes.level[:n] {
			c.levels[i] = int16(l & 1)
		}
	}
	if err := c.nulls(n); err != nil {
		return nil, err
	}
	spread(c, c.codes.code, n)
	c.vec.Enc, c.vec.Layout, c.vec.U32, c.vec.Dict = columnar.Dict, columnar.U32, c.codes.code[:n], c.codes.dict
	return &c.vec, nil
}

// runs decodes Parquet's hybrid of run-length and bit-packed numbers.
type runs struct {
	data  []byte
	width int
	// left are the numbers of the run at hand; packed ones stand in data, at bit.
	left   uint64
	packed bool
	value  uint32
	bit    int
}

func newRuns(data []byte, width int) runs { return runs{data: data, width: width} }

// read fills dst; false when the data end first.
func (r *runs) read(dst []uint32) bool {
	for len(dst) > 0 {
		if r.left == 0 && !r.header() {
			return false
		}
		n := int(min(uint64(len(dst)), r.left))
		if r.packed {
			if r.unpack(dst[:n]); r.bit < 0 {
				return false
			}
		} else {
			for i := range dst[:n] {
				dst[i] = r.value
			}
		}
		dst = dst[n:]
		r.left -= uint64(n)
		if r.packed && r.left == 0 {
			r.data, r.bit = r.data[min(r.bit/8, len(r.data)):], 0
		}
	}
	return true
}

// header reads the next run's length and, of a repeated one, its value.
func (r *runs) header() bool {
	head, n := binary.Uvarint(r.data)
	if n <= 0 || head>>1 == 0 {
		return false
	}
	r.data = r.data[n:]
	if r.packed = head&1 == 1; r.packed {
		r.left, r.bit = head>>1, 0
		if r.left > 1<<32 {
			return false
		}
		r.left *= 8
		return true
	}
	size := (r.width + 7) / 8
	if len(r.data) < size {
		return false
	}
	r.value, r.left = 0, head>>1
	for i := range size {
		r.value |= uint32(r.data[i]) << (8 * i)
	}
	r.data = r.data[size:]
	return true
}

// unpack reads bit-packed numbers; bit becomes -1 when the data end first.
func (r *runs) unpack(dst []uint32) {
	width := r.width
	if r.bit+len(dst)*width > 8*len(r.data) {
		r.bit = -1
		return
	}
	mask := uint64(1)<<width - 1
	at := r.bit
	for i := range dst {
		from := at >> 3
		var word uint64
		if from+8 <= len(r.data) {
			word = binary.LittleEndian.Uint64(r.data[from:])
		} else {
			var last [8]byte
			copy(last[:], r.data[from:])
			word = binary.LittleEndian.Uint64(last[:])
		}
		dst[i] = uint32(word >> (at & 7) & mask)
		at += width
	}
	r.bit = at
}
