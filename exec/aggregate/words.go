package aggregate

import (
	"math"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/simd"
	"github.com/oxidb/oxidb/types"
)

// The loops that fold a batch into group rows. ids[j] is the group of the j-th row that counts and
// every value slice is dense, aligned with ids; a nil ids means the one group 0.

func countRows(words []int64, stride, word int, ids []uint32) {
	if stride == 1 {
		for _, g := range ids {
			words[g]++
		}
		return
	}
	for _, g := range ids {
		words[int(g)*stride+word]++
	}
}

func add1(words []int64, stride, wa int, ids []uint32, a []int64) {
	a = a[:len(ids)]
	for j, g := range ids {
		words[int(g)*stride+wa] += a[j]
	}
}

// addRows1 to addRows4 also count the row in word 0: several words of one group row in one pass.
func addRows1(words []int64, stride, wa int, ids []uint32, a []int64) {
	a = a[:len(ids)]
	for j, g := range ids {
		row := words[int(g)*stride:]
		row = row[:stride]
		row[0]++
		row[wa] += a[j]
	}
}

func add2(words []int64, stride int, w [4]int, ids []uint32, a, b []int64) {
	a, b = a[:len(ids)], b[:len(ids)]
	wa, wb := w[0], w[1]
	for j, g := range ids {
		row := words[int(g)*stride:]
		row = row[:stride]
		row[wa] += a[j]
		row[wb] += b[j]
	}
}

func addRows2(words []int64, stride int, w [4]int, ids []uint32, a, b []int64) {
	a, b = a[:len(ids)], b[:len(ids)]
	wa, wb := w[0], w[1]
	for j, g := range ids {
		row := words[int(g)*stride:]
		row = row[:stride]
		row[0]++
		row[wa] += a[j]
		row[wb] += b[j]
	}
}

func add3(words []int64, stride int, w [4]int, ids []uint32, a, b, c []int64) {
	a, b, c = a[:len(ids)], b[:len(ids)], c[:len(ids)]
	wa, wb, wc := w[0], w[1], w[2]
	for j, g := range ids {
		row := words[int(g)*stride:]
		row = row[:stride]
		row[wa] += a[j]
		row[wb] += b[j]
		row[wc] += c[j]
	}
}

func addRows3(words []int64, stride int, w [4]int, ids []uint32, a, b, c []int64) {
	a, b, c = a[:len(ids)], b[:len(ids)], c[:len(ids)]
	wa, wb, wc := w[0], w[1], w[2]
	for j, g := range ids {
		row := words[int(g)*stride:]
		row = row[:stride]
		row[0]++
		row[wa] += a[j]
		row[wb] += b[j]
		row[wc] += c[j]
	}
}

func addRows4(words []int64, stride int, w [4]int, ids []uint32, a, b, c, d []int64) {
	a, b, c, d = a[:len(ids)], b[:len(ids)], c[:len(ids)], d[:len(ids)]
	wa, wb, wc, wd := w[0], w[1], w[2], w[3]
	for j, g := range ids {
		row := words[int(g)*stride:]
		row = row[:stride]
		row[0]++
		row[wa] += a[j]
		row[wb] += b[j]
		row[wc] += c[j]
		row[wd] += d[j]
	}
}

func addFloats(words []int64, stride, word int, ids []uint32, a []int64) {
	a = a[:len(ids)]
	for j, g := range ids {
		at := int(g)*stride + word
		words[at] = int64(math.Float64bits(math.Float64frombits(uint64(words[at])) + math.Float64frombits(uint64(a[j]))))
	}
}

func minInts(words []int64, stride, word int, ids []uint32, a []int64) {
	a = a[:len(ids)]
	for j, g := range ids {
		at := int(g)*stride + word
		words[at] = min(words[at], a[j])
	}
}

func maxInts(words []int64, stride, word int, ids []uint32, a []int64) {
	a = a[:len(ids)]
	for j, g := range ids {
		at := int(g)*stride + word
		words[at] = max(words[at], a[j])
	}
}

// foldOne folds all values into a single word.
func foldOne(kind wordKind, word *int64, a []int64) {
	switch kind {
	case addInt:
		*word += simd.Total(a)
	case addFloat:
		sum := math.Float64frombits(uint64(*word))
		for _, x := range a {
			sum += math.Float64frombits(uint64(x))
		}
		*word = int64(math.Float64bits(sum))
	case minInt:
		for _, x := range a {
			*word = min(*word, x)
		}
	case maxInt:
		for _, x := range a {
			*word = max(*word, x)
		}
	}
}

// mergeWord folds word b of another group into a.
func mergeWord(kind wordKind, a *int64, b int64) {
	switch kind {
	case addInt:
		*a += b
	case addFloat:
		*a = int64(math.Float64bits(math.Float64frombits(uint64(*a)) + math.Float64frombits(uint64(b))))
	case minInt:
		*a = min(*a, b)
	case maxInt:
		*a = max(*a, b)
	}
}

type integer interface {
	uint8 | uint16 | uint32 | int64
}

// widen copies the rows of an integer vector densely to dst as int64.
func widen(dst []int64, v *columnar.Vector, sel []uint32) {
	if v.Enc == columnar.Const {
		x := v.Int(0)
		for i := range dst {
			dst[i] = x
		}
		return
	}
	switch v.Layout {
	case columnar.U8:
		widenInts(dst, v.U8, sel, v.Base)
	case columnar.U16:
		widenInts(dst, v.U16, sel, v.Base)
	case columnar.U32:
		widenInts(dst, v.U32, sel, v.Base)
	case columnar.I64:
		widenInts(dst, v.I64, sel, 0)
	}
}

func widenInts[T integer](dst []int64, v []T, sel []uint32, base int64) {
	if sel == nil {
		simd.Widen(dst, v, base)
		return
	}
	dst = dst[:len(sel)]
	for j, i := range sel {
		dst[j] = int64(v[i]) + base
	}
}

// floatBits copies the rows of a float vector as bits, sortable as int64 when ordered is set.
func floatBits(dst []int64, v *columnar.Vector, sel []uint32, ordered bool) {
	for j := range dst {
		i := j
		if sel != nil {
			i = int(sel[j])
		}
		if v.Enc == columnar.Const {
			i = 0
		}
		x := 0.0
		if v.Layout == columnar.F32 {
			x = float64(v.F32[i])
		} else {
			x = v.F64[i]
		}
		if ordered {
			dst[j] = sortable(x)
		} else {
			dst[j] = int64(math.Float64bits(x))
		}
	}
}

// sortable maps floats to int64 in PostgreSQL's order: NaN is the greatest, -0 equals 0.
func sortable(x float64) int64 {
	switch {
	case x != x:
		return math.MaxInt64 - 1
	case x == 0:
		return 0
	}
	b := int64(math.Float64bits(x))
	return b ^ int64(uint64(b>>63)>>1)
}

func fromSortable(b int64) float64 {
	if b == math.MaxInt64-1 {
		return math.NaN()
	}
	return math.Float64frombits(uint64(b ^ int64(uint64(b>>63)>>1)))
}

// narrowDecimals copies decimals known to fit int64.
func narrowDecimals(dst []int64, v *columnar.Vector, sel []uint32) {
	for j := range dst {
		dst[j] = int64(decimalAt(v, sel, j).Lo)
	}
}

func decimalAt(v *columnar.Vector, sel []uint32, j int) types.Int128 {
	if sel != nil {
		j = int(sel[j])
	}
	if v.Enc == columnar.Const {
		j = 0
	}
	if v.Layout == columnar.I128 {
		return v.I128[j]
	}
	return types.FromInt64(v.Int(j))
}
