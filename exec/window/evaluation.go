package window

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/rowkey"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/plan"
)

// evaluation is one worker's state for computing sections.
type evaluation struct {
	operator *Operator
	worker   *exec.Worker
	calls    []computer
	slots    []buffer.Slot
	views    []columnar.Vector
	out      columnar.Batch
}

// computer computes one call over a section.
type computer interface {
	compute(s *section) (result, error)
}

// result is what a call gives for the places of a section: row at[i] of values, NULL for rowkey.None;
// without at, row i.
type result struct {
	values *columnar.Vector
	at     []uint32
}

func newEvaluation(o *Operator, w *exec.Worker) (*evaluation, error) {
	e := &evaluation{operator: o, worker: w}
	for i := range o.node.Calls {
		f, err := e.function(&o.node.Calls[i], &o.bounds[i])
		if err != nil {
			return nil, err
		}
		e.calls = append(e.calls, f)
	}
	n := o.width + len(e.calls)
	e.slots, e.views = make([]buffer.Slot, n), make([]columnar.Vector, n)
	e.out.Cols = make([]*columnar.Vector, n)
	return e, nil
}

func (e *evaluation) function(n *plan.NamedWindow, b *frameBounds) (computer, error) {
	c := &n.Call
	if c.Fn == nil {
		return newAggregate(e, n, b)
	}
	var args []int
	for _, a := range c.Arg {
		args = append(args, e.operator.at(a))
	}
	switch c.Fn.Name {
	case "lag":
		return &shift{args: args, sign: -1}, nil
	case "lead":
		return &shift{args: args, sign: 1}, nil
	case "first_value", "last_value", "nth_value":
		return &pick{name: c.Fn.Name, args: args, bounds: b}, nil
	case "ntile":
		return &ntile{arg: args[0]}, nil
	}
	return newRank(c.Fn.Name)
}

// section computes all calls and hands out the rows; false when nobody wants more.
func (e *evaluation) section(cols []*columnar.Vector, rows []uint32, marks []uint8, yield func(*columnar.Batch, error) bool) bool {
	arena := mem.NewArena(e.operator.query.Memory)
	defer arena.Free()
	s := newSection(arena, cols, rows, marks)
	results := make([]result, len(e.calls))
	for i, f := range e.calls {
		err := e.operator.query.Err()
		if err == nil {
			results[i], err = f.compute(s)
		}
		if err != nil {
			yield(nil, err)
			return false
		}
	}
	for from := 0; from < len(rows); from += columnar.BatchSize {
		if err := e.operator.query.Err(); err != nil {
			yield(nil, err)
			return false
		}
		if !yield(e.batch(s, results, from, min(from+columnar.BatchSize, len(rows))), nil) {
			return false
		}
	}
	return true
}

// batch gathers the rows [from, to) of a section.
func (e *evaluation) batch(s *section, results []result, from, to int) *columnar.Batch {
	arena, n := e.worker.Arena, to-from
	for i := range e.operator.width {
		e.out.Cols[i] = e.slots[i].Gather(arena, s.cols[i], s.rows[from:to], nil, n, false)
	}
	for j, r := range results {
		i := e.operator.width + j
		if r.at == nil {
			r.values.Slice(from, to, &e.views[i])
			e.out.Cols[i] = &e.views[i]
			continue
		}
		at, absent := r.at[from:to], false
		for _, row := range at {
			absent = absent || row == rowkey.None
		}
		e.out.Cols[i] = e.slots[i].Gather(arena, r.values, at, nil, n, absent)
		e.out.Cols[i].Type = e.operator.node.Calls[j].Call.Typ
	}
	e.out.Len = n
	return &e.out
}
