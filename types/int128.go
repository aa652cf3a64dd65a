package types

import (
	"math/bits"
)

// Neg gives -x; the least value negates to itself.
func (x Int128) Neg() Int128 {
	lo, borrow := bits.Sub64(0, x.Lo, 0)
	hi, _ := bits.Sub64(0, uint64(x.Hi), borrow)
	return Int128{lo, int64(hi)}
}

// Abs gives the magnitude as an unsigned 128-bit number.
func (x Int128) Abs() (hi, lo uint64) {
	if x.Hi < 0 {
		x = x.Neg()
	}
	return uint64(x.Hi), x.Lo
}

// Sign is -1, 0 or 1.
func (x Int128) Sign() int {
	switch {
	case x.Hi < 0:
		return -1
	case x.Hi == 0 && x.Lo == 0:
		return 0
	}
	return 1
}

// Cmp compares x and y: -1, 0 or 1.
func (x Int128) Cmp(y Int128) int {
	switch {
	case x.Hi < y.Hi, x.Hi == y.Hi && x.Lo < y.Lo:
		return -1
	case x == y:
		return 0
	}
	return 1
}

// Add gives x+y; ok is false when it does not fit.
func (x Int128) Add(y Int128) (sum Int128, ok bool) {
	lo, carry := bits.Add64(x.Lo, y.Lo, 0)
	hi, _ := bits.Add64(uint64(x.Hi), uint64(y.Hi), carry)
	sum = Int128{lo, int64(hi)}
	return sum, (x.Hi^sum.Hi)&(y.Hi^sum.Hi) >= 0
}

// MulUint64 gives x*m; ok is false when it does not fit.
func (x Int128) MulUint64(m uint64) (product Int128, ok bool) {
	ahi, alo := x.Abs()
	carry, lo := bits.Mul64(alo, m)
	over, hi := bits.Mul64(ahi, m)
	hi, c := bits.Add64(hi, carry, 0)
	product = Int128{lo, int64(hi)}
	ok = over == 0 && c == 0 && hi>>63 == 0
	if x.Hi < 0 {
		product = product.Neg()
	}
	return product, ok
}

// Rescale multiplies by 10^(to-from), or divides by 10^(from-to) rounding half away from zero; ok is
// false when the result does not fit.
func (x Int128) Rescale(from, to int) (Int128, bool) {
	for from < to {
		step := min(to-from, 18)
		var ok bool
		if x, ok = x.MulUint64(uint64(PowersOfTen[step])); !ok {
			return x, false
		}
		from += step
	}
	if from == to {
		return x, true
	}
	if from-to > 38 {
		return Int128{}, true
	}
	hi, lo := x.Abs()
	for drop := from - to - 1; drop > 0; drop -= 18 {
		hi, lo, _ = divSmall(hi, lo, uint64(PowersOfTen[min(drop, 18)]))
	}
	hi, lo, last := divSmall(hi, lo, 10) // the digit cut off last decides the rounding
	if last >= 5 {
		var c uint64
		lo, c = bits.Add64(lo, 1, 0)
		hi += c
	}
	out := Int128{lo, int64(hi)}
	if x.Hi < 0 {
		out = out.Neg()
	}
	return out, true
}

func divSmall(hi, lo, d uint64) (qhi, qlo, rem uint64) {
	qhi, rem = hi/d, hi%d
	qlo, rem = bits.Div64(rem, lo, d)
	return qhi, qlo, rem
}

// Digits is the number of decimal digits of |x|; 1 for zero.
func (x Int128) Digits() int {
	hi, lo := x.Abs()
	n := 0
	for hi != 0 {
		hi, lo, _ = divSmall(hi, lo, 10)
		n++
	}
	for ; lo >= 10; lo /= 10 {
		n++
	}
	return n + 1
}

// Float64 is x as the nearest double, give or take one unit in the last place.
func (x Int128) Float64() float64 {
	hi, lo := x.Abs()
	f := float64(hi)*(1<<64) + float64(lo)
	if x.Hi < 0 {
		return -f
	}
	return f
}

// FitsPrecision reports |x| < 10^precision.
func (x Int128) FitsPrecision(precision int) bool {
	if v, ok := x.Int64(); ok && precision <= MaxInt64Precision {
		limit := PowersOfTen[precision]
		return v < limit && v > -limit
	}
	return x.Digits() <= precision
}

// AppendDecimal writes x as a decimal number with scale digits behind the point.
func AppendDecimal(b []byte, x Int128, scale int) []byte {
	if x.Hi < 0 {
		b = append(b, '-')
	}
	hi, lo := x.Abs()
	var digits [40]byte
	at := len(digits)
	for n := 0; hi != 0 || lo != 0 || n <= scale; n++ {
		var d uint64
		if hi == 0 {
			lo, d = lo/10, lo%10
		} else {
			hi, lo, d = divSmall(hi, lo, 10)
		}
		if n == scale && scale > 0 {
			// the point stands before the digit of weight 10^0
			at--
			digits[at] = '.'
		}
		at--
		digits[at] = byte('0' + d)
	}
	return append(b, digits[at:]...)
}

// Rem is the remainder of x/y, y not zero, with x's sign.
func (x Int128) Rem(y Int128) Int128 {
	xhi, xlo := x.Abs()
	yhi, ylo := y.Abs()
	var r Int128
	if yhi == 0 {
		_, rem := bits.Div64(xhi%ylo, xlo, ylo)
		r = Int128{Lo: rem}
	} else {
		// the quotient is below 2^64: estimate it by the divisor's upper bits, then correct
		// (Knuth, The Art of Computer Programming 2, 4.3.1)
		shift := uint(bits.LeadingZeros64(yhi))
		top := yhi<<shift | ylo>>1>>(63-shift)
		q, _ := bits.Div64(xhi>>1, xhi<<63|xlo>>1, top)
		q = q >> (63 - shift)
		if q > 0 {
			q--
		}
		phi, plo := bits.Mul64(q, ylo)
		phi += q * yhi
		lo, borrow := bits.Sub64(xlo, plo, 0)
		hi, _ := bits.Sub64(xhi, phi, borrow)
		for hi > yhi || hi == yhi && lo >= ylo {
			lo, borrow = bits.Sub64(lo, ylo, 0)
			hi, _ = bits.Sub64(hi, yhi, borrow)
		}
		r = Int128{lo, int64(hi)}
	}
	if x.Hi < 0 {
		return r.Neg()
	}
	return r
}

// Quo is the quotient of x/y, y not zero, cut towards zero.
func (x Int128) Quo(y Int128) Int128 {
	rem := x.Rem(y)
	whole, _ := x.Add(rem.Neg())
	whi, wlo := whole.Abs()
	yhi, ylo := y.Abs()
	var q Int128
	if yhi == 0 {
		var hi uint64
		hi, whi = whi/ylo, whi%ylo
		lo, _ := bits.Div64(whi, wlo, ylo)
		q = Int128{lo, int64(hi)}
	} else {
		// exact and below 2^64: the low words decide it modulo 2^64, by the inverse of y's odd part
		shift := uint(bits.TrailingZeros64(ylo))
		if ylo == 0 {
			shift = 64 + uint(bits.TrailingZeros64(yhi))
		}
		d, n := shiftRight(yhi, ylo, shift), shiftRight(whi, wlo, shift)
		inverse := d
		for range 6 { // Newton's iteration doubles the right bits
			inverse *= 2 - d*inverse
		}
		q = Int128{Lo: n * inverse}
	}
	if (x.Hi < 0) != (y.Hi < 0) {
		return q.Neg()
	}
	return q
}

// shiftRight gives the low word of hi:lo shifted right.
func shiftRight(hi, lo uint64, n uint) uint64 {
	if n >= 64 {
		return hi >> (n - 64)
	}
	return lo>>n | hi<<(64-n)
}
