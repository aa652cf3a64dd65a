package proof

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/mvcc"
)

const dbDir = "/db"

// Workload does random work against a database, and knows what a reader must find there. It belongs to
// one goroutine.
type Workload struct {
	rng   *rand.Rand
	fs    vfs.FS
	store *mvcc.Store
	uuid  [16]byte

	known  map[mvcc.TableID]bool
	next   int64 // first columns handed out
	field  int32 // fields handed out
	loaded bool  // the one load of whole chunks was done

	// acked is what every crash must keep; each of doubts is the outcome of a commit that failed or
	// runs, which a crash may keep instead.
	acked   State
	doubts  []State
	commits int // acknowledged

	reader *mvcc.Txn // a snapshot held open
	seen   State     // what it must see
}

// NewWorkload makes a workload of an empty file system. Whether it has a load of whole chunks, which
// takes as long as everything else, is the seed's choice, too.
func NewWorkload(seed uint64) *Workload {
	w := &Workload{rng: rand.New(rand.NewPCG(seed, 0)), known: map[mvcc.TableID]bool{}, field: 2, acked: State{}}
	for i := range w.uuid {
		w.uuid[i] = byte(w.rng.Uint32())
	}
	w.loaded = w.rng.IntN(60) != 0
	return w
}

// On makes the workload go on in another file system, where it opens the database at the next step.
// What was open is left as it is: the machine that had it open is gone.
func (w *Workload) On(fs vfs.FS) { w.fs, w.store, w.reader = fs, nil, nil }

// allows reports whether a reader of the recovered database may find s.
func (w *Workload) allows(s State) bool {
	if s.Equal(w.acked) {
		return true
	}
	for _, d := range w.doubts {
		if s.Equal(d) {
			return true
		}
	}
	return false
}

// ids lists the tables that ever were.
func (w *Workload) ids() []mvcc.TableID { return slices.Sorted(maps.Keys(w.known)) }

// open opens a database with the workload's options.
func (w *Workload) open(fs vfs.FS) (*mvcc.Store, error) {
	return mvcc.Open(fs, dbDir, mvcc.Options{CheckpointBytes: -1, UUID: w.uuid})
}

// stateOf reads all tables of a store.
func (w *Workload) stateOf(s *mvcc.Store) (State, error) {
	txn := s.Begin(mvcc.TxnOptions{ReadOnly: true})
	defer txn.Rollback()
	return read(txn, w.ids())
}

// Step does one thing: a transaction, a checkpoint, a restart, or a look through a snapshot. Its error
// is a Violation, or what the file system's fault led to.
func (w *Workload) Step() (err error) {
	defer guard(&err)
	if w.store == nil {
		return w.start()
	}
	switch n := w.rng.IntN(20); {
	case n < 13:
		return w.transaction()
	case n < 15:
		return w.store.Checkpoint(context.Background())
	case n < 17:
		return w.look()
	case n < 18:
		return w.Check()
	}
	return w.Stop()
}

// start opens the database and settles what became of commits in doubt (P1, P2).
func (w *Workload) start() error {
	s, err := w.open(w.fs)
	if err != nil {
		return err
	}
	got, err := w.stateOf(s)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	if !w.allows(got) {
		return violated("after opening: %s", w.acked.Diff(got))
	}
	w.store, w.acked, w.doubts = s, got, nil
	return nil
}

// Stop closes the database.
func (w *Workload) Stop() error {
	if w.store == nil {
		return nil
	}
	err := w.drop()
	err = errors.Join(err, w.store.Close())
	w.store = nil
	return err
}

// Check compares what a new snapshot sees: the acknowledged commits, exactly.
func (w *Workload) Check() error {
	got, err := w.stateOf(w.store)
	if err != nil {
		return err
	}
	if d := w.acked.Diff(got); d != "" {
		return violated("reading: %s", d)
	}
	return nil
}

// look takes a snapshot, or compares the one held open with what it saw (P4).
func (w *Workload) look() error {
	if w.reader != nil {
		return w.drop()
	}
	w.reader, w.seen = w.store.Begin(mvcc.TxnOptions{ReadOnly: true}), w.acked
	return nil
}

func (w *Workload) drop() error {
	if w.reader == nil {
		return nil
	}
	txn := w.reader
	w.reader = nil
	defer txn.Rollback()
	got, err := read(txn, w.ids())
	if err != nil {
		return err
	}
	if d := w.seen.Diff(got); d != "" {
		return violated("a snapshot changed: %s", d)
	}
	return nil
}

// transaction changes some tables, goes back to savepoints, and commits most of the time.
func (w *Workload) transaction() error {
	c := &change{w: w, txn: w.store.Begin(mvcc.TxnOptions{}), state: maps.Clone(w.acked)}
	defer c.txn.Rollback()
	for range 1 + w.rng.IntN(3) {
		if err := c.random(); err != nil {
			return err
		}
		if w.rng.IntN(5) == 0 {
			if err := c.andBack(); err != nil {
				return err
			}
		}
	}
	if w.rng.IntN(10) == 0 {
		return nil
	}
	return w.commit(c)
}

func (w *Workload) commit(c *change) error {
	if !c.txn.Written() { // nothing reaches the log: commits in doubt stay so
		if d := w.acked.Diff(c.state); d != "" {
			return violated("a transaction that changed something says that it did not: %s", d)
		}
		_, err := c.txn.Commit(context.Background())
		return err
	}
	w.doubts = append(w.doubts, c.state)
	if _, err := c.txn.Commit(context.Background()); err != nil {
		return err
	}
	w.acked, w.doubts = c.state, nil
	w.commits++
	return nil
}
