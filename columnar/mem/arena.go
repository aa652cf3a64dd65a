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
}

// NewArena makes an arena whose regions are reserved in budget.
func NewArena(budget *Budget) *Arena { return &Arena{budget: budget} }

const (
	minRegion = 1 << 20
	alignment = 64
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
	class := regionClass(size)
	bytes := int64(1) << class
	if a.budget != nil {
		if err := a.budget.Reserve(bytes); err != nil {
			panic(err)
		}
	}
	region := regions.get(class)
	a.regions = append(a.regions, region)
	a.bytes += bytes
	return region
}

// Bytes is the memory that the arena holds.
func (a *Arena) Bytes() int64 { return a.bytes }

// Free gives everything back. Slices handed out must not be used any more.
func (a *Arena) Free() {
	for _, r := range a.regions {
		regions.put(r)
	}
	if a.budget != nil {
		a.budget.Release(a.bytes)
	}
	a.regions, a.current, a.bytes = nil, nil, 0
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
