package mvcc_test

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/types"
)

var writeGolden = flag.Bool("write-golden", false, "make testdata/golden anew: only for a new format version")

// goldenDirs are databases as each version wrote them: v1 with log files of format 1, v2 of format 2,
// with room behind the records and a spare. The last is the one to write.
func goldenDirs() []string { return []string{"testdata/golden/v1", "testdata/golden/v2"} }

// everyType is a column of each stored type, and a value of it for row i; every third row is NULL.
var everyType = []types.Type{
	types.TBoolean, types.TSmallInt, types.TInteger, types.TBigInt, types.TReal, types.TDouble, types.TNumeric(12, 2), types.TNumeric(30, 4),
	types.TText, types.TBytea, types.TDate, types.TTime, types.TTimestampTZ, types.TInterval, types.TUUID, types.TJSON,
}

func goldenValue(typ types.Type, i int) types.Value {
	if i%3 == 2 {
		return types.Null(typ)
	}
	switch typ.Class() {
	case types.ClassFloat:
		return types.Float(typ, float64(i)/4)
	case types.ClassDecimal:
		if typ.Precision > 18 && i == 1 {
			return types.Decimal(typ, types.Int128{Hi: 3, Lo: 7})
		}
		return types.Int(typ, int64(i)*100)
	case types.ClassInterval:
		return types.Value{Type: typ, Span: types.Span{Months: int32(i), Days: -2, Micros: 5}}
	case types.ClassUUID:
		return types.Str(typ, fmt.Sprintf("%016d", i))
	case types.ClassBytes:
		return types.Str(typ, fmt.Sprintf("\"value %d\"", i)) // JSON, too
	}
	return types.Int(typ, int64(i%2))
}

func goldenSchema() mvcc.Schema {
	var s mvcc.Schema
	for i, typ := range everyType {
		s.Columns = append(s.Columns, mvcc.ColumnDef{FieldID: int32(i) + 1, Name: fmt.Sprint("c", i), Type: typ, Missing: types.Null(typ)})
	}
	return s
}

// A database written by any earlier version of a format must open and read the same for ever. Rows 0 to
// 19 lie in a segment, 20 to 29 in the log, of which row 4 and row 24 are deleted.
func TestGoldenDatabase(t *testing.T) {
	if *writeGolden {
		makeGolden(t)
	}
	for _, dir := range goldenDirs() {
		t.Run(filepath.Base(dir), func(t *testing.T) { openGolden(t, dir) })
	}
}

func openGolden(t *testing.T, dir string) {
	fs := vfs.NewMem()
	if ok, err := vfs.Clone(vfs.Default, fs, dir, dbDir); !ok || err != nil {
		t.Fatal(ok, err)
	}
	for range 2 { // as it was written, and after this version's checkpoint
		s := openDir(t, fs)
		txn := s.Begin(mvcc.TxnOptions{})
		table, err := txn.Table(1001)
		must(t, err)
		checkGolden(t, table)
		txn.Rollback()
		must(t, s.Close())
	}
}

func checkGolden(t *testing.T, table *mvcc.Table) {
	t.Helper()
	for c, typ := range everyType {
		row := 0
		for _, view := range table.Chunks() {
			v, err := view.Column(context.Background(), int32(c)+1)
			must(t, err)
			for i := range view.Rows() {
				if view.Deleted().Contains(uint32(i)) != (row == 4 || row == 24) {
					t.Errorf("row %d: wrongly deleted or not", row)
				}
				if got, want := v.Value(i), goldenValue(typ, row); types.Format(got) != types.Format(want) || got.Null != want.Null {
					t.Errorf("row %d of %s is %s, want %s", row, typ, types.Format(got), types.Format(want))
				}
				row++
			}
		}
		if row != 30 {
			t.Errorf("%d rows", row)
		}
	}
}

// makeGolden writes the database and copies it as a crash would leave it.
func makeGolden(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s, err := mvcc.Open(fs, dbDir, mvcc.Options{LogFileBytes: 8 << 10})
	must(t, err)
	id := s.NewID()
	txn := s.Begin(mvcc.TxnOptions{})
	must(t, txn.CreateTable(id, "everything", goldenSchema()))
	appendGolden(t, txn, id, 0, 20)
	commit(t, txn)
	deleteGolden(t, s, id, 4)
	must(t, s.Checkpoint(context.Background()))
	must(t, s.Checkpoint(context.Background())) // the log goes on in the file of the first rows
	txn = s.Begin(mvcc.TxnOptions{})
	appendGolden(t, txn, id, 20, 30)
	commit(t, txn)
	deleteGolden(t, s, id, 24)
	goldenDir := goldenDirs()[len(goldenDirs())-1]
	must(t, vfs.Default.RemoveAll(goldenDir))
	must(t, vfs.Default.MkdirAll(filepath.Dir(goldenDir), 0o755))
	if ok, err := vfs.Clone(fs, vfs.Default, dbDir, goldenDir); !ok || err != nil {
		t.Fatal(ok, err)
	}
	must(t, s.Close())
}

func appendGolden(t *testing.T, txn *mvcc.Txn, id mvcc.TableID, from, to int) {
	for i := from; i < to; i++ {
		b := &columnar.Batch{Len: 1}
		for _, typ := range everyType {
			b.Cols = append(b.Cols, mvcc.ConstVector(typ, goldenValue(typ, i)))
		}
		must(t, txn.Append(id, b))
	}
}

func deleteGolden(t *testing.T, s *mvcc.Store, id mvcc.TableID, offset uint32) {
	txn := s.Begin(mvcc.TxnOptions{})
	table, err := txn.Table(id)
	must(t, err)
	must(t, txn.Delete(id, []columnar.RowID{columnar.MakeRowID(table.Chunks()[0].ID(), offset)}))
	commit(t, txn)
}
