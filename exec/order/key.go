package order

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// keys are the sort keys of a table's rows in comparable form: width bytes a row, whose bytewise
// order is the wanted one as far as they reach. Keys from number exact on may differ beyond the
// bytes, and are then compared value by value.
type keys struct {
	by     []plan.SortKey
	cols   []*columnar.Vector
	width  int
	bytes  []byte
	exact  int
	widths []int      // of the columns that have bytes
	ranks  [][]uint32 // of their dictionaries
}

// textPrefix is the number of a flat string's first bytes that stand in the key, unless none of a column is
// longer than shortText: then all do, and its length.
const (
	textPrefix = 8
	shortText  = 15
)

// newKeys makes room for the keys of rows in columns cols; encode fills it.
func newKeys(by []plan.SortKey, cols []*columnar.Vector, rows int) *keys {
	k := &keys{by: by, cols: cols}
	for i, v := range cols {
		w, exact := keyWidth(v, rows)
		if v.Valid != nil {
			k.width++
		}
		var rank []uint32
		if v.Enc == columnar.Dict {
			rank = ranks(v.Dict)
		}
		k.widths, k.ranks = append(k.widths, w), append(k.ranks, rank)
		k.width += w
		if k.exact = i + 1; !exact {
			k.exact = i
			break
		}
	}
	k.bytes = make([]byte, rows*k.width)
	return k
}

// codeWidth is how many bytes hold the ranks of a dictionary's values.
func codeWidth(d *columnar.Dictionary) int {
	switch n := d.Values.Len; {
	case n <= 1<<8:
		return 1
	case n <= 1<<16:
		return 2
	}
	return 4
}

// encode writes the keys of rows [from, to).
func (k *keys) encode(from, to int) {
	if from == to {
		return
	}
	at := 0
	for i, w := range k.widths {
		at = k.encodeColumn(i, at, w, from, to)
	}
}

// keyWidth is how many bytes hold a column's order, and whether they hold all of it.
func keyWidth(v *columnar.Vector, rows int) (width int, exact bool) {
	if v.Enc == columnar.Dict {
		return codeWidth(v.Dict), true
	}
	switch v.Layout {
	case columnar.U8:
		return 1, true
	case columnar.U16:
		return 2, true
	case columnar.U32:
		return 4, true
	case columnar.I64, columnar.F32, columnar.F64:
		return 8, true
	case columnar.I128, columnar.Spans, columnar.Bytes16:
		return 16, true
	}
	longest := uint32(0)
	for r := range rows {
		longest = max(longest, v.Offsets[r+1]-v.Offsets[r])
	}
	if longest <= shortText {
		return int(longest) + 1, true
	}
	return textPrefix, false
}

// encodeColumn writes column i's bytes at offset at of every row and returns the next offset. A NULL's
// value bytes are zero.
func (k *keys) encodeColumn(i, at, width, from, to int) int {
	v, by := k.cols[i], k.by[i]
	if v.Valid != nil {
		null, value := byte(1), byte(0)
		if by.NullsFirst {
			null, value = 0, 1
		}
		for r := from; r < to; r++ {
			k.bytes[r*k.width+at] = value
			if v.IsNull(r) {
				k.bytes[r*k.width+at] = null
			}
		}
		at++
	}
	k.encodeValues(i, at, from, to)
	if by.Desc {
		for r := from; r < to; r++ {
			b := k.bytes[r*k.width+at:][:width]
			for j := range b {
				b[j] = ^b[j]
			}
		}
	}
	if v.Valid != nil {
		for r := from; r < to; r++ {
			if v.IsNull(r) {
				clear(k.bytes[r*k.width+at:][:width])
			}
		}
	}
	return at + width
}

func (k *keys) encodeValues(i, at, from, to int) {
	v, dst, step := k.cols[i], k.bytes[from*k.width+at:], k.width
	if v.Enc == columnar.Dict {
		rank, first := k.ranks[i], 4-k.widths[i]
		for r := range to - from {
			if !v.IsNull(from + r) {
				var b [4]byte
				binary.BigEndian.PutUint32(b[:], rank[v.Code(from+r)])
				copy(dst[r*step:], b[first:])
			}
		}
		return
	}
	switch v.Layout {
	case columnar.U8:
		for r, x := range v.U8[from:to] {
			dst[r*step] = x
		}
	case columnar.U16:
		for r, x := range v.U16[from:to] {
			binary.BigEndian.PutUint16(dst[r*step:], x)
		}
	case columnar.U32:
		for r, x := range v.U32[from:to] {
			binary.BigEndian.PutUint32(dst[r*step:], x)
		}
	case columnar.I64:
		for r, x := range v.I64[from:to] {
			binary.BigEndian.PutUint64(dst[r*step:], uint64(x)^1<<63)
		}
	case columnar.F32:
		for r, x := range v.F32[from:to] {
			binary.BigEndian.PutUint64(dst[r*step:], sortable(float64(x)))
		}
	case columnar.F64:
		for r, x := range v.F64[from:to] {
			binary.BigEndian.PutUint64(dst[r*step:], sortable(x))
		}
	case columnar.I128:
		for r, x := range v.I128[from:to] {
			put128(dst[r*step:], x)
		}
	case columnar.Spans:
		for r, x := range v.Spans[from:to] {
			put128(dst[r*step:], total(x))
		}
	case columnar.Bytes16:
		for r := range v.UUID[from:to] {
			copy(dst[r*step:], v.UUID[from+r][:])
		}
	case columnar.Str:
		width := k.widths[i]
		for r := range to - from {
			row := v.Row(from + r)
			if i < k.exact {
				dst[r*step+width-1] = uint8(len(row))
			}
			copy(dst[r*step:][:width], row)
		}
	}
}

func put128(b []byte, x types.Int128) {
	binary.BigEndian.PutUint64(b, uint64(x.Hi)^1<<63)
	binary.BigEndian.PutUint64(b[8:], x.Lo)
}

// sortable maps floats to PostgreSQL's order: NaN is the greatest, -0 equals 0.
func sortable(x float64) uint64 {
	switch {
	case x != x:
		return math.MaxUint64
	case x == 0:
		return 1 << 63
	}
	b := math.Float64bits(x)
	if b>>63 != 0 {
		return ^b
	}
	return b | 1<<63
}

// total is an interval in microseconds, months of 30 days, as PostgreSQL orders them.
func total(s types.Span) types.Int128 {
	const day = 86_400_000_000
	days := int64(s.Months)*30 + int64(s.Days)
	// In microseconds this may take 74 bits: the upper and lower days are multiplied apart.
	upper, lower := days>>20, days&(1<<20-1)
	sum := add(shiftLeft(types.FromInt64(upper*day), 20), types.FromInt64(lower*day))
	return add(sum, types.FromInt64(s.Micros))
}

func shiftLeft(x types.Int128, n uint) types.Int128 {
	return types.Int128{Lo: x.Lo << n, Hi: x.Hi<<n | int64(x.Lo>>(64-n))}
}

func add(a, b types.Int128) types.Int128 {
	lo := a.Lo + b.Lo
	hi := a.Hi + b.Hi
	if lo < a.Lo {
		hi++
	}
	return types.Int128{Lo: lo, Hi: hi}
}

// ranks gives every code of a dictionary its place in value order.
func ranks(d *columnar.Dictionary) []uint32 {
	order := make([]uint32, d.Values.Len)
	for i := range order {
		order[i] = uint32(i)
	}
	if d.Sorted {
		return order
	}
	slices.SortFunc(order, func(a, b uint32) int { return bytes.Compare(d.Values.Row(int(a)), d.Values.Row(int(b))) })
	rank := make([]uint32, len(order))
	for place, code := range order {
		rank[code] = uint32(place)
	}
	return rank
}

// word is eight of a row's key bytes, from byte at on, as a number.
func (k *keys) word(row uint32, at int) uint64 {
	b := k.bytes[int(row)*k.width:][at:k.width]
	if len(b) >= 8 {
		return binary.BigEndian.Uint64(b)
	}
	var p uint64
	for i, x := range b {
		p |= uint64(x) << (56 - 8*i)
	}
	return p
}

// rest orders rows whose prefixes are equal.
func (k *keys) rest(a, b uint32) int {
	if k.width > 8 {
		x, y := int(a)*k.width, int(b)*k.width
		if c := bytes.Compare(k.bytes[x+8:x+k.width], k.bytes[y+8:y+k.width]); c != 0 {
			return c
		}
	}
	for i := k.exact; i < len(k.cols); i++ {
		if c := k.values(i, a, b); c != 0 {
			return c
		}
	}
	return 0
}

// values orders two rows by key i alone.
func (k *keys) values(i int, a, b uint32) int {
	v, by := k.cols[i], k.by[i]
	x, y := v.IsNull(int(a)), v.IsNull(int(b))
	if x || y {
		switch {
		case x && y:
			return 0
		case x == by.NullsFirst:
			return -1
		}
		return 1
	}
	c := compareAt(v, int(a), int(b))
	if by.Desc {
		return -c
	}
	return c
}

func compareAt(v *columnar.Vector, a, b int) int {
	switch {
	case v.Enc == columnar.Dict:
		return bytes.Compare(v.Dict.Values.Row(int(v.Code(a))), v.Dict.Values.Row(int(v.Code(b))))
	case v.Layout == columnar.Str:
		return bytes.Compare(v.Row(a), v.Row(b))
	case v.Layout == columnar.F64:
		return cmp.Compare(sortable(v.F64[a]), sortable(v.F64[b]))
	case v.Layout == columnar.I128:
		return cmp.Or(cmp.Compare(v.I128[a].Hi, v.I128[b].Hi), cmp.Compare(v.I128[a].Lo, v.I128[b].Lo))
	case v.Layout == columnar.Spans:
		x, y := total(v.Spans[a]), total(v.Spans[b])
		return cmp.Or(cmp.Compare(x.Hi, y.Hi), cmp.Compare(x.Lo, y.Lo))
	case v.Layout == columnar.Bytes16:
		return bytes.Compare(v.UUID[a][:], v.UUID[b][:])
	}
	return cmp.Compare(v.Int(a), v.Int(b))
}
