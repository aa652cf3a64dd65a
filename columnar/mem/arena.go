package mem

import (
	"math/bits"
	"sync"
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
	if a.budget != nil {
		if err := a.budget.Reserve(bytes); err != nil {
			panic(err)
		}
	}
	a.bytes += bytes
	if bytes < minRegion {
		a.regions = append(a.regions, make([]byte, bytes))
	} else {
		a.regions = append(a.regions, regions.get(regionClass(int(bytes))))
	}
	return a.regions[len(a.regions)-1]
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
	mu   sync.Mutex
	free [48][][]byte
	held int64
}

// maxHeld bounds the warm memory that no query uses.
const maxHeld = 1 << 30

var regions pool

func (p *pool) get(class int) []byte {
	p.mu.Lock()
	if free := p.free[class]; len(free) > 0 {
		region := free[len(free)-1]
		p.free[class] = free[:len(free)-1]
		p.held -= int64(len(region))
		p.mu.Unlock()
		return region
	}
	p.mu.Unlock()
	return mapRegion(1 << class)
}

func (p *pool) put(region []byte) {
	p.mu.Lock()
	if p.held+int64(len(region)) <= maxHeld {
		class := regionClass(len(region))
		p.free[class] = append(p.free[class], region)
		p.held += int64(len(region))
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	unmapRegion(region)
}
