package mem

import (
	"testing"

	"github.com/oxidb/oxidb/sqlerr"
)

// A cache that holds on to what a query reserves would make the query fail beside memory that nobody needs.
func TestCachesGiveWay(t *testing.T) {
	root := NewBudget("process", 100<<20, nil)
	var c *Cache
	c = root.NewCache("pool", func(bytes int64) { c.Add(-bytes) })
	c.Add(90 << 20)
	if c.Excess() != 0 {
		t.Errorf("excess of %d below the limit", c.Excess())
	}
	query := NewBudget("query", 0, root)
	if err := query.Reserve(60 << 20); err != nil {
		t.Fatal(err)
	}
	if c.Held() != 40<<20 {
		t.Errorf("the cache has %d bytes", c.Held())
	}
	c.Add(10 << 20)
	if c.Excess() < 10<<20 {
		t.Errorf("excess is %d", c.Excess())
	}
	if err := query.Reserve(41 << 20); sqlerr.StateOf(err) != sqlerr.OutOfMemory {
		t.Errorf("beyond the limit: %v", err)
	}
}

// A grant that others can use up would let queries that run fail when new ones begin.
func TestGrantsAreSetAside(t *testing.T) {
	root := NewBudget("process", 100, nil)
	a, err := root.Grant("a", 0, 30)
	if err != nil {
		t.Fatal(err)
	}
	b := NewBudget("b", 0, root)
	if err := b.Reserve(71); sqlerr.StateOf(err) != sqlerr.OutOfMemory || b.Used() != 0 || root.Used() != 30 {
		t.Errorf("into the grant: %v, %d of %d used", err, b.Used(), root.Used())
	}
	if err := b.Reserve(60); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		reserve, root int64
		ok            bool
	}{{20, 90, true}, {15, 95, true}, {6, 95, false}, {5, 100, true}, {-12, 90, true}, {-28, 90, true}} {
		if step.reserve < 0 {
			a.Release(-step.reserve)
		} else if err := a.Reserve(step.reserve); (err == nil) != step.ok {
			t.Errorf("reserving %d: %v", step.reserve, err)
		}
		if root.Used() != step.root {
			t.Errorf("after %d: %d used, not %d", step.reserve, root.Used(), step.root)
		}
	}
	a.End()
	if root.Used() != 60 || a.Used() != 0 {
		t.Errorf("after the end %d are used", root.Used())
	}
}

// Without trimming, memory that an earlier query used would be lost to caches and later queries.
func TestFreeRegionsGoBackToTheSystem(t *testing.T) {
	a := NewArena(nil)
	Alloc[byte](a, 32<<20, false)
	a.Free()
	held, mapped := regions.held.Load(), regions.mapped.Load()
	if held < 32<<20 {
		t.Fatalf("%d bytes are free", held)
	}
	regions.trim(held - 1)
	if gone := held - regions.held.Load(); gone < 1 || regions.mapped.Load() != mapped-gone {
		t.Errorf("%d bytes went back, %d are mapped of %d", gone, regions.mapped.Load(), mapped)
	}
}
