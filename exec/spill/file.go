package spill

import (
	"hash/crc32"
	"os"
	"slices"
	"unsafe"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// File is blocks of rows on disk. One goroutine writes at a time; any number may read what is written.
type File struct {
	space *Space
	file  *os.File
	size  int64
	buf   []byte
}

// Block is some rows as columns, in a file or in memory. Their forms are in memory in any case.
type Block struct {
	Rows    int
	columns []form
	file    *File
	at      int64
	bytes   int
	sum     uint32
	held    []byte // instead of a file
}

// Bytes is the memory that the block takes.
func (b *Block) Bytes() int { return b.bytes }

// Keep makes a block of the first rows of cols, which may be in any form, in arena.
func Keep(cols []*columnar.Vector, rows int, arena *mem.Arena) Block {
	b := describe(cols, rows)
	b.held = mem.Alloc[byte](arena, b.bytes, false)
	b.copy(cols, b.held)
	return b
}

// Write appends a block of the first rows of cols, which may be in any form.
func (f *File) Write(cols []*columnar.Vector, rows int) (Block, error) {
	b := describe(cols, rows)
	if cap(f.buf) < b.bytes {
		f.buf = make([]byte, b.bytes+b.bytes/4)
	}
	buf := f.buf[:b.bytes]
	b.copy(cols, buf)
	b.file, b.at, b.sum = f, f.size, crc32.Checksum(buf, castagnoli)
	if err := f.space.take(int64(b.bytes)); err != nil {
		return b, err
	}
	f.size += int64(b.bytes)
	if _, err := f.file.WriteAt(buf, b.at); err != nil {
		return b, ioError("writing a temporary file", f.space.dir, err)
	}
	return b, nil
}

// describe makes a block without its values.
func describe(cols []*columnar.Vector, rows int) Block {
	b := Block{Rows: rows, columns: make([]form, len(cols))}
	for i, v := range cols {
		var part columnar.Vector
		v.Slice(0, rows, &part)
		b.columns[i] = formOf(&part)
		for _, piece := range pieces(&part) {
			b.bytes += aligned(len(piece))
		}
	}
	return b
}

// copy puts the values of cols into buf, the offsets of strings counted from 0.
func (b *Block) copy(cols []*columnar.Vector, buf []byte) {
	for _, v := range cols {
		var part columnar.Vector
		v.Slice(0, b.Rows, &part)
		for _, piece := range pieces(&part) {
			clear(buf[copy(buf, piece):aligned(len(piece))])
			buf = buf[aligned(len(piece)):]
		}
	}
}

// aligned is a piece's length with padding: values start at multiples of 8 bytes.
func aligned(bytes int) int { return (bytes + 7) &^ 7 }

// Read gives the block's columns. Those of a file come into the memory of words, which has room for
// Bytes bytes.
func (b *Block) Read(words []uint64) ([]columnar.Vector, error) {
	buf := b.held
	if b.file != nil {
		buf = raw(words)[:b.bytes]
		if _, err := b.file.file.ReadAt(buf, b.at); err != nil {
			return nil, ioError("reading a temporary file", b.file.space.dir, err)
		}
		if crc32.Checksum(buf, castagnoli) != b.sum {
			return nil, sqlerr.New(sqlerr.DataCorrupted, "checksum mismatch in a temporary file in %q", b.file.space.dir)
		}
	}
	cols := make([]columnar.Vector, len(b.columns))
	for i := range cols {
		buf = b.columns[i].vector(&cols[i], b.Rows, buf)
	}
	return cols, nil
}

// Close removes the file. A second Close does nothing.
func (f *File) Close() error {
	f.space.give(f.size)
	f.size = 0
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}

// form is what a block in memory knows of a column in the file.
type form struct {
	typ     types.Type
	enc     columnar.Encoding
	layout  columnar.Layout
	nulls   bool
	bounded bool
	text    uint32 // Str: the number of bytes
	base    int64
	lo, hi  int64
	dict    *columnar.Dictionary
}

func formOf(v *columnar.Vector) form {
	f := form{typ: v.Type, enc: v.Enc, layout: v.Layout, nulls: v.Valid != nil, bounded: v.Bounded, base: v.Base, lo: v.Lo, hi: v.Hi, dict: v.Dict}
	if v.Layout == columnar.Str {
		f.text = v.Offsets[stored(v)] - v.Offsets[0]
	}
	return f
}

// stored is the number of values that a vector holds.
func stored(v *columnar.Vector) int {
	if v.Enc == columnar.Const {
		return 1
	}
	return v.Len
}

// pieces lists the memory that holds a vector's values.
func pieces(v *columnar.Vector) [][]byte {
	n := stored(v)
	var all [][]byte
	if v.Valid != nil {
		all = append(all, raw(v.Valid[:(n+63)/64]))
	}
	switch v.Layout {
	case columnar.U8:
		return append(all, v.U8[:n])
	case columnar.U16:
		return append(all, raw(v.U16[:n]))
	case columnar.U32:
		return append(all, raw(v.U32[:n]))
	case columnar.I64:
		return append(all, raw(v.I64[:n]))
	case columnar.I128:
		return append(all, raw(v.I128[:n]))
	case columnar.F32:
		return append(all, raw(v.F32[:n]))
	case columnar.F64:
		return append(all, raw(v.F64[:n]))
	case columnar.Spans:
		return append(all, raw(v.Spans[:n]))
	case columnar.Bytes16:
		return append(all, raw(v.UUID[:n]))
	}
	offsets, from := v.Offsets[:n+1], v.Offsets[0]
	if from != 0 {
		offsets = slices.Clone(offsets)
		for i := range offsets {
			offsets[i] -= from
		}
	}
	return append(all, raw(offsets), v.Bytes[from:v.Offsets[n]])
}

// vector makes dst the form's column of rows rows, its memory the first of buf, and gives the rest.
func (f *form) vector(dst *columnar.Vector, rows int, buf []byte) []byte {
	*dst = columnar.Vector{Type: f.typ, Enc: f.enc, Layout: f.layout, Len: rows, Base: f.base, Bounded: f.bounded, Lo: f.lo, Hi: f.hi, Dict: f.dict}
	n := stored(dst)
	if f.nulls {
		dst.Valid, buf = cut[uint64](buf, (n+63)/64)
	}
	switch f.layout {
	case columnar.U8:
		dst.U8, buf = cut[uint8](buf, n)
	case columnar.U16:
		dst.U16, buf = cut[uint16](buf, n)
	case columnar.U32:
		dst.U32, buf = cut[uint32](buf, n)
	case columnar.I64:
		dst.I64, buf = cut[int64](buf, n)
	case columnar.I128:
		dst.I128, buf = cut[types.Int128](buf, n)
	case columnar.F32:
		dst.F32, buf = cut[float32](buf, n)
	case columnar.F64:
		dst.F64, buf = cut[float64](buf, n)
	case columnar.Spans:
		dst.Spans, buf = cut[types.Span](buf, n)
	case columnar.Bytes16:
		dst.UUID, buf = cut[[16]byte](buf, n)
	case columnar.Str:
		dst.Offsets, buf = cut[uint32](buf, n+1)
		dst.Bytes, buf = cut[byte](buf, int(f.text))
		dst.Bytes = dst.Bytes[:len(dst.Bytes):len(dst.Bytes)]
	}
	return buf
}

func raw[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*int(unsafe.Sizeof(s[0])))
}

// cut takes n values off buf, and the padding behind them.
func cut[T any](buf []byte, n int) (values []T, rest []byte) {
	if n == 0 {
		return []T{}, buf
	}
	var t T
	size := n * int(unsafe.Sizeof(t))
	return unsafe.Slice((*T)(unsafe.Pointer(&buf[0])), n), buf[min(len(buf), (size+7)&^7):]
}
