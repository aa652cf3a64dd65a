package rowkey

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
)

// Finder packs rows of other inputs under a layout that no longer changes. Rows whose key cannot be
// among the layout's are dropped on the way. A Finder belongs to one goroutine; many may share a
// layout.
type Finder struct {
	l        *Layout
	arena    *mem.Arena
	nullSafe []bool
	codes    [][]uint32 // by field, at the rows' own positions
	known    []map[*columnar.Dictionary][]uint32
	sel      []uint32
	ids      []uint32
	temp     []byte
	ints     []columnar.Vector // by field
}

// NewFinder makes a finder. Where nullSafe is false a NULL matches nothing.
func NewFinder(l *Layout, arena *mem.Arena, nullSafe []bool) *Finder {
	f := &Finder{l: l, arena: arena, nullSafe: nullSafe, codes: make([][]uint32, len(l.fields)),
		known: make([]map[*columnar.Dictionary][]uint32, len(l.fields)), ints: make([]columnar.Vector, len(l.fields)),
		sel: mem.Alloc[uint32](arena, columnar.BatchSize, false)}
	for i := range f.known {
		f.known[i] = map[*columnar.Dictionary][]uint32{}
	}
	return f
}

// Find writes the words of those rows of sel (all n when nil) that may be found to out, one after
// another, and returns their positions; nil stands for all n. The result is borrowed.
func (f *Finder) Find(cols []*columnar.Vector, sel []uint32, n int, out []uint64) (rows []uint32, words []uint64) {
	f.sel = mem.Grow(f.arena, f.sel[:0], n)[:n]
	work := append(make([]*columnar.Vector, 0, 8), cols...)
	for i, v := range cols {
		field := &f.l.fields[i]
		if field.set != nil {
			sel = f.lookup(i, v, sel, n)
			continue
		}
		if v.Layout == columnar.I128 {
			v, sel = f.narrow(i, v, sel, n)
			work[i] = v
		}
		sel = f.inWindow(field, v, sel, n, f.nullSafe[i])
	}
	count := n
	if sel != nil {
		count = len(sel)
	}
	out = out[:count]
	clear(out)
	word := 0
	for i, v := range work {
		field := &f.l.fields[i]
		if field.word != word {
			sel, out = f.step(word, sel, out)
			word = field.word
		}
		if field.set == nil {
			packInts(out, v, sel, field)
			continue
		}
		codes := f.codes[i]
		for j := range out {
			at := j
			if sel != nil {
				at = int(sel[j])
			}
			out[j] += uint64(codes[at]) << field.shift
		}
	}
	return sel, out
}

// step replaces words by their prefix numbers and drops those that have none.
func (f *Finder) step(word int, sel []uint32, out []uint64) ([]uint32, []uint64) {
	f.ids = mem.Grow(f.arena, f.ids[:0], len(out))[:len(out)]
	f.l.prefix[word].Find(out, f.ids)
	n := 0
	for j, id := range f.ids {
		if id == None {
			continue
		}
		at := uint32(j)
		if sel != nil {
			at = sel[j]
		}
		f.sel[n], out[n] = at, uint64(id)
		n++
	}
	return f.sel[:n], out[:n]
}

// narrow makes int64s of a 128-bit column, dropping rows that do not fit.
func (f *Finder) narrow(at int, v *columnar.Vector, sel []uint32, n int) (*columnar.Vector, []uint32) {
	ints := &f.ints[at]
	if narrow128(f.arena, v, sel, ints) {
		return ints, sel
	}
	return ints, refine(f.sel, sel, n, func(i uint32) bool {
		row := i
		if v.Enc == columnar.Const {
			row = 0
		}
		_, ok := v.I128[row].Int64()
		return ok || v.IsNull(int(i))
	})
}

// inWindow drops rows outside an integer field's window.
func (f *Finder) inWindow(field *field, v *columnar.Vector, sel []uint32, n int, nullSafe bool) []uint32 {
	keepNulls := nullSafe && field.nullable
	if !field.started {
		return refine(f.sel, sel, n, func(i uint32) bool { return keepNulls && v.IsNull(int(i)) })
	}
	if v.Enc == columnar.Const {
		keep := v.IsNull(0) && keepNulls || !v.IsNull(0) && field.fits(v.Int(0), v.Int(0))
		if keep {
			return sel
		}
		return f.sel[:0]
	}
	if v.Valid != nil && keepNulls {
		return refine(f.sel, sel, n, func(i uint32) bool {
			return v.IsNull(int(i)) || field.fits(v.Int(int(i)), v.Int(int(i)))
		})
	}
	if v.Valid != nil {
		sel = dropNulls(f.sel, sel, v.Valid, n)
	}
	if v.Bounded && field.fits(v.Lo, v.Hi) {
		return sel
	}
	size := field.span - field.nulls()
	add := uint64(v.Base) - uint64(field.base)
	switch v.Layout {
	case columnar.U8:
		return refineWindow(f.sel, v.U8, sel, n, add, size)
	case columnar.U16:
		return refineWindow(f.sel, v.U16, sel, n, add, size)
	case columnar.U32:
		return refineWindow(f.sel, v.U32, sel, n, add, size)
	}
	return refineWindow(f.sel, v.I64, sel, n, add-uint64(v.Base), size)
}

func refineWindow[T integer](dst []uint32, v []T, sel []uint32, n int, add, size uint64) []uint32 {
	k := 0
	if sel == nil {
		for i, x := range v[:n] {
			dst[k] = uint32(i)
			if uint64(x)+add < size {
				k++
			}
		}
		return dst[:k]
	}
	for _, i := range sel {
		dst[k] = i
		if uint64(v[i])+add < size {
			k++
		}
	}
	return dst[:k]
}

func dropNulls(dst, sel []uint32, valid []uint64, n int) []uint32 {
	k := 0
	if sel == nil {
		for i := range uint32(n) {
			dst[k] = i
			k += int(valid[i>>6] >> (i & 63) & 1)
		}
		return dst[:k]
	}
	for _, i := range sel {
		dst[k] = i
		k += int(valid[i>>6] >> (i & 63) & 1)
	}
	return dst[:k]
}

// refine keeps the rows for which keep is true: the form for rare layouts.
func refine(dst, sel []uint32, n int, keep func(i uint32) bool) []uint32 {
	k := 0
	if sel == nil {
		for i := range uint32(n) {
			if keep(i) {
				dst[k] = i
				k++
			}
		}
		return dst[:k]
	}
	for _, i := range sel {
		if keep(i) {
			dst[k] = i
			k++
		}
	}
	return dst[:k]
}

// lookup finds the codes of an interned field and drops rows without one.
func (f *Finder) lookup(at int, v *columnar.Vector, sel []uint32, n int) []uint32 {
	field := &f.l.fields[at]
	f.codes[at] = mem.Grow(f.arena, f.codes[at][:0], n)[:n]
	codes, nulls := f.codes[at], uint32(field.nulls())
	find := rowOf(v)
	if v.Enc == columnar.Dict {
		table := f.dictionary(at, v.Dict)

		return refine(f.sel, sel, n, func(i uint32) bool {
			if v.Valid != nil && v.IsNull(int(i)) {
				codes[i] = 0
				return f.nullSafe[at] && field.nullable
			}
			code := table[v.Code(int(i))]
			codes[i] = code + nulls
			return code != None
		})
	}
	return refine(f.sel, sel, n, func(i uint32) bool {
		if v.IsNull(int(i)) {
			codes[i] = 0
			return f.nullSafe[at] && field.nullable
		}
		row := int(i)
		if v.Enc == columnar.Const {
			row = 0
		}
		code := field.set.Find(find(row, &f.temp))
		codes[i] = code + nulls
		return code != None
	})
}

// dictionary gives the table from a dictionary's codes to the field's, None for values it lacks.
func (f *Finder) dictionary(at int, d *columnar.Dictionary) []uint32 {
	table, ok := f.known[at][d]
	if !ok {
		set := f.l.fields[at].set
		table = mem.Alloc[uint32](f.arena, d.Values.Len, false)
		for i := range table {
			table[i] = set.Find(d.Values.Row(i))
		}
		f.known[at][d] = table
	}
	return table
}
