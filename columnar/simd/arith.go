package simd

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
