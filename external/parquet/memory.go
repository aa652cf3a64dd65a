package parquet

import (
	"math/bits"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

// pageMemory lends out the memory of pages, which the next pages use again: they come by the thousands,
// and none outlives the reading of the one after it. It is a memory.Allocator.
type pageMemory struct{ free [maxClass + 1]sync.Pool }

// maxClass is the largest size, as a power of two, that is kept for later.
const maxClass = 26

var _ memory.Allocator = (*pageMemory)(nil)

// Allocate gives n bytes of unspecified content.
func (m *pageMemory) Allocate(n int) []byte {
	class := bits.Len(uint(max(n, 64) - 1))
	if class > maxClass {
		return make([]byte, n)
	}
	if b, ok := m.free[class].Get().(*[]byte); ok {
		return (*b)[:n]
	}
	return make([]byte, n, 1<<class)
}

// Reallocate gives the bytes of b room for n.
func (m *pageMemory) Reallocate(n int, b []byte) []byte {
	if n <= cap(b) {
		return b[:n]
	}
	out := m.Allocate(n)
	copy(out, b)
	m.Free(b)
	return out
}

// Free takes b back.
func (m *pageMemory) Free(b []byte) {
	class := bits.Len(uint(max(cap(b), 1))) - 1
	if class > maxClass || class < 6 || cap(b) != 1<<class {
		return
	}
	b = b[:0]
	m.free[class].Put(&b)
}
