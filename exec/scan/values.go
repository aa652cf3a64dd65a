package scan

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
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

// Series is generate_series over integers.
type Series struct {
	node              *plan.Generate
	query             *exec.Query
	start, stop, step int64
	empty             bool
}

// NewSeries makes the operator of a generate_series node whose arguments are integers.
func NewSeries(node *plan.Generate) (*Series, error) {
	if node.Function != "generate_series" {
		return nil, sqlerr.Unsupported(-1, -1, "the table function "+node.Function)
	}
	for _, a := range node.Args {
		if !a.Type().IsInteger() {
			return nil, sqlerr.Unsupported(-1, -1, "generate_series over "+a.Type().String())
		}
	}
	return &Series{node: node, step: 1}, nil
}

// Prepare computes the arguments.
func (s *Series) Prepare(q *exec.Query) error {
	s.query = q
	into := []*int64{&s.start, &s.stop, &s.step}
	return q.RunOn(1, func(w *exec.Worker) error {
		for i, a := range s.node.Args {
			evaluator, err := expr.Compile(a, nil, w)
			if err != nil {
				return err
			}
			v, err := evaluator.Eval(&columnar.Batch{Len: 1})
			if err != nil {
				return err
			}
			if v.IsNull(0) {
				s.empty = true
				return nil
			}
			*into[i] = v.Int(0)
		}
		if s.step == 0 {
			return sqlerr.New(sqlerr.InvalidParameterValue, "step size cannot equal zero")
		}
		return nil
	})
}

// Ordered implements exec.Operator.
func (s *Series) Ordered() bool { return true }

// Stream implements exec.Operator.
func (s *Series) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		if w.ID != 0 || s.empty {
			return
		}
		v := &columnar.Vector{Type: s.node.Cols[0].Typ, Layout: columnar.I64, Bounded: true}
		ints := make([]int64, columnar.BatchSize)
		out := columnar.Batch{Cols: []*columnar.Vector{v}}
		for next, more := s.start, true; more; {
			if err := s.query.Err(); err != nil {
				yield(nil, err)
				return
			}
			n := 0
			for ; n < len(ints) && more; n++ {
				if s.step > 0 && next > s.stop || s.step < 0 && next < s.stop {
					more = false
					break
				}
				ints[n] = next
				after := next + s.step
				more = (after > next) == (s.step > 0)
				next = after
			}
			if n == 0 {
				return
			}
			v.I64, v.Len, out.Len = ints[:n], n, n
			v.Lo, v.Hi = min(ints[0], ints[n-1]), max(ints[0], ints[n-1])
			if !yield(&out, nil) {
				return
			}
		}
	}
}
