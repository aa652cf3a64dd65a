package mvcc_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
)

// nullBatch is one row (a, NULL).
func nullBatch(a int64) *columnar.Batch {
	b := pairBatch([]int64{a}, []string{""})
	b.Cols[1].Valid = []uint64{0}
	return b
}

// A key with a NULL that is forgotten by a crash, or by leaving the memory, lets a duplicate in.
func TestEqualNullsAreKeysAfterACrash(t *testing.T) {
	mem := vfs.NewCrashableMem()
	must(t, mem.MkdirAll(dbDir, 0o755))
	s := openDir(t, mem)
	id := s.NewID()
	txn := s.Begin(mvcc.TxnOptions{})
	schema := pairs()
	schema.Keys = []mvcc.Key{{Name: "pairs_key", Fields: []int32{1, 2}, NullsEqual: true}}
	must(t, txn.CreateTable(id, "pairs", schema))
	must(t, txn.Append(id, nullBatch(1)))
	must(t, txn.Append(id, pairBatch([]int64{1}, []string{""})))
	commit(t, txn)
	disk := mem
	for _, step := range []string{"the log", "a checkpoint"} {
		disk = disk.CrashClone(vfs.CrashCloneCfg{})
		s = openDir(t, disk)
		txn = begin(t, s)
		wantViolation(t, txn.Append(id, nullBatch(1)), "Key (a, b)=(1, null) already exists.")
		must(t, txn.Append(id, nullBatch(2)))
		wantViolation(t, txn.Append(id, nullBatch(2)), "Key (a, b)=(2, null) already exists.")
		txn.Rollback()
		finder := met(t, s, id, nullBatch(1))
		if len(finder) != 1 {
			t.Errorf("after %s the row (1, NULL) meets %v", step, finder)
		}
		must(t, s.Checkpoint(t.Context()))
	}
}

// met looks the batch's keys up.
func met(t testing.TB, s *mvcc.Store, id mvcc.TableID, b *columnar.Batch) []columnar.RowID {
	t.Helper()
	txn := s.Begin(mvcc.TxnOptions{ReadOnly: true})
	defer txn.Rollback()
	f, err := txn.KeyFinder(id, "pairs_key")
	must(t, err)
	var found []columnar.RowID
	columns, err := f.Columns(b.Cols, b.Len)
	must(t, err)
	must(t, f.Find(t.Context(), columns, b.Len, func(_ uint32, row columnar.RowID) { found = append(found, row) }))
	return found
}
