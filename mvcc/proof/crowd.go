package proof

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/proof/disk"
)

// A crowd is crowdMembers goroutines that commit memberTxns transactions each; of the operations
// meanwhile, about one in crashEvery is followed by a crash.
const (
	crowdMembers = 6
	memberTxns   = 15
	crashEvery   = 6
)

// syncTime is how long a sync of the disk takes at least.
const syncTime = 100 * time.Microsecond

// crowd is goroutines that commit to one store at the same time, beside checkpoints and readers.
type crowd struct {
	ledger
	w     *Workload // for its options and its way to open a store
	store *mvcc.Store
	disk  *disk.Disk
	keys  atomic.Int64
	names atomic.Int32
	out   *Outcome

	copies crowdCopies
	async  int // how many in eight commits do not wait for the disk

	hookMu sync.Mutex // guards rng and images
	rng    *rand.Rand
	images []crashed

	errMu sync.Mutex
	err   error
}

// crashed is a disk after a crash, and the newest commit and copies that must be on it.
type crashed struct {
	wreck
	acked    mvcc.Timestamp
	backups  []backupAt
	archived mvcc.Timestamp
	op       disk.Op
}

// Together lets goroutines commit at the same time and crashes the machine under them. What a crash
// leaves must be what one version held, none older than the newest acknowledged (P1, P2); every
// snapshot must have seen its version (P4). The order in which goroutines run is not the seed's.
func Together(seed uint64) Outcome {
	out := Outcome{}
	c := &crowd{w: NewWorkload(seed), disk: disk.New(), out: &out, rng: rand.New(rand.NewPCG(seed, 4))}
	c.commits = map[mvcc.Timestamp][]effect{}
	c.w.options.Now = time.Now
	c.w.options.CheckpointBytes = []int64{-1, 4 << 10, 32 << 10}[c.rng.IntN(3)]
	c.async = []int{0, 0, 1, 8}[c.rng.IntN(4)]
	c.names.Store(2)
	if err := c.run(seed); err != nil {
		return out.violated(seed, err)
	}
	return out
}

func (c *crowd) run(seed uint64) (err error) {
	defer guard(&err)
	c.disk.SetHook(c.hook)
	if c.store, err = c.w.open(c.disk); err != nil {
		return err
	}
	var members, others sync.WaitGroup
	for i := range crowdMembers {
		m := &member{crowd: c, rng: rand.New(rand.NewPCG(seed, uint64(i)+10))}
		members.Go(func() { c.fail(m.work()) })
	}
	done := make(chan struct{})
	for _, other := range []func() error{c.checkpoint, c.look, c.vacuum} {
		others.Go(func() { c.fail(c.repeat(done, other)) })
	}
	others.Go(func() { c.fail(c.hold(done)) })
	if c.w.copies.on {
		others.Go(func() { c.fail(c.repeat(done, c.copy)) })
	}
	members.Wait()
	close(done)
	others.Wait()
	if err := errors.Join(c.err, c.store.CheckpointError(), c.store.Close()); err != nil {
		return err
	}
	return c.judge(c.store.Version()) // a compaction may have committed last, until Close waited for it
}

// repeat calls do until done.
func (c *crowd) repeat(done chan struct{}, do func() error) (err error) {
	defer guard(&err)
	for {
		select {
		case <-done:
			return nil
		case <-time.After(time.Millisecond):
		}
		if err := do(); err != nil {
			return err
		}
	}
}

func (c *crowd) fail(err error) {
	c.errMu.Lock()
	defer c.errMu.Unlock()
	if c.err == nil {
		c.err = err
	}
}

// hook crashes the machine before an operation. A sync takes its time, as on a real disk: meanwhile
// others must not see what it is to keep.
func (c *crowd) hook(op disk.Op) error {
	if !op.Kind.Changes() {
		return nil
	}
	if op.Kind == disk.Sync || op.Kind == disk.SyncData {
		time.Sleep(syncTime)
	}
	c.hookMu.Lock()
	defer c.hookMu.Unlock()
	if c.rng.IntN(crashEvery) == 0 {
		at := crashed{acked: c.durable(), op: op} // before the crash
		at.backups, at.archived = c.copied()
		at.wreck = newWreck(c.disk, c.rng)
		c.images = append(c.images, at)
	}
	return nil
}

func (c *crowd) checkpoint() error {
	before := c.store.Version()
	err := c.store.Checkpoint(context.Background())
	if err == nil {
		c.keep(before)
	}
	return err
}

// vacuum moves rows while others delete them.
func (c *crowd) vacuum() error { return c.store.VacuumAll(context.Background(), true) }

// promise says that a version was seen: what somebody saw, no crash may take, when all commits wait.
func (c *crowd) promise(at mvcc.Timestamp) {
	if c.async == 0 {
		c.keep(at)
	}
}

// look reads all tables through a snapshot, twice with others' commits in between.
func (c *crowd) look() error {
	txn := c.store.Begin(mvcc.TxnOptions{ReadOnly: true})
	defer txn.Rollback()
	c.promise(txn.Snapshot())
	first, err := read(txn, c.known())
	if err != nil {
		return err
	}
	time.Sleep(time.Millisecond)
	second, err := read(txn, first.ids())
	if err != nil {
		return err
	}
	if d := first.Diff(second); d != "" {
		return violated("a snapshot changed: %s", d)
	}
	c.observe(txn.Snapshot(), first)
	return nil
}

// hold reads through a snapshot that is as old as the crowd's work at its end.
func (c *crowd) hold(done chan struct{}) (err error) {
	defer guard(&err)
	time.Sleep(5 * time.Millisecond)
	txn := c.store.Begin(mvcc.TxnOptions{ReadOnly: true})
	defer txn.Rollback()
	c.promise(txn.Snapshot())
	<-done
	got, err := read(txn, c.known())
	if err == nil {
		c.observe(txn.Snapshot(), got)
	}
	return err
}

// judge compares what was seen and what crashes left with what the versions held.
func (c *crowd) judge(newest mvcc.Timestamp) error {
	states, err := c.versions(newest)
	if err != nil {
		return err
	}
	for _, o := range c.seen {
		for id, t := range o.state { // tables that got known since may be missing
			want := State{}
			if states[o.at][id] != nil {
				want[id] = states[o.at][id]
			}
			if d := want.Diff(State{id: t}); d != "" {
				return violated("the snapshot of version %d: %s", o.at, d)
			}
		}
	}
	c.w.known = map[mvcc.TableID]bool{}
	for _, id := range c.known() {
		c.w.known[id] = true
	}
	last := crashed{wreck: wreck{c.disk.Crash(disk.LoseAll, c.rng), true}, acked: newest, op: disk.Op{Path: "nothing"}}
	last.backups, last.archived = c.copied()
	c.images = append(c.images, last)
	for i := range c.images {
		err := c.verify(&c.images[i], states)
		if err == nil && (c.rng.IntN(everyCopy) == 0 || i == len(c.images)-1) {
			err = c.verifyCopies(&c.images[i], states)
		}
		if err != nil {
			return keep(fmt.Errorf("crash before %v of %s: %w", c.images[i].op.Kind, c.images[i].op.Path, err), c.images[i].disk)
		}
	}
	return nil
}

// verify recovers what a crash left, also after crashes inside recovery.
func (c *crowd) verify(at *crashed, states []State) (err error) {
	defer guard(&err)
	left := []wreck{{at.disk.Crash(disk.Killed, c.rng), at.firm}}
	var first mvcc.Timestamp
	for depth := 0; depth <= deepestRecovery && len(left) > 0; depth++ {
		c.out.Faults++
		r := recovery{w: c.w, crash: func(d *disk.Disk) wreck { return newWreck(d, c.rng) }}
		r.at, r.close = c.rng.IntN(2*recoveryOperations), c.rng.IntN(6) == 0
		got, err := r.run(left[0])
		switch {
		case err != nil:
			return err
		case r.version < at.acked:
			return violated("version %d was acknowledged, %d recovered", at.acked, r.version)
		case int(r.version) >= len(states):
			return violated("version %d was recovered, the newest was %d", r.version, len(states)-1)
		case depth > 0 && left[0].firm && r.version != first:
			return violated("version %d recovered, %d after a crash in recovery", first, r.version)
		}
		if d := states[r.version].Diff(got); d != "" {
			return violated("version %d: %s", r.version, d)
		}
		first, left = r.version, r.left
	}
	return nil
}
