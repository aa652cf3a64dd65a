package setop

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/plan"
)

// Multiset delivers each distinct row of its input as often as INTERSECT or EXCEPT says. The input's
// last two columns count the row's occurrences left and right (ISO/IEC 9075-2, 7.17).
type Multiset struct {
	input exec.Operator
	kind  plan.SetOpKind
	all   bool
}

// NewMultiset makes the operator.
func NewMultiset(kind plan.SetOpKind, all bool, input exec.Operator) *Multiset {
	return &Multiset{input: input, kind: kind, all: all}
}

// Prepare implements exec.Operator.
func (m *Multiset) Prepare(q *exec.Query) error { return m.input.Prepare(q) }

// Ordered implements exec.Operator.
func (m *Multiset) Ordered() bool { return m.input.Ordered() }

// times is how often a row with these counts is delivered.
func (m *Multiset) times(left, right int64) int64 {
	n := min(left, right)
	if m.kind == plan.Except {
		n = max(left-right, 0)
		if !m.all && right > 0 {
			n = 0
		}
	}
	if !m.all {
		n = min(n, 1)
	}
	return n
}

// Stream implements exec.Operator. A row that counts several times is delivered in as many batches.
func (m *Multiset) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		var out columnar.Batch
		var left []int64
		for b, err := range m.input.Stream(w) {
			if err != nil {
				yield(nil, err)
				return
			}
			width := len(b.Cols) - 2
			rows := b.Rows()
			left = left[:0]
			for k := range rows {
				i := rowAt(b, k)
				left = append(left, m.times(b.Cols[width].Int(i), b.Cols[width+1].Int(i)))
			}
			for again := true; again; {
				var sel []uint32
				again = false
				for k, n := range left {
					if n > 0 {
						sel = append(sel, uint32(rowAt(b, k)))
						left[k]--
						again = again || n > 1
					}
				}
				out = columnar.Batch{Len: b.Len, Sel: sel, Cols: b.Cols[:width:width]}
				if len(sel) > 0 && !yield(&out, nil) {
					return
				}
			}
		}
	}
}

func rowAt(b *columnar.Batch, k int) int {
	if b.Sel != nil {
		return int(b.Sel[k])
	}
	return k
}
