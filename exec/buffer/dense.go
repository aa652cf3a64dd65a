package buffer

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/simd"
)

// Densifier moves the rows of a mask together, column by column, so that what comes next works on whole
// vectors and not through a selection. That costs less than the selection would, as long as the rows are
// not few.
type Densifier struct {
	arena   *mem.Arena
	columns []columnar.Vector // memory of each column
}

// NewDensifier makes one for batches of a number of columns.
func NewDensifier(arena *mem.Arena, columns int) *Densifier {
	return &Densifier{arena: arena, columns: make([]columnar.Vector, columns)}
}

// Able reports whether all columns can be moved cheaply, which texts cannot unless they are codes.
func (d *Densifier) Able(cols []columnar.Vector) bool {
	for i := range cols {
		if cols[i].Layout == columnar.Str && cols[i].Enc == columnar.Flat {
			return false
		}
	}
	return true
}

// Column makes v, the column of an ordinal, that of the n rows of words. Its values are borrowed until the
// next call for the ordinal.
func (d *Densifier) Column(ordinal int, v *columnar.Vector, words []uint64, n int) {
	if v.Enc == columnar.Const {
		v.Len = n
		return
	}
	held := &d.columns[ordinal]
	if v.Valid != nil {
		if held.Valid == nil {
			held.Valid = mem.Alloc[uint64](d.arena, columnar.BatchSize/64, false)
		}
		simd.CompressBits(held.Valid, v.Valid, words)
		v.Valid = held.Valid[:simd.Words(n)]
	}
	switch v.Layout {
	case columnar.U8:
		v.U8 = compress(d, &held.U8, v.U8, words)
	case columnar.U16:
		v.U16 = compress(d, &held.U16, v.U16, words)
	case columnar.U32:
		v.U32 = compress(d, &held.U32, v.U32, words)
	case columnar.I64:
		v.I64 = compress(d, &held.I64, v.I64, words)
	case columnar.I128:
		v.I128 = compress(d, &held.I128, v.I128, words)
	case columnar.F32:
		v.F32 = compress(d, &held.F32, v.F32, words)
	case columnar.F64:
		v.F64 = compress(d, &held.F64, v.F64, words)
	case columnar.Spans:
		v.Spans = compress(d, &held.Spans, v.Spans, words)
	case columnar.Bytes16:
		v.UUID = compress(d, &held.UUID, v.UUID, words)
	}
	v.Len, v.Shared = n, false
}

// compress gives the elements of src whose bits are set, in held.
func compress[T any](d *Densifier, held *[]T, src []T, words []uint64) []T {
	if *held == nil {
		*held = mem.Alloc[T](d.arena, columnar.BatchSize+simd.Slack, false)
	}
	n := simd.Compress(*held, src, words)
	return (*held)[:n:n]
}
