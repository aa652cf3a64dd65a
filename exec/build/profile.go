package build

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/plan"
)

// Counters is what one node did. Times include the node's inputs; Run adds up over workers.
type Counters struct {
	Rows, Batches atomic.Int64
	// Prepare is the time until rows could flow, Run the time spent delivering them, in nanoseconds.
	Prepare, Run atomic.Int64
	// Serial is the part of Prepare, without that of the node's inputs, in which at most one of several
	// workers ran, in nanoseconds.
	Serial atomic.Int64
	// Memory is the growth of the query's reserved bytes during Prepare.
	Memory atomic.Int64
}

// Profile holds the counters of a profiled query by plan node.
type Profile struct {
	mu    sync.Mutex
	nodes map[plan.Node]*Counters
}

// NewProfile makes an empty profile.
func NewProfile() *Profile { return &Profile{nodes: map[plan.Node]*Counters{}} }

// Counters gives those of a node, or nil when it did not run.
func (p *Profile) Counters(n plan.Node) *Counters {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.nodes[n]
}

// Annotate describes what a node did, for plan.Format.
func (p *Profile) Annotate(n plan.Node) string {
	c := p.Counters(n)
	if c == nil {
		return " (never executed)"
	}
	text := fmt.Sprintf(" (actual rows=%d batches=%d time=%.2f ms", c.Rows.Load(), c.Batches.Load(), float64(c.Run.Load())/1e6)
	if prepare := c.Prepare.Load(); prepare > 0 {
		text += fmt.Sprintf(" prepare=%.2f ms", float64(prepare)/1e6)
	}
	if serial := c.Serial.Load(); serial >= 10_000 {
		text += fmt.Sprintf(" serial=%.2f ms", float64(serial)/1e6)
	}
	if memory := c.Memory.Load(); memory > 0 {
		text += fmt.Sprintf(" memory=%d KiB", memory>>10)
	}
	return text + ")"
}

func (p *Profile) measure(n plan.Node, op exec.Operator) exec.Operator {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.nodes[n]
	if c == nil {
		c = &Counters{}
		p.nodes[n] = c
	}
	return &measured{op, c}
}

// measured counts what passes through an operator.
type measured struct {
	exec.Operator
	c *Counters
}

// Prepare implements exec.Operator.
func (m *measured) Prepare(q *exec.Query) error {
	start, used := time.Now(), int64(0)
	if q.Memory != nil {
		used = q.Memory.Used()
	}
	serial, err := q.Work().Serial(func() error { return m.Operator.Prepare(q) })
	m.c.Prepare.Add(int64(time.Since(start)))
	if len(q.Workers) > 1 {
		m.c.Serial.Add(int64(serial))
	}
	if q.Memory != nil {
		m.c.Memory.Add(q.Memory.Used() - used)
	}
	return err
}

// Feeds implements exec.Feeding.
func (m *measured) Feeds() int { return exec.Feeds(m.Operator, exec.Unbounded) }

// Bound implements exec.Bounded.
func (m *measured) Bound(rows int64) { exec.Bound(m.Operator, rows) }

// Mask implements exec.Masking.
func (m *measured) Mask() { exec.AskMasks(m.Operator) }

// Stream implements exec.Operator.
func (m *measured) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		start := time.Now()
		defer func() { m.c.Run.Add(int64(time.Since(start))) }()
		for b, err := range m.Operator.Stream(w) {
			if err == nil {
				m.c.Rows.Add(int64(b.Rows()))
				m.c.Batches.Add(1)
			}
			// The consumer's time is not this node's.
			m.c.Run.Add(int64(time.Since(start)))
			more := yield(b, err)
			start = time.Now()
			if !more {
				return
			}
		}
	}
}
