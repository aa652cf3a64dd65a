package exec

import (
	"sync/atomic"
)

// RuntimeFilter is what a join's build side knows of its keys: a probe row whose key cannot be in it
// cannot match. It is published whole or not at all.
type RuntimeFilter struct {
	// Empty: the build side has no rows; nothing can match.
	Empty bool
	// Min and Max bound the integer keys; Bits, when set, has bit (key - Min) for every key.
	Min, Max int64
	Bits     []uint64
	// Codes is for text keys: nil here; strings are filtered by the join itself.
}

// Has reports whether a row with this key may match.
func (f *RuntimeFilter) Has(key int64) bool {
	if f.Empty || key < f.Min || key > f.Max {
		return false
	}
	at := uint64(key - f.Min)
	return f.Bits == nil || at>>6 < uint64(len(f.Bits)) && f.Bits[at>>6]>>(at&63)&1 != 0
}

// RuntimeFilters holds the filters of one query by their number. A probe finds nil as long as the
// build has not published.
type RuntimeFilters struct {
	slots [64]atomic.Pointer[RuntimeFilter]
}

// Publish makes filter id visible to scans.
func (f *RuntimeFilters) Publish(id int, filter *RuntimeFilter) {
	if id < len(f.slots) {
		f.slots[id].Store(filter)
	}
}

// Get is the published filter id, or nil.
func (f *RuntimeFilters) Get(id int) *RuntimeFilter {
	if id >= len(f.slots) {
		return nil
	}
	return f.slots[id].Load()
}
