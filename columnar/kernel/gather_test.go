package kernel_test

import (
	"math/rand/v2"
	"testing"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
	"github.com/oxidb/oxidb/columnar/kernel/kerneltest"
	"github.com/oxidb/oxidb/types"
)

var kinds = []types.Type{types.TBoolean, types.TInteger, types.TBigInt, types.TNumeric(38, 2), types.TReal, types.TDouble,
	types.TText, types.TDate, types.TInterval, types.TUUID}

func randomValues(r *rand.Rand, t types.Type, n int) []types.Value {
	same := r.IntN(6) == 0
	out := make([]types.Value, n)
	shift := r.IntN(64)
	for i := range out {
		v := types.Value{Type: t}
		switch t.Class() {
		case types.ClassInt:
			v.I = int64(r.Uint64() >> shift)
			lo, hi := t.Bounds()
			v.I = min(max(v.I, lo), hi)
		case types.ClassDecimal:
			v = types.Decimal(t, types.Int128{Lo: r.Uint64() >> shift, Hi: r.Int64N(3) - 1})
		case types.ClassFloat:
			v.F = float64(r.IntN(100)) / 4
		case types.ClassInterval:
			v.Span = types.Span{Months: int32(r.IntN(5)), Days: 2, Micros: r.Int64N(9)}
		case types.ClassUUID:
			v.S = string([]byte{15: byte(r.IntN(200))})
		default:
			v.S = "some text"[:r.IntN(9)]
		}
		v.Null = r.IntN(7) == 0
		out[i] = v
		if same {
			out[i] = out[0]
		}
	}
	return out
}

func equal(a, b types.Value) bool {
	return a.Null && b.Null || a == b
}

// A gathered or copied row that differs from its source, for every layout and encoding; memory that is
// used again must not leak older rows.
func TestGatherAndCopyKeepRows(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		typ := kinds[r.IntN(len(kinds))]
		var gathered, copied columnar.Vector
		var want []types.Value
		for range 4 {
			n := 1 + r.IntN(150)
			vals := randomValues(r, typ, n)
			src := kerneltest.Vector(r, typ, vals)
			idx := make([]uint32, r.IntN(200))
			for k := range idx {
				idx[k] = uint32(r.IntN(n))
			}
			kernel.Gather(&gathered, src, idx)
			if gathered.Len != len(idx) || gathered.Enc != src.Enc {
				t.Fatalf("seed %d: %d rows in encoding %d", seed, gathered.Len, gathered.Enc)
			}
			kernel.CopyAt(&copied, src, idx, copied.Len)
			for k, i := range idx {
				want = append(want, vals[i])
				if got := gathered.Value(k); !equal(got, vals[i]) {
					t.Fatalf("seed %d, %s: gathered %s, want %s", seed, typ, got.SQL(), vals[i].SQL())
				}
			}
			for k := range want {
				if got := copied.Value(k); !equal(got, want[k]) {
					t.Fatalf("seed %d, %s: row %d copied as %s, want %s", seed, typ, k, got.SQL(), want[k].SQL())
				}
			}
		}
	}
}

// Rows written over older ones.
func TestCopyAtOverwrites(t *testing.T) {
	var dst columnar.Vector
	for at, vals := range [][]types.Value{
		{types.Int(types.TBigInt, 1), types.Int(types.TBigInt, 2), types.Int(types.TBigInt, 3)},
		{types.Null(types.TBigInt), types.Int(types.TBigInt, 5)},
	} {
		kernel.CopyAt(&dst, kerneltest.Vector(rand.New(rand.NewPCG(1, 1)), types.TBigInt, vals), nil, at)
	}
	if dst.Len != 3 || dst.Int(0) != 1 || !dst.IsNull(1) || dst.Int(2) != 5 || dst.IsNull(2) {
		t.Errorf("%+v", dst)
	}
}

// Selections out of bitmaps: the bits behind the last row, and dense against sparse.
func TestBitmapsAndSelections(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 2))
		n := r.IntN(200)
		bitmap := make([]uint64, kernel.Words(n))
		for i := range bitmap {
			bitmap[i] = r.Uint64() // rubbish behind n as well
		}
		sel := kerneltest.Selection(r, n)
		var set, unset []uint32
		all := 0
		for i := range uint32(n) {
			all += int(bitmap[i>>6] >> (i & 63) & 1)
		}
		for _, i := range kerneltest.Rows(n, sel) {
			if bitmap[i>>6]>>(i&63)&1 == 1 {
				set = append(set, i)
			} else {
				unset = append(unset, i)
			}
		}
		out := make([]uint32, n)
		same(t, seed, out[:kernel.SelectBits(bitmap, n, sel, out)], set)
		same(t, seed, out[:kernel.SelectUnset(bitmap, n, sel, out)], unset)
		same(t, seed, kernel.Subtract(n, sel, set, out), unset)
		if got := kernel.CountBits(bitmap, n); got != all {
			t.Fatalf("seed %d: counted %d of %d", seed, got, all)
		}
		other := make([]uint64, len(bitmap))
		kernel.SetBits(other, set)
		kernel.ClearBits(other, unset)
		if got := kernel.CountBits(other, n); got != len(set) {
			t.Fatalf("seed %d: %d bits set, want %d", seed, got, len(set))
		}
	}
}

func same(t *testing.T, seed uint64, got, want []uint32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("seed %d: %v, want %v", seed, got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("seed %d: %v, want %v", seed, got, want)
		}
	}
}

// A refinement in place, and bounds at the ends of the element type.
func TestSelectRange(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 3))
		n := r.IntN(100)
		checkRange(t, r, n, func() uint8 { return uint8(r.Uint32()) })
		checkRange(t, r, n, func() uint16 { return uint16(r.Uint32() >> r.IntN(32)) })
		checkRange(t, r, n, func() uint32 { return r.Uint32() >> r.IntN(32) })
		checkRange(t, r, n, func() int64 { return int64(r.Uint64()) >> r.IntN(64) })
	}
}

func checkRange[T kernel.Integer](t *testing.T, r *rand.Rand, n int, next func() T) {
	vals := make([]T, n)
	for i := range vals {
		vals[i] = next()
	}
	lo, hi := next(), next()
	lo, hi = min(lo, hi), max(lo, hi)
	sel := kerneltest.Selection(r, n)
	var inside, outside []uint32
	for _, i := range kerneltest.Rows(n, sel) {
		if lo <= vals[i] && vals[i] <= hi {
			inside = append(inside, i)
		} else {
			outside = append(outside, i)
		}
	}
	out := make([]uint32, n)
	same(t, 0, out[:kernel.SelectOutside(vals, lo, hi, sel, out)], outside)
	if sel != nil {
		out = append(out[:0], sel...)
		sel = out
	}
	same(t, 0, out[:kernel.SelectRange(vals, lo, hi, sel, out)], inside)
}
