package setop

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/types"
)

// UnionAll delivers both inputs' rows.
type UnionAll struct{ left, right exec.Operator }

// NewUnionAll makes the operator. Both inputs have the same column types.
func NewUnionAll(left, right exec.Operator) *UnionAll { return &UnionAll{left, right} }

// Prepare implements exec.Operator.
func (u *UnionAll) Prepare(q *exec.Query) error {
	if err := u.left.Prepare(q); err != nil {
		return err
	}
	return u.right.Prepare(q)
}

// Stream implements exec.Operator.
func (u *UnionAll) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		for _, side := range []exec.Operator{u.left, u.right} {
			for b, err := range side.Stream(w) {
				if !yield(b, err) || err != nil {
					return
				}
			}
		}
	}
}

// Ordered implements exec.Operator: rows come from worker 0 alone when both inputs' do.
func (u *UnionAll) Ordered() bool { return u.left.Ordered() && u.right.Ordered() }

// Tagged is a union of all rows with two more bigint columns: 1 and 0 for the left input's rows, 0 and
// 1 for the right one's. Grouped and summed, they count each row on either side.
type Tagged struct{ UnionAll }

// NewTagged makes the operator.
func NewTagged(left, right exec.Operator) *Tagged { return &Tagged{UnionAll{left, right}} }

// Stream implements exec.Operator.
func (t *Tagged) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		var out columnar.Batch
		for side, input := range []exec.Operator{t.left, t.right} {
			tags := []*columnar.Vector{constant(int64(1 - side)), constant(int64(side))}
			for b, err := range input.Stream(w) {
				if err != nil {
					yield(nil, err)
					return
				}
				for _, tag := range tags {
					tag.Len = b.Len
				}
				out = columnar.Batch{Len: b.Len, Sel: b.Sel, Cols: append(append(out.Cols[:0], b.Cols...), tags...)}
				if !yield(&out, nil) {
					return
				}
			}
		}
	}
}

func constant(value int64) *columnar.Vector {
	return &columnar.Vector{Type: types.TBigInt, Enc: columnar.Const, Layout: columnar.I64, I64: []int64{value}, Bounded: true, Lo: value, Hi: value}
}
