package expr

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/simd"
	"github.com/oxidb/oxidb/exec"
)

// Rows is a batch's rows that still count while filters run: all of them, a mask as long as they are many,
// a list once they are few or a filter needs it. It belongs to one worker.
type Rows struct {
	Count int // of the rows that count
	n     int
	form  rowsForm
	mask  []uint64
	list  []uint32
	room  []uint32
}

type rowsForm uint8

const (
	allRows rowsForm = iota
	maskedRows
	listedRows
)

// sparse is the share of a batch's rows, one in sparse, below which a list is cheaper than a mask.
const sparse = 16

// NewRows makes room for the rows of a worker's batches.
func NewRows(w *exec.Worker) *Rows {
	return &Rows{mask: mem.Alloc[uint64](w.Arena, simd.Words(w.Scratch), false),
		room: mem.Alloc[uint32](w.Arena, w.Scratch+simd.Slack, false)}
}

// SetAll starts with all of n rows.
func (r *Rows) SetAll(n int) {
	if words := simd.Words(n); words > cap(r.mask) { // a batch is no longer than columnar.BatchSize; what is may be
		r.mask, r.room = make([]uint64, words), make([]uint32, n+simd.Slack)
	}
	r.n, r.Count, r.form, r.mask = n, n, allRows, r.mask[:simd.Words(n)]
}

// Begin starts with the rows of n that fill leaves of a mask: it writes the mask and gives true, or gives
// false when all rows count.
func (r *Rows) Begin(n int, fill func(words []uint64) bool) {
	if r.SetAll(n); fill(r.mask) {
		r.Recount()
	}
}

// SetList starts with the rows of a list, borrowed, of n; nil means all.
func (r *Rows) SetList(n int, list []uint32) {
	r.SetAll(n)
	if list != nil {
		r.keep(list)
	}
}

// Mask is the rows as a mask in which the caller may clear bits, and then calls Recount; nil when they are
// a list or few enough to become one, and where tests make lists faster than masks.
func (r *Rows) Mask() []uint64 {
	switch {
	case r.form == listedRows || r.Count*sparse < r.n || !simd.Vectorized():
		return nil
	case r.form == allRows:
		simd.SetAll(r.mask, r.n)
	}
	return r.mask
}

// Recount takes over what has been cleared in Mask.
func (r *Rows) Recount() {
	r.Count, r.form = simd.Count(r.mask), maskedRows
	if r.Count == r.n {
		r.form = allRows
	}
}

// Masked is the mask while some rows of many count, else nil.
func (r *Rows) Masked() []uint64 {
	if r.form == maskedRows {
		return r.mask
	}
	return nil
}

// List is the rows as a selection, nil for all of the batch. It is borrowed until the rows change.
func (r *Rows) List() []uint32 {
	switch r.form {
	case allRows:
		return nil
	case maskedRows:
		r.keep(r.room[:simd.Rows(r.mask, r.room)])
	}
	return r.list
}

// keep takes over a list.
func (r *Rows) keep(list []uint32) { r.list, r.Count, r.form = list, len(list), listedRows }

// SetSelection takes over the rows that a filter has left of List: nil means all of the batch.
func (r *Rows) SetSelection(list []uint32) {
	if list != nil {
		r.keep(list)
	}
}

// masker is a condition that may be able to clear the bits of the rows on which it does not hold. It looks
// at rows that do not count, too, and so cannot fail on them.
type masker interface {
	// mask does so, or gives false and leaves words alone.
	mask(b *columnar.Batch, words []uint64) bool
}

// maskTest is a test that may be able to run on a mask; see masker. It loads what it needs.
type maskTest interface {
	mask(b *columnar.Batch, want bool, words []uint64) bool
}

func (l *leaf) mask(b *columnar.Batch, words []uint64) bool {
	t, ok := l.t.(maskTest)
	return ok && t.mask(b, l.want, words)
}

// isBare reports a column or a constant, whose loading costs nothing and cannot fail.
func isBare(x Evaluator) bool {
	switch x.(type) {
	case *column, *constant:
		return true
	}
	return false
}

func (u *unary) mask(b *columnar.Batch, want bool, words []uint64) bool {
	if !isBare(u.x) || u.load(b) != nil {
		return false
	}
	n := b.Len
	switch {
	case isNullConst(u.v):
		clear(words)
		return true
	case u.v.Enc == columnar.Const:
		if !u.keepsConst(want) {
			clear(words)
		}
		return true
	case u.v.Enc == columnar.Dict:
		u.maskCodes(u.tables.of(u.v.Dict, want, u.t), n, words)
	default:
		if !maskNumbers(u.t, u.v, want, n, words) {
			return false
		}
	}
	maskNulls(u.v.Valid, words)
	return true
}

// maskNulls clears the bits of NULLs; a nil valid knows none.
func maskNulls(valid, words []uint64) {
	for i := range valid {
		words[i] &= valid[i]
	}
}

func (u *unary) maskCodes(t *table, n int, words []uint64) {
	switch {
	case t.all:
	case t.none:
		clear(words)
	case u.v.Layout == columnar.U8:
		simd.MaskMember(u.v.U8[:n], 255, 0, t.bits(), true, words)
	case u.v.Layout == columnar.U16:
		simd.MaskMember(u.v.U16[:n], 1<<16-1, 0, t.bits(), true, words)
	default:
		simd.MaskMember(u.v.U32[:n], 1<<32-1, 0, t.bits(), true, words)
	}
}

// bits is the table as a bitset.
func (t *table) bits() []uint64 {
	if len(t.set) == 0 {
		t.set = append(t.set[:0], make([]uint64, simd.Words(len(t.hits)))...)
		for code, hit := range t.hits {
			t.set[code>>6] |= uint64(hit) << (code & 63)
		}
	}
	return t.set
}

// maskNumbers runs the tests of integers that have a mask loop; NULLs may keep their bits.
func maskNumbers(t vectorTest, v *columnar.Vector, want bool, n int, words []uint64) bool {
	if v.Layout > columnar.I64 {
		return false
	}
	switch t := t.(type) {
	case *rangeTest:
		t.mask(v, want, n, words)
		return true
	case *numberSet:
		return t.mask(v, want, n, words)
	}
	return false
}

func (t *rangeTest) mask(v *columnar.Vector, want bool, n int, words []uint64) {
	inside := want != t.negate
	switch t.against(v) {
	case coversNone:
		inside = !inside
		fallthrough
	case coversAll:
		if !inside {
			clear(words)
		}
		return
	}
	switch v.Layout {
	case columnar.U8:
		maskNarrow(v.U8[:n], v.Base, t, inside, words)
	case columnar.U16:
		maskNarrow(v.U16[:n], v.Base, t, inside, words)
	case columnar.U32:
		maskNarrow(v.U32[:n], v.Base, t, inside, words)
	default:
		simd.MaskRange(v.I64[:n], t.lo64, t.hi64, inside, words)
	}
}

func maskNarrow[T uint8 | uint16 | uint32](vals []T, base int64, t *rangeTest, inside bool, words []uint64) {
	if lo, hi, some := narrowRange[T](base, t); some {
		simd.MaskRange(vals, lo, hi, inside, words)
	} else if inside {
		clear(words)
	}
}

func (s *numberSet) mask(v *columnar.Vector, want bool, n int, words []uint64) bool {
	if s.hasNull || s.bits == nil {
		return false
	}
	delta, top := v.Base-s.sorted[0], Top(v)
	switch v.Layout {
	case columnar.U8:
		simd.MaskMember(v.U8[:n], top, delta, s.bits, want, words)
	case columnar.U16:
		simd.MaskMember(v.U16[:n], top, delta, s.bits, want, words)
	case columnar.U32:
		simd.MaskMember(v.U32[:n], top, delta, s.bits, want, words)
	default:
		simd.MaskMember(v.I64[:n], 0, -s.sorted[0], s.bits, want, words)
	}
	return true
}

// Top is the greatest element that a narrow vector may hold, without its Base.
func Top(v *columnar.Vector) uint64 {
	if v.Bounded && v.Hi >= v.Base {
		return uint64(v.Hi) - uint64(v.Base)
	}
	switch v.Layout {
	case columnar.U8:
		return 1<<8 - 1
	case columnar.U16:
		return 1<<16 - 1
	}
	return 1<<32 - 1
}
