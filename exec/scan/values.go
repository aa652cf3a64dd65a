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
	// exprs are what a kept query has compiled, row by row.
	exprs [][]expr.Evaluator
	one   columnar.Batch // without columns: what literals are computed on
	row   columnar.Batch // the only row
	rows  *buffer.Reader // of several rows; nil for one
}

// NewValues makes the operator of node.
func NewValues(node *plan.Values) *Values { return &Values{node: node} }

// Prepare computes the rows.
func (v *Values) Prepare(q *exec.Query) error {
	v.one.Len = 1
	return q.Guard(q.Workers[0], v.compute)
}

func (v *Values) compute(w *exec.Worker) error {
	if err := w.Query.Err(); err != nil {
		return err
	}
	if v.row.Cols == nil {
		v.row.Cols = make([]*columnar.Vector, len(v.node.Cols))
	}
	if len(v.node.Rows) == 1 { // lent as it is
		v.row.Len = 1
		return v.eval(w, 0)
	}
	arena := w.Arena
	if w.Query.Kept() {
		arena = w.Query.NewArena() // of this execution
	}
	table := buffer.New(arena, Types(v.node.Cols))
	for i := range v.node.Rows {
		if err := v.eval(w, i); err != nil {
			return err
		}
		table.Append(v.row.Cols, nil, 1)
	}
	if len(v.node.Cols) == 0 {
		table.Rows = len(v.node.Rows)
	}
	v.rows = buffer.NewReader(w.Query, true, table)
	return nil
}

// eval computes row i.
func (v *Values) eval(w *exec.Worker, i int) error {
	exprs, err := v.compiled(w, i)
	if err != nil {
		return err
	}
	for k, e := range exprs {
		if v.row.Cols[k], err = e.Eval(&v.one); err != nil {
			return err
		}
	}
	return nil
}

// compiled is the evaluators of row i: a kept query keeps them.
func (v *Values) compiled(w *exec.Worker, i int) ([]expr.Evaluator, error) {
	if i < len(v.exprs) {
		return v.exprs[i], nil
	}
	exprs := make([]expr.Evaluator, len(v.node.Cols))
	for k, e := range v.node.Rows[i] {
		var err error
		if exprs[k], err = expr.Compile(e, nil, w); err != nil {
			return nil, err
		}
	}
	if w.Query.Kept() {
		v.exprs = append(v.exprs, exprs)
	}
	return exprs, nil
}

// Stream implements exec.Operator.
func (v *Values) Stream(w *exec.Worker) columnar.Stream {
	if v.rows != nil {
		return v.rows.Stream(w)
	}
	return func(yield func(*columnar.Batch, error) bool) {
		if w.ID != 0 || v.row.Len == 0 {
			return
		}
		if err := w.Query.Err(); err != nil {
			yield(nil, err)
			return
		}
		yield(&v.row, nil)
	}
}

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
