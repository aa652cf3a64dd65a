package arrowio

import (
	"encoding/binary"
	"strconv"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Batches cuts a record into batches of BatchSize rows, one after the other lent to yield. Where
// layouts agree they borrow the record's memory.
func Batches(rec arrow.RecordBatch, yield func(*columnar.Batch) error) error {
	whole := make([]*columnar.Vector, rec.NumCols())
	for i := range whole {
		v, err := Vector(rec.Column(i))
		if err != nil {
			return sqlerr.New(sqlerr.StateOf(err), "column %s: %w", strconv.Quote(rec.ColumnName(i)), err)
		}
		whole[i] = v
	}
	views := make([]columnar.Vector, len(whole))
	b := &columnar.Batch{Cols: make([]*columnar.Vector, len(whole))}
	for from := 0; from < int(rec.NumRows()); from += columnar.BatchSize {
		to := min(from+columnar.BatchSize, int(rec.NumRows()))
		b.Len = to - from
		for i, v := range whole {
			v.Slice(from, to, &views[i])
			b.Cols[i] = &views[i]
		}
		if err := yield(b); err != nil {
			return err
		}
	}
	return nil
}

// Vector reads an Arrow array as a vector of the type that types.FromArrow gives.
func Vector(a arrow.Array) (*columnar.Vector, error) {
	t, err := types.FromArrow(a.DataType())
	if err != nil {
		return nil, err
	}
	if d, ok := a.(*array.Dictionary); ok {
		return dictionary(t, d)
	}
	v := &columnar.Vector{Type: t, Len: a.Len(), Valid: validity(a)}
	switch t.Class() {
	case types.ClassBytes:
		v.Layout = columnar.Str
		err = texts(v, a)
	case types.ClassFloat:
		v.Layout = columnar.F64
		err = floats(v, a)
	case types.ClassDecimal:
		err = decimals(v, a)
	case types.ClassInterval:
		v.Layout = columnar.Spans
		err = spans(v, a)
	case types.ClassUUID:
		v.Layout = columnar.Bytes16
		v.UUID = make([][16]byte, v.Len)
		for i := range v.Len {
			if !a.IsNull(i) {
				copy(v.UUID[i][:], a.(*array.FixedSizeBinary).Value(i))
			}
		}
	default:
		v.Layout = columnar.I64
		err = ints(v, a)
	}
	return v, err
}

// validity copies the bitmap to whole words that start at row 0; nil without NULLs.
func validity(a arrow.Array) []uint64 {
	if a.NullN() == 0 {
		return nil
	}
	out := make([]uint64, (a.Len()+63)/64)
	bitmap, first := a.NullBitmapBytes(), a.Data().Offset()
	if bitmap == nil { // every row of an array without a type
		return out
	}
	for w := range out {
		from := first + 64*w
		rows := min(64, a.Len()-64*w)
		out[w] = bitsAt(bitmap, from) & (^uint64(0) >> (64 - rows))
	}
	return out
}

// bitsAt gives 64 bits from bit number `from` on, those beyond the end as zeros.
func bitsAt(bitmap []byte, from int) uint64 {
	var window [9]byte
	copy(window[:], bitmap[from>>3:])
	low := binary.LittleEndian.Uint64(window[:])
	shift := from & 7
	return low>>shift | uint64(window[8])<<(64-shift)
}

type integer interface {
	~int8 | ~uint8 | ~int16 | ~uint16 | ~int32 | ~uint32 | ~int64
}

func scaled[T integer](src []T, multiply, divide int64) []int64 {
	out := make([]int64, len(src))
	switch {
	case divide != 1:
		for i, x := range src {
			out[i] = int64(x) * multiply / divide
		}
	case multiply != 1:
		for i, x := range src {
			out[i] = int64(x) * multiply
		}
	default:
		for i, x := range src {
			out[i] = int64(x)
		}
	}
	return out
}

func ints(v *columnar.Vector, a arrow.Array) error {
	switch a := a.(type) {
	case *array.Boolean:
		v.Layout, v.U8 = columnar.U8, make([]uint8, a.Len())
		for i := range a.Len() {
			if a.IsValid(i) && a.Value(i) {
				v.U8[i] = 1
			}
		}
	case *array.Int8:
		v.I64 = scaled(a.Int8Values(), 1, 1)
	case *array.Uint8:
		v.I64 = scaled(a.Uint8Values(), 1, 1)
	case *array.Int16:
		v.I64 = scaled(a.Int16Values(), 1, 1)
	case *array.Uint16:
		v.I64 = scaled(a.Uint16Values(), 1, 1)
	case *array.Int32:
		v.I64 = scaled(a.Int32Values(), 1, 1)
	case *array.Uint32:
		v.I64 = scaled(a.Uint32Values(), 1, 1)
	case *array.Int64:
		v.I64 = a.Int64Values()
	case *array.Date32:
		v.I64 = scaled(a.Date32Values(), 1, 1)
	case *array.Date64:
		v.I64 = scaled(a.Date64Values(), 1, 86_400_000)
	case *array.Time32:
		v.I64 = scaled(a.Time32Values(), int64(a.DataType().(*arrow.Time32Type).Unit.Multiplier()/1000), 1)
	case *array.Time64:
		m, d := toMicros(a.DataType().(*arrow.Time64Type).Unit)
		v.I64 = scaled(a.Time64Values(), m, d)
	case *array.Timestamp:
		m, d := toMicros(a.DataType().(*arrow.TimestampType).Unit)
		v.I64 = scaled(a.TimestampValues(), m, d)
	default:
		return unsupported(a)
	}
	return nil
}

func toMicros(u arrow.TimeUnit) (multiply, divide int64) {
	switch u {
	case arrow.Second:
		return 1_000_000, 1
	case arrow.Millisecond:
		return 1000, 1
	case arrow.Nanosecond:
		return 1, 1000
	}
	return 1, 1
}

func floats(v *columnar.Vector, a arrow.Array) error {
	switch a := a.(type) {
	case *array.Float64:
		v.F64 = a.Float64Values()
	case *array.Float32:
		v.F64 = convert[float64](&room{}, a.Float32Values())
	case *array.Float16:
		v.F64 = make([]float64, a.Len())
		for i, f := range a.Values() {
			v.F64[i] = float64(f.Float32())
		}
	default:
		return unsupported(a)
	}
	return nil
}

func decimals(v *columnar.Vector, a arrow.Array) error {
	switch a := a.(type) {
	case *array.Decimal128:
		values := a.Values()
		v.Layout, v.I64 = columnar.I64, make([]int64, len(values))
		for i, d := range values {
			if d.HighBits() != int64(d.LowBits())>>63 && a.IsValid(i) {
				v.Layout = columnar.I128
				break
			}
			v.I64[i] = int64(d.LowBits())
		}
		if v.Layout == columnar.I128 {
			v.I128 = unsafe.Slice((*types.Int128)(unsafe.Pointer(&values[0])), len(values))
		}
	case *array.Decimal64:
		v.Layout, v.I64 = columnar.I64, make([]int64, a.Len())
		for i, d := range a.Values() {
			v.I64[i] = int64(d)
		}
	case *array.Decimal32:
		v.Layout, v.I64 = columnar.I64, make([]int64, a.Len())
		for i, d := range a.Values() {
			v.I64[i] = int64(d)
		}
	case *array.Uint64:
		v.Layout, v.I128 = columnar.I128, make([]types.Int128, a.Len())
		for i, x := range a.Uint64Values() {
			v.I128[i] = types.Int128{Lo: x}
		}
	default:
		return unsupported(a)
	}
	return nil
}

func spans(v *columnar.Vector, a arrow.Array) error {
	v.Spans = make([]types.Span, a.Len())
	for i := range v.Spans {
		if a.IsNull(i) {
			continue
		}
		switch a := a.(type) {
		case *array.MonthDayNanoInterval:
			x := a.Value(i)
			v.Spans[i] = types.Span{Months: x.Months, Days: x.Days, Micros: x.Nanoseconds / 1000}
		case *array.MonthInterval:
			v.Spans[i] = types.Span{Months: int32(a.Value(i))}
		case *array.DayTimeInterval:
			x := a.Value(i)
			v.Spans[i] = types.Span{Days: x.Days, Micros: int64(x.Milliseconds) * 1000}
		case *array.Duration:
			m, d := toMicros(a.DataType().(*arrow.DurationType).Unit)
			v.Spans[i] = types.Span{Micros: int64(a.Value(i)) * m / d}
		default:
			return unsupported(a)
		}
	}
	return nil
}

func texts(v *columnar.Vector, a arrow.Array) error {
	switch a := a.(type) {
	case *array.String:
		v.Offsets, v.Bytes = offsets32(a.ValueOffsets(), a.Len()), valueBytes(a)
	case *array.Binary:
		v.Offsets, v.Bytes = offsets32(a.ValueOffsets(), a.Len()), valueBytes(a)
	case *array.Null:
		v.Offsets, v.Valid = make([]uint32, a.Len()+1), make([]uint64, (a.Len()+63)/64)
	default:
		return copyTexts(v, a)
	}
	return nil
}

// valueBytes is the whole value buffer that the offsets count in; nil in an empty array.
func valueBytes(a arrow.Array) []byte {
	if b := a.Data().Buffers()[2]; b != nil {
		return b.Bytes()
	}
	return nil
}

// offsets32 reads Arrow's int32 offsets as the uint32 they are.
func offsets32(o []int32, n int) []uint32 {
	if len(o) == 0 {
		return make([]uint32, n+1)
	}
	return unsafe.Slice((*uint32)(unsafe.Pointer(&o[0])), n+1)
}

func copyTexts(v *columnar.Vector, a arrow.Array) error {
	var value func(int) []byte
	switch a := a.(type) {
	case *array.LargeString:
		value = func(i int) []byte { return []byte(a.Value(i)) }
	case *array.LargeBinary:
		value = a.Value
	case *array.StringView:
		value = func(i int) []byte { return []byte(a.Value(i)) }
	case *array.BinaryView:
		value = a.Value
	case *array.FixedSizeBinary:
		value = a.Value
	default:
		return unsupported(a)
	}
	v.Offsets = make([]uint32, a.Len()+1)
	for i := range a.Len() {
		if a.IsValid(i) {
			v.Bytes = append(v.Bytes, value(i)...)
		}
		if len(v.Bytes) > 1<<31 {
			return sqlerr.New(sqlerr.ProgramLimitExceeded, "more than 2 GiB of text in one Arrow batch")
		}
		v.Offsets[i+1] = uint32(len(v.Bytes))
	}
	return nil
}

// dictionary decodes a dictionary of any value type; texts become plain texts, numbers plain numbers.
func dictionary(t types.Type, d *array.Dictionary) (*columnar.Vector, error) {
	values, err := Vector(d.Dictionary())
	if err != nil {
		return nil, err
	}
	v := &columnar.Vector{Type: t, Layout: values.Layout, Len: d.Len(), Valid: validity(d)}
	at := func(i int) int {
		if d.IsNull(i) {
			return -1
		}
		return d.GetValueIndex(i)
	}
	switch values.Layout {
	case columnar.Str:
		v.Offsets = make([]uint32, d.Len()+1)
		for i := range d.Len() {
			if k := at(i); k >= 0 {
				v.Bytes = append(v.Bytes, values.Row(k)...)
			}
			v.Offsets[i+1] = uint32(len(v.Bytes))
		}
	case columnar.I64:
		v.I64 = lookup(values.I64, d.Len(), at)
	case columnar.I128:
		v.I128 = lookup(values.I128, d.Len(), at)
	case columnar.F64:
		v.F64 = lookup(values.F64, d.Len(), at)
	case columnar.U8:
		v.U8 = lookup(values.U8, d.Len(), at)
	default:
		return nil, unsupported(d)
	}
	return v, nil
}

func lookup[T any](values []T, n int, at func(int) int) []T {
	out := make([]T, n)
	for i := range out {
		if k := at(i); k >= 0 {
			out[i] = values[k]
		}
	}
	return out
}

func unsupported(a arrow.Array) error {
	return sqlerr.Unsupported(-1, -1, "the Arrow type "+a.DataType().String())
}
