package arrowio

import (
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// room is where the buffers of a record come from. Those of few rows share an allocation.
type room struct{ free []byte }

// maxShared is the size of the largest allocation that buffers share: one that is kept keeps all.
const maxShared = 1 << 10

func newRoom(columns, rows int) room {
	bytes := columns * (rows*16 + 8)
	if bytes > maxShared {
		return room{}
	}
	return room{bytesOf(make([]int64, bytes/8))}
}

// take gives n zero values; T holds no pointers and needs no more than 8 bytes of alignment.
func take[T any](r *room, n int) []T {
	var zero T
	size := (n*int(unsafe.Sizeof(zero)) + 7) &^ 7
	if n == 0 || size > len(r.free) {
		return make([]T, n)
	}
	got := unsafe.Slice((*T)(unsafe.Pointer(&r.free[0])), n)
	r.free = r.free[size:]
	return got
}

// validityBytes packs the validity of the selected rows, and counts the NULLs.
func validityBytes(r *room, v *columnar.Vector, sel []uint32, n int) ([]byte, int) {
	out := take[byte](r, (n+7)/8)
	valid := 0
	for k := range n {
		i := k
		if v.Enc == columnar.Const {
			i = 0
		} else if sel != nil {
			i = int(sel[k])
		}
		bit := byte(v.Valid[i>>6] >> (i & 63) & 1)
		out[k>>3] |= bit << (k & 7)
		valid += int(bit)
	}
	return out, n - valid
}

func bytesOf[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*int(unsafe.Sizeof(s[0])))
}

// pick copies the selected rows of src, or its one value n times, into a new slice.
func pick[T any](r *room, src []T, constant bool, sel []uint32, n int) []T {
	out := take[T](r, n)
	switch {
	case constant:
		for i := range out {
			out[i] = src[0]
		}
	case sel != nil:
		for k, i := range sel {
			out[k] = src[i]
		}
	default:
		copy(out, src)
	}
	return out
}

func fixedBytes(r *room, v *columnar.Vector, sel []uint32, n int) []byte {
	constant := v.Enc == columnar.Const
	switch v.Layout {
	case columnar.F32:
		if v.Type.Kind == types.Real {
			return bytesOf(pick(r, v.F32, constant, sel, n))
		}
		return bytesOf(convert[float64](r, pick(r, v.F32, constant, sel, n)))
	case columnar.F64:
		if v.Type.Kind == types.Real {
			return bytesOf(convert[float32](r, pick(r, v.F64, constant, sel, n)))
		}
		return bytesOf(pick(r, v.F64, constant, sel, n))
	case columnar.I128:
		return bytesOf(pick(r, v.I128, constant, sel, n))
	case columnar.Bytes16:
		return bytesOf(pick(r, v.UUID, constant, sel, n))
	case columnar.Spans:
		return spanBytes(r, pick(r, v.Spans, constant, sel, n))
	}
	return integerBytes(r, v.Type, integers(r, v, sel, n))
}

func convert[To, From float32 | float64](r *room, s []From) []To {
	out := take[To](r, len(s))
	for i, f := range s {
		out[i] = To(f)
	}
	return out
}

// integers widens the selected rows.
func integers(r *room, v *columnar.Vector, sel []uint32, n int) []int64 {
	constant := v.Enc == columnar.Const
	switch v.Layout {
	case columnar.U8:
		return widen(r, v.U8, v.Base, constant, sel, n)
	case columnar.U16:
		return widen(r, v.U16, v.Base, constant, sel, n)
	case columnar.U32:
		return widen(r, v.U32, v.Base, constant, sel, n)
	}
	return pick(r, v.I64, constant, sel, n)
}

func widen[T uint8 | uint16 | uint32](r *room, src []T, base int64, constant bool, sel []uint32, n int) []int64 {
	out := take[int64](r, n)
	switch {
	case constant:
		for i := range out {
			out[i] = base + int64(src[0])
		}
	case sel != nil:
		for k, i := range sel {
			out[k] = base + int64(src[i])
		}
	default:
		for i, x := range src[:n] {
			out[i] = base + int64(x)
		}
	}
	return out
}

// integerBytes narrows to the Arrow width of t.
func integerBytes(r *room, t types.Type, s []int64) []byte {
	switch t.Kind {
	case types.Boolean:
		out := take[byte](r, (len(s)+7)/8)
		for i, x := range s {
			out[i>>3] |= byte(x&1) << (i & 7)
		}
		return out
	case types.SmallInt:
		return bytesOf(narrow[int16](r, s))
	case types.Integer, types.Date:
		return bytesOf(narrow[int32](r, s))
	case types.Numeric:
		out := take[types.Int128](r, len(s))
		for i, x := range s {
			out[i] = types.FromInt64(x)
		}
		return bytesOf(out)
	}
	return bytesOf(s)
}

func narrow[T int16 | int32](r *room, s []int64) []T {
	out := take[T](r, len(s))
	for i, x := range s {
		out[i] = T(x)
	}
	return out
}

func spanBytes(r *room, s []types.Span) []byte {
	out := take[arrow.MonthDayNanoInterval](r, len(s))
	for i, x := range s {
		out[i] = arrow.MonthDayNanoInterval{Months: x.Months, Days: x.Days, Nanoseconds: x.Micros * 1000}
	}
	return bytesOf(out)
}

// textBytes copies texts, decoding dictionaries; char(n) gets its trailing blanks back.
func textBytes(r *room, v *columnar.Vector, sel []uint32, n int) (offsets, data []byte, err error) {
	ends := take[int32](r, n+1)
	pad := 0
	if v.Type.Kind == types.Char {
		pad = int(v.Type.Length)
	}
	var out []byte
	if pad == 0 {
		size := 0
		for k := range n {
			size += len(rowText(v, rowOf(sel, k)))
		}
		out = take[byte](r, size)[:0]
	}
	for k := range n {
		i := rowOf(sel, k)
		if pad > 0 && !v.IsNull(i) {
			out = types.AppendPadded(out, rowText(v, i), pad)
		} else {
			out = append(out, rowText(v, i)...)
		}
		if len(out) > 1<<31-1 {
			return nil, nil, sqlerr.New(sqlerr.ProgramLimitExceeded, "a batch's text column exceeds 2 GiB")
		}
		ends[k+1] = int32(len(out))
	}
	return bytesOf(ends), out, nil
}

// rowOf is the k-th selected row.
func rowOf(sel []uint32, k int) int {
	if sel != nil {
		return int(sel[k])
	}
	return k
}

// rowText is a row's text, none when it is NULL.
func rowText(v *columnar.Vector, i int) []byte {
	switch {
	case v.IsNull(i):
		return nil
	case v.Enc == columnar.Dict:
		return v.Dict.Values.Row(int(v.Code(i)))
	case v.Enc == columnar.Const:
		return v.Row(0)
	}
	return v.Row(i)
}
