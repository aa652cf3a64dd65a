package columnar

import "iter"

// Batch is up to BatchSize rows as columns. Sel, when not nil, lists the rows that count, ascending;
// the others hold unspecified values. Expressions write their results at the rows' own positions, so
// that one selection serves all columns.
type Batch struct {
	Len  int
	Sel  []uint32
	Cols []*Vector
	// Mask, when not nil, says instead of Sel which rows count, as columnar/simd's masks do, and Marked how
	// many. Only receivers that have asked for masks (exec.AskMasks) are lent them.
	Mask   []uint64
	Marked int
}

// Rows is the number of rows that count.
func (b *Batch) Rows() int {
	switch {
	case b.Sel != nil:
		return len(b.Sel)
	case b.Mask != nil:
		return b.Marked
	}
	return b.Len
}

// Stream delivers batches, each lent until the next step (C3). An error ends the stream. Empty
// batches are allowed.
type Stream = iter.Seq2[*Batch, error]

// RowID names a row of a table for the life of its chunk: the chunk's number above, the offset in it
// in the low 32 bits.
type RowID int64

// MakeRowID joins a chunk's number and an offset in it.
func MakeRowID(chunk uint32, offset uint32) RowID { return RowID(int64(chunk)<<32 | int64(offset)) }

// Chunk is the number of the row's chunk.
func (r RowID) Chunk() uint32 { return uint32(r >> 32) }

// Offset is the row's place in its chunk.
func (r RowID) Offset() uint32 { return uint32(r) }
