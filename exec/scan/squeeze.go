package scan

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
)

// squeezer takes the rows that a few deleted ones lie between together, column by column, so that what
// comes after the scan works on whole vectors and not through a selection, which is slower by a half. Where
// few rows pass the filters it is undone.
type squeezer struct {
	arena   *mem.Arena
	keep    []uint32 // the rows squeezed together, nil when nothing is
	runs    []run
	columns []columnar.Vector // memory of each column
	mapped  []uint32
}

// run is rows [from, to) that lie together.
type run struct{ from, to int }

// worthwhile reports whether rows keep of n are enough to be copied.
func worthwhile(keep []uint32, n int) bool { return keep != nil && len(keep) >= n-n/16 }

// start takes the rows to be squeezed together.
func (q *squeezer) start(keep []uint32) {
	q.keep, q.runs = keep, q.runs[:0]
	for i := 0; i < len(keep); {
		n := runLength(keep[i:])
		q.runs = append(q.runs, run{from: int(keep[i]), to: int(keep[i]) + n})
		i += n
	}
}

// runLength is how many numbers from the first on follow each other without a gap. They ascend.
func runLength(keep []uint32) int {
	lo, hi := 1, 2 // the first lo are known to be together
	for hi < len(keep) && keep[hi-1]-keep[0] == uint32(hi-1) {
		lo, hi = hi, 2*hi
	}
	hi = min(hi, len(keep))
	for lo < hi {
		if mid := (lo + hi + 1) / 2; keep[mid-1]-keep[0] == uint32(mid-1) {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return lo
}

// column squeezes the batch's column of an ordinal.
func (q *squeezer) column(ordinal int, v *columnar.Vector) {
	if v.Enc == columnar.Const {
		v.Len = len(q.keep)
		return
	}
	held := &q.columns[ordinal]
	if v.Valid != nil {
		held.Valid = q.validity(held.Valid, v.Valid)
		v.Valid = held.Valid
	}
	switch v.Layout {
	case columnar.U8:
		held.U8 = squeeze(q, held.U8, v.U8)
		v.U8 = held.U8
	case columnar.U16:
		held.U16 = squeeze(q, held.U16, v.U16)
		v.U16 = held.U16
	case columnar.U32:
		held.U32 = squeeze(q, held.U32, v.U32)
		v.U32 = held.U32
	case columnar.I64:
		held.I64 = squeeze(q, held.I64, v.I64)
		v.I64 = held.I64
	case columnar.I128:
		held.I128 = squeeze(q, held.I128, v.I128)
		v.I128 = held.I128
	case columnar.F32:
		held.F32 = squeeze(q, held.F32, v.F32)
		v.F32 = held.F32
	case columnar.F64:
		held.F64 = squeeze(q, held.F64, v.F64)
		v.F64 = held.F64
	case columnar.Spans:
		held.Spans = squeeze(q, held.Spans, v.Spans)
		v.Spans = held.Spans
	case columnar.Bytes16:
		held.UUID = squeeze(q, held.UUID, v.UUID)
		v.UUID = held.UUID
	case columnar.Str:
		q.strings(held, v)
	}
	v.Len, v.Shared = len(q.keep), false
}

// squeeze copies runs of src into dst's memory.
func squeeze[T any](q *squeezer, dst, src []T) []T {
	if cap(dst) < columnar.BatchSize {
		dst = mem.Alloc[T](q.arena, columnar.BatchSize, false)
	}
	dst = dst[:columnar.BatchSize]
	n := 0
	for _, r := range q.runs {
		n += copy(dst[n:], src[r.from:r.to])
	}
	return dst[:n]
}

func (q *squeezer) strings(held, v *columnar.Vector) {
	offsets, bytes := append(held.Offsets[:0], 0), held.Bytes[:0]
	for _, r := range q.runs {
		first := v.Offsets[r.from]
		shift := uint32(len(bytes)) - first
		bytes = append(bytes, v.Bytes[first:v.Offsets[r.to]]...)
		for _, end := range v.Offsets[r.from+1 : r.to+1] {
			offsets = append(offsets, end+shift)
		}
	}
	held.Offsets, held.Bytes = offsets, bytes
	v.Offsets, v.Bytes = offsets, bytes
}

// validity copies runs of bits.
func (q *squeezer) validity(dst, src []uint64) []uint64 {
	words := (len(q.keep) + 63) / 64
	if cap(dst) < words {
		dst = mem.Alloc[uint64](q.arena, columnar.BatchSize/64, false)
	}
	dst = dst[:words]
	clear(dst)
	at := 0
	for _, r := range q.runs {
		for from := r.from; from < r.to; {
			n := min(64-from&63, 64-at&63, r.to-from)
			part := src[from>>6] >> (from & 63) & (^uint64(0) >> (64 - n))
			dst[at>>6] |= part << (at & 63)
			from, at = from+n, at+n
		}
	}
	return dst
}

// undo gives the selection sel of squeezed rows, nil for all, as one of the rows that they were.
func (q *squeezer) undo(sel []uint32) []uint32 {
	keep := q.keep
	q.keep = nil
	if sel == nil {
		return keep
	}
	if cap(q.mapped) < len(sel) {
		q.mapped = mem.Alloc[uint32](q.arena, columnar.BatchSize, false)
	}
	q.mapped = q.mapped[:len(sel)]
	for i, row := range sel {
		q.mapped[i] = keep[row]
	}
	return q.mapped
}
