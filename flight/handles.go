package flight

import (
	"container/list"
	"crypto/rand"
	"sync"
	"time"
)

// newID is a handle that nobody can guess.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return string(b[:])
}

// handles keeps what clients refer to by id, in order of use. An entry that nobody uses for ttl ends;
// one that is in use never does. Beyond limit the longest unused one ends (F5).
type handles[T any] struct {
	ttl   time.Duration
	limit int
	end   func(id string, v T)
	now   func() time.Time

	mu    sync.Mutex
	byID  map[string]*list.Element
	order *list.List // front: used last
}

type handle[T any] struct {
	id      string
	value   T
	users   int
	last    time.Time
	removed bool
}

// newHandles makes an empty set; end, which may be nil, is called once for every entry that leaves,
// after its last user.
func newHandles[T any](ttl time.Duration, limit int, end func(string, T)) *handles[T] {
	if end == nil {
		end = func(string, T) {}
	}
	return &handles[T]{ttl: ttl, limit: limit, end: end, now: time.Now, byID: map[string]*list.Element{}, order: list.New()}
}

// add keeps v under id. It is false when all entries up to the limit are in use.
func (h *handles[T]) add(id string, v T) bool {
	h.mu.Lock()
	var evicted *handle[T]
	if len(h.byID) >= h.limit {
		if evicted = h.longestUnused(); evicted == nil {
			h.mu.Unlock()
			return false
		}
		h.unlink(evicted)
	}
	h.byID[id] = h.order.PushFront(&handle[T]{id: id, value: v, last: h.now()})
	h.mu.Unlock()
	if evicted != nil {
		h.end(evicted.id, evicted.value)
	}
	return true
}

// full reports whether the limit is reached.
func (h *handles[T]) full() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.byID) >= h.limit
}

func (h *handles[T]) longestUnused() *handle[T] {
	for e := h.order.Back(); e != nil; e = e.Prev() {
		if entry := e.Value.(*handle[T]); entry.users == 0 {
			return entry
		}
	}
	return nil
}

// unlink takes an entry out; the caller holds the lock.
func (h *handles[T]) unlink(entry *handle[T]) {
	h.order.Remove(h.byID[entry.id])
	delete(h.byID, entry.id)
	entry.removed = true
}

// use gives the entry and keeps it alive until done is called.
func (h *handles[T]) use(id string) (v T, done func(), ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e, ok := h.byID[id]
	if !ok {
		return v, nil, false
	}
	entry := e.Value.(*handle[T])
	entry.users++
	entry.last = h.now()
	h.order.MoveToFront(e)
	return entry.value, sync.OnceFunc(func() { h.done(entry) }), true
}

func (h *handles[T]) done(entry *handle[T]) {
	h.mu.Lock()
	entry.users--
	entry.last = h.now()
	if !entry.removed {
		h.order.MoveToFront(h.byID[entry.id])
	}
	over := entry.removed && entry.users == 0
	h.mu.Unlock()
	if over {
		h.end(entry.id, entry.value)
	}
}

// remove takes the entry out; it ends after its last user.
func (h *handles[T]) remove(id string) (v T, ok bool) {
	h.mu.Lock()
	e, ok := h.byID[id]
	if !ok {
		h.mu.Unlock()
		return v, false
	}
	entry := e.Value.(*handle[T])
	h.unlink(entry)
	idle := entry.users == 0
	h.mu.Unlock()
	if idle {
		h.end(entry.id, entry.value)
	}
	return entry.value, true
}

// find lists the ids of entries that match.
func (h *handles[T]) find(match func(T) bool) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var ids []string
	for id, e := range h.byID {
		if match(e.Value.(*handle[T]).value) {
			ids = append(ids, id)
		}
	}
	return ids
}

// expire ends what was not used for ttl.
func (h *handles[T]) expire() {
	h.mu.Lock()
	var over []*handle[T]
	limit := h.now().Add(-h.ttl)
	for e := h.order.Back(); e != nil; {
		entry, next := e.Value.(*handle[T]), e.Prev()
		if entry.last.After(limit) {
			break
		}
		if entry.users == 0 {
			h.unlink(entry)
			over = append(over, entry)
		}
		e = next
	}
	h.mu.Unlock()
	for _, entry := range over {
		h.end(entry.id, entry.value)
	}
}

// clear removes everything.
func (h *handles[T]) clear() {
	for _, id := range h.find(func(T) bool { return true }) {
		h.remove(id)
	}
}
