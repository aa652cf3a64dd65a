// Package buffer keeps rows for operators that must see all of their input: contiguous columns in
// the narrowest form that the input allows, and gathers from them by row number.
package buffer

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/rowkey"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/types"
)

// Table is rows as growing columns. It belongs to one goroutine while it grows and may be read by
// many afterwards.
type Table struct {
	Rows int
	cols []Column
}

// New makes an empty table.
func New(arena *mem.Arena, ts []types.Type) *Table {
	t := &Table{cols: make([]Column, len(ts))}
	for i := range ts {
		t.cols[i] = Column{arena: arena, v: columnar.Vector{Type: ts[i]}}
	}
	return t
}

// NewPlain makes an empty table whose columns have no dictionaries but those of the vectors that they
// got: rows gathered from it may be kept by others when its memory is gone.
func NewPlain(arena *mem.Arena, ts []types.Type) *Table {
	t := New(arena, ts)
	for i := range t.cols {
		t.cols[i].plain = true
	}
	return t
}

// Plain gives rows [from, to) of column i, without a dictionary of the table's own, in arena.
func (t *Table) Plain(arena *mem.Arena, i, from, to int) *columnar.Vector {
	var part columnar.Vector
	t.Column(i).Slice(from, to, &part)
	if t.cols[i].set == nil {
		return &part
	}
	return Flat(arena, &part)
}

// Flat gives a dictionary's codes as strings, in arena; other vectors as they are.
func Flat(arena *mem.Arena, v *columnar.Vector) *columnar.Vector {
	if v.Enc != columnar.Dict {
		return v
	}
	c := Column{arena: arena, v: *v, ready: true}
	c.flatten()
	return &c.v
}

// Column is column i as one vector over all rows; valid until the table grows.
func (t *Table) Column(i int) *columnar.Vector { return t.cols[i].Vector() }

// Width is the number of columns.
func (t *Table) Width() int { return len(t.cols) }

// Append copies the rows of sel (all n when nil) of cols.
func (t *Table) Append(cols []*columnar.Vector, sel []uint32, n int) {
	if sel != nil {
		n = len(sel)
	}
	if n == 0 {
		return
	}
	for i, v := range cols {
		t.cols[i].Append(v, sel, n)
	}
	t.Rows += n
}

// AppendTable copies all rows of another table.
func (t *Table) AppendTable(from *Table) {
	if from.Rows == 0 {
		return
	}
	for i := range t.cols {
		t.cols[i].Append(from.cols[i].Vector(), nil, from.Rows)
	}
	t.Rows += from.Rows
}

// Concat makes one table of several, on all workers; it is the only one with rows when there is just
// one.
func Concat(q *exec.Query, ts []types.Type, parts []*Table) (*Table, error) {
	var full []*Table
	rows := 0
	for _, p := range parts {
		if p != nil && p.Rows > 0 {
			full = append(full, p)
			rows += p.Rows
		}
	}
	if len(full) == 1 {
		return full[0], nil
	}
	all := &Table{Rows: rows, cols: make([]Column, len(ts))}
	err := q.RunOn(min(len(ts), 1+rows/columnar.BatchSize), func(w *exec.Worker) error {
		// Each column is one worker's, and grows in that worker's memory.
		for i := w.ID; i < len(ts); i += min(len(q.Workers), len(ts), 1+rows/columnar.BatchSize) {
			c := Column{arena: w.Arena, v: columnar.Vector{Type: ts[i]}}
			for _, p := range full {
				c.Append(p.cols[i].Vector(), nil, p.Rows)
			}
			all.cols[i] = c
		}
		return nil
	})
	return all, err
}

// Column is one growing column.
type Column struct {
	arena *mem.Arena
	v     columnar.Vector
	set   *rowkey.Interner // of a dictionary merged from several
	plain bool             // never merge dictionaries
	ready bool             // the first rows have fixed a form
	shown bool             // it was asked for before it had any row
}

// NewColumn makes an empty column.
func NewColumn(arena *mem.Arena, t types.Type) *Column {
	return &Column{arena: arena, v: columnar.Vector{Type: t}}
}

// Vector is the column as one vector; valid until it grows.
func (c *Column) Vector() *columnar.Vector {
	if c.set != nil && (c.v.Dict == nil || c.v.Dict.Values.Len != c.set.Len()) {
		c.v.Dict = c.set.Dictionary(c.v.Type)
	}
	if !c.ready && !c.shown {
		c.start(&columnar.Vector{Type: c.v.Type, Layout: emptyLayout(c.v.Type)})
		c.ready, c.shown = false, true
	}
	return &c.v
}

func emptyLayout(t types.Type) columnar.Layout {
	switch t.Class() {
	case types.ClassFloat:
		return columnar.F64
	case types.ClassBytes:
		return columnar.Str
	case types.ClassInterval:
		return columnar.Spans
	case types.ClassUUID:
		return columnar.Bytes16
	}
	if t.Kind == types.Boolean {
		return columnar.U8
	}
	return columnar.I64
}

// start takes over the form of the first vector.
func (c *Column) start(v *columnar.Vector) {
	c.ready = true
	c.v.Enc, c.v.Layout, c.v.Base = columnar.Flat, v.Layout, v.Base
	c.v.Bounded, c.v.Lo, c.v.Hi = v.Bounded, v.Lo, v.Hi
	if v.Layout == columnar.F32 {
		c.v.Layout = columnar.F64
	}
	switch {
	case v.Enc == columnar.Dict:
		c.v.Enc, c.v.Dict = columnar.Dict, v.Dict
	case v.Enc == columnar.Const && v.Layout == columnar.I64 && v.Type.Kind != types.Boolean && !v.IsNull(0):
		c.v.Layout, c.v.Base = columnar.U8, v.I64[0]
		c.v.Bounded, c.v.Lo, c.v.Hi = true, v.I64[0], v.I64[0]
	}
	if c.v.Layout == columnar.Str {
		c.v.Offsets = mem.Append(c.arena, c.v.Offsets[:0], 0)
	}
}

// Append copies n rows of v: those of sel, or the first n when it is nil.
func (c *Column) Append(v *columnar.Vector, sel []uint32, n int) {
	if !c.ready {
		c.start(v)
	}
	switch {
	case v.Enc == columnar.Dict || c.v.Enc == columnar.Dict || c.v.Layout == columnar.Str:
		c.appendStrings(v, sel, n)
	case c.v.Layout <= columnar.I128:
		c.appendNumbers(v, sel, n)
	case v.Layout == columnar.F32:
		c.v.F64 = appendFloats(c.arena, c.v.F64, v.F32, v.Enc, sel, n)
	case c.v.Layout == columnar.F64:
		c.v.F64 = appendFloats(c.arena, c.v.F64, v.F64, v.Enc, sel, n)
	case c.v.Layout == columnar.Spans:
		c.v.Spans = appendPlain(c.arena, c.v.Spans, v.Spans, v.Enc, sel, n)
	case c.v.Layout == columnar.Bytes16:
		c.v.UUID = appendPlain(c.arena, c.v.UUID, v.UUID, v.Enc, sel, n)
	}
	c.appendValid(v, sel, n)
	c.v.Len += n
}

func appendFloats[S float32 | float64](a *mem.Arena, dst []float64, src []S, enc columnar.Encoding, sel []uint32, n int) []float64 {
	old := len(dst)
	dst = mem.Extend(a, dst, n)
	out := dst[old:]
	switch {
	case enc == columnar.Const:
		for i := range out {
			out[i] = float64(src[0])
		}
	case sel == nil:
		src = src[:n]
		for i, x := range src {
			out[i] = float64(x)
		}
	default:
		for j, i := range sel {
			out[j] = float64(src[i])
		}
	}
	return dst
}

func appendPlain[T any](a *mem.Arena, dst, src []T, enc columnar.Encoding, sel []uint32, n int) []T {
	old := len(dst)
	dst = mem.Extend(a, dst, n)
	out := dst[old:]
	switch {
	case enc == columnar.Const:
		for i := range out {
			out[i] = src[0]
		}
	case sel == nil:
		copy(out, src[:n])
	default:
		for j, i := range sel {
			out[j] = src[i]
		}
	}
	return dst
}

// appendValid extends the validity bitmap, which exists from the first NULL on.
func (c *Column) appendValid(v *columnar.Vector, sel []uint32, n int) {
	if v.Valid == nil && c.v.Valid == nil {
		return
	}
	from, words := c.v.Len, (c.v.Len+n+63)/64
	if c.v.Valid == nil {
		c.v.Valid = mem.Grow(c.arena, c.v.Valid, words)
		setBits(&c.v.Valid, 0, from)
	}
	c.v.Valid = mem.Grow(c.arena, c.v.Valid, words)
	switch {
	case v.Valid == nil || v.Enc == columnar.Const && v.Valid[0]&1 != 0:
		setBits(&c.v.Valid, from, from+n)
	case v.Enc == columnar.Const:
		clearBits(&c.v.Valid, from, from+n)
	default:
		clearBits(&c.v.Valid, from, from+n)
		for j := range n {
			i := j
			if sel != nil {
				i = int(sel[j])
			}
			c.v.Valid[(from+j)>>6] |= v.Valid[i>>6] >> (i & 63) & 1 << ((from + j) & 63)
		}
	}
}

// setBits makes bits [from, to) ones, growing the slice within its capacity; later bits of the last
// word are zero.
func setBits(b *[]uint64, from, to int) {
	clearBits(b, from, to)
	for i := from; i < to; {
		if i&63 == 0 && to-i >= 64 {
			(*b)[i>>6] = ^uint64(0)
			i += 64
			continue
		}
		(*b)[i>>6] |= 1 << (i & 63)
		i++
	}
}

func clearBits(b *[]uint64, from, to int) {
	old, words := (from+63)/64, (to+63)/64
	*b = (*b)[:max(words, len(*b))]
	for w := old; w < words; w++ {
		(*b)[w] = 0
	}
}
