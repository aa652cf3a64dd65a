// Package arrowio turns batches into Arrow records for callers and the wire, and Arrow records into
// batches. Records own their memory; batches made from records borrow theirs.
package arrowio

import (
	"math/bits"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Schema is the Arrow schema of named columns.
func Schema(names []string, kinds []types.Type) *arrow.Schema {
	fields := make([]arrow.Field, len(names))
	for i := range names {
		fields[i] = types.Field(names[i], kinds[i], true)
	}
	return arrow.NewSchema(fields, nil)
}

// Record copies the selected rows of b into a record of the schema.
func Record(schema *arrow.Schema, b *columnar.Batch) (arrow.RecordBatch, error) {
	n := b.Rows()
	cols := make([]arrow.Array, len(b.Cols))
	defer func() {
		for _, c := range cols {
			if c != nil {
				c.Release()
			}
		}
	}()
	for i, v := range b.Cols {
		data, err := arrayData(schema.Field(i).Type, v, b.Sel, n)
		if err != nil {
			return nil, err
		}
		cols[i] = array.MakeFromData(data)
		data.Release()
	}
	return array.NewRecordBatch(schema, cols, int64(n)), nil
}

// arrayData copies rows of v, in any encoding, into plain Arrow buffers.
func arrayData(dt arrow.DataType, v *columnar.Vector, sel []uint32, n int) (*array.Data, error) {
	validity, nulls := validityBytes(v, sel, n)
	var buffers []*memory.Buffer
	switch v.Type.Class() {
	case types.ClassBytes:
		offsets, data, err := textBytes(v, sel, n)
		if err != nil {
			return nil, err
		}
		buffers = []*memory.Buffer{validity, memory.NewBufferBytes(offsets), memory.NewBufferBytes(data)}
	default:
		buffers = []*memory.Buffer{validity, memory.NewBufferBytes(fixedBytes(v, sel, n))}
	}
	return array.NewData(dt, n, buffers, nil, nulls, 0), nil
}

// validityBytes packs the validity of the selected rows; nil when there are no NULLs.
func validityBytes(v *columnar.Vector, sel []uint32, n int) (*memory.Buffer, int) {
	if v.Valid == nil {
		return nil, 0
	}
	out := make([]byte, (n+7)/8+8)
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
	return memory.NewBufferBytes(out[:(n+7)/8]), n - valid
}

func bytesOf[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*int(unsafe.Sizeof(s[0])))
}

// pick copies the selected rows of src, or its one value n times, into a new slice.
func pick[T any](src []T, constant bool, sel []uint32, n int) []T {
	out := make([]T, n)
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

func fixedBytes(v *columnar.Vector, sel []uint32, n int) []byte {
	constant := v.Enc == columnar.Const
	switch v.Layout {
	case columnar.F32:
		if v.Type.Kind == types.Real {
			return bytesOf(pick(v.F32, constant, sel, n))
		}
		return bytesOf(convert[float64](pick(v.F32, constant, sel, n)))
	case columnar.F64:
		if v.Type.Kind == types.Real {
			return bytesOf(convert[float32](pick(v.F64, constant, sel, n)))
		}
		return bytesOf(pick(v.F64, constant, sel, n))
	case columnar.I128:
		return bytesOf(pick(v.I128, constant, sel, n))
	case columnar.Bytes16:
		return bytesOf(pick(v.UUID, constant, sel, n))
	case columnar.Spans:
		return spanBytes(pick(v.Spans, constant, sel, n))
	}
	return integerBytes(v.Type, integers(v, sel, n))
}

func convert[To, From float32 | float64](s []From) []To {
	out := make([]To, len(s))
	for i, f := range s {
		out[i] = To(f)
	}
	return out
}

// integers widens the selected rows.
func integers(v *columnar.Vector, sel []uint32, n int) []int64 {
	constant := v.Enc == columnar.Const
	switch v.Layout {
	case columnar.U8:
		return widen(v.U8, v.Base, constant, sel, n)
	case columnar.U16:
		return widen(v.U16, v.Base, constant, sel, n)
	case columnar.U32:
		return widen(v.U32, v.Base, constant, sel, n)
	}
	return pick(v.I64, constant, sel, n)
}

func widen[T uint8 | uint16 | uint32](src []T, base int64, constant bool, sel []uint32, n int) []int64 {
	out := make([]int64, n)
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
func integerBytes(t types.Type, s []int64) []byte {
	switch t.Kind {
	case types.Boolean:
		out := make([]byte, (len(s)+7)/8)
		for i, x := range s {
			out[i>>3] |= byte(x&1) << (i & 7)
		}
		return out
	case types.SmallInt:
		return bytesOf(narrow[int16](s))
	case types.Integer, types.Date:
		return bytesOf(narrow[int32](s))
	case types.Numeric:
		out := make([]types.Int128, len(s))
		for i, x := range s {
			out[i] = types.FromInt64(x)
		}
		return bytesOf(out)
	}
	return bytesOf(s)
}

func narrow[T int16 | int32](s []int64) []T {
	out := make([]T, len(s))
	for i, x := range s {
		out[i] = T(x)
	}
	return out
}

func spanBytes(s []types.Span) []byte {
	out := make([]arrow.MonthDayNanoInterval, len(s))
	for i, x := range s {
		out[i] = arrow.MonthDayNanoInterval{Months: x.Months, Days: x.Days, Nanoseconds: x.Micros * 1000}
	}
	return bytesOf(out)
}

// textBytes copies texts, decoding dictionaries; char(n) gets its trailing blanks back.
func textBytes(v *columnar.Vector, sel []uint32, n int) (offsets, data []byte, err error) {
	ends := make([]int32, n+1)
	var out []byte
	pad := v.Type.Kind == types.Char && v.Type.Length > 0
	for k := range n {
		i := k
		if sel != nil {
			i = int(sel[k])
		}
		if v.Valid == nil || !v.IsNull(i) {
			s := rowText(v, i)
			if pad {
				out = types.AppendPadded(out, s, int(v.Type.Length))
			} else {
				out = append(out, s...)
			}
		}
		if len(out) > 1<<31-1 {
			return nil, nil, sqlerr.New(sqlerr.ProgramLimitExceeded, "a batch's text column exceeds 2 GiB")
		}
		ends[k+1] = int32(len(out))
	}
	return bytesOf(ends), out, nil
}

func rowText(v *columnar.Vector, i int) []byte {
	switch v.Enc {
	case columnar.Dict:
		return v.Dict.Values.Row(int(v.Code(i)))
	case columnar.Const:
		return v.Row(0)
	}
	return v.Row(i)
}

// Nulls counts the NULLs of a flat vector.
func Nulls(v *columnar.Vector) int {
	if v.Valid == nil {
		return 0
	}
	valid := 0
	for w, word := range v.Valid {
		if rest := v.Len - w*64; rest < 64 {
			word &= 1<<max(rest, 0) - 1
		}
		valid += bits.OnesCount64(word)
	}
	return v.Len - valid
}
