package mem

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// Guard keeps the resident size of the process near a limit: the collector's limit is what mapped
// regions leave, and memory that the collector has freed goes back to the system when a region needs
// it. There is one collector: a process has one guard at most.
type Guard struct {
	mu       sync.Mutex
	budget   *Budget
	limit    int64
	fixed    int64 // of the process, whatever the database does
	goal     int64 // of the collector, as last set
	released int64 // mapped bytes when memory was last given back
	before   int64 // the collector's limit before the guard
	samples  []metrics.Sample
}

// Protect makes limit bytes the bound of the whole process: what the process takes already, for its
// code, its run time and what lies in the heap beside caches, is taken from b's limit. Stop ends it.
func (b *Budget) Protect(limit int64) *Guard {
	g := &Guard{budget: b, before: debug.SetMemoryLimit(-1), samples: []metrics.Sample{
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}}
	b.guard = g
	g.SetLimit(limit)
	return g
}

// SetLimit changes the bound; 0 removes it.
func (g *Guard) SetLimit(limit int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limit = limit
	if limit == 0 {
		debug.SetMemoryLimit(g.before)
		g.budget.SetLimit(0)
		return
	}
	runtime.GC() // what is left is what stays
	metrics.Read(g.samples)
	total, released, objects := g.sample(0), g.sample(1), g.sample(2)
	idle := g.sample(3) + g.sample(4)
	kept := max(objects-g.budget.cached.Load()/3*2, 0)
	g.fixed = fileBytes() + (total - released - objects - idle) + kept + kept/2
	g.budget.SetLimit(max(limit-g.fixed, limit/4))
	g.pace(regions.mapped.Load())
}

// Stop gives the collector its earlier limit.
func (g *Guard) Stop() { debug.SetMemoryLimit(g.before) }

// Fixed is the bytes that are taken whatever the database does.
func (g *Guard) Fixed() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.fixed
}

func (g *Guard) sample(i int) int64 { return int64(g.samples[i].Value.Uint64()) }

// pace gives the collector what mapped bytes of regions leave.
func (g *Guard) pace(mapped int64) {
	goal := max(g.limit-mapped-fileBytes(), g.limit/8)
	if step := goal - g.goal; step > g.limit/64 || -step > g.limit/64 {
		debug.SetMemoryLimit(goal)
		g.goal = goal
	}
}

// guarded prepares the process for bytes more of regions.
func (b *Budget) guarded(bytes int64) {
	for b != nil && b.parent != nil {
		b = b.parent
	}
	if b != nil && b.guard != nil {
		b.guard.grow(bytes)
	}
}

func (g *Guard) grow(bytes int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.limit == 0 {
		return
	}
	mapped := regions.mapped.Load() + bytes
	g.pace(mapped)
	metrics.Read(g.samples[:2])
	switch heap := g.sample(0) - g.sample(1); {
	case heap <= g.goal+g.limit/32:
		g.released = mapped
	case mapped > g.released+g.limit/32 || mapped < g.released:
		g.released = mapped
		debug.FreeOSMemory()
	}
}

// codeBytes stands for the program's code in memory where the system does not tell.
const codeBytes = 40 << 20
