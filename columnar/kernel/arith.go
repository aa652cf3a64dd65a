package kernel

import (
	"math/bits"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/simd"
)

// dense reports whether a loop over all n rows is cheaper than one over sel.
func dense(n int, sel []uint32) bool { return sel == nil || 2*len(sel) > n }

// Affine computes out = a*m + c for the rows of sel. a is an integer layout, not Const; its Base is
// NOT added: c contains it. The caller has proved that no row that counts overflows.
func Affine(a *columnar.Vector, m, c int64, n int, sel []uint32, out []int64) {
	switch a.Layout {
	case columnar.U8:
		affine(a.U8[:n], m, c, sel, out)
	case columnar.U16:
		affine(a.U16[:n], m, c, sel, out)
	case columnar.U32:
		affine(a.U32[:n], m, c, sel, out)
	default:
		affine(a.I64[:n], m, c, sel, out)
	}
}

func affine[A Integer](a []A, m, c int64, sel []uint32, out []int64) {
	if dense(len(a), sel) {
		if out = out[:len(a)]; m == 1 {
			simd.Widen(out, a, c)
			return
		}
		for i, x := range a {
			out[i] = int64(x)*m + c
		}
		return
	}
	for _, i := range sel {
		out[i] = int64(a[i])*m + c
	}
}

// Combine computes out = a*ma + b*mb + c, under the terms of Affine.
func Combine(a *columnar.Vector, ma int64, b *columnar.Vector, mb, c int64, n int, sel []uint32, out []int64) {
	switch a.Layout {
	case columnar.U8:
		combineWith(a.U8[:n], ma, b, mb, c, sel, out)
	case columnar.U16:
		combineWith(a.U16[:n], ma, b, mb, c, sel, out)
	case columnar.U32:
		combineWith(a.U32[:n], ma, b, mb, c, sel, out)
	default:
		combineWith(a.I64[:n], ma, b, mb, c, sel, out)
	}
}

func combineWith[A Integer](a []A, ma int64, b *columnar.Vector, mb, c int64, sel []uint32, out []int64) {
	switch b.Layout {
	case columnar.U8:
		combine(a, ma, b.U8, mb, c, sel, out)
	case columnar.U16:
		combine(a, ma, b.U16, mb, c, sel, out)
	case columnar.U32:
		combine(a, ma, b.U32, mb, c, sel, out)
	default:
		combine(a, ma, b.I64, mb, c, sel, out)
	}
}

func combine[A, B Integer](a []A, ma int64, b []B, mb, c int64, sel []uint32, out []int64) {
	if dense(len(a), sel) {
		out, b = out[:len(a)], b[:len(a)]
		for i, x := range a {
			out[i] = int64(x)*ma + int64(b[i])*mb + c
		}
		return
	}
	for _, i := range sel {
		out[i] = int64(a[i])*ma + int64(b[i])*mb + c
	}
}

// MulAffine computes out = (a + ca) * (b*mb + cb), under the terms of Affine.
func MulAffine(a *columnar.Vector, ca int64, b *columnar.Vector, mb, cb int64, n int, sel []uint32, out []int64) {
	switch a.Layout {
	case columnar.U8:
		mulWith(a.U8[:n], ca, b, mb, cb, sel, out)
	case columnar.U16:
		mulWith(a.U16[:n], ca, b, mb, cb, sel, out)
	case columnar.U32:
		mulWith(a.U32[:n], ca, b, mb, cb, sel, out)
	default:
		mulWith(a.I64[:n], ca, b, mb, cb, sel, out)
	}
}

func mulWith[A Integer](a []A, ca int64, b *columnar.Vector, mb, cb int64, sel []uint32, out []int64) {
	switch b.Layout {
	case columnar.U8:
		mulAffine(a, ca, b.U8, mb, cb, sel, out)
	case columnar.U16:
		mulAffine(a, ca, b.U16, mb, cb, sel, out)
	case columnar.U32:
		mulAffine(a, ca, b.U32, mb, cb, sel, out)
	default:
		mulAffine(a, ca, b.I64, mb, cb, sel, out)
	}
}

func mulAffine[A, B Integer](a []A, ca int64, b []B, mb, cb int64, sel []uint32, out []int64) {
	if dense(len(a), sel) {
		simd.Product(out[:len(a)], a, ca, b, mb, cb)
		return
	}
	for _, i := range sel {
		out[i] = (int64(a[i]) + ca) * (int64(b[i])*mb + cb)
	}
}

// AddChecked computes out = a + b for exactly the rows of sel and reports whether none overflowed.
func AddChecked(a, b []int64, sel []uint32, out []int64) bool {
	flag := int64(0)
	if sel == nil {
		b, out = b[:len(a)], out[:len(a)]
		for i, x := range a {
			s := x + b[i]
			out[i] = s
			flag |= (x ^ s) & (b[i] ^ s)
		}
		return flag >= 0
	}
	for _, i := range sel {
		s := a[i] + b[i]
		out[i] = s
		flag |= (a[i] ^ s) & (b[i] ^ s)
	}
	return flag >= 0
}

// SubChecked computes out = a - b for exactly the rows of sel and reports whether none overflowed.
func SubChecked(a, b []int64, sel []uint32, out []int64) bool {
	flag := int64(0)
	if sel == nil {
		b, out = b[:len(a)], out[:len(a)]
		for i, x := range a {
			d := x - b[i]
			out[i] = d
			flag |= (x ^ b[i]) & (x ^ d)
		}
		return flag >= 0
	}
	for _, i := range sel {
		d := a[i] - b[i]
		out[i] = d
		flag |= (a[i] ^ b[i]) & (a[i] ^ d)
	}
	return flag >= 0
}

// MulChecked computes out = a * b for exactly the rows of sel and reports whether none overflowed.
func MulChecked(a, b []int64, sel []uint32, out []int64) bool {
	misfit := int64(0)
	if sel == nil {
		b, out = b[:len(a)], out[:len(a)]
		for i, x := range a {
			p := MulInt64(x, b[i])
			out[i] = int64(p.Lo)
			misfit |= p.Hi ^ int64(p.Lo)>>63
		}
		return misfit == 0
	}
	for _, i := range sel {
		p := MulInt64(a[i], b[i])
		out[i] = int64(p.Lo)
		misfit |= p.Hi ^ int64(p.Lo)>>63
	}
	return misfit == 0
}

// Fault says why a division kernel stopped.
type Fault uint8

const (
	None Fault = iota
	ByZero
	Overflow
)

// DivInt64 computes out = a / b, truncated, for exactly the rows of sel.
func DivInt64(a, b []int64, sel []uint32, out []int64) Fault {
	if sel == nil {
		b, out = b[:len(a)], out[:len(a)]
		for i, x := range a {
			if b[i] == 0 {
				return ByZero
			}
			if b[i] == -1 && x == -x && x != 0 { // only the least int64 is its own negative
				return Overflow
			}
			out[i] = x / b[i]
		}
		return None
	}
	for _, i := range sel {
		if b[i] == 0 {
			return ByZero
		}
		if b[i] == -1 && a[i] == -a[i] && a[i] != 0 {
			return Overflow
		}
		out[i] = a[i] / b[i]
	}
	return None
}

// ModInt64 computes out = a % b, with the sign of a, for exactly the rows of sel.
func ModInt64(a, b []int64, sel []uint32, out []int64) Fault {
	if sel == nil {
		b, out = b[:len(a)], out[:len(a)]
		for i, x := range a {
			if b[i] == 0 {
				return ByZero
			}
			out[i] = x % b[i]
		}
		return None
	}
	for _, i := range sel {
		if b[i] == 0 {
			return ByZero
		}
		out[i] = a[i] % b[i]
	}
	return None
}

// DivRounded computes out = a*f / b, rounded half away from zero, for exactly the rows of sel; the
// caller has proved that |a*f| + |b|/2 fits. It gives false at a division by zero.
func DivRounded(a []int64, f int64, b []int64, sel []uint32, out []int64) bool {
	if sel == nil {
		b, out = b[:len(a)], out[:len(a)]
		for i, x := range a {
			if b[i] == 0 {
				return false
			}
			out[i] = divRounded(x*f, b[i])
		}
		return true
	}
	for _, i := range sel {
		if b[i] == 0 {
			return false
		}
		out[i] = divRounded(a[i]*f, b[i])
	}
	return true
}

func divRounded(a, b int64) int64 {
	half := max(b, -b) / 2
	if a < 0 {
		half = -half
	}
	return (a + half) / b
}

// DivRoundedWide is DivRounded with a 128-bit numerator: it needs no proof and gives false when a quotient
// does not fit int64 as well.
func DivRoundedWide(a []int64, f int64, b []int64, sel []uint32, out []int64) bool {
	misfit := uint64(0)
	if sel == nil {
		b, out = b[:len(a)], out[:len(a)]
		for i, x := range a {
			var high uint64
			out[i], high = divWide(x, f, b[i])
			misfit |= high
		}
		return misfit == 0
	}
	for _, i := range sel {
		var high uint64
		out[i], high = divWide(a[i], f, b[i])
		misfit |= high
	}
	return misfit == 0
}

// divWide gives x*f/y and a value that is not 0 when that has more than 63 bits.
func divWide(x, f, y int64) (quotient int64, misfit uint64) {
	d := uint64(max(y, -y)) // of the least int64 too: it is its own negative
	hi, lo := bits.Mul64(uint64(max(x, -x)), uint64(f))
	if hi >= d { // also for d = 0
		return 0, 1
	}
	q, rest := bits.Div64(hi, lo, d)
	if rest >= d-rest {
		q++
	}
	sign := (x ^ y) >> 63
	return (int64(q) ^ sign) - sign, q >> 63
}
