package flight

import (
	"slices"
	"testing"
	"time"
)

// clockedHandles is a set whose time stands still until it is set forward.
func clockedHandles(ttl time.Duration, limit int) (h *handles[int], ended *[]int, forward func(time.Duration)) {
	ended = &[]int{}
	h = newHandles(ttl, limit, func(_ string, v int) { *ended = append(*ended, v) })
	now := time.Unix(0, 0)
	h.now = func() time.Time { return now }
	return h, ended, func(d time.Duration) { now = now.Add(d) }
}

// An entry that is used must not expire, and an idle one must, or servers fill up with what clients
// forgot.
func TestHandlesExpire(t *testing.T) {
	h, ended, forward := clockedHandles(time.Minute, 10)
	h.add("a", 1)
	h.add("b", 2)
	_, done, _ := h.use("a")
	forward(2 * time.Minute)
	h.expire()
	if !slices.Equal(*ended, []int{2}) {
		t.Errorf("ended %v, want [2]", *ended)
	}
	done()
	forward(time.Minute)
	h.expire()
	if !slices.Equal(*ended, []int{2, 1}) {
		t.Errorf("ended %v, want [2 1]", *ended)
	}
	if _, _, ok := h.use("a"); ok {
		t.Error("an expired entry can be used")
	}
}

func TestHandlesEvictTheLongestUnused(t *testing.T) {
	h, ended, forward := clockedHandles(time.Hour, 2)
	h.add("a", 1)
	forward(time.Second)
	h.add("b", 2)
	forward(time.Second)
	_, done, _ := h.use("a")
	if !h.add("c", 3) || !slices.Equal(*ended, []int{2}) {
		t.Errorf("ended %v, want [2]", *ended)
	}
	_, doneC, _ := h.use("c")
	if h.add("d", 4) {
		t.Error("an entry in use was evicted")
	}
	done()
	doneC()
}

func TestHandlesEndAfterTheLastUser(t *testing.T) {
	h, ended, _ := clockedHandles(time.Hour, 2)
	h.add("a", 1)
	_, first, _ := h.use("a")
	_, second, _ := h.use("a")
	h.remove("a")
	first()
	first() // a second call must not count
	if len(*ended) != 0 {
		t.Fatal("ended while in use")
	}
	second()
	if !slices.Equal(*ended, []int{1}) {
		t.Errorf("ended %v, want [1]", *ended)
	}
}
