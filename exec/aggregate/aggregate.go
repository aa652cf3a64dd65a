// Package aggregate groups rows and computes aggregates.
//
// Every worker groups its share of the input by itself; then the workers' groups are combined. How a
// worker numbers its groups is the first rung that applies, and it steps down when the data turn out
// otherwise: one group without keys; clustered keys, whose groups end where the key changes
// (verified row by row); packed keys of a small or dense range, which address their states directly;
// a hash table of packed keys; and, when that outgrows the caches without shrinking its input, rows
// set aside by hash and grouped partition by partition.
//
// A1: a group's words lie side by side: one cache line holds what a row changes.
// A2: sums of integers and decimals are exact. A bound kept beside an int64 word proves that it
// cannot overflow; before it could, words move to 128 bits.
// A3: nothing depends on the promise that the input is clustered but speed.
package aggregate

import (
	"slices"
	"sync/atomic"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/plan"
)

// Operator runs a plan.Aggregate.
type Operator struct {
	spec   *spec
	input  exec.Operator
	cols   expr.Input
	query  *exec.Query
	parts  []*part
	starts []int // first output batch of each part, and the end
	next   atomic.Int64
	// external groups partition by partition, when memory does not suffice.
	external *external
}

// New makes the operator of node over input. It refuses aggregates that do not exist.
func New(node *plan.Aggregate, input exec.Operator) (*Operator, error) {
	s, err := newSpec(node)
	if err != nil {
		return nil, err
	}
	return &Operator{spec: s, input: input, cols: node.Input.Columns()}, nil
}

// Ordered implements exec.Operator.
func (o *Operator) Ordered() bool { return false }

// Prepare reads all input and finishes the groups.
func (o *Operator) Prepare(q *exec.Query) error {
	o.query = q
	if o.spec.masks() {
		exec.AskMasks(o.input)
	}
	if err := o.input.Prepare(q); err != nil {
		return err
	}
	workers := buffer.Workers(q, o.input)
	locals := make([]*local, workers)
	outer := newExternal(o, q)
	asides := make([]*buffer.Partitions, workers)
	err := q.RunOn(workers, func(w *exec.Worker) (err error) {
		locals[w.ID], asides[w.ID], err = o.consume(w, outer)
		return err
	})
	if err != nil {
		return err
	}
	if slices.ContainsFunc(asides, func(p *buffer.Partitions) bool { return p != nil }) {
		o.external = outer
		outer.sets = asides
		return q.RunOn(1, func(*exec.Worker) error {
			for _, l := range locals {
				if l.began {
					outer.frozen = append(outer.frozen, outer.freeze(l))
				}
			}
			return nil
		})
	}
	return q.RunOn(1, func(*exec.Worker) error {
		if o.parts, err = combine(q, locals); err != nil {
			return err
		}
		o.starts = []int{0}
		for _, p := range o.parts {
			o.spec.finish(p)
			o.starts = append(o.starts, o.starts[len(o.starts)-1]+(p.len()+columnar.BatchSize-1)/columnar.BatchSize)
		}
		return nil
	})
}

// consume groups a worker's share of the input, and sets rows aside once its groups take too much memory.
func (o *Operator) consume(w *exec.Worker, outer *external) (*local, *buffer.Partitions, error) {
	own := *w
	own.Arena = o.query.NewArena()
	l, err := newLocal(o.spec, o.cols, &own)
	if err != nil {
		return nil, nil, err
	}
	var rest *aside
	for b, err := range o.input.Stream(w) {
		switch {
		case err != nil:
		case rest != nil:
			err = rest.add(b, outer.at)
		default:
			if err = l.consume(b); err != nil || len(o.spec.groups) == 0 {
				break
			}
			if full := o.query.ShouldSpill(own.Arena.Bytes()); full || l.scattered() {
				rest = outer.newAside(l.eval.groups, !full)
			}
		}
		if err != nil {
			return nil, nil, err
		}
	}
	if rest == nil {
		return l, nil, nil
	}
	return l, rest.out, rest.out.Finish()
}

// finish folds distinct values and readies a part for output.
func (s *spec) finish(p *part) {
	for i := range s.inputs {
		if s.inputs[i].distinct {
			p.states.foldDistinct(i)
		}
	}
	for _, a := range p.states.accs {
		a.finish()
	}
	if p.layout != nil {
		p.layout.Seal()
	}
}

// Feeds implements exec.Feeding: batches of groups.
func (o *Operator) Feeds() int {
	if o.external != nil {
		return exec.Unbounded
	}
	return o.starts[len(o.parts)]
}

// Stream implements exec.Operator.
func (o *Operator) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		if o.external != nil {
			o.external.streamAll(w, yield)
			return
		}
		arena := mem.NewArena(o.query.Memory)
		defer arena.Free()
		for {
			if err := o.query.Err(); err != nil {
				yield(nil, err)
				return
			}
			n := int(o.next.Add(1) - 1)
			if n >= o.starts[len(o.parts)] {
				return
			}
			at := 0
			for n >= o.starts[at+1] {
				at++
			}
			p := o.parts[at]
			from := (n - o.starts[at]) * columnar.BatchSize
			b, err := p.rows(o.spec, arena, from, min(from+columnar.BatchSize, p.len()))
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(b, nil) {
				return
			}
			arena.Free() // the batch was lent
		}
	}
}

// conjuncts splits a filter into the terms that predicates order by cost.
func conjuncts(e plan.Expr) []plan.Expr { return plan.Conjuncts(e) }
