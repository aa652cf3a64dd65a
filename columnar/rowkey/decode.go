package rowkey

import (
	"encoding/binary"
	"math"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/types"
)

// codesOf extracts field i's codes from packed words.
func (l *Layout) codesOf(i int, keys []uint64, out []uint64) {
	f := &l.fields[i]
	out = out[:len(keys)]
	copy(out, keys)
	for w := len(l.prefix); w > f.word; w-- {
		words := l.prefix[w-1].Keys()
		for j, k := range out {
			out[j] = words[uint32(k)]
		}
	}
	shift := f.shift & 63
	mask := uint64(1)<<(f.bits&63) - 1
	if f.bits == 64 {
		mask = ^uint64(0)
	}
	for j, k := range out {
		out[j] = k >> shift & mask
	}
}

// Decode gives the values of field i in packed words, in arena memory. Interned text comes as a
// dictionary vector over the layout's strings, which must not grow as long as it is used.
func (l *Layout) Decode(arena *mem.Arena, i int, keys []uint64) *columnar.Vector {
	f := &l.fields[i]
	codes := mem.Alloc[uint64](arena, len(keys), false)
	l.codesOf(i, keys, codes)
	v := &columnar.Vector{Type: f.typ, Len: len(keys)}
	if f.nullable {
		v.Valid = mem.Alloc[uint64](arena, (len(keys)+63)/64, true)
		for j, c := range codes {
			if c != 0 {
				v.Valid[j>>6] |= 1 << (j & 63)
			}
		}
	}
	if f.set == nil {
		f.decodeInts(arena, codes, v)
		return v
	}
	f.decodeSet(arena, codes, v)
	return v
}

func (f *field) decodeInts(arena *mem.Arena, codes []uint64, v *columnar.Vector) {
	lo := uint64(f.base) - f.nulls()
	if f.started {
		v.Bounded, v.Lo, v.Hi = true, f.base, f.base+int64(f.span-f.nulls()-1)
	}
	if !f.nullable && f.typ.Kind != types.Boolean {
		if v.Base = f.base; f.span <= 1<<16 {
			v.Layout, v.U16 = columnar.U16, mem.Alloc[uint16](arena, len(codes), false)
			narrow(v.U16, codes)
			return
		}
		if f.span <= 1<<32 {
			v.Layout, v.U32 = columnar.U32, mem.Alloc[uint32](arena, len(codes), false)
			narrow(v.U32, codes)
			return
		}
		v.Base = 0
	}
	if f.typ.Kind == types.Boolean {
		v.Layout, v.U8 = columnar.U8, mem.Alloc[uint8](arena, len(codes), false)
		for j, c := range codes {
			v.U8[j] = uint8(c+lo) & 1
		}
		v.Bounded, v.Lo, v.Hi = true, 0, 1
		return
	}
	v.Layout, v.I64 = columnar.I64, mem.Alloc[int64](arena, len(codes), false)
	for j, c := range codes {
		v.I64[j] = int64(c + lo)
	}
	if f.nullable {
		for j, c := range codes {
			if c == 0 {
				v.I64[j] = f.base // inside Lo..Hi, as C2 wants
			}
		}
	}
}

func narrow[T uint16 | uint32](out []T, codes []uint64) {
	out = out[:len(codes)]
	for i, c := range codes {
		out[i] = T(c)
	}
}

func (f *field) decodeSet(arena *mem.Arena, codes []uint64, v *columnar.Vector) {
	nulls := f.nulls()
	for j, c := range codes {
		codes[j] = max(c, nulls) - nulls
	}
	n := len(codes)
	switch f.typ.Class() {
	case types.ClassBytes:
		v.Enc, v.Layout, v.Dict = columnar.Dict, columnar.U32, f.set.Dictionary(f.typ)
		v.U32 = mem.Alloc[uint32](arena, n, false)
		narrow(v.U32, codes)
		return
	case types.ClassFloat:
		v.Layout, v.F64 = columnar.F64, mem.Alloc[float64](arena, n, true)
	case types.ClassInterval:
		v.Layout, v.Spans = columnar.Spans, mem.Alloc[types.Span](arena, n, true)
	case types.ClassUUID:
		v.Layout, v.UUID = columnar.Bytes16, mem.Alloc[[16]byte](arena, n, true)
	case types.ClassDecimal:
		v.Layout, v.I128 = columnar.I128, mem.Alloc[types.Int128](arena, n, true)
	default:
		v.Layout, v.I64 = columnar.I64, mem.Alloc[int64](arena, n, true)
	}
	if f.set.Len() == 0 {
		return // NULLs only
	}
	for j, c := range codes {
		image := f.set.Value(uint32(c))
		switch v.Layout {
		case columnar.F64:
			v.F64[j] = math.Float64frombits(binary.LittleEndian.Uint64(image))
		case columnar.Spans:
			v.Spans[j] = f.spans[c]
		case columnar.Bytes16:
			v.UUID[j] = [16]byte(image)
		case columnar.I128:
			v.I128[j] = fromImage(image)
		default:
			v.I64[j] = int64(fromImage(image).Lo)
		}
	}
}

func fromImage(b []byte) types.Int128 {
	return types.Int128{Lo: binary.LittleEndian.Uint64(b), Hi: int64(binary.LittleEndian.Uint64(b[8:]))}
}

// Adopt widens l so that it can hold the words of another layout of the same columns; keys are
// those words. Like Admit it returns l as it was when its own words change.
func (l *Layout) Adopt(from *Layout, keys []uint64, known func() []uint64) (before *Layout) {
	c := change{l: l, known: known}
	c.note()
	for i := range l.fields {
		f, g := &l.fields[i], &from.fields[i]
		if g.nullable && !f.nullable {
			f.nullable = true
			f.span++
		}
		switch {
		case g.set == nil && f.set == nil:
			if g.started && !f.cover(g.base, g.base+int64(g.span-g.nulls()-1), len(l.fields) > 1) {
				c.intern(i)
			}
		case f.set == nil:
			c.intern(i)
		}
		l.adoptValues(from, i, keys)
	}
	for at := l.misplaced(); at >= 0; at = l.misplaced() {
		c.intern(at)
		l.adoptValues(from, at, keys)
	}
	return c.finish()
}

// adoptValues adds the values of from's words to an interned field.
func (l *Layout) adoptValues(from *Layout, i int, keys []uint64) {
	f, g := &l.fields[i], &from.fields[i]
	switch {
	case f.set == nil:
		return
	case g.set == nil && g.started:
		codes := make([]uint64, len(keys))
		from.codesOf(i, keys, codes)
		for _, c := range codes {
			if c >= g.nulls() {
				f.set.Add(image128(types.FromInt64(g.base+int64(c-g.nulls())), &l.temp))
			}
		}
	case g.set != nil && g.set != f.set:
		for c := range g.set.Len() {
			if code := f.set.Add(g.set.Value(uint32(c))); f.typ.Kind == types.Interval && int(code) == len(f.spans) {
				f.spans = append(f.spans, g.spans[c])
			}
		}
	}
	f.reserve()
}

// Import converts words of another version, or of a layout that was adopted, to l's in place. It
// changes nothing but prefix tables: without them (Chained) it may run on several goroutines.
func (l *Layout) Import(from *Layout, keys []uint64) {
	if len(keys) == 0 {
		return
	}
	source := append([]uint64(nil), keys...)
	codes := make([]uint64, len(keys))
	clear(keys)
	word := 0
	for i := range l.fields {
		f := &l.fields[i]
		from.codesOf(i, source, codes)
		l.recode(&from.fields[i], f, codes)
		if f.word != word {
			ids := make([]uint32, len(keys))
			l.prefix[word].FindOrAdd(keys, ids)
			widenInto(keys, ids)
			word = f.word
		}
		for j, c := range codes {
			keys[j] += c << f.shift
		}
	}
}

// Chained reports whether words are built in several steps (K4).
func (l *Layout) Chained() bool { return len(l.prefix) > 0 }

// recode turns codes of field g into codes of field f.
func (l *Layout) recode(g, f *field, codes []uint64) {
	was, is := g.nulls(), f.nulls()
	switch {
	case g.set == nil && f.set == nil:
		shift := uint64(g.base) - uint64(f.base) + is - was
		for j, c := range codes {
			if c >= was {
				codes[j] = c + shift
			}
		}
	case g.set == f.set:
		for j, c := range codes {
			if c >= was {
				codes[j] = c - was + is
			}
		}
	default:
		table := map[uint64]uint64{}
		var temp []byte
		for j, c := range codes {
			if c < was {
				continue
			}
			to, ok := table[c]
			if !ok {
				image := image128(types.FromInt64(g.base+int64(c-was)), &temp)
				if g.set != nil {
					image = g.set.Value(uint32(c - was))
				}
				to = uint64(f.set.Find(image)) + is
				table[c] = to
			}
			codes[j] = to
		}
	}
}
