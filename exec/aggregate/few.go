package aggregate

import (
	"math"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/simd"
)

// Where few groups are addressed directly, a row's group is a byte, and sums run over narrow columns as
// they are, a vector of rows at a time: they are neither widened nor gathered.

// narrow reports an integer vector of 8 to 32 bits whose magnitude is known without a look at its values.
func narrow(v *columnar.Vector) bool {
	return v.Enc == columnar.Flat && v.Layout <= columnar.U32 && bounded(v)
}

// bounded reports that a vector's magnitude is known.
func bounded(v *columnar.Vector) bool { return v.Bounded && v.Lo > math.MinInt64 }

// totalOf adds up the first n values of a narrow vector.
func totalOf(v *columnar.Vector, n int) int64 {
	sum := v.Base * int64(n)
	switch v.Layout {
	case columnar.U8:
		return sum + simd.Total(v.U8[:n])
	case columnar.U16:
		return sum + simd.Total(v.U16[:n])
	}
	return sum + simd.Total(v.U32[:n])
}

// few groups a batch of all rows by bytes when its keys are few; it gives false when they are not.
func (l *local) few(b *columnar.Batch) (done bool, err error) {
	if l.mode != direct || b.Sel != nil || l.layout.Span() > simd.MaxCodes {
		return false, nil
	}
	codes := l.eval.codes[:b.Len]
	if !l.layout.PackCodes(l.cols, b.Len, codes) {
		return false, nil
	}
	l.states.resize(int(l.layout.Span()))
	return true, l.eval.updateFew(l.states, b, codes)
}

// updateFew is update for groups given as bytes.
func (e *evaluators) updateFew(st *states, b *columnar.Batch, codes []uint8) error {
	var counts [simd.MaxCodes]int64
	stride := len(st.spec.kinds)
	simd.CountCodes(codes, &counts, st.n)
	for g := range st.n {
		st.words[g*stride] += counts[g]
	}
	var ids []uint32 // made where an input needs them
	for i := range e.spec.inputs {
		done, err := e.sumFew(i, st, b, codes, &counts)
		if err != nil {
			return err
		}
		if done {
			continue
		}
		if ids == nil {
			ids = e.idsOf(codes)
		}
		c := chain{st: st, ids: ids}
		if err := e.input(i, st, b, ids, &c); err != nil {
			return err
		}
		c.flush()
	}
	return nil
}

// sumFew folds input i when it is but a sum, of integers that are not NULL.
func (e *evaluators) sumFew(i int, st *states, b *columnar.Batch, codes []uint8, counts *[simd.MaxCodes]int64) (done bool, err error) {
	in := &e.spec.inputs[i]
	if in.arg == nil || in.filter != nil || in.distinct || len(in.ops)+len(in.accs) > 0 {
		return false, nil
	}
	v, err := e.args[i].Eval(b)
	if err != nil || v.Enc != columnar.Flat || v.Layout > columnar.I64 || v.Valid != nil {
		return false, err
	}
	var dense []int64
	if v.Layout == columnar.I64 {
		dense = v.I64[:b.Len]
	} else if !narrow(v) {
		return false, nil
	}
	for _, sum := range in.sums {
		if !st.admit(sum, v, dense, b.Len) {
			st.addWide(sum, e.idsOf(codes), v, nil, b.Len)
			continue
		}
		st.addFew(st.spec.sums[sum].word, v, codes, counts)
	}
	return true, nil
}

// idsOf widens codes to group numbers.
func (e *evaluators) idsOf(codes []uint8) []uint32 {
	ids := e.few[:len(codes)]
	for j, c := range codes {
		ids[j] = uint32(c)
	}
	return ids
}

// addFew adds the values of v to a word of their groups.
func (st *states) addFew(word int, v *columnar.Vector, codes []uint8, counts *[simd.MaxCodes]int64) {
	var sums [simd.MaxCodes]int64
	base, n := v.Base, len(codes)
	switch v.Layout {
	case columnar.U8:
		simd.SumCodes(v.U8[:n], codes, counts, &sums)
	case columnar.U16:
		simd.SumCodes(v.U16[:n], codes, counts, &sums)
	case columnar.U32:
		simd.SumCodes(v.U32[:n], codes, counts, &sums)
	default:
		base = 0
		simd.SumCodes(v.I64[:n], codes, counts, &sums)
	}
	stride := len(st.spec.kinds)
	for g := range st.n {
		st.words[g*stride+word] += sums[g] + base*counts[g]
	}
}
