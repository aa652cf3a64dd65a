package kernel

import (
	"github.com/oxidb/oxidb/columnar"
)

// Gather makes dst the rows idx of src, in that order, with src's layout and encoding: codes stay codes,
// a Const stays a Const. dst owns its memory, which is used again where it is large enough; it is not src.
func Gather(dst, src *columnar.Vector, idx []uint32) {
	dst.Type, dst.Enc, dst.Layout, dst.Dict = src.Type, src.Enc, src.Layout, src.Dict
	dst.Base, dst.Bounded, dst.Lo, dst.Hi = src.Base, src.Bounded, src.Lo, src.Hi
	dst.Len, dst.Shared = len(idx), false
	if src.Enc == columnar.Const {
		idx = []uint32{0}
	}
	dst.Valid = gatherValid(dst.Valid, src, idx)
	switch src.Layout {
	case columnar.U8:
		dst.U8 = gather(dst.U8, src.U8, idx)
	case columnar.U16:
		dst.U16 = gather(dst.U16, src.U16, idx)
	case columnar.U32:
		dst.U32 = gather(dst.U32, src.U32, idx)
	case columnar.I64:
		dst.I64 = gather(dst.I64, src.I64, idx)
	case columnar.I128:
		dst.I128 = gather(dst.I128, src.I128, idx)
	case columnar.F32:
		dst.F32 = gather(dst.F32, src.F32, idx)
	case columnar.F64:
		dst.F64 = gather(dst.F64, src.F64, idx)
	case columnar.Spans:
		dst.Spans = gather(dst.Spans, src.Spans, idx)
	case columnar.Bytes16:
		dst.UUID = gather(dst.UUID, src.UUID, idx)
	case columnar.Str:
		dst.Offsets, dst.Bytes = gatherText(dst.Offsets[:0], dst.Bytes[:0], src, idx)
	}
}

// Compact makes dst the rows of src that a selection keeps; nil keeps all n.
func Compact(dst, src *columnar.Vector, n int, sel []uint32) {
	if sel == nil {
		sel = Iota(n, make([]uint32, n))
	}
	Gather(dst, src, sel)
}

// resize gives s with length n, in its own memory where that is large enough.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, max(n, columnar.BatchSize))
	}
	return s[:n]
}

func gather[T any](dst, src []T, idx []uint32) []T {
	dst = resize(dst, len(idx))
	for k, i := range idx {
		dst[k] = src[i]
	}
	return dst
}

// gatherValid gives nil when none of the rows is NULL.
func gatherValid(dst []uint64, src *columnar.Vector, idx []uint32) []uint64 {
	if src.Valid == nil {
		return nil
	}
	dst = resize(dst, Words(len(idx)))
	clear(dst)
	valid := 0
	for k, i := range idx {
		bit := src.Valid[i>>6] >> (i & 63) & 1
		dst[k>>6] |= bit << (k & 63)
		valid += int(bit)
	}
	if valid == len(idx) {
		return nil
	}
	return dst
}

func gatherText(offsets []uint32, data []byte, src *columnar.Vector, idx []uint32) ([]uint32, []byte) {
	offsets = append(offsets, uint32(len(data)))
	for _, i := range idx {
		data = append(data, src.Bytes[src.Offsets[i]:src.Offsets[i+1]]...)
		offsets = append(offsets, uint32(len(data)))
	}
	return offsets, data
}
