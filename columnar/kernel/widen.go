package kernel

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// Int64s gives v's values of an integer layout as int64 at the rows' own positions: v's own slice
// when it has that form, else scratch, which has room for n.
func Int64s(v *columnar.Vector, n int, sel []uint32, scratch []int64) []int64 {
	switch {
	case v.Enc == columnar.Const:
		return fill(scratch[:n], v.Int(0))
	case v.Layout == columnar.I64:
		return v.I64[:n]
	}
	Affine(v, 1, v.Base, n, sel, scratch)
	return scratch[:n]
}

// Int128s is Int64s for numeric vectors in any layout, as 128 bits.
func Int128s(v *columnar.Vector, n int, sel []uint32, scratch []types.Int128) []types.Int128 {
	switch {
	case v.Layout == columnar.I128 && v.Enc == columnar.Const:
		return fill(scratch[:n], v.I128[0])
	case v.Layout == columnar.I128:
		return v.I128[:n]
	case v.Enc == columnar.Const:
		return fill(scratch[:n], types.FromInt64(v.Int(0)))
	case v.Layout == columnar.U8:
		widen128(v.U8[:n], v.Base, sel, scratch)
	case v.Layout == columnar.U16:
		widen128(v.U16[:n], v.Base, sel, scratch)
	case v.Layout == columnar.U32:
		widen128(v.U32[:n], v.Base, sel, scratch)
	default:
		widen128(v.I64[:n], 0, sel, scratch)
	}
	return scratch[:n]
}

func widen128[A Integer](a []A, base int64, sel []uint32, out []types.Int128) {
	if dense(len(a), sel) {
		out = out[:len(a)]
		for i, x := range a {
			out[i] = types.FromInt64(int64(x) + base)
		}
		return
	}
	for _, i := range sel {
		out[i] = types.FromInt64(int64(a[i]) + base)
	}
}

// Float64s gives a float vector's values as float64 at the rows' own positions.
func Float64s(v *columnar.Vector, n int, scratch []float64) []float64 {
	switch {
	case v.Enc == columnar.Const && v.Layout == columnar.F32:
		return fill(scratch[:n], float64(v.F32[0]))
	case v.Enc == columnar.Const:
		return fill(scratch[:n], v.F64[0])
	case v.Layout == columnar.F64:
		return v.F64[:n]
	}
	scratch = scratch[:n]
	for i, x := range v.F32[:n] {
		scratch[i] = float64(x)
	}
	return scratch
}

// Spans gives an interval vector's values at the rows' own positions.
func Spans(v *columnar.Vector, n int, scratch []types.Span) []types.Span {
	if v.Enc == columnar.Const {
		return fill(scratch[:n], v.Spans[0])
	}
	return v.Spans[:n]
}

func fill[T any](s []T, x T) []T {
	for i := range s {
		s[i] = x
	}
	return s
}
