package proof

import (
	"errors"
	"math/rand/v2"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// faultSteps is the length of a workload with a fault, afterSteps of what follows the repair.
const (
	faultSteps = 20
	afterSteps = 5
)

// faultsPerSeed is how many operations of one workload fail, each in a run of its own; faultsPerLoad
// is the same of a workload with a long load.
const (
	faultsPerSeed = 30
	faultsPerLoad = 4
)

// fault is the operation that fails, and what happens to those after it.
type fault struct {
	kind  error // EIO of any operation, ENOSPC of those that need room
	at    int   // which one, from 0
	stays bool  // all later ones fail, too
	count int
	over  bool
}

// inject fails the operations that the fault names.
func (f *fault) inject(op errorfs.Op) error {
	if f.over || errors.Is(f.kind, syscall.ENOSPC) && !needsRoom(op.Kind) {
		return nil
	}
	f.count++
	if f.count-1 == f.at || f.stays && f.count > f.at {
		return f.kind
	}
	return nil
}

func needsRoom(k errorfs.OpKind) bool {
	switch k {
	case errorfs.OpCreate, errorfs.OpMkdirAll, errorfs.OpFileWrite, errorfs.OpFileWriteAt, errorfs.OpFilePreallocate:
		return true
	}
	return false
}

// Faults counts a workload's operations, then runs it again and again with one of them failing, once
// or for good.
func Faults(seed uint64) Outcome {
	out := Outcome{}
	rng := rand.New(rand.NewPCG(seed, 2))
	each := faultsPerSeed / 2
	if !NewWorkload(seed).loaded {
		each = faultsPerLoad / 2
	}
	for _, kind := range []error{syscall.EIO, syscall.ENOSPC} {
		all := &fault{kind: kind, at: -1}
		if err := failing(seed, all, rng); err != nil {
			return out.violated(seed, violated("without a fault: %v", err))
		}
		for range each {
			f := &fault{kind: kind, at: rng.IntN(all.count), stays: rng.IntN(2) == 0}
			out.Faults++
			if err := failing(seed, f, rng); err != nil {
				return out.violated(seed, violated("%v at operation %d (for good: %v): %v", kind, f.at, f.stays, err))
			}
		}
	}
	return out
}

// failing runs a workload over a fault. Its errors are violations; without a fault, all errors.
func failing(seed uint64, f *fault, rng *rand.Rand) (err error) {
	defer guard(&err)
	mem := vfs.NewCrashableMem()
	w := NewWorkload(seed)
	w.On(errorfs.Wrap(mem, errorfs.InjectorFunc(f.inject)))
	for range faultSteps {
		if err := w.Step(); err != nil && (f.at < 0 || asViolation(err) != nil) {
			return err
		}
	}
	f.over = true
	if err := repaired(w); err != nil {
		return err
	}
	if rng.IntN(2) == 0 {
		if mem, err = remains(mem, 50*rng.IntN(3), rng); err != nil {
			return err
		}
	} else if err := asViolation(w.Stop()); err != nil {
		return err
	}
	w.On(mem)
	for range afterSteps {
		if err := w.Step(); err != nil {
			return violated("after the restart: %v", err)
		}
	}
	return w.Stop()
}

// repaired reads a database whose file system works again: it need not write any more, but must read
// what was acknowledged, and nothing else (P5).
func repaired(w *Workload) error {
	if w.store == nil {
		return nil
	}
	if err := w.Check(); err != nil {
		return violated("after the repair: %v", err)
	}
	return nil
}
