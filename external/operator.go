package external

import (
	"context"
	"errors"
	"runtime/debug"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/expr"
	tablescan "github.com/oxidb/oxidb/exec/scan"
	"github.com/oxidb/oxidb/external/file"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
)

// Operator makes the operator that reads an External node, whose Source Opener has made.
func Operator(n *plan.External) (exec.Operator, error) {
	src, ok := n.Source.(file.Source)
	if !ok {
		return nil, sqlerr.New(sqlerr.InternalError, "external source %s has no reader", n.Source.Describe())
	}
	return &scan{node: n, source: src, cols: n.Cols}, nil
}

// scan reads files: the columns that the filters need first, the others for batches in which a row is
// left.
type scan struct {
	node   *plan.External
	source file.Source
	cols   expr.Input
	query  *exec.Query

	reading file.Scan
}

// Prepare implements exec.Operator.
func (s *scan) Prepare(q *exec.Query) (err error) {
	s.query = q
	ordinals := make([]int, len(s.node.Cols))
	for i, c := range s.node.Cols {
		ordinals[i] = c.Ordinal
	}
	defer guard(s.source.Describe(), &err)
	s.reading, err = s.source.Scan(q, ordinals, file.Pruner{Filters: s.node.Filters, Cols: s.node.Cols})
	if err == nil {
		// Whoever stops early leaves streams that never run: the files close with the query.
		context.AfterFunc(q.Context(), func() { _ = s.reading.Close() }) // only read from: nothing to lose
	}
	return err
}

// Ordered implements exec.Operator.
func (s *scan) Ordered() bool { return false }

// guard turns a panic of a decoder into the error of a damaged file: what a foreign file holds must
// never look like a failure of the engine.
func guard(what string, err *error) {
	r := recover()
	if r == nil {
		return
	}
	if e, ok := r.(error); ok && sqlerr.StateOf(e) != sqlerr.InternalError {
		*err = e
		return
	}
	*err = sqlerr.New(sqlerr.DataCorrupted, "%s is damaged: %v", what, r).WithDetail("%s", debug.Stack())
}

// Stream implements exec.Operator.
func (s *scan) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		if err := s.run(w, yield); err != nil {
			yield(nil, err)
		}
	}
}

// stream is one worker's state.
type stream struct {
	*scan
	cursor      file.Cursor
	where       *expr.Predicate
	runtime     *tablescan.Probes
	early, late []int
	batch       columnar.Batch
}

func (s *scan) run(w *exec.Worker, yield func(*columnar.Batch, error) bool) (err error) {
	t, err := s.start(w)
	if err != nil {
		return err
	}
	defer func() {
		w.Part = 0
		err = errors.Join(err, t.cursor.Close())
	}()
	for {
		if err := s.query.Err(); err != nil {
			return err
		}
		rows, err := t.next()
		if err != nil || rows == 0 {
			return err
		}
		s.query.Rows.Add(int64(rows))
		if t.batch.Rows() > 0 && !yield(&t.batch, nil) {
			return nil
		}
	}
}

func (s *scan) start(w *exec.Worker) (t *stream, err error) {
	t = &stream{scan: s, batch: columnar.Batch{Cols: make([]*columnar.Vector, len(s.cols))}}
	used := plan.ColumnSet{}
	for _, e := range s.node.Filters {
		plan.AddRefs(used, e)
	}
	if len(s.node.Filters) > 0 {
		if t.where, err = expr.CompilePredicate(s.node.Filters, s.cols, w); err != nil {
			return nil, err
		}
	}
	if t.runtime, err = tablescan.NewProbes(s.node.Runtime, s.cols, w); err != nil {
		return nil, err
	}
	for i, c := range s.cols {
		if used.Has(c.ID) || t.runtime.Columns.Has(c.ID) {
			t.early = append(t.early, i)
		} else {
			t.late = append(t.late, i)
		}
	}
	defer guard(s.source.Describe(), &err)
	t.cursor, err = s.reading.Cursor(w)
	return t, err
}

// next reads and filters the next rows; 0 at the end.
func (t *stream) next() (rows int, err error) {
	if rows, err = t.step(); err != nil || rows == 0 {
		return rows, err
	}
	t.batch.Len, t.batch.Sel = rows, nil
	if err := t.load(t.early); err != nil {
		return 0, err
	}
	if t.where != nil {
		if t.batch.Sel, err = t.where.Select(&t.batch); err != nil {
			return 0, err
		}
	}
	if err := t.runtime.Refine(&t.batch); err != nil || t.batch.Rows() == 0 {
		return rows, err
	}
	return rows, t.load(t.late)
}

func (t *stream) step() (rows int, err error) {
	defer guard(t.source.Describe(), &err)
	return t.cursor.Next()
}

func (t *stream) load(columns []int) (err error) {
	defer guard(t.source.Describe(), &err)
	for _, i := range columns {
		if t.batch.Cols[i], err = t.cursor.Column(i); err != nil {
			return err
		}
	}
	return nil
}
