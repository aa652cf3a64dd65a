package oxidb_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/backup"
	"github.com/oxidb/oxidb/sqlerr"
)

func count(t *testing.T, db *oxidb.DB, sql string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(one(t, db, sql), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What a statement backs up, a restore must bring back with its catalog, keys and sequences.
func TestBackupStatement(t *testing.T) {
	dir := t.TempDir()
	db := open(t, filepath.Join(dir, "db"), oxidb.Archive(filepath.Join(dir, "archive")))
	exec(t, db, "CREATE TABLE p (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text); CREATE VIEW v AS SELECT id FROM p")
	exec(t, db, "INSERT INTO p (name) SELECT 'x' FROM generate_series(1, 1000)")
	exec(t, db, "BACKUP TO '"+filepath.Join(dir, "backups")+"'")
	exec(t, db, "INSERT INTO p (name) VALUES ('later')")
	exec(t, db, "CALL oxidb_archive()")
	exec(t, db, "CALL oxidb_check()")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	d, err := backup.Open(vfs.Default, filepath.Join(dir, "backups"))
	if err != nil {
		t.Fatal(err)
	}
	for to, want := range map[string]int64{"": 1000, filepath.Join(dir, "archive"): 1001} {
		path := filepath.Join(dir, "restored"+filepath.Base(to))
		if _, err := d.Restore(context.Background(), path, backup.RestoreOptions{Archive: to}); err != nil {
			t.Fatal(err)
		}
		db := open(t, path)
		if n := count(t, db, "SELECT count(*) FROM v"); n != want {
			t.Errorf("%d rows, want %d", n, want)
		}
		exec(t, db, "INSERT INTO p (name) VALUES ('new')") // the identity goes on
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Every kind of bad input must be told apart, with its file, and leave everything as it was.
func TestBadInput(t *testing.T) {
	ctx := context.Background()
	sound := filepath.Join(t.TempDir(), "db")
	db := open(t, sound)
	exec(t, db, "CREATE TABLE p (id int PRIMARY KEY, name text); INSERT INTO p SELECT i, 'x' FROM generate_series(1, 200000) g(i); CHECKPOINT; INSERT INTO p VALUES (0, 'log'); INSERT INTO p VALUES (-1, 'behind it: a damaged last commit looks torn')")
	crashed := filepath.Join(t.TempDir(), "crashed") // copied while it runs: the log is not checkpointed
	copyTree(t, sound, crashed)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	glob := func(dir, pattern string) string {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: no %s (%v)", dir, pattern, err)
		}
		return found[len(found)-1]
	}
	version := func(at int64) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			_, err = f.WriteAt([]byte{99}, at)
			if err = errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
		}
	}
	truncate := func(size int64) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			if err := os.Truncate(path, size); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(t *testing.T, path string) {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		file   string
		damage func(t *testing.T, path string)
		state  sqlerr.State
		named  bool // the error names the file; else its directory
		text   string
	}{
		"newer manifest":          {"MANIFEST-*", version(8), sqlerr.FeatureNotSupported, true, "format 99"},
		"damaged manifest":        {"MANIFEST-*", version(100), sqlerr.DataCorrupted, true, "checksum"},
		"truncated manifest":      {"MANIFEST-*", truncate(40), sqlerr.DataCorrupted, true, ""},
		"empty manifest":          {"MANIFEST-*", truncate(0), sqlerr.DataCorrupted, true, "is not a manifest"},
		"foreign manifest":        {"MANIFEST-*", version(0), sqlerr.DataCorrupted, true, "is not a manifest"},
		"missing manifest":        {"MANIFEST-*", remove, sqlerr.DataCorrupted, true, "which the marker names, is missing"},
		"missing log file":        {"wal/*.wal", remove, sqlerr.DataCorrupted, true, "is missing"},
		"truncated log header":    {"wal/*.wal", truncate(100), sqlerr.DataCorrupted, true, "header"},
		"empty log file":          {"wal/*.wal", truncate(0), sqlerr.DataCorrupted, true, "header"},
		"damaged log":             {"wal/*.wal", version(4096 + 80), sqlerr.DataCorrupted, true, "offset"},
		"log of another database": {"wal/*.wal", func(t *testing.T, path string) { foreignLog(t, path) }, sqlerr.DataCorrupted, true, "another database"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "db")
			copyTree(t, crashed, dir)
			path := glob(dir, c.file)
			c.damage(t, path)
			before := listing(t, dir)
			_, err := oxidb.Open(ctx, dir)
			if sqlerr.StateOf(err) != c.state || !strings.Contains(err.Error(), c.text) || c.named && !strings.Contains(err.Error(), filepath.Base(path)) {
				t.Errorf("%v", err)
			}
			if after := listing(t, dir); after != before {
				t.Errorf("opening changed files:\n%s\n%s", before, after)
			}
		})
	}
	for name, c := range map[string]struct {
		prepare func(dir string) error
		state   sqlerr.State
		text    string
	}{
		"a file":            {func(dir string) error { return os.WriteFile(dir, []byte("x"), 0o600) }, sqlerr.WrongObjectType, "is not a directory"},
		"within a file":     {func(dir string) error { return os.WriteFile(filepath.Dir(dir), []byte("x"), 0o600) }, sqlerr.WrongObjectType, "is not a directory"},
		"another directory": {func(dir string) error { return os.MkdirAll(filepath.Join(dir, "Documents"), 0o700) }, sqlerr.ObjectNotInPrerequisite, "holds Documents"},
		"unfinished restore": {func(dir string) error {
			return errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, mvcc.RestoringFile), nil, 0o600))
		}, sqlerr.ObjectNotInPrerequisite, "did not finish"},
		"backups": {func(dir string) error { return backupInto(sound, dir) }, sqlerr.ObjectNotInPrerequisite, "holds backups"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a", "b")
			if name != "within a file" {
				if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.prepare(dir); err != nil {
				t.Fatal(err)
			}
			_, err := oxidb.Open(ctx, dir)
			if sqlerr.StateOf(err) != c.state || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("missing segment", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "db")
		copyTree(t, sound, dir)
		path := glob(dir, "seg/1[0-9]*/*.parquet")
		remove(t, path)
		db, err := oxidb.Open(ctx, dir)
		if err == nil {
			_, err = db.Exec(ctx, "SELECT sum(id), count(name) FROM p")
			_ = db.Close()
		}
		if sqlerr.StateOf(err) != sqlerr.DataCorrupted || !strings.Contains(err.Error(), filepath.Base(path)) {
			t.Errorf("%v", err)
		}
	})
	t.Run("copied while running, and by a symbolic link", func(t *testing.T) {
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(crashed, link); err != nil {
			t.Fatal(err)
		}
		db := open(t, link)
		if n := count(t, db, "SELECT count(*) FROM p"); n != 200002 {
			t.Errorf("%d rows", n)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// Clocks go backwards; times of commits do not, and a restore by time stays possible.
func TestClockGoingBackwards(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	fs := vfs.NewMem()
	opt := mvcc.Options{Now: func() time.Time { return now }, CheckpointBytes: -1}
	var last time.Time
	for i := range 5 {
		s, err := mvcc.Open(fs, "/db", opt)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			txn := s.Begin(mvcc.TxnOptions{})
			if err := txn.CreateTable(s.NewID(), "t", mvcc.Schema{Columns: []mvcc.ColumnDef{{FieldID: 1, Name: "a"}}}); err != nil {
				t.Fatal(err)
			}
			at, err := txn.Commit(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			when, ok := s.TimeOf(at)
			if !ok || !when.After(last) {
				t.Errorf("opening %d: commit %d is of %v, the one before of %v", i, at, when, last)
			}
			last = when
			now = now.Add(-time.Hour)
		}
		if i%2 == 0 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		fs = cloneOf(t, fs) // the process is gone, its lock with it
	}
}

func cloneOf(t *testing.T, from vfs.FS) *vfs.MemFS {
	t.Helper()
	to := vfs.NewMem()
	if ok, err := vfs.Clone(from, to, "/db", "/db"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	return to
}

// Read-only media: reading works with ReadOnly, without it the error says what to do.
func TestReadOnlyDatabase(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	db := open(t, dir)
	exec(t, db, "CREATE TABLE p (id int); INSERT INTO p VALUES (1), (2)")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, dir, oxidb.ReadOnly())
	if n := count(t, db, "SELECT count(*) FROM p"); n != 2 {
		t.Errorf("%d rows", n)
	}
	if _, err := db.Exec(context.Background(), "INSERT INTO p VALUES (3)"); sqlerr.StateOf(err) != sqlerr.ReadOnlyTransaction {
		t.Errorf("writing: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []error{syscall.EROFS, syscall.EACCES} {
		_, err := oxidb.Open(context.Background(), dir, func(o *oxidb.Options) { o.FS = unwritable{vfs.Default, kind} })
		var known *sqlerr.Error
		if !errors.As(err, &known) || known.Hint == "" || !strings.Contains(known.Message, dir) {
			t.Errorf("%v: %v", kind, err)
		}
		db := open(t, dir, oxidb.ReadOnly(), func(o *oxidb.Options) { o.FS = unwritable{vfs.Default, kind} })
		if n := count(t, db, "SELECT count(*) FROM p"); n != 2 {
			t.Errorf("%d rows", n)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
