package wal

import "time"

// gatherer decides how long the next sync waits for commits that are about to come. When a sync ends,
// the clients that it was for are free, and most will commit again in a moment; those that came
// meanwhile wait already. A sync that starts at once serves few, and so do all that follow: while the
// processors are busy with the clients' next transactions, each costs some of their time and gains
// nothing. So a sync waits as long as commits keep coming, until most of those that came between the
// last two have come again.
type gatherer struct {
	covered int64         // commits that syncs have covered
	group   int64         // of those, the commits of the last one
	waiting int64         // commits that waited when it ended
	ended   time.Time     // when it ended
	took    time.Duration // how long syncs take, a moving average
	vain    int           // waits for which nobody came, in a row
	skip    int           // syncs that do not wait, as it would be in vain
	full    chan struct{} // closed when enough have come; nil while nobody waits
	target  int64         // then: commits appended
}

// A wait is made of steps, each as long as a sync takes, and goes on while somebody comes in each.
const (
	gatherSteps = 8                    // in one wait
	gatherMost  = 2 * time.Millisecond // of all steps
	gatherVain  = 6                    // the doublings of how many syncs do not wait
)

// synced notes a sync that covered the first `covered` of all appended commits.
func (g *gatherer) synced(covered, appended int64, took time.Duration) {
	g.group, g.waiting, g.covered = covered-g.covered, appended-covered, covered
	g.ended = time.Now()
	if g.took == 0 {
		g.took = took
	}
	g.took += (took - g.took) / 8
}

// step is how long to wait for the next commits when so many are appended, 0 for not at all. The last
// few clients are not waited for: they have the processors while the sync has the disk.
func (g *gatherer) step(appended int64, now time.Time) time.Duration {
	expected := g.group + g.waiting
	g.target = g.covered + expected - expected/8
	if g.group == 0 || expected < 3 || appended >= g.target || now.Sub(g.ended) > gatherMost {
		return 0
	}
	if g.skip > 0 {
		g.skip--
		return 0
	}
	return min(g.took, gatherMost)
}

// appended tells of one more commit.
func (g *gatherer) appended(total int64) {
	if g.full != nil && total >= g.target {
		close(g.full)
		g.full = nil
	}
}

// waited notes how many commits a wait has brought.
func (g *gatherer) waited(came int64) {
	g.full = nil
	if came > 0 {
		g.vain = 0
		return
	}
	g.vain = min(g.vain+1, gatherVain)
	g.skip = 1 << g.vain
}

// gather waits for commits that are about to come, with l.mu released meanwhile.
func (l *Log) gather() {
	g := &l.gatherer
	start := time.Now()
	step := g.step(l.commits, start)
	if step == 0 {
		return
	}
	before, full, until := l.commits, make(chan struct{}), start.Add(min(gatherSteps*step, gatherMost))
	g.full, l.gathering = full, true
	timer := time.NewTimer(step)
	defer timer.Stop()
	for came := int64(1); came > 0 && g.full != nil && time.Now().Before(until); {
		seen := l.commits
		l.mu.Unlock()
		select {
		case <-full:
		case <-timer.C:
			timer.Reset(step)
		}
		l.mu.Lock()
		came = l.commits - seen
	}
	l.gathering = false
	g.waited(l.commits - before)
}
