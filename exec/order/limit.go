// Package order holds the operators about order and number of rows: sort, top-N and limit.
package order

import (
	"math"
	"sync/atomic"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
)

// Limit skips rows and passes a number of them. Workers take their rows' numbers from one counter.
type Limit struct {
	input         exec.Operator
	node          *plan.Limit
	offset, count int64
	taken         atomic.Int64
}

// NewLimit limits input.
func NewLimit(input exec.Operator, node *plan.Limit) *Limit {
	return &Limit{input: input, node: node}
}

// Ordered implements exec.Operator.
func (l *Limit) Ordered() bool { return l.input.Ordered() }

// Prepare implements exec.Operator. Nothing below runs when no row is wanted.
func (l *Limit) Prepare(q *exec.Query) error {
	err := q.RunOn(1, func(w *exec.Worker) (err error) {
		l.offset, l.count, err = bounds(w, l.node)
		return err
	})
	if err != nil || l.count == 0 {
		return err
	}
	exec.Bound(l.input, l.offset+l.count)
	return l.input.Prepare(q)
}

// bounds evaluates OFFSET and LIMIT so that their sum fits an int64.
func bounds(w *exec.Worker, n *plan.Limit) (offset, count int64, err error) {
	offset, err = rowCount(w, n.Offset, 0, sqlerr.InvalidRowCountInOffset, "OFFSET must not be negative")
	if err == nil {
		count, err = rowCount(w, n.Count, math.MaxInt64, sqlerr.InvalidRowCountInLimit, "LIMIT must not be negative")
	}
	return offset, min(count, math.MaxInt64-offset), err
}

func rowCount(w *exec.Worker, e plan.Expr, none int64, state sqlerr.State, message string) (int64, error) {
	if e == nil {
		return none, nil
	}
	evaluator, err := expr.Compile(e, nil, w)
	if err != nil {
		return 0, err
	}
	v, err := evaluator.Eval(&columnar.Batch{Len: 1})
	if err != nil || v.IsNull(0) {
		return none, err
	}
	if n := v.Int(0); n >= 0 {
		return n, nil
	}
	return 0, sqlerr.New(state, "%s", message)
}

// Stream implements exec.Operator.
func (l *Limit) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		end := l.offset + l.count
		if l.count == 0 || l.taken.Load() >= end {
			return
		}
		var sel []uint32
		var out columnar.Batch
		for b, err := range l.input.Stream(w) {
			if err != nil {
				yield(nil, err)
				return
			}
			n := int64(b.Rows())
			first := l.taken.Add(n) - n
			from, to := max(l.offset-first, 0), min(end-first, n)
			if from < to {
				out = *b
				if from > 0 || to < n {
					sel = mem.Grow(w.Arena, sel[:0], b.Len)
					out.Sel = cut(sel[:0], b.Sel, from, to)
				}
				if !yield(&out, nil) {
					return
				}
			}
			if first+n >= end {
				return
			}
		}
	}
}

// cut lists the rows number from to to of a selection.
func cut(dst, sel []uint32, from, to int64) []uint32 {
	if sel != nil {
		return append(dst, sel[from:to]...)
	}
	for i := from; i < to; i++ {
		dst = append(dst, uint32(i))
	}
	return dst
}
