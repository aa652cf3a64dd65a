package mvcc

import "github.com/oxidb/oxidb/columnar/segment"

// Held is the memory in bytes that a store's rows and indexes take beside the buffer pool: it cannot
// be given up before a checkpoint has written them.
type Held struct {
	Rows, Indexes int64
}

// Held looks at all chunks.
func (s *Store) Held() Held {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var sum Held
	for _, t := range s.tables {
		for _, c := range t.chunks {
			if c.sealed.Load() == nil {
				c.held(&sum)
			}
		}
	}
	return sum
}

// held adds what a chunk in memory takes; Store.mu is held.
func (c *chunk) held(sum *Held) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range c.builders {
		sum.Rows += int64(b.Size())
	}
	for _, v := range c.columns {
		sum.Rows += segment.MemoryBytes(v)
	}
	for _, x := range c.indexes {
		sum.Indexes += x.Bytes()
	}
}
