package scan

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// Empty delivers nothing.
type Empty struct{}

// Prepare implements exec.Operator.
func (Empty) Prepare(*exec.Query) error { return nil }

// Stream implements exec.Operator.
func (Empty) Stream(*exec.Worker) columnar.Stream {
	return func(func(*columnar.Batch, error) bool) {}
}

// Ordered implements exec.Operator.
func (Empty) Ordered() bool { return true }

// Values delivers literal rows, in order.
type Values struct {
	node *plan.Values
	rows *buffer.Reader
}

// NewValues makes the operator of node.
func NewValues(node *plan.Values) *Values { return &Values{node: node} }

// Prepare computes the rows.
func (v *Values) Prepare(q *exec.Query) error {
	return q.RunOn(1, func(w *exec.Worker) error {
		table := buffer.New(w.Arena, Types(v.node.Cols))
		one := &columnar.Batch{Len: 1}
		row := make([]*columnar.Vector, len(v.node.Cols))
		for _, exprs := range v.node.Rows {
			for i, e := range exprs {
				evaluator, err := expr.Compile(e, nil, w)
				if err != nil {
					return err
				}
				if row[i], err = evaluator.Eval(one); err != nil {
					return err
				}
			}
			table.Append(row, nil, 1)
			if len(row) == 0 {
				table.Rows = len(v.node.Rows)
			}
		}
		v.rows = buffer.NewReader(q, true, table)
		return nil
	})
}

// Stream implements exec.Operator.
func (v *Values) Stream(w *exec.Worker) columnar.Stream { return v.rows.Stream(w) }

// Ordered implements exec.Operator.
func (v *Values) Ordered() bool { return true }

// Types lists the types of columns.
func Types(cols []plan.Column) []types.Type {
	ts := make([]types.Type, len(cols))
	for i := range cols {
		ts[i] = cols[i].Typ
	}
	return ts
}
