package mvcc_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc"
)

// filesUnder lists all files of a database but its lock, its marker and spare log files.
func filesUnder(t *testing.T, fs vfs.FS, dir string) []string {
	t.Helper()
	names, err := fs.List(dir)
	must(t, err)
	var all []string
	for _, name := range names {
		path := fs.PathJoin(dir, name)
		info, err := fs.Stat(path)
		must(t, err)
		switch {
		case info.IsDir():
			all = append(all, filesUnder(t, fs, path)...)
		case name != "LOCK" && !strings.HasSuffix(name, ".spare") && !strings.HasPrefix(name, "marker."):
			all = append(all, path)
		}
	}
	slices.Sort(all)
	return all
}

// A backup that runs while tables are dropped and checkpoints are made would copy files that are gone.
func TestPinKeepsFiles(t *testing.T) {
	fs := vfs.NewMem()
	s := openDir(t, fs)
	id := makeKeyed(t, s, 1)
	write := func(a int64) {
		txn := s.Begin(mvcc.TxnOptions{})
		must(t, txn.Append(id, pairBatch([]int64{a}, []string{"x"})))
		commit(t, txn)
	}
	write(1)
	must(t, s.Checkpoint(context.Background()))
	release := s.Pin()
	other := s.Pin()
	before := filesUnder(t, fs, dbDir)
	write(2)
	must(t, s.Checkpoint(context.Background()))
	txn := s.Begin(mvcc.TxnOptions{})
	must(t, txn.DropTable(id))
	commit(t, txn)
	other()
	other() // once is enough
	for range 2 {
		must(t, s.Checkpoint(context.Background()))
	}
	now := filesUnder(t, fs, dbDir)
	for _, path := range before {
		if !slices.Contains(now, path) {
			t.Errorf("%s is gone", path)
		}
	}
	release()
	must(t, s.Checkpoint(context.Background()))
	for _, path := range filesUnder(t, fs, dbDir) {
		if slices.Contains(before, path) {
			t.Errorf("%s is still there", path)
		}
	}
	must(t, s.Close())
}
