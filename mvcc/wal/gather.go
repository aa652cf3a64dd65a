package wal

import "time"

// gatherer decides how long the next sync waits for commits that are about to come. When a sync ends,
// the clients that it was for are free, and most will commit again in a moment; those that came
// meanwhile wait already. A sync that starts at once serves the second half only, and so do all that
// follow: half the clients share each. One that waits a little serves all.
type gatherer struct {
	covered  int64         // commits that syncs have covered
	group    int64         // of those, the commits of the last one
	waiting  int64         // commits that waited when it ended
	ended    time.Time     // when it ended
	took     time.Duration // how long syncs take, a moving average
	patience float64       // falls when waiting was in vain, 0 to 1
	full     chan struct{} // closed when nobody more is expected; nil while nobody waits
	target   int64         // then: commits appended
}

// The wait is a share of what a sync takes, within bounds: below, a timer is not worth its while.
const (
	gatherShare = 0.4
	gatherLeast = 40 * time.Microsecond
	gatherMost  = 2 * time.Millisecond
)

// synced notes a sync that covered the first `covered` of all appended commits.
func (g *gatherer) synced(covered, appended int64, took time.Duration) {
	g.group, g.waiting, g.covered = covered-g.covered, appended-covered, covered
	g.ended = time.Now()
	if g.took == 0 {
		g.took, g.patience = took, 1
	}
	g.took += (took - g.took) / 8
	g.patience = min(1, g.patience*1.05)
}

// window is how long to wait for commits beyond those appended, 0 for not at all.
func (g *gatherer) window(appended int64) time.Duration {
	expected := g.group + g.waiting
	if g.group == 0 || expected < 3 || appended-g.covered >= expected {
		return 0
	}
	w := min(time.Duration(float64(g.took)*gatherShare*g.patience), gatherMost) - time.Since(g.ended)
	if w < gatherLeast {
		return 0
	}
	g.target = g.covered + expected
	return w
}

// appended tells of one more commit.
func (g *gatherer) appended(total int64) {
	if g.full != nil && total >= g.target {
		close(g.full)
		g.full = nil
	}
}

// gather waits for commits that are about to come, with l.mu released meanwhile.
func (l *Log) gather() {
	w := l.gatherer.window(l.commits)
	if w == 0 {
		return
	}
	before, full := l.commits, make(chan struct{})
	l.gatherer.full, l.gathering = full, true
	l.mu.Unlock()
	timer := time.NewTimer(w)
	select {
	case <-full:
	case <-timer.C:
	}
	timer.Stop()
	l.mu.Lock()
	l.gatherer.full, l.gathering = nil, false
	if 4*(l.commits-before) < l.gatherer.group {
		l.gatherer.patience /= 2
	}
}
