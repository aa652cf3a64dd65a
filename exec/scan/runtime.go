package scan

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/simd"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/plan"
)

// runtimeProbe applies one published runtime filter to a scan's batches. It pauses while it lets
// most rows through.
type runtimeProbe struct {
	filter *exec.RuntimeFilter
	expr   plan.Expr
	key    expr.Evaluator
	bare   bool // the key is a column: it can be looked at in rows that do not count
	sorted bool // in the chunk at hand the keys ascend
	sel    []uint32
	// seen and passed count rows since the last decision, batches those until the next one.
	seen, passed int
	batches      int
	paused       bool
}

const (
	// measureBatches is how long a filter is watched before it is judged, pauseBatches how long a
	// useless one rests; usefulShare is the share of rows above which it is useless.
	measureBatches = 8
	pauseBatches   = 64
	usefulShare    = 0.7
	// skipShare is the share of rows that pass below which whole blocks of ascending keys are likely to hold none.
	skipShare = 1.0 / 32
)

func newRuntimeProbe(f *exec.RuntimeFilter, e plan.Expr, cols expr.Input, w *exec.Worker) (*runtimeProbe, error) {
	key, err := expr.Compile(e, cols, w)
	if err != nil {
		return nil, err
	}
	_, bare := e.(*plan.Column)
	return &runtimeProbe{filter: f, expr: e, key: key, bare: bare, sel: mem.Alloc[uint32](w.Arena, columnar.BatchSize, false), batches: measureBatches}, nil
}

// passShare is the part of rows that passed lately, 1 when unknown.
func (r *runtimeProbe) passShare() float64 {
	if r.paused || r.seen == 0 {
		return 1
	}
	return float64(r.passed) / float64(r.seen)
}

// apply drops rows that cannot match.
func (r *runtimeProbe) apply(b *columnar.Batch, rows *expr.Rows) error {
	if r.filter.Empty {
		rows.SetSelection(r.sel[:0])
		return nil
	}
	r.batches--
	if r.paused {
		if r.batches <= 0 {
			r.paused, r.batches, r.seen, r.passed = false, measureBatches, 0, 0
		}
		return nil
	}
	r.seen += rows.Count
	if err := r.refineRows(b, rows); err != nil {
		return err
	}
	r.passed += rows.Count
	if r.batches <= 0 {
		if float64(r.passed) > usefulShare*float64(r.seen) {
			r.paused, r.batches = true, pauseBatches
		} else {
			// What counts is the recent past: halve the old counts and go on watching.
			r.batches, r.seen, r.passed = measureBatches, r.seen/2, r.passed/2
		}
	}
	return nil
}

// refineRows clears bits of a mask where it can, else it shortens a list.
func (r *runtimeProbe) refineRows(b *columnar.Batch, rows *expr.Rows) error {
	if r.bare {
		v, err := r.key.Eval(b)
		if err != nil {
			return err
		}
		if words := r.maskable(v, rows); words != nil {
			r.mask(v, b.Len, words)
			rows.Recount()
			return nil
		}
	}
	b.Sel = rows.List()
	v, err := r.key.Eval(b)
	if err != nil {
		return err
	}
	rows.SetSelection(r.refine(v, b.Sel, b.Len))
	b.Sel = nil
	return nil
}

// maskable gives the rows' mask when there are a loop for the key's layout and rows enough.
func (r *runtimeProbe) maskable(v *columnar.Vector, rows *expr.Rows) []uint64 {
	if v.Enc != columnar.Flat || v.Layout > columnar.I64 {
		return nil
	}
	return rows.Mask()
}

// mask clears the bits of the rows whose key is not in the filter.
func (r *runtimeProbe) mask(v *columnar.Vector, n int, words []uint64) {
	for i := range v.Valid {
		words[i] &= v.Valid[i]
	}
	top, delta := expr.Top(v), v.Base-r.filter.Min
	switch v.Layout {
	case columnar.U8:
		maskKeys(v.U8[:n], top, delta, r, v.Valid == nil, words)
	case columnar.U16:
		maskKeys(v.U16[:n], top, delta, r, v.Valid == nil, words)
	case columnar.U32:
		maskKeys(v.U32[:n], top, delta, r, v.Valid == nil, words)
	default:
		maskKeys(v.I64[:n], 0, -r.filter.Min, r, v.Valid == nil, words)
	}
}

func maskKeys[T simd.Element](keys []T, top uint64, delta int64, r *runtimeProbe, full bool, words []uint64) {
	f := r.filter
	if f.Bits == nil {
		maskSpan(keys, delta, uint64(f.Max-f.Min), words)
		return
	}
	if r.sorted && full && r.passShare() < skipShare {
		skipBlocks(keys, delta, f.Bits, words)
	}
	if r.sorted {
		simd.MaskClustered(keys, top, delta, f.Bits, true, words)
		return
	}
	simd.MaskMember(keys, top, delta, f.Bits, true, words)
}

// maskSpan keeps the keys with key+delta in [0, span].
func maskSpan[T simd.Element](keys []T, delta int64, span uint64, words []uint64) {
	for at := 0; at < len(keys); at += 64 {
		m := uint64(0)
		for i, x := range keys[at:min(at+64, len(keys))] {
			bit := uint64(0)
			if uint64(int64(x)+delta) <= span {
				bit = 1
			}
			m |= bit << (i & 63)
		}
		words[at>>6] &= m
	}
}

// skipBlocks clears the words of ascending keys where no bit of the keys' whole range is set: one look at
// a few words settles 64 rows.
func skipBlocks[T simd.Element](keys []T, delta int64, bits []uint64, words []uint64) {
	for i := range words {
		block := keys[64*i : min(64*i+64, len(keys))]
		if words[i] != 0 && !anyBit(bits, int64(block[0])+delta, int64(block[len(block)-1])+delta) {
			words[i] = 0
		}
	}
}

// refine keeps the rows whose key is in the filter. NULL never is.
func (r *runtimeProbe) refine(v *columnar.Vector, sel []uint32, n int) []uint32 {
	f := r.filter
	if v.Enc == columnar.Const {
		if v.IsNull(0) || !f.Has(v.Int(0)) {
			return r.sel[:0]
		}
		return sel
	}
	if v.Valid != nil {
		sel = dropNulls(r.sel, sel, v.Valid, n)
	}
	delta := v.Base - f.Min
	switch v.Layout {
	case columnar.U8:
		return refineKeys(r.sel, v.U8, sel, n, delta, f)
	case columnar.U16:
		return refineKeys(r.sel, v.U16, sel, n, delta, f)
	case columnar.U32:
		return refineKeys(r.sel, v.U32, sel, n, delta, f)
	case columnar.I64:
		return refineKeys(r.sel, v.I64, sel, n, -f.Min, f)
	}
	return sel
}

func refineKeys[T uint8 | uint16 | uint32 | int64](dst []uint32, v []T, sel []uint32, n int, delta int64, f *exec.RuntimeFilter) []uint32 {
	switch {
	case f.Bits != nil && sel == nil:
		return bitsAll(dst, v[:n], delta, f.Bits)
	case f.Bits != nil:
		return bitsOf(dst, v, sel, delta, f.Bits)
	}
	k, span := 0, uint64(f.Max-f.Min)
	if sel == nil {
		for i, x := range v[:n] {
			dst[k] = uint32(i)
			if uint64(int64(x)+delta) <= span {
				k++
			}
		}
		return dst[:k]
	}
	for _, i := range sel {
		dst[k] = i
		if uint64(int64(v[i])+delta) <= span {
			k++
		}
	}
	return dst[:k]
}

// bitsAll tests one bit a row without a branch on it; the only branch guards the filter's range.
func bitsAll[T uint8 | uint16 | uint32 | int64](dst []uint32, v []T, delta int64, bits []uint64) []uint32 {
	k := 0
	dst = dst[:len(v)]
	for i, x := range v {
		dst[k] = uint32(i)
		at := uint64(int64(x) + delta)
		if w := at >> 6; w < uint64(len(bits)) {
			k += int(bits[w] >> (at & 63) & 1)
		}
	}
	return dst[:k]
}

// anyBit reports whether a bit of [lo, hi] is set; what lies outside the bits is not.
func anyBit(bits []uint64, lo, hi int64) bool {
	lo, hi = max(lo, 0), min(hi, int64(len(bits))*64-1)
	if lo > hi {
		return false
	}
	first, last := lo>>6, hi>>6
	head, tail := ^uint64(0)<<(lo&63), ^uint64(0)>>(63-hi&63)
	if first == last {
		return bits[first]&head&tail != 0
	}
	some := bits[first]&head | bits[last]&tail
	for _, w := range bits[first+1 : last] {
		some |= w
	}
	return some != 0
}

func bitsOf[T uint8 | uint16 | uint32 | int64](dst []uint32, v []T, sel []uint32, delta int64, bits []uint64) []uint32 {
	k := 0
	dst = dst[:len(sel)]
	for _, i := range sel {
		dst[k] = i
		at := uint64(int64(v[i]) + delta)
		if w := at >> 6; w < uint64(len(bits)) {
			k += int(bits[w] >> (at & 63) & 1)
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
