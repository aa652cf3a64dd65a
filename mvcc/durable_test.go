package mvcc_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

const dbDir = "/db"

func openDir(t testing.TB, fs vfs.FS) *mvcc.Store {
	t.Helper()
	s, err := mvcc.Open(fs, dbDir, mvcc.Options{CheckpointBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// state is the rows of the pairs table, which has unique a's.
func state(t testing.TB, s *mvcc.Store, id mvcc.TableID) map[int64]string {
	t.Helper()
	txn := s.Begin(mvcc.TxnOptions{ReadOnly: true})
	defer txn.Rollback()
	table, err := txn.Table(id)
	if sqlerr.StateOf(err) == sqlerr.UndefinedTable {
		return map[int64]string{}
	}
	must(t, err)
	rows := scan(t, table)
	m := map[int64]string{}
	for _, r := range rows {
		m[r.a] = r.b
	}
	if len(m) != len(rows) || table.Rows() != int64(len(rows)) {
		t.Fatalf("%d rows, %d keys, Rows says %d", len(rows), len(m), table.Rows())
	}
	return m
}

// Every failing operation must come out as an error, never as a lost acknowledgement or a panic.
func TestEveryFailingOperation(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 7
	}
	for index, total := 0, 1; index < total; index += step {
		mem := vfs.NewMem()
		must(t, mem.MkdirAll(dbDir, 0o755))
		count := 0
		acked, id, err := failingRun(t, errorfs.Wrap(mem, errorfs.InjectorFunc(func(errorfs.Op) error {
			if count++; count == index {
				return errors.New("injected")
			}
			return nil
		})))
		if index == 0 { // the run without a failure tells how many operations there are
			must(t, err)
			total = count
		}
		s, openErr := mvcc.Open(mem, dbDir, mvcc.Options{})
		if openErr != nil {
			t.Fatalf("failure at operation %d (%v) left a database that does not open: %v", index, err, openErr)
		}
		got := state(t, s, id)
		for a, b := range acked {
			if got[a] != b {
				t.Fatalf("failure at operation %d (%v): acknowledged row %d is lost", index, err, a)
			}
		}
		must(t, s.Close())
	}
}

// failingRun does a bit of everything until something fails.
func failingRun(t *testing.T, fs vfs.FS) (acked map[int64]string, id mvcc.TableID, err error) {
	acked = map[int64]string{}
	ctx := context.Background()
	s, err := mvcc.Open(fs, dbDir, mvcc.Options{})
	if err != nil {
		return acked, 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	id = s.NewID()
	txn := s.Begin(mvcc.TxnOptions{})
	if err := txn.CreateTable(id, "pairs", pairs()); err != nil {
		txn.Rollback()
		return acked, id, err
	}
	if _, err := txn.Commit(ctx); err != nil {
		return acked, id, err
	}
	for i := range int64(6) {
		txn := s.Begin(mvcc.TxnOptions{})
		if err := txn.Append(id, pairBatch([]int64{i}, []string{"x"})); err != nil {
			txn.Rollback()
			return acked, id, err
		}
		if _, err := txn.Commit(ctx); err != nil {
			return acked, id, err
		}
		acked[i] = "x"
		if i%2 == 1 {
			if err := s.Checkpoint(ctx); err != nil {
				return acked, id, err
			}
		}
	}
	gone, err := deleteRow(s, id, 3)
	if gone || err != nil {
		delete(acked, 3)
	}
	if err == nil {
		err = errors.Join(s.Vacuum(ctx, id, true), s.Checkpoint(ctx))
	}
	return acked, id, err
}

// deleteRow deletes the row of an offset in the first chunk; gone says that it may have come to pass.
func deleteRow(s *mvcc.Store, id mvcc.TableID, offset uint32) (gone bool, err error) {
	txn := s.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	table, err := txn.Table(id)
	if err != nil {
		return false, err
	}
	if err := txn.Delete(id, []columnar.RowID{columnar.MakeRowID(table.Chunks()[0].ID(), offset)}); err != nil {
		return false, err
	}
	_, err = txn.Commit(context.Background())
	return true, err
}

// A load that leaves memory for segment files must read the same after a restart, and join the table whole or not.
func TestBulkLoadSurvivesRestart(t *testing.T) {
	fs := vfs.NewMem()
	s := openDir(t, fs)
	id := makePairs(t, s)
	load := func(parts int) *mvcc.Txn {
		txn := s.Begin(mvcc.TxnOptions{})
		w, err := txn.Writer(id)
		must(t, err)
		for part := range parts {
			a := w.Appender(part)
			for from := 0; from < 130_000; from += 10_000 {
				keys, names := make([]int64, 10_000), make([]string, 10_000)
				for i := range keys {
					keys[i], names[i] = int64(part*130_000+from+i), fmt.Sprint("color ", i%7)
				}
				must(t, a.Append(pairBatch(keys, names)))
			}
			must(t, a.Close())
		}
		must(t, w.Finish(context.Background()))
		return txn
	}
	load(1).Rollback()
	if files := segments(t, fs); len(files) != 0 {
		t.Errorf("a rolled back load leaves %v", files)
	}
	txn := load(2)
	table, err := txn.Table(id)
	must(t, err)
	must(t, txn.Delete(id, []columnar.RowID{columnar.MakeRowID(table.Chunks()[0].ID(), 5)}))
	commit(t, txn)
	want := state(t, s, id)
	if len(want) != 259_999 {
		t.Fatalf("%d rows", len(want))
	}
	crashed := s
	for range 2 { // from the log, then from the manifest
		must(t, crashed.Close())
		crashed = openDir(t, fs)
		if got := state(t, crashed, id); !maps.Equal(got, want) {
			t.Fatalf("%d rows after a restart", len(got))
		}
		stats := crashed.Begin(mvcc.TxnOptions{})
		if c := stats.Stats(id).Columns[0]; !c.Sorted || c.Max.I != 259_999 {
			t.Errorf("statistics after a restart: %+v", c)
		}
		stats.Rollback()
	}
	must(t, crashed.Close())
}

func segments(t *testing.T, fs vfs.FS) (all []string) {
	t.Helper()
	dirs, err := fs.List(dbDir + "/seg")
	must(t, err)
	for _, dir := range dirs {
		files, err := fs.List(dbDir + "/seg/" + dir)
		must(t, err)
		all = append(all, files...)
	}
	return all
}

// A load that ends halfway must leave neither rows nor files.
func TestAbandonedLoadLeavesNothing(t *testing.T) {
	fs := vfs.NewMem()
	s := openDir(t, fs)
	id := makePairs(t, s)
	txn := s.Begin(mvcc.TxnOptions{})
	w, err := txn.Writer(id)
	must(t, err)
	a := w.Appender(0)
	for from := int64(0); from < 130_000; from += 10_000 {
		must(t, a.Append(pairBatch(series(from, 10_000, 1), make([]string, 10_000))))
	}
	if len(segments(t, fs)) != 1 {
		t.Error("the full chunk is not on disk while the load runs")
	}
	txn.Rollback()
	if files := segments(t, fs); len(files) != 0 {
		t.Errorf("left %v", files)
	}
	if len(state(t, s, id)) != 0 {
		t.Error("left rows")
	}
	must(t, s.Close())
}

// The log must not grow for ever: past the threshold a checkpoint runs by itself, again and again,
// while commits go on. How many commits pass before it has run is the scheduler's affair.
func TestCheckpointsRunByThemselves(t *testing.T) {
	fs := vfs.NewMem()
	const threshold, rowBytes = 10_000, 200
	s, err := mvcc.Open(fs, dbDir, mvcc.Options{CheckpointBytes: threshold})
	must(t, err)
	id := makePairs(t, s)
	rows := 0
	insert := func() {
		txn := s.Begin(mvcc.TxnOptions{})
		must(t, txn.Append(id, pairBatch([]int64{int64(rows)}, []string{strings.Repeat("x", rowBytes)})))
		commit(t, txn)
		rows++
	}
	first := logFiles(t, fs)
	for range threshold / rowBytes / 4 {
		insert()
	}
	if now := logFiles(t, fs); !slices.Equal(now, first) || len(segments(t, fs)) > 0 {
		t.Errorf("below the threshold: log files %v were %v, segments %v", now, first, segments(t, fs))
	}
	for round := range 3 {
		before, from := logFiles(t, fs), rows
		for late := time.Now().Add(time.Minute); slices.Contains(logFiles(t, fs), before[0]); {
			must(t, s.CheckpointError())
			if time.Now().After(late) {
				t.Fatalf("round %d: %d rows, log files %v, and no checkpoint has trimmed them", round, rows, before)
			}
			insert()
			if rows-from > threshold/rowBytes {
				time.Sleep(time.Millisecond) // one is due: let it run
			}
		}
		if len(segments(t, fs)) == 0 {
			t.Errorf("round %d: the log is trimmed and no segment is on disk", round)
		}
	}
	must(t, s.Close())
	must(t, s.CheckpointError())
	if logs := logFiles(t, fs); len(logs) != 1 {
		t.Errorf("log files %v", logs)
	}
	s = openDir(t, fs)
	if n := len(state(t, s, id)); n != rows {
		t.Errorf("%d rows of %d", n, rows)
	}
	must(t, s.Close())
}

func logFiles(t *testing.T, fs vfs.FS) []string {
	t.Helper()
	logs, err := fs.List(dbDir + "/wal")
	must(t, err)
	slices.Sort(logs)
	return slices.DeleteFunc(logs, func(name string) bool { return !strings.HasSuffix(name, ".wal") })
}

// Two processes that write one directory would destroy it.
func TestSecondOpenIsRefused(t *testing.T) {
	for name, fs := range map[string]vfs.FS{"memory": vfs.NewMem(), "disk": vfs.Default} {
		dir := dbDir
		if name == "disk" {
			dir = filepath.Join(t.TempDir(), "db")
		}
		s, err := mvcc.Open(fs, dir, mvcc.Options{})
		must(t, err)
		_, err = mvcc.Open(fs, dir, mvcc.Options{})
		if sqlerr.StateOf(err) != sqlerr.ObjectInUse || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", name, err)
		}
		must(t, s.Close())
		s, err = mvcc.Open(fs, dir, mvcc.Options{})
		must(t, err)
		must(t, s.Close())
	}
}

// A directory with other files must not be taken for a database, nor a damaged one for an empty one.
func TestForeignDirectoriesAreRefused(t *testing.T) {
	fs := vfs.NewMem()
	must(t, fs.MkdirAll(dbDir, 0o755))
	put(t, fs, dbDir+"/notes.txt", []byte("mine"))
	if _, err := mvcc.Open(fs, dbDir, mvcc.Options{}); sqlerr.StateOf(err) != sqlerr.ObjectNotInPrerequisite {
		t.Errorf("foreign directory: %v", err)
	}
	fs = vfs.NewMem()
	s := openDir(t, fs)
	makePairs(t, s)
	must(t, s.Close())
	names, err := fs.List(dbDir)
	must(t, err)
	for _, name := range names {
		if strings.HasPrefix(name, "MANIFEST-") {
			raw := get(t, fs, dbDir+"/"+name)
			raw[len(raw)/2] ^= 1
			put(t, fs, dbDir+"/"+name, raw)
		}
	}
	if _, err := mvcc.Open(fs, dbDir, mvcc.Options{}); sqlerr.StateOf(err) != sqlerr.DataCorrupted {
		t.Errorf("damaged manifest: %v", err)
	}
}

func put(t *testing.T, fs vfs.FS, path string, raw []byte) {
	t.Helper()
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = f.Write(raw)
	must(t, errors.Join(err, f.Close()))
}

func get(t *testing.T, fs vfs.FS, path string) []byte {
	t.Helper()
	f, err := fs.Open(path)
	must(t, err)
	stat, err := f.Stat()
	must(t, err)
	raw := make([]byte, stat.Size())
	_, err = f.ReadAt(raw, 0)
	must(t, errors.Join(err, f.Close()))
	return raw
}

// A full disk must fail the commit and nothing else.
func TestDiskFull(t *testing.T) {
	full := false
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if full && (op.Kind == errorfs.OpFileWriteAt || op.Kind == errorfs.OpFileWrite || op.Kind == errorfs.OpCreate) {
			return syscall.ENOSPC
		}
		return nil
	}))
	s := openDir(t, fs)
	id := makePairs(t, s)
	full = true
	big := strings.Repeat("x", 5<<20) // more than was reserved
	txn := begin(t, s)
	must(t, txn.Append(id, pairBatch([]int64{1}, []string{big})))
	if _, err := txn.Commit(context.Background()); sqlerr.StateOf(err) != sqlerr.DiskFull {
		t.Errorf("commit: %v", err)
	}
	if len(state(t, s, id)) != 0 {
		t.Error("the failed commit is visible")
	}
	full = false
	txn = begin(t, s)
	must(t, txn.Append(id, pairBatch([]int64{2}, []string{"y"})))
	commit(t, txn)
	full = true
	if err := s.Checkpoint(context.Background()); err == nil {
		t.Error("a checkpoint on a full disk succeeds")
	}
	full = false
	must(t, s.Close())
	s = openDir(t, fs)
	if got := state(t, s, id); len(got) != 1 || got[2] != "y" {
		t.Errorf("after a restart: %v", got)
	}
	must(t, s.Close())
}

// After a failed sync nothing may be acknowledged, reads go on, and a restart has all that was.
func TestFailedSyncMakesTheStoreReadOnly(t *testing.T) {
	fail := false
	mem := vfs.NewMem()
	fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if fail && op.Kind == errorfs.OpFileSyncData {
			return syscall.EIO
		}
		return nil
	}))
	s := openDir(t, fs)
	id := makePairs(t, s)
	insert := func(a int64) error {
		txn := s.Begin(mvcc.TxnOptions{})
		defer txn.Rollback()
		if err := txn.Append(id, pairBatch([]int64{a}, []string{"x"})); err != nil {
			return err
		}
		_, err := txn.Commit(context.Background())
		return err
	}
	must(t, insert(1))
	fail = true
	if err := insert(2); sqlerr.StateOf(err) != sqlerr.IOError {
		t.Errorf("got %v", err)
	}
	fail = false
	if err := insert(3); sqlerr.StateOf(err) != sqlerr.IOError {
		t.Errorf("after the failure: %v", err)
	}
	if got := state(t, s, id); len(got) != 1 {
		t.Errorf("visible after the failure: %v", got)
	}
	must(t, s.Close())
	s = openDir(t, mem)
	if got := state(t, s, id); got[1] != "x" || got[3] != "" {
		t.Errorf("after a restart: %v", got)
	}
	must(t, s.Close())
}

// ADD COLUMN must not rewrite chunks: old rows read as the missing value, in memory, in the log and in files.
func TestAddColumnOnOldChunks(t *testing.T) {
	fs := vfs.NewMem()
	s := openDir(t, fs)
	id := makePairs(t, s)
	txn := begin(t, s)
	must(t, txn.Append(id, pairBatch([]int64{1, 2}, []string{"x", "y"})))
	commit(t, txn)
	schema := pairs()
	schema.Columns = append(schema.Columns, mvcc.ColumnDef{FieldID: 3, Name: "c", Type: types.TInteger, Missing: types.Int(types.TInteger, 7)})
	txn = begin(t, s)
	must(t, txn.AlterTable(id, "pairs", schema))
	wide := pairBatch([]int64{3}, []string{"z"})
	wide.Cols = append(wide.Cols, mvcc.ConstVector(types.TInteger, types.Int(types.TInteger, 9)))
	must(t, txn.Append(id, wide))
	commit(t, txn)
	for range 3 {
		txn := begin(t, s)
		table, err := txn.Table(id)
		must(t, err)
		var got []int64
		for _, view := range table.Chunks() {
			c, err := view.Column(context.Background(), 3)
			must(t, err)
			for i := range view.Rows() {
				got = append(got, c.Value(i).I)
			}
		}
		if fmt.Sprint(got) != "[7 7 9]" {
			t.Fatalf("c is %v", got)
		}
		txn.Rollback()
		must(t, s.Close())
		s = openDir(t, fs)
	}
	must(t, s.Close())
}

// Damage in the middle of the log must be reported with its place; the file must stay as it is.
func TestDamagedLogIsReported(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s := openDir(t, fs)
	id := makePairs(t, s)
	for i := range int64(5) {
		txn := begin(t, s)
		must(t, txn.Append(id, pairBatch([]int64{i}, []string{strings.Repeat("x", 100)})))
		commit(t, txn)
	}
	crashed := fs.CrashClone(vfs.CrashCloneCfg{})
	must(t, s.Close())
	path := dbDir + "/wal/0000000000000001.wal"
	raw := get(t, crashed, path)
	raw[4096+900] ^= 4
	put(t, crashed, path, raw)
	_, err := mvcc.Open(crashed, dbDir, mvcc.Options{})
	if sqlerr.StateOf(err) != sqlerr.DataCorrupted || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "offset") {
		t.Errorf("got %v", err)
	}
}

// Commits, reads, deletes and checkpoints at once must neither race nor lose anything.
func TestConcurrentWork(t *testing.T) {
	s := openDir(t, vfs.NewMem())
	id := makePairs(t, s)
	var wg sync.WaitGroup
	const workers, each = 4, 60
	for worker := range workers {
		wg.Go(func() {
			for i := range each {
				txn := s.Begin(mvcc.TxnOptions{})
				must(t, txn.Append(id, pairBatch([]int64{int64(worker*each + i)}, []string{"x"})))
				commit(t, txn)
			}
		})
	}
	wg.Go(func() {
		for range 5 {
			must(t, s.Checkpoint(context.Background()))
		}
	})
	wg.Go(func() {
		last := 0
		for range 50 {
			n := len(state(t, s, id))
			if n < last {
				t.Errorf("%d rows after %d", n, last)
			}
			last = n
		}
	})
	wg.Wait()
	if n := len(state(t, s, id)); n != workers*each {
		t.Errorf("%d rows", n)
	}
	must(t, s.Close())
}
