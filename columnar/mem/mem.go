// Package mem is the memory of columns and operators: a tree of budgets in which whoever grows
// reserves first, caches that give way to them, and arenas of pooled, page-aligned memory outside the
// collector's heap.
//
// Fresh pages are what buffers cost (0.45 ns a byte at first touch, 0.013 warm; measured), so freed
// regions stay mapped and are handed to the next query, as long as nobody needs their memory.
package mem

import (
	"math"
	"sync/atomic"

	"github.com/oxidb/oxidb/sqlerr"
)

// Budget bounds the bytes reserved under it and under its children. A nil Budget is unlimited.
type Budget struct {
	name   string
	parent *Budget
	limit  int64 // 0: no own limit
	grant  int64 // what the parent has set aside: reservations up to it do not reach the parent
	used   atomic.Int64
	peak   atomic.Int64
	shares atomic.Int64 // children with a grant
	cached atomic.Int64 // of caches
	held   atomic.Int64 // of Set by children, which lies in the collector's heap
	caches []*Cache
	guard  *Guard
}

// NewBudget makes a budget of limit bytes (0: none) under parent (nil: none).
func NewBudget(name string, limit int64, parent *Budget) *Budget {
	return &Budget{name: name, limit: limit, parent: parent}
}

// Grant makes a budget of limit bytes (0: none) under b for which b sets bytes aside at once: it can
// reserve that many whatever others do. It fails with 53200 when b has not as many. End gives them back.
func (b *Budget) Grant(name string, limit, bytes int64) (*Budget, error) {
	if err := b.Reserve(bytes); err != nil {
		return nil, err
	}
	b.shares.Add(1)
	return &Budget{name: name, limit: limit, parent: b, grant: bytes}, nil
}

// End gives the grant of b back. All that was reserved in b must have been released.
func (b *Budget) End() {
	b.parent.Release(b.grant)
	b.parent.shares.Add(-1)
}

// above is how much of used bytes the parent must know of beside the grant.
func (b *Budget) above(used int64) int64 { return max(used-b.grant, 0) }

// Reserve takes bytes from b and its ancestors, from their caches if need be, or fails with 53200 and
// takes nothing.
func (b *Budget) Reserve(bytes int64) error {
	more := bytes
	for at := b; at != nil; at = at.parent {
		used := at.used.Add(more)
		if limit := at.Limit(); limit > 0 && used > limit {
			at.used.Add(-more)
			b.release(bytes, at)
			return sqlerr.New(sqlerr.OutOfMemory, "%s needs %d more bytes than its memory limit of %d allows", at.name, used-limit, limit).
				WithHint("Raise memory_limit, or let the query touch less data.")
		}
		at.makeRoom(used)
		for peak := at.peak.Load(); used > peak && !at.peak.CompareAndSwap(peak, used); peak = at.peak.Load() {
		}
		more = at.above(used) - at.above(used-more)
	}
	return nil
}

// Release gives bytes back.
func (b *Budget) Release(bytes int64) { b.release(bytes, nil) }

// release gives bytes back to b and its ancestors before end.
func (b *Budget) release(bytes int64, end *Budget) {
	for at := b; at != end; at = at.parent {
		used := at.used.Add(-bytes)
		bytes = at.above(used+bytes) - at.above(used)
	}
}

// Set makes bytes what b holds, whatever the limits are: of memory of the collector's heap that is there
// already and is told afterwards. One goroutine at a time may call it, and nothing else may reserve in b.
func (b *Budget) Set(bytes int64) {
	more := bytes - b.used.Load()
	if b.parent != nil {
		b.parent.held.Add(more)
	}
	for at := b; at != nil; at = at.parent {
		used := at.used.Add(more)
		at.makeRoom(used)
		for peak := at.peak.Load(); used > peak && !at.peak.CompareAndSwap(peak, used); peak = at.peak.Load() {
		}
		more = at.above(used) - at.above(used-more)
	}
}

// Name says whose memory it is.
func (b *Budget) Name() string { return b.name }

// Used is the bytes reserved now, those set aside for children with a grant among them.
func (b *Budget) Used() int64 { return b.used.Load() }

// Peak is the most that was ever reserved at once.
func (b *Budget) Peak() int64 { return b.peak.Load() }

// ResetPeak makes what is reserved now the peak.
func (b *Budget) ResetPeak() { b.peak.Store(b.used.Load()) }

// SetLimit changes the limit; 0 removes it. What is reserved beyond it stays.
func (b *Budget) SetLimit(limit int64) { atomic.StoreInt64(&b.limit, limit) }

// Limit is the budget's own limit in bytes, 0 for none.
func (b *Budget) Limit() int64 { return atomic.LoadInt64(&b.limit) }

// Capacity is what b can count on in bytes: the least limit of b and its ancestors, those that others
// have grants of divided among them; 0 when nothing has a limit.
func (b *Budget) Capacity() int64 {
	var least int64
	for at := b; at != nil; at = at.parent {
		if limit := at.Limit(); limit > 0 && (least == 0 || limit < least) {
			least = limit
		}
		if at.parent != nil && at.grant > 0 {
			if limit := at.parent.Limit() / max(at.parent.shares.Load(), 1); limit > 0 && (least == 0 || limit < least) {
				least = limit
			}
		}
	}
	return least
}

// Tight reports that b has more than three fifths of what it holds and could still get: who can do with
// less should begin to.
func (b *Budget) Tight() bool {
	used := b.Used()
	return used > (used+b.room())/5*3
}

// room is how many bytes b could reserve now.
func (b *Budget) room() int64 {
	least := int64(math.MaxInt64 / 2)
	if b == nil {
		return least
	}
	used := b.Used()
	if limit := b.Limit(); limit > 0 {
		least = limit - used
	}
	return max(min(least, b.parent.room()+max(b.grant-used, 0)), 0)
}
