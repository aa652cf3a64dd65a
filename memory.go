package oxidb

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/types"
)

// memory divides a database's memory: what transactions and fresh rows hold is held, queries reserve
// what they need, and the buffer pool has the rest.
type memory struct {
	*mem.Budget
	guard   *mem.Guard // nil unless the limit is the process's
	rows    *mem.Budget
	indexes *mem.Budget
	plans   *mem.Budget

	stop chan struct{}
	done sync.WaitGroup
}

// measureEvery is how often memory that is not reserved beforehand is measured.
const measureEvery = 250 * time.Millisecond

// memoryLimit is the limit that a database is opened with: four fifths of what there is, 0 for none.
func (o *Options) memoryLimit() int64 {
	switch {
	case o.MemoryLimit < 0:
		return 0
	case o.MemoryLimit == 0:
		return mem.MachineBytes() / 5 * 4
	}
	return o.MemoryLimit
}

func newMemory(limit int64) *memory {
	m := &memory{Budget: mem.NewBudget("the database", limit, nil), stop: make(chan struct{})}
	m.rows = mem.NewBudget("fresh rows", 0, m.Budget)
	m.indexes = mem.NewBudget("indexes of fresh rows", 0, m.Budget)
	m.plans = mem.NewBudget("plan cache", 0, m.Budget)
	return m
}

// watch measures the store until close.
func (m *memory) watch(store *mvcc.Store, plans *planCache) {
	m.done.Go(func() {
		tick := time.NewTicker(measureEvery)
		defer tick.Stop()
		var last mvcc.Timestamp
		for {
			select {
			case <-m.stop:
				return
			case <-tick.C:
			}
			if at := store.Version(); at != last || m.rows.Used() > 0 {
				last = at
				m.measure(store)
			}
			m.plans.Set(plans.bytes())
			if m.guard != nil {
				m.guard.Measure()
			}
		}
	})
}

// measure counts what the store holds beside the buffer pool. One goroutine at a time may call it.
func (m *memory) measure(store *mvcc.Store) {
	held := store.Held()
	m.rows.Set(held.Rows)
	m.indexes.Set(held.Indexes)
}

// protect makes the limit one of the whole process.
func (m *memory) protect(limit int64) { m.guard = m.Protect(limit) }

// setLimit changes the limit of the database; 0 removes it.
func (m *memory) setLimit(limit int64) {
	if m.guard != nil {
		m.guard.SetLimit(limit)
		return
	}
	m.SetLimit(limit)
}

func (m *memory) close() {
	close(m.stop)
	m.done.Wait()
	if m.guard != nil {
		m.guard.Stop()
	}
}

// memoryLimitName is the setting of the database's memory, and of the most that one query of a session has.
const memoryLimitName = "memory_limit"

// takeMemoryLimit takes the database's limit over from its settings, when it is another one.
func (db *DB) takeMemoryLimit(from, to settings) {
	if from[memoryLimitName] != to[memoryLimitName] {
		limit, _ := strconv.ParseInt(to[memoryLimitName], 10, 64) // checked when it was set
		db.memory.setLimit(limit)
	}
}

// memoryColumns are those of oxidb_memory.
func memoryColumns() []catalog.Column {
	column := func(name string, t types.Type) catalog.Column { return catalog.Column{Name: name, Type: t} }
	return []catalog.Column{text("holder"), column("session", types.TBigInt), column("bytes", types.TBigInt), column("peak", types.TBigInt),
		column("limit", types.TBigInt), text("state")}
}

// memoryRows lists who holds how much of the database's memory: parts of the whole first, then the
// queries that run or wait.
func memoryRows(sc *scope, add func(...any)) {
	m := sc.session.db.memory
	limit := func(b int64) any {
		if b > 0 {
			return b
		}
		return nil
	}
	total := m.Limit()
	if m.guard != nil {
		total += m.guard.Fixed()
		add("process", nil, m.guard.Fixed(), nil, nil, "fixed")
	}
	used := m.Used()
	for _, c := range m.Caches() {
		used += c.Held()
		add(c.Name(), nil, c.Held(), nil, nil, "cache")
	}
	for _, b := range []*mem.Budget{m.rows, m.indexes, m.plans} {
		add(b.Name(), nil, b.Used(), b.Peak(), nil, "held")
	}
	for _, a := range sc.session.db.queries.list() {
		if a.memory == nil {
			add("query", int64(a.session), int64(0), int64(0), nil, fmt.Sprintf("waiting (%s)", a.priority))
			continue
		}
		add("query", int64(a.session), a.memory.Used(), a.memory.Peak(), limit(a.memory.Limit()), "running")
	}
	add("free regions", nil, mem.FreeRegions(), nil, nil, "cache")
	add("total", nil, used, m.Peak(), limit(total), "sum")
}

// bytes is roughly what the cache takes: trees are many times as long as their text.
func (c *planCache) bytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	var sum int64
	for sql := range c.entries {
		sum += 4096 + 32*int64(len(sql))
	}
	return sum
}
