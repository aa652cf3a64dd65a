package oxidb_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb"
)

// listing is the names and sizes of all files.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == "LOCK" {
			return err
		}
		info, err := e.Info()
		if err == nil {
			fmt.Fprintln(&b, path, info.Size())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// foreignLog puts another database's log file in a log file's place.
func foreignLog(t *testing.T, path string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "other")
	db := open(t, dir)
	exec(t, db, "CREATE TABLE q (id int)")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(dir, "wal", "*.wal"))
	if err != nil || len(found) == 0 {
		t.Fatal(found, err)
	}
	raw, err := os.ReadFile(found[len(found)-1])
	if err == nil {
		err = os.WriteFile(path, raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func backupInto(database, dir string) error {
	db, err := oxidb.Open(context.Background(), database)
	if err != nil {
		return err
	}
	_, err = db.Backup(context.Background(), dir, nil)
	return errors.Join(err, db.Close())
}

// unwritable is a file system that refuses to write.
type unwritable struct {
	vfs.FS
	kind error
}

func (u unwritable) refuse(op, name string) error {
	return &os.PathError{Op: op, Path: name, Err: u.kind}
}

func (u unwritable) Create(name string, _ vfs.DiskWriteCategory) (vfs.File, error) {
	return nil, u.refuse("create", name)
}

func (u unwritable) OpenReadWrite(name string, _ vfs.DiskWriteCategory, _ ...vfs.OpenOption) (vfs.File, error) {
	return nil, u.refuse("open", name)
}
func (u unwritable) Remove(name string) error            { return u.refuse("remove", name) }
func (u unwritable) Rename(name, _ string) error         { return u.refuse("rename", name) }
func (u unwritable) Lock(name string) (io.Closer, error) { return nil, u.refuse("lock", name) }
