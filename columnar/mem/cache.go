package mem

import "sync/atomic"

// Cache is memory of a budget that gives way: it may take what nobody has reserved, and gives it up
// when somebody does.
type Cache struct {
	name   string
	budget *Budget
	held   atomic.Int64
	shrink func(bytes int64)
}

// NewCache registers a cache of b, before b is used. shrink gives up that many bytes, and Adds what it
// gave up; many goroutines may call it at once, whatever locks they hold but the cache's own.
func (b *Budget) NewCache(name string, shrink func(bytes int64)) *Cache {
	c := &Cache{name: name, budget: b, shrink: shrink}
	b.caches = append(b.caches, c)
	return c
}

// Add counts bytes that the cache has taken, or given up when negative.
func (c *Cache) Add(bytes int64) {
	c.held.Add(bytes)
	cached := c.budget.cached.Add(bytes)
	if limit := c.budget.Limit(); bytes > 0 && limit > 0 {
		regions.trim(max(limit-cached-c.budget.Used(), limit/8))
	}
}

// Name says what is cached.
func (c *Cache) Name() string { return c.name }

// Held is the bytes that the cache has.
func (c *Cache) Held() int64 { return c.held.Load() }

// Excess is how many bytes the cache must give up.
func (c *Cache) Excess() int64 { return max(c.budget.excess(c.budget.Used()), 0) }

// Caches lists the caches of b.
func (b *Budget) Caches() []*Cache { return b.caches }

// excess is how far caches are beyond what used bytes leave. A share of the warm regions that no query
// uses stays: the next query would take it from the caches again.
func (b *Budget) excess(used int64) int64 {
	limit := b.Limit()
	if limit <= 0 {
		return 0
	}
	return used + b.cached.Load() + min(regions.held.Load(), limit/8) - limit
}

// makeRoom lets free regions, then caches give up what used reserved bytes need.
func (b *Budget) makeRoom(used int64) {
	if len(b.caches) == 0 {
		return
	}
	limit := b.Limit()
	if limit <= 0 || used+b.cached.Load()+regions.held.Load() <= limit {
		return
	}
	regions.trim(max(limit-used-b.cached.Load(), 0))
	for _, c := range b.caches {
		if excess := used + b.cached.Load() - limit; excess > 0 {
			c.shrink(excess)
		}
	}
}
