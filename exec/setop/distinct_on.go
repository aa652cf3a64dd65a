package setop

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// DistinctOn keeps the first row of every group of equal On values, in the input's order.
type DistinctOn struct {
	node  *plan.Distinct
	input exec.Operator
	query *exec.Query
}

// NewDistinctOn makes the operator of node over input.
func NewDistinctOn(node *plan.Distinct, input exec.Operator) *DistinctOn {
	return &DistinctOn{node: node, input: input}
}

// Prepare implements exec.Operator.
func (d *DistinctOn) Prepare(q *exec.Query) error {
	d.query = q
	return d.input.Prepare(q)
}

// Ordered implements exec.Operator: one worker decides which row is first.
func (d *DistinctOn) Ordered() bool { return true }

// Stream implements exec.Operator.
func (d *DistinctOn) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		if w.ID != 0 {
			return
		}
		var keys []expr.Evaluator
		var kinds []types.Type
		for _, e := range d.node.On {
			ev, err := expr.Compile(e, d.node.Input.Columns(), w)
			if err != nil {
				yield(nil, err)
				return
			}
			keys, kinds = append(keys, ev), append(kinds, e.Type())
		}
		known := newSeen(w.Arena, kinds)
		for _, source := range d.sources(w) {
			if !d.pass(source, keys, known, yield) {
				return
			}
		}
	}
}

// sources are the streams to read one after the other: those of all workers when the input has no order.
func (d *DistinctOn) sources(w *exec.Worker) []columnar.Stream {
	if d.input.Ordered() {
		return []columnar.Stream{d.input.Stream(w)}
	}
	var all []columnar.Stream
	for _, other := range d.query.Workers {
		all = append(all, d.input.Stream(other))
	}
	return all
}

func (d *DistinctOn) pass(source columnar.Stream, keys []expr.Evaluator, known *seen, yield func(*columnar.Batch, error) bool) bool {
	cols := make([]*columnar.Vector, len(keys))
	for b, err := range source {
		for i := 0; i < len(keys) && err == nil; i++ {
			cols[i], err = keys[i].Eval(b)
		}
		if err != nil {
			yield(nil, err)
			return false
		}
		out := columnar.Batch{Len: b.Len, Sel: known.add(cols, b.Sel, b.Len), Cols: b.Cols}
		if len(out.Sel) > 0 && !yield(&out, nil) {
			return false
		}
	}
	return true
}
