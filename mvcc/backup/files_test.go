package backup_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

func treeBytes(t testing.TB, fs vfs.FS, dir string) (n int64) {
	t.Helper()
	for _, path := range tree(t, fs, dir) {
		stat, err := fs.Stat(path)
		must(t, err)
		n += stat.Size()
	}
	return n
}

// tree lists the files under a directory.
func tree(t testing.TB, fs vfs.FS, dir string) (all []string) {
	t.Helper()
	names, err := fs.List(dir)
	if err != nil {
		return nil
	}
	slices.Sort(names)
	for _, name := range names {
		path := fs.PathJoin(dir, name)
		stat, err := fs.Stat(path)
		must(t, err)
		if stat.IsDir() {
			all = append(all, tree(t, fs, path)...)
		} else {
			all = append(all, path)
		}
	}
	return all
}

func read(t testing.TB, fs vfs.FS, path string) []byte {
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

func write(t testing.TB, fs vfs.FS, path string, raw []byte) {
	t.Helper()
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = f.Write(slices.Clone(raw))
	must(t, errors.Join(err, f.Sync(), f.Close()))
}

// watch calls before at every operation that changes something.
func watch(fs vfs.FS, before func(op errorfs.Op) error) vfs.FS {
	return errorfs.Wrap(fs, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
			return nil
		}
		return before(op)
	}))
}
