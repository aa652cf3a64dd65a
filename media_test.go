package oxidb_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/backup"
	"github.com/oxidb/oxidb/mvcc/proof/disk"
	"github.com/oxidb/oxidb/sqlerr"
)

// medium is a disk in memory that fails from some operation on.
type medium struct {
	*disk.Disk
	after atomic.Int64 // operations until then
	hit   atomic.Bool
}

func newMedium() *medium { return &medium{Disk: disk.New()} }

// fail makes operations that need room fail after some that do not; nil mends the disk. The log's room is
// there (what is written over it needs none), but on a disk that is read-only.
func (m *medium) fail(kind error, after int) {
	m.SetHook(nil)
	m.hit.Store(false)
	m.after.Store(int64(after))
	if kind == nil {
		return
	}
	m.SetHook(func(op disk.Op) error {
		log := strings.HasPrefix(op.Path, "/db/wal/") && op.Kind != disk.Create
		if !op.Kind.NeedsRoom() || log && errors.Is(kind, syscall.ENOSPC) || m.after.Add(-1) >= 0 {
			return nil
		}
		m.hit.Store(true)
		return kind
	})
}

func (m *medium) open(t *testing.T) *oxidb.DB {
	t.Helper()
	return open(t, "/db", oxidb.Archive("/archive"), func(o *oxidb.Options) { o.FS = m.Disk })
}

// mediaPhases are statements of every kind that writes, each with one that takes it back.
var mediaPhases = []struct{ name, do, undo string }{
	{"insert", "INSERT INTO p SELECT i, repeat('x', 40) FROM generate_series(10001, 13000) g(i)", "DELETE FROM p WHERE id > 10000"},
	{"small insert", "INSERT INTO p VALUES (10001, 'x')", "DELETE FROM p WHERE id > 10000"},
	{"bulk load", "INSERT INTO p SELECT i, 'x' FROM generate_series(10001, 140000) g(i)", "DELETE FROM p WHERE id > 10000"},
	{"update", "UPDATE p SET name = 'z' WHERE id <= 10", "UPDATE p SET name = 'y' WHERE id <= 10"},
	{"checkpoint", "INSERT INTO p VALUES (10001, 'x'); CHECKPOINT", "DELETE FROM p WHERE id > 10000"},
	{"create table", "CREATE TABLE q AS SELECT * FROM p WHERE id < 100", "DROP TABLE IF EXISTS q"},
	{"alter table", "ALTER TABLE p ADD COLUMN more integer DEFAULT 7", "ALTER TABLE p DROP COLUMN IF EXISTS more"},
	{"create index", "CREATE INDEX p_name ON p (name, id); CHECKPOINT", "DROP INDEX IF EXISTS p_name"},
	{"clone", "CREATE TABLE q CLONE p", "DROP TABLE IF EXISTS q"},
	{"vacuum full", "DELETE FROM p WHERE id BETWEEN 1000 AND 2000; VACUUM FULL p", "INSERT INTO p SELECT i, 'y' FROM generate_series(1000, 2000) g(i) WHERE NOT EXISTS (SELECT 1 FROM p WHERE id = 1000)"},
	{"backup", "BACKUP TO '/backups'", ""},
	{"archive", "INSERT INTO p VALUES (10001, 'x'); CALL oxidb_archive()", "DELETE FROM p WHERE id > 10000"},
}

const mediaState = "SELECT count(*) || ' ' || sum(id) || ' ' || count(name) || ' ' || max(name) FROM p"

// Whatever is going on when the disk is full, from whichever write on: the statement did it or says
// 53100, everything can be read meanwhile, and with room again the same statement works.
func TestFullDiskInEveryPhase(t *testing.T) {
	m := newMedium()
	db := m.open(t)
	exec(t, db, "CREATE TABLE p (id integer PRIMARY KEY, name text); INSERT INTO p SELECT i, 'y' FROM generate_series(1, 10000) g(i); CHECKPOINT")
	before := one(t, db, mediaState)
	for _, phase := range mediaPhases {
		failed := 0
		for after := 0; ; after += 1 + after/4 {
			m.fail(syscall.ENOSPC, after)
			_, err := db.Exec(t.Context(), phase.do)
			hit := m.hit.Load()
			if err != nil {
				failed++
				if sqlerr.StateOf(err) != sqlerr.DiskFull || !hit {
					t.Fatalf("%s, full after %d writes: %v", phase.name, after, err)
				}
			}
			first := one(t, db, mediaState) // reading goes on
			m.fail(nil, 0)
			exec(t, db, phase.undo)
			if got := one(t, db, mediaState); got != before {
				t.Fatalf("%s, full after %d writes: %s, after undoing it %s, want %s", phase.name, after, first, got, before)
			}
			exec(t, db, phase.do) // there is room
			exec(t, db, phase.undo)
			if !hit {
				break
			}
		}
		t.Logf("%s: failed at %d places", phase.name, failed)
	}
	exec(t, db, "CALL oxidb_check(); CALL oxidb_archive()")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	m.restores(t, before, syscall.ENOSPC, sqlerr.DiskFull)
	db = m.open(t)
	if got := one(t, db, mediaState); got != before {
		t.Errorf("after reopening: %s, want %s", got, before)
	}
}

// restores restores the newest backup, and what the archive has behind it, while the disk fails: into a
// directory that says so, until it works.
func (m *medium) restores(t *testing.T, want string, kind error, state sqlerr.State) {
	t.Helper()
	for after := 0; ; after += 1 + after/4 {
		m.fail(kind, after)
		d, err := backup.Open(m.Disk, "/backups")
		if err != nil {
			t.Fatal(err)
		}
		to := fmt.Sprint("/restored/", after)
		_, err = d.Restore(t.Context(), to, backup.RestoreOptions{Archive: "/archive"})
		hit := m.hit.Load()
		m.fail(nil, 0)
		if err != nil {
			if sqlerr.StateOf(err) != state || !hit {
				t.Fatalf("restoring, failing after %d writes: %v", after, err)
			}
			_, err := oxidb.Open(t.Context(), to, oxidb.ReadOnly(), func(o *oxidb.Options) { o.FS = m.Disk })
			if s := sqlerr.StateOf(err); s != sqlerr.ObjectNotInPrerequisite && s != sqlerr.InvalidCatalogName {
				t.Fatalf("an unfinished restore opens: %v", err)
			}
			if _, err := d.Restore(t.Context(), to, backup.RestoreOptions{Archive: "/archive"}); err != nil {
				t.Fatalf("restoring again, after it failed after %d writes: %v", after, err)
			}
		}
		db := open(t, to, func(o *oxidb.Options) { o.FS = m.Disk })
		if got := one(t, db, mediaState); got != want {
			t.Fatalf("restored %s, want %s", got, want)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if !hit {
			return
		}
	}
}

// A disk that becomes read-only, from whichever write on: nothing is lost, reading goes on, and opened
// again once it can be written, the database has what was acknowledged.
func TestDiskBecomesReadOnly(t *testing.T) {
	for _, phase := range mediaPhases {
		if phase.name == "bulk load" || phase.name == "update" {
			continue // as inserts
		}
		m := newMedium()
		db := m.open(t)
		exec(t, db, "CREATE TABLE p (id integer PRIMARY KEY, name text); INSERT INTO p SELECT i, 'y' FROM generate_series(1, 3000) g(i)")
		before := one(t, db, mediaState)
		for after := 0; ; after += 2 + after/3 {
			m.fail(syscall.EROFS, after)
			_, err := db.Exec(t.Context(), phase.do)
			hit := m.hit.Load()
			if err != nil && (!hit || sqlerr.StateOf(err) != sqlerr.IOError || !strings.Contains(err.Error(), "read-only")) {
				t.Fatalf("%s, read-only after %d writes: %v", phase.name, after, err)
			}
			during := one(t, db, mediaState)
			_ = db.Close() // it may not be able to write
			if hit {
				if _, err := oxidb.Open(t.Context(), "/db", func(o *oxidb.Options) { o.FS = m.Disk }); err == nil || !hinted(err, "read-only") {
					t.Fatalf("%s: opening on a read-only disk: %v", phase.name, err)
				}
				reader := open(t, "/db", oxidb.ReadOnly(), func(o *oxidb.Options) { o.FS = m.Disk })
				if got := one(t, reader, mediaState); got != during {
					t.Fatalf("%s, read-only after %d writes: read-only it has %s, before %s", phase.name, after, got, during)
				}
				if err := reader.Close(); err != nil {
					t.Fatal(err)
				}
			}
			m.fail(nil, 0)
			db = m.open(t)
			if got := one(t, db, mediaState); got != during {
				t.Fatalf("%s, read-only after %d writes: reopened it has %s, before %s", phase.name, after, got, during)
			}
			exec(t, db, phase.undo)
			if phase.name != "vacuum full" {
				if got := one(t, db, mediaState); got != before {
					t.Fatalf("%s, read-only after %d writes: %s, want %s", phase.name, after, got, before)
				}
			}
			if !hit {
				break
			}
		}
		report, err := db.Check(t.Context(), mvcc.CheckOptions{})
		if err := errors.Join(err, report.Err(), db.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// hinted reports an error whose hint says something.
func hinted(err error, text string) bool {
	var known *sqlerr.Error
	return errors.As(err, &known) && strings.Contains(known.Hint, text)
}

// Where the directory has no room for the name of a log file, the log ends with an error that says so:
// everything acknowledged is there and can be read, and opened again with room it can be written.
func TestFullDiskWhereALogFileGetsItsName(t *testing.T) {
	m := newMedium()
	db := m.open(t)
	exec(t, db, "CREATE TABLE p (id integer PRIMARY KEY)")
	acknowledged := 0
	insert := func() error {
		_, err := db.Exec(t.Context(), "INSERT INTO p VALUES ($1)", acknowledged)
		if err == nil {
			acknowledged++
		}
		return err
	}
	for range 5 {
		if err := insert(); err != nil {
			t.Fatal(err)
		}
	}
	var failures atomic.Int64
	m.SetHook(func(op disk.Op) error {
		if op.Kind == disk.Rename && strings.HasPrefix(op.Path, "/db/wal/") && strings.HasSuffix(op.Path, ".wal") {
			failures.Add(1)
			return syscall.ENOSPC
		}
		return nil
	})
	_, err := db.Exec(t.Context(), "CHECKPOINT")
	if err == nil {
		err = insert()
	}
	if failures.Load() == 0 || sqlerr.StateOf(err) != sqlerr.DiskFull {
		t.Errorf("%d failures: %v", failures.Load(), err)
	}
	m.SetHook(nil)
	for _, sql := range []string{"INSERT INTO p VALUES (1000)", "CREATE TABLE q (a int)", "CHECKPOINT"} {
		if _, err := db.Exec(t.Context(), sql); sqlerr.StateOf(err) != sqlerr.DiskFull || !hinted(err, "open it again") {
			t.Errorf("%s after the log has ended: %v", sql, err)
		}
	}
	if n := count(t, db, "SELECT count(*) FROM p"); n != int64(acknowledged) {
		t.Errorf("%d rows, %d acknowledged", n, acknowledged)
	}
	_ = db.Close() // it cannot write
	db = m.open(t)
	if err := insert(); err != nil {
		t.Error(err)
	}
	exec(t, db, "CALL oxidb_check()")
	if n := count(t, db, "SELECT count(*) FROM p"); n != int64(acknowledged) {
		t.Errorf("opened again: %d rows, %d acknowledged", n, acknowledged)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
