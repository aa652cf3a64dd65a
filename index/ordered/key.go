package ordered

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"strings"
	"unsafe"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/types"
)

// rank maps row i of a column to a number of the same order; ok is false for layouts whose values do
// not fit 64 bits, and for dictionaries that are not sorted.
func rank(v *columnar.Vector, i int) uint64 {
	switch {
	case v.Enc == columnar.Dict:
		return uint64(v.Code(i))
	case v.Layout <= columnar.I64:
		return uint64(v.Int(i)) ^ 1<<63
	}
	return floatRank(floatAt(v, i))
}

func floatAt(v *columnar.Vector, i int) float64 {
	if v.Enc == columnar.Const {
		i = 0
	}
	if v.Layout == columnar.F32 {
		return float64(v.F32[i])
	}
	return v.F64[i]
}

// floatRank orders as PostgreSQL does: -0 equals 0 and NaN is above all.
func floatRank(f float64) uint64 {
	switch {
	case f != f:
		return math.MaxUint64
	case f == 0:
		return 1 << 63
	}
	bits := math.Float64bits(f)
	if bits>>63 == 1 {
		return ^bits
	}
	return bits | 1<<63
}

// ranked reports whether rank gives the column's order.
func ranked(v *columnar.Vector) bool {
	if v.Enc == columnar.Dict {
		return v.Dict.Sorted
	}
	return v.Layout <= columnar.I64 || v.Layout == columnar.F32 || v.Layout == columnar.F64
}

// leading maps row i to a number that orders as the column does where numbers differ; equal numbers
// decide nothing unless the column is ranked.
func leading(v *columnar.Vector, i int) uint64 {
	switch {
	case ranked(v):
		return rank(v, i)
	case v.Layout == columnar.I128:
		return uint64(v.I128[i].Hi) ^ 1<<63
	case v.Layout == columnar.Spans:
		return 0
	}
	var first [8]byte
	copy(first[:], text(v, i))
	return binary.BigEndian.Uint64(first[:])
}

// text gives row i of a column of strings or UUIDs.
func text(v *columnar.Vector, i int) []byte {
	if v.Enc == columnar.Dict {
		return v.Dict.Values.Row(int(v.Code(i)))
	}
	if v.Enc == columnar.Const {
		i = 0
	}
	if v.Layout == columnar.Bytes16 {
		return v.UUID[i][:]
	}
	return v.Row(i)
}

// compareRows orders rows a and b by the key columns, NULLs last.
func compareRows(columns []*columnar.Vector, a, b int) int {
	for _, v := range columns {
		if c := compareIn(v, a, b); c != 0 {
			return c
		}
	}
	return 0
}

func compareIn(v *columnar.Vector, a, b int) int {
	if v.Enc == columnar.Const {
		return 0
	}
	if v.Valid != nil {
		if x, y := v.IsNull(a), v.IsNull(b); x || y {
			return nullOrder(x) - nullOrder(y)
		}
	}
	if ranked(v) {
		return cmp.Compare(rank(v, a), rank(v, b))
	}
	if v.Layout == columnar.I128 {
		return segment.CompareWide(v.I128[a], v.I128[b])
	}
	if v.Layout == columnar.Spans {
		return segment.Compare(v.Value(a), v.Value(b))
	}
	return bytes.Compare(text(v, a), text(v, b))
}

func nullOrder(null bool) int {
	if null {
		return 1
	}
	return 0
}

// CompareRows orders row a of some chunk's key columns against row b of another's, NULLs last.
func CompareRows(x []*columnar.Vector, a int, y []*columnar.Vector, b int) int {
	for at := range x {
		if c := compareAcross(x[at], a, y[at], b); c != 0 {
			return c
		}
	}
	return 0
}

func compareAcross(x *columnar.Vector, a int, y *columnar.Vector, b int) int {
	if x.IsNull(a) || y.IsNull(b) {
		return nullOrder(x.IsNull(a)) - nullOrder(y.IsNull(b))
	}
	value := y.Value(b)
	return CompareValue(x, a, &value)
}

// CompareKey orders row i against a key of the first len(key) key columns, NULLs last.
func CompareKey(columns []*columnar.Vector, i int, key []types.Value) int {
	for at := range key {
		if c := CompareValue(columns[at], i, &key[at]); c != 0 {
			return c
		}
	}
	return 0
}

// CompareValue orders row i of a column against a value, NULLs last and equal to each other.
func CompareValue(v *columnar.Vector, i int, value *types.Value) int {
	if value.Null || v.Valid != nil && v.IsNull(i) {
		return nullOrder(v.IsNull(i)) - nullOrder(value.Null)
	}
	switch v.Type.Class() {
	case types.ClassInt:
		return cmp.Compare(v.Int(i), value.I)
	case types.ClassDecimal:
		if v.Layout == columnar.I128 || value.Wide {
			return segment.CompareWide(v.Value(i).Unscaled(), value.Unscaled())
		}
		return cmp.Compare(v.Int(i), value.I)
	case types.ClassFloat:
		return cmp.Compare(rank(v, i), floatRank(value.F))
	case types.ClassInterval:
		return segment.Compare(v.Value(i), *value)
	}
	return compareText(text(v, i), value.S)
}

// compareText is bytes.Compare without a copy of the string.
func compareText(a []byte, b string) int {
	return strings.Compare(unsafe.String(unsafe.SliceData(a), len(a)), b)
}

// HasNull reports whether a key column is NULL at row i.
func HasNull(columns []*columnar.Vector, i int) bool {
	for _, v := range columns {
		if v.Valid != nil && v.IsNull(i) {
			return true
		}
	}
	return false
}

// AppendKey appends bytes that are equal exactly for equal keys, whatever the columns' layouts.
func AppendKey(dst []byte, columns []*columnar.Vector, i int) []byte {
	for _, v := range columns {
		switch v.Type.Class() {
		case types.ClassInt:
			dst = binary.LittleEndian.AppendUint64(dst, uint64(v.Int(i)))
		case types.ClassDecimal:
			dst = appendWide(dst, v.Value(i).Unscaled())
		case types.ClassFloat:
			dst = binary.LittleEndian.AppendUint64(dst, floatRank(floatAt(v, i)))
		case types.ClassInterval:
			dst = appendSpan(dst, v.Value(i).Span)
		default:
			s := text(v, i)
			dst = append(binary.AppendUvarint(dst, uint64(len(s))), s...)
		}
	}
	return dst
}

// AppendNullableKey is AppendKey for keys in which NULLs are equal.
func AppendNullableKey(dst []byte, columns []*columnar.Vector, i int) []byte {
	for at, v := range columns {
		if v.IsNull(i) {
			dst = append(dst, 0)
			continue
		}
		dst = AppendKey(append(dst, 1), columns[at:at+1], i)
	}
	return dst
}

// AppendValue appends the bytes that AppendKey does for a column of type t with this value.
func AppendValue(dst []byte, t types.Type, value *types.Value) []byte {
	switch t.Class() {
	case types.ClassInt:
		return binary.LittleEndian.AppendUint64(dst, uint64(value.I))
	case types.ClassDecimal:
		return appendWide(dst, value.Unscaled())
	case types.ClassFloat:
		return binary.LittleEndian.AppendUint64(dst, floatRank(value.F))
	case types.ClassInterval:
		return appendSpan(dst, value.Span)
	}
	return append(binary.AppendUvarint(dst, uint64(len(value.S))), value.S...)
}

func appendWide(dst []byte, wide types.Int128) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, wide.Lo), uint64(wide.Hi))
}

func appendSpan(dst []byte, span types.Span) []byte {
	dst = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(dst, uint32(span.Months)), uint32(span.Days))
	return binary.LittleEndian.AppendUint64(dst, uint64(span.Micros))
}
