package write

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// INSERT … SELECT … ORDER BY must store the rows in that order, and hidden rows not at all.
func TestInsertKeepsTheOrder(t *testing.T) {
	for _, workers := range []int{1, 3} {
		f := newAccounts(t)
		rows := many(10_000)
		n, err := f.target().Insert(exectest.Query(t, workers), source(rows, 700, true))
		if must(t, err); n != 10_000 {
			t.Errorf("%d rows inserted", n)
		}
		f.want(false, rows...)
	}
}

// Workers that load at once must neither lose nor double a row, whether the rows fill chunks or not.
func TestInsertParallel(t *testing.T) {
	for _, size := range []int{0, 1, 5000, segment.MaxRows + 30_000} {
		f := newAccounts(t)
		rows := many(size)
		n, err := f.target().Insert(exectest.Query(t, 3), source(rows, 1000, false))
		if must(t, err); n != int64(size) {
			t.Errorf("%d rows inserted, want %d", n, size)
		}
		f.want(true, rows...)
		_, err = f.txn.Commit(context.Background())
		must(t, err)
		f.txn = f.store.Begin(mvcc.TxnOptions{})
		f.want(true, rows...)
	}
}

// pieces is an input in numbered pieces, as files are, that workers take in turn.
type pieces struct {
	batches [][]*columnar.Batch
	next    atomic.Int64
}

func (p *pieces) Prepare(*exec.Query) error { return nil }
func (p *pieces) Ordered() bool             { return false }

func (p *pieces) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		for {
			at := int(p.next.Add(1) - 1)
			if at >= len(p.batches) {
				return
			}
			w.Part = at + 1
			for _, b := range p.batches[at] {
				lent := *b
				if !yield(&lent, nil) {
					return
				}
			}
		}
	}
}

// A file loaded by several workers must lie in the table as it lies on disk.
func TestInsertParallelKeepsTheOrderOfPieces(t *testing.T) {
	for _, size := range []int{6000, segment.MaxRows + 20_000} {
		f := newAccounts(t)
		rows := many(size)
		var in pieces
		for from := 0; from < size; from += 2500 {
			in.batches = append(in.batches, source(rows[from:min(from+2500, size)], 400, false).Batches)
		}
		n, err := f.target().Insert(exectest.Query(t, 3), &in)
		if must(t, err); n != int64(size) {
			t.Errorf("%d rows inserted, want %d", n, size)
		}
		f.want(false, rows...)
	}
}

// shares is an input that gives every worker rows of its own, as an aggregate or a join may.
type shares struct{ batches [][]*columnar.Batch }

func (s *shares) Prepare(*exec.Query) error { return nil }
func (s *shares) Ordered() bool             { return false }

func (s *shares) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		for _, b := range s.batches[w.ID] {
			lent := *b
			if !yield(&lent, nil) {
				return
			}
		}
	}
}

// RETURNING must deliver every inserted row once, from one goroutine, computed from the new row and
// from columns that are not stored.
func TestInsertReturning(t *testing.T) {
	for _, ordered := range []bool{true, false} {
		f := newAccounts(t)
		target := f.target()
		extra := plan.Column{ID: 9, Name: "extra", Typ: types.TBigInt}
		target.RowCols = append(target.RowCols, extra)
		out := returning(target, plan.Ref(extra), plan.Ref(f.cols[0]),
			&plan.Arith{Op: plan.Add, L: plan.Ref(f.cols[2]), R: &plan.Const{Value: types.Int(types.TBigInt, 1000)}, Typ: types.TBigInt})
		var in, want []exectest.Row
		for i, r := range many(3000) {
			more := types.Int(types.TBigInt, int64(-i))
			in = append(in, append(append(exectest.Row{}, r...), more))
			want = append(want, exectest.Row{more, r[0], types.Int(types.TBigInt, r[2].I+1000)})
		}
		src := exectest.NewSource(nil, append(append([]types.Type{}, accountTypes...), types.TBigInt), in, 500)
		src.InOrder = ordered
		var op exec.Operator = src
		if !ordered {
			op = &shares{batches: [][]*columnar.Batch{src.Batches[:2], nil, src.Batches[2:]}}
		}
		n, err := target.Insert(exectest.Query(t, 3), op)
		if must(t, err); n != 3000 {
			t.Errorf("%d rows inserted", n)
		}
		same(t, *out, want, !ordered)
		f.want(!ordered, many(3000)...)
	}
}

// A client that has gone away ends the statement with its own error.
func TestInsertEndsWithTheErrorOfEmit(t *testing.T) {
	f := newAccounts(t)
	target := f.target()
	returning(target, plan.Ref(f.cols[0]))
	gone := errors.New("the client is gone")
	calls := 0
	target.Emit = func(*columnar.Batch) error {
		calls++
		return gone
	}
	if _, err := target.Insert(exectest.Query(t, 2), source(many(5000), 100, false)); !errors.Is(err, gone) || calls != 1 {
		t.Errorf("%d calls, then %v", calls, err)
	}
}

// A row against a constraint must fail the statement and name the row; NULL passes a CHECK, and
// hidden rows are not looked at.
func TestInsertViolations(t *testing.T) {
	null := func(r exectest.Row, at int) exectest.Row {
		r[at] = types.Null(accountTypes[at])
		return r
	}
	check := `new row for relation "accounts" violates check constraint "accounts_amount_check"`
	for name, c := range map[string]struct {
		bad             exectest.Row
		state           sqlerr.State
		message, detail string
	}{
		"check":          {account(9000, "eve", -1), sqlerr.CheckViolation, check, "Failing row contains (9000, eve, -1)."},
		"check, a NULL":  {null(account(9000, "", -5), 1), sqlerr.CheckViolation, check, "Failing row contains (9000, null, -5)."},
		"not null":       {null(account(0, "eve", 1), 0), sqlerr.NotNullViolation, `null value in column "id" of relation "accounts" violates not-null constraint`, ""},
		"key":            {account(77, "eve", 1), sqlerr.UniqueViolation, `duplicate key value violates unique constraint "accounts_pkey"`, "Key (id)=(77) already exists."},
		"a NULL passes":  {bad: null(account(9000, "eve", 0), 2)},
		"zero passes":    {bad: account(9000, "eve", 0)},
		"a NULL as text": {bad: null(account(9000, "", 0), 1)},
	} {
		for _, ordered := range []bool{true, false} {
			for _, workers := range []int{1, 3} {
				f := newAccounts(t)
				rows := append(many(2000), c.bad)
				src := source(rows, 64, ordered)
				hide(src, account(1, "hidden", -1))
				n, err := f.target().Insert(exectest.Query(t, workers), src)
				switch {
				case c.state != "":
					wantError(t, err, c.state, c.message, c.detail)
				case err != nil || n != int64(len(rows)):
					t.Errorf("%s: %d rows, %v", name, n, err)
				default:
					f.want(true, rows...)
				}
			}
		}
	}
}

// hide puts a batch with a row that its selection leaves out in front.
func hide(s *exectest.Source, row exectest.Row) {
	row[0] = types.Null(row[0].Type)
	b := exectest.NewSource(nil, accountTypes, []exectest.Row{account(8000, "", 1), row}, 2).Batches[0]
	b.Sel = []uint32{}
	s.Batches = append([]*columnar.Batch{b}, s.Batches...)
}

// A key that two workers load, or that is in the table already, must be found although each load
// looks at its own rows only.
func TestInsertParallelChecksKeys(t *testing.T) {
	const size = segment.MaxRows + 10
	for key, f := range map[int64]*accounts{size - 1: newAccounts(t, account(size-1, "first", 1)), 3: newAccounts(t)} {
		rows := many(size)
		if key == 3 {
			rows = append(rows, account(3, "again", 1))
		}
		_, err := f.target().Insert(exectest.Query(t, 3), source(rows, 1000, false))
		var e *sqlerr.Error
		if !errors.As(err, &e) || e.State != sqlerr.UniqueViolation || !strings.Contains(e.Message, `"accounts_pkey"`) ||
			!strings.HasPrefix(e.Detail, fmt.Sprintf("Key (id)=(%d) ", key)) {
			t.Errorf("key %d twice: %+v", key, err)
		}
	}
}
