package kernel

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/oxidb/oxidb/types"
)

func random128(r *rand.Rand) types.Int128 {
	x := types.Int128{Lo: r.Uint64(), Hi: int64(r.Uint64())}
	switch r.IntN(4) {
	case 0:
		x = types.FromInt64(int64(x.Lo) >> r.IntN(64))
	case 1:
		x.Hi >>= r.IntN(64)
	case 2:
		x = types.Int128{Lo: 1 << r.IntN(64), Hi: -1}
	}
	if !InPrecision(x) {
		x.Hi >>= 4
	}
	return x
}

func toBig(x types.Int128) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(x.Hi), 64)
	return n.Add(n, new(big.Int).SetUint64(x.Lo))
}

// A wrong digit or a missed overflow in 128-bit arithmetic.
func Test128BitArithmetic(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil)
	for range 200_000 {
		x, y, up := random128(r), random128(r), r.IntN(39)
		a, b := toBig(x), toBig(y)
		if got := Big(x, new(big.Int)); got.Cmp(a) != 0 {
			t.Fatalf("Big(%v) = %v", x, got)
		}
		if back, ok := FromBig(a); back != x || ok != (new(big.Int).Abs(a).Cmp(limit) < 0) {
			t.Fatalf("FromBig(%v) = %v, %v", a, back, ok)
		}
		if Less128(x, y) != (a.Cmp(b) < 0) {
			t.Fatalf("Less128(%v, %v)", a, b)
		}
		product := new(big.Int).Mul(a, b)
		if p, ok := Mul128(x, y); ok != (product.BitLen() <= 127) || ok && toBig(p).Cmp(product) != 0 {
			t.Fatalf("%v * %v = %v, %v", a, b, toBig(p), ok)
		}
		if y.Sign() == 0 {
			continue
		}
		want := roundedQuotient(a, up, b)
		q, ok := DivScaled(x, up, y)
		if fits := new(big.Int).Abs(want).Cmp(limit) < 0; ok != fits || ok && toBig(q).Cmp(want) != 0 {
			t.Fatalf("%v * 10^%d / %v = %v, %v, want %v", a, up, b, toBig(q), ok, want)
		}
	}
}

// roundedQuotient is a*10^up/b, half away from zero: floor(|2a'| + |b|, 2|b|) with the sign put back.
func roundedQuotient(a *big.Int, up int, b *big.Int) *big.Int {
	n := new(big.Int).Mul(a, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(up)), nil))
	sign := n.Sign() * b.Sign()
	n.Abs(n).Lsh(n, 1).Add(n, new(big.Int).Abs(b))
	n.Quo(n, new(big.Int).Lsh(new(big.Int).Abs(b), 1))
	if sign < 0 {
		n.Neg(n)
	}
	return n
}

// A checked kernel that misses an overflow, or reports one that is none.
func TestCheckedArithmetic(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]int64, 1)
	for range 100_000 {
		a, b := int64(r.Uint64())>>r.IntN(64), int64(r.Uint64())>>r.IntN(64)
		x, y := big.NewInt(a), big.NewInt(b)
		for name, c := range map[string]struct {
			kernel func(a, b []int64, sel []uint32, out []int64) bool
			want   *big.Int
		}{
			"+": {AddChecked, new(big.Int).Add(x, y)},
			"-": {SubChecked, new(big.Int).Sub(x, y)},
			"*": {MulChecked, new(big.Int).Mul(x, y)},
		} {
			for _, sel := range [][]uint32{nil, {0}} {
				if ok := c.kernel([]int64{a}, []int64{b}, sel, out); ok != c.want.IsInt64() || ok && out[0] != c.want.Int64() {
					t.Fatalf("%d %s %d = %d, %v", a, name, b, out[0], ok)
				}
			}
		}
		if b != 0 {
			x, y := int64(int32(a)), int64(int32(b))|1
			want := roundedQuotient(big.NewInt(x), 3, big.NewInt(y)).Int64()
			if !DivRounded([]int64{x}, 1000, []int64{y}, nil, out) || out[0] != want {
				t.Fatalf("%d000 / %d = %d, want %d", x, y, out[0], want)
			}
			huge := roundedQuotient(big.NewInt(a), 16, big.NewInt(b))
			if ok := DivRoundedWide([]int64{a}, 1e16, []int64{b}, nil, out); ok != (huge.BitLen() <= 63) || ok && out[0] != huge.Int64() {
				t.Fatalf("%d * 10^16 / %d = %d, %v, want %v", a, b, out[0], ok, huge)
			}
		}
	}
}

// Sums that lose a carry, or wrap where 128 bits do not.
func TestSums(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for n := range 70 {
		vals, sel, total, part := make([]int64, n), []uint32{}, new(big.Int), new(big.Int)
		wide := make([]types.Int128, n)
		var small []uint8
		sum := int64(0)
		for i := range vals {
			vals[i] = int64(r.Uint64())
			wide[i] = types.FromInt64(vals[i])
			small = append(small, uint8(i*7))
			total.Add(total, big.NewInt(vals[i]))
			if r.IntN(2) == 0 {
				sel = append(sel, uint32(i))
				part.Add(part, big.NewInt(vals[i]))
				sum += int64(uint8(i * 7))
			}
		}
		if toBig(SumInt64(vals, nil)).Cmp(total) != 0 || toBig(SumInt64(vals, sel)).Cmp(part) != 0 {
			t.Fatalf("%d rows: SumInt64", n)
		}
		if s, ok := SumInt128(wide, sel); !ok || toBig(s).Cmp(part) != 0 {
			t.Fatalf("%d rows: SumInt128", n)
		}
		if Sum(small, sel) != sum {
			t.Fatalf("%d rows: Sum", n)
		}
	}
	huge := types.Int128{Hi: 1<<63 - 1}
	if _, ok := SumInt128([]types.Int128{huge, huge}, nil); ok {
		t.Error("overflow of 128 bits was not noticed")
	}
}
