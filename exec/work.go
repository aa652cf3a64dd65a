package exec

import (
	"sync/atomic"
	"time"
)

// Work is how the workers of a profiled query used their time. What a query takes beside Parallel is its
// serial part: more workers do not shorten it.
type Work struct {
	parallel, busy, capacity atomic.Int64
	inner                    atomic.Int64
}

// Parallel is the time during which more than one worker ran.
func (w *Work) Parallel() time.Duration { return time.Duration(w.parallel.Load()) }

// Idle is how long workers waited, all taken together, for the last of those they ran with.
func (w *Work) Idle() time.Duration { return time.Duration(w.capacity.Load() - w.busy.Load()) }

// together makes f add the time it takes.
func (w *Work) together(f func(*Worker) error) func(*Worker) error {
	return func(worker *Worker) error {
		start := time.Now()
		defer func() { w.busy.Add(int64(time.Since(start))) }()
		return f(worker)
	}
}

// apart ends a stretch of n workers that began at start.
func (w *Work) apart(n int, start time.Time) {
	elapsed := int64(time.Since(start))
	w.parallel.Add(elapsed)
	w.capacity.Add(elapsed * int64(n))
}

// Serial runs f, which may run others like it inside, and gives the part of its own time in which at
// most one worker ran.
func (w *Work) Serial(f func() error) (time.Duration, error) {
	outer, parallel, start := w.inner.Swap(0), w.parallel.Load(), time.Now()
	err := f()
	serial := int64(time.Since(start)) - (w.parallel.Load() - parallel)
	own := serial - w.inner.Load()
	w.inner.Store(outer + serial)
	return time.Duration(own), err
}
