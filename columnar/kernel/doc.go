// Package kernel is the typed loops under expressions and operators: comparisons that yield
// selections, arithmetic, null bitmaps, gathers and reductions, on plain slices.
//
// K1: a selection is ascending row numbers; nil means all rows. Kernels that refine a selection may
// write their output over their input.
// K2: kernels without an error result may be run over rows that do not count (NULLs, rows outside
// the selection): they read whatever stands there and write something there.
// K3: loops over rows contain no call through an interface or function value, and no branch on data
// where a flag move will do.
package kernel

import (
	"math"

	"github.com/oxidb/oxidb/columnar"
)

// Integer is the element types of integer layouts.
type Integer interface {
	uint8 | uint16 | uint32 | int64
}

// b2i turns a comparison into 0 or 1; the compiler makes it a flag move.
func b2i(b bool) int {
	var x int
	if b {
		x = 1
	}
	return x
}

// Bounds gives limits for the values of an integer layout: the promised ones, else what the layout
// and the type can hold. ok is false for other layouts.
func Bounds(v *columnar.Vector) (lo, hi int64, ok bool) {
	if v.Layout > columnar.I64 || v.Enc == columnar.Dict {
		return 0, 0, false
	}
	switch {
	case v.Enc == columnar.Const && !v.IsNull(0):
		x := v.Int(0)
		return x, x, true
	case v.Bounded:
		return v.Lo, v.Hi, true
	}
	lo, hi = v.Type.Bounds()
	if v.Layout != columnar.I64 {
		lo, hi = max(lo, v.Base), min(hi, saturatingAdd(v.Base, narrowMax(v.Layout)))
	}
	return lo, hi, true
}

// narrowMax is the greatest element of layout U8, U16 or U32.
func narrowMax(l columnar.Layout) int64 {
	switch l {
	case columnar.U8:
		return math.MaxUint8
	case columnar.U16:
		return math.MaxUint16
	}
	return math.MaxUint32
}

func saturatingAdd(a, b int64) int64 {
	if s := a + b; s >= a { // b is not negative
		return s
	}
	return math.MaxInt64
}
