package segment

import "sync"

// Buffers are lent to readers of files for what they need while they decode a column. Many goroutines
// may use them at once. The zero value is empty.
type Buffers struct {
	mu   sync.Mutex
	free [][]byte
}

const (
	// maxBuffers is how many buffers wait for the next reader.
	maxBuffers = 4
	// maxBufferBytes is the size of the largest of them: a chunk's column is rarely larger.
	maxBufferBytes = 2 << 20
)

// take gives a buffer of n bytes with any content.
func (b *Buffers) take(n int) []byte {
	if b == nil {
		return make([]byte, n)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.free) - 1; i >= 0; i-- {
		if found := b.free[i]; cap(found) >= n {
			b.free[i] = b.free[len(b.free)-1]
			b.free = b.free[:len(b.free)-1]
			return found[:n]
		}
	}
	return make([]byte, n, max(n+n/4, 64<<10))
}

// put takes a buffer back: nobody may use it any more. The smallest is given up when there are too many.
func (b *Buffers) put(buffer []byte) {
	if b == nil || cap(buffer) > maxBufferBytes {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.free) < maxBuffers {
		b.free = append(b.free, buffer)
		return
	}
	least := 0
	for i, other := range b.free {
		if cap(other) < cap(b.free[least]) {
			least = i
		}
	}
	if cap(b.free[least]) < cap(buffer) {
		b.free[least] = buffer
	}
}
