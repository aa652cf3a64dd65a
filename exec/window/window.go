// Package window computes window functions.
//
// The rows are sorted by partition and order, on all workers (exec/order). Then every worker takes
// sections, some whole partitions each, and computes all calls over one of them at a time. What a call
// gives is kept as few as it can be: a function that picks rows gives row numbers, an aggregate the
// states of different frames, and only batches on their way out hold values.
//
// Aggregates fold each row into a state of its own and merge states: into the running one for frames
// that begin with the partition; for others by a tree of merged states (Leis et al., Efficient
// Processing of Window Functions in Analytical SQL Queries, 2015), so that no value is ever taken out
// of a state again.
//
// Rows that memory did not suffice for come back from the sort's files in order, partition by
// partition, to one worker.
package window

import (
	"sync/atomic"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/exec/order"
	"github.com/oxidb/oxidb/plan"
)

// Operator runs a plan.Window.
type Operator struct {
	node  *plan.Window
	width int        // columns of the input that are passed on
	cols  expr.Input // those, and what else the calls look at
	sort  *order.Sort
	query *exec.Query

	partition, order []int // columns
	bounds           []frameBounds

	table *buffer.Table
	all   []*columnar.Vector
	rows  []uint32 // the table's rows in order
	marks []uint8
	tasks []int // where sections start, and the end
	next  atomic.Int64
}

// sectionRows is the number of rows that a section has at least, so that small partitions share its cost.
const sectionRows = 16 << 10

// Marks of a row in order: it begins a partition, or a group of peers.
const (
	newPartition = 1 << iota
	newPeers
)

// New makes the operator of node over input, whose columns are all; the first of them, out, are
// passed on. All expressions of node but the frames' offsets are columns.
func New(node *plan.Window, out, all []plan.Column, input exec.Operator) *Operator {
	o := &Operator{node: node, width: len(out), cols: all}
	sorted := &plan.Sort{Input: &plan.Empty{Cols: all}, Limit: -1}
	for _, e := range node.Partition {
		sorted.Keys = append(sorted.Keys, plan.SortKey{Expr: e})
		o.partition = append(o.partition, o.at(e))
	}
	for _, k := range node.Order {
		sorted.Keys = append(sorted.Keys, k)
		o.order = append(o.order, o.at(k.Expr))
	}
	o.sort = order.NewSort(sorted, input)
	return o
}

// at is the place of a column.
func (o *Operator) at(e plan.Expr) int {
	id := e.(*plan.Column).ID
	for i := range o.cols {
		if o.cols[i].ID == id {
			return i
		}
	}
	return -1
}

// Ordered implements exec.Operator.
func (o *Operator) Ordered() bool { return false }

// Prepare sorts the input and finds the partitions.
func (o *Operator) Prepare(q *exec.Query) error {
	o.query = q
	err := q.RunOn(1, func(w *exec.Worker) error { return o.evalBounds(w) })
	if err != nil {
		return err
	}
	if err := o.sort.Prepare(q); err != nil {
		return err
	}
	if o.table, o.rows = o.sort.Sorted(); o.table == nil {
		return nil
	}
	for i := range o.cols {
		o.all = append(o.all, o.table.Column(i))
	}
	return o.cut(q)
}

// cut marks where partitions and peers begin, on all workers, and divides the rows into sections.
func (o *Operator) cut(q *exec.Query) error {
	n := len(o.rows)
	err := q.RunOn(1, func(w *exec.Worker) error {
		o.marks = mem.Alloc[uint8](w.Arena, n, true)
		return nil
	})
	if err != nil {
		return err
	}
	workers := min(len(q.Workers), 1+n/sectionRows)
	err = q.RunOn(workers, func(w *exec.Worker) error {
		o.mark(o.all, o.rows, o.marks, n*w.ID/workers, n*(w.ID+1)/workers)
		return nil
	})
	for i := 0; i < n; i++ {
		if o.marks[i]&newPartition != 0 && (len(o.tasks) == 0 || i-o.tasks[len(o.tasks)-1] >= sectionRows) {
			o.tasks = append(o.tasks, i)
		}
	}
	o.tasks = append(o.tasks, n)
	return err
}

// Stream implements exec.Operator.
func (o *Operator) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		if o.table == nil {
			if w.ID == 0 {
				o.streamed(w, yield)
			}
			return
		}
		e, err := newEvaluation(o, w)
		if err != nil {
			yield(nil, err)
			return
		}
		for {
			n := int(o.next.Add(1) - 1)
			if n >= len(o.tasks)-1 {
				return
			}
			from, to := o.tasks[n], o.tasks[n+1]
			if !e.section(o.all, o.rows[from:to], o.marks[from:to], yield) {
				return
			}
		}
	}
}

// streamed computes partition by partition what the sort gives in order.
func (o *Operator) streamed(w *exec.Worker, yield func(*columnar.Batch, error) bool) {
	e, err := newEvaluation(o, w)
	if err != nil {
		yield(nil, err)
		return
	}
	c := collector{operator: o, arena: mem.NewArena(o.query.Memory)}
	defer func() { c.arena.Free() }()
	c.clear()
	for b, err := range o.sort.Stream(w) {
		if err != nil {
			yield(nil, err)
			return
		}
		c.rows.Append(b.Cols, b.Sel, b.Len)
		if c.rows.Rows < 2*c.tried+sectionRows {
			continue
		}
		if !c.flush(e, false, yield) {
			return
		}
	}
	c.flush(e, true, yield)
}

// collector gathers ordered rows until whole partitions are there.
type collector struct {
	operator *Operator
	arena    *mem.Arena
	rows     *buffer.Table
	tried    int // rows that were one unfinished partition when they were looked at
}

func (c *collector) clear() {
	c.rows = buffer.New(c.arena, c.operator.columnTypes())
	c.tried = 0
}

// flush computes the partitions that are complete, and keeps the last one unless it is the end.
func (c *collector) flush(e *evaluation, end bool, yield func(*columnar.Batch, error) bool) bool {
	n := c.rows.Rows
	if n == 0 {
		return true
	}
	scratch := mem.NewArena(c.operator.query.Memory)
	defer scratch.Free()
	cols := make([]*columnar.Vector, c.rows.Width())
	for i := range cols {
		cols[i] = c.rows.Column(i)
	}
	rows, marks := mem.Alloc[uint32](scratch, n, false), mem.Alloc[uint8](scratch, n, true)
	for i := range rows {
		rows[i] = uint32(i)
	}
	c.operator.mark(cols, rows, marks, 0, n)
	whole := n
	if !end {
		for whole--; marks[whole]&newPartition == 0; whole-- {
		}
		if whole == 0 {
			c.tried = n
			return true
		}
	}
	if !e.section(cols, rows[:whole], marks[:whole], yield) {
		return false
	}
	old := c.arena
	defer func() { old.Free() }()
	c.arena = mem.NewArena(c.operator.query.Memory)
	c.clear()
	c.rows.Append(cols, rows[whole:], n)
	return true
}
