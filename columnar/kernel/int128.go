package kernel

import (
	"math/big"
	"math/bits"

	"github.com/oxidb/oxidb/types"
)

// Less128 reports a < b.
func Less128(a, b types.Int128) bool {
	return a.Hi < b.Hi || (a.Hi == b.Hi && a.Lo < b.Lo)
}

// signed joins a magnitude and a sign; ok is false when the value needs more than 127 bits.
func signed(hi, lo uint64, negative bool) (types.Int128, bool) {
	v := types.Int128{Lo: lo, Hi: int64(hi)}
	if negative {
		v = v.Neg()
	}
	return v, hi>>63 == 0
}

// MulInt64 gives the exact product of two int64.
func MulInt64(a, b int64) types.Int128 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	return types.Int128{Lo: lo, Hi: int64(hi) - a>>63&b - b>>63&a}
}

// Mul128 gives a*b; ok is false when the product needs more than 127 bits.
func Mul128(a, b types.Int128) (product types.Int128, ok bool) {
	if x, ok := a.Int64(); ok {
		if y, ok := b.Int64(); ok {
			return MulInt64(x, y), true
		}
	}
	ah, al := a.Abs()
	bh, bl := b.Abs()
	if ah != 0 && bh != 0 {
		return types.Int128{}, false
	}
	hi, lo := bits.Mul64(al, bl)
	over1, cross1 := bits.Mul64(ah, bl)
	over2, cross2 := bits.Mul64(al, bh)
	hi, carry1 := bits.Add64(hi, cross1, 0)
	hi, carry2 := bits.Add64(hi, cross2, 0)
	product, ok = signed(hi, lo, (a.Hi < 0) != (b.Hi < 0))
	return product, ok && over1|over2|carry1|carry2 == 0
}

// Pow10 is 10^n for 0 <= n <= 38.
func Pow10(n int) types.Int128 {
	if n <= 18 {
		return types.FromInt64(types.PowersOfTen[n])
	}
	p, _ := Mul128(types.FromInt64(types.PowersOfTen[18]), Pow10(n-18))
	return p
}

// InPrecision reports |a| < 10^38: the values that numeric holds.
func InPrecision(a types.Int128) bool {
	// 10^38 = 0x4B3B4CA85A86C47A_098A224000000000
	const hi, lo = 0x4B3B4CA85A86C47A, 0x098A224000000000
	h, l := a.Abs()
	return h < hi || (h == hi && l < lo)
}

// Big gives a as a big integer in z.
func Big(a types.Int128, z *big.Int) *big.Int {
	hi, lo := a.Abs()
	z.SetUint64(hi).Lsh(z, 64).Or(z, new(big.Int).SetUint64(lo))
	if a.Hi < 0 {
		z.Neg(z)
	}
	return z
}

// FromBig narrows z; ok is false when z is no numeric(38).
func FromBig(z *big.Int) (a types.Int128, ok bool) {
	if z.BitLen() > 127 {
		return types.Int128{}, false
	}
	abs := new(big.Int).Abs(z)
	lo := new(big.Int).And(abs, new(big.Int).SetUint64(1<<64-1)).Uint64()
	hi := abs.Rsh(abs, 64).Uint64()
	a, _ = signed(hi, lo, z.Sign() < 0)
	return a, InPrecision(a)
}

// Narrow copies the rows of sel from a to out and reports whether all fit int64.
func Narrow(a []types.Int128, sel []uint32, out []int64) bool {
	misfit := uint64(0)
	if sel == nil {
		out = out[:len(a)]
		for i, x := range a {
			out[i] = int64(x.Lo)
			misfit |= uint64(x.Hi) ^ uint64(int64(x.Lo)>>63)
		}
		return misfit == 0
	}
	for _, i := range sel {
		x := a[i]
		out[i] = int64(x.Lo)
		misfit |= uint64(x.Hi) ^ uint64(int64(x.Lo)>>63)
	}
	return misfit == 0
}
