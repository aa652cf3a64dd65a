package kernel

import (
	"math/bits"

	"github.com/oxidb/oxidb/columnar"
)

// Words is the number of bitmap words for n rows.
func Words(n int) int { return (n + 63) >> 6 }

// SetAll sets the first n bits.
func SetAll(bitmap []uint64, n int) {
	for i := range bitmap[:Words(n)] {
		bitmap[i] = ^uint64(0)
	}
}

// AndBits stores a AND b in dst; all have the length of dst.
func AndBits(dst, a, b []uint64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] & b[i]
	}
}

// OrBits stores a OR b in dst; all have the length of dst.
func OrBits(dst, a, b []uint64) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] | b[i]
	}
}

// CountBits counts the set bits among the first n.
func CountBits(bitmap []uint64, n int) int {
	count := 0
	for _, w := range bitmap[:n>>6] {
		count += bits.OnesCount64(w)
	}
	if rest := n & 63; rest != 0 {
		count += bits.OnesCount64(bitmap[n>>6] << (64 - rest))
	}
	return count
}

// SetBits sets the bits of rows; ClearBits clears them.
func SetBits(bitmap []uint64, rows []uint32) {
	for _, i := range rows {
		bitmap[i>>6] |= 1 << (i & 63)
	}
}

// ClearBits clears the bits of rows.
func ClearBits(bitmap []uint64, rows []uint32) {
	for _, i := range rows {
		bitmap[i>>6] &^= 1 << (i & 63)
	}
}

// SelectBits writes to out the rows of sel (nil: 0..n) whose bit is set and gives their number. out
// may be sel.
func SelectBits(bitmap []uint64, n int, sel, out []uint32) int {
	if sel == nil {
		return bitsToRows(bitmap, n, 0, out)
	}
	k := 0
	for _, i := range sel {
		out[k] = i
		k += int(bitmap[i>>6] >> (i & 63) & 1)
	}
	return k
}

// SelectUnset is SelectBits for the bits that are not set.
func SelectUnset(bitmap []uint64, n int, sel, out []uint32) int {
	if sel == nil {
		return bitsToRows(bitmap, n, ^uint64(0), out)
	}
	k := 0
	for _, i := range sel {
		out[k] = i
		k += int(^bitmap[i>>6] >> (i & 63) & 1)
	}
	return k
}

// bitsToRows lists the set bits of bitmap XOR flip below n.
func bitsToRows(bitmap []uint64, n int, flip uint64, out []uint32) int {
	k := 0
	for w := range Words(n) {
		x := bitmap[w] ^ flip
		if rest := n - w<<6; rest < 64 {
			x &= 1<<rest - 1
		}
		for x != 0 {
			out[k] = uint32(w<<6 + bits.TrailingZeros64(x))
			k++
			x &= x - 1
		}
	}
	return k
}

// SelectValid gives the rows of sel (nil: 0..n) that are not NULL in v, written to out, which may be
// sel. Without NULLs it gives sel itself, so nil still means all rows.
func SelectValid(v *columnar.Vector, n int, sel, out []uint32) []uint32 {
	switch {
	case v.Valid == nil:
		return sel
	case v.Enc == columnar.Const:
		if v.IsNull(0) {
			return out[:0]
		}
		return sel
	}
	return out[:SelectBits(v.Valid, n, sel, out)]
}

// Iota writes 0..n-1 to out.
func Iota(n int, out []uint32) []uint32 {
	out = out[:n]
	for i := range out {
		out[i] = uint32(i)
	}
	return out
}

// Subtract writes to out the rows of sel (nil: 0..n) that are not in drop, a subset of it. out may be sel.
func Subtract(n int, sel, drop, out []uint32) []uint32 {
	k, d := 0, 0
	if sel == nil {
		for i := range uint32(n) {
			if d < len(drop) && drop[d] == i {
				d++
				continue
			}
			out[k] = i
			k++
		}
		return out[:k]
	}
	for _, i := range sel {
		if d < len(drop) && drop[d] == i {
			d++
			continue
		}
		out[k] = i
		k++
	}
	return out[:k]
}
