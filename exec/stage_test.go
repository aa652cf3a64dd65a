package exec

import (
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestStages: every worker runs every stage once, whether its goroutine is still awake from the one before,
// has left, or runs a stage that has one within, and no goroutine stays.
func TestStages(t *testing.T) {
	defer goleak.VerifyNone(t)
	var h hands
	var ran [4]atomic.Int64
	var inner atomic.Int64
	for round := range 2000 {
		n := 2 + round%3
		h.run(n, 4, func(i int) {
			ran[i].Add(1)
			if round%50 == 0 && i == 1 {
				h.run(3, 4, func(int) { inner.Add(1) })
			}
		})
		if round%100 == 0 {
			time.Sleep(2 * linger) // they leave meanwhile
		}
	}
	h.ended.Store(true)
	for i, want := range []int64{2000, 2000, 1333, 666} {
		if got := ran[i].Load(); got != want {
			t.Errorf("worker %d ran %d stages, want %d", i, got, want)
		}
	}
	if got := inner.Load(); got != 3*40 {
		t.Errorf("stages within stages ran %d parts, want %d", got, 3*40)
	}
}

// TestStagesOfManyQueries: goroutines that wait for a stage let those of others run.
func TestStagesOfManyQueries(t *testing.T) {
	defer goleak.VerifyNone(t)
	done := make(chan int64)
	for range 8 {
		go func() {
			var h hands
			var sum atomic.Int64
			for range 300 {
				h.run(4, 4, func(i int) { sum.Add(int64(i)) })
			}
			h.ended.Store(true)
			done <- sum.Load()
		}()
	}
	for range 8 {
		if sum := <-done; sum != 300*6 {
			t.Errorf("sum of parts %d, want %d", sum, 300*6)
		}
	}
}
