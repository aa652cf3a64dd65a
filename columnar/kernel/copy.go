package kernel

import (
	"slices"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// Plain is the layout that holds every value of t without a base: what CopyAt fills. Numerics begin as
// I64 and become I128 when a value needs it.
func Plain(t types.Type) columnar.Layout {
	switch t.Class() {
	case types.ClassInt:
		if t.Kind == types.Boolean {
			return columnar.U8
		}
		return columnar.I64
	case types.ClassDecimal:
		return columnar.I64
	case types.ClassFloat:
		return columnar.F64
	case types.ClassInterval:
		return columnar.Spans
	case types.ClassUUID:
		return columnar.Bytes16
	}
	return columnar.Str
}

// CopyAt copies the rows idx of src (nil: all src.Len) to the rows dstPos, dstPos+1, … of dst, which
// grows as needed. dst is Flat, owns its memory and has its type's Plain layout; a zero Vector becomes
// that of src's type. Text can only be appended: dstPos is dst.Len. Rows may be overwritten, and rows
// left out below dstPos are unspecified.
func CopyAt(dst, src *columnar.Vector, idx []uint32, dstPos int) {
	if dst.Len == 0 && dst.Type == (types.Type{}) {
		dst.Type, dst.Layout = src.Type, Plain(src.Type)
	}
	if idx == nil {
		idx = Iota(src.Len, make([]uint32, src.Len))
	}
	dst.Bounded = false
	copyValid(dst, src, idx, dstPos)
	switch dst.Layout {
	case columnar.U8, columnar.I64, columnar.I128:
		copyNumbers(dst, src, idx, dstPos)
	case columnar.F64:
		dst.F64 = extend(dst.F64, dstPos+len(idx))
		copyFloats(dst.F64[dstPos:], src, idx)
	case columnar.Spans:
		dst.Spans = extend(dst.Spans, dstPos+len(idx))
		place(dst.Spans[dstPos:], src.Spans, idx, src.Enc)
	case columnar.Bytes16:
		dst.UUID = extend(dst.UUID, dstPos+len(idx))
		place(dst.UUID[dstPos:], src.UUID, idx, src.Enc)
	case columnar.Str:
		appendTexts(dst, src, idx)
	}
	dst.Len = max(dst.Len, dstPos+len(idx))
}

// extend gives s with length n at least.
func extend[T any](s []T, n int) []T {
	if n <= len(s) {
		return s
	}
	return slices.Grow(s, n-len(s))[:n]
}

func copyValid(dst, src *columnar.Vector, idx []uint32, at int) {
	if src.Valid == nil && dst.Valid == nil {
		return
	}
	had := len(dst.Valid)
	dst.Valid = extend(dst.Valid, Words(max(dst.Len, at+len(idx))))
	for w := had; w < len(dst.Valid); w++ {
		dst.Valid[w] = ^uint64(0)
	}
	for k, i := range idx {
		row, bit := at+k, uint64(1)
		if src.Valid != nil && src.IsNull(int(i)) {
			bit = 0
		}
		dst.Valid[row>>6] = dst.Valid[row>>6]&^(1<<(row&63)) | bit<<(row&63)
	}
}

func copyNumbers(dst, src *columnar.Vector, idx []uint32, at int) {
	if src.Layout == columnar.I128 && dst.Layout == columnar.I64 {
		dst.I128 = extend(dst.I128[:0], dst.Len)
		for i, v := range dst.I64[:dst.Len] {
			dst.I128[i] = types.FromInt64(v)
		}
		dst.Layout = columnar.I128
	}
	end := at + len(idx)
	switch {
	case dst.Layout == columnar.I128 && src.Layout == columnar.I128:
		dst.I128 = extend(dst.I128, end)
		place(dst.I128[at:], src.I128, idx, src.Enc)
	case dst.Layout == columnar.I128:
		dst.I128 = extend(dst.I128, end)
		for k, i := range idx {
			dst.I128[at+k] = types.FromInt64(src.Int(int(i)))
		}
	case dst.Layout == columnar.U8: // booleans
		dst.U8 = extend(dst.U8, end)
		for k, i := range idx {
			dst.U8[at+k] = uint8(src.Int(int(i)))
		}
	default:
		dst.I64 = extend(dst.I64, end)
		copyInts(dst.I64[at:], src, idx)
	}
}

func copyInts(dst []int64, src *columnar.Vector, idx []uint32) {
	switch {
	case src.Enc == columnar.Const:
		fill(dst[:len(idx)], src.Int(0))
	case src.Layout == columnar.U8:
		placeWide(dst, src.U8, src.Base, idx)
	case src.Layout == columnar.U16:
		placeWide(dst, src.U16, src.Base, idx)
	case src.Layout == columnar.U32:
		placeWide(dst, src.U32, src.Base, idx)
	default:
		placeWide(dst, src.I64, 0, idx)
	}
}

func placeWide[T Integer](dst []int64, vals []T, base int64, idx []uint32) {
	dst = dst[:len(idx)]
	for k, i := range idx {
		dst[k] = int64(vals[i]) + base
	}
}

func copyFloats(dst []float64, src *columnar.Vector, idx []uint32) {
	if src.Layout == columnar.F64 {
		place(dst, src.F64, idx, src.Enc)
		return
	}
	for k, i := range idx {
		if src.Enc == columnar.Const {
			i = 0
		}
		dst[k] = float64(src.F32[i])
	}
}

func place[T any](dst, vals []T, idx []uint32, enc columnar.Encoding) {
	dst = dst[:len(idx)]
	if enc == columnar.Const {
		fill(dst, vals[0])
		return
	}
	for k, i := range idx {
		dst[k] = vals[i]
	}
}

func appendTexts(dst, src *columnar.Vector, idx []uint32) {
	if len(dst.Offsets) == 0 {
		dst.Offsets = append(dst.Offsets, uint32(len(dst.Bytes)))
	}
	for _, i := range idx {
		if !src.IsNull(int(i)) {
			dst.Bytes = append(dst.Bytes, textAt(src, i)...)
		}
		dst.Offsets = append(dst.Offsets, uint32(len(dst.Bytes)))
	}
}

func textAt(v *columnar.Vector, i uint32) []byte {
	switch v.Enc {
	case columnar.Dict:
		return v.Dict.Values.Row(int(v.Code(int(i))))
	case columnar.Const:
		return v.Row(0)
	}
	return v.Row(int(i))
}
