package proof

import (
	"errors"
	"math/rand/v2"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/mvcc/proof/disk"
)

// crashSteps is the length of a workload.
const crashSteps = 30

// crasher crashes the machine under a workload again and again.
type crasher struct {
	w   *Workload
	rng *rand.Rand
	out *Outcome
	lie func(disk.Op) error // what the disk does beyond its promises; nil for an honest one
	err error               // the first violation inside a file operation
}

// Crash runs a workload and crashes the machine before every operation that writes, syncs, makes or
// removes a file. The workload itself goes on in some of the crashed file systems. Every fourth seed is
// one of Together.
func Crash(seed uint64) Outcome {
	if seed%4 == 3 {
		return Together(seed)
	}
	return crash(seed, nil)
}

func crash(seed uint64, lie func(disk.Op) error) Outcome {
	out := Outcome{}
	c := &crasher{w: NewWorkload(seed), rng: rand.New(rand.NewPCG(seed, 1)), out: &out, lie: lie}
	c.goOn(disk.New())
	for range crashSteps {
		if err := errors.Join(c.w.Step(), c.err); err != nil {
			return out.violated(seed, err)
		}
		if c.rng.IntN(8) == 0 {
			c.goOn(c.crashed(c.w.disk))
		}
	}
	if err := errors.Join(c.w.Stop(), c.err); err != nil {
		return out.violated(seed, err)
	}
	return out
}

// goOn lets the workload go on on a disk, with crashes.
func (c *crasher) goOn(d *disk.Disk) {
	c.w.On(d)
	d.SetHook(func(op disk.Op) error {
		if op.Kind.Changes() && c.err == nil {
			if err := c.verify(d); err != nil {
				c.err = violated("crash before %v of %s: %v", op.Kind, op.Path, err)
			}
		}
		if c.lie != nil {
			return c.lie(op)
		}
		return nil
	})
}

// crashed is what a crash leaves: everything that was synced, and some of what was not.
func (c *crasher) crashed(d *disk.Disk) *disk.Disk { return c.crash(d).disk }

func (c *crasher) crash(d *disk.Disk) wreck {
	c.out.Faults++
	return newWreck(d, c.rng)
}

// wreck is a disk after a crash. Firm says that the database on it has one state for good: all is on
// disk, or somebody was shown it. When only the process ended, before any showed it, a crash inside the
// recovery may still take what was not synced.
type wreck struct {
	disk *disk.Disk
	firm bool
}

func newWreck(d *disk.Disk, rng *rand.Rand) wreck {
	loss := disk.RandomLoss(rng)
	return wreck{disk: d.Crash(loss, rng), firm: loss != disk.Killed}
}

// recovery is how a crashed disk is opened: whether the database is closed again, after which
// operation the machine stops once more, and what that leaves.
type recovery struct {
	w     *Workload
	crash func(*disk.Disk) wreck
	close bool
	at    int // counts down; less than 0 for never
	every bool

	left    []wreck        // firm when they must have the state of the disk that was recovered
	version mvcc.Timestamp // recovered
}

// run opens and reads a database.
func (r *recovery) run(at wreck) (State, error) {
	d, shown := at.disk, false
	d.SetHook(func(op disk.Op) error {
		if !op.Kind.Changes() {
			return nil
		}
		if r.every || r.at == 0 {
			left := r.crash(d)
			r.left = append(r.left, wreck{left.disk, at.firm || shown})
		}
		r.at--
		return nil
	})
	s, err := r.w.open(d)
	if err != nil {
		return nil, err
	}
	shown, r.version = true, s.Version()
	got, err := r.w.stateOf(s)
	if r.close {
		return got, errors.Join(err, s.Close())
	}
	off(d, s)
	return got, err
}

// recoveryOperations is about how many operations an opening takes, deepestRecovery how often a
// recovery is crashed in turn; one crash in everyOperation is followed by one at each operation of
// its recovery, and one in everyCopy by a look at backups and the archive.
const (
	recoveryOperations = 12
	deepestRecovery    = 3
	everyOperation     = 40
	everyCopy          = 30
)

// verify crashes a disk and recovers it, also after crashes inside recovery (P1, P2, P3).
func (c *crasher) verify(d *disk.Disk) (err error) {
	defer guard(&err)
	at := c.crash(d)
	first, left, err := c.recovered(at, c.rng.IntN(everyOperation) == 0)
	if err != nil {
		return err
	}
	if !c.w.allows(first) {
		return violated("recovered: %s", c.w.acked.Diff(first))
	}
	for _, at := range left {
		if err := c.again(at, first, 1); err != nil {
			return err
		}
	}
	if c.w.copies.on && c.rng.IntN(everyCopy) == 0 {
		return c.w.checkCopies(c.crash(d).disk, c.rng)
	}
	return nil
}

// again recovers what a crash inside a recovery left; want is what that recovery found.
func (c *crasher) again(at wreck, want State, depth int) error {
	got, left, err := c.recovered(at, false)
	if err != nil {
		return violated("after %d crashes in recovery: %v", depth, err)
	}
	if diff := want.Diff(got); diff != "" && (at.firm || !c.w.allows(got)) {
		return violated("recovered after %d crashes in recovery: %s", depth, diff)
	}
	for _, at := range left {
		if depth < deepestRecovery {
			if err := c.again(at, got, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// recovered opens and reads a database, rarely closes it, and gives what crashes on the way leave.
func (c *crasher) recovered(at wreck, every bool) (State, []wreck, error) {
	r := recovery{w: c.w, crash: c.crash, close: c.rng.IntN(6) == 0, at: c.rng.IntN(2 * recoveryOperations), every: every}
	got, err := r.run(at)
	return got, r.left, err
}
