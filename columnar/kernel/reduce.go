package kernel

import "github.com/oxidb/oxidb/types"

// Sum adds the rows of sel in int64. Four accumulators break the dependency chain; the caller has
// proved that the sum fits.
func Sum[T Integer](vals []T, sel []uint32) int64 {
	var a, b, c, d int64
	if sel == nil {
		for len(vals) >= 4 {
			v := vals[:4:4]
			a += int64(v[0])
			b += int64(v[1])
			c += int64(v[2])
			d += int64(v[3])
			vals = vals[4:]
		}
		for _, x := range vals {
			a += int64(x)
		}
		return a + b + c + d
	}
	for len(sel) >= 4 {
		s := sel[:4:4]
		a += int64(vals[s[0]])
		b += int64(vals[s[1]])
		c += int64(vals[s[2]])
		d += int64(vals[s[3]])
		sel = sel[4:]
	}
	for _, i := range sel {
		a += int64(vals[i])
	}
	return a + b + c + d
}

// SumInt64 adds the rows of sel in 128 bits, which cannot overflow.
func SumInt64(vals []int64, sel []uint32) types.Int128 {
	var low uint64
	var high int64
	if sel == nil {
		for _, x := range vals {
			low, high = addTo(low, high, x)
		}
		return types.Int128{Lo: low, Hi: high}
	}
	for _, i := range sel {
		low, high = addTo(low, high, vals[i])
	}
	return types.Int128{Lo: low, Hi: high}
}

func addTo(low uint64, high int64, x int64) (uint64, int64) {
	s := low + uint64(x)
	high += x>>63 + int64(b2i(s < low))
	return s, high
}

// SumInt128 adds the rows of sel; ok is false on overflow of 128 bits.
func SumInt128(vals []types.Int128, sel []uint32) (sum types.Int128, ok bool) {
	if sel == nil {
		for _, x := range vals {
			if sum, ok = sum.Add(x); !ok {
				return sum, false
			}
		}
		return sum, true
	}
	for _, i := range sel {
		if sum, ok = sum.Add(vals[i]); !ok {
			return sum, false
		}
	}
	return sum, true
}

// MinMax gives the least and greatest of the rows of sel, of which there is at least one.
func MinMax[T Integer](vals []T, sel []uint32) (lo, hi T) {
	if sel == nil {
		lo, hi = vals[0], vals[0]
		for _, x := range vals {
			lo, hi = min(lo, x), max(hi, x)
		}
		return lo, hi
	}
	lo, hi = vals[sel[0]], vals[sel[0]]
	for _, i := range sel {
		lo, hi = min(lo, vals[i]), max(hi, vals[i])
	}
	return lo, hi
}

// MinMaxFloat is MinMax in PostgreSQL's order of floats (NaN greatest).
func MinMaxFloat(vals []float64, sel []uint32) (lo, hi float64) {
	if sel == nil {
		lo, hi = vals[0], vals[0]
		for _, x := range vals {
			lo, hi = orderFloat(lo, hi, x)
		}
		return lo, hi
	}
	lo, hi = vals[sel[0]], vals[sel[0]]
	for _, i := range sel {
		lo, hi = orderFloat(lo, hi, vals[i])
	}
	return lo, hi
}

func orderFloat(lo, hi, x float64) (float64, float64) {
	if LessFloat(x, lo) {
		lo = x
	}
	if LessFloat(hi, x) {
		hi = x
	}
	return lo, hi
}

// MinMax128 is MinMax of 128-bit values.
func MinMax128(vals []types.Int128, sel []uint32) (lo, hi types.Int128) {
	first := 0
	if sel != nil {
		first = int(sel[0])
	}
	lo, hi = vals[first], vals[first]
	visit := func(x types.Int128) {
		if Less128(x, lo) {
			lo = x
		}
		if Less128(hi, x) {
			hi = x
		}
	}
	if sel == nil {
		for _, x := range vals {
			visit(x)
		}
		return lo, hi
	}
	for _, i := range sel {
		visit(vals[i])
	}
	return lo, hi
}
