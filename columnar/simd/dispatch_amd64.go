//go:build amd64 && !purego

package simd

import (
	"math"
	"os"
	"unsafe"

	"golang.org/x/sys/cpu"
)

// vectorized says that the machine has the instructions: Ice Lake, Zen 4 and later.
var vectorized = os.Getenv("OXIDB_SIMD") != "off" && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL &&
	cpu.X86.HasAVX512VBMI2 && cpu.X86.HasAVX512VPOPCNTDQ && cpu.X86.HasPOPCNT

// Vectorized reports whether the loops run in vector instructions.
func Vectorized() bool { return vectorized }

// The functions below run the whole blocks of their arguments and give the number of rows done.

func rangeBlocks[T Element](vals []T, low, width T, flip uint64, words []uint64) int {
	blocks := len(vals) / 64
	if !vectorized || blocks == 0 {
		return 0
	}
	p, w := pointer(vals), &words[:blocks][0]
	switch size[T]() {
	case 8:
		maskRange8((*uint8)(p), blocks, uint64(low), uint64(width), flip, w)
	case 16:
		maskRange16((*uint16)(p), blocks, uint64(low), uint64(width), flip, w)
	case 32:
		maskRange32((*uint32)(p), blocks, uint64(low), uint64(width), flip, w)
	default:
		maskRange64((*uint64)(p), blocks, uint64(low), uint64(width), flip, w)
	}
	return blocks * 64
}

// memberBlocks adds in 32 bits, where that is the same: below zero a sum must not come out as a member,
// and none may pass 2^32.
func memberBlocks[T Element](vals []T, top uint64, delta int64, set []uint64, clustered bool, flip uint64, words []uint64) int {
	blocks, members := len(vals)/64, int64(len(set))*64
	if !vectorized || blocks == 0 || members == 0 || size[T]() == 64 || members > math.MaxInt32 ||
		delta < members-math.MaxUint32 || delta > math.MaxUint32-int64(min(top, math.MaxUint32)) {
		return 0
	}
	p, s, w := pointer(vals), &set[0], &words[:blocks][0]
	switch {
	case size[T]() == 8:
		maskMember8((*uint8)(p), blocks, uint32(delta), uint32(members), s, flip, w)
	case size[T]() == 16:
		maskMember16((*uint16)(p), blocks, uint32(delta), uint32(members), s, flip, w)
	case clustered:
		maskClustered32((*uint32)(p), blocks, uint32(delta), uint32(members), s, flip, w)
	default:
		maskMember32((*uint32)(p), blocks, uint32(delta), uint32(members), s, flip, w)
	}
	return blocks * 64
}

// compareBlocks tests a+delta < b*mul, or that they are equal, in 32 bits where nothing can pass them.
func compareBlocks[A, B Element](less bool, a []A, delta int64, b []B, mul int64, flip uint64, words []uint64) int {
	blocks := len(a) / 64
	if !vectorized || blocks == 0 {
		return 0
	}
	p, q, w := pointer(a), pointer(b), &words[:blocks][0]
	if size[A]() == 64 && size[B]() == 64 {
		loop := maskEqual64x64
		if less {
			loop = maskLess64x64
		}
		loop((*uint64)(p), (*uint64)(q), blocks, delta, mul, flip, w)
		return blocks * 64
	}
	if size[A]() > 16 || size[B]() > 16 || mul < 0 || mul > math.MaxInt16 || delta < -math.MaxInt32/2 || delta > math.MaxInt32/2 {
		return 0
	}
	compareNarrow(less, p, size[A](), int32(delta), q, size[B](), int32(mul), blocks, flip, w)
	return blocks * 64
}

// compareNarrow compares elements of 8 and 16 bits.
func compareNarrow(less bool, a unsafe.Pointer, abits int, delta int32, b unsafe.Pointer, bbits int, mul int32, blocks int, flip uint64, w *uint64) {
	a8, a16, b8, b16 := (*uint8)(a), (*uint16)(a), (*uint8)(b), (*uint16)(b)
	switch {
	case abits == 8 && bbits == 8 && less:
		maskLess8x8(a8, b8, blocks, delta, mul, flip, w)
	case abits == 8 && bbits == 8:
		maskEqual8x8(a8, b8, blocks, delta, mul, flip, w)
	case abits == 8 && less:
		maskLess8x16(a8, b16, blocks, delta, mul, flip, w)
	case abits == 8:
		maskEqual8x16(a8, b16, blocks, delta, mul, flip, w)
	case bbits == 8 && less:
		maskLess16x8(a16, b8, blocks, delta, mul, flip, w)
	case bbits == 8:
		maskEqual16x8(a16, b8, blocks, delta, mul, flip, w)
	case less:
		maskLess16x16(a16, b16, blocks, delta, mul, flip, w)
	default:
		maskEqual16x16(a16, b16, blocks, delta, mul, flip, w)
	}
}

func compressBlocks[T any](dst, src []T, words []uint64) (n, done int) {
	blocks := min(len(src)/64, len(words))
	var x T
	if !vectorized || blocks == 0 || len(dst) < len(src)+Slack && len(dst) < Count(words)+Slack {
		return 0, 0
	}
	d, s, w := pointer(dst), pointer(src), &words[0]
	switch unsafe.Sizeof(x) {
	case 1:
		n = compress8((*uint8)(d), (*uint8)(s), blocks, w)
	case 2:
		n = compress16((*uint16)(d), (*uint16)(s), blocks, w)
	case 4:
		n = compress32((*uint32)(d), (*uint32)(s), blocks, w)
	case 8:
		n = compress64((*uint64)(d), (*uint64)(s), blocks, w)
	default:
		return 0, 0
	}
	return n / int(unsafe.Sizeof(x)), blocks * 64
}

// firstRows is the numbers of the rows of a block.
var firstRows = func() (rows [64]uint32) {
	for i := range rows {
		rows[i] = uint32(i)
	}
	return rows
}()

func rowBlocks(words []uint64, out []uint32) (n, done int) {
	if !vectorized || len(words) == 0 || len(out) < 64*len(words)+16 && len(out) < Count(words)+16 {
		return 0, 0
	}
	return numbers(&words[0], len(words), &firstRows[0], &out[0]) / 4, len(words)
}

func populationBlocks(words []uint64) (n, done int) {
	blocks := len(words) / 8
	if !vectorized || blocks == 0 {
		return 0, 0
	}
	var eight [8]int64
	population(&words[0], blocks, &eight)
	for _, x := range eight {
		n += int(x)
	}
	return n, blocks * 8
}

func widenBlocks[T Element](dst []int64, src []T, base int64) int {
	blocks := len(dst) / 8
	if !vectorized || blocks == 0 {
		return 0
	}
	p := pointer(src)
	switch size[T]() {
	case 8:
		widen8(&dst[0], (*uint8)(p), blocks, base)
	case 16:
		widen16(&dst[0], (*uint16)(p), blocks, base)
	case 32:
		widen32(&dst[0], (*uint32)(p), blocks, base)
	default:
		return 0
	}
	return blocks * 8
}

func productBlocks[A, B Element](dst []int64, a []A, ca int64, b []B, mb, cb int64) int {
	blocks := len(dst) / 8
	if !vectorized || blocks == 0 {
		return 0
	}
	d, p := &dst[0], pointer(b)
	switch size[B]() {
	case 8:
		product8(d, a, (*uint8)(p), blocks, ca, mb, cb)
	case 16:
		product16(d, a, (*uint16)(p), blocks, ca, mb, cb)
	case 32:
		product32(d, a, (*uint32)(p), blocks, ca, mb, cb)
	default:
		return 0
	}
	return blocks * 8
}

func product8[A Element](d *int64, a []A, b *uint8, blocks int, ca, mb, cb int64) {
	p := pointer(a)
	switch size[A]() {
	case 8:
		product8x8(d, (*uint8)(p), b, blocks, ca, mb, cb)
	case 16:
		product16x8(d, (*uint16)(p), b, blocks, ca, mb, cb)
	case 32:
		product32x8(d, (*uint32)(p), b, blocks, ca, mb, cb)
	default:
		product64x8(d, (*uint64)(p), b, blocks, ca, mb, cb)
	}
}

func product16[A Element](d *int64, a []A, b *uint16, blocks int, ca, mb, cb int64) {
	p := pointer(a)
	switch size[A]() {
	case 8:
		product8x16(d, (*uint8)(p), b, blocks, ca, mb, cb)
	case 16:
		product16x16(d, (*uint16)(p), b, blocks, ca, mb, cb)
	case 32:
		product32x16(d, (*uint32)(p), b, blocks, ca, mb, cb)
	default:
		product64x16(d, (*uint64)(p), b, blocks, ca, mb, cb)
	}
}

func product32[A Element](d *int64, a []A, b *uint32, blocks int, ca, mb, cb int64) {
	p := pointer(a)
	switch size[A]() {
	case 8:
		product8x32(d, (*uint8)(p), b, blocks, ca, mb, cb)
	case 16:
		product16x32(d, (*uint16)(p), b, blocks, ca, mb, cb)
	case 32:
		product32x32(d, (*uint32)(p), b, blocks, ca, mb, cb)
	default:
		product64x32(d, (*uint64)(p), b, blocks, ca, mb, cb)
	}
}

func countBlocks(codes []uint8, counts *[MaxCodes]int64, span int) int {
	blocks := len(codes) / 64
	if !vectorized || blocks == 0 {
		return 0
	}
	for first := 0; first < span; first += 4 {
		countCodes(&codes[0], blocks, uint64(first), (*[4]int64)(counts[first:]))
	}
	return blocks * 64
}

func sumBlocks[T Element](vals []T, codes []uint8, counts, sums *[MaxCodes]int64) int {
	blocks := len(codes) / 16
	if !vectorized || blocks == 0 {
		return 0
	}
	var some [4]uint64
	n := 0
	for code, count := range counts {
		if count == 0 {
			continue
		}
		if some[n] = uint64(code); n < 3 {
			n++
			continue
		}
		sumFour(vals, codes, blocks, &some, sums)
		n = 0
	}
	if n > 0 {
		for i := n; i < 4; i++ {
			some[i] = 255 // no code
		}
		sumFour(vals, codes, blocks, &some, sums)
	}
	return blocks * 16
}

// sumFour adds up the values of the rows with four codes.
func sumFour[T Element](vals []T, codes []uint8, blocks int, some *[4]uint64, sums *[MaxCodes]int64) {
	var eight [32]int64
	p := pointer(vals)
	switch size[T]() {
	case 8:
		sums8((*uint8)(p), &codes[0], blocks, some, &eight)
	case 16:
		sums16((*uint16)(p), &codes[0], blocks, some, &eight)
	case 32:
		sums32((*uint32)(p), &codes[0], blocks, some, &eight)
	default:
		sums64((*uint64)(p), &codes[0], blocks, some, &eight)
	}
	for i, x := range eight {
		if code := some[i/8]; code < MaxCodes {
			sums[code] += x
		}
	}
}

func totalBlocks[T Element](vals []T) (sum int64, done int) {
	blocks := len(vals) / 32
	if !vectorized || blocks == 0 {
		return 0, 0
	}
	var eight [8]int64
	p := pointer(vals)
	switch size[T]() {
	case 8:
		total8((*uint8)(p), blocks, &eight)
	case 16:
		total16((*uint16)(p), blocks, &eight)
	case 32:
		total32((*uint32)(p), blocks, &eight)
	default:
		total64((*uint64)(p), blocks, &eight)
	}
	for _, x := range eight {
		sum += x
	}
	return sum, blocks * 32
}

func totalMaskedBlocks[T Element](vals []T, words []uint64) (sum int64, done int) {
	blocks := len(vals) / 64
	if !vectorized || blocks == 0 {
		return 0, 0
	}
	var eight [8]int64
	p, w := pointer(vals), &words[:blocks][0]
	switch size[T]() {
	case 8:
		totalMasked8((*uint8)(p), blocks, w, &eight)
	case 16:
		totalMasked16((*uint16)(p), blocks, w, &eight)
	case 32:
		totalMasked32((*uint32)(p), blocks, w, &eight)
	default:
		totalMasked64((*uint64)(p), blocks, w, &eight)
	}
	for _, x := range eight {
		sum += x
	}
	return sum, blocks * 64
}

func pairBlocks(dst, a, b []uint8, first, second *[16]uint8) int {
	blocks := len(dst) / 64
	if !vectorized || blocks == 0 {
		return 0
	}
	pairCodes(&dst[0], &a[0], &b[0], blocks, first, second)
	return blocks * 64
}
