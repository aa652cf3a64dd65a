package simd

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// lengths are row counts around the ends of blocks.
var lengths = []int{0, 1, 7, 8, 15, 16, 63, 64, 65, 127, 128, 200, 1000, 4095, 4096}

func random[T Element](r *rand.Rand, n int, top uint64) []T {
	vals := make([]T, n)
	for i := range vals {
		vals[i] = T(r.Uint64())
		if top > 0 {
			vals[i] = T(r.Uint64N(top))
		}
	}
	return vals
}

func randomMask(r *rand.Rand, n int) []uint64 {
	words := make([]uint64, Words(n))
	density := r.IntN(5)
	for i := range n {
		if density == 0 || r.IntN(4) < density {
			words[i>>6] |= 1 << (i & 63)
		}
	}
	if len(words) > 2 && r.IntN(2) == 0 {
		words[r.IntN(len(words)-1)] = 0
	}
	return words
}

func isSet(words []uint64, i int) bool { return words[i>>6]>>(i&63)&1 == 1 }

// each runs f for every length many times.
func each(f func(r *rand.Rand, n int)) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range lengths {
		for range 20 {
			f(r, n)
		}
	}
}

// expect compares a mask with what it was before and what a row's test says.
func expect(t *testing.T, what string, before, words []uint64, n int, inside bool, test func(i int) bool) {
	t.Helper()
	for i := range n {
		if want := isSet(before, i) && test(i) == inside; isSet(words, i) != want {
			t.Fatalf("%s: row %d of %d is %v", what, i, n, isSet(words, i))
		}
	}
	if Count(words) > n {
		t.Fatal("bits beyond the last row")
	}
}

func testMasks[T Element](t *testing.T) {
	each(func(r *rand.Rand, n int) {
		vals, before, inside := random[T](r, n, 0), randomMask(r, n), r.IntN(2) == 0
		low, high := random[T](r, 1, 0)[0], random[T](r, 1, 0)[0]
		low, high = min(low, high), max(low, high)
		words := slices.Clone(before)
		MaskRange(vals, low, high, inside, words)
		expect(t, "range", before, words, n, inside, func(i int) bool { return low <= vals[i] && vals[i] <= high })

		set := random[int64](r, 1+r.IntN(40), 0)
		bits := make([]uint64, len(set))
		for i, x := range set {
			bits[i] = uint64(x)
		}
		vals = random[T](r, n, uint64(1+r.IntN(200)))
		delta := int64(r.IntN(300) - 150)
		switch r.IntN(8) {
		case 0:
			delta = -1 << 32
		case 1:
			delta = 1 << 32
		case 2:
			delta = 1<<32 - 100
		}
		words = slices.Clone(before)
		MaskMember(vals, 200, delta, bits, inside, words)
		expect(t, "member", before, words, n, inside, func(i int) bool {
			at := int64(vals[i]) + delta
			return at >= 0 && at < int64(len(bits))*64 && isSet(bits, int(at))
		})

		if r.IntN(2) == 0 { // in order, with jumps
			slices.Sort(vals)
			for i := r.IntN(100); i < n; i += 1 + r.IntN(100) {
				vals[i] = T(r.IntN(200))
			}
		}
		words = slices.Clone(before)
		MaskClustered(vals, 200, delta, bits, inside, words)
		expect(t, "clustered", before, words, n, inside, func(i int) bool {
			at := int64(vals[i]) + delta
			return at >= 0 && at < int64(len(bits))*64 && isSet(bits, int(at))
		})

	})
}

func testComparisons[A, B Element](t *testing.T) {
	each(func(r *rand.Rand, n int) {
		top := []uint64{5, 250, 1 << 31}[r.IntN(3)] // elements of 8 and 16 bits take what is left of it
		a, b, before, inside := random[A](r, n, top), random[B](r, n, top), randomMask(r, n), r.IntN(2) == 0
		delta, mul := int64(r.IntN(7)-3), int64(1)
		switch r.IntN(6) {
		case 0:
			mul = 100
		case 1:
			delta, mul = 1<<40, 1<<20
		case 2:
			delta, mul = -1<<31, 1<<15
		case 3:
			delta, mul = 1<<30-1, 1<<15-1
		}
		words := slices.Clone(before)
		MaskLess(a, delta, b, mul, inside, words)
		expect(t, "less", before, words, n, inside, func(i int) bool { return int64(a[i])+delta < int64(b[i])*mul })
		words = slices.Clone(before)
		MaskEqual(a, delta, b, mul, inside, words)
		expect(t, "equal", before, words, n, inside, func(i int) bool { return int64(a[i])+delta == int64(b[i])*mul })
	})
}

// A pair of widths that is compared wrongly, or in too few bits.
func TestComparisons(t *testing.T) {
	t.Run("8x8", testComparisons[uint8, uint8])
	t.Run("8x16", testComparisons[uint8, uint16])
	t.Run("8x32", testComparisons[uint8, uint32])
	t.Run("16x8", testComparisons[uint16, uint8])
	t.Run("16x16", testComparisons[uint16, uint16])
	t.Run("32x32", testComparisons[uint32, uint32])
	t.Run("64x16", testComparisons[int64, uint16])
	t.Run("64x64", testComparisons[int64, int64])
}

// A test that clears a wrong bit, or one outside of the rows, in any width.
func TestMasks(t *testing.T) {
	t.Run("8", testMasks[uint8])
	t.Run("16", testMasks[uint16])
	t.Run("32", testMasks[uint32])
	t.Run("64", testMasks[int64])
}

// Values that come out as members only because a sum has wrapped at 32 bits.
func TestMembersDoNotWrap(t *testing.T) {
	set, vals := []uint64{^uint64(0)}, make([]uint32, 64)
	for _, delta := range []int64{5, -5, 1<<32 - 1, -(1<<32 - 1), -(1<<32 - 64), 1 << 40, -1 << 40} {
		for i := range vals {
			vals[i] = uint32(-delta) + uint32(i) // the sum is i, or 2^32 away from it
		}
		words := []uint64{^uint64(0)}
		MaskMember(vals, 1<<32-1, delta, set, true, words)
		clustered := []uint64{^uint64(0)}
		if MaskClustered(vals, 1<<32-1, delta, set, true, clustered); clustered[0] != words[0] {
			t.Fatalf("clustered: %x, want %x", clustered[0], words[0])
		}
		expect(t, "member", []uint64{^uint64(0)}, words, 64, true, func(i int) bool {
			at := int64(vals[i]) + delta
			return at >= 0 && at < 64
		})
	}
}

func testCompress[T Element](t *testing.T) {
	each(func(r *rand.Rand, n int) {
		src, words := random[T](r, n, 0), randomMask(r, n)
		var want []T
		var rows []uint32
		for i, x := range src {
			if isSet(words, i) {
				want, rows = append(want, x), append(rows, uint32(i))
			}
		}
		for _, room := range []int{len(want), len(want) + Slack} { // the loops must not write beyond less room
			dst := make([]T, room+10)
			guard := random[T](r, 10, 0)
			copy(dst[room:], guard)
			if k := Compress(dst[:room:room], src, words); k != len(want) || !slices.Equal(dst[:k], want) || !slices.Equal(dst[room:], guard) {
				t.Fatalf("%d of %d rows: %v, want %v", k, n, dst[:k], want)
			}
			out := make([]uint32, room)
			if room == len(want) {
				continue
			}
			if k := Rows(words, out); !slices.Equal(out[:k], rows) {
				t.Fatalf("rows %v, want %v", out[:k], rows)
			}
		}
		bits := randomMask(r, n)
		got := make([]uint64, Words(n)+1)
		if k := CompressBits(got, bits, words); k != len(rows) {
			t.Fatalf("%d bits, want %d", k, len(rows))
		}
		for i, row := range rows {
			if isSet(got, i) != isSet(bits, int(row)) {
				t.Fatalf("bit %d of %d", i, len(rows))
			}
		}
	})
}

// Rows lost, doubled or out of order, or memory written beyond the room.
func TestCompress(t *testing.T) {
	t.Run("8", testCompress[uint8])
	t.Run("16", testCompress[uint16])
	t.Run("32", testCompress[uint32])
	t.Run("64", testCompress[int64])
}

func testArithmetic[A, B Element](t *testing.T) {
	each(func(r *rand.Rand, n int) {
		a, b, dst := random[A](r, n, 0), random[B](r, n, 0), make([]int64, n)
		base, m, c := r.Int64(), int64(r.Uint64()), r.Int64()
		Widen(dst, a, base)
		for i := range dst {
			if dst[i] != int64(a[i])+base {
				t.Fatalf("widened row %d of %d", i, n)
			}
		}
		Product(dst, a, base, b, m, c)
		for i := range dst {
			if dst[i] != (int64(a[i])+base)*(int64(b[i])*m+c) {
				t.Fatalf("product %d of %d", i, n)
			}
		}
	})
}

func TestArithmetic(t *testing.T) {
	t.Run("8x8", testArithmetic[uint8, uint8])
	t.Run("16x8", testArithmetic[uint16, uint8])
	t.Run("32x8", testArithmetic[uint32, uint8])
	t.Run("64x8", testArithmetic[int64, uint8])
	t.Run("8x16", testArithmetic[uint8, uint16])
	t.Run("16x16", testArithmetic[uint16, uint16])
	t.Run("32x16", testArithmetic[uint32, uint16])
	t.Run("64x16", testArithmetic[int64, uint16])
	t.Run("8x32", testArithmetic[uint8, uint32])
	t.Run("16x32", testArithmetic[uint16, uint32])
	t.Run("32x32", testArithmetic[uint32, uint32])
	t.Run("64x32", testArithmetic[int64, uint32])
	t.Run("8x64", testArithmetic[uint8, int64])
	t.Run("64x64", testArithmetic[int64, int64])
}

func testSums[T Element](t *testing.T) {
	each(func(r *rand.Rand, n int) {
		span := 1 + r.IntN(MaxCodes)
		vals, codes := random[T](r, n, 0), random[uint8](r, n, uint64(span))
		var counts, sums, wantCounts, wantSums [MaxCodes]int64
		sums[0], wantSums[0] = 5, 5
		for i, c := range codes {
			wantCounts[c]++
			wantSums[c] += int64(vals[i])
		}
		CountCodes(codes, &counts, span)
		SumCodes(vals, codes, &counts, &sums)
		total := int64(0)
		for _, x := range vals {
			total += int64(x)
		}
		if got := Total(vals); got != total {
			t.Fatalf("%d rows: total %d, want %d", n, got, total)
		}
		mask, masked := randomMask(r, n), int64(0)
		for i, x := range vals {
			if isSet(mask, i) {
				masked += int64(x)
			}
		}
		if got := TotalMasked(vals, mask); got != masked {
			t.Fatalf("%d rows: total of a mask %d, want %d", n, got, masked)
		}
		if counts != wantCounts || sums != wantSums {
			t.Fatalf("%d rows, %d codes: %v %v, want %v %v", n, span, counts, sums, wantCounts, wantSums)
		}
		var first, second [16]uint8
		for i := range first {
			first[i], second[i] = uint8(r.IntN(100)), uint8(r.IntN(100))
		}
		a, b, dst := random[uint8](r, n, 16), random[uint8](r, n, 16), make([]uint8, n)
		PairCodes(dst, a, b, &first, &second)
		for i := range dst {
			if dst[i] != first[a[i]]+second[b[i]] {
				t.Fatalf("pair %d of %d", i, n)
			}
		}
	})
}

func TestGroups(t *testing.T) {
	t.Run("8", testSums[uint8])
	t.Run("16", testSums[uint16])
	t.Run("32", testSums[uint32])
	t.Run("64", testSums[int64])
}

func bench(b *testing.B, name string, f func()) {
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			f()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4096, "ns/row")
	})
}

func BenchmarkLoops(b *testing.B) {
	const n = 4096
	r := rand.New(rand.NewPCG(1, 2))
	u8, u16, u32, i64 := random[uint8](r, n, 4), random[uint16](r, n, 0), random[uint32](r, n, 1<<22), random[int64](r, n, 0)
	words, all := make([]uint64, n/64), make([]uint64, n/64)
	SetAll(all, n)
	most := slices.Clone(all)
	for range 41 {
		i := r.IntN(n)
		most[i>>6] &^= 1 << (i & 63)
	}
	set := make([]uint64, 1<<16)
	d32, d64, rows := make([]uint32, n+Slack), make([]int64, n+Slack), make([]uint32, n+Slack)
	bench(b, "range16", func() { copy(words, all); MaskRange(u16, 1000, 40000, true, words) })
	bench(b, "range32", func() { copy(words, all); MaskRange(u32, 1000, 40000, true, words) })
	bench(b, "less16", func() { copy(words, all); MaskLess(u16, 5, u16, 1, true, words) })
	bench(b, "equal64", func() { copy(words, all); MaskEqual(i64, 5, i64, 100, true, words) })
	bench(b, "total32", func() { Total(u32) })
	bench(b, "total64", func() { Total(i64) })
	bench(b, "masked32", func() { TotalMasked(u32, most) })
	bench(b, "masked64", func() { TotalMasked(i64, most) })
	bench(b, "member32", func() { copy(words, all); MaskMember(u32, 1<<22, 0, set, true, words) })
	sorted := slices.Clone(u32)
	slices.Sort(sorted)
	for i := range sorted {
		sorted[i] = uint32(i)/4 + uint32(i)/32*24
	}
	bench(b, "clustered32", func() { copy(words, all); MaskClustered(sorted, 1<<22, 0, set, true, words) })
	bench(b, "count", func() { Count(all) })
	bench(b, "compress32", func() { Compress(d32, u32, most) })
	bench(b, "compress64", func() { Compress(d64, i64, most) })
	bench(b, "rows", func() { Rows(most, rows) })
	bench(b, "widen", func() { Widen(d64[:n], u32, 7) })
	bench(b, "product", func() { Product(d64[:n], u32, 7, u8, -1, 100) })
	var counts, sums [MaxCodes]int64
	bench(b, "counts", func() { CountCodes(u8, &counts, 8) })
	counts = [MaxCodes]int64{1, 1, 1, 1}
	bench(b, "sums16", func() { SumCodes(u16, u8, &counts, &sums) })
	bench(b, "sums64", func() { SumCodes(i64, u8, &counts, &sums) })
}
