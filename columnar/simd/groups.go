package simd

// MaxCodes is the number of different codes that the loops over few groups know: 0 to MaxCodes-1.
const MaxCodes = 16

// CountCodes adds the number of rows with each code to counts.
func CountCodes(codes []uint8, counts *[MaxCodes]int64, span int) {
	done := countBlocks(codes, counts, span)
	for _, c := range codes[done:] {
		counts[c&(MaxCodes-1)]++
	}
}

// SumCodes adds the values of the rows with each code to sums, modulo 2^64. counts says which codes
// occur. There are at most 2^16 rows.
func SumCodes[T Element](vals []T, codes []uint8, counts, sums *[MaxCodes]int64) {
	vals = vals[:len(codes)]
	done := sumBlocks(vals, codes, counts, sums)
	vals, codes = vals[done:], codes[done:]
	for i, c := range codes {
		sums[c&(MaxCodes-1)] += int64(vals[i])
	}
}

// PairCodes writes first[a] + second[b] to dst. No a or b is 16 or greater.
func PairCodes(dst, a, b []uint8, first, second *[16]uint8) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := pairBlocks(dst, a, b, first, second); i < len(dst); i++ {
		dst[i] = first[a[i]&15] + second[b[i]&15]
	}
}
