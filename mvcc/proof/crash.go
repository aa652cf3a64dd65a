package proof

import (
	"errors"
	"math/rand/v2"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// crashSteps is the length of a workload.
const crashSteps = 30

// crasher crashes the machine under a workload again and again.
type crasher struct {
	w   *Workload
	rng *rand.Rand
	mem *vfs.MemFS
	out *Outcome
	err error // the first violation inside a file operation
}

// Crash runs a workload and crashes the machine before about every third operation that writes, syncs,
// makes or removes a file. The workload itself goes on in some of the crashed file systems.
func Crash(seed uint64) Outcome {
	out := Outcome{}
	c := &crasher{w: NewWorkload(seed), rng: rand.New(rand.NewPCG(seed, 1)), mem: vfs.NewCrashableMem(), out: &out}
	c.w.On(c.recorder())
	for range crashSteps {
		if err := errors.Join(c.w.Step(), c.err); err != nil {
			return out.violated(seed, err)
		}
		if c.rng.IntN(8) == 0 {
			var err error
			if c.mem, err = c.crashed(c.mem); err != nil {
				return out.violated(seed, err)
			}
			c.w.On(c.recorder())
		}
	}
	if err := errors.Join(c.w.Stop(), c.err); err != nil {
		return out.violated(seed, err)
	}
	return out
}

// recorder is the file system with crashes.
func (c *crasher) recorder() vfs.FS {
	mem := c.mem
	return errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && c.err == nil && c.rng.IntN(3) == 0 {
			if err := c.verify(mem); err != nil {
				c.err = violated("crash before %v of %s: %v", op.Kind, op.Path, err)
			}
		}
		return nil
	}))
}

// crashed is what a crash leaves: everything that was synced, and some of what was not.
func (c *crasher) crashed(mem *vfs.MemFS) (*vfs.MemFS, error) {
	c.out.Faults++
	return remains(mem, []int{0, 50, 100, c.rng.IntN(101)}[c.rng.IntN(4)], c.rng)
}

// crashesInRecovery bounds how often a recovery is crashed in turn.
const crashesInRecovery = 3

// verify crashes a file system and recovers it, also after crashes inside recovery (P1, P2, P3).
func (c *crasher) verify(mem *vfs.MemFS) (err error) {
	defer guard(&err)
	if mem, err = c.crashed(mem); err != nil {
		return err
	}
	first, again, err := c.recovered(mem)
	if err != nil {
		return err
	}
	if !c.w.allows(first) {
		return violated("recovered: %s", c.w.acked.Diff(first))
	}
	second, _, err := c.recovered(mem)
	if err != nil {
		return err
	}
	if d := first.Diff(second); d != "" {
		return violated("recovered twice: %s", d)
	}
	for range crashesInRecovery {
		if again == nil {
			break
		}
		var got State
		if got, again, err = c.recovered(again); err != nil {
			return err
		}
		if d := first.Diff(got); d != "" {
			return violated("recovered after a crash in recovery: %s", d)
		}
	}
	return nil
}

// recoveryOperations is about how many operations an opening and closing take.
const recoveryOperations = 30

// recovered opens, reads and closes a database. Again is what a crash on the way leaves, nil when it
// ended before the operation that was to crash.
func (c *crasher) recovered(mem *vfs.MemFS) (got State, again *vfs.MemFS, err error) {
	at := c.rng.IntN(recoveryOperations)
	var crashErr error
	fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
			return nil
		}
		if at == 0 {
			var err error
			if again, err = c.crashed(mem); err != nil {
				crashErr = err
			}
		}
		at--
		return nil
	}))
	s, err := c.w.open(fs)
	if err != nil {
		return nil, nil, err
	}
	got, err = c.w.stateOf(s)
	return got, again, errors.Join(err, s.Close(), crashErr)
}
