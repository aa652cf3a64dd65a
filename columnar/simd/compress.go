package simd

import (
	"math/bits"
	"unsafe"
)

// Compress writes the elements whose bits are set to dst and gives their number. dst has room for Slack
// elements more and does not overlap src.
func Compress[T any](dst, src []T, words []uint64) int {
	n, done := compressBlocks(dst, src, words)
	return n + compress(dst[n:], src[done:], words[done>>6:])
}

func compress[T any](dst, src []T, words []uint64) int {
	n := 0
	for at, w := range words {
		if w == 0 {
			continue
		}
		row := at << 6
		for w != 0 { // run by run
			from := bits.TrailingZeros64(w)
			to := from + bits.TrailingZeros64(^(w >> from))
			n += copy(dst[n:], src[row+from:row+to])
			if to == 64 {
				break
			}
			w &= ^uint64(0) << to
		}
	}
	return n
}

// CompressBits is Compress for a bitmap; it gives the number of bits. dst may not be src.
func CompressBits(dst, src, words []uint64) int {
	n := 0
	dst[0] = 0
	for i, w := range words {
		if w == 0 {
			continue
		}
		part, k := extract(src[i], w), bits.OnesCount64(w)
		dst[n>>6] |= part << (n & 63)
		if n&63+k >= 64 {
			if next := n>>6 + 1; next < len(dst) {
				dst[next] = part >> (64 - n&63)
			}
		}
		n += k
	}
	return n
}

// extract moves the bits of x at the ones of mask together (Warren, Hacker's Delight, 2002, section 7-4).
func extract(x, mask uint64) uint64 {
	if mask == ^uint64(0) {
		return x
	}
	x &= mask
	mk := ^mask << 1 // counts zeros to the right
	for i := range 6 {
		mp := mk ^ mk<<1
		mp ^= mp << 2
		mp ^= mp << 4
		mp ^= mp << 8
		mp ^= mp << 16
		mp ^= mp << 32
		mv := mp & mask
		mask = mask ^ mv | mv>>(1<<i)
		t := x & mv
		x = x ^ t | t>>(1<<i)
		mk &^= mp
	}
	return x
}

// Rows lists the numbers of the bits that are set in out, which has room for Slack more, and gives how
// many there are.
func Rows(words []uint64, out []uint32) int {
	n, done := rowBlocks(words, out)
	for i, w := range words[done:] {
		for ; w != 0; w &= w - 1 {
			out[n] = uint32((done+i)<<6 + bits.TrailingZeros64(w))
			n++
		}
	}
	return n
}

// pointer is the address of a slice's first element.
func pointer[T any](s []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(s)) }
