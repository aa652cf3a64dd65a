package segment

import (
	"math"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// ColumnBuilder collects one column's values in append order. Slots of NULLs hold a value inside the
// bounds. It belongs to one goroutine; views of its prefix (View) stay valid and unchanged for ever,
// because what is published is never written again.
type ColumnBuilder struct {
	typ   types.Type
	rows  int
	nulls int
	valid []uint64 // nil while there is no NULL

	wide   bool // decimals that do not fit int64 were seen: values stand in i128
	lo, hi int64
	i64    []int64
	i128   []types.Int128
	f64    []float64
	spans  []types.Span
	uuid   [][16]byte

	// Strings are codes of dict while one dictionary is all that came, else offsets and bytes.
	dict    *columnar.Dictionary
	codes   []uint32
	offsets []uint32
	bytes   []byte

	last builderSize // of the chunk before; what the first append makes room for
}

// NewColumnBuilder makes an empty builder for values of t.
func NewColumnBuilder(t types.Type) *ColumnBuilder {
	b := &ColumnBuilder{}
	b.Init(t)
	return b
}

// Init makes b an empty builder for values of t.
func (b *ColumnBuilder) Init(t types.Type) {
	*b = ColumnBuilder{typ: t, lo: math.MaxInt64, hi: math.MinInt64}
}

// Rows is the number of rows collected.
func (b *ColumnBuilder) Rows() int { return b.rows }

// Nulls is the number of NULLs among them.
func (b *ColumnBuilder) Nulls() int { return b.nulls }

// Size is roughly the bytes that the values take.
func (b *ColumnBuilder) Size() int {
	return 8*len(b.i64) + 16*len(b.i128) + 8*len(b.f64) + 16*len(b.spans) + 16*len(b.uuid) +
		4*len(b.codes) + 4*len(b.offsets) + len(b.bytes)
}

// Append copies the rows sel of v, all of them when sel is nil.
func (b *ColumnBuilder) Append(v *columnar.Vector, sel []uint32) {
	n := v.Len
	if sel != nil {
		n = len(sel)
	}
	if n == 0 {
		return
	}
	if b.rows == 0 {
		b.makeRoom()
	}
	if v.Enc == columnar.Const {
		b.appendConst(v, n)
	} else {
		b.appendValues(v, sel, n)
	}
	b.appendValidity(v, sel, n)
	b.rows += n
}

func (b *ColumnBuilder) appendValues(v *columnar.Vector, sel []uint32, n int) {
	switch b.typ.Class() {
	case types.ClassInt:
		b.appendInts(v, sel, n)
	case types.ClassDecimal:
		b.appendDecimals(v, sel, n)
	case types.ClassFloat:
		if v.Layout == columnar.F32 {
			b.f64 = gatherAs(b.f64, v.F32, sel, n)
		} else {
			b.f64 = gatherAs(b.f64, v.F64, sel, n)
		}
	case types.ClassBytes:
		b.appendStrings(v, sel, n)
	case types.ClassInterval:
		b.spans = gather(b.spans, v.Spans, sel, n)
	case types.ClassUUID:
		b.uuid = gather(b.uuid, v.UUID, sel, n)
	}
}

// appendConst repeats a Const vector's one value.
func (b *ColumnBuilder) appendConst(v *columnar.Vector, n int) {
	one := *v
	one.Enc, one.Len = columnar.Flat, 1
	if v.IsNull(0) {
		b.appendNullSlots(n)
		return
	}
	b.appendValues(&one, make([]uint32, n), n)
}

// appendNullSlots makes n slots whose content nobody reads.
func (b *ColumnBuilder) appendNullSlots(n int) {
	switch b.typ.Class() {
	case types.ClassInt, types.ClassDecimal:
		if b.wide {
			b.i128 = append(b.i128, make([]types.Int128, n)...)
			return
		}
		b.i64 = append(b.i64, make([]int64, n)...)
	case types.ClassFloat:
		b.f64 = append(b.f64, make([]float64, n)...)
	case types.ClassBytes:
		if b.dict != nil {
			b.codes = append(b.codes, make([]uint32, n)...)
			return
		}
		b.startStrings()
		for range n {
			b.offsets = append(b.offsets, uint32(len(b.bytes)))
		}
	case types.ClassInterval:
		b.spans = append(b.spans, make([]types.Span, n)...)
	case types.ClassUUID:
		b.uuid = append(b.uuid, make([][16]byte, n)...)
	}
}

func (b *ColumnBuilder) appendInts(v *columnar.Vector, sel []uint32, n int) {
	from := len(b.i64)
	b.i64 = appendWidened(b.i64, v, sel, n)
	if v.Valid != nil {
		return // the bounds follow when the NULLs' slots are known
	}
	lo, hi := minMax(b.i64[from:])
	b.lo, b.hi = min(b.lo, lo), max(b.hi, hi)
}

// appendWidened appends the values of an integer layout as int64.
func appendWidened(dst []int64, v *columnar.Vector, sel []uint32, n int) []int64 {
	switch v.Layout {
	case columnar.U8:
		return widen(dst, v.U8, v.Base, sel, n)
	case columnar.U16:
		return widen(dst, v.U16, v.Base, sel, n)
	case columnar.U32:
		return widen(dst, v.U32, v.Base, sel, n)
	}
	return gather(dst, v.I64, sel, n)
}

func (b *ColumnBuilder) appendDecimals(v *columnar.Vector, sel []uint32, n int) {
	if v.Layout != columnar.I128 && !b.wide {
		b.appendInts(v, sel, n)
		return
	}
	b.widenAll()
	if v.Layout == columnar.I128 {
		b.i128 = gather(b.i128, v.I128, sel, n)
		return
	}
	for _, x := range appendWidened(nil, v, sel, n) {
		b.i128 = append(b.i128, types.FromInt64(x))
	}
}

// widenAll turns the int64 values collected so far into 128-bit ones.
func (b *ColumnBuilder) widenAll() {
	if b.wide {
		return
	}
	b.wide = true
	b.i128 = make([]types.Int128, len(b.i64), max(2*len(b.i64), 64))
	for i, x := range b.i64 {
		b.i128[i] = types.FromInt64(x)
	}
	b.i64 = nil
}

func (b *ColumnBuilder) appendStrings(v *columnar.Vector, sel []uint32, n int) {
	if v.Enc == columnar.Dict {
		if b.dict == nil && b.rows == 0 {
			b.dict = v.Dict
		}
		if b.dict == v.Dict && len(v.Dict.Values.Offsets) > 1 {
			b.codes = appendCodes(b.codes, v, sel, n)
			return
		}
		b.flatten()
		b.appendDecoded(v, sel, n)
		return
	}
	b.flatten()
	b.startStrings()
	if sel == nil {
		first := v.Offsets[0]
		shift := uint32(len(b.bytes)) - first
		b.bytes = append(b.bytes, v.Bytes[first:v.Offsets[n]]...)
		b.offsets = shifted(b.offsets, v.Offsets[1:n+1], shift)
		return
	}
	for _, row := range sel {
		b.bytes = append(b.bytes, v.Bytes[v.Offsets[row]:v.Offsets[row+1]]...)
		b.offsets = append(b.offsets, uint32(len(b.bytes)))
	}
}

func (b *ColumnBuilder) startStrings() {
	if len(b.offsets) == 0 {
		b.offsets = append(b.offsets, 0)
	}
}

// appendDecoded appends a Dict vector's strings themselves.
func (b *ColumnBuilder) appendDecoded(v *columnar.Vector, sel []uint32, n int) {
	b.startStrings()
	values := v.Dict.Values
	for _, code := range appendCodes(nil, v, sel, n) {
		if int(code) < values.Len { // a NULL's slot may hold any code
			b.bytes = append(b.bytes, values.Row(int(code))...)
		}
		b.offsets = append(b.offsets, uint32(len(b.bytes)))
	}
}

// flatten leaves the dictionary that does not serve any more.
func (b *ColumnBuilder) flatten() {
	if b.dict == nil {
		return
	}
	codes := &columnar.Vector{Enc: columnar.Dict, Layout: columnar.U32, Len: len(b.codes), U32: b.codes, Dict: b.dict}
	b.dict, b.codes = nil, nil
	b.appendDecoded(codes, nil, codes.Len)
}

// appendCodes appends a Dict vector's codes as uint32.
func appendCodes(dst []uint32, v *columnar.Vector, sel []uint32, n int) []uint32 {
	switch v.Layout {
	case columnar.U8:
		return gatherAs(dst, v.U8, sel, n)
	case columnar.U16:
		return gatherAs(dst, v.U16, sel, n)
	}
	return gather(dst, v.U32, sel, n)
}

// appendValidity records which of the n rows just appended are NULL and gives their slots a value
// inside the bounds (C2 of package columnar).
func (b *ColumnBuilder) appendValidity(v *columnar.Vector, sel []uint32, n int) {
	if v.Valid == nil && b.valid == nil {
		return
	}
	if b.valid == nil {
		b.valid = onesUpTo(b.rows)
	}
	for len(b.valid) < (b.rows+n+63)>>6 {
		b.valid = append(b.valid, 0)
	}
	for i := range n {
		row := i
		if sel != nil {
			row = int(sel[i])
		}
		if v.IsNull(row) {
			b.nulls++
			continue
		}
		b.valid[(b.rows+i)>>6] |= 1 << ((b.rows + i) & 63)
	}
	if v.Valid != nil && !b.wide && len(b.i64) > 0 {
		b.boundNullable(n)
	}
}

// boundNullable takes the bounds of the last n integers, of which some are NULL, and clamps the NULLs' slots.
func (b *ColumnBuilder) boundNullable(n int) {
	for i := b.rows; i < b.rows+n; i++ {
		if b.valid[i>>6]>>(i&63)&1 == 1 {
			b.lo, b.hi = min(b.lo, b.i64[i]), max(b.hi, b.i64[i])
		}
	}
	slot := b.lo
	if b.lo > b.hi {
		slot = 0
	}
	for i := b.rows; i < b.rows+n; i++ {
		if b.valid[i>>6]>>(i&63)&1 == 0 {
			b.i64[i] = slot
		}
	}
}

// Truncate forgets the rows from n on. Views handed out earlier keep what they show.
func (b *ColumnBuilder) Truncate(n int) {
	view := b.View(n)
	fresh := NewColumnBuilder(b.typ)
	fresh.Append(view, nil)
	*b = *fresh
}

// View is the first n rows as a vector, which stays as it is while more rows are appended. The
// caller orders the call after the Append that made those rows.
func (b *ColumnBuilder) View(n int) *columnar.Vector {
	v := &columnar.Vector{}
	b.ViewIn(v, n)
	return v
}

// ViewIn makes v what View gives.
func (b *ColumnBuilder) ViewIn(v *columnar.Vector, n int) {
	*v = columnar.Vector{Type: b.typ, Len: n, Shared: true}
	if b.nulls > 0 {
		v.Valid = append([]uint64(nil), b.valid[:(n+63)>>6]...) // the last word is still growing
	}
	switch b.typ.Class() {
	case types.ClassInt, types.ClassDecimal:
		b.viewInts(v, n)
	case types.ClassFloat:
		v.Layout, v.F64 = columnar.F64, b.f64[:n:n]
	case types.ClassBytes:
		if b.dict != nil {
			v.Enc, v.Layout, v.Dict, v.U32 = columnar.Dict, columnar.U32, b.dict, b.codes[:n:n]
			break
		}
		v.Layout, v.Offsets, v.Bytes = columnar.Str, []uint32{0}, nil
		if n > 0 {
			v.Offsets = b.offsets[: n+1 : n+1]
			v.Bytes = b.bytes[:b.offsets[n]:b.offsets[n]]
		}
	case types.ClassInterval:
		v.Layout, v.Spans = columnar.Spans, b.spans[:n:n]
	case types.ClassUUID:
		v.Layout, v.UUID = columnar.Bytes16, b.uuid[:n:n]
	}
}

func (b *ColumnBuilder) viewInts(v *columnar.Vector, n int) {
	if b.wide {
		v.Layout, v.I128 = columnar.I128, b.i128[:n:n]
		return
	}
	v.Layout, v.I64 = columnar.I64, b.i64[:n:n]
	// A slot of 0 that stands for a NULL before any value came is outside the bounds taken since.
	v.Bounded, v.Lo, v.Hi = true, b.lo, b.hi
	if b.nulls > 0 {
		v.Lo, v.Hi = min(b.lo, 0), max(b.hi, 0)
	}
	if v.Lo > v.Hi {
		v.Bounded, v.Lo, v.Hi = false, 0, 0
	}
}
