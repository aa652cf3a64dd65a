// Package kerneltest makes vectors for tests: the same values in every layout and encoding that they
// allow.
package kerneltest

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// Vector makes a vector of vals in a random layout and encoding that can hold them. The slots of NULLs
// hold the carrier that their value has.
func Vector(r *rand.Rand, t types.Type, vals []types.Value) *columnar.Vector {
	v := &columnar.Vector{Type: t, Len: len(vals)}
	if allEqual(vals) && r.IntN(2) == 0 {
		v.Enc = columnar.Const
		vals = vals[:1]
	}
	setValid(r, v, vals)
	switch t.Class() {
	case types.ClassInt, types.ClassDecimal:
		setNumbers(r, v, vals)
	case types.ClassFloat:
		setFloats(r, v, vals)
	case types.ClassInterval:
		v.Layout = columnar.Spans
		for _, x := range vals {
			v.Spans = append(v.Spans, x.Span)
		}
	case types.ClassUUID:
		v.Layout = columnar.Bytes16
		for _, x := range vals {
			var id [16]byte
			copy(id[:], x.S)
			v.UUID = append(v.UUID, id)
		}
	default:
		setTexts(r, v, vals)
	}
	return v
}

func allEqual(vals []types.Value) bool {
	for _, v := range vals {
		if v.Null != vals[0].Null || (!v.Null && (v != vals[0] || math.Signbit(v.F) != math.Signbit(vals[0].F))) {
			return false
		}
	}
	return len(vals) > 0
}

func setValid(r *rand.Rand, v *columnar.Vector, vals []types.Value) {
	nulls := slices.ContainsFunc(vals, func(x types.Value) bool { return x.Null })
	if !nulls && r.IntN(4) > 0 {
		return
	}
	v.Valid = make([]uint64, (len(vals)+63)/64)
	for i, x := range vals {
		if !x.Null {
			v.Valid[i>>6] |= 1 << (i & 63)
		}
	}
}

func setNumbers(r *rand.Rand, v *columnar.Vector, vals []types.Value) {
	for _, x := range vals {
		if x.Wide {
			v.Layout = columnar.I128
		}
	}
	if v.Layout == columnar.I128 || (v.Type.Kind == types.Numeric && r.IntN(4) == 0) {
		v.Layout = columnar.I128
		for _, x := range vals {
			v.I128 = append(v.I128, x.Unscaled())
		}
		return
	}
	lo, hi := int64(0), int64(0)
	for i, x := range vals {
		if i == 0 {
			lo, hi = x.I, x.I
		}
		lo, hi = min(lo, x.I), max(hi, x.I)
	}
	v.Bounded, v.Lo, v.Hi = r.IntN(3) > 0, lo, hi
	span, base := uint64(hi)-uint64(lo), lo
	if lo >= 0 && r.IntN(2) == 0 {
		span, base = uint64(hi), 0
	}
	if v.Type.Kind == types.Boolean {
		span, base = 1, 0
	}
	switch narrowest := r.IntN(4); {
	case span < 1<<8 && (narrowest == 0 || v.Type.Kind == types.Boolean):
		v.Layout, v.Base = columnar.U8, base
		v.U8 = narrow[uint8](vals, base)
	case span < 1<<16 && narrowest <= 1:
		v.Layout, v.Base = columnar.U16, base
		v.U16 = narrow[uint16](vals, base)
	case span < 1<<32 && narrowest <= 2:
		v.Layout, v.Base = columnar.U32, base
		v.U32 = narrow[uint32](vals, base)
	default:
		v.Layout = columnar.I64
		for _, x := range vals {
			v.I64 = append(v.I64, x.I)
		}
	}
}

func narrow[T uint8 | uint16 | uint32](vals []types.Value, base int64) []T {
	out := make([]T, len(vals))
	for i, x := range vals {
		out[i] = T(uint64(x.I) - uint64(base))
	}
	return out
}

func setFloats(r *rand.Rand, v *columnar.Vector, vals []types.Value) {
	v.Layout = columnar.F64
	if v.Type.Kind == types.Real && r.IntN(2) == 0 {
		v.Layout = columnar.F32
	}
	for _, x := range vals {
		v.F64 = append(v.F64, x.F)
		v.F32 = append(v.F32, float32(x.F))
	}
}

func setTexts(r *rand.Rand, v *columnar.Vector, vals []types.Value) {
	if v.Enc == columnar.Const || r.IntN(2) == 0 {
		v.Layout = columnar.Str
		v.Bytes = []byte("before"[:r.IntN(6)]) // offsets need not begin at 0
		v.Offsets = append(v.Offsets, uint32(len(v.Bytes)))
		for _, x := range vals {
			v.Bytes = append(v.Bytes, x.S...)
			v.Offsets = append(v.Offsets, uint32(len(v.Bytes)))
		}
		return
	}
	v.Enc = columnar.Dict
	var texts []string
	for _, x := range vals {
		texts = append(texts, x.S)
	}
	slices.Sort(texts)
	texts = slices.Compact(texts)
	v.Dict = Dictionary(v.Type, texts)
	v.Layout = columnar.U8 + columnar.Layout(r.IntN(3))
	if len(texts) > 256 && v.Layout == columnar.U8 {
		v.Layout = columnar.U16
	}
	for _, x := range vals {
		code, _ := slices.BinarySearch(texts, x.S)
		v.U8, v.U16, v.U32 = append(v.U8, uint8(code)), append(v.U16, uint16(code)), append(v.U32, uint32(code))
	}
}

// Dictionary makes a sorted dictionary of distinct sorted texts.
func Dictionary(t types.Type, texts []string) *columnar.Dictionary {
	values := &columnar.Vector{Type: t, Layout: columnar.Str, Len: len(texts), Offsets: []uint32{0}, Shared: true}
	for _, s := range texts {
		values.Bytes = append(values.Bytes, s...)
		values.Offsets = append(values.Offsets, uint32(len(values.Bytes)))
	}
	return &columnar.Dictionary{Values: values, Sorted: true}
}

// Selection is a random ascending choice of n rows, sometimes nil (all) or empty.
func Selection(r *rand.Rand, n int) []uint32 {
	if r.IntN(3) == 0 {
		return nil
	}
	sel, keep := []uint32{}, r.IntN(4)
	for i := range n {
		if r.IntN(4) <= keep {
			sel = append(sel, uint32(i))
		}
	}
	return sel
}

// Rows lists the rows of a selection of n.
func Rows(n int, sel []uint32) []uint32 {
	if sel != nil {
		return sel
	}
	out := make([]uint32, n)
	for i := range out {
		out[i] = uint32(i)
	}
	return out
}
