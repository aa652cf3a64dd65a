package rowkey

import (
	"slices"

	"math/bits"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/types"
)

// Layout says how the key columns of a row become one 64-bit word. It belongs to one goroutine while
// it admits rows; afterwards any number of Finders may use it at once.
type Layout struct {
	arena  *mem.Arena
	fields []field
	// prefix[w] numbers the words of step w; the number is the low half of step w+1 (K4).
	prefix []*Table
	// codes are, by field, the interned codes of the batch at hand.
	codes [][]uint32
	ids   []uint32
	temp  []byte
	ints  columnar.Vector
}

// field is one key column's window: code 0 is NULL when nullable, the others count from base.
type field struct {
	typ      types.Type
	nullable bool
	started  bool
	base     int64
	span     uint64    // number of codes
	set      *Interner // of values without an integer window
	spans    []types.Span
	word     int
	shift    uint
	bits     uint
}

// prefixBits is the width of the number that stands for the earlier words.
const prefixBits = 32

// NewLayout makes the layout of key columns of these types. nullable says which may hold NULLs; a
// NULL in another one is admitted too but costs a rekey.
func NewLayout(arena *mem.Arena, ts []types.Type, nullable []bool) *Layout {
	l := &Layout{arena: arena, fields: make([]field, len(ts)), codes: make([][]uint32, len(ts))}
	for i, t := range ts {
		f := &l.fields[i]
		f.typ, f.nullable = t, nullable[i]
		f.span = f.nulls()
		if class := t.Class(); class != types.ClassInt && class != types.ClassDecimal {
			f.set = NewInterner(arena)
		}
	}
	l.assign()
	return l
}

func (f *field) nulls() uint64 {
	if f.nullable {
		return 1
	}
	return 0
}

// Bits is the width of the packed key; its values are below Span when it is one word.
func (l *Layout) Bits() uint {
	if len(l.prefix) > 0 {
		return 64
	}
	var sum uint
	for i := range l.fields {
		sum += l.fields[i].bits
	}
	return sum
}

// Span is the number of packed keys that the windows allow, 0 when it is beyond 2^62.
func (l *Layout) Span() uint64 {
	if len(l.fields) == 1 {
		if span := l.fields[0].span; span <= 1<<62 {
			return max(span, 1) & (1<<63 - 1)
		}
		return 0
	}
	if b := l.Bits(); b <= 62 {
		return 1 << b
	}
	return 0
}

// Window is the value range of an integer field and whether there is one.
func (l *Layout) Window(field int) (lo, hi int64, ok bool) {
	f := &l.fields[field]
	if f.set != nil || !f.started {
		return 0, 0, false
	}
	return f.base, f.base + int64(f.span-f.nulls()-1), true
}

// assign places the fields in words from their spans (K4).
func (l *Layout) assign() {
	word, used := 0, uint(0)
	for i := range l.fields {
		f := &l.fields[i]
		f.bits = f.width()
		if used+f.bits > 64 {
			word, used = word+1, prefixBits
		}
		f.word, f.shift = word, used
		used += f.bits
	}
	l.prefix = nil
	for range word {
		l.prefix = append(l.prefix, NewTable(l.arena, 0, 0))
	}
}

// misplaced finds a field that is too wide to follow others, or -1.
func (l *Layout) misplaced() int {
	used := uint(0)
	for i := range l.fields {
		width := l.fields[i].width()
		if used+width > 64 {
			if used = prefixBits; width > 64-prefixBits {
				return i
			}
		}
		used += width
	}
	return -1
}

// Admit widens the windows so that the rows of sel (all n when nil) of cols fit. When that changes
// the words of rows seen before, it returns the layout as it was, for Import; else nil. known gives
// the words seen before; it is asked only when their values must be interned. Admit must be called
// before Pack with the same rows.
func (l *Layout) Admit(cols []*columnar.Vector, sel []uint32, n int, known func() []uint64) (before *Layout) {
	if sel != nil {
		n = len(sel)
	}
	if n == 0 {
		return nil
	}
	c := change{l: l, known: known}
	for i, v := range cols {
		f := &l.fields[i]
		if v.Valid != nil && !f.nullable {
			c.note()
			f.nullable = true
			f.span++
		}
		if f.set == nil {
			l.admitInts(&c, i, v, sel)
		}
		if f.set != nil {
			l.admitSet(&c, i, v, sel, n)
		}
	}
	for at := l.misplaced(); at >= 0; at = l.misplaced() {
		c.note()
		c.intern(at)
		l.admitSet(&c, at, cols[at], sel, n)
	}
	return c.finish()
}

// change collects what becomes of a layout: old is its state before the first change.
type change struct {
	l     *Layout
	old   *Layout
	known func() []uint64
}

func (c *change) note() {
	if c.old == nil {
		c.old = &Layout{arena: c.l.arena, prefix: c.l.prefix, fields: append([]field(nil), c.l.fields...)}
	}
}

// intern turns field i from a window into interned codes, those of the known words included.
func (c *change) intern(i int) {
	f := &c.l.fields[i]
	g := &c.old.fields[i]
	f.set, f.started, f.base = NewInterner(c.l.arena), false, 0
	if g.started {
		keys := c.known()
		codes := make([]uint64, len(keys))
		c.old.codesOf(i, keys, codes)
		for _, code := range codes {
			if code >= g.nulls() {
				f.set.Add(image128(types.FromInt64(g.base+int64(code-g.nulls())), &c.l.temp))
			}
		}
	}
	f.span = f.nulls()
	f.reserve()
}

func (c *change) finish() *Layout {
	if c.old == nil {
		return nil
	}
	c.l.assign()
	if c.l.sameCodes(c.old) {
		return nil
	}
	return c.old
}

func (l *Layout) admitInts(c *change, i int, v *columnar.Vector, sel []uint32) {
	f := &l.fields[i]
	lo, hi, ok := l.bounds(v, sel, f)
	if ok && f.fits(lo, hi) {
		return
	}
	c.note()
	if !ok || !f.cover(lo, hi, len(l.fields) > 1) {
		c.intern(i)
	}
}

func (l *Layout) admitSet(c *change, i int, v *columnar.Vector, sel []uint32, n int) {
	f := &l.fields[i]
	if smallDictionary(v, n) {
		f.set.Translate(v.Dict) // Pack goes through the translation
	} else {
		l.codes[i] = l.internRows(i, v, sel, n)
	}
	if uint64(f.set.Len())+f.nulls() > f.span {
		c.note()
		f.reserve()
	}
}

// reserve makes the span of an interned field the power of two that holds its codes.
func (f *field) reserve() {
	if need := uint64(f.set.Len()) + f.nulls(); need > f.span {
		f.span = 1 << bits.Len64(need-1)
	}
}

func (f *field) width() uint {
	if f.span <= 1 {
		return 0
	}
	return uint(bits.Len64(f.span - 1))
}

// fits reports whether lo..hi lies in the window; an empty range fits always.
func (f *field) fits(lo, hi int64) bool {
	if lo > hi {
		return true
	}
	return f.started && lo >= f.base && uint64(hi)-uint64(f.base) < f.span-f.nulls()
}

// cover widens the window to hold lo..hi, generously where it grows again. It gives up on windows of
// more than 2^63 values.
func (f *field) cover(lo, hi int64, pow2 bool) bool {
	if f.started {
		size := f.span - f.nulls()
		last := f.base + int64(size-1)
		if lo < f.base {
			least, _ := f.typ.Bounds()
			lo = max(lo, least+int64(min(size/2, 1<<40))) - int64(min(size/2, 1<<40))
		}
		lo, hi = min(lo, f.base), max(hi, last)
	}
	size := uint64(hi) - uint64(lo) + 1
	if size == 0 || size > 1<<63-2 {
		return false
	}
	f.started, f.base, f.span = true, lo, size+f.nulls()
	if pow2 && f.span > 1 {
		if span := uint64(1) << bits.Len64(f.span-1); lo <= 1<<62 && span < 1<<62 {
			f.span = span
		}
	}
	return true
}

// sameCodes reports whether words packed under old mean the same under l.
func (l *Layout) sameCodes(old *Layout) bool {
	if len(l.prefix) > 0 || len(old.prefix) > 0 {
		return false
	}
	for i := range l.fields {
		f, g := &l.fields[i], &old.fields[i]
		empty := g.set == nil && !g.started
		if f.shift != g.shift && !(g.bits == 0 && f.bits == 0) || f.nullable != g.nullable || (f.set == nil) != (g.set == nil) ||
			f.base != g.base && !empty {
			return false
		}
	}
	return true
}

// bounds gives the least and greatest value of the rows at hand; ok is false when one needs more
// than 64 bits. lo > hi when there is none.
func (l *Layout) bounds(v *columnar.Vector, sel []uint32, f *field) (lo, hi int64, ok bool) {
	if v.Layout == columnar.I128 {
		if !narrow128(l.arena, v, sel, &l.ints) {
			return 0, 0, false
		}
		lo, hi = rangeOf(&l.ints, sel)
		return lo, hi, true
	}
	if v.Bounded && v.Enc != columnar.Const && v.Layout != columnar.I128 {
		tight := uint64(v.Hi)-uint64(v.Lo) < 1<<16
		if tight || f.fits(v.Lo, v.Hi) || v.Shared {
			return v.Lo, v.Hi, true
		}
	}
	lo, hi = rangeOf(v, sel)
	if v.Bounded && v.Enc != columnar.Const && lo <= hi && uint64(hi)-uint64(lo) >= (uint64(v.Hi)-uint64(v.Lo))/2 {
		return v.Lo, v.Hi, true // a good promise: the next batches need not be looked at
	}
	return lo, hi, true
}

// Fix widens every integer window to the bounds of its type, or nearly all of int64, so that workers
// pack alike and no later row changes the words. ok is false, and nothing changes, when some field is
// interned or the words would not fit 64 bits. before is as Admit's.
func (l *Layout) Fix() (before *Layout, ok bool) {
	total := uint(0)
	fields := append([]field(nil), l.fields...)
	for i := range fields {
		f := &fields[i]
		if f.set != nil {
			return nil, false
		}
		lo, hi := f.typ.Bounds()
		lo, hi = max(lo, -1<<61), min(hi, 1<<61-1)
		if f.started && !(f.base >= lo && f.base+int64(f.span-f.nulls()-1) <= hi) {
			return nil, false
		}
		f.started, f.base, f.span = true, lo, uint64(hi-lo)+1+f.nulls()
		total += f.width()
	}
	if total > 64 {
		return nil, false
	}
	old := &Layout{arena: l.arena, prefix: l.prefix, fields: l.fields}
	l.fields = fields
	l.assign()
	if l.sameCodes(old) {
		return nil, true
	}
	return old, true
}

// Same reports whether words of the two layouts are interchangeable: windows of one base but of
// different size are not, as the smaller one cannot decode all words of the other.
func (l *Layout) Same(m *Layout) bool {
	if len(l.prefix) > 0 || len(m.prefix) > 0 {
		return l == m
	}
	for i := range l.fields {
		f, g := &l.fields[i], &m.fields[i]
		if !f.set.same(g.set) || f.shift != g.shift || f.base != g.base || f.span != g.span || f.nullable != g.nullable ||
			f.started != g.started {
			return false
		}
	}
	return true
}

// Seal finishes what readers on several goroutines would otherwise make on demand: the dictionaries
// that Decode shows. The layout must not change afterwards.
func (l *Layout) Seal() {
	for i := range l.fields {
		if f := &l.fields[i]; f.set != nil && f.typ.Class() == types.ClassBytes {
			f.set.Dictionary(f.typ)
		}
	}
}

// First extracts field 0's code from a word: mask for layouts of one word.
func (l *Layout) First() (mask uint64, ok bool) {
	if len(l.prefix) > 0 || l.fields[0].bits == 0 {
		return 0, false
	}
	return ^uint64(0) >> (64 - l.fields[0].bits), true
}

// Interned reports whether some field's codes number values in the order in which they came.
func (l *Layout) Interned() bool {
	return slices.ContainsFunc(l.fields, func(f field) bool { return f.set != nil })
}

// Nullable reports whether a field has a code for NULL.
func (l *Layout) Nullable(field int) bool { return l.fields[field].nullable }
