package segment

import (
	"cmp"

	"github.com/oxidb/oxidb/types"
)

// Compare orders two values of one type that are not NULL: numbers by size with NaN above all, strings
// and UUIDs bytewise, intervals by months, days and microseconds.
func Compare(a, b types.Value) int {
	switch a.Type.Class() {
	case types.ClassDecimal:
		if a.Wide || b.Wide {
			return CompareWide(a.Unscaled(), b.Unscaled())
		}
		return cmp.Compare(a.I, b.I)
	case types.ClassFloat:
		return compareFloats(a.F, b.F)
	case types.ClassBytes, types.ClassUUID:
		return cmp.Compare(a.S, b.S)
	case types.ClassInterval:
		return cmp.Or(cmp.Compare(a.Span.Months, b.Span.Months), cmp.Compare(a.Span.Days, b.Span.Days), cmp.Compare(a.Span.Micros, b.Span.Micros))
	}
	return cmp.Compare(a.I, b.I)
}

// CompareWide orders 128-bit integers.
func CompareWide(a, b types.Int128) int {
	return cmp.Or(cmp.Compare(a.Hi, b.Hi), cmp.Compare(a.Lo, b.Lo))
}
