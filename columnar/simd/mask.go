package simd

// MaskRange clears the bits of the rows whose value lies outside [low, high], or inside when !inside.
// low <= high.
func MaskRange[T Element](vals []T, low, high T, inside bool, words []uint64) {
	done := rangeBlocks(vals, low, high-low, flip(inside), words)
	maskRange(vals[done:], low, high, flip(inside), words[done>>6:])
}

func maskRange[T Element](vals []T, low, high T, flip uint64, words []uint64) {
	from, width := uint64(low), uint64(high)-uint64(low)
	for ; len(vals) > 0; words = words[1:] {
		block := vals[:min(64, len(vals))]
		if vals = vals[len(block):]; words[0] == 0 {
			continue
		}
		m := uint64(0)
		for i, x := range block {
			m |= b2i(uint64(x)-from <= width) << (i & 63)
		}
		words[0] &= m ^ flip
	}
}

// MaskMember clears the bits of the rows whose value plus delta has no bit in set, or has one when
// !inside. Beyond the set no bit is set. No value is greater than top.
func MaskMember[T Element](vals []T, top uint64, delta int64, set []uint64, inside bool, words []uint64) {
	done := memberBlocks(vals, top, delta, set, false, flip(inside), words)
	maskMember(vals[done:], delta, set, flip(inside), words[done>>6:])
}

// MaskClustered is MaskMember, faster where values that follow each other are close together.
func MaskClustered[T Element](vals []T, top uint64, delta int64, set []uint64, inside bool, words []uint64) {
	done := memberBlocks(vals, top, delta, set, true, flip(inside), words)
	maskMember(vals[done:], delta, set, flip(inside), words[done>>6:])
}

func maskMember[T Element](vals []T, delta int64, set []uint64, flip uint64, words []uint64) {
	for ; len(vals) > 0; words = words[1:] {
		block := vals[:min(64, len(vals))]
		if vals = vals[len(block):]; words[0] == 0 {
			continue
		}
		m := uint64(0)
		for i, x := range block {
			at := uint64(int64(x) + delta)
			if w := at >> 6; w < uint64(len(set)) {
				m |= set[w] >> (at & 63) & 1 << (i & 63)
			}
		}
		words[0] &= m ^ flip
	}
}

// MaskLess clears the bits of the rows where a+delta < b*mul does not hold, or holds when !inside. Neither
// side may pass 64 bits.
func MaskLess[A, B Element](a []A, delta int64, b []B, mul int64, inside bool, words []uint64) {
	b = b[:len(a)]
	done := compareBlocks(true, a, delta, b, mul, flip(inside), words)
	maskLess(a[done:], delta, b[done:], mul, flip(inside), words[done>>6:])
}

func maskLess[A, B Element](a []A, delta int64, b []B, mul int64, flip uint64, words []uint64) {
	for ; len(a) > 0; words = words[1:] {
		x := a[:min(64, len(a))]
		y := b[:len(x)]
		m := uint64(0)
		for i := range x {
			m |= b2i(int64(x[i])+delta < int64(y[i])*mul) << (i & 63)
		}
		words[0] &= m ^ flip
		a, b = a[len(x):], b[len(x):]
	}
}

// MaskEqual clears the bits of the rows where a+delta = b*mul does not hold, or holds when !inside. Neither
// side may pass 64 bits.
func MaskEqual[A, B Element](a []A, delta int64, b []B, mul int64, inside bool, words []uint64) {
	b = b[:len(a)]
	done := compareBlocks(false, a, delta, b, mul, flip(inside), words)
	maskEqual(a[done:], delta, b[done:], mul, flip(inside), words[done>>6:])
}

func maskEqual[A, B Element](a []A, delta int64, b []B, mul int64, flip uint64, words []uint64) {
	for ; len(a) > 0; words = words[1:] {
		x := a[:min(64, len(a))]
		y := b[:len(x)]
		m := uint64(0)
		for i := range x {
			m |= b2i(int64(x[i])+delta == int64(y[i])*mul) << (i & 63)
		}
		words[0] &= m ^ flip
		a, b = a[len(x):], b[len(x):]
	}
}
