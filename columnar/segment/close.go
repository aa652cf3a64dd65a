package segment

import (
	"math"
	"math/bits"
	"slices"
	"sort"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// Close gives the collected rows in their narrowest form (S1) and describes them. The builder must
// not be appended to afterwards; views of it stay valid. Dictionaries are shared through dicts,
// which may be nil.
func (b *ColumnBuilder) Close(dicts *Dictionaries) (*columnar.Vector, *Zone) {
	v := &columnar.Vector{Type: b.typ, Len: b.rows, Shared: true}
	z := &Zone{Min: types.Null(b.typ), Max: types.Null(b.typ), Nulls: b.nulls}
	if b.nulls > 0 {
		v.Valid = b.valid
	}
	switch b.typ.Class() {
	case types.ClassInt, types.ClassDecimal:
		b.closeInts(v, z)
	case types.ClassFloat:
		b.closeFloats(v, z)
	case types.ClassBytes:
		b.closeStrings(v, z, dicts)
	case types.ClassInterval:
		v.Layout, v.Spans = columnar.Spans, slices.Clip(b.spans)
	case types.ClassUUID:
		v.Layout, v.UUID = columnar.Bytes16, slices.Clip(b.uuid)
	}
	return v, z
}

func (b *ColumnBuilder) closeInts(v *columnar.Vector, z *Zone) {
	if b.wide && !b.unwiden() {
		b.closeWide(v, z)
		return
	}
	values := b.i64
	if b.nulls == b.rows {
		values, b.lo, b.hi = make([]int64, b.rows), 0, 0
	} else {
		values = b.clampNulls(values)
		z.Min, z.Max, z.Exact = types.Int(b.typ, b.lo), types.Int(b.typ, b.hi), true
		v.Bounded, v.Lo, v.Hi = true, b.lo, b.hi
	}
	Narrow(v, values, b.lo, b.hi)
	if b.nulls == b.rows {
		return
	}
	z.Sorted = b.nulls == 0 && ascending(values)
	describeInts(v, values, z)
}

// Narrow stores values, all within lo..hi, in v's narrowest integer layout.
func Narrow(v *columnar.Vector, values []int64, lo, hi int64) {
	v.Base = lo
	switch span := uint64(hi) - uint64(lo); {
	case span <= math.MaxUint8:
		v.Layout, v.U8 = columnar.U8, narrow[uint8](values, lo)
	case span <= math.MaxUint16:
		v.Layout, v.U16 = columnar.U16, narrow[uint16](values, lo)
	case span <= math.MaxUint32:
		v.Layout, v.U32 = columnar.U32, narrow[uint32](values, lo)
	default:
		v.Layout, v.Base, v.I64 = columnar.I64, 0, slices.Clip(values)
	}
}

// clampNulls moves the slots of NULLs inside the bounds, on a copy when any lies outside: views share b.i64.
func (b *ColumnBuilder) clampNulls(values []int64) []int64 {
	if b.nulls == 0 {
		return values
	}
	lo, hi := minMax(values)
	if lo >= b.lo && hi <= b.hi {
		return values
	}
	values = slices.Clone(values)
	for i, x := range values {
		values[i] = min(max(x, b.lo), b.hi)
	}
	return values
}

// unwiden goes back to int64 when all 128-bit values fit after all.
func (b *ColumnBuilder) unwiden() bool {
	values := make([]int64, b.rows)
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for i, x := range b.i128 {
		if b.valid != nil && b.valid[i>>6]>>(i&63)&1 == 0 {
			continue
		}
		n, ok := x.Int64()
		if !ok {
			return false
		}
		values[i] = n
		lo, hi = min(lo, n), max(hi, n)
	}
	b.wide, b.i64, b.lo, b.hi = false, values, lo, hi
	return true
}

func (b *ColumnBuilder) closeWide(v *columnar.Vector, z *Zone) {
	v.Layout, v.I128 = columnar.I128, slices.Clip(b.i128)
	var seen registers
	first := true
	var lo, hi types.Int128
	for i, x := range b.i128 {
		if b.valid != nil && b.valid[i>>6]>>(i&63)&1 == 0 {
			continue
		}
		if first || CompareWide(x, lo) < 0 {
			lo = x
		}
		if first || CompareWide(hi, x) < 0 {
			hi = x
		}
		first = false
		seen.add(hashInt(x.Lo ^ bits.RotateLeft64(uint64(x.Hi), 17)))
	}
	z.Min, z.Max, z.Exact = types.Decimal(b.typ, lo), types.Decimal(b.typ, hi), true
	z.Sketch = seen.sketch()
	z.Distinct = float64(z.Sketch.Estimate())
}

// describeInts counts different values: exactly where 16 bits hold the offsets, else by the sketch.
func describeInts(v *columnar.Vector, values []int64, z *Zone) {
	var seen registers
	switch v.Layout {
	case columnar.U8:
		counts := countCodes(v.U8, v.Valid)
		z.Common = mostCommon(counts, func(code int) types.Value { return types.Int(v.Type, v.Base+int64(code)) })
		for code, n := range counts {
			if n > 0 {
				z.Distinct++
				seen.add(hashInt(uint64(v.Base + int64(code))))
			}
		}
	case columnar.U16:
		var present [1 << 10]uint64
		for _, x := range v.U16 {
			present[x>>6] |= 1 << (x & 63)
		}
		z.Distinct = float64(countBits(present[:]))
		for code := range 1 << 16 {
			if present[code>>6]>>(code&63)&1 == 1 {
				seen.add(hashInt(uint64(v.Base + int64(code))))
			}
		}
	case columnar.U32:
		addInts(&seen, v.U32, v.Base)
	default:
		addInts(&seen, values, 0)
	}
	z.Sketch = seen.sketch()
	if z.Distinct == 0 {
		z.Distinct = min(float64(z.Sketch.Estimate()), float64(len(values)))
	}
}

// countCodes is a histogram of 8-bit codes, NULLs left out.
func countCodes(codes []uint8, valid []uint64) []int {
	counts := make([]int, 256)
	if valid == nil {
		for _, c := range codes {
			counts[c]++
		}
		return counts
	}
	for i, c := range codes {
		counts[c] += int(valid[i>>6] >> (i & 63) & 1)
	}
	return counts
}

// mostCommon gives the values of the largest counts.
func mostCommon(counts []int, value func(code int) types.Value) []Count {
	var codes []int
	for code, n := range counts {
		if n > 0 {
			codes = append(codes, code)
		}
	}
	sort.SliceStable(codes, func(i, j int) bool { return counts[codes[i]] > counts[codes[j]] })
	codes = codes[:min(len(codes), maxCommon)]
	common := make([]Count, len(codes))
	for i, code := range codes {
		common[i] = Count{Value: value(code), Rows: counts[code]}
	}
	return common
}

// closeFloats keeps real as float32, which holds its values exactly. NaN sorts above all numbers, as in PostgreSQL.
func (b *ColumnBuilder) closeFloats(v *columnar.Vector, z *Zone) {
	if b.typ.Kind == types.Real {
		v.Layout, v.F32 = columnar.F32, gatherAs([]float32(nil), b.f64, nil, b.rows)
	} else {
		v.Layout, v.F64 = columnar.F64, slices.Clip(b.f64)
	}
	if b.nulls == b.rows {
		return
	}
	var seen registers
	lo, hi := math.NaN(), math.Inf(-1)
	for i, x := range b.f64 {
		if b.valid != nil && b.valid[i>>6]>>(i&63)&1 == 0 {
			continue
		}
		if lessFloat(x, lo) {
			lo = x
		}
		if lessFloat(hi, x) {
			hi = x
		}
		seen.add(hashInt(math.Float64bits(x + 0))) // -0 counts as 0
	}
	z.Sketch = seen.sketch()
	z.Min, z.Max, z.Exact = types.Float(b.typ, lo), types.Float(b.typ, hi), true
	z.Distinct = min(float64(z.Sketch.Estimate()), float64(b.rows-b.nulls))
	z.Sorted = b.nulls == 0 && slices.IsSortedFunc(b.f64, compareFloats)
}

func lessFloat(a, b float64) bool { return a < b || b != b && a == a }

func compareFloats(a, b float64) int {
	switch {
	case lessFloat(a, b):
		return -1
	case lessFloat(b, a):
		return 1
	}
	return 0
}
