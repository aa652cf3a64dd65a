package setop

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// Working holds the rows that the last round of a recursion found.
type Working struct {
	kinds []types.Type
	table *buffer.Table
}

// NewWorking makes an empty working table.
func NewWorking(kinds []types.Type) *Working { return &Working{kinds: kinds} }

// Reader makes an operator that reads the rows there are when it is prepared.
func (w *Working) Reader() exec.Operator { return &workingReader{working: w} }

type workingReader struct {
	working *Working
	rows    *buffer.Reader
}

// Prepare implements exec.Operator.
func (r *workingReader) Prepare(q *exec.Query) error {
	r.rows = buffer.NewReader(q, false, r.working.table)
	return nil
}

// Stream implements exec.Operator.
func (r *workingReader) Stream(w *exec.Worker) columnar.Stream { return r.rows.Stream(w) }

// Ordered implements exec.Operator.
func (r *workingReader) Ordered() bool { return false }

// Recursive evaluates WITH RECURSIVE round by round (ISO/IEC 9075-2, 7.17, semi-naive): each round
// runs the step over the rows that the round before found, until there are none.
type Recursive struct {
	node    *plan.Recursive
	init    exec.Operator
	working *Working
	step    func() (exec.Operator, error)
	rows    *buffer.Reader
	bound   int64 // rows that suffice, 0 for all
}

// NewRecursive makes the operator; step builds a fresh operator for every round.
func NewRecursive(node *plan.Recursive, init exec.Operator, working *Working, step func() (exec.Operator, error)) *Recursive {
	return &Recursive{node: node, init: init, working: working, step: step}
}

// Bound implements exec.Bounded: a recursion that would not end stops when it has found enough rows.
func (r *Recursive) Bound(rows int64) { r.bound = rows }

// Prepare runs all rounds.
func (r *Recursive) Prepare(q *exec.Query) error {
	var results []*buffer.Table
	var known *seen
	if !r.node.All {
		known = newSeen(q.Workers[0].Arena, r.working.kinds)
	}
	total := int64(0)
	for op := r.init; ; {
		found, err := r.round(q, op, known)
		if err != nil {
			return err
		}
		if found.Rows == 0 {
			break
		}
		results = append(results, found)
		if total += int64(found.Rows); r.bound > 0 && total >= r.bound {
			break
		}
		r.working.table = found
		if op, err = r.step(); err != nil {
			return err
		}
	}
	r.rows = buffer.NewReader(q, true, results...)
	return nil
}

// round runs op and keeps its rows, without those known already unless duplicates count.
func (r *Recursive) round(q *exec.Query, op exec.Operator, known *seen) (*buffer.Table, error) {
	if err := op.Prepare(q); err != nil {
		return nil, err
	}
	parts, err := buffer.Drain(q, op, func(w *exec.Worker) *buffer.Table { return buffer.New(w.Arena, r.working.kinds) })
	if err != nil {
		return nil, err
	}
	all, err := buffer.Concat(q, r.working.kinds, parts)
	if err != nil || known == nil || all.Rows == 0 {
		return all, err
	}
	fresh := buffer.New(q.Workers[0].Arena, r.working.kinds)
	cols := make([]*columnar.Vector, all.Width())
	for i := range cols {
		cols[i] = all.Column(i)
	}
	fresh.Append(cols, known.add(cols, nil, all.Rows), all.Rows)
	return fresh, nil
}

// Stream implements exec.Operator.
func (r *Recursive) Stream(w *exec.Worker) columnar.Stream { return r.rows.Stream(w) }

// Ordered implements exec.Operator: rows come in the order of the rounds.
func (r *Recursive) Ordered() bool { return true }
