package simd

import "math/bits"

// Widen writes elements plus base to dst.
func Widen[T Element](dst []int64, src []T, base int64) {
	src = src[:len(dst)]
	for i := widenBlocks(dst, src, base); i < len(dst); i++ {
		dst[i] = int64(src[i]) + base
	}
}

// Product writes (a + ca) * (b*mb + cb) to dst, modulo 2^64.
func Product[A, B Element](dst []int64, a []A, ca int64, b []B, mb, cb int64) {
	a, b = a[:len(dst)], b[:len(dst)]
	done := productBlocks(dst, a, ca, b, mb, cb)
	dst, a, b = dst[done:], a[done:], b[done:]
	for i := range dst {
		dst[i] = (int64(a[i]) + ca) * (int64(b[i])*mb + cb)
	}
}

// Total adds up the elements, modulo 2^64.
func Total[T Element](vals []T) int64 {
	sum, done := totalBlocks(vals)
	vals = vals[done:]
	var s0, s1, s2, s3 int64
	for len(vals) >= 4 {
		s0 += int64(vals[0])
		s1 += int64(vals[1])
		s2 += int64(vals[2])
		s3 += int64(vals[3])
		vals = vals[4:]
	}
	for _, x := range vals {
		sum += int64(x)
	}
	return sum + s0 + s1 + s2 + s3
}

// TotalMasked adds up the elements whose bits are set, modulo 2^64.
func TotalMasked[T Element](vals []T, words []uint64) int64 {
	sum, done := totalMaskedBlocks(vals, words)
	vals = vals[done:]
	for _, w := range words[done>>6:] {
		if len(vals) >= 64 && w == ^uint64(0) {
			for _, x := range vals[:64] {
				sum += int64(x)
			}
		} else {
			for ; w != 0; w &= w - 1 {
				sum += int64(vals[bits.TrailingZeros64(w)])
			}
		}
		vals = vals[min(64, len(vals)):]
	}
	return sum
}
