package buffer

import (
	"sync/atomic"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
)

// Reader streams tables: from worker 0 alone in order, or shared among all workers by batches.
type Reader struct {
	query   *exec.Query
	ordered bool
	tables  []*Table
	next    atomic.Int64
	starts  []int // first batch number of each table, and the end
}

// NewReader makes a reader over tables, which must not grow any more.
func NewReader(q *exec.Query, ordered bool, tables ...*Table) *Reader {
	r := &Reader{query: q, ordered: ordered, tables: tables, starts: []int{0}}
	for _, t := range tables {
		// Vector finishes a column's dictionary: done here, before several workers ask.
		for i := range t.cols {
			t.Column(i)
		}
		r.starts = append(r.starts, r.starts[len(r.starts)-1]+(t.Rows+columnar.BatchSize-1)/columnar.BatchSize)
	}
	return r
}

// Stream is worker w's share.
func (r *Reader) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		if r.ordered && w.ID != 0 {
			return
		}
		var slices []columnar.Vector
		out := columnar.Batch{}
		for {
			if err := r.query.Err(); err != nil {
				yield(nil, err)
				return
			}
			n := int(r.next.Add(1) - 1)
			if n >= r.starts[len(r.tables)] {
				return
			}
			at := 0
			for n >= r.starts[at+1] {
				at++
			}
			t := r.tables[at]
			from := (n - r.starts[at]) * columnar.BatchSize
			to := min(from+columnar.BatchSize, t.Rows)
			if slices == nil {
				slices = make([]columnar.Vector, len(t.cols))
				for i := range slices {
					out.Cols = append(out.Cols, &slices[i])
				}
			}
			for i := range slices {
				t.cols[i].v.Slice(from, to, &slices[i])
			}
			out.Len, out.Sel = to-from, nil
			if !yield(&out, nil) {
				return
			}
		}
	}
}

// Drain runs an operator's streams on all workers into one table each. The tables of workers without
// rows are empty, not nil.
func Drain(q *exec.Query, input exec.Operator, newTable func(w *exec.Worker) *Table) ([]*Table, error) {
	tables := make([]*Table, len(q.Workers))
	for i, w := range q.Workers {
		tables[i] = newTable(w)
	}
	err := q.RunOn(Workers(q, input), func(w *exec.Worker) error {
		for b, err := range input.Stream(w) {
			if err != nil {
				return err
			}
			if len(b.Cols) == 0 {
				tables[w.ID].Rows += b.Rows()
				continue
			}
			tables[w.ID].Append(b.Cols, b.Sel, b.Len)
		}
		return nil
	})
	return tables, err
}

// Feeds is the number of batches.
func (r *Reader) Feeds() int { return r.starts[len(r.tables)] }

// Workers is how many workers a prepared input can feed: an ordered one only the first.
func Workers(q *exec.Query, input exec.Operator) int {
	if input.Ordered() {
		return 1
	}
	return exec.Feeds(input, len(q.Workers))
}
