package mvcc_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
)

// checkable is a closed-by-crash database with sealed chunks, an open one, deletes and a log.
func checkable(t *testing.T) (*vfs.MemFS, mvcc.TableID) {
	t.Helper()
	fs := vfs.NewCrashableMem()
	s := openDir(t, fs)
	id := makeKeyed(t, s, 1)
	insert := func(from, to int64) {
		var a []int64
		var b []string
		for i := from; i < to; i++ {
			a, b = append(a, i), append(b, strings.Repeat("x", int(i%5)))
		}
		txn := s.Begin(mvcc.TxnOptions{})
		must(t, txn.Append(id, pairBatch(a, b)))
		commit(t, txn)
	}
	insert(0, 300)
	txn := s.Begin(mvcc.TxnOptions{})
	table, err := txn.Table(id)
	must(t, err)
	must(t, txn.Delete(id, []columnar.RowID{columnar.MakeRowID(table.Chunks()[0].ID(), 7)}))
	commit(t, txn)
	must(t, s.Checkpoint(context.Background()))
	insert(300, 320)
	insert(320, 330)
	for _, dir := range []string{dbDir, dbDir + "/wal"} { // removals are not synced
		d, err := fs.OpenDir(dir)
		must(t, err)
		must(t, errors.Join(d.Sync(), d.Close()))
	}
	return fs.CrashClone(vfs.CrashCloneCfg{}), id
}

func check(t *testing.T, fs vfs.FS) *mvcc.CheckReport {
	t.Helper()
	r, err := mvcc.Check(context.Background(), fs, dbDir, mvcc.CheckOptions{})
	must(t, err)
	return r
}

func TestCheckOfASoundDatabase(t *testing.T) {
	fs, id := checkable(t)
	before := fs.String()
	r := check(t, fs)
	must(t, r.Err())
	if r.Tables != 1 || r.Rows != 329 || r.Keys != 1 || len(r.Orphans) != 0 || r.Bytes == 0 {
		t.Errorf("%+v", r)
	}
	if after := fs.String(); strings.ReplaceAll(after, "LOCK", "") != strings.ReplaceAll(before, "LOCK", "") {
		t.Errorf("the check changed files:\n%s\n%s", before, after)
	}
	s := openDir(t, fs)
	_, err := mvcc.Check(context.Background(), fs, dbDir, mvcc.CheckOptions{})
	if sqlerr.StateOf(err) != sqlerr.ObjectInUse {
		t.Errorf("of an open database: %v", err)
	}
	for range 2 {
		last := int64(0)
		online, err := s.Check(context.Background(), mvcc.CheckOptions{Progress: func(_ string, done, total int64) {
			if done < last || done > total {
				t.Errorf("progress went from %d to %d of %d", last, done, total)
			}
			last = done
		}})
		must(t, err)
		must(t, online.Err())
		if online.Rows != 329 || online.Keys != 1 || last == 0 {
			t.Errorf("%+v", online)
		}
		txn := begin(t, s)
		must(t, txn.DropTable(id))
		txn.Rollback()
	}
	must(t, s.Close())
}

// Whatever byte is damaged: the check tells, or the database is as it was.
func TestCheckNoticesDamage(t *testing.T) {
	origin, id := checkable(t)
	s := openDir(t, origin.CrashClone(vfs.CrashCloneCfg{}))
	want := state(t, s, id)
	must(t, s.Close())
	for _, path := range filesUnder(t, origin, dbDir) {
		raw := fileContent(t, origin, path)
		step := max(1, len(raw)/200)
		for at := 0; at < len(raw); at += step {
			fs := origin.CrashClone(vfs.CrashCloneCfg{})
			damaged := append([]byte(nil), raw...)
			damaged[at] ^= 1 << (at % 8)
			writeContent(t, fs, path, damaged)
			r, err := mvcc.Check(context.Background(), fs, dbDir, mvcc.CheckOptions{})
			must(t, err)
			if r.Err() != nil {
				continue
			}
			if strings.HasSuffix(path, ".parquet") {
				t.Fatalf("byte %d of %s was not noticed", at, path)
			}
			s := openDir(t, fs)
			if got := state(t, s, id); !maps.Equal(got, want) && !(strings.HasSuffix(path, ".wal") && len(got) == 319) { // the last commit looks torn
				t.Fatalf("byte %d of %s was not noticed: %d rows", at, path, len(got))
			}
			must(t, s.Close())
		}
	}
}

// withDefect puts one of mvcc.Defects into the manifest.
func withDefect(defect string) func(t *testing.T, fs *vfs.MemFS) {
	return func(t *testing.T, fs *vfs.MemFS) {
		t.Helper()
		for _, path := range filesUnder(t, fs, dbDir) {
			if strings.Contains(path, "MANIFEST-") {
				raw, err := mvcc.WithDefect(fileContent(t, fs, path), defect)
				must(t, err)
				writeContent(t, fs, path, raw)
			}
		}
	}
}

// The check is there for what checksums cannot see, too.
func TestCheckFindsDefects(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(t *testing.T, fs *vfs.MemFS)
		want   string
	}{
		"statistics":               {withDefect("statistics"), "above the maximum"},
		"a chunk twice":            {withDefect("a chunk twice"), "duplicate key value violates unique constraint"},
		"deletes beyond the chunk": {withDefect("deletes beyond the chunk"), "the manifest is damaged"},
		"missing segment":          {func(t *testing.T, fs *vfs.MemFS) { removeMatching(t, fs, ".parquet") }, "cannot be opened"},
		"missing log":              {func(t *testing.T, fs *vfs.MemFS) { removeMatching(t, fs, ".wal") }, "is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			fs, _ := checkable(t)
			c.damage(t, fs)
			r := check(t, fs)
			err := r.Err()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("orphan", func(t *testing.T) {
		fs, _ := checkable(t)
		writeContent(t, fs, dbDir+"/seg/1001/99999999.parquet", []byte("?"))
		writeContent(t, fs, dbDir+"/MANIFEST-000999", []byte("?"))
		r := check(t, fs)
		must(t, r.Err())
		if len(r.Orphans) != 2 {
			t.Errorf("orphans: %v", r.Orphans)
		}
	})
}

func removeMatching(t *testing.T, fs vfs.FS, suffix string) {
	t.Helper()
	for _, path := range filesUnder(t, fs, dbDir) {
		if strings.HasSuffix(path, suffix) {
			must(t, fs.Remove(path))
		}
	}
}

func fileContent(t testing.TB, fs vfs.FS, path string) []byte {
	t.Helper()
	f, err := fs.Open(path)
	must(t, err)
	defer f.Close()
	stat, err := f.Stat()
	must(t, err)
	raw := make([]byte, stat.Size())
	if len(raw) > 0 {
		_, err = f.ReadAt(raw, 0)
		must(t, err)
	}
	return raw
}

func writeContent(t testing.TB, fs vfs.FS, path string, raw []byte) {
	t.Helper()
	must(t, fs.MkdirAll(fs.PathDir(path), 0o755))
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = f.Write(raw)
	must(t, errors.Join(err, f.Sync(), f.Close()))
}

// A database on read-only media can be read; nothing tries to write there.
func TestReadOnly(t *testing.T) {
	fs, id := checkable(t)
	s := openDir(t, fs.CrashClone(vfs.CrashCloneCfg{}))
	want := state(t, s, id)
	must(t, s.Close())
	before := filesUnder(t, fs, dbDir)
	s, err := mvcc.Open(fs, dbDir, mvcc.Options{ReadOnly: true})
	must(t, err)
	if got := state(t, s, id); !maps.Equal(got, want) {
		t.Errorf("%d rows, want %d", len(got), len(want))
	}
	txn := begin(t, s)
	for _, err := range []error{txn.Append(id, pairBatch([]int64{1}, []string{"x"})), txn.DropTable(id), s.Checkpoint(context.Background())} {
		if sqlerr.StateOf(err) != sqlerr.ReadOnlyTransaction {
			t.Errorf("writing: %v", err)
		}
	}
	txn.Rollback()
	must(t, s.Close())
	if after := filesUnder(t, fs, dbDir); strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("files were %v, are %v", before, after)
	}
	if _, err := mvcc.Open(fs, "/nowhere", mvcc.Options{ReadOnly: true}); sqlerr.StateOf(err) != sqlerr.InvalidCatalogName {
		t.Errorf("no database: %v", err)
	}
}

// Damage that nobody reads must be found by the scrubber before the last sound backup is pruned; and
// recovery says how far it is.
func TestScrubAndRecoveryTell(t *testing.T) {
	fs, _ := checkable(t)
	recovered := int64(0)
	told := make(chan error, 100)
	s, err := mvcc.Open(fs, dbDir, mvcc.Options{
		CheckpointBytes: -1, ScrubEvery: 20 * time.Millisecond, Notice: func(err error) { told <- err },
		Progress: func(_ string, done, total int64) {
			if done < recovered || done > total {
				t.Errorf("recovery went from %d to %d of %d", recovered, done, total)
			}
			recovered = done
		},
	})
	must(t, err)
	if recovered == 0 {
		t.Error("recovery told nothing")
	}
	select {
	case err := <-told:
		t.Fatalf("a sound database: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	for _, path := range filesUnder(t, fs, dbDir+"/seg") {
		raw := fileContent(t, fs, path)
		raw[10] ^= 1
		writeContent(t, fs, path, raw)
	}
	select {
	case err := <-told:
		if sqlerr.StateOf(err) != sqlerr.DataCorrupted || !strings.Contains(err.Error(), ".parquet") {
			t.Errorf("told %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("the damage was not found")
	}
	must(t, s.Close())
}
