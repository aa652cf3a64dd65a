package aggregate

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/simd"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/exec/expr"
)

// Without groups, rows that do not count are masked out at the very end: arguments are computed for all
// rows of the batch, and sums run over their values under the mask. NULLs are masked out the same way.

// masks reports an aggregation that takes masks: its arguments may be computed on any row, and words hold
// all of its states.
func (s *spec) masks() bool {
	for i := range s.inputs {
		in := &s.inputs[i]
		if in.arg == nil || in.filter != nil || !in.maskable() || !expr.Harmless(in.arg) {
			return false
		}
	}
	return len(s.groups) == 0
}

// maskable reports an input whose values may come under a mask.
func (in *input) maskable() bool { return !in.distinct && len(in.accs) == 0 }

// masked is the memory of a batch's rows under masks.
type masked struct {
	words []uint64
	dense *buffer.Densifier
	rows  []uint32
}

func newMasked(arena *mem.Arena) masked {
	return masked{words: mem.Alloc[uint64](arena, simd.Words(columnar.BatchSize), false), dense: buffer.NewDensifier(arena, 1)}
}

// updateMasked is update of group 0 for a batch with a mask.
func (e *evaluators) updateMasked(st *states, b *columnar.Batch) error {
	st.words[0] += int64(b.Marked)
	for i := range e.spec.inputs {
		v, err := e.args[i].Eval(b)
		if err == nil {
			e.foldMasked(st, &e.spec.inputs[i], v, b.Mask, b.Marked, b.Len)
			continue
		}
		// Perhaps it was a row that does not count.
		if e.masked.rows == nil {
			e.masked.rows = make([]uint32, columnar.BatchSize+simd.Slack)
		}
		listed := columnar.Batch{Len: b.Len, Cols: b.Cols, Sel: e.masked.rows[:simd.Rows(b.Mask, e.masked.rows)]}
		if err := e.input(i, st, &listed, nil, &chain{st: st}); err != nil {
			return err
		}
	}
	return nil
}

// foldMasked folds the count rows of a mask (nil: all of length), those that are NULL excepted, into group 0.
func (e *evaluators) foldMasked(st *states, in *input, v *columnar.Vector, mask []uint64, count, length int) {
	n := count
	if v.Valid != nil {
		if v.Enc != columnar.Const {
			mask = e.masked.notNull(v, mask, length)
			n = simd.Count(mask)
		} else if v.IsNull(0) {
			n = 0
		}
		if in.counter > 0 && !in.counted() {
			st.words[in.counter] += int64(count - n)
		}
	}
	if in.counted() {
		st.words[in.counter] += int64(n)
	}
	switch {
	case n == 0:
	case n == length:
		st.apply(in, &chain{st: st}, v, nil, n)
	case len(in.ops) == 0 && st.sumMasked(in, v, mask, n, length):
	default:
		together := *v
		if together.Valid = nil; v.Enc == columnar.Const {
			together.Len = n
		} else {
			e.masked.dense.Column(0, &together, mask, n)
		}
		st.apply(in, &chain{st: st}, &together, nil, n)
	}
}

// notNull is the rows of a mask (nil: all of n) that are not NULL.
func (m *masked) notNull(v *columnar.Vector, mask []uint64, n int) []uint64 {
	words := m.words[:simd.Words(n)]
	if simd.SetAll(words, n); mask != nil {
		copy(words, mask)
	}
	for i := range words {
		words[i] &= v.Valid[i]
	}
	return words
}

// sumMasked adds the n rows of a mask to the input's sums; false when their bounds do not prove that this
// can be done in a word.
func (st *states) sumMasked(in *input, v *columnar.Vector, mask []uint64, n, length int) bool {
	plain := narrow(v) || v.Enc == columnar.Flat && v.Layout == columnar.I64 && bounded(v)
	if !plain || len(in.sums) > 1 {
		return false
	}
	for _, sum := range in.sums {
		if !st.admit(sum, v, nil, n) {
			return false
		}
		st.words[st.spec.sums[sum].word] += maskedTotal(v, mask, n, length)
	}
	return true
}

// maskedTotal adds up the n values of a mask.
func maskedTotal(v *columnar.Vector, mask []uint64, n, length int) int64 {
	base := v.Base * int64(n)
	switch v.Layout {
	case columnar.U8:
		return base + simd.TotalMasked(v.U8[:length], mask)
	case columnar.U16:
		return base + simd.TotalMasked(v.U16[:length], mask)
	case columnar.U32:
		return base + simd.TotalMasked(v.U32[:length], mask)
	}
	return simd.TotalMasked(v.I64[:length], mask)
}
