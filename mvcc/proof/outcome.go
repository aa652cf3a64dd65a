package proof

import (
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"
)

// Outcome counts what one or many units did.
type Outcome struct {
	Runs       int     // workloads
	Faults     int     // crashes, failing operations or damages, each checked
	Violations []error // with their seeds
}

func (o *Outcome) add(other Outcome) {
	o.Runs += other.Runs
	o.Faults += other.Faults
	o.Violations = append(o.Violations, other.Violations...)
}

// violated ends a unit with a violation.
func (o Outcome) violated(seed uint64, err error) Outcome {
	o.Violations = append(o.Violations, fmt.Errorf("SEED=%d: %w", seed, err))
	return o
}

// String is the line that a proof ends with.
func (o Outcome) String() string {
	return fmt.Sprintf("runs=%d faults=%d violations=%d", o.Runs, o.Faults, len(o.Violations))
}

// Unit is one kind of proof for one seed: Crash, Faults or Corrupt.
type Unit func(seed uint64) Outcome

// Plan says how long to go on: until n faults were made, a number of violations was found (0 means 10:
// the first ones tell enough), or the time has passed (0 means no limit).
type Plan struct {
	Faults, Violations int
	Seed               uint64 // the first
	Limit              time.Duration
}

// Run does units on all cores. Progress is a line every few seconds, and each violation.
func Run(unit Unit, p Plan, progress io.Writer) Outcome {
	if p.Violations == 0 {
		p.Violations = 10
	}
	r := &runner{unit: unit, plan: p, next: p.Seed, started: time.Now(), progress: progress}
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(r.work)
	}
	workers.Wait()
	return r.sum
}

type runner struct {
	unit     Unit
	plan     Plan
	started  time.Time
	progress io.Writer

	mu   sync.Mutex
	next uint64
	sum  Outcome
	told time.Time
}

func (r *runner) work() {
	for {
		seed, more := r.take()
		if !more {
			return
		}
		r.record(r.unit(seed))
	}
}

func (r *runner) take() (uint64, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	late := r.plan.Limit > 0 && time.Since(r.started) > r.plan.Limit
	if late || r.sum.Faults >= r.plan.Faults || len(r.sum.Violations) >= r.plan.Violations {
		return 0, false
	}
	r.next++
	return r.next - 1, true
}

func (r *runner) record(o Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o.Runs++
	r.sum.add(o)
	for _, v := range o.Violations {
		fmt.Fprintln(r.progress, v)
	}
	if time.Since(r.told) > 5*time.Second {
		r.told = time.Now()
		passed := time.Since(r.started)
		rate := float64(r.sum.Faults) / passed.Seconds()
		left := time.Duration(float64(r.plan.Faults-r.sum.Faults) / rate * float64(time.Second))
		fmt.Fprintf(r.progress, "%4.0f s, next seed %d: %v (%.0f/s, %v left)\n", passed.Seconds(), r.next, r.sum, rate, max(0, left).Round(time.Second))
	}
}
