package segment

import (
	"math"
	"slices"

	"github.com/oxidb/oxidb/columnar"
)

// gather appends the n rows sel of src (all when sel is nil).
func gather[T any](dst, src []T, sel []uint32, n int) []T {
	if sel == nil {
		return append(dst, src[:n]...)
	}
	from := len(dst)
	dst = slices.Grow(dst, n)[:from+n]
	out := dst[from:]
	for i, row := range sel {
		out[i] = src[row]
	}
	return dst
}

// gatherAs appends like gather, converting each value.
func gatherAs[D, S uint8 | uint16 | uint32 | float32 | float64](dst []D, src []S, sel []uint32, n int) []D {
	from := len(dst)
	dst = slices.Grow(dst, n)[:from+n]
	out := dst[from:]
	if sel == nil {
		for i, x := range src[:n] {
			out[i] = D(x)
		}
		return dst
	}
	for i, row := range sel {
		out[i] = D(src[row])
	}
	return dst
}

// widen appends base+x for the n rows sel of src.
func widen[T uint8 | uint16 | uint32](dst []int64, src []T, base int64, sel []uint32, n int) []int64 {
	from := len(dst)
	dst = slices.Grow(dst, n)[:from+n]
	out := dst[from:]
	if sel == nil {
		for i, x := range src[:n] {
			out[i] = base + int64(x)
		}
		return dst
	}
	for i, row := range sel {
		out[i] = base + int64(src[row])
	}
	return dst
}

// shifted appends x+by for every x of src.
func shifted(dst, src []uint32, by uint32) []uint32 {
	from := len(dst)
	dst = slices.Grow(dst, len(src))[:from+len(src)]
	out := dst[from:]
	for i, x := range src {
		out[i] = x + by
	}
	return dst
}

// narrow gives x-base in the width of T.
func narrow[T uint8 | uint16 | uint32](src []int64, base int64) []T {
	dst := make([]T, len(src))
	for i, x := range src {
		dst[i] = T(x - base)
	}
	return dst
}

// minMax of no values are the neutral elements.
func minMax(values []int64) (lo, hi int64) {
	lo, hi = math.MaxInt64, math.MinInt64
	for _, x := range values {
		lo, hi = min(lo, x), max(hi, x)
	}
	return lo, hi
}

// onesUpTo is a bitmap whose first n bits are set.
func onesUpTo(n int) []uint64 {
	words := make([]uint64, (n+63)>>6, (n+63)>>6+64)
	for i := range words {
		words[i] = ^uint64(0)
	}
	if rest := n & 63; rest != 0 {
		words[len(words)-1] = 1<<rest - 1
	}
	return words
}

// ascending reports whether no value is less than the one before it.
func ascending(values []int64) bool {
	for i := 1; i < len(values); i++ {
		if values[i] < values[i-1] {
			return false
		}
	}
	return true
}

// MemoryBytes is roughly the memory that a vector keeps, its dictionary aside, which others share.
func MemoryBytes(v *columnar.Vector) int64 {
	return int64(len(v.U8) + 2*len(v.U16) + 4*len(v.U32) + 8*len(v.I64) + 16*len(v.I128) + 4*len(v.F32) + 8*len(v.F64) +
		16*len(v.Spans) + 16*len(v.UUID) + 4*len(v.Offsets) + len(v.Bytes) + 8*len(v.Valid))
}
