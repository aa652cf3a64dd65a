package kernel

import (
	"math/bits"

	"github.com/oxidb/oxidb/types"
)

// DivScaled gives x * 10^up / y, rounded half away from zero, by a 256-bit numerator. ok is false when
// the result is no numeric(38) or up is outside 0..38; y is not 0.
func DivScaled(x types.Int128, up int, y types.Int128) (quotient types.Int128, ok bool) {
	if up < 0 || up > 38 {
		return quotient, false
	}
	xh, xl := x.Abs()
	p := Pow10(up)
	n := mul256(xh, xl, uint64(p.Hi), p.Lo)
	hi, lo, ok := quoRounded(n, y)
	if !ok {
		return quotient, false
	}
	quotient, ok = signed(hi, lo, (x.Hi < 0) != (y.Hi < 0))
	return quotient, ok && InPrecision(quotient)
}

// quoRounded divides a 256-bit number by |y|, rounded half up; ok is false when 128 bits overflow.
func quoRounded(n [4]uint64, y types.Int128) (hi, lo uint64, ok bool) {
	dh, dl := y.Abs()
	var up bool
	if dh == 0 {
		if n[3] != 0 || n[2] >= dl {
			return 0, 0, false
		}
		var rem uint64
		hi, rem = bits.Div64(n[2], n[1], dl)
		lo, rem = bits.Div64(rem, n[0], dl)
		up = rem >= dl-rem
	} else {
		if n[3] > dh || (n[3] == dh && n[2] >= dl) {
			return 0, 0, false
		}
		s := uint(bits.LeadingZeros64(dh))
		d1, d0 := dh<<s|dl>>(64-s), dl<<s
		u3, u2, u1, u0 := n[3]<<s|n[2]>>(64-s), n[2]<<s|n[1]>>(64-s), n[1]<<s|n[0]>>(64-s), n[0]<<s
		hi, u2, u1 = div3by2(u3, u2, u1, d1, d0)
		lo, u1, u0 = div3by2(u2, u1, u0, d1, d0)
		gapLow, borrow := bits.Sub64(d0, u0, 0)
		gapHigh, _ := bits.Sub64(d1, u1, borrow)
		up = u1 > gapHigh || (u1 == gapHigh && u0 >= gapLow)
	}
	if up {
		var c uint64
		lo, c = bits.Add64(lo, 1, 0)
		if hi, c = bits.Add64(hi, 0, c); c != 0 {
			return 0, 0, false
		}
	}
	return hi, lo, true
}

// div3by2 is one step of long division (Knuth, The Art of Computer Programming, volume 2, 4.3.1,
// algorithm D): (u2,u1) < (d1,d0), and d1 has its top bit set.
func div3by2(u2, u1, u0, d1, d0 uint64) (q, r1, r0 uint64) {
	var rest, carry uint64
	if u2 == d1 {
		q = ^uint64(0)
		rest, carry = bits.Add64(u1, d1, 0)
	} else {
		q, rest = bits.Div64(u2, u1, d1)
	}
	for carry == 0 {
		if ph, pl := bits.Mul64(q, d0); ph < rest || (ph == rest && pl <= u0) {
			break
		}
		q--
		rest, carry = bits.Add64(rest, d1, 0)
	}
	ph, pl := bits.Mul64(q, d0)
	r0, borrow := bits.Sub64(u0, pl, 0)
	r1, _ = bits.Sub64(u1-q*d1, ph, borrow)
	return q, r1, r0
}

// mul256 multiplies two unsigned 128-bit numbers; limbs from the least.
func mul256(ah, al, bh, bl uint64) (n [4]uint64) {
	var c uint64
	h0, l0 := bits.Mul64(al, bl)
	h1, l1 := bits.Mul64(ah, bl)
	h2, l2 := bits.Mul64(al, bh)
	h3, l3 := bits.Mul64(ah, bh)
	n[0] = l0
	n[1], c = bits.Add64(h0, l1, 0)
	n[2], c = bits.Add64(h1, l3, c)
	n[3] = h3 + c
	n[1], c = bits.Add64(n[1], l2, 0)
	n[2], c = bits.Add64(n[2], h2, c)
	n[3] += c
	return n
}
