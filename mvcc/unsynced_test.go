package mvcc_test

import (
	"context"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
)

// What recovery found in the page cache only, because the process before it ended between a write and
// its sync, must not be built on: a power cut later would take it from under what was acknowledged since.
func TestRecoveryMakesDurableWhatItReads(t *testing.T) {
	for name, lost := range map[string]errorfs.OpKind{"log": errorfs.OpFileSyncData, "marker": errorfs.OpFileSync} {
		t.Run(name, func(t *testing.T) {
			mem := vfs.NewCrashableMem()
			fail, directory := false, 0
			s := openDir(t, errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
				if !fail || op.Kind != lost || name == "marker" && op.Path != dbDir {
					return nil
				}
				if directory++; name == "marker" && directory == 1 { // the manifest's name
					return nil
				}
				return syscall.EIO
			})))
			id := makePairs(t, s)
			fail = true
			if name == "log" {
				txn := begin(t, s)
				must(t, txn.Append(id, pairBatch([]int64{1}, []string{"x"})))
				_, err := txn.Commit(context.Background())
				mustFail(t, err)
			} else {
				mustFail(t, s.Checkpoint(context.Background()))
			}
			fail = false
			_ = s.Close()
			s = openDir(t, mem)
			txn := begin(t, s)
			must(t, txn.Append(id, pairBatch([]int64{2}, []string{"y"})))
			commit(t, txn)
			want := state(t, s, id)
			after := mem.CrashClone(vfs.CrashCloneCfg{})
			must(t, s.Close())
			s, err := mvcc.Open(after, dbDir, mvcc.Options{})
			must(t, err)
			if got := state(t, s, id); len(got) != len(want) || got[2] != "y" {
				t.Errorf("%v after the crash, %v before", got, want)
			}
			must(t, s.Close())
		})
	}
}

func mustFail(t *testing.T, err error) {
	t.Helper()
	if sqlerr.StateOf(err) != sqlerr.IOError {
		t.Fatalf("got %v", err)
	}
}
