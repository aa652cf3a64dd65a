package proof

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"

	"github.com/oxidb/oxidb/mvcc/proof/disk"
)

// faultSteps is the length of a workload with faults; each fault shows for up to brokenSteps steps,
// and leaves up to soundOperations operations of its kind in peace before the next.
const (
	faultSteps      = 60
	brokenSteps     = 2
	soundOperations = 12
)

// fault is the operation that fails, and what happens to those after it.
type fault struct {
	name    string
	verdict error
	only    func(disk.Kind) bool // the operations that may fail
	stays   bool                 // all later ones fail, too
	in      int                  // operations until then
	hit     bool
	where   disk.Op
}

func (f *fault) String() string {
	return fmt.Sprintf("%s at %v of %s (for good: %v)", f.name, f.where.Kind, f.where.Path, f.stays)
}

func every(disk.Kind) bool { return true }

func writing(k disk.Kind) bool { return k == disk.Write }

func syncing(k disk.Kind) bool { return k == disk.Sync || k == disk.SyncData || k == disk.SyncDir }

func naming(k disk.Kind) bool {
	switch k {
	case disk.Create, disk.OpenReadWrite, disk.Remove, disk.Rename, disk.Link, disk.Mkdir, disk.List, disk.Close:
		return true
	}
	return false
}

// newFault chooses what fails next.
func newFault(rng *rand.Rand) *fault {
	all := []fault{
		{name: "EIO", verdict: syscall.EIO, only: every},
		{name: "EINTR", verdict: syscall.EINTR, only: every},
		{name: "EACCES", verdict: syscall.EACCES, only: naming},
		{name: "EIO of a sync", verdict: syscall.EIO, only: syncing},
		{name: "EIO of a name", verdict: syscall.EIO, only: naming},
		{name: "ENOSPC", verdict: syscall.ENOSPC, only: disk.Kind.NeedsRoom},
		{name: "ENOSPC in a write", verdict: &disk.Short{Err: syscall.ENOSPC}, only: writing},
		{name: "EIO in a write", verdict: &disk.Short{Err: syscall.EIO}, only: writing},
	}
	i := rng.IntN(len(all))
	f := all[i]
	f.stays, f.in = rng.IntN(2) == 0, rng.IntN(soundOperations)
	if i < 2 {
		f.in = rng.IntN(4 * soundOperations) // of all kinds
	}
	return &f
}

// inject fails the operations that the fault names.
func (f *fault) inject(op disk.Op) error {
	if !f.only(op.Kind) {
		return nil
	}
	if f.in--; f.in < 0 && (!f.hit || f.stays) {
		if !f.hit {
			f.hit, f.where = true, op
		}
		return f.verdict
	}
	return nil
}

// faulter lets operations under a workload fail, one time after the other.
type faulter struct {
	w   *Workload
	rng *rand.Rand
	out *Outcome
}

// Faults lets operations of one workload fail, once or for good. After each the cause goes, what was
// acknowledged is read, and the workload goes on after a restart or a crash.
func Faults(seed uint64) Outcome {
	out := Outcome{}
	t := &faulter{w: NewWorkload(seed), rng: rand.New(rand.NewPCG(seed, 2)), out: &out}
	t.w.On(disk.New())
	for done := 0; done < faultSteps; {
		f := newFault(t.rng)
		steps, err := t.fail(f)
		if err != nil {
			return out.violated(seed, violated("%v: %v", f, err))
		}
		done += steps
	}
	if err := t.w.Stop(); err != nil {
		return out.violated(seed, violated("at the end: %v", err))
	}
	return out
}

// fail takes steps until a fault has shown, mends its cause and checks what is there (P5).
func (t *faulter) fail(f *fault) (steps int, err error) {
	defer guard(&err)
	d := t.w.disk
	d.SetHook(f.inject)
	for left := 1 + t.rng.IntN(brokenSteps); left > 0 && steps < faultSteps; steps++ {
		err := t.w.Step()
		if err != nil && (!f.hit || asViolation(err) != nil) {
			return steps, err
		}
		if f.hit {
			left--
		}
	}
	d.SetHook(nil)
	if !f.hit {
		return steps, nil
	}
	t.out.Faults++
	if t.w.store != nil {
		if err := t.w.Check(); err != nil {
			return steps, violated("after the repair: %v", err)
		}
	}
	if t.w.copies.on && t.rng.IntN(3) == 0 {
		if err := t.w.checkCopies(d.Crash(disk.KeepAll, t.rng), t.rng); err != nil {
			return steps, violated("after the repair: %v", err)
		}
	}
	return steps, t.restart()
}

// restart crashes or closes the database, or lets one that can still write go on, and opens it.
func (t *faulter) restart() error {
	switch t.rng.IntN(4) {
	case 0, 1:
		t.w.On(t.w.disk.Crash(disk.RandomLoss(t.rng), t.rng))
	case 2:
		if err := asViolation(t.w.Stop()); err != nil {
			return err
		}
	case 3:
		if t.w.store != nil && t.w.store.Checkpoint(context.Background()) == nil {
			return nil // nothing broke for good
		}
		if err := asViolation(t.w.Stop()); err != nil {
			return err
		}
	}
	if t.w.store != nil {
		return nil
	}
	if err := t.w.start(); err != nil {
		return violated("after the restart: %v", err)
	}
	return nil
}
