package mvcc

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
)

// ForeignColumn gives the column number ordinal of row group number group of a file that is not the
// store's, from the buffer pool or made by load; file names one version of it. Many goroutines may ask at
// once: one makes it for all. load must not panic. The vector is Shared and never changes.
func (s *Store) ForeignColumn(file string, group, ordinal int, load func() (*columnar.Vector, error)) (*columnar.Vector, error) {
	found, err := s.pool.get(poolKey{foreign: file, group: group, ordinal: ordinal}, func() (pooled, error) {
		v, err := load()
		made := pooled{column: v}
		if err == nil && v.Enc == columnar.Dict {
			made.beside = segment.MemoryBytes(v.Dict.Values)
		}
		return made, err
	})
	return found.column, err
}

// KeptForeignColumn gives such a column if the buffer pool has it, else nil.
func (s *Store) KeptForeignColumn(file string, group, ordinal int) *columnar.Vector {
	return s.pool.peek(poolKey{foreign: file, group: group, ordinal: ordinal}).column
}

// peek gives what the pool has.
func (p *pool) peek(key poolKey) pooled {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.entries[key]
	if e == nil {
		return pooled{}
	}
	p.keeping.use(e)
	return e.what
}
