package function

import (
	"iter"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// Rows are the row numbers a function computes: sel, or 0..n when sel is nil.
func Rows(n int, sel []uint32) iter.Seq[int] {
	return func(yield func(int) bool) {
		if sel == nil {
			for i := range n {
				if !yield(i) {
					return
				}
			}
			return
		}
		for _, i := range sel {
			if !yield(int(i)) {
				return
			}
		}
	}
}

// TextAt is row i of a ClassBytes vector in any encoding, borrowed.
func TextAt(v *columnar.Vector, i int) []byte {
	switch v.Enc {
	case columnar.Dict:
		return v.Dict.Values.Row(int(v.Code(i)))
	case columnar.Const:
		return v.Row(0)
	}
	return v.Row(i)
}

// FloatAt is row i of a ClassFloat vector.
func FloatAt(v *columnar.Vector, i int) float64 {
	if v.Enc == columnar.Const {
		i = 0
	}
	if v.Layout == columnar.F32 {
		return float64(v.F32[i])
	}
	return v.F64[i]
}

// DecimalAt is the unscaled integer at row i of a ClassDecimal or ClassInt vector in any layout.
func DecimalAt(v *columnar.Vector, i int) types.Int128 {
	if v.Layout == columnar.I128 {
		if v.Enc == columnar.Const {
			i = 0
		}
		return v.I128[i]
	}
	return types.FromInt64(v.Int(i))
}

// SpanAt is row i of an interval vector.
func SpanAt(v *columnar.Vector, i int) types.Span {
	if v.Enc == columnar.Const {
		i = 0
	}
	return v.Spans[i]
}

// UUIDAt is row i of a uuid vector.
func UUIDAt(v *columnar.Vector, i int) [16]byte {
	if v.Enc == columnar.Const {
		i = 0
	}
	return v.UUID[i]
}

// SetNull makes row i of an n-row out vector NULL.
func SetNull(out *columnar.Vector, n, i int) {
	if out.Valid == nil {
		out.Valid = make([]uint64, (n+63)/64)
		for w := range out.Valid {
			out.Valid[w] = ^uint64(0)
		}
	}
	out.Valid[i>>6] &^= 1 << (i & 63)
}

// TextWriter fills a Str vector row by row in ascending order; rows left out are empty.
type TextWriter struct{ Out *columnar.Vector }

// Put starts row i and gives the buffer to append its text to; the result goes back through Set.
func (w TextWriter) Put(i int) []byte {
	w.fill(i)
	return w.Out.Bytes
}

// Set takes back the buffer that Put gave.
func (w TextWriter) Set(b []byte) { w.Out.Bytes = b }

// Write sets row i to s.
func (w TextWriter) Write(i int, s []byte) { w.Set(append(w.Put(i), s...)) }

// WriteString sets row i to s.
func (w TextWriter) WriteString(i int, s string) { w.Set(append(w.Put(i), s...)) }

// Finish ends the vector after n rows.
func (w TextWriter) Finish(n int) { w.fill(n) }

func (w TextWriter) fill(i int) {
	for len(w.Out.Offsets) <= i {
		w.Out.Offsets = append(w.Out.Offsets, uint32(len(w.Out.Bytes)))
	}
}

// DecimalWriter fills a numeric vector: int64 as long as every value fits, 128 bits from the first
// that does not.
type DecimalWriter struct {
	Out *columnar.Vector
	N   int
}

// Write sets row i.
func (w DecimalWriter) Write(i int, d types.Int128) {
	if w.Out.Layout == columnar.I64 {
		if v, ok := d.Int64(); ok {
			w.Out.I64[i] = v
			return
		}
		w.widen()
	}
	w.Out.I128[i] = d
}

func (w DecimalWriter) widen() {
	w.Out.I128 = make([]types.Int128, w.N)
	for i, v := range w.Out.I64[:w.N] {
		w.Out.I128[i] = types.FromInt64(v)
	}
	w.Out.Layout = columnar.I128
}
