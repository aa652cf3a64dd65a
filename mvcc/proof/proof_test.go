package proof_test

import (
	"bytes"
	"runtime"
	"runtime/debug"
	"testing"

	"go.uber.org/goleak"

	"github.com/oxidb/oxidb/mvcc/proof"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // disks and states come and go by the thousand
	runtime.MemProfileRate = 0
	goleak.VerifyTestMain(m)
}

// A short run of each proof; `make crash`, `make faults` and `make corrupt` do long ones.
func TestStorageKeepsItsWord(t *testing.T) {
	for name, unit := range map[string]proof.Unit{"crash": proof.Crash, "together": proof.Together, "faults": proof.Faults, "corrupt": proof.Corrupt} {
		t.Run(name, func(t *testing.T) {
			n := 500
			if testing.Short() {
				n = 300
			}
			var progress bytes.Buffer
			sum := proof.Run(unit, proof.Plan{Faults: n, Seed: 1}, &progress)
			if sum.Faults < n || sum.Runs == 0 {
				t.Errorf("%v: fewer faults than asked for", sum)
			}
			for _, v := range sum.Violations {
				t.Error(v)
			}
		})
	}
}

// A seed must do the same again, or a violation's seed would tell nothing. Only Together, which every
// fourth seed of Crash is, may differ: goroutines run as they like.
func TestSeedsRepeat(t *testing.T) {
	for name, unit := range map[string]proof.Unit{"crash": proof.Crash, "faults": proof.Faults, "corrupt": proof.Corrupt} {
		for seed := uint64(100); seed < 102; seed++ { // with backups and without
			if a, b := unit(seed), unit(seed); a.String() != b.String() || a.Faults == 0 {
				t.Errorf("%s %d: %v, then %v", name, seed, a, b)
			}
		}
	}
}
