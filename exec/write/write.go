// Package write carries INSERT, UPDATE and DELETE out: it drains an operator into a transaction.
//
// The input has been read to its end before UPDATE and DELETE change anything, so that a statement
// never sees its own changes (the Halloween problem).
package write

import (
	"strings"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Target is the table that a statement changes.
type Target struct {
	Txn   *mvcc.Txn
	Table *catalog.Table
	// RowCols lay out a row for Checks and Returning: the table's columns, then any that only Returning uses.
	RowCols   []plan.Column
	Checks    []plan.Expr
	CheckName []string
	Returning []plan.NamedExpr
	// Emit receives the rows of RETURNING, lent; it is called from one goroutine.
	Emit func(*columnar.Batch) error
	// Watch are ordinals of which Update leaves the new values in After, in the order of Changed.
	Watch []int
	After []*columnar.Vector
	// Once makes it error 21000 that Update gets a row twice.
	Once bool
	// Changed are the rows that Update and Delete took away.
	Changed []columnar.RowID

	checks *checker // of a kept query's worker
}

// Reuse readies the target of a kept query for another execution, in a transaction.
func (t *Target) Reuse(txn *mvcc.Txn) { t.Txn, t.Emit, t.After, t.Changed = txn, nil, nil, nil }

// checker tests rows against CHECK constraints and computes RETURNING, for one worker.
type checker struct {
	target    *Target
	checks    []expr.Evaluator
	returning []expr.Evaluator
	out       columnar.Batch
}

func (t *Target) checker(w *exec.Worker) (*checker, error) {
	if t.checks != nil {
		return t.checks, nil
	}
	c := &checker{target: t}
	for _, e := range t.Checks {
		ev, err := expr.Compile(e, t.RowCols, w)
		if err != nil {
			return nil, err
		}
		c.checks = append(c.checks, ev)
	}
	for _, e := range t.Returning {
		ev, err := expr.Compile(e.Expr, t.RowCols, w)
		if err != nil {
			return nil, err
		}
		c.returning = append(c.returning, ev)
	}
	if w.Query.Kept() {
		t.checks = c
	}
	return c, nil
}

// check fails with 23514 when a constraint is false for a row; NULL passes.
func (c *checker) check(b *columnar.Batch) error {
	for i, ev := range c.checks {
		v, err := ev.Eval(b)
		if err != nil {
			return err
		}
		if row := firstFalse(v, b); row >= 0 {
			return sqlerr.New(sqlerr.CheckViolation, "new row for relation %q violates check constraint %q", c.target.Table.Name, c.target.CheckName[i]).
				WithDetail("Failing row contains (%s).", rowText(c.target.stored(b), row))
		}
	}
	return nil
}

func firstFalse(v *columnar.Vector, b *columnar.Batch) int {
	for k := range b.Rows() {
		i := k
		if b.Sel != nil {
			i = int(b.Sel[k])
		}
		if !v.IsNull(i) && v.Int(i) == 0 {
			return i
		}
	}
	return -1
}

func rowText(b *columnar.Batch, row int) string {
	parts := make([]string, len(b.Cols))
	for i, v := range b.Cols {
		value := v.Value(row)
		parts[i] = "null"
		if !value.Null {
			parts[i] = types.Format(value)
		}
	}
	return strings.Join(parts, ", ")
}

// emit delivers RETURNING's columns for the rows of b.
func (c *checker) emit(b *columnar.Batch) error {
	if len(c.returning) == 0 {
		return nil
	}
	c.out = columnar.Batch{Len: b.Len, Sel: b.Sel, Cols: make([]*columnar.Vector, len(c.returning))}
	for i, ev := range c.returning {
		v, err := ev.Eval(b)
		if err != nil {
			return err
		}
		c.out.Cols[i] = v
	}
	return c.target.Emit(&c.out)
}

// stored is b without the columns that only RETURNING uses.
func (t *Target) stored(b *columnar.Batch) *columnar.Batch {
	width := len(t.Table.Columns)
	if len(b.Cols) <= width {
		return b
	}
	return &columnar.Batch{Len: b.Len, Sel: b.Sel, Cols: b.Cols[:width]}
}

// single reports whether the statement needs its rows one batch after the other: RETURNING does.
func (t *Target) single(q *exec.Query, op exec.Operator) bool {
	return op.Ordered() || len(q.Workers) == 1 || len(t.Returning) > 0
}

// Insert appends the input's rows, whose columns are the table's in order, and gives their number.
func (t *Target) Insert(q *exec.Query, op exec.Operator) (int64, error) {
	if err := op.Prepare(q); err != nil {
		return 0, err
	}
	if t.single(q, op) {
		return t.insertOrdered(q, op)
	}
	return t.insertParallel(q, op)
}

func (t *Target) insertOrdered(q *exec.Query, op exec.Operator) (int64, error) {
	c, err := t.checker(q.Workers[0])
	if err != nil {
		return 0, err
	}
	var rows int64
	add := func(b *columnar.Batch) error {
		rows += int64(b.Rows())
		if err := c.check(b); err != nil {
			return err
		}
		if err := t.Txn.Append(t.Table.ID, t.stored(b)); err != nil {
			return err
		}
		return c.emit(b)
	}
	for _, w := range q.Workers { // RETURNING of a parallel input: its streams one after the other
		if op.Ordered() && w.ID > 0 {
			break
		}
		err := drain(q, op, w, add)
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// drain pulls one worker's stream on the caller's goroutine.
func drain(q *exec.Query, op exec.Operator, w *exec.Worker, f func(*columnar.Batch) error) error {
	return q.Guard(w, func(w *exec.Worker) error {
		for b, err := range op.Stream(w) {
			if err != nil {
				return err
			}
			if err := q.Err(); err != nil {
				return err
			}
			if b.Rows() == 0 {
				continue
			}
			if err := f(b); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *Target) insertParallel(q *exec.Query, op exec.Operator) (int64, error) {
	writer, err := t.Txn.Writer(t.Table.ID)
	if err != nil {
		return 0, err
	}
	counts := make([]int64, len(q.Workers))
	err = q.Run(func(w *exec.Worker) (err error) {
		c, err := t.checker(w)
		if err != nil {
			return err
		}
		into := part{writer: writer}
		defer func() {
			if cerr := into.close(); err == nil {
				err = cerr
			}
		}()
		return drain(q, op, w, func(b *columnar.Batch) error {
			counts[w.ID] += int64(b.Rows())
			if err := c.check(b); err != nil {
				return err
			}
			appender, err := into.of(w)
			if err != nil {
				return err
			}
			return appender.Append(b)
		})
	})
	if err != nil {
		return 0, err
	}
	var rows int64
	for _, n := range counts {
		rows += n
	}
	return rows, writer.Finish(q.Context())
}

// part is where a worker's rows go: an appender for each numbered piece of the input, so that the
// table has the rows in the input's order, or one for all.
type part struct {
	writer   *mvcc.BulkWriter
	appender *mvcc.BulkAppender
	number   int
}

// of gives the appender for the piece that w's batch at hand comes from. A piece belongs to one
// worker; input without pieces is ordered by worker.
func (p *part) of(w *exec.Worker) (*mvcc.BulkAppender, error) {
	if p.appender == nil || p.number != w.Part {
		if err := p.close(); err != nil {
			return nil, err
		}
		p.number = w.Part
		p.appender = p.writer.Appender(w.Part*len(w.Query.Workers) + w.ID)
	}
	return p.appender, nil
}

func (p *part) close() error {
	if p.appender == nil {
		return nil
	}
	err := p.appender.Close()
	p.appender = nil
	return err
}

// collect reads the whole input into one table.
func collect(q *exec.Query, op exec.Operator, kinds []types.Type) (*buffer.Table, error) {
	if err := op.Prepare(q); err != nil {
		return nil, err
	}
	parts := make([]*buffer.Table, len(q.Workers))
	run := len(q.Workers)
	if op.Ordered() {
		run = 1
	}
	err := q.RunOn(run, func(w *exec.Worker) error {
		arena := w.Arena
		if q.Kept() {
			arena = q.NewArena() // of this execution
		}
		parts[w.ID] = buffer.New(arena, kinds)
		return drain(q, op, w, func(b *columnar.Batch) error {
			parts[w.ID].Append(b.Cols, b.Sel, b.Len)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return buffer.Concat(q, kinds, parts)
}

// Update replaces rows: the input delivers new rows followed by the ids of the old ones. An id that
// comes twice counts once.
func (t *Target) Update(q *exec.Query, op exec.Operator) (int64, error) {
	return t.change(q, op, len(t.RowCols), func(c *checker, b *columnar.Batch) error {
		if err := c.check(b); err != nil {
			return err
		}
		return t.Txn.Append(t.Table.ID, t.stored(b))
	})
}

// Replace is an Update of all rows of a table whose descriptor changes between: alter is called when
// the table is empty.
func (t *Target) Replace(q *exec.Query, op exec.Operator, alter func() error) error {
	altered := false
	_, err := t.change(q, op, len(t.RowCols), func(c *checker, b *columnar.Batch) error {
		if !altered {
			if err := alter(); err != nil {
				return err
			}
			altered = true
		}
		if err := c.check(b); err != nil {
			return err
		}
		return t.Txn.Append(t.Table.ID, b)
	})
	if err == nil && !altered {
		err = alter()
	}
	return err
}

// Delete removes rows: the input delivers the old row when RETURNING wants it, then the row's id.
func (t *Target) Delete(q *exec.Query, op exec.Operator) (int64, error) {
	return t.change(q, op, len(t.RowCols), nil)
}

// change collects rows and ids, deletes the ids, then hands each batch of distinct rows to then.
func (t *Target) change(q *exec.Query, op exec.Operator, width int, then func(*checker, *columnar.Batch) error) (int64, error) {
	kinds := make([]types.Type, 0, width+1)
	for i := range width {
		kinds = append(kinds, t.RowCols[i].Typ)
	}
	rows, err := collect(q, op, append(kinds, types.TBigInt))
	if err != nil {
		return 0, err
	}
	keep, ids := distinctIDs(rows.Column(width), rows.Rows)
	if t.Once && len(ids) < rows.Rows {
		return 0, TouchedTwice()
	}
	t.Changed = ids
	if then != nil {
		t.watch(rows, keep)
	}
	if err := t.Txn.Delete(t.Table.ID, ids); err != nil {
		return 0, err
	}
	c, err := t.checker(q.Workers[0])
	if err != nil {
		return 0, err
	}
	err = q.Guard(q.Workers[0], func(*exec.Worker) error {
		return eachBatch(rows, width, keep, func(b *columnar.Batch) error {
			if then != nil {
				if err := then(c, b); err != nil {
					return err
				}
			}
			return c.emit(b)
		})
	})
	return int64(len(ids)), err
}

// watch copies the new values of the columns that the caller wants.
func (t *Target) watch(rows *buffer.Table, keep []uint32) {
	for _, o := range t.Watch {
		b := segment.NewColumnBuilder(t.Table.Columns[o].Type)
		b.Append(rows.Column(o), keep)
		t.After = append(t.After, b.View(len(keep)))
	}
}

// distinctIDs lists the first row of every id, and the ids in that order.
func distinctIDs(v *columnar.Vector, n int) (keep []uint32, ids []columnar.RowID) {
	seen := make(map[int64]struct{}, n)
	for i := range n {
		id := v.Int(i)
		if _, twice := seen[id]; twice {
			continue
		}
		seen[id] = struct{}{}
		keep = append(keep, uint32(i))
		ids = append(ids, columnar.RowID(id))
	}
	return keep, ids
}

// eachBatch lends the kept rows of a table in batches of the first width columns.
func eachBatch(rows *buffer.Table, width int, keep []uint32, f func(*columnar.Batch) error) error {
	views := make([]columnar.Vector, width)
	b := &columnar.Batch{Cols: make([]*columnar.Vector, width)}
	var sel []uint32
	for from, next := 0, 0; from < rows.Rows; from += columnar.BatchSize {
		to := min(from+columnar.BatchSize, rows.Rows)
		sel = sel[:0]
		for ; next < len(keep) && int(keep[next]) < to; next++ {
			sel = append(sel, keep[next]-uint32(from))
		}
		if len(sel) == 0 {
			continue
		}
		for i := range views {
			rows.Column(i).Slice(from, to, &views[i])
			b.Cols[i] = &views[i]
		}
		b.Len, b.Sel = to-from, sel
		if len(sel) == b.Len {
			b.Sel = nil
		}
		if err := f(b); err != nil {
			return err
		}
	}
	return nil
}
