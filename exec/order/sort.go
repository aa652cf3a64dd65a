package order

import (
	"math"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// Sort orders all rows, or finds the first Limit of them. Rows leave through worker 0.
type Sort struct {
	node  *plan.Sort
	input exec.Operator
	cols  expr.Input
	// types are those of the input's columns, then of the keys that are not such a column; keyAt
	// gives each key's place.
	types []types.Type
	extra []plan.Expr
	keyAt []int
	query *exec.Query
	rows  *buffer.Table
	order []uint32
	runs  []*fileRun // instead, when memory did not suffice
}

// NewSort makes the operator of node over input.
func NewSort(node *plan.Sort, input exec.Operator) *Sort {
	s := &Sort{node: node, input: input, cols: node.Input.Columns()}
	for _, c := range s.cols {
		s.types = append(s.types, c.Typ)
	}
	for _, k := range node.Keys {
		at := -1
		if c, ok := k.Expr.(*plan.Column); ok {
			for i := range s.cols {
				if s.cols[i].ID == c.ID {
					at = i
				}
			}
		}
		if at < 0 {
			at = len(s.types)
			s.types, s.extra = append(s.types, k.Expr.Type()), append(s.extra, k.Expr)
		}
		s.keyAt = append(s.keyAt, at)
	}
	return s
}

// Ordered implements exec.Operator.
func (s *Sort) Ordered() bool { return true }

// Prepare reads and sorts all input.
func (s *Sort) Prepare(q *exec.Query) error {
	s.query = q
	if s.masks() {
		exec.AskMasks(s.input)
	}
	if err := s.input.Prepare(q); err != nil {
		return err
	}
	workers := buffer.Workers(q, s.input)
	collected := make([]*collector, workers)
	defer func() {
		for _, c := range collected {
			if c != nil {
				c.arena.Free()
			}
		}
	}()
	err := q.RunOn(workers, func(w *exec.Worker) error {
		c, err := s.newCollector(w)
		if err != nil {
			return err
		}
		collected[w.ID] = c
		return c.run()
	})
	if err != nil {
		return err
	}
	if s.outgrown(collected) {
		return s.external(collected)
	}
	return s.finish(q, collected)
}

// masks reports a search of few rows by a column whose threshold soon drops most of them, so that those of
// a mask need not be listed, or moved together, first.
func (s *Sort) masks() bool {
	if s.limit() > columnar.BatchSize || len(s.extra) > 0 || len(s.keyAt) == 0 {
		return false
	}
	class := s.types[s.keyAt[0]].Class()
	return class == types.ClassInt || class == types.ClassDecimal
}

// outgrown reports whether rows lie in files already, or memory would not hold a second copy of them.
func (s *Sort) outgrown(collected []*collector) bool {
	var bytes int64
	for _, c := range collected {
		if len(c.runs) > 0 {
			return true
		}
		bytes += c.arena.Bytes() + 48*int64(c.rows.Rows)
	}
	capacity := s.query.Memory.Capacity()
	return s.query.Spill != nil && capacity > 0 && s.query.Memory.Used()+bytes > capacity
}

// finish puts the workers' rows into one table and sorts it on all workers.
func (s *Sort) finish(q *exec.Query, collected []*collector) error {
	if err := s.gather(q, collected); err != nil {
		return err
	}
	// Row numbers and keys take memory beside the rows; they are let go with the operator.
	n := s.rows.Rows
	if err := q.Memory.Reserve(int64(n) * 48); err != nil {
		return err
	}
	defer q.Memory.Release(int64(n) * 48)
	k := s.newKeys(s.rows)
	chunks := 1
	if n > 2*radixRows {
		chunks = len(q.Workers)
	}
	runs := make([][]entry, chunks)
	err := q.RunOn(chunks, func(w *exec.Worker) error {
		from, to := n*w.ID/chunks, n*(w.ID+1)/chunks
		k.encode(from, to)
		runs[w.ID] = k.sortRun(from, to)
		return nil
	})
	if err != nil {
		return err
	}
	s.order, err = k.mergeRuns(q, runs, s.limit())
	return err
}

// gather puts the workers' rows into one table, column by column where there are rows of several.
func (s *Sort) gather(q *exec.Query, collected []*collector) (err error) {
	var full []*buffer.Table
	for _, c := range collected {
		if c.rows.Rows > 0 {
			full = append(full, c.rows)
		}
	}
	if len(full) > 1 {
		if s.rows, err = buffer.Concat(q, s.types, full); err != nil {
			return err
		}
	} else {
		err = q.RunOn(1, func(w *exec.Worker) error {
			s.rows = buffer.New(w.Arena, s.types)
			for _, rows := range full {
				s.rows.AppendTable(rows)
			}
			return nil
		})
	}
	for _, c := range collected {
		c.arena.Free()
	}
	return err
}

// Sorted gives the rows and their order after Prepare; nil when they lie in files and can only be
// streamed.
func (s *Sort) Sorted() (*buffer.Table, []uint32) { return s.rows, s.order }

func (s *Sort) limit() int {
	if s.node.Limit < 0 {
		return math.MaxInt
	}
	return int(min(s.node.Limit, math.MaxInt32))
}

// keys encodes the sort keys of a table.
func (s *Sort) keys(t *buffer.Table) *keys {
	k := s.newKeys(t)
	k.encode(0, t.Rows)
	return k
}

func (s *Sort) newKeys(t *buffer.Table) *keys {
	cols := make([]*columnar.Vector, len(s.keyAt))
	for i, at := range s.keyAt {
		cols[i] = t.Column(at)
	}
	return newKeys(s.node.Keys, cols, t.Rows)
}

// Stream implements exec.Operator.
func (s *Sort) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		if w.ID != 0 {
			return
		}
		if s.runs != nil {
			s.merged()(yield)
			return
		}
		slots := make([]buffer.Slot, len(s.cols))
		out := columnar.Batch{Cols: make([]*columnar.Vector, len(s.cols))}
		for order := s.order; len(order) > 0; {
			if err := s.query.Err(); err != nil {
				yield(nil, err)
				return
			}
			n := min(len(order), columnar.BatchSize)
			for i := range slots {
				out.Cols[i] = slots[i].Gather(w.Arena, s.rows.Column(i), order[:n], nil, n, false)
			}
			out.Len = n
			order = order[n:]
			if !yield(&out, nil) {
				return
			}
		}
	}
}

// collector gathers one worker's rows. With a limit it throws away, now and then, what cannot be
// among the first rows any more.
type collector struct {
	sort  *Sort
	w     *exec.Worker
	arena *mem.Arena
	rows  *buffer.Table
	runs  []*fileRun
	extra []expr.Evaluator
	cut   threshold
}

func (s *Sort) newCollector(w *exec.Worker) (*collector, error) {
	c := &collector{sort: s, w: w, arena: mem.NewArena(s.query.Memory), cut: newThreshold(w)}
	c.rows = buffer.New(c.arena, s.types)
	for _, e := range s.extra {
		ev, err := expr.Compile(e, s.cols, w)
		if err != nil {
			return nil, err
		}
		c.extra = append(c.extra, ev)
	}
	return c, nil
}

func (c *collector) run() error {
	limit := c.sort.limit()
	if limit == 0 {
		return nil
	}
	full := math.MaxInt
	if limit < 1<<20 {
		full = 2*limit + columnar.BatchSize
	}
	cols := make([]*columnar.Vector, 0, len(c.sort.types))
	for b, err := range c.sort.input.Stream(c.w) {
		if err != nil {
			return err
		}
		if b.Rows() == 0 {
			continue
		}
		cols = append(cols[:0], b.Cols...)
		for _, e := range c.extra {
			v, err := e.Eval(b)
			if err != nil {
				return err
			}
			cols = append(cols, v)
		}
		sel := b.Sel
		if len(c.sort.keyAt) > 0 {
			sel = c.cut.refine(cols[c.sort.keyAt[0]], b)
		}
		if sel == nil || len(sel) > 0 {
			c.rows.Append(cols, sel, b.Len)
		}
		if c.rows.Rows >= full {
			c.prune(limit)
		}
		if limit > columnar.BatchSize && c.sort.query.ShouldSpill(c.arena.Bytes()) {
			if err := c.spill(); err != nil {
				return err
			}
		}
	}
	return nil
}

// prune keeps the first limit rows and learns from the last of them what later rows must beat.
func (c *collector) prune(limit int) {
	k := c.sort.keys(c.rows)
	run := k.sortRun(0, c.rows.Rows)
	best := make([]uint32, limit)
	for i := range best {
		best[i] = run[i].row
	}
	old, oldArena := c.rows, c.arena
	c.arena = mem.NewArena(c.sort.query.Memory)
	c.rows = buffer.New(c.arena, c.sort.types)
	cols := make([]*columnar.Vector, old.Width())
	for i := range cols {
		cols[i] = old.Column(i)
	}
	c.rows.Append(cols, best, old.Rows)
	c.cut.learn(c.sort.node.Keys[0], cols[c.sort.keyAt[0]], best[limit-1])
	oldArena.Free()
}
