// Package simd is loops over plain columns and row masks that pay for being written in vector
// instructions: tests that make masks, masks that make rows and dense columns, products, sums of few
// groups. Every loop exists twice, in Go and for AVX-512 (gen writes the assembly); the answers are
// the same. The Go form runs on other machines, with the build tag purego, and with OXIDB_SIMD=off in
// the environment.
//
// M1: a mask has bit i%64 of word i/64 set when row i counts; bits beyond the last row are 0.
// M2: a test only clears bits, so that tests run one after the other are joined by AND, and words
// without bits cost nothing.
package simd

import (
	"math/bits"
	"unsafe"
)

//go:generate sh -c "cd gen && go run . -out ../loops_amd64.s -stubs ../loops_amd64.go -pkg simd"

// Element is the element types of integer layouts.
type Element interface {
	uint8 | uint16 | uint32 | int64
}

// Slack is the number of elements beyond its result that a destination must have room for.
const Slack = 64

// Words is the number of words of a mask of n rows.
func Words(n int) int { return (n + 63) / 64 }

// Count is the number of bits that are set.
func Count(words []uint64) int {
	n, done := populationBlocks(words)
	for _, w := range words[done:] {
		n += bits.OnesCount64(w)
	}
	return n
}

// SetAll makes words the mask of all of n rows.
func SetAll(words []uint64, n int) {
	for i := range words {
		words[i] = ^uint64(0)
	}
	if n&63 != 0 {
		words[n>>6] = 1<<(n&63) - 1
	}
}

// flip is what turns a test's mask over when rows inside are not wanted.
func flip(inside bool) uint64 {
	if inside {
		return 0
	}
	return ^uint64(0)
}

// size is the bits of an element.
func size[T Element]() int {
	var x T
	return int(unsafe.Sizeof(x)) * 8
}

// b2i turns a comparison into 0 or 1; the compiler makes it a flag move.
func b2i(b bool) uint64 {
	var x uint64
	if b {
		x = 1
	}
	return x
}
