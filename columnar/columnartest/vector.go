// Package columnartest builds vectors of every layout from plain values, for tests.
package columnartest

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// Vector holds values in an encoding and layout drawn from r: narrow or wide, flat, dictionary or,
// when all values are equal, sometimes constant. A nil r gives the plain form.
func Vector(r *rand.Rand, t types.Type, values []types.Value) *columnar.Vector {
	draw := func(n int) bool { return r != nil && r.IntN(n) == 0 }
	v := &columnar.Vector{Type: t, Len: len(values)}
	constant := len(values) > 0 && !slices.ContainsFunc(values, func(x types.Value) bool { return x != values[0] })
	if constant && draw(3) {
		v.Enc, values = columnar.Const, values[:1]
	}
	fillValid(v, values, draw(4))
	switch t.Class() {
	case types.ClassInt:
		fillInts(v, values, draw)
	case types.ClassDecimal:
		wide := slices.ContainsFunc(values, func(x types.Value) bool { return x.Wide })
		if wide || draw(3) {
			v.Layout = columnar.I128
			for _, x := range values {
				v.I128 = append(v.I128, x.Unscaled())
			}
			break
		}
		fillInts(v, values, draw)
	case types.ClassFloat:
		v.Layout = columnar.F64
		for _, x := range values {
			v.F64 = append(v.F64, x.F)
		}
	case types.ClassInterval:
		v.Layout = columnar.Spans
		for _, x := range values {
			v.Spans = append(v.Spans, x.Span)
		}
	case types.ClassUUID:
		v.Layout = columnar.Bytes16
		for _, x := range values {
			var u [16]byte
			copy(u[:], x.S)
			v.UUID = append(v.UUID, u)
		}
	default:
		fillStrings(v, values, v.Enc != columnar.Const && draw(2), draw)
	}
	return v
}

func fillValid(v *columnar.Vector, values []types.Value, always bool) {
	if !always && !slices.ContainsFunc(values, func(x types.Value) bool { return x.Null }) {
		return
	}
	v.Valid = make([]uint64, (len(values)+63)/64)
	for i, x := range values {
		if !x.Null {
			v.Valid[i>>6] |= 1 << (i & 63)
		}
	}
}

func fillInts(v *columnar.Vector, values []types.Value, draw func(int) bool) {
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for _, x := range values {
		if !x.Null {
			lo, hi = min(lo, x.I), max(hi, x.I)
		}
	}
	if lo > hi {
		lo, hi = 0, 0
	}
	v.Bounded, v.Lo, v.Hi = draw(2), lo, hi
	v.Layout, v.Base = columnar.I64, 0
	span := uint64(hi) - uint64(lo)
	boolean := v.Type.Kind == types.Boolean
	switch {
	case boolean || span < 1<<8 && draw(2):
		v.Layout = columnar.U8
	case span < 1<<16 && draw(2):
		v.Layout = columnar.U16
	case span < 1<<32 && draw(2):
		v.Layout = columnar.U32
	}
	if v.Layout != columnar.I64 && !boolean {
		v.Base = lo
	}
	for _, x := range values {
		i := x.I
		if x.Null {
			i = lo
		}
		i -= v.Base
		switch v.Layout {
		case columnar.U8:
			v.U8 = append(v.U8, uint8(i))
		case columnar.U16:
			v.U16 = append(v.U16, uint16(i))
		case columnar.U32:
			v.U32 = append(v.U32, uint32(i))
		default:
			v.I64 = append(v.I64, i)
		}
	}
}

func fillStrings(v *columnar.Vector, values []types.Value, dict bool, draw func(int) bool) {
	if !dict {
		v.Layout, v.Offsets = columnar.Str, []uint32{0}
		for _, x := range values {
			v.Bytes = append(v.Bytes, x.S...)
			v.Offsets = append(v.Offsets, uint32(len(v.Bytes)))
		}
		return
	}
	var distinct []string
	for _, x := range values {
		distinct = append(distinct, x.S)
	}
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	v.Enc, v.Layout = columnar.Dict, columnar.U32
	switch {
	case len(distinct) <= 1<<8 && draw(2):
		v.Layout = columnar.U8
	case len(distinct) <= 1<<16 && draw(2):
		v.Layout = columnar.U16
	}
	for _, x := range values {
		code, _ := slices.BinarySearch(distinct, x.S)
		switch v.Layout {
		case columnar.U8:
			v.U8 = append(v.U8, uint8(code))
		case columnar.U16:
			v.U16 = append(v.U16, uint16(code))
		default:
			v.U32 = append(v.U32, uint32(code))
		}
	}
	d := &columnar.Vector{Type: v.Type, Layout: columnar.Str, Len: len(distinct), Offsets: []uint32{0}, Shared: true}
	for _, s := range distinct {
		d.Bytes = append(d.Bytes, s...)
		d.Offsets = append(d.Offsets, uint32(len(d.Bytes)))
	}
	v.Dict = &columnar.Dictionary{Values: d, Sorted: true}
}

// Value draws a value of type t, from few distinct ones when narrow, NULL now and then.
func Value(r *rand.Rand, t types.Type, narrow, nullable bool) types.Value {
	if nullable && r.IntN(6) == 0 {
		return types.Null(t)
	}
	n := r.Int64N(1 << 40)
	if narrow {
		n = r.Int64N(7)
	}
	switch t.Class() {
	case types.ClassInt:
		lo, hi := t.Bounds()
		if !narrow && r.IntN(50) == 0 {
			return types.Int(t, []int64{lo, hi}[r.IntN(2)])
		}
		return types.Int(t, min(max(n, lo), hi))
	case types.ClassDecimal:
		if !narrow && r.IntN(4) == 0 && t.Precision > types.MaxInt64Precision {
			return types.Decimal(t, types.Int128{Lo: uint64(n), Hi: n % 5})
		}
		return types.Int(t, n-3)
	case types.ClassFloat:
		return types.Float(t, float64(n)/4)
	case types.ClassInterval:
		return types.Value{Type: t, Span: types.Span{Months: int32(n % 3), Days: int32(n % 5), Micros: n}}
	case types.ClassUUID:
		return types.Str(t, string([]byte{byte(n), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, byte(n >> 8)}))
	}
	letters := []string{"", "a", "ab", "b", "zebra", "BUILDING", "x\x00y"}
	if narrow {
		return types.Str(t, letters[n%7])
	}
	return types.Str(t, letters[n%7]+letters[n/7%7]+string(rune('a'+n/49%26)))
}
