package mem

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync"
)

// Guard keeps the resident size of the process near a limit: the collector's limit is what mapped
// regions leave, and memory that the collector has freed goes back to the system when a region needs
// it. There is one collector: a process has one guard at most.
type Guard struct {
	mu       sync.Mutex
	budget   *Budget
	limit    int64
	fixed    int64 // of the process, beside what the budget counts
	goal     int64 // of the collector, as last set
	released int64 // mapped bytes when memory was last given back
	before   int64 // the collector's limit before the guard
	samples  []metrics.Sample
	cycles   int64    // of the collector, when it was measured last
	others   [4]int64 // bytes of the heap that nobody counts, as measured last
}

// Positions in Guard.samples.
const (
	total = iota
	released
	heapObjects
	heapUnused
	heapFree
	heapLive
	gcCycles
)

// Protect makes limit bytes the bound of the whole process: what it takes beside what b counts is taken
// from b's limit. Stop ends it.
func (b *Budget) Protect(limit int64) *Guard {
	g := &Guard{budget: b, before: debug.SetMemoryLimit(-1), samples: []metrics.Sample{
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"}, {Name: "/memory/classes/heap/free:bytes"}, {Name: "/gc/heap/live:bytes"},
		{Name: "/gc/cycles/total:gc-cycles"}}}
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
	for range g.others {
		g.fixed = g.uncounted()
	}
	g.budget.SetLimit(g.counted())
	g.pace(regions.mapped.Load())
}

// Measure looks at what the process takes beside what the budget counts, and leaves the budget the rest.
// Call it every now and then.
func (g *Guard) Measure() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.limit == 0 {
		return
	}
	metrics.Read(g.samples[gcCycles:])
	if cycles := g.sample(gcCycles); cycles == g.cycles {
		return // what is live is not known better than before
	}
	g.fixed = g.uncounted()
	g.budget.SetLimit(g.counted())
}

// counted is the limit of the budget. Queries count on half of the memory.
func (g *Guard) counted() int64 { return max(g.limit-g.fixed, g.limit/2) }

// uncounted is what the process takes for its code, its run time, and for what lies in the heap beside
// caches and what is Set, with the room that the collector needs for it. Caches change between a
// collection and now, so that of the latest few differences the least is the best guess.
func (g *Guard) uncounted() int64 {
	metrics.Read(g.samples)
	g.cycles = g.sample(gcCycles)
	copy(g.others[:], g.others[1:])
	g.others[len(g.others)-1] = max(g.sample(heapLive)-g.budget.cached.Load()/3*2-g.budget.held.Load(), 0)
	others := slices.Min(g.others[:])
	heap := g.sample(heapObjects) + g.sample(heapUnused) + g.sample(heapFree)
	return fileBytes() + g.sample(total) - g.sample(released) - heap + others + others/2
}

// Stop gives the collector its earlier limit.
func (g *Guard) Stop() { debug.SetMemoryLimit(g.before) }

// Fixed is the bytes that the process takes beside what the budget counts.
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
	metrics.Read(g.samples[:heapObjects])
	switch heap := g.sample(total) - g.sample(released); {
	case heap <= g.goal+g.limit/32:
		g.released = mapped
	case mapped > g.released+g.limit/32 || mapped < g.released:
		g.released = mapped
		debug.FreeOSMemory()
	}
}

// codeBytes stands for the program's code in memory where the system does not tell.
const codeBytes = 40 << 20
