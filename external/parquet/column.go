package parquet

import (
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/parquet"
	pqfile "github.com/apache/arrow-go/v18/parquet/file"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// column decodes one column of the row groups that a worker takes.
type column struct {
	typ    types.Type
	leaf   *leaf
	reader pqfile.ColumnChunkReader
	// Instead of reader: for texts that stay dictionary codes, for integers.
	codes   *codeReader
	numbers *numberReader
	former  *numberReader // of the row group before
	// Instead of all of them: the whole chunk, decoded before.
	whole  *columnar.Vector
	chunk  chunkID
	group  *pqfile.RowGroupReader
	behind int64 // rows that were passed without being decoded

	vec    columnar.Vector
	levels []int16
	valid  []uint64
	// The values of one batch as Parquet has them, as far as the column's physical types need them.
	bools  []bool
	ints32 []int32
	ints64 []int64
	ints96 []parquet.Int96
	reals  []float32
	floats []float64
	texts  []parquet.ByteArray
	fixed  []parquet.FixedLenByteArray
	// What they become where the slices above do not serve.
	bytes   []uint8
	wide    []types.Int128
	spans   []types.Span
	ids     [][16]byte
	ends    []uint32
	offsets []uint32
	starts  []uint32
	data    []byte
}

func newColumn(t types.Type) *column {
	return &column{typ: t, levels: make([]int16, columnar.BatchSize), valid: make([]uint64, columnar.BatchSize/64)}
}

// start goes to the column's chunk of a row group, which is opened when it is first read.
func (c *column) start(group *pqfile.RowGroupReader, l *leaf, id chunkID) error {
	c.close()
	c.group, c.leaf, c.chunk, c.behind = group, l, id, 0
	return nil
}

// open starts reading the chunk.
func (c *column) open() (err error) {
	if c.whole = c.chunk.vector(c.group, c.leaf); c.whole != nil {
		return nil
	}
	if c.leaf.codesOnly(c.group) {
		if c.codes, err = newCodeReader(c.group, c.leaf); !errors.Is(err, errRepeats) {
			return err
		}
	}
	if c.leaf.numbersOnly(c.group) {
		c.numbers, err = newNumberReader(c.group, c.leaf, c.former)
		return err
	}
	c.reader, err = c.group.Column(c.leaf.index)
	return err
}

func (c *column) close() {
	c.whole = nil
	if c.reader != nil {
		_ = c.reader.Close() // only read from
		c.reader = nil
	}
	if c.codes != nil {
		c.codes.close()
		c.codes = nil
	}
	if c.numbers != nil {
		c.numbers.close()
		c.former, c.numbers = c.numbers, nil
	}
}

// read decodes the n rows from row `from` of the chunk on, which come behind those that were passed.
func (c *column) read(from, n int) (*columnar.Vector, error) {
	c.vec = columnar.Vector{Type: c.typ, Len: n}
	if c.leaf.null {
		c.vec.Layout, c.vec.Offsets = columnar.Str, make([]uint32, n+1)
		c.vec.Valid = c.valid[:(n+63)/64]
		clear(c.vec.Valid)
		return &c.vec, nil
	}
	if c.reader == nil && c.codes == nil && c.numbers == nil && c.whole == nil {
		if err := c.open(); err != nil {
			return nil, err
		}
	}
	if c.whole != nil {
		c.whole.Slice(from, from+n, &c.vec)
		c.behind = 0
		return &c.vec, nil
	}
	if c.codes != nil {
		return c.readCodes(n)
	}
	if c.numbers != nil {
		return c.readNumbers(n)
	}
	if c.behind > 0 {
		if err := c.skip(c.behind); err != nil {
			return nil, err
		}
	}
	c.behind = 0
	return &c.vec, c.values(n)
}

func (c *column) skip(n int64) error {
	var got int64
	var err error
	switch r := c.reader.(type) {
	case *pqfile.BooleanColumnChunkReader:
		got, err = r.Skip(n)
	case *pqfile.Int32ColumnChunkReader:
		got, err = r.Skip(n)
	case *pqfile.Int64ColumnChunkReader:
		got, err = r.Skip(n)
	case *pqfile.Int96ColumnChunkReader:
		got, err = r.Skip(n)
	case *pqfile.Float32ColumnChunkReader:
		got, err = r.Skip(n)
	case *pqfile.Float64ColumnChunkReader:
		got, err = r.Skip(n)
	case *pqfile.ByteArrayColumnChunkReader:
		got, err = r.Skip(n)
	case *pqfile.FixedLenByteArrayColumnChunkReader:
		got, err = r.Skip(n)
	}
	if err == nil && got != n {
		err = fmt.Errorf("column %s ends early", c.leaf.name)
	}
	return err
}

// chunkReader is what the typed readers of package file have in common.
type chunkReader[T any] interface {
	HasNext() bool
	Err() error
	ReadBatchInPage(n int64, values []T, defLevels, repLevels []int16) (levels int64, read int, err error)
}

// page reads rows from one page, at most n, whose levels start at c.levels[done].
func page[T any](c *column, r chunkReader[T], done, n int, values []T) (rows, read int, err error) {
	var levels []int16
	if c.leaf.optional {
		levels = c.levels[done : done+n]
	}
	if !r.HasNext() {
		if err := r.Err(); err != nil {
			return 0, 0, err
		}
		return 0, 0, fmt.Errorf("column %s ends early", c.leaf.name)
	}
	got, read, err := r.ReadBatchInPage(int64(n), values[:n], levels, nil)
	if err == nil && (got <= 0 || int(got) > n || read > int(got)) {
		err = fmt.Errorf("column %s has a page that does not fit its values", c.leaf.name)
	}
	return int(got), read, err
}

// pull reads n rows: take sees the values page by page, because what they point to ends with the page.
func pull[T any](c *column, r chunkReader[T], n int, scratch []T, take func(values []T)) error {
	for done := 0; done < n; {
		rows, read, err := page(c, r, done, n-done, scratch)
		if err != nil {
			return err
		}
		take(scratch[:read])
		done += rows
	}
	return c.nulls(n)
}

// pullInto reads n rows' values into dst, the NULLs' left out.
func pullInto[T any](c *column, r chunkReader[T], n int, dst []T) error {
	at := 0
	for done := 0; done < n; {
		rows, read, err := page(c, r, done, n-done, dst[at:])
		if err != nil {
			return err
		}
		at += read
		done += rows
	}
	return c.nulls(n)
}

// nulls makes the validity of n rows from their levels.
func (c *column) nulls(n int) error {
	c.vec.Valid = nil
	if !c.leaf.optional {
		return nil
	}
	all := int16(1)
	for _, l := range c.levels[:n] {
		all &= l
	}
	if all == 1 {
		return nil
	}
	valid := c.valid[:(n+63)/64]
	clear(valid)
	for i, l := range c.levels[:n] {
		valid[i>>6] |= uint64(l&1) << (i & 63)
	}
	c.vec.Valid = valid
	return nil
}

// spread moves the values in front of s to the rows that are not NULL.
func spread[T any](c *column, s []T, n int) {
	if c.vec.Valid == nil {
		return
	}
	from := 0
	for _, l := range c.levels[:n] {
		from += int(l & 1)
	}
	var zero T
	for i := n - 1; i >= 0; i-- {
		if c.levels[i]&1 == 1 {
			from--
			s[i] = s[from]
		} else {
			s[i] = zero
		}
	}
}

// scratchOf is s, made at its first use. It is the collector's: some values point to pages.
func scratchOf[T any](_ *column, s *[]T) []T {
	if *s == nil {
		*s = make([]T, columnar.BatchSize)
	}
	return *s
}
