package mvcc_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/types"
)

func clonePairs(t *testing.T, s *mvcc.Store, src mvcc.TableID, at mvcc.Timestamp) mvcc.TableID {
	t.Helper()
	past, err := s.BeginAt(at)
	must(t, err)
	defer past.Rollback()
	table, err := past.Table(src)
	must(t, err)
	txn, id := begin(t, s), s.NewID()
	must(t, txn.CloneTable(t.Context(), id, "clone", pairs(), table))
	commit(t, txn)
	return id
}

// A clone must share the files of what is sealed, and be as independent as if it did not: of what
// happens to the source, of the source's end, of a restart; the files go with the last table.
func TestCloneSharesFiles(t *testing.T) {
	fs := vfs.NewMem()
	s := openDir(t, fs)
	src := makePairs(t, s)
	load := begin(t, s)
	w, err := load.Writer(src)
	must(t, err)
	a := w.Appender(0)
	const n = 130_000
	must(t, a.Append(pairBatch(series(0, n, 1), make([]string, n))))
	must(t, a.Close())
	must(t, w.Finish(t.Context()))
	commit(t, load)
	full := s.Version()
	reader := begin(t, s) // keeps the version
	txn := begin(t, s)
	table, err := txn.Table(src)
	must(t, err)
	must(t, txn.Delete(src, []columnar.RowID{scan(t, table)[7].id}))
	must(t, txn.Append(src, pairBatch([]int64{n}, []string{"fresh"})))
	commit(t, txn)

	before := segments(t, fs)
	now, then := clonePairs(t, s, src, s.Version()), clonePairs(t, s, src, full)
	if after := segments(t, fs); !slices.Equal(before, after) {
		t.Errorf("cloning made files: %v, before %v", after, before)
	}
	wantNow := state(t, s, src)
	txn = begin(t, s)
	must(t, txn.DropTable(src))
	commit(t, txn)
	reader.Rollback()
	for range 3 {
		must(t, s.Checkpoint(t.Context()))
		must(t, s.Close())
		s = openDir(t, fs)
	}
	if got := state(t, s, now); !maps.Equal(got, wantNow) {
		t.Errorf("the clone has %d rows, want %d", len(got), len(wantNow))
	}
	if got := state(t, s, then); len(got) != n {
		t.Errorf("the clone of an earlier version has %d rows, want %d", len(got), n)
	}
	if kept := segments(t, fs); len(kept) == 0 {
		t.Error("there is no segment file any more")
	}
	for _, id := range []mvcc.TableID{now, then} {
		txn := begin(t, s)
		must(t, txn.DropTable(id))
		commit(t, txn)
	}
	must(t, s.Checkpoint(t.Context()))
	must(t, s.Checkpoint(t.Context()))
	if left := segments(t, fs); len(left) != 0 {
		t.Errorf("without a table there are %v", left)
	}
	must(t, s.Close())
}

// What the rows of a shared file lack is each table's own, also in indexes: two tables add a column of
// one number.
func TestClonesAddColumns(t *testing.T) {
	s := openDir(t, vfs.NewMem())
	defer func() { must(t, s.Close()) }()
	src := makePairs(t, s)
	load := begin(t, s)
	w, err := load.Writer(src)
	must(t, err)
	a := w.Appender(0)
	must(t, a.Append(pairBatch(series(0, 130_000, 1), make([]string, 130_000))))
	must(t, a.Close())
	must(t, w.Finish(t.Context()))
	commit(t, load)
	tables := []mvcc.TableID{src, clonePairs(t, s, src, s.Version())}
	for i, id := range tables {
		schema := pairs()
		schema.Columns = append(schema.Columns, mvcc.ColumnDef{FieldID: 3, Name: "c", Type: types.TBigInt, Missing: types.Int(types.TBigInt, int64(i))})
		txn := begin(t, s)
		must(t, txn.AlterTable(id, "altered", schema))
		commit(t, txn)
	}
	for i, id := range tables {
		txn := begin(t, s)
		table, err := txn.Table(id)
		must(t, err)
		for value := range int64(2) {
			n := 0
			for _, v := range table.Chunks() {
				for _, kind := range []index.Kind{index.Hash, index.Ordered} {
					rows, err := v.Find(t.Context(), index.NewPath(kind, []int32{3}), &index.Lookup{Equal: []types.Value{types.Int(types.TBigInt, value)}}, nil)
					must(t, err)
					n += len(rows)
				}
			}
			if want := 2 * 130_000; n != want && value == int64(i) || n != 0 && value != int64(i) {
				t.Errorf("table %d has %d rows with %d", i, n, value)
			}
		}
		txn.Rollback()
	}
}

// A file must stay while a transaction that clones it runs, whatever becomes of the source.
func TestCloneHoldsFilesUntilItsEnd(t *testing.T) {
	s := openDir(t, vfs.NewMem())
	defer func() { must(t, s.Close()) }()
	src := makePairs(t, s)
	txn := begin(t, s)
	must(t, txn.Append(src, pairBatch([]int64{1, 2}, []string{"a", "b"})))
	commit(t, txn)
	at := s.Version()
	past, err := s.BeginAt(at)
	must(t, err)
	other := begin(t, s)
	must(t, other.Append(src, pairBatch([]int64{3}, []string{"c"})))
	commit(t, other)
	cloning := begin(t, s)
	table, err := past.Table(src)
	must(t, err)
	id := s.NewID()
	must(t, cloning.CloneTable(t.Context(), id, "clone", pairs(), table))
	past.Rollback()
	drop := begin(t, s)
	must(t, drop.DropTable(src))
	commit(t, drop)
	for range 3 {
		must(t, s.Checkpoint(t.Context()))
	}
	again, err := s.BeginAt(at)
	if err != nil {
		t.Fatalf("the version that is being cloned is gone: %v", err)
	}
	again.Rollback()
	commit(t, cloning)
	must(t, s.Checkpoint(t.Context()))
	if got := state(t, s, id); !maps.Equal(got, map[int64]string{1: "a", 2: "b"}) {
		t.Errorf("the clone has %v", got)
	}
}
