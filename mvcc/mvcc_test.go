package mvcc_test

import (
	"context"
	"sort"
	"testing"

	"go.uber.org/goleak"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/types"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pairs is the schema (a bigint, b text) of most tests.
func pairs() mvcc.Schema {
	return mvcc.Schema{Columns: []mvcc.ColumnDef{
		{FieldID: 1, Name: "a", Type: types.TBigInt},
		{FieldID: 2, Name: "b", Type: types.TText},
	}}
}

// pairBatch is rows (a, b), where b is the decimal digits of a's column "s".
func pairBatch(a []int64, b []string) *columnar.Batch {
	text := &columnar.Vector{Type: types.TText, Layout: columnar.Str, Len: len(b), Offsets: []uint32{0}}
	for _, s := range b {
		text.Bytes = append(text.Bytes, s...)
		text.Offsets = append(text.Offsets, uint32(len(text.Bytes)))
	}
	return &columnar.Batch{Len: len(a), Cols: []*columnar.Vector{
		{Type: types.TBigInt, Layout: columnar.I64, Len: len(a), I64: a}, text,
	}}
}

// row is a visible row with its id.
type row struct {
	id columnar.RowID
	a  int64
	b  string
}

// scan reads a table the way a scan operator does.
func scan(t testing.TB, table *mvcc.Table) []row {
	t.Helper()
	var rows []row
	for _, view := range table.Chunks() {
		a, err := view.Column(context.Background(), 1)
		if err != nil {
			t.Fatal(err)
		}
		b, err := view.Column(context.Background(), 2)
		if err != nil {
			t.Fatal(err)
		}
		for from := 0; from < view.Rows(); from += columnar.BatchSize {
			to := min(from+columnar.BatchSize, view.Rows())
			var sel []uint32
			if d := view.Deleted(); d != nil {
				sel = d.Keep(from, to, nil)
			}
			if sel == nil {
				for i := range to - from {
					sel = append(sel, uint32(i))
				}
			}
			for _, i := range sel {
				at := from + int(i)
				rows = append(rows, row{columnar.MakeRowID(view.ID(), uint32(at)), a.Value(at).I, b.Value(at).S})
			}
		}
	}
	return rows
}

func mustOpen(t testing.TB) *mvcc.Store {
	t.Helper()
	s, err := mvcc.Open(nil, "", mvcc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func commit(t testing.TB, txn *mvcc.Txn) {
	t.Helper()
	if _, err := txn.Commit(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// begin makes a transaction that ends with the test.
func begin(t testing.TB, s *mvcc.Store) *mvcc.Txn {
	txn := s.Begin(mvcc.TxnOptions{})
	t.Cleanup(txn.Rollback)
	return txn
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sum(rows []row) (n int64) {
	for _, r := range rows {
		n += r.a
	}
	return n
}

func makePairs(t testing.TB, s *mvcc.Store) mvcc.TableID {
	t.Helper()
	id := s.NewID()
	txn := begin(t, s)
	must(t, txn.CreateTable(id, "pairs", pairs()))
	commit(t, txn)
	return id
}

// A chunk per statement would make tables of small inserts unscannable.
func TestSmallInsertsShareChunks(t *testing.T) {
	s := mustOpen(t)
	id := makePairs(t, s)
	for i := range 1000 {
		txn := begin(t, s)
		must(t, txn.Append(id, pairBatch([]int64{int64(i)}, []string{"x"})))
		commit(t, txn)
	}
	txn := begin(t, s)
	table, err := txn.Table(id)
	must(t, err)
	if len(table.Chunks()) != 1 || table.Rows() != 1000 {
		t.Errorf("%d chunks, %d rows", len(table.Chunks()), table.Rows())
	}
	if got := sum(scan(t, table)); got != 999*1000/2 {
		t.Errorf("sum %d", got)
	}
}

// Parts filled out of order must lie in order, and short parts must not each make a chunk.
func TestBulkLoadKeepsInputOrder(t *testing.T) {
	s := mustOpen(t)
	id := makePairs(t, s)
	txn := begin(t, s)
	w, err := txn.Writer(id)
	must(t, err)
	const parts, perPart = 5, 50_000
	errs := make(chan error, parts)
	for part := range parts {
		go func() {
			a := w.Appender(part)
			for from := 0; from < perPart; from += 10_000 {
				keys, names := make([]int64, 10_000), make([]string, 10_000)
				for i := range keys {
					keys[i], names[i] = int64(part*perPart+from+i), []string{"red", "green", "blue"}[i%3]
				}
				if err := a.Append(pairBatch(keys, names)); err != nil {
					errs <- err
					return
				}
			}
			errs <- a.Close()
		}()
	}
	for range parts {
		must(t, <-errs)
	}
	must(t, w.Finish(context.Background()))
	commit(t, txn)
	read := begin(t, s)
	table, err := read.Table(id)
	must(t, err)
	rows := scan(t, table)
	if len(rows) != parts*perPart || !sort.SliceIsSorted(rows, func(i, j int) bool { return rows[i].a < rows[j].a }) {
		t.Errorf("%d rows, out of order", len(rows))
	}
	if n := len(table.Chunks()); n != 3 {
		t.Errorf("%d chunks", n)
	}
	stats := read.Stats(id)
	if c := stats.Columns[0]; !c.Sorted || !c.Exact || c.Min.I != 0 || c.Max.I != parts*perPart-1 {
		t.Errorf("statistics %+v", c)
	}
	if c := stats.Columns[1]; c.Distinct != 3 || len(c.Common) != 3 {
		t.Errorf("statistics %+v", c)
	}
	checkNarrow(t, table)
}

// checkNarrow verifies the form that contracts promise of closed chunks.
func checkNarrow(t *testing.T, table *mvcc.Table) {
	t.Helper()
	for _, view := range table.Chunks() {
		a, err := view.Column(context.Background(), 1)
		must(t, err)
		b, err := view.Column(context.Background(), 2)
		must(t, err)
		if a.Layout > columnar.U32 || !a.Bounded || !a.Shared {
			t.Errorf("a is %v, bounded %v", a.Layout, a.Bounded)
		}
		if b.Enc != columnar.Dict || b.Layout != columnar.U8 || !b.Dict.Sorted {
			t.Errorf("b is %v %v", b.Enc, b.Layout)
		}
		if view.Rows() > segment.MaxRows {
			t.Errorf("%d rows", view.Rows())
		}
	}
}
