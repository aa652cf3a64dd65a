package mem

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Arena hands out zeroed or dirty memory that lives until Free. It belongs to one goroutine. Memory
// comes in regions of a power of two from a process-wide pool. Only pointer-free element types may
// be stored in it.
type Arena struct {
	budget  *Budget
	current []byte // rest of the region in use
	regions [][]byte
	bytes   int64
	small   bool // begins with regions of the collector's heap
}

// NewArena makes an arena whose regions are reserved in budget.
func NewArena(budget *Budget) *Arena { return &Arena{budget: budget} }

// NewSmallArena makes an arena for little memory that is held for long: its regions begin small, and
// come from the collector's heap.
func NewSmallArena(budget *Budget) *Arena { return &Arena{budget: budget, small: true} }

const (
	minRegion = 1 << 20
	alignment = 64
	// smallRegion is the first region of a small arena; each further one is as large as all before.
	smallRegion = 4 << 10
)

// Alloc gives n elements of T, zeroed when zero is set, else with unspecified content, aligned to 64
// bytes. It panics with the budget's *sqlerr.Error when the reservation fails; exec turns that into the query's error.
func Alloc[T any](a *Arena, n int, zero bool) []T {
	var t T
	size := n * int(unsafe.Sizeof(t))
	if size == 0 {
		return nil
	}
	b := a.take((size + alignment - 1) &^ (alignment - 1))
	if zero {
		clear(b)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), n)
}

func (a *Arena) take(size int) []byte {
	if size > len(a.current) {
		region := a.region(size)
		if len(region)-size <= len(a.current) {
			return region[:size:size] // the old rest is the larger one: keep it
		}
		a.current = region
	}
	b := a.current[:size:size]
	a.current = a.current[size:]
	return b
}

func (a *Arena) region(size int) []byte {
	bytes := int64(1) << regionClass(size)
	if a.small && max(a.bytes, int64(size)) < minRegion {
		bytes = max(int64(1)<<bits.Len(uint(size-1)), smallRegion, a.bytes)
	}
	var region []byte
	class := regionClass(int(bytes))
	if bytes >= minRegion {
		region = regions.take(class) // warm: it is there already
	}
	if a.budget != nil {
		if err := a.budget.Reserve(bytes); err != nil {
			if region != nil {
				regions.put(region)
			}
			panic(err)
		}
	}
	if bytes < minRegion {
		region = make([]byte, bytes)
	} else if region == nil {
		region = regions.grow(class, a.budget)
	}
	a.regions = append(a.regions, region)
	a.bytes += bytes
	return region
}

// Bytes is the memory that the arena holds.
func (a *Arena) Bytes() int64 { return a.bytes }

// Free gives everything back. Slices handed out must not be used any more.
func (a *Arena) Free() {
	for _, r := range a.regions {
		if len(r) >= minRegion {
			regions.put(r)
		}
	}
	if a.budget != nil {
		a.budget.Release(a.bytes)
	}
	a.regions, a.current, a.bytes = nil, nil, 0
}

// Pause gives the reservation back while nobody uses the memory, which stays; Resume takes it again, or
// fails with 53200.
func (a *Arena) Pause() {
	if a.budget != nil {
		a.budget.Release(a.bytes)
	}
}

// Resume undoes Pause.
func (a *Arena) Resume() error {
	if a.budget == nil {
		return nil
	}
	return a.budget.Reserve(a.bytes)
}

func regionClass(size int) int { return bits.Len(uint(max(size, minRegion) - 1)) }

// pool keeps freed regions by size class, up to a bound, still mapped and warm.
type pool struct {
	mu     sync.Mutex
	free   [48][][]byte
	held   atomic.Int64 // bytes of free
	mapped atomic.Int64 // bytes of all regions, free ones among them
}

// maxHeld bounds the warm memory that no query uses.
const maxHeld = 1 << 30

var regions pool

// take gives a free region, nil when there is none.
func (p *pool) take(class int) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.free[class])
	if n == 0 {
		return nil
	}
	region := p.free[class][n-1]
	p.free[class] = p.free[class][:n-1]
	p.held.Add(-int64(len(region)))
	return region
}

// grow maps a region for budget, which has reserved it.
func (p *pool) grow(class int, budget *Budget) []byte {
	budget.guarded(1 << class)
	p.mapped.Add(1 << class)
	return mapRegion(1 << class)
}

func (p *pool) put(region []byte) {
	p.mu.Lock()
	if p.held.Load()+int64(len(region)) <= maxHeld {
		class := regionClass(len(region))
		p.free[class] = append(p.free[class], region)
		p.held.Add(int64(len(region)))
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	p.unmap(region)
}

func (p *pool) unmap(region []byte) {
	unmapRegion(region)
	p.mapped.Add(-int64(len(region)))
}

// trim gives the largest free regions back to the system until at most keep bytes are left.
func (p *pool) trim(keep int64) {
	if p.held.Load() <= keep {
		return
	}
	var gone [][]byte
	p.mu.Lock()
	for class := len(p.free) - 1; class >= 0 && p.held.Load() > keep; class-- {
		for n := len(p.free[class]); n > 0 && p.held.Load() > keep; n-- {
			gone = append(gone, p.free[class][n-1])
			p.free[class] = p.free[class][:n-1]
			p.held.Add(-int64(1) << class)
		}
	}
	p.mu.Unlock()
	for _, region := range gone {
		p.unmap(region)
	}
}

// FreeRegions is the bytes of regions that no arena of the process uses and that stay mapped.
func FreeRegions() int64 { return regions.held.Load() }
