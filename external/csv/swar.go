package csv

import (
	"encoding/binary"
	"math/bits"
)

// Eight bytes at a time in one register (SWAR), after H. Warren, Hacker's Delight, 6-1.

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

func load(b []byte, at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }

func repeat(c byte) uint64 { return ones * uint64(c) }

// equal sets the high bit of exactly those bytes of w that equal the byte repeated in pattern.
func equal(w, pattern uint64) uint64 {
	x := w ^ pattern
	return ^((x&^highs + ^uint64(highs)) | x) & highs
}

// gatherBits moves the high bits of the eight bytes into the low byte, in order.
func gatherBits(m uint64) uint64 { return (m >> 7 * 0x0102040810204080) >> 56 }

// prefixXor gives in bit i the parity of bits 0..i.
func prefixXor(x uint64) uint64 {
	x ^= x << 1
	x ^= x << 2
	x ^= x << 4
	x ^= x << 8
	x ^= x << 16
	return x ^ x<<32
}

// masks64 gives the positions of two bytes among data[at:at+64].
func masks64(data []byte, at int, p, q uint64) (mp, mq uint64) {
	b := data[at : at+64 : at+64]
	for i := 0; i < 64; i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		mp |= gatherBits(equal(w, p)) << i
		mq |= gatherBits(equal(w, q)) << i
	}
	return mp, mq
}

// selectBit gives the position of the k-th set bit of m, from 0; m has more than k.
func selectBit(m uint64, k int) int {
	for range k {
		m &= m - 1
	}
	return bits.TrailingZeros64(m)
}

// eightDigits reads n digits, 1 to 8, at the start of w; ok is false when one is none.
func eightDigits(w uint64, n int) (v uint64, ok bool) {
	shift := uint(64-8*n) & 63
	// The digits move to the upper bytes, zeros stand in front of them.
	w = w<<shift | 0x3030303030303030&(1<<shift-1)
	low := w - 0x3030303030303030
	if (w+0x4646464646464646|low)&highs != 0 {
		return 0, false
	}
	low = low*10 + low>>8
	const mask = 0x000000FF000000FF
	return (low&mask*(100+1000000<<32) + low>>16&mask*(1+10000<<32)) >> 32, true
}
