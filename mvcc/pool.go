package mvcc

import (
	"container/list"
	"sync"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/index"
)

// defaultPoolBytes is the buffer pool's size when neither the options nor a memory limit say it.
const defaultPoolBytes = 2 << 30

// pool keeps sealed columns and index components of sealed chunks in memory: up to a number of bytes,
// and to what nobody else needs; see keeping for what goes first. What it gives up stays valid for
// whoever holds it. Many goroutines may use it at once.
type pool struct {
	mu      sync.Mutex
	limit   int64 // 0: only what others need bounds it
	used    int64
	cache   *mem.Cache
	entries map[poolKey]*poolEntry
	keeping keeping
	loading map[poolKey]*poolLoad
}

type poolKey struct {
	file           *segment.File
	group, ordinal int
	index          string // the path of a component; "" for a column
	foreign        string // instead of file: a version of a file that is not the store's
}

// pooled is a column or an index component.
type pooled struct {
	column    *columnar.Vector
	component index.Component
	beside    int64 // bytes of a dictionary that only the column has
}

func (p *pooled) bytes() int64 {
	if p.component != nil {
		return p.component.Bytes()
	}
	return segment.MemoryBytes(p.column) + p.beside
}

type poolEntry struct {
	key   poolKey
	what  pooled
	bytes int64
	uses  uses
	fresh bool          // it is in keeping.fresh
	at    *list.Element // in its list
}

// poolLoad is a read that others wait for.
type poolLoad struct {
	done chan struct{}
	what pooled
	err  error
}

func newPool(limit int64, memory *mem.Budget) *pool {
	if limit <= 0 && memory.Limit() == 0 {
		limit = defaultPoolBytes
	}
	p := &pool{limit: max(limit, 0), entries: map[poolKey]*poolEntry{}, keeping: keeping{gone: map[poolKey]uses{}}, loading: map[poolKey]*poolLoad{}}
	p.cache = memory.NewCache("buffer pool", p.shrink)
	return p
}

// charge is what an entry counts for: the collector needs room beside what it keeps.
func charge(bytes int64) int64 { return bytes + bytes/2 }

// get gives a column or component, made by load when it is not there; one goroutine makes it for all.
func (p *pool) get(key poolKey, load func() (pooled, error)) (pooled, error) {
	p.mu.Lock()
	if e := p.entries[key]; e != nil {
		p.keeping.use(e)
		p.mu.Unlock()
		return e.what, nil
	}
	if l := p.loading[key]; l != nil {
		p.mu.Unlock()
		<-l.done
		return l.what, l.err
	}
	l := &poolLoad{done: make(chan struct{})}
	p.loading[key] = l
	p.mu.Unlock()
	l.what, l.err = load()
	p.mu.Lock()
	delete(p.loading, key)
	p.mu.Unlock()
	if l.err == nil {
		p.put(key, l.what)
	}
	close(l.done)
	return l.what, l.err
}

// put adds a column or component and gives up others beyond the limit.
func (p *pool) put(key poolKey, what pooled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.entries[key] != nil {
		return
	}
	e := &poolEntry{key: key, what: what, bytes: what.bytes()}
	p.entries[key] = e
	p.used += e.bytes
	p.keeping.add(e)
	p.cache.Add(charge(e.bytes))
	for len(p.entries) > 1 && (p.limit > 0 && p.used > p.limit || p.cache.Excess() > 0) {
		p.drop(p.keeping.least(p.used))
	}
	p.keeping.settle(p.used)
	p.keeping.age(len(p.entries))
}

// replace puts a column or component in the place of what there was.
func (p *pool) replace(key poolKey, what pooled) {
	p.mu.Lock()
	if e := p.entries[key]; e != nil {
		p.drop(e)
	}
	p.mu.Unlock()
	p.put(key, what)
}

// shrink gives up bytes, as they are charged.
func (p *pool) shrink(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for keep := p.cache.Held() - bytes; p.cache.Held() > keep && len(p.entries) > 0; {
		p.drop(p.keeping.least(p.used))
	}
}

func (p *pool) drop(e *poolEntry) {
	delete(p.entries, e.key)
	p.keeping.remove(e)
	p.used -= e.bytes
	p.cache.Add(-charge(e.bytes))
}

// forget gives up what belongs to a file.
func (p *pool) forget(f *segment.File) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, e := range p.entries {
		if key.file == f {
			p.drop(e)
		}
	}
	for key := range p.keeping.gone {
		if key.file == f {
			delete(p.keeping.gone, key)
		}
	}
}
