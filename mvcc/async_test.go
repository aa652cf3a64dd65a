package mvcc_test

import (
	"context"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
)

func insertAsync(s *mvcc.Store, id mvcc.TableID, a int64) error {
	txn := s.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	if err := txn.Append(id, pairBatch([]int64{a}, []string{"x"})); err != nil {
		return err
	}
	txn.SetAsync(true)
	_, err := txn.Commit(context.Background())
	return err
}

func rowsAfterCrash(t *testing.T, mem *vfs.MemFS, id mvcc.TableID) map[int64]string {
	t.Helper()
	s := openDir(t, mem.CrashClone(vfs.CrashCloneCfg{}))
	defer func() { must(t, s.Close()) }()
	return state(t, s, id)
}

// An async commit that waits for the disk is no faster, one that is never synced is lost for good.
func TestAsyncCommitIsSyncedSoon(t *testing.T) {
	mem := vfs.NewCrashableMem()
	var syncs atomic.Int64
	s := openDir(t, errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileSyncData {
			syncs.Add(1)
		}
		return nil
	})))
	id := makePairs(t, s)
	before := syncs.Load()
	for a := range int64(100) {
		must(t, insertAsync(s, id, a))
	}
	if n := syncs.Load() - before; n > 1 { // one may be due on a slow machine
		t.Errorf("%d syncs for 100 async commits", n)
	}
	if len(state(t, s, id)) != 100 {
		t.Error("async commits are not visible")
	}
	for late := time.Now().Add(time.Minute); len(rowsAfterCrash(t, mem, id)) < 100; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("async commits are not synced")
		}
	}
	must(t, insertAsync(s, id, 100))
	commitRow(t, s, id, 101)
	if got := rowsAfterCrash(t, mem, id); len(got) != 102 {
		t.Errorf("%d rows: a commit that waits must make durable what it follows", len(got))
	}
	must(t, insertAsync(s, id, 102))
	must(t, s.Close())
	if got := rowsAfterCrash(t, mem, id); len(got) != 103 {
		t.Errorf("%d rows after closing", len(got))
	}
}

func commitRow(t *testing.T, s *mvcc.Store, id mvcc.TableID, a int64) {
	t.Helper()
	txn := s.Begin(mvcc.TxnOptions{})
	must(t, txn.Append(id, pairBatch([]int64{a}, []string{"y"})))
	commit(t, txn)
}

// When the sync of async commits fails, nothing more may be acknowledged.
func TestAsyncCommitsStopAfterAFailedSync(t *testing.T) {
	var fail atomic.Bool
	s := openDir(t, errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if fail.Load() && op.Kind == errorfs.OpFileSyncData {
			return syscall.EIO
		}
		return nil
	})))
	id := makePairs(t, s)
	fail.Store(true)
	for late := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		err := insertAsync(s, id, time.Now().UnixNano())
		if sqlerr.StateOf(err) == sqlerr.IOError {
			break
		}
		must(t, err)
		if time.Now().After(late) {
			t.Fatal("the failed sync is never reported")
		}
	}
	_ = s.Close()
}
