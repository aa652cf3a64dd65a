package wal

import (
	"testing"
	"time"
)

// gathered is a gatherer after a sync that covered group commits while others came.
func gathered(group, waiting int64) *gatherer {
	g := &gatherer{}
	g.synced(group, group+waiting, time.Millisecond)
	return g
}

// TestLoneClientNeverWaits: whoever commits alone, or beside one other, must not be held up.
func TestLoneClientNeverWaits(t *testing.T) {
	for _, g := range []*gatherer{{}, gathered(1, 0), gathered(1, 1), gathered(2, 0)} {
		if step := g.step(g.covered+1, g.ended); step != 0 {
			t.Errorf("after %d commits and %d waiting, a sync waits %s", g.group, g.waiting, step)
		}
	}
}

// TestGatherEndsWithTheClients: a wait for clients that come again must end with the last few of them,
// not with its time.
func TestGatherEndsWithTheClients(t *testing.T) {
	g := gathered(24, 8)
	appended := g.covered + g.waiting
	if g.step(appended, g.ended) == 0 {
		t.Fatal("24 clients are about to come, and the sync does not wait")
	}
	full := make(chan struct{})
	g.full = full
	for n := appended; g.full != nil; n++ {
		if n > appended+24 {
			t.Fatal("all came and the wait goes on")
		}
		g.appended(n)
		if came := n - g.covered; g.full == nil && came != 28 {
			t.Errorf("the wait ended with commit %d of 32", came)
		}
	}
	<-full
}

// TestWaitsInVainBecomeRare: when clients stop to come, waiting for them must stop soon, and start
// again when they are back.
func TestWaitsInVainBecomeRare(t *testing.T) {
	g := gathered(8, 0)
	waits := 0
	for range 100 {
		if g.step(g.covered+1, g.ended) > 0 {
			waits++
			g.waited(0)
		}
	}
	if waits > 7 {
		t.Errorf("%d of 100 syncs waited for nobody", waits)
	}
	for g.step(g.covered+1, g.ended) == 0 {
	}
	g.waited(5)
	if g.step(g.covered+1, g.ended) == 0 {
		t.Error("somebody came, and the next sync does not wait")
	}
}
