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
	err error // the first violation inside a file operation
}

// Crash runs a workload and crashes the machine before every operation that writes, syncs, makes or
// removes a file. The workload itself goes on in some of the crashed file systems. Every fourth seed is
// one of Together.
func Crash(seed uint64) Outcome {
	if seed%4 == 3 {
		return Together(seed)
	}
	out := Outcome{}
	c := &crasher{w: NewWorkload(seed), rng: rand.New(rand.NewPCG(seed, 1)), out: &out}
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
		return nil
	})
}

// crashed is what a crash leaves: everything that was synced, and some of what was not.
func (c *crasher) crashed(d *disk.Disk) *disk.Disk {
	c.out.Faults++
	return d.Crash(disk.RandomLoss(c.rng), c.rng)
}

// recovery is how a crashed disk is opened: whether the database is closed again, after which
// operation the machine stops once more, and what that leaves.
type recovery struct {
	w     *Workload
	crash func(*disk.Disk) *disk.Disk
	close bool
	at    int // counts down; less than 0 for never
	every bool

	left    []*disk.Disk
	version mvcc.Timestamp // recovered
}

// run opens and reads a database.
func (r *recovery) run(d *disk.Disk) (State, error) {
	d.SetHook(func(op disk.Op) error {
		if !op.Kind.Changes() {
			return nil
		}
		if r.every || r.at == 0 {
			r.left = append(r.left, r.crash(d))
		}
		r.at--
		return nil
	})
	s, err := r.w.open(d)
	if err != nil {
		return nil, err
	}
	r.version = s.Version()
	got, err := r.w.stateOf(s)
	if r.close {
		return got, errors.Join(err, s.Close())
	}
	off(d, s)
	return got, err
}

// recoveryOperations is about how many operations an opening takes, deepestRecovery how often a
// recovery is crashed in turn; one crash in everyOperation is followed by one at each operation of
// its recovery.
const (
	recoveryOperations = 12
	deepestRecovery    = 3
	everyOperation     = 40
)

// verify crashes a disk and recovers it, also after crashes inside recovery (P1, P2, P3).
func (c *crasher) verify(d *disk.Disk) (err error) {
	defer guard(&err)
	d = c.crashed(d)
	first, left, err := c.recovered(d, c.rng.IntN(everyOperation) == 0)
	if err != nil {
		return err
	}
	if !c.w.allows(first) {
		return violated("recovered: %s", c.w.acked.Diff(first))
	}
	for depth := 0; depth < deepestRecovery && len(left) > 0; depth++ {
		var next []*disk.Disk
		for _, d := range left {
			got, more, err := c.recovered(d, false)
			if err != nil {
				return violated("after %d crashes in recovery: %v", depth+1, err)
			}
			if diff := first.Diff(got); diff != "" {
				return violated("recovered after %d crashes in recovery: %s", depth+1, diff)
			}
			next = append(next, more...)
		}
		left = next
	}
	return nil
}

// recovered opens and reads a database, rarely closes it, and gives what crashes on the way leave.
func (c *crasher) recovered(d *disk.Disk, every bool) (State, []*disk.Disk, error) {
	r := recovery{w: c.w, crash: c.crashed, close: c.rng.IntN(6) == 0, at: c.rng.IntN(2 * recoveryOperations), every: every}
	got, err := r.run(d)
	return got, r.left, err
}
