package mvcc_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
)

// workload runs random transactions, checkpoints, compactions and restarts against a store and a model.
type workload struct {
	t     testing.TB
	rng   *rand.Rand
	fs    vfs.FS
	store *mvcc.Store
	id    mvcc.TableID
	next  int64

	mu      sync.Mutex
	acked   map[int64]string // what every crash must keep
	pending map[int64]string // what the running step leads to; a crash may keep it
}

func (w *workload) start() {
	w.store = openDir(w.t, w.fs)
	txn := w.store.Begin(mvcc.TxnOptions{})
	w.id = w.store.NewID()
	must(w.t, txn.CreateTable(w.id, "pairs", pairs()))
	commit(w.t, txn)
	w.setAcked(map[int64]string{})
}

func (w *workload) setAcked(m map[int64]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acked, w.pending = m, m
}

func (w *workload) setPending(m map[int64]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending = m
}

func (w *workload) step() {
	switch n := w.rng.IntN(10); {
	case n < 7:
		w.transaction()
	case n < 8:
		must(w.t, w.store.Checkpoint(context.Background()))
	case n < 9:
		must(w.t, w.store.Vacuum(context.Background(), w.id, true))
	default:
		must(w.t, w.store.Close())
		w.store = openDir(w.t, w.fs)
	}
}

func (w *workload) transaction() {
	after := maps.Clone(w.acked)
	txn := w.store.Begin(mvcc.TxnOptions{})
	defer txn.Rollback()
	for range 1 + w.rng.IntN(3) {
		if w.rng.IntN(3) == 0 {
			w.delete(txn, after)
		} else {
			w.insert(txn, after)
		}
	}
	w.setPending(after)
	commit(w.t, txn)
	w.setAcked(after)
}

func (w *workload) insert(txn *mvcc.Txn, after map[int64]string) {
	var a []int64
	var b []string
	for range 1 + w.rng.IntN(20) {
		w.next++
		a, b = append(a, w.next), append(b, fmt.Sprint("v", w.next%5))
		after[w.next] = b[len(b)-1]
	}
	must(w.t, txn.Append(w.id, pairBatch(a, b)))
}

func (w *workload) delete(txn *mvcc.Txn, after map[int64]string) {
	table, err := txn.Table(w.id)
	must(w.t, err)
	var gone []columnar.RowID
	for _, r := range scan(w.t, table) {
		if w.rng.IntN(4) == 0 {
			gone = append(gone, r.id)
			delete(after, r.a)
		}
	}
	must(w.t, txn.Delete(w.id, gone))
}

// crash is a file system as a crash left it, and what it may hold.
type crash struct {
	fs    *vfs.MemFS
	acked map[int64]string
	next  map[int64]string
}

// A crash before any write, sync, creation or removal must keep every acknowledged transaction and
// none in part, also when recovery itself is interrupted.
func TestCrashAtEveryOperation(t *testing.T) {
	seeds := uint64(12)
	if testing.Short() {
		seeds = 3
	}
	for seed := range seeds {
		rng := rand.New(rand.NewPCG(seed, 7))
		mem := vfs.NewCrashableMem()
		w := &workload{t: t, rng: rand.New(rand.NewPCG(seed, 8))}
		var crashes []crash
		recording := false
		w.fs = errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if recording && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
				w.mu.Lock()
				c := crash{acked: w.acked, next: w.pending}
				w.mu.Unlock()
				c.fs = mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: []int{0, 50, 100}[rng.IntN(3)], RNG: rng})
				crashes = append(crashes, c)
			}
			return nil
		}))
		w.start()
		recording = true
		for range 20 {
			w.step()
		}
		recording = false
		must(t, w.store.Close())
		for i, c := range crashes {
			checkCrash(t, fmt.Sprintf("seed %d, crash %d of %d", seed, i, len(crashes)), c, w.id, rng)
		}
	}
}

func checkCrash(t *testing.T, where string, c crash, id mvcc.TableID, rng *rand.Rand) {
	t.Helper()
	s, err := mvcc.Open(c.fs, dbDir, mvcc.Options{CheckpointBytes: -1})
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	got := state(t, s, id)
	if !maps.Equal(got, c.acked) && !maps.Equal(got, c.next) {
		t.Fatalf("%s: %d rows, acknowledged %d, in progress %d", where, len(got), len(c.acked), len(c.next))
	}
	again := c.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
	must(t, s.Close())
	for _, fs := range []vfs.FS{c.fs, again} {
		s := openDir(t, fs)
		if second := state(t, s, id); !maps.Equal(second, got) {
			t.Fatalf("%s: %d rows the first time, %d the second", where, len(got), len(second))
		}
		must(t, s.Close())
	}
}
