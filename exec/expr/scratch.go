package expr

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
)

// room makes *s have length n, from the worker's arena. It allocates at the first use only, unless a
// vector longer than a batch comes (a dictionary's values), or more rows than a worker of few expected.
func room[T any](w *exec.Worker, s *[]T, n int) []T {
	if cap(*s) < n {
		*s = mem.Alloc[T](w.Arena, max(n, w.Scratch), false)
	}
	*s = (*s)[:n]
	return *s
}

// nullBits owns the bitmap of an evaluator's result.
type nullBits struct{ words []uint64 }

// merge gives the bitmap of rows that are valid in both a and b, which are not NULL constants: nil
// when neither has NULLs.
func (m *nullBits) merge(w *exec.Worker, n int, a, b *columnar.Vector) []uint64 {
	left, right := validOf(a), validOf(b)
	switch {
	case left == nil:
		return right
	case right == nil:
		return left
	}
	words := room(w, &m.words, kernel.Words(n))
	kernel.AndBits(words, left, right)
	return words
}

func validOf(v *columnar.Vector) []uint64 {
	if v.Enc == columnar.Const {
		return nil
	}
	return v.Valid
}

// isNullConst reports a vector whose every row is NULL by encoding.
func isNullConst(v *columnar.Vector) bool { return v.Enc == columnar.Const && v.IsNull(0) }

// hasNulls reports that some row may be NULL.
func hasNulls(v *columnar.Vector) bool { return validOf(v) != nil || isNullConst(v) }

// rowsIn are the rows that count and are not NULL in valid (nil: no NULLs), in scratch where needed.
func rowsIn(w *exec.Worker, b *columnar.Batch, valid []uint64, scratch *[]uint32) []uint32 {
	if valid == nil {
		return b.Sel
	}
	out := room(w, scratch, b.Len)
	return out[:kernel.SelectBits(valid, b.Len, b.Sel, out)]
}
