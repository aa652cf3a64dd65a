// Command gen writes the AVX-512 loops of columnar/simd.
//
//	go run . -out ../loops_amd64.s -stubs ../loops_amd64.go -pkg simd
//
// All loops work on whole blocks of 64 rows, one word of a mask each; the Go functions around them do the
// rest. Elements are unsigned numbers of 8, 16, 32 or 64 bits.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build" //nolint:staticcheck // instructions read as such
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!purego")
	for _, bits := range []int{8, 16, 32, 64} {
		maskRange(bits)
		compress(bits)
		sums(bits)
		total(bits)
		totalMasked(bits)
	}
	for _, bits := range []int{8, 16, 32} {
		maskMember(bits)
		widen(bits)
	}
	for _, c := range []comparison{{"Less", 1}, {"Equal", 0}} {
		for _, a := range []int{8, 16} {
			for _, b := range []int{8, 16} {
				maskCompare(c, a, b)
			}
		}
		maskCompare(c, 64, 64)
	}
	for _, a := range []int{8, 16, 32, 64} {
		for _, b := range []int{8, 16, 32} {
			product(a, b)
		}
	}
	numbers()
	population()
	maskClustered()
	codes()
	countCodes()
	Generate()
}

// function begins a loop function and gives its parameters in registers.
func function(name, doc, signature string, params ...string) []GPVirtual {
	TEXT(name, NOSPLIT, "func"+signature)
	Doc(name + " " + doc)
	Pragma("noescape")
	regs := make([]GPVirtual, len(params))
	for i, p := range params {
		regs[i] = GP64()
		Load(Param(p), regs[i])
	}
	return regs
}

// elements is the pointer type of elements of a width.
func elements(bits int) string { return fmt.Sprintf("*uint%d", bits) }

// spread broadcasts a general register over the lanes of a vector.
func spread(bits int, from GPVirtual) VecVirtual {
	v := ZMM()
	switch bits {
	case 8:
		VPBROADCASTB(from.As32(), v)
	case 16:
		VPBROADCASTW(from.As32(), v)
	case 32:
		VPBROADCASTD(from.As32(), v)
	case 64:
		VPBROADCASTQ(from, v)
	}
	return v
}

// word makes the mask of 64 rows of those of n parts, the first rows first.
func word(n int, part func(i int) OpmaskVirtual) OpmaskVirtual { return join(0, n, n, part) }

func join(from, to, n int, part func(i int) OpmaskVirtual) OpmaskVirtual {
	if to-from == 1 {
		return part(from)
	}
	half := (from + to) / 2
	low, high, k := join(from, half, n, part), join(half, to, n, part), K()
	switch (half - from) * 64 / n {
	case 8:
		KUNPCKBW(low, high, k)
	case 16:
		KUNPCKWD(low, high, k)
	case 32:
		KUNPCKDQ(low, high, k)
	}
	return k
}

// maskRange clears the bits of the rows outside [low, low+width], or with flip all ones of those inside.
func maskRange(bits int) {
	p := function(fmt.Sprintf("maskRange%d", bits), "clears bits of rows by a range, in blocks of 64 rows.",
		fmt.Sprintf("(vals %s, blocks int, low, width, flip uint64, words *uint64)", elements(bits)), "vals", "blocks", "low", "width", "flip", "words")
	vals, blocks, flip, words := p[0], p[1], p[4], p[5]
	low, width := spread(bits, p[2]), spread(bits, p[3])
	Label("loop")
	CMPQ(Mem{Base: words}, Imm(0))
	JE(LabelRef("next"))
	all := word(bits/8, func(i int) OpmaskVirtual {
		v, k := ZMM(), K()
		VMOVDQU64(Mem{Base: vals, Disp: 64 * i}, v)
		switch bits {
		case 8:
			VPSUBB(low, v, v)
			VPCMPUB(Imm(2), width, v, k)
		case 16:
			VPSUBW(low, v, v)
			VPCMPUW(Imm(2), width, v, k)
		case 32:
			VPSUBD(low, v, v)
			VPCMPUD(Imm(2), width, v, k)
		case 64:
			VPSUBQ(low, v, v)
			VPCMPUQ(Imm(2), width, v, k)
		}
		return k
	})
	and(all, flip, words)
	Label("next")
	advance(blocks, words, vals, 8*bits)
	VZEROUPPER()
	RET()
}

// and keeps the bits of k, turned over by flip, in the word at words.
func and(k OpmaskVirtual, flip, words GPVirtual) {
	m := GP64()
	KMOVQ(k, m)
	XORQ(flip, m)
	ANDQ(m, Mem{Base: words})
}

// advance goes to the next block.
func advance(blocks, words, vals GPVirtual, size int) {
	ADDQ(Imm(8), words)
	ADDQ(U32(uint32(size)), vals)
	DECQ(blocks)
	JNZ(LabelRef("loop"))
}

// dwords loads 16 elements as 32-bit lanes.
func dwords(bits int, vals GPVirtual, row int) VecVirtual {
	v := ZMM()
	switch bits {
	case 8:
		VPMOVZXBD(Mem{Base: vals, Disp: row}, v)
	case 16:
		VPMOVZXWD(Mem{Base: vals, Disp: 2 * row}, v)
	case 32:
		VMOVDQU64(Mem{Base: vals, Disp: 4 * row}, v)
	}
	return v
}

// qwords loads 8 elements as 64-bit lanes.
func qwords(bits int, m Mem) VecVirtual {
	v := ZMM()
	switch bits {
	case 8:
		VPMOVZXBQ(m, v)
	case 16:
		VPMOVZXWQ(m, v)
	case 32:
		VPMOVZXDQ(m, v)
	case 64:
		VMOVDQU64(m, v)
	}
	return v
}

// maskMember clears the bits of the rows whose value plus delta is no member of a bitset.
func maskMember(bits int) {
	p := function(fmt.Sprintf("maskMember%d", bits), "clears bits of rows whose value plus delta has no bit in set, or with flip those that have, in blocks of 64 rows.",
		fmt.Sprintf("(vals %s, blocks int, delta, size uint32, set *uint64, flip uint64, words *uint64)", elements(bits)), "vals", "blocks", "set", "flip", "words")
	vals, blocks, set, flip, words := p[0], p[1], p[2], p[3], p[4]
	delta, size, one := ZMM(), ZMM(), ZMM()
	d := GP32()
	Load(Param("delta"), d)
	VPBROADCASTD(d, delta)
	Load(Param("size"), d)
	VPBROADCASTD(d, size)
	MOVL(U32(1), d)
	VPBROADCASTD(d, one)
	Label("loop")
	CMPQ(Mem{Base: words}, Imm(0))
	JE(LabelRef("next"))
	all := word(4, func(i int) OpmaskVirtual {
		at, found := dwords(bits, vals, 16*i), K()
		VPADDD(delta, at, at)
		member(at, size, one, set, found)
		return found
	})
	and(all, flip, words)
	Label("next")
	advance(blocks, words, vals, 8*bits)
	VZEROUPPER()
	RET()
}

// maskClustered is maskMember for keys that mostly lie close together: 16 keys within 32 look at one word
// instead of gathering 16. Others are gathered.
func maskClustered() {
	p := function("maskClustered32", "clears bits of rows whose value plus delta has no bit in set, or with flip those that have, in blocks of 64 rows; size is at least 64.",
		"(vals *uint32, blocks int, delta, size uint32, set *uint64, flip uint64, words *uint64)", "vals", "blocks", "set", "flip", "words")
	vals, blocks, set, flip, words := p[0], p[1], p[2], p[3], p[4]
	delta, size, one, window := ZMM(), ZMM(), ZMM(), ZMM()
	d, last := GP32(), GP32()
	Load(Param("delta"), d)
	VPBROADCASTD(d, delta)
	Load(Param("size"), last)
	VPBROADCASTD(last, size)
	SUBL(Imm(32), last)
	MOVL(U32(1), d)
	VPBROADCASTD(d, one)
	MOVL(U32(32), d)
	VPBROADCASTD(d, window)
	Label("loop")
	CMPQ(Mem{Base: words}, Imm(0))
	JE(LabelRef("next"))
	var part [4]OpmaskVirtual
	for i := range part {
		name := fmt.Sprint(i)
		at, first, near, k := dwords(32, vals, 16*i), GP64(), ZMM(), K()
		part[i] = K()
		VPADDD(delta, at, at)
		VMOVD(at.AsX(), first.As32())
		ANDL(I32(-8), first.As32())
		CMPL(first.As32(), last)
		JHI(LabelRef("gather" + name))
		VPBROADCASTD(first.As32(), near)
		VPSUBD(near, at, near)
		VPCMPUD(Imm(1), window, near, k)
		KORTESTW(k, k)
		JCC(LabelRef("gather" + name))
		SHRQ(Imm(3), first)
		word := ZMM()
		VPBROADCASTD(Mem{Base: set, Index: first, Scale: 1}, word)
		VPSRLVD(near, word, word)
		VPTESTMD(one, word, part[i])
		JMP(LabelRef("done" + name))
		Label("gather" + name)
		member(at, size, one, set, part[i])
		Label("done" + name)
	}
	and(word(4, func(i int) OpmaskVirtual { return part[i] }), flip, words)
	Label("next")
	advance(blocks, words, vals, 8*32)
	VZEROUPPER()
	RET()
}

// member makes the mask of the members of set among 16 numbers, which are lost.
func member(at, size, one VecVirtual, set GPVirtual, found OpmaskVirtual) {
	index, bits, bit, inside, k := ZMM(), ZMM(), ZMM(), K(), K()
	VPCMPUD(Imm(1), size, at, inside)
	KMOVW(inside, k)
	VPSRLD(Imm(5), at, index)
	VPXORD(bits, bits, bits)
	VPGATHERDD(Mem{Base: set, Index: index, Scale: 4}, k, bits)
	VPSLLD(Imm(27), at, bit)
	VPSRLD(Imm(27), bit, bit)
	VPSLLVD(bit, one, bit)
	VPTESTMD(bit, bits, inside, found)
}

// comparison is a test of two columns, with its predicate in VPCMP.
type comparison struct {
	name      string
	predicate uint64
}

// maskCompare clears the bits of the rows where a+delta does not compare with b*mul, in lanes of 32 bits
// unless the elements have 64.
func maskCompare(c comparison, abits, bbits int) {
	lane, signature := 32, "delta, mul int32"
	if abits == 64 {
		lane, signature = 64, "delta, mul int64"
	}
	p := function(fmt.Sprintf("mask%s%dx%d", c.name, abits, bbits), "clears bits of rows where a+delta does not compare with b*mul, or with flip where it does, in blocks of 64 rows.",
		fmt.Sprintf("(a %s, b %s, blocks int, %s, flip uint64, words *uint64)", elements(abits), elements(bbits), signature), "a", "b", "blocks", "flip", "words")
	a, b, blocks, flip, words := p[0], p[1], p[2], p[3], p[4]
	delta, mul := spreadParam("delta", lane), spreadParam("mul", lane)
	Label("loop")
	CMPQ(Mem{Base: words}, Imm(0))
	JE(LabelRef("next"))
	rows := 512 / lane
	all := word(64/rows, func(i int) OpmaskVirtual {
		k := K()
		if lane == 32 {
			x, y := dwords(abits, a, rows*i), dwords(bbits, b, rows*i)
			VPADDD(delta, x, x)
			VPMULLD(mul, y, y)
			VPCMPD(Imm(c.predicate), y, x, k)
		} else {
			x, y := qwords(64, Mem{Base: a, Disp: 64 * i}), qwords(64, Mem{Base: b, Disp: 64 * i})
			VPADDQ(delta, x, x)
			VPMULLQ(mul, y, y)
			VPCMPQ(Imm(c.predicate), y, x, k)
		}
		return k
	})
	and(all, flip, words)
	Label("next")
	ADDQ(U32(uint32(8*bbits)), b)
	advance(blocks, words, a, 8*abits)
	VZEROUPPER()
	RET()
}

// spreadParam broadcasts a parameter over the lanes of a vector.
func spreadParam(name string, bits int) VecVirtual {
	v := ZMM()
	if bits == 64 {
		r := GP64()
		Load(Param(name), r)
		VPBROADCASTQ(r, v)
		return v
	}
	r := GP32()
	Load(Param(name), r)
	VPBROADCASTD(r, v)
	return v
}

// compress moves the elements whose bits are set together.
func compress(bits int) {
	p := function(fmt.Sprintf("compress%d", bits), "writes the elements whose bits are set to dst, which has room for 64 bytes more, and gives their bytes, in blocks of 64 rows.",
		fmt.Sprintf("(dst, src %s, blocks int, words *uint64) int", elements(bits)), "dst", "src", "blocks", "words")
	dst, src, blocks, words := p[0], p[1], p[2], p[3]
	start := GP64()
	MOVQ(dst, start)
	rows := 512 / bits
	k, m, n := K(), GP64(), GP64()
	Label("loop")
	MOVQ(Mem{Base: words}, m)
	TESTQ(m, m)
	JZ(LabelRef("next"))
	for i := range bits / 8 {
		v := ZMM()
		KMOVQ(m, k)
		VMOVDQU64(Mem{Base: src, Disp: 64 * i}, v)
		switch bits {
		case 8:
			VPCOMPRESSB_Z(v, k, v)
			POPCNTQ(m, n)
		case 16:
			VPCOMPRESSW_Z(v, k, v)
			MOVL(m.As32(), n.As32())
			POPCNTL(n.As32(), n.As32())
		case 32:
			VPCOMPRESSD_Z(v, k, v)
			MOVWLZX(m.As16(), n.As32())
			POPCNTL(n.As32(), n.As32())
		case 64:
			VPCOMPRESSQ_Z(v, k, v)
			MOVBLZX(m.As8(), n.As32())
			POPCNTL(n.As32(), n.As32())
		}
		VMOVDQU64(v, Mem{Base: dst})
		LEAQ(Mem{Base: dst, Index: n, Scale: uint8(bits / 8)}, dst)
		if rows < 64 {
			SHRQ(Imm(uint64(rows)), m)
		}
	}
	Label("next")
	advance(blocks, words, src, 8*bits)
	SUBQ(start, dst)
	Store(dst, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// numbers lists the numbers of the bits that are set.
func numbers() {
	p := function("numbers", "writes the numbers of the bits that are set to out, which has room for 16 more, and gives their bytes, in blocks of 64 rows.",
		"(words *uint64, blocks int, iota *uint32, out *uint32) int", "words", "blocks", "iota", "out")
	words, blocks, iota, out := p[0], p[1], p[2], p[3]
	start := GP64()
	MOVQ(out, start)
	var row [4]VecVirtual
	for i := range row {
		row[i] = ZMM()
		VMOVDQU64(Mem{Base: iota, Disp: 64 * i}, row[i])
	}
	step, d := ZMM(), GP32()
	MOVL(U32(64), d)
	VPBROADCASTD(d, step)
	m, n := GP64(), GP64()
	Label("loop")
	MOVQ(Mem{Base: words}, m)
	TESTQ(m, m)
	JZ(LabelRef("next"))
	for i := range row {
		k, v := K(), ZMM()
		KMOVW(m.As32(), k)
		VPCOMPRESSD_Z(row[i], k, v)
		VMOVDQU64(v, Mem{Base: out})
		MOVWLZX(m.As16(), n.As32())
		POPCNTL(n.As32(), n.As32())
		LEAQ(Mem{Base: out, Index: n, Scale: 4}, out)
		if i < 3 {
			SHRQ(Imm(16), m)
		}
	}
	Label("next")
	for i := range row {
		VPADDD(step, row[i], row[i])
	}
	ADDQ(Imm(8), words)
	DECQ(blocks)
	JNZ(LabelRef("loop"))
	SUBQ(start, out)
	Store(out, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// population counts the bits that are set.
func population() {
	p := function("population", "counts the bits that are set, in blocks of 8 words.", "(words *uint64, blocks int, counts *[8]int64)", "words", "blocks", "counts")
	sum := ZMM()
	VPXORQ(sum, sum, sum)
	Label("loop")
	v := ZMM()
	VPOPCNTQ(Mem{Base: p[0]}, v)
	VPADDQ(v, sum, sum)
	ADDQ(Imm(64), p[0])
	DECQ(p[1])
	JNZ(LabelRef("loop"))
	VMOVDQU64(sum, Mem{Base: p[2]})
	VZEROUPPER()
	RET()
}

// widen adds base to elements, in 64 bits.
func widen(bits int) {
	p := function(fmt.Sprintf("widen%d", bits), "writes elements plus base to dst, in blocks of 8 rows.",
		fmt.Sprintf("(dst *int64, src %s, blocks int, base int64)", elements(bits)), "dst", "src", "blocks", "base")
	base := spread(64, p[3])
	Label("loop")
	v := qwords(bits, Mem{Base: p[1]})
	VPADDQ(base, v, v)
	VMOVDQU64(v, Mem{Base: p[0]})
	ADDQ(Imm(uint64(bits)), p[1])
	ADDQ(Imm(64), p[0])
	DECQ(p[2])
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// product computes (a + ca) * (b*mb + cb).
func product(abits, bbits int) {
	p := function(fmt.Sprintf("product%dx%d", abits, bbits), "writes (a + ca) * (b*mb + cb) to dst, in blocks of 8 rows.",
		fmt.Sprintf("(dst *int64, a %s, b %s, blocks int, ca, mb, cb int64)", elements(abits), elements(bbits)), "dst", "a", "b", "blocks", "ca", "mb", "cb")
	ca, mb, cb := spread(64, p[4]), spread(64, p[5]), spread(64, p[6])
	Label("loop")
	x, y := qwords(abits, Mem{Base: p[1]}), qwords(bbits, Mem{Base: p[2]})
	VPADDQ(ca, x, x)
	VPMULLQ(mb, y, y)
	VPADDQ(cb, y, y)
	VPMULLQ(x, y, y)
	VMOVDQU64(y, Mem{Base: p[0]})
	ADDQ(Imm(uint64(abits)), p[1])
	ADDQ(Imm(uint64(bbits)), p[2])
	ADDQ(Imm(64), p[0])
	DECQ(p[3])
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// sums adds the elements of four groups each to a vector of eight sums.
func sums(bits int) {
	p := function(fmt.Sprintf("sums%d", bits), "adds up the elements of the rows with each of four codes, in eight sums each, in blocks of 16 rows.",
		fmt.Sprintf("(vals %s, codes *uint8, blocks int, groups *[4]uint64, sums *[32]int64)", elements(bits)), "vals", "codes", "blocks", "groups", "sums")
	vals, codes, blocks, groups, out := p[0], p[1], p[2], p[3], p[4]
	lane := 64
	if bits <= 16 {
		lane = 32
	}
	var group, sum [4]VecVirtual
	for g := range group {
		group[g], sum[g] = ZMM(), ZMM()
		if lane == 32 {
			VPBROADCASTD(Mem{Base: groups, Disp: 8 * g}, group[g])
		} else {
			VPBROADCASTQ(Mem{Base: groups, Disp: 8 * g}, group[g])
		}
		VPXORQ(sum[g], sum[g], sum[g])
	}
	Label("loop")
	if lane == 32 {
		c, v := dwords(8, codes, 0), dwords(bits, vals, 0)
		for g := range group {
			k := K()
			VPCMPEQD(group[g], c, k)
			VPADDD(v, sum[g], k, sum[g])
		}
	} else {
		for half := range 2 {
			c, v := qwords(8, Mem{Base: codes, Disp: 8 * half}), qwords(bits, Mem{Base: vals, Disp: bits * half})
			for g := range group {
				k := K()
				VPCMPEQQ(group[g], c, k)
				VPADDQ(v, sum[g], k, sum[g])
			}
		}
	}
	ADDQ(Imm(16), codes)
	ADDQ(U32(uint32(2*bits)), vals)
	DECQ(blocks)
	JNZ(LabelRef("loop"))
	for g := range group {
		v := sum[g]
		if lane == 32 { // the two halves, each widened
			high, low := ZMM(), ZMM()
			VEXTRACTI64X4(Imm(1), v, high.AsY())
			VPMOVZXDQ(v.AsY(), low)
			VPMOVZXDQ(high.AsY(), high)
			VPADDQ(low, high, v)
		}
		VMOVDQU64(v, Mem{Base: out, Disp: 64 * g})
	}
	VZEROUPPER()
	RET()
}

// total adds all elements.
func total(bits int) {
	p := function(fmt.Sprintf("total%d", bits), "adds up elements in eight sums, in blocks of 32 rows.",
		fmt.Sprintf("(vals %s, blocks int, sums *[8]int64)", elements(bits)), "vals", "blocks", "sums")
	var sum [4]VecVirtual
	for i := range sum {
		sum[i] = ZMM()
		VPXORQ(sum[i], sum[i], sum[i])
	}
	Label("loop")
	for i := range sum {
		VPADDQ(qwords(bits, Mem{Base: p[0], Disp: i * bits}), sum[i], sum[i])
	}
	ADDQ(U32(uint32(4*bits)), p[0])
	DECQ(p[1])
	JNZ(LabelRef("loop"))
	VPADDQ(sum[1], sum[0], sum[0])
	VPADDQ(sum[3], sum[2], sum[2])
	VPADDQ(sum[2], sum[0], sum[0])
	VMOVDQU64(sum[0], Mem{Base: p[2]})
	VZEROUPPER()
	RET()
}

// totalMasked adds the elements whose bits are set.
func totalMasked(bits int) {
	p := function(fmt.Sprintf("totalMasked%d", bits), "adds up the elements whose bits are set in eight sums, in blocks of 64 rows.",
		fmt.Sprintf("(vals %s, blocks int, words *uint64, sums *[8]int64)", elements(bits)), "vals", "blocks", "words", "sums")
	vals, blocks, words := p[0], p[1], p[2]
	var sum [4]VecVirtual
	for i := range sum {
		sum[i] = ZMM()
		VPXORQ(sum[i], sum[i], sum[i])
	}
	Label("loop")
	CMPQ(Mem{Base: words}, Imm(0))
	JE(LabelRef("next"))
	for i := range 8 {
		k, s := K(), sum[i%4]
		KMOVB(Mem{Base: words, Disp: i}, k)
		VPADDQ(qwords(bits, Mem{Base: vals, Disp: i * bits}), s, k, s)
	}
	Label("next")
	advance(blocks, words, vals, 8*bits)
	VPADDQ(sum[1], sum[0], sum[0])
	VPADDQ(sum[3], sum[2], sum[2])
	VPADDQ(sum[2], sum[0], sum[0])
	VMOVDQU64(sum[0], Mem{Base: p[3]})
	VZEROUPPER()
	RET()
}

// codes adds the looked-up values of two columns of small codes.
func codes() {
	p := function("pairCodes", "writes first[a] + second[b], where a and b are below 16, to dst, in blocks of 64 rows.",
		"(dst, a, b *uint8, blocks int, first, second *[16]uint8)", "dst", "a", "b", "blocks", "first", "second")
	first, second := ZMM(), ZMM()
	VBROADCASTI32X4(Mem{Base: p[4]}, first)
	VBROADCASTI32X4(Mem{Base: p[5]}, second)
	Label("loop")
	x, y := ZMM(), ZMM()
	VMOVDQU64(Mem{Base: p[1]}, x)
	VMOVDQU64(Mem{Base: p[2]}, y)
	VPSHUFB(x, first, x)
	VPSHUFB(y, second, y)
	VPADDB(x, y, y)
	VMOVDQU64(y, Mem{Base: p[0]})
	for _, r := range p[:3] {
		ADDQ(Imm(64), r)
	}
	DECQ(p[3])
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// countCodes counts the rows of four codes.
func countCodes() {
	p := function("countCodes", "adds the number of rows with codes first to first+3 to counts, in blocks of 64 rows.",
		"(codes *uint8, blocks int, first uint64, counts *[4]int64)", "codes", "blocks", "first", "counts")
	var group [4]VecVirtual
	var count [4]GPVirtual
	for g := range group {
		group[g], count[g] = spread(8, p[2]), GP64()
		XORQ(count[g], count[g])
		INCQ(p[2])
	}
	Label("loop")
	c, n := ZMM(), GP64()
	VMOVDQU64(Mem{Base: p[0]}, c)
	for g := range group {
		k := K()
		VPCMPEQB(group[g], c, k)
		KMOVQ(k, n)
		POPCNTQ(n, n)
		ADDQ(n, count[g])
	}
	ADDQ(Imm(64), p[0])
	DECQ(p[1])
	JNZ(LabelRef("loop"))
	for g := range group {
		ADDQ(count[g], Mem{Base: p[3], Disp: 8 * g})
	}
	VZEROUPPER()
	RET()
}
