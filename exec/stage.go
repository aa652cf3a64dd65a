package exec

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// hands are the goroutines of a query's workers but the first. They stay awake for a moment between
// stages: the next one mostly follows within some 100 microseconds, which is also what it takes to wake
// a sleeping core.
type hands struct {
	busy  atomic.Bool // a stage is running
	ended atomic.Bool // no stage will follow
	each  []hand      // by worker; that of the first is the caller's
	awake bool        // there is a core for each: waiting takes nobody's
}

// hand is the goroutine of one worker. The caller of a stage writes next while it waits and makes it
// run; by itself it goes back to waiting, and from there leaves for good.
type hand struct {
	state atomic.Int32
	next  stage
	_     [40]byte // a cache line of its own
}

// stage is a worker's part of a stage, and what to do when it has ended.
type stage struct{ run, done func() }

const (
	gone    = iota // there is no goroutine
	waiting        // it looks out for a stage
	running
)

const (
	// linger is how long a hand stays awake without work; lookRounds how often it looks before it lets
	// other goroutines run and asks for the time.
	linger     = 200 * time.Microsecond
	lookRounds = 4000
	// patience is how long the caller stays awake for the last hand.
	patience = 50 * time.Microsecond
)

// run executes f(0) to f(n-1), 1 < n <= most, at once and returns when all have ended.
func (h *hands) run(n, most int, f func(i int)) {
	var wait sync.WaitGroup
	if !h.busy.CompareAndSwap(false, true) { // a stage within a stage has goroutines of its own
		for i := range n {
			wait.Go(func() { f(i) })
		}
		wait.Wait()
		return
	}
	defer h.busy.Store(false)
	if h.each == nil {
		h.each, h.awake = make([]hand, most), most <= runtime.GOMAXPROCS(0)
	}
	var left atomic.Int32
	left.Store(int32(n - 1))
	wait.Add(n - 1)
	done := func() {
		wait.Done()
		left.Add(-1)
	}
	for i := 1; i < n; i++ {
		h.give(&h.each[i], stage{func() { f(i) }, done})
	}
	f(0)
	for start := time.Now(); left.Load() > 0 && time.Since(start) < patience; {
		for range lookRounds {
			if left.Load() == 0 {
				break
			}
		}
	}
	wait.Wait()
}

// give hands a stage to a goroutine, which is started when there is none.
func (h *hands) give(to *hand, s stage) {
	if to.state.Load() == waiting {
		to.next = s
		if to.state.CompareAndSwap(waiting, running) {
			return
		}
	}
	to.state.Store(running)
	go func() {
		for more := true; more; s, more = h.await(to) {
			to.work(s)
		}
	}()
}

// work runs a stage. Who waits for its end finds the hand ready for the next.
func (to *hand) work(s stage) {
	defer s.done()
	defer to.state.Store(waiting)
	s.run()
}

// await gives the next stage; false when it is time to go.
func (h *hands) await(to *hand) (s stage, more bool) {
	for start := time.Now(); h.awake && !h.ended.Load() && time.Since(start) < linger; runtime.Gosched() {
		for range lookRounds {
			if to.state.Load() == running {
				return to.next, true
			}
		}
	}
	if to.state.CompareAndSwap(waiting, gone) {
		return stage{}, false
	}
	return to.next, true
}
