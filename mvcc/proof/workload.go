package proof

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/proof/disk"
)

const dbDir = "/db"

// Workload does random work against a database, and knows what a reader must find there. It belongs to
// one goroutine.
type Workload struct {
	rng     *rand.Rand
	disk    *disk.Disk
	store   *mvcc.Store
	options mvcc.Options
	clock   time.Time

	known  map[mvcc.TableID]bool
	next   int64 // first columns handed out
	field  int32 // fields handed out
	loaded bool  // the one load of whole chunks was done

	// acked is what every crash must keep; each of doubts is the outcome of a commit that failed or
	// runs, which a crash may keep instead.
	acked   State
	doubts  []State
	commits int // acknowledged
	past    map[mvcc.Timestamp]State

	copies copies

	reader *mvcc.Txn // a snapshot held open
	seen   State     // what it must see
}

// NewWorkload makes a workload of an empty disk. Whether it has a load of whole chunks, which takes as
// long as everything else, is the seed's choice, and so are options that may change no answer.
func NewWorkload(seed uint64) *Workload {
	w := &Workload{rng: rand.New(rand.NewPCG(seed, 0)), known: map[mvcc.TableID]bool{}, field: 2, acked: State{}, past: map[mvcc.Timestamp]State{}}
	w.clock = time.UnixMicro(1_700_000_000_000_000)
	w.options = mvcc.Options{CheckpointBytes: -1, Now: w.now}
	for i := range w.options.UUID {
		w.options.UUID[i] = byte(w.rng.Uint32())
	}
	w.loaded = w.rng.IntN(60) != 0
	w.options.BufferPoolBytes = []int64{0, 1}[w.rng.IntN(2)]
	w.options.LogFileBytes = 8 << (10 + w.rng.IntN(4)) // many are filled and used again
	if w.rng.IntN(4) == 0 {
		w.copies.on = true
		w.options.Archive, w.options.ArchiveEvery = archiveDir, 1000*time.Hour
	}
	w.options.Retention = []time.Duration{0, 20 * time.Second, time.Hour}[w.rng.IntN(3)]
	return w
}

// now is a clock that a machine may have: it goes on by chance, and sometimes back.
func (w *Workload) now() time.Time {
	w.clock = w.clock.Add(time.Second)
	if w.clock.Unix()%17 == 0 {
		return w.clock.Add(-time.Minute)
	}
	return w.clock
}

// On makes the workload go on on another disk, where it opens the database at the next step. What was
// open belongs to a machine that is gone.
func (w *Workload) On(d *disk.Disk) {
	if w.store != nil {
		if w.reader != nil {
			w.reader.Rollback()
		}
		off(w.disk, w.store)
	}
	w.disk, w.store, w.reader = d, nil, nil
}

// off stops a machine that has a store open, and what the store does in the background.
func off(d *disk.Disk, s *mvcc.Store) {
	d.Off()
	_ = s.Close() // it cannot write any more
}

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
func (w *Workload) open(d *disk.Disk) (*mvcc.Store, error) { return mvcc.Open(d, dbDir, w.options) }

// stateOf reads all tables of a store.
func (w *Workload) stateOf(s *mvcc.Store) (State, error) {
	txn := s.Begin(mvcc.TxnOptions{ReadOnly: true})
	defer txn.Rollback()
	return read(txn, w.ids())
}

// Step does one thing: a transaction, a checkpoint, a vacuum, a restart, a backup, or a look through a snapshot. Its error
// is a Violation, or what the file system's fault led to.
func (w *Workload) Step() (err error) {
	defer guard(&err)
	if w.store == nil {
		return w.start()
	}
	switch n := w.rng.IntN(22); {
	case n < 13:
		return w.transaction()
	case n < 14:
		return w.store.Checkpoint(context.Background())
	case n < 15:
		return w.vacuum()
	case n < 16:
		return w.look()
	case n < 17:
		return w.lookBack()
	case n < 18:
		return w.Check()
	case n < 20:
		return w.Stop()
	}
	return w.copy()
}

// start opens the database and settles what became of commits in doubt (P1, P2).
func (w *Workload) start() error {
	s, err := w.open(w.disk)
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
	w.remember(s.Version())
	return nil
}

// remember keeps what a version holds. Those after it were of commits that a crash took.
func (w *Workload) remember(version mvcc.Timestamp) {
	maps.DeleteFunc(w.past, func(at mvcc.Timestamp, _ State) bool { return at > version })
	w.past[version] = w.acked
}

// vacuum moves rows, which makes a version that holds what the one before it does.
func (w *Workload) vacuum() error {
	if err := w.store.VacuumAll(context.Background(), w.rng.IntN(3) > 0); err != nil {
		return err
	}
	w.remember(w.store.Version())
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

// lookBack reads a version that is still kept (P4).
func (w *Workload) lookBack() error {
	oldest := w.store.Oldest()
	at := oldest + mvcc.Timestamp(w.rng.Uint64N(uint64(w.store.Version()-oldest)+1))
	want, known := w.past[at]
	txn, err := w.store.BeginAt(at)
	if err != nil || !known {
		return err
	}
	defer txn.Rollback()
	got, err := read(txn, w.ids())
	if err != nil {
		return err
	}
	if d := want.Diff(got); d != "" {
		return violated("version %d, %d ago: %s", at, w.store.Version()-at, d)
	}
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
	if w.rng.IntN(8) == 0 { // rows that it has deleted, too, are elsewhere then
		if err := w.vacuum(); err != nil {
			return err
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
	w.remember(w.store.Version())
	return nil
}
