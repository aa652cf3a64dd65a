package rowkey

import (
	"math"
	"math/bits"

	"github.com/zeebo/xxh3"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// HashRows hashes the rows of sel, all n when it is nil, of key columns by value: rows that are equal,
// or both NULL, in every column have equal hashes, whatever their vectors' forms, and whichever of the
// integer, or of the decimal types of one scale, they have. out gets one hash a selected row.
func HashRows(cols []*columnar.Vector, sel []uint32, n int, out []uint64) {
	if sel != nil {
		n = len(sel)
	}
	out = out[:n]
	clear(out)
	for _, v := range cols {
		hashColumn(v, sel, out)
	}
	for j, h := range out {
		out[j] = finish(h)
	}
}

// mix folds a value into a hash (the 64-bit step of wyhash).
func mix(h, x uint64) uint64 {
	hi, lo := bits.Mul64(h^0xa0761d6478bd642f, x^0xe7037ed1a0b428db)
	return hi ^ lo
}

// finish spreads a hash's entropy over all bits (splitmix64).
func finish(h uint64) uint64 {
	h ^= h >> 30
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 27
	h *= 0x94d049bb133111eb
	return h ^ h>>31
}

// nullHash stands for NULL.
const nullHash = 0x9e3779b97f4a7c15

func hashColumn(v *columnar.Vector, sel []uint32, out []uint64) {
	at := func(j int) int {
		switch {
		case v.Enc == columnar.Const:
			return 0
		case sel != nil:
			return int(sel[j])
		}
		return j
	}
	switch {
	case v.Enc == columnar.Dict:
		hashDict(v, at, out)
	case v.Enc == columnar.Const || v.Valid != nil:
		for j := range out {
			if i := at(j); v.IsNull(i) {
				out[j] = mix(out[j], nullHash)
			} else {
				out[j] = mix(out[j], hashValue(v, i))
			}
		}
	case v.Layout == columnar.U8:
		hashInts(v.U8, v.Base, sel, out)
	case v.Layout == columnar.U16:
		hashInts(v.U16, v.Base, sel, out)
	case v.Layout == columnar.U32:
		hashInts(v.U32, v.Base, sel, out)
	case v.Layout == columnar.I64:
		hashInts(v.I64, 0, sel, out)
	default:
		for j := range out {
			out[j] = mix(out[j], hashValue(v, at(j)))
		}
	}
}

func hashInts[T integer](values []T, base int64, sel []uint32, out []uint64) {
	if sel == nil {
		for j, x := range values[:len(out)] {
			out[j] = mix(out[j], uint64(int64(x)+base))
		}
		return
	}
	for j, i := range sel {
		out[j] = mix(out[j], uint64(int64(values[i])+base))
	}
}

// hashDict hashes a dictionary's values once when it is smaller than the rows.
func hashDict(v *columnar.Vector, at func(int) int, out []uint64) {
	words := v.Dict.Values
	var known []uint64
	if words.Len <= len(out) {
		known = make([]uint64, words.Len)
		for c := range known {
			known[c] = xxh3.Hash(words.Row(c))
		}
	}
	for j := range out {
		i := at(j)
		switch {
		case v.IsNull(i):
			out[j] = mix(out[j], nullHash)
		case known != nil:
			out[j] = mix(out[j], known[v.Code(i)])
		default:
			out[j] = mix(out[j], xxh3.Hash(words.Row(int(v.Code(i)))))
		}
	}
}

// hashValue is one value's hash; integers are themselves.
func hashValue(v *columnar.Vector, i int) uint64 {
	switch v.Layout {
	case columnar.I128:
		return hash128(v.I128[i])
	case columnar.F32:
		return hashFloat(float64(v.F32[i]))
	case columnar.F64:
		return hashFloat(v.F64[i])
	case columnar.Str:
		return xxh3.Hash(v.Row(i))
	case columnar.Spans:
		return hash128(spanTotal(v.Spans[i]))
	case columnar.Bytes16:
		return xxh3.Hash(v.UUID[i][:])
	}
	return uint64(v.Int(i))
}

// hash128 is the number itself where an int64 holds it.
func hash128(x types.Int128) uint64 {
	if x.Hi == int64(x.Lo)>>63 {
		return x.Lo
	}
	return mix(uint64(x.Hi), x.Lo)
}

// hashFloat makes both zeros, and all NaNs, equal.
func hashFloat(x float64) uint64 {
	switch {
	case x == 0:
		return 0
	case x != x:
		return math.Float64bits(math.NaN())
	}
	return math.Float64bits(x)
}
