package segment

import "testing"

// A buffer that is in use twice would mix the bytes of two columns; buffers that are kept for ever
// would be memory that nobody counts.
func TestBuffersAreLentOnce(t *testing.T) {
	var b Buffers
	first := b.take(100)
	b.put(first)
	second := b.take(50)
	if &first[0] != &second[0] {
		t.Error("a buffer that was put back is not lent again")
	}
	if third := b.take(50); &third[0] == &second[0] {
		t.Error("a buffer is lent twice")
	}
	for n := range 3 * maxBuffers {
		b.put(make([]byte, 1000+n))
	}
	b.put(make([]byte, maxBufferBytes+1))
	var held int
	for _, buffer := range b.free {
		held += cap(buffer)
	}
	if len(b.free) != maxBuffers || held > maxBuffers*(1000+3*maxBuffers) {
		t.Errorf("%d buffers of %d bytes are kept", len(b.free), held)
	}
	if found := b.take(1000 + 3*maxBuffers - 1); len(found) != 1000+3*maxBuffers-1 || len(b.free) != maxBuffers-1 {
		t.Error("the largest buffers are not those that are kept")
	}
}
