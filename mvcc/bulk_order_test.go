package mvcc_test

import (
	"context"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/mvcc"
)

// Short ends of parts must not be put together across whole chunks that lie between them, and chunks
// that others close must come where they belong.
func TestBulkLoadOfUnevenParts(t *testing.T) {
	const full = segment.MaxRows
	for _, serving := range []int{0, 1, 3} {
		s := openDir(t, vfs.NewMem())
		id := makePairs(t, s)
		txn := begin(t, s)
		w, err := txn.Writer(id)
		must(t, err)
		errs := make([]error, serving)
		var wait sync.WaitGroup
		for i := range errs {
			wait.Go(func() { errs[i] = w.Serve() })
		}
		next := int64(0)
		for part, rows := range []int{100, full, 100, 70, 2*full + 60_000, 50, full + 10, 20, full + 30} {
			a := w.Appender(part)
			for left := rows; left > 0; {
				n := min(left, 50_001)
				must(t, a.Append(pairBatch(series(next, int64(n), 1), make([]string, n))))
				next, left = next+int64(n), left-n
			}
			must(t, a.Close())
		}
		w.End()
		wait.Wait()
		for _, err := range errs {
			must(t, err)
		}
		must(t, w.Finish(context.Background()))
		commit(t, txn)
		expectAscending(t, s, id, next)
		must(t, s.Close())
	}
}

func expectAscending(t *testing.T, s *mvcc.Store, id mvcc.TableID, rows int64) {
	t.Helper()
	table, err := begin(t, s).Table(id)
	must(t, err)
	got := scan(t, table)
	if int64(len(got)) != rows {
		t.Fatalf("%d rows, want %d", len(got), rows)
	}
	for i, row := range got {
		if row.a != int64(i) {
			t.Fatalf("row %d is number %d", i, row.a)
		}
	}
}
