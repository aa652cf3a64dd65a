package oxidb

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/sqlerr"
)

// priority orders queries that wait.
type priority int

const (
	lowPriority priority = iota
	normalPriority
	highPriority
	priorities
)

func (p priority) String() string { return [...]string{"low", "normal", "high"}[p] }

// admission lets so many queries run at once that each has its share of the memory. Those beyond wait,
// the higher priority first, then the earlier. Queries that handle few rows are not asked to wait.
type admission struct {
	memory *mem.Budget

	mu      sync.Mutex
	most    int // queries that run at once
	running map[*admitted]struct{}
	waiting [priorities][]*admitted
}

// admitted is a query that runs, or waits to.
type admitted struct {
	session  uint64
	priority priority
	limit    int64         // of its memory, 0 for none
	memory   *mem.Budget   // nil while it waits
	granted  bool          // memory has a grant
	ready    chan struct{} // closed when it may run
}

const (
	// maxWaiting bounds the queries that wait.
	maxWaiting = 1000
	// minShare is the least memory that a query begins with, while others run.
	minShare = 16 << 20
)

func newAdmission(memory *mem.Budget) *admission {
	return &admission{memory: memory, running: map[*admitted]struct{}{}}
}

// setMost changes how many queries run at once.
func (a *admission) setMost(most int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.most = most
	a.wake()
}

// enter waits until q may run: for its turn, at most patience long (0: as long as it takes), or ctx.
// Leave when the query has ended.
func (a *admission) enter(ctx context.Context, q *admitted, patience time.Duration) error {
	a.mu.Lock()
	if len(a.waiting[highPriority])+len(a.waiting[normalPriority])+len(a.waiting[lowPriority]) == 0 && a.start(q) {
		a.mu.Unlock()
		return nil
	}
	if n := len(a.waiting[lowPriority]) + len(a.waiting[normalPriority]) + len(a.waiting[highPriority]); n >= maxWaiting {
		a.mu.Unlock()
		return sqlerr.New(sqlerr.TooManyConnections, "too many queries: %d run and %d wait", a.most, n).WithHint("Try again later.")
	}
	q.ready = make(chan struct{})
	a.waiting[q.priority] = append(a.waiting[q.priority], q)
	a.wake() // the queue may have become shorter by one that gave up
	a.mu.Unlock()
	return a.wait(ctx, q, patience)
}

func (a *admission) wait(ctx context.Context, q *admitted, patience time.Duration) error {
	var late <-chan time.Time
	if patience > 0 {
		t := time.NewTimer(patience)
		defer t.Stop()
		late = t.C
	}
	var err error
	select {
	case <-q.ready:
		return nil
	case <-ctx.Done():
		err = exec.Interrupted(ctx)
	case <-late:
		err = sqlerr.New(sqlerr.TooManyConnections, "the query has waited %v for others to end", patience).
			WithHint("Try again later, SET query_priority = 'high', or raise queue_timeout, max_running_queries or memory_limit.")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if q.memory != nil { // it was its turn just now
		return nil
	}
	at := slices.Index(a.waiting[q.priority], q)
	a.waiting[q.priority] = slices.Delete(a.waiting[q.priority], at, at+1)
	a.wake()
	return err
}

// force lets q run at once: one that waits could hold up a query that it is a part of.
func (a *admission) force(q *admitted) {
	a.mu.Lock()
	defer a.mu.Unlock()
	q.memory = mem.NewBudget("the query", q.limit, a.memory)
	a.running[q] = struct{}{}
}

// start lets q run when there is room for it; a.mu is held. The only query has all of the memory.
func (a *admission) start(q *admitted) bool {
	if len(a.running) >= a.most {
		return false
	}
	share := a.share()
	if q.limit > 0 {
		share = min(share, q.limit)
	}
	granted, err := a.memory.Grant("the query", q.limit, share)
	switch {
	case err == nil:
		q.memory, q.granted = granted, true
	case len(a.running) > 0:
		return false
	default:
		q.memory = mem.NewBudget("the query", q.limit, a.memory)
	}
	a.running[q] = struct{}{}
	return true
}

// share is what a query begins with: half of the memory is divided evenly, the other half is for whoever
// needs more.
func (a *admission) share() int64 {
	limit := a.memory.Limit()
	return min(max(limit/2/int64(max(a.most, 1)), minShare), limit/2)
}

// leave ends a query, whose memory has been given back, and lets others run.
func (a *admission) leave(q *admitted) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.running, q)
	if q.granted {
		q.memory.End()
	}
	a.wake()
}

// wake lets those run that can, in their order; a.mu is held.
func (a *admission) wake() {
	for p := highPriority; p >= lowPriority; p-- {
		for len(a.waiting[p]) > 0 {
			q := a.waiting[p][0]
			if !a.start(q) {
				return
			}
			a.waiting[p] = a.waiting[p][1:]
			close(q.ready)
		}
	}
}

// list gives those that run and those that wait, by session.
func (a *admission) list() []admitted {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []admitted
	for q := range a.running {
		all = append(all, *q)
	}
	for _, waiting := range a.waiting {
		for _, q := range waiting {
			all = append(all, *q)
		}
	}
	slices.SortFunc(all, func(x, y admitted) int { return cmp.Compare(x.session, y.session) })
	return all
}

// maxRunningName is the setting of how many queries run at once.
const maxRunningName = "max_running_queries"

// budget is that of a query which handles few rows: it waits for nobody.
func (sc *scope) budget() *mem.Budget {
	return mem.NewBudget("the query", sc.set.memoryLimit, sc.session.db.memory.Budget)
}

// admit waits for the turn of a query of many rows and gives its budget. A session that has such a
// query already, of which it may be reading the rows, does not wait: nobody else could end it.
func (sc *scope) admit(ctx context.Context) (memory *mem.Budget, done func(), err error) {
	s := sc.session
	q := &admitted{session: s.id, priority: priorityOf(s.settings.settings["query_priority"]), limit: s.settings.integer(memoryLimitName)}
	if s.admitted.Load() > 0 {
		s.db.queries.force(q)
	} else if err := s.db.queries.enter(ctx, q, s.settings.millis("queue_timeout")); err != nil {
		return nil, nil, err
	}
	s.admitted.Add(1)
	return q.memory, func() {
		s.admitted.Add(-1)
		s.db.queries.leave(q)
	}, nil
}

func priorityOf(text string) priority {
	for p := lowPriority; p < priorities; p++ {
		if p.String() == text {
			return p
		}
	}
	return normalPriority
}
