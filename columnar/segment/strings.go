package segment

import (
	"bytes"
	"slices"
	"sync"

	"github.com/zeebo/xxh3"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// Dictionaries shares sorted dictionaries between the chunks of a column, so that consumers can
// compare them by pointer: one per dictionary that came in, and one per set of values found.
// It may be used by many goroutines at once.
type Dictionaries struct {
	mu       sync.Mutex
	sorted   map[*columnar.Dictionary]*resorted
	contents map[contentKey]*columnar.Dictionary
}

// resorted is an incoming dictionary in value order: old code i became codes[i].
type resorted struct {
	dict  *columnar.Dictionary
	codes []uint32 // nil when the order was right
}

type contentKey struct {
	hash   xxh3.Uint128
	values int
}

// NewDictionaries makes an empty set.
func NewDictionaries() *Dictionaries {
	return &Dictionaries{sorted: map[*columnar.Dictionary]*resorted{}, contents: map[contentKey]*columnar.Dictionary{}}
}

// maxShared is the largest number of values of a dictionary that is interned.
const maxShared = 1 << 16

// intern gives the dictionary of equal content that was seen first.
func (d *Dictionaries) intern(dict *columnar.Dictionary) *columnar.Dictionary {
	if d == nil || dict.Values.Len > maxShared {
		return dict
	}
	values := dict.Values
	h := xxh3.New()
	for i := range values.Len {
		row := values.Row(i)
		h.Write([]byte{byte(len(row)), byte(len(row) >> 8), byte(len(row) >> 16), byte(len(row) >> 24)})
		h.Write(row)
	}
	key := contentKey{hash: h.Sum128(), values: values.Len}
	d.mu.Lock()
	defer d.mu.Unlock()
	if known := d.contents[key]; known != nil {
		return known
	}
	d.contents[key] = dict
	return dict
}

// resort gives dict in value order, computed once per dictionary.
func (d *Dictionaries) resort(dict *columnar.Dictionary) *resorted {
	if d != nil {
		d.mu.Lock()
		known := d.sorted[dict]
		d.mu.Unlock()
		if known != nil {
			return known
		}
	}
	r := sortDictionary(dict)
	if d != nil {
		r.dict = d.intern(r.dict)
		d.mu.Lock()
		d.sorted[dict] = r
		d.mu.Unlock()
	}
	return r
}

func sortDictionary(dict *columnar.Dictionary) *resorted {
	values := dict.Values
	if dict.Sorted && values.Offsets[0] == 0 {
		return &resorted{dict: dict}
	}
	order := make([]uint32, values.Len)
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return bytes.Compare(values.Row(int(a)), values.Row(int(b))) })
	r := &resorted{codes: make([]uint32, values.Len)}
	for code, old := range order {
		r.codes[old] = uint32(code)
	}
	r.dict = &columnar.Dictionary{Values: takeRows(values, order), Sorted: true}
	return r
}

// takeRows copies the given rows of a Str vector.
func takeRows(v *columnar.Vector, rows []uint32) *columnar.Vector {
	size := 0
	for _, r := range rows {
		size += len(v.Row(int(r)))
	}
	out := &columnar.Vector{Type: v.Type, Layout: columnar.Str, Len: len(rows), Shared: true,
		Offsets: make([]uint32, 1, len(rows)+1), Bytes: make([]byte, 0, size)}
	for _, r := range rows {
		out.Bytes = append(out.Bytes, v.Row(int(r))...)
		out.Offsets = append(out.Offsets, uint32(len(out.Bytes)))
	}
	return out
}

func (b *ColumnBuilder) closeStrings(v *columnar.Vector, z *Zone, dicts *Dictionaries) {
	if b.dict != nil && b.closeCodes(v, z, dicts) {
		return
	}
	b.flatten()
	b.startStrings()
	flat := &columnar.Vector{Type: b.typ, Layout: columnar.Str, Len: b.rows, Offsets: slices.Clip(b.offsets), Bytes: slices.Clip(b.bytes), Shared: true, Valid: v.Valid}
	z.Bytes = int64(len(b.bytes))
	if b.rows-b.nulls > 0 && worthDictionary(flat) && encodeDictionary(flat, v, z, dicts) {
		return
	}
	*v = *flat
	if b.rows-b.nulls > 0 {
		describeStrings(flat, z)
	}
}

// closeCodes keeps the dictionary that the rows came with, in value order; false when it does not pay.
func (b *ColumnBuilder) closeCodes(v *columnar.Vector, z *Zone, dicts *Dictionaries) bool {
	size := b.dict.Values.Len
	if b.nulls == b.rows || size*4 > b.rows && size > maxShared {
		return false
	}
	r := dicts.resort(b.dict)
	codes := b.codes
	if r.codes != nil {
		codes = make([]uint32, len(b.codes))
		for i, c := range b.codes {
			codes[i] = r.codes[c]
		}
	}
	counts := make([]int, size)
	for i, c := range codes {
		if b.valid == nil || b.valid[i>>6]>>(i&63)&1 == 1 {
			counts[c]++
		}
	}
	used := 0
	for _, n := range counts {
		if n > 0 {
			used++
		}
	}
	if used*4 >= b.rows {
		return false
	}
	setCodes(v, codes, r.dict)
	describeDictionary(v, counts, used, z)
	z.Sorted = b.nulls == 0 && slices.IsSorted(codes)
	return true
}

// setCodes stores codes in the narrowest layout for the dictionary.
func setCodes(v *columnar.Vector, codes []uint32, dict *columnar.Dictionary) {
	v.Enc, v.Dict = columnar.Dict, dict
	switch n := dict.Values.Len; {
	case n <= 1<<8:
		v.Layout, v.U8 = columnar.U8, gatherAs([]uint8(nil), codes, nil, len(codes))
	case n <= 1<<16:
		v.Layout, v.U16 = columnar.U16, gatherAs([]uint16(nil), codes, nil, len(codes))
	default:
		v.Layout, v.U32 = columnar.U32, slices.Clip(codes)
	}
}

func describeDictionary(v *columnar.Vector, counts []int, used int, z *Zone) {
	values := v.Dict.Values
	z.Distinct, z.Bytes = float64(used), 0
	var seen registers
	lo, hi := -1, -1
	for code, n := range counts {
		if n == 0 {
			continue
		}
		if lo < 0 {
			lo = code
		}
		hi = code
		z.Bytes += int64(n) * int64(len(values.Row(code)))
		seen.add(xxh3.Hash(values.Row(code)))
	}
	z.Sketch = seen.sketch()
	z.setBounds(v.Type, values.Row(lo), values.Row(hi))
	if used <= 256 {
		z.Common = mostCommon(counts, func(code int) types.Value { return types.Str(v.Type, string(values.Row(code))) })
	}
}

func describeStrings(v *columnar.Vector, z *Zone) {
	var seen registers
	var lo, hi, last []byte
	z.Sorted = v.Valid == nil
	for i := range v.Len {
		if v.IsNull(i) {
			continue
		}
		row := v.Row(i)
		if lo == nil || bytes.Compare(row, lo) < 0 {
			lo = row
		}
		if hi == nil || bytes.Compare(row, hi) > 0 {
			hi = row
		}
		if z.Sorted && bytes.Compare(row, last) < 0 {
			z.Sorted = false
		}
		last = row
		seen.add(xxh3.Hash(row))
	}
	z.Sketch = seen.sketch()
	z.setBounds(v.Type, lo, hi)
	z.Distinct = min(float64(z.Sketch.Estimate()), float64(v.Len-z.Nulls))
}

// worthDictionary looks at a sample before any column is hashed whole.
func worthDictionary(v *columnar.Vector) bool {
	const sample = 1024
	if v.Len < 4*sample {
		return true
	}
	seen := make(map[uint64]struct{}, sample)
	step := v.Len / sample
	for i := range sample {
		seen[xxh3.Hash(v.Row(i*step))] = struct{}{}
	}
	return len(seen) < sample*9/10
}

// encodeDictionary replaces flat by codes in v when fewer than a quarter of its rows are different.
func encodeDictionary(flat, v *columnar.Vector, z *Zone, dicts *Dictionaries) bool {
	limit := (flat.Len + 3) / 4
	t := newStringTable(limit)
	codes := make([]uint32, flat.Len)
	for i := range codes {
		if flat.IsNull(i) {
			continue
		}
		code, ok := t.code(flat, uint32(i))
		if !ok {
			return false
		}
		codes[i] = code
	}
	if len(t.rows)*4 >= flat.Len {
		return false
	}
	r := sortDictionary(&columnar.Dictionary{Values: takeRows(flat, t.rows)})
	counts := make([]int, len(t.rows))
	for i, c := range codes {
		codes[i] = r.codes[c]
		if !flat.IsNull(i) {
			counts[codes[i]]++
		}
	}
	setCodes(v, codes, dicts.intern(r.dict))
	describeDictionary(v, counts, len(t.rows), z)
	z.Sorted = flat.Valid == nil && slices.IsSorted(codes)
	return true
}
