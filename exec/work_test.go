package exec

import (
	"testing"
	"time"
)

// What one worker waits for the other must be idle, not serial, and what runs beside and inside of
// Serial must be told apart.
func TestWorkTellsSerialFromParallel(t *testing.T) {
	q := NewQuery(t.Context(), Options{Workers: 2, Profile: true})
	defer q.Close()
	const alone, together = 20 * time.Millisecond, 40 * time.Millisecond
	var inner time.Duration
	start := time.Now()
	own, err := q.Work().Serial(func() error {
		time.Sleep(alone)
		var err error
		inner, err = q.Work().Serial(func() error {
			time.Sleep(2 * alone)
			return q.Run(func(w *Worker) error {
				if w.ID == 0 {
					time.Sleep(together)
				}
				return nil
			})
		})
		return err
	})
	total := time.Since(start)
	if err != nil {
		t.Fatal(err)
	}
	work := q.Work()
	if own < alone || inner < 2*alone || work.Parallel() < together {
		t.Errorf("own %s, inner %s, parallel %s", own, inner, work.Parallel())
	}
	if sum := own + inner + work.Parallel(); sum > total {
		t.Errorf("the parts take %s, the whole %s", sum, total)
	}
	if idle := work.Idle(); idle < together/2 || idle > 2*work.Parallel() {
		t.Errorf("idle %s of %s", idle, work.Parallel())
	}
}

// Without a profile nothing must be counted: counting costs every pipeline two clock readings a worker.
func TestWorkIsCountedOnlyWhenProfiled(t *testing.T) {
	q := NewQuery(t.Context(), Options{Workers: 2})
	defer q.Close()
	if err := q.Run(func(*Worker) error { return nil }); err != nil || q.Work().Parallel() != 0 {
		t.Errorf("parallel %s, %v", q.Work().Parallel(), err)
	}
}
