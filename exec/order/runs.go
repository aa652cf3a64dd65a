package order

import (
	"bytes"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// RunLimit is the limit of each run of rows equal in By, and the limit WITH TIES, which also passes
// the rows that equal the last one in Ties. Its input comes in order, and one worker counts it.
type RunLimit struct {
	input         exec.Operator
	node          *plan.Limit
	layout        expr.Input
	query         *exec.Query
	offset, count int64
}

// NewRunLimit limits the runs of input, whose columns are layout.
func NewRunLimit(input exec.Operator, layout []plan.Column, node *plan.Limit) *RunLimit {
	return &RunLimit{input: input, node: node, layout: layout}
}

// Ordered implements exec.Operator.
func (l *RunLimit) Ordered() bool { return true }

// Prepare implements exec.Operator.
func (l *RunLimit) Prepare(q *exec.Query) error {
	l.query = q
	err := q.RunOn(1, func(w *exec.Worker) (err error) {
		l.offset, l.count, err = bounds(w, l.node)
		return err
	})
	if err != nil || l.count == 0 {
		return err
	}
	return l.input.Prepare(q)
}

// Stream implements exec.Operator.
func (l *RunLimit) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		if w.ID != 0 || l.count == 0 {
			return
		}
		c, err := l.counter(w)
		if err != nil {
			yield(nil, err)
			return
		}
		var out columnar.Batch
		for b, err := range l.rows() {
			var sel []uint32
			if err == nil {
				sel, err = c.pass(b)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if len(sel) > 0 {
				out = *b
				if out.Sel = sel; len(sel) == b.Len {
					out.Sel = nil
				}
				if !yield(&out, nil) {
					return
				}
			}
			if c.done {
				return
			}
		}
	}
}

// rows are the input's rows in order. An input without order has equal keys only: its workers'
// streams follow one another.
func (l *RunLimit) rows() columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		for _, w := range l.query.Workers {
			if w.ID > 0 && l.input.Ordered() {
				return
			}
			for b, err := range l.input.Stream(w) {
				if !yield(b, err) {
					return
				}
			}
		}
	}
}

// runCounter is the place in the input: the number of the row in its run.
type runCounter struct {
	limit    *RunLimit
	arena    *mem.Arena
	by, ties rowsEqual
	row      int64 // rows of this run so far
	done     bool
	sel      []uint32
}

func (l *RunLimit) counter(w *exec.Worker) (*runCounter, error) {
	c := &runCounter{limit: l, arena: w.Arena}
	var err error
	if c.by, err = newRowsEqual(l.node.By, l.layout, w); err == nil {
		c.ties, err = newRowsEqual(l.node.Ties, l.layout, w)
	}
	return c, err
}

// pass lists the rows of b that the limit lets through.
func (c *runCounter) pass(b *columnar.Batch) ([]uint32, error) {
	if err := c.by.eval(b); err != nil {
		return nil, err
	}
	if err := c.ties.eval(b); err != nil {
		return nil, err
	}
	c.sel = mem.Grow(c.arena, c.sel[:0], b.Len)[:0]
	first, last := c.limit.offset, c.limit.offset+c.limit.count
	for k := range b.Rows() {
		i := k
		if b.Sel != nil {
			i = int(b.Sel[k])
		}
		if len(c.by.keys) > 0 && !c.by.same(i) {
			c.row = 0
		}
		same := c.row > 0 && len(c.ties.keys) > 0 && c.ties.same(i)
		switch {
		case c.row >= first && c.row < last, c.row == last && last > first && same:
			c.sel = append(c.sel, uint32(i))
		}
		if c.row < last {
			c.row++
		} else if !same {
			c.row = last + 1 // the ties are over
			if c.done = len(c.by.keys) == 0; c.done {
				break
			}
		}
		c.by.prev, c.ties.prev = i, i
	}
	c.by.keep()
	c.ties.keep()
	return c.sel, nil
}

// rowsEqual compares a row with the one before it, in whichever batch that came.
type rowsEqual struct {
	keys   []expr.Evaluator
	cols   []*columnar.Vector
	prev   int           // the row before in this batch, -1 for none
	before []types.Value // the last row of the batch before; nil for none
}

func newRowsEqual(exprs []plan.Expr, in expr.Input, w *exec.Worker) (rowsEqual, error) {
	r := rowsEqual{cols: make([]*columnar.Vector, len(exprs))}
	for _, e := range exprs {
		ev, err := expr.Compile(e, in, w)
		if err != nil {
			return r, err
		}
		r.keys = append(r.keys, ev)
	}
	return r, nil
}

func (r *rowsEqual) eval(b *columnar.Batch) (err error) {
	for i, k := range r.keys {
		if r.cols[i], err = k.Eval(b); err != nil {
			return err
		}
	}
	r.prev = -1
	return nil
}

// same reports whether row i equals the row before; the first row of all equals none.
func (r *rowsEqual) same(i int) bool {
	if r.prev < 0 && r.before == nil {
		return false
	}
	for k, v := range r.cols {
		equal := false
		if r.prev >= 0 {
			equal = equalRows(v, r.prev, i)
		} else {
			equal = equalValues(r.before[k], v.Value(i))
		}
		if !equal {
			return false
		}
	}
	return true
}

// keep copies the last row before the batch goes back.
func (r *rowsEqual) keep() {
	if r.prev < 0 || len(r.keys) == 0 {
		return
	}
	r.before = make([]types.Value, len(r.cols))
	for k, v := range r.cols {
		r.before[k] = v.Value(r.prev)
	}
}

// Equal is IS NOT DISTINCT FROM of two rows of a vector; for edges, not for loops over rows.
func Equal(v *columnar.Vector, i, j int) bool { return equalRows(v, i, j) }

// Compare orders two rows of a vector that are not NULL.
func Compare(v *columnar.Vector, i, j int) int { return compareAt(v, i, j) }

// equalRows is IS NOT DISTINCT FROM of two rows of a vector.
func equalRows(v *columnar.Vector, i, j int) bool {
	if v.IsNull(i) || v.IsNull(j) {
		return v.IsNull(i) && v.IsNull(j)
	}
	switch v.Type.Class() {
	case types.ClassBytes:
		return bytes.Equal(function.TextAt(v, i), function.TextAt(v, j))
	case types.ClassInt, types.ClassDecimal:
		return function.DecimalAt(v, i) == function.DecimalAt(v, j)
	}
	return equalValues(v.Value(i), v.Value(j))
}

func equalValues(a, b types.Value) bool {
	if a.Null || b.Null {
		return a.Null && b.Null
	}
	switch a.Type.Class() {
	case types.ClassFloat:
		return a.F == b.F || a.F != a.F && b.F != b.F
	case types.ClassInt, types.ClassDecimal:
		return a.Unscaled() == b.Unscaled()
	case types.ClassInterval:
		return total(a.Span) == total(b.Span)
	}
	return a.S == b.S
}
