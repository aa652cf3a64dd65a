// Package exectest feeds operators from plain values and collects what they deliver, for tests.
package exectest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/columnartest"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/spill"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/types"
)

// Row is one row as plain values.
type Row []types.Value

// Source is an operator over batches that workers share.
type Source struct {
	Batches []*columnar.Batch
	next    atomic.Int64
	query   *exec.Query
	InOrder bool
	masks   bool
}

// Mask implements exec.Masking.
func (s *Source) Mask() { s.masks = true }

// Prepare implements exec.Operator.
func (s *Source) Prepare(q *exec.Query) error {
	s.query = q
	s.next.Store(0)
	return nil
}

// Ordered implements exec.Operator.
func (s *Source) Ordered() bool { return s.InOrder }

// Stream implements exec.Operator.
func (s *Source) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		for !s.InOrder || w.ID == 0 {
			if err := s.query.Err(); err != nil {
				yield(nil, err)
				return
			}
			i := s.next.Add(1) - 1
			if i >= int64(len(s.Batches)) {
				return
			}
			// A lent batch: the consumer may look at it, and change only its own header.
			lent := *s.Batches[i]
			if s.masks && lent.Sel != nil && i%3 > 0 {
				lent.Mask, lent.Marked, lent.Sel = maskOf(lent.Sel, lent.Len), len(lent.Sel), nil
			}
			if !yield(&lent, nil) {
				return
			}
		}
	}
}

// maskOf is a selection of n rows as a mask.
func maskOf(sel []uint32, n int) []uint64 {
	words := make([]uint64, (n+63)/64)
	for _, i := range sel {
		words[i>>6] |= 1 << (i & 63)
	}
	return words
}

// NewSource makes batches of at most size rows from rows, in layouts drawn from r, with selections
// that hide extra rows. A nil r gives plain batches.
func NewSource(r *rand.Rand, ts []types.Type, rows []Row, size int) *Source {
	s := &Source{}
	for from := 0; from < len(rows); from += size {
		s.Batches = append(s.Batches, newBatch(r, ts, rows[from:min(from+size, len(rows))]))
		if r != nil && r.IntN(4) == 0 {
			s.Batches = append(s.Batches, newBatch(r, ts, nil))
		}
	}
	return s
}

func newBatch(r *rand.Rand, ts []types.Type, rows []Row) *columnar.Batch {
	b := &columnar.Batch{}
	all := rows
	if r != nil && r.IntN(2) == 0 {
		all = nil
		b.Sel = []uint32{}
		for _, row := range rows {
			for r.IntN(3) == 0 {
				hidden := make(Row, len(ts))
				for i, t := range ts {
					hidden[i] = columnartest.Value(r, t, true, true)
				}
				all = append(all, hidden)
			}
			b.Sel = append(b.Sel, uint32(len(all)))
			all = append(all, row)
		}
	}
	b.Len = len(all)
	for i, t := range ts {
		values := make([]types.Value, len(all))
		for j := range all {
			values[j] = all[j][i]
		}
		b.Cols = append(b.Cols, columnartest.Vector(r, t, values))
	}
	return b
}

// Query starts a query with workers; it ends with the test.
func Query(t testing.TB, workers int) *exec.Query {
	q := exec.NewQuery(context.Background(), exec.Options{Workers: workers, Memory: mem.NewBudget("test", 0, nil), Function: &function.Context{}})
	t.Cleanup(q.Close)
	return q
}

// SpillingQuery is Query with operators that use temporary files as often as they can.
func SpillingQuery(t testing.TB, workers int) *exec.Query {
	q := exec.NewQuery(context.Background(), exec.Options{Workers: workers, Memory: mem.NewBudget("test", 0, nil), Function: &function.Context{},
		Spill: spill.NewSpace(t.TempDir(), 0), ForceSpill: true})
	t.Cleanup(q.Close)
	return q
}

// Run prepares op and collects its rows from all workers; those of worker 0 come first, in order.
func Run(q *exec.Query, op exec.Operator) ([]Row, error) {
	if err := op.Prepare(q); err != nil {
		return nil, err
	}
	parts := make([][]Row, len(q.Workers))
	err := q.Run(func(w *exec.Worker) error {
		for b, err := range op.Stream(w) {
			if err != nil {
				return err
			}
			parts[w.ID] = append(parts[w.ID], Rows(b)...)
		}
		return nil
	})
	return slices.Concat(parts...), err
}

// Rows reads the rows of a batch that count.
func Rows(b *columnar.Batch) []Row {
	var rows []Row
	read := func(i int) {
		row := make(Row, len(b.Cols))
		for c, v := range b.Cols {
			row[c] = v.Value(i)
		}
		rows = append(rows, row)
	}
	if b.Sel == nil {
		for i := range b.Len {
			read(i)
		}
		return rows
	}
	for _, i := range b.Sel {
		read(int(i))
	}
	return rows
}

// Text prints rows one a line; sorted makes the text independent of their order.
func Text(rows []Row, sorted bool) string {
	lines := make([]string, len(rows))
	for i, row := range rows {
		cells := make([]string, len(row))
		for j, v := range row {
			cells[j] = Cell(v)
		}
		lines[i] = strings.Join(cells, "|")
	}
	if sorted {
		slices.Sort(lines)
	}
	return strings.Join(lines, "\n")
}

// Cell prints a value without its type.
func Cell(v types.Value) string {
	switch {
	case v.Null:
		return "NULL"
	case v.Wide:
		return fmt.Sprintf("%d:%d", v.D.Hi, v.D.Lo)
	}
	switch v.Type.Class() {
	case types.ClassFloat:
		return fmt.Sprintf("%.9g", v.F)
	case types.ClassBytes, types.ClassUUID:
		return fmt.Sprintf("%q", v.S)
	case types.ClassInterval:
		return fmt.Sprint(v.Span)
	}
	return fmt.Sprint(v.I)
}

// Compare orders two values of one type, NULL last, as SQL does.
func Compare(a, b types.Value) int {
	switch {
	case a.Null || b.Null:
		return cmp.Compare(b2i(a.Null), b2i(b.Null))
	case a.Type.Class() == types.ClassFloat:
		return cmp.Compare(a.F, b.F)
	case a.Type.Class() == types.ClassBytes || a.Type.Class() == types.ClassUUID:
		return strings.Compare(a.S, b.S)
	case a.Type.Class() == types.ClassInterval:
		return cmp.Compare(a.Span.Micros+86_400_000_000*int64(a.Span.Days+30*a.Span.Months), b.Span.Micros+86_400_000_000*int64(b.Span.Days+30*b.Span.Months))
	}
	x, y := a.Unscaled(), b.Unscaled()
	return cmp.Or(cmp.Compare(x.Hi, y.Hi), cmp.Compare(x.Lo, y.Lo))
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
