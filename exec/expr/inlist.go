package expr

import (
	"bytes"
	"slices"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// inList compiles X IN (list), without its negation: over constants to a vectorTest, else to a chain
// of comparisons.
func (c *compiler) inList(e *plan.InList) (test, error) {
	x, err := c.value(e.X)
	if err != nil {
		return nil, err
	}
	var values []types.Value
	hasNull := false
	for _, item := range e.List {
		v, ok := constOf(item)
		if !ok {
			return c.anyOf(x, e)
		}
		if v.Null {
			hasNull = true
		} else {
			values = append(values, v)
		}
	}
	if t := memberTest(e.X.Type(), values, hasNull); t != nil {
		return &unary{x: x, t: t}, nil
	}
	return c.anyOf(x, e)
}

func memberTest(t types.Type, values []types.Value, hasNull bool) vectorTest {
	switch t.Class() {
	case types.ClassInt, types.ClassDecimal:
		return newNumberSet(t, values, hasNull)
	case types.ClassBytes:
		return newTextSet(values, hasNull)
	}
	return nil
}

// numberSet is X IN (constants) on integers and numerics: a bitset when the values lie close
// together, else a sorted list.
type numberSet struct {
	sorted  []int64
	wide    []types.Int128 // those that need 128 bits
	bits    []uint64       // bit v - sorted[0]
	hasNull bool
}

// maxBitset bounds the range of values, in bits, that a list's bitset spans: 64 KiB stay in cache.
const maxBitset = 1 << 19

func newNumberSet(t types.Type, values []types.Value, hasNull bool) *numberSet {
	s := &numberSet{hasNull: hasNull}
	for _, v := range values {
		u, exact := unscaledFloor(v, scaleOf(t))
		if !exact {
			continue // between two values of t: equal to none
		}
		if small, ok := u.Int64(); ok {
			s.sorted = append(s.sorted, small)
		} else {
			s.wide = append(s.wide, u)
		}
	}
	slices.Sort(s.sorted)
	s.sorted = slices.Compact(s.sorted)
	if n := len(s.sorted); n > 0 {
		if span := uint64(s.sorted[n-1]) - uint64(s.sorted[0]); span < maxBitset {
			s.bits = make([]uint64, span/64+1)
			for _, v := range s.sorted {
				at := uint64(v) - uint64(s.sorted[0])
				s.bits[at>>6] |= 1 << (at & 63)
			}
		}
	}
	return s
}

func (s *numberSet) unknown() bool { return s.hasNull }

func (s *numberSet) keepVector(v *columnar.Vector, want bool, n int, sel, out []uint32) []uint32 {
	if !want && s.hasNull {
		return out[:0] // not equal to the others is not FALSE but NULL
	}
	if v.Layout == columnar.I128 {
		return s.keepWide(v.I128, want, n, sel, out)
	}
	lo, hi, _ := kernel.Bounds(v)
	if len(s.sorted) == 0 || hi < s.sorted[0] || lo > s.sorted[len(s.sorted)-1] {
		return decided(!want, sel, out)
	}
	if s.bits == nil {
		return s.keepSorted(v, want, n, sel, out)
	}
	low := s.sorted[0] - v.Base // wraps, as the kernel's subtraction does
	var k int
	switch v.Layout {
	case columnar.U8:
		k = kernel.SelectBitset(v.U8[:n], low, s.bits, want, sel, out)
	case columnar.U16:
		k = kernel.SelectBitset(v.U16[:n], low, s.bits, want, sel, out)
	case columnar.U32:
		k = kernel.SelectBitset(v.U32[:n], low, s.bits, want, sel, out)
	default:
		k = kernel.SelectBitset(v.I64[:n], s.sorted[0], s.bits, want, sel, out)
	}
	return kept(k, n, sel, out)
}

func (s *numberSet) keepSorted(v *columnar.Vector, want bool, n int, sel, out []uint32) []uint32 {
	k := 0
	for i := range function.Rows(n, sel) {
		out[k] = uint32(i)
		_, found := slices.BinarySearch(s.sorted, v.Int(i))
		k += b2i(found == want)
	}
	return kept(k, n, sel, out)
}

func (s *numberSet) keepWide(vals []types.Int128, want bool, n int, sel, out []uint32) []uint32 {
	k := 0
	for i := range function.Rows(n, sel) {
		x := vals[i]
		out[k] = uint32(i)
		found := false
		if small, ok := x.Int64(); ok {
			_, found = slices.BinarySearch(s.sorted, small)
		} else {
			found = slices.Contains(s.wide, x)
		}
		k += b2i(found == want)
	}
	return kept(k, n, sel, out)
}

// textSet is X IN (constants) on strings.
type textSet struct {
	values  [][]byte
	set     map[string]struct{} // for long lists
	lengths uint64              // bit min(len, 63): lengths that occur
	words   []uint64            // the values as words, when few and all short
	hasNull bool
}

// fewTexts is how many strings a list may have to be searched one by one.
const fewTexts = 8

func newTextSet(values []types.Value, hasNull bool) *textSet {
	s := &textSet{hasNull: hasNull}
	for _, v := range values {
		text := unpadded(v)
		s.values = append(s.values, []byte(text))
		s.lengths |= 1 << min(len(text), 63)
	}
	if len(values) > fewTexts {
		s.set = make(map[string]struct{}, len(values))
		for _, text := range s.values {
			s.set[string(text)] = struct{}{}
		}
	} else if s.lengths>>8 == 0 {
		for _, text := range s.values {
			s.words = append(s.words, shortWord(text))
		}
	}
	return s
}

// shortWord is a text of at most 7 bytes as a number of its own: the bytes with a 1 above.
func shortWord(text []byte) uint64 {
	w := uint64(1)
	for _, b := range text {
		w = w<<8 | uint64(b)
	}
	return w
}

func (s *textSet) unknown() bool { return s.hasNull }

func (s *textSet) keepVector(v *columnar.Vector, want bool, n int, sel, out []uint32) []uint32 {
	if !want && s.hasNull {
		return out[:0]
	}
	if s.words != nil {
		return s.keepShort(v, want, n, sel, out)
	}
	k := 0
	for i := range function.Rows(n, sel) {
		out[k] = uint32(i)
		k += b2i(s.has(v.Row(i)) == want)
	}
	return kept(k, n, sel, out)
}

// keepShort compares words instead of bytes.
func (s *textSet) keepShort(v *columnar.Vector, want bool, n int, sel, out []uint32) []uint32 {
	k, flip, count := 0, b2i(!want), n
	if sel != nil {
		count = len(sel)
	}
	for j := range count {
		i := uint32(j)
		if sel != nil {
			i = sel[j]
		}
		hit := 0
		if text := v.Bytes[v.Offsets[i]:v.Offsets[i+1]]; s.lengths>>min(len(text), 63)&1 != 0 {
			x := shortWord(text)
			for _, w := range s.words {
				hit |= b2i(w == x)
			}
		}
		out[k] = i
		k += hit ^ flip
	}
	return kept(k, n, sel, out)
}

func (s *textSet) has(x []byte) bool {
	if s.lengths>>min(len(x), 63)&1 == 0 {
		return false
	}
	if s.set != nil {
		_, ok := s.set[string(x)]
		return ok
	}
	for _, v := range s.values {
		if bytes.Equal(v, x) {
			return true
		}
	}
	return false
}

// anyOf is X IN (expressions): equal to one of them; NULL when to none and one comparison was NULL.
type anyOf struct {
	worker *exec.Worker
	x      Evaluator
	pairs  []*pair
	rest   []uint32
	hits   []uint32
	found  []uint64
}

// once hands out a vector that has been evaluated before.
type once struct{ v *columnar.Vector }

func (o *once) Eval(*columnar.Batch) (*columnar.Vector, error) { return o.v, nil }

func (c *compiler) anyOf(x Evaluator, e *plan.InList) (test, error) {
	t := &anyOf{worker: c.worker, x: x}
	for _, item := range e.List {
		y, err := c.value(item)
		if err != nil {
			return nil, err
		}
		if item.Type().Kind == types.Unknown {
			y = newConstant(types.Null(e.X.Type()))
		}
		t.pairs = append(t.pairs, newPair(c.worker, plan.Eq, &once{}, y, e.X.Type(), item.Type()))
	}
	return t, nil
}

func (t *anyOf) load(b *columnar.Batch) error {
	v, err := t.x.Eval(b)
	if err != nil {
		return err
	}
	for _, p := range t.pairs {
		p.x.(*once).v = v
		if err := p.load(b); err != nil {
			return err
		}
	}
	return nil
}

func (t *anyOf) total() bool {
	for _, p := range t.pairs {
		if !p.total() {
			return false
		}
	}
	return true
}

func (t *anyOf) keep(want bool, n int, sel, out []uint32) []uint32 {
	if !want { // FALSE where every comparison is FALSE
		for _, p := range t.pairs {
			sel = p.keep(false, n, sel, out)
		}
		return sel
	}
	found := room(t.worker, &t.found, kernel.Words(n))
	clear(found)
	hits, rest, open := room(t.worker, &t.hits, n), room(t.worker, &t.rest, n), sel
	for _, p := range t.pairs {
		setRowsOf(found, n, p.keep(true, n, open, hits), open)
		open = rest[:kernel.SelectUnset(found, n, open, rest)]
	}
	return kept(kernel.SelectBits(found, n, sel, out), n, sel, out)
}
