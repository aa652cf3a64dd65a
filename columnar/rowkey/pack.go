package rowkey

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/simd"
	"github.com/oxidb/oxidb/types"
)

// Pack writes the word of every row of sel (all n when nil) to out, one after another. Admit must
// have seen the same rows just before.
func (l *Layout) Pack(cols []*columnar.Vector, sel []uint32, n int, out []uint64) {
	if sel != nil {
		n = len(sel)
	}
	if n == 0 {
		return
	}
	out = out[:n]
	first := l.packPair(cols, sel, n, out)
	if first == 0 {
		clear(out)
	}
	word := 0
	for i, v := range cols {
		f := &l.fields[i]
		if i < first {
			continue
		}
		if f.word != word {
			l.ids = mem.Grow(l.arena, l.ids[:0], n)[:n]
			l.prefix[word].FindOrAdd(out, l.ids)
			widenInto(out, l.ids)
			word = f.word
		}
		if f.set != nil {
			if smallDictionary(v, n) {
				addTranslated(out, v, sel, f)
			} else {
				addDense(out, l.codes[i], f.shift)
			}
			continue
		}
		if v.Layout == columnar.I128 {
			narrow128(l.arena, v, sel, &l.ints)
			v = &l.ints
		}
		packInts(out, v, sel, f)
	}
}

func widenInto(out []uint64, ids []uint32) {
	ids = ids[:len(out)]
	for i := range out {
		out[i] = uint64(ids[i])
	}
}

func addDense(out []uint64, codes []uint32, shift uint) {
	codes = codes[:len(out)]
	for i, c := range codes {
		out[i] += uint64(c) << shift
	}
}

// packInts adds the codes of an integer column to out.
func packInts(out []uint64, v *columnar.Vector, sel []uint32, f *field) {
	add := uint64(v.Base) - uint64(f.base) + f.nulls()
	if v.Enc == columnar.Const {
		if !v.IsNull(0) {
			addConst(out, (uint64(v.Int(0))-uint64(f.base)+f.nulls())<<f.shift)
		}
		return
	}
	switch v.Layout {
	case columnar.U8:
		addInts(out, v.U8, v.Valid, sel, add, f.shift)
	case columnar.U16:
		addInts(out, v.U16, v.Valid, sel, add, f.shift)
	case columnar.U32:
		addInts(out, v.U32, v.Valid, sel, add, f.shift)
	default:
		addInts(out, v.I64, v.Valid, sel, add-uint64(v.Base), f.shift)
	}
}

func addConst(out []uint64, c uint64) {
	for i := range out {
		out[i] += c
	}
}

type integer interface {
	uint8 | uint16 | uint32 | int64
}

func addInts[T integer](out []uint64, v []T, valid []uint64, sel []uint32, add uint64, shift uint) {
	shift &= 63
	switch {
	case valid == nil && sel == nil:
		v = v[:len(out)]
		for i := range out {
			out[i] += (uint64(v[i]) + add) << shift
		}
	case valid == nil:
		out = out[:len(sel)]
		for j, i := range sel {
			out[j] += (uint64(v[i]) + add) << shift
		}
	case sel == nil:
		v = v[:len(out)]
		for i := range out {
			out[i] += (uint64(v[i]) + add) & -(valid[i>>6] >> (i & 63) & 1) << shift
		}
	default:
		out = out[:len(sel)]
		for j, i := range sel {
			out[j] += (uint64(v[i]) + add) & -(valid[i>>6] >> (i & 63) & 1) << shift
		}
	}
}

// internRows gives the codes of the rows at hand, NULL included, adding new values to f's set.
func (l *Layout) internRows(i int, v *columnar.Vector, sel []uint32, n int) []uint32 {
	f := &l.fields[i]
	codes := mem.Grow(l.arena, l.codes[i][:0], n)[:n]
	nulls := uint32(f.nulls())
	row := rowOf(v)
	switch {
	case v.Enc == columnar.Const:
		code := uint32(0)
		if !v.IsNull(0) {
			code = f.add(row(0, &l.temp), v, 0) + nulls
		}
		for j := range codes {
			codes[j] = code
		}
	case v.Enc == columnar.Dict:
		internCodes(codes, v, sel, f.set, nulls)
	default:
		for j := range codes {
			at := j
			if sel != nil {
				at = int(sel[j])
			}
			if v.Valid != nil && v.Valid[at>>6]>>(at&63)&1 == 0 {
				codes[j] = 0
				continue
			}
			codes[j] = f.add(row(at, &l.temp), v, at) + nulls
		}
	}
	return codes
}

// add interns s, the image of row i of v, and remembers what its bytes do not tell.
func (f *field) add(s []byte, v *columnar.Vector, i int) uint32 {
	code := f.set.Add(s)
	if v.Layout == columnar.Spans && int(code) == len(f.spans) {
		f.spans = append(f.spans, v.Spans[i])
	}
	return code
}

// packPair writes the first two columns in one pass when both are small dictionaries with one-byte
// codes and no NULLs, as flags and states are; it returns how many columns it has done.
func (l *Layout) packPair(cols []*columnar.Vector, sel []uint32, n int, out []uint64) int {
	if len(cols) < 2 || l.fields[1].word != 0 {
		return 0
	}
	var tables [2][256]uint64
	for i, v := range cols[:2] {
		f := &l.fields[i]
		if f.set == nil || !smallDictionary(v, n) || v.Layout != columnar.U8 || v.Valid != nil {
			return 0
		}
		for code, to := range f.set.known[v.Dict][:min(256, v.Dict.Values.Len)] {
			tables[i][code] = (uint64(to) + f.nulls()) << f.shift
		}
	}
	a, b := cols[0].U8, cols[1].U8
	if sel == nil {
		a, b = a[:len(out)], b[:len(out)]
		for j := range out {
			out[j] = tables[0][a[j]] + tables[1][b[j]]
		}
		return 2
	}
	out = out[:len(sel)]
	b = b[:len(a)]
	for j, i := range sel {
		out[j] = tables[0][a[i]] + tables[1][b[i]]
	}
	return 2
}

// PackCodes is Pack for all n rows into bytes, when the key is one or two columns of at most 16 texts,
// without NULLs, and the words are below simd.MaxCodes; it gives false when not.
func (l *Layout) PackCodes(cols []*columnar.Vector, n int, out []uint8) bool {
	if len(cols) > 2 || l.Span() > simd.MaxCodes || l.Span() == 0 {
		return false
	}
	var tables [2][16]uint8
	var codes [2][]uint8
	for i, v := range cols {
		f := &l.fields[i]
		if f.set == nil || v.Enc != columnar.Dict || v.Dict.Values.Len > 16 || v.Layout != columnar.U8 || v.Valid != nil {
			return false
		}
		for code, to := range f.set.known[v.Dict][:v.Dict.Values.Len] {
			tables[i][code] = uint8((uint64(to) + f.nulls()) << f.shift)
		}
		codes[i] = v.U8[:n]
	}
	if len(cols) == 1 {
		codes[1] = codes[0]
	}
	simd.PairCodes(out[:n], codes[0], codes[1], &tables[0], &tables[1])
	return true
}

// smallDictionary says that a dictionary is worth translating as a whole for n of its rows.
func smallDictionary(v *columnar.Vector, n int) bool {
	return v.Enc == columnar.Dict && v.Dict.Values.Len <= max(256, n)
}

// addTranslated adds the codes of a dictionary column whose values are all interned.
func addTranslated(out []uint64, v *columnar.Vector, sel []uint32, f *field) {
	table := f.set.known[v.Dict]
	switch v.Layout {
	case columnar.U8:
		addLookup(out, v.U8, v.Valid, sel, table, uint32(f.nulls()), f.shift)
	case columnar.U16:
		addLookup(out, v.U16, v.Valid, sel, table, uint32(f.nulls()), f.shift)
	default:
		addLookup(out, v.U32, v.Valid, sel, table, uint32(f.nulls()), f.shift)
	}
}

func addLookup[T uint8 | uint16 | uint32](out []uint64, v []T, valid []uint64, sel []uint32, table []uint32, nulls uint32, shift uint) {
	shift &= 63
	switch {
	case valid != nil:
		for j := range out {
			i := j
			if sel != nil {
				i = int(sel[j])
			}
			if valid[i>>6]>>(i&63)&1 != 0 {
				out[j] += uint64(table[v[i]]+nulls) << shift
			}
		}
	case sel == nil:
		v = v[:len(out)]
		for j := range out {
			out[j] += uint64(table[v[j]]+nulls) << shift
		}
	default:
		out = out[:len(sel)]
		for j, i := range sel {
			out[j] += uint64(table[v[i]]+nulls) << shift
		}
	}
}

// internCodes translates the codes of few rows of a large dictionary, value by value.
func internCodes(codes []uint32, v *columnar.Vector, sel []uint32, set *Interner, nulls uint32) {
	table := set.translation(v.Dict)
	for j := range codes {
		i := j
		if sel != nil {
			i = int(sel[j])
		}
		if v.Valid != nil && v.Valid[i>>6]>>(i&63)&1 == 0 {
			codes[j] = 0
			continue
		}
		code := v.Code(i)
		if table[code] == None {
			table[code] = set.Add(v.Dict.Values.Row(int(code)))
		}
		codes[j] = table[code] + nulls
	}
}

// rowOf gives the byte image of one value of v: equal values have equal images. Temp is scratch.
func rowOf(v *columnar.Vector) func(i int, temp *[]byte) []byte {
	switch v.Layout {
	case columnar.F32:
		return func(i int, temp *[]byte) []byte { return floatImage(float64(v.F32[i]), temp) }
	case columnar.F64:
		return func(i int, temp *[]byte) []byte { return floatImage(v.F64[i], temp) }
	case columnar.Str:
		return func(i int, _ *[]byte) []byte { return v.Row(i) }
	case columnar.Spans:
		return func(i int, temp *[]byte) []byte { return image128(spanTotal(v.Spans[i]), temp) }
	case columnar.Bytes16:
		return func(i int, _ *[]byte) []byte { return v.UUID[i][:] }
	case columnar.I128:
		return func(i int, temp *[]byte) []byte { return image128(v.I128[i], temp) }
	}
	if v.Enc == columnar.Dict {
		return func(i int, _ *[]byte) []byte { return v.Dict.Values.Row(int(v.Code(i))) }
	}
	return func(i int, temp *[]byte) []byte { return image128(types.FromInt64(v.Int(i)), temp) }
}

// floatImage makes -0 equal to 0 and all NaNs equal, as PostgreSQL does.
func floatImage(x float64, temp *[]byte) []byte {
	switch {
	case x == 0:
		x = 0
	case x != x:
		x = math.NaN()
	}
	*temp = binary.LittleEndian.AppendUint64((*temp)[:0], math.Float64bits(x))
	return *temp
}

func image128(x types.Int128, temp *[]byte) []byte {
	b := binary.LittleEndian.AppendUint64((*temp)[:0], x.Lo)
	*temp = binary.LittleEndian.AppendUint64(b, uint64(x.Hi))
	return *temp
}

// spanTotal is an interval in microseconds with months of 30 days, by which PostgreSQL compares.
func spanTotal(s types.Span) types.Int128 {
	const day = 86_400_000_000
	days := int64(s.Months)*30 + int64(s.Days)
	hi, lo := bits.Mul64(uint64(days), day)
	if days < 0 {
		hi -= day
	}
	lo, carry := bits.Add64(lo, uint64(s.Micros), 0)
	hi, _ = bits.Add64(hi, uint64(s.Micros>>63), carry)
	return types.Int128{Lo: lo, Hi: int64(hi)}
}

// narrow128 converts the rows of a 128-bit vector to int64 in out; false when one does not fit.
func narrow128(arena *mem.Arena, v *columnar.Vector, sel []uint32, out *columnar.Vector) bool {
	ints := mem.Grow(arena, out.I64[:0], len(v.I128))[:len(v.I128)]
	*out = columnar.Vector{Type: v.Type, Enc: v.Enc, Layout: columnar.I64, Len: v.Len, Valid: v.Valid, I64: ints}
	if v.Enc == columnar.Const {
		sel = nil
	}
	fit := true
	convert := func(i int) {
		x, ok := v.I128[i].Int64()
		ints[i] = x
		fit = fit && (ok || v.IsNull(i))
	}
	if sel == nil {
		for i := range v.I128 {
			convert(i)
		}
		return fit
	}
	for _, i := range sel {
		convert(int(i))
	}
	return fit
}

// rangeOf finds the least and greatest non-NULL value of the rows of an integer vector.
func rangeOf(v *columnar.Vector, sel []uint32) (lo, hi int64) {
	if v.Enc == columnar.Const {
		if v.IsNull(0) {
			return 1, 0
		}
		return v.Int(0), v.Int(0)
	}
	switch v.Layout {
	case columnar.U8:
		lo, hi = rangeIn(v.U8[:v.Len], v.Valid, sel)
	case columnar.U16:
		lo, hi = rangeIn(v.U16[:v.Len], v.Valid, sel)
	case columnar.U32:
		lo, hi = rangeIn(v.U32[:v.Len], v.Valid, sel)
	default:
		return rangeIn(v.I64[:v.Len], v.Valid, sel)
	}
	if lo > hi {
		return 1, 0
	}
	return lo + v.Base, hi + v.Base
}

func rangeIn[T integer](v []T, valid []uint64, sel []uint32) (lo, hi int64) {
	lo, hi = math.MaxInt64, math.MinInt64
	switch {
	case valid != nil && sel == nil:
		for i, x := range v {
			if valid[i>>6]>>(i&63)&1 != 0 {
				lo, hi = min(lo, int64(x)), max(hi, int64(x))
			}
		}
	case valid != nil:
		for _, i := range sel {
			if valid[i>>6]>>(i&63)&1 != 0 {
				lo, hi = min(lo, int64(v[i])), max(hi, int64(v[i]))
			}
		}
	case sel == nil:
		for _, x := range v {
			lo, hi = min(lo, int64(x)), max(hi, int64(x))
		}
	default:
		for _, i := range sel {
			lo, hi = min(lo, int64(v[i])), max(hi, int64(v[i]))
		}
	}
	return lo, hi
}
