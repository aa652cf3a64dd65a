package runner

import (
	"sync"
	"sync/atomic"

	"github.com/oxidb/oxidb/bench/tpch/dbgen"
	"github.com/oxidb/oxidb/columnar"
)

// buffers are reused from chunk to chunk: fresh memory costs more than generating into it.
type buffers struct {
	pool sync.Pool
}

func newBuffers(t dbgen.Table) *buffers {
	kinds, dicts := columnTypes(t), dictionaries(t)
	return &buffers{sync.Pool{New: func() any {
		b := &buffer{vectors: make([]columnar.Vector, len(kinds)), dicts: dicts}
		for i := range kinds {
			b.vectors[i].Type = kinds[i]
		}
		return b
	}}}
}

func (p *buffers) take() *buffer  { return p.pool.Get().(*buffer) }
func (p *buffers) give(b *buffer) { p.pool.Put(b) }

// counter adds rows of several workers and reports the sum.
type counter struct {
	rows   atomic.Int64
	mu     sync.Mutex
	report func(int64)
}

func newCounter(report func(int64)) *counter { return &counter{report: report} }

func (c *counter) add(n int64) {
	rows := c.rows.Add(n)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report(rows)
}
