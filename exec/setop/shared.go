package setop

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/types"
)

// Shared is a sub-plan that several readers read: it runs once, at the first reader's Prepare.
type Shared struct {
	input  exec.Operator
	kinds  []types.Type
	tables []*buffer.Table
	done   bool
}

// NewShared makes a shared sub-plan over input, with columns of these types.
func NewShared(input exec.Operator, kinds []types.Type) *Shared {
	return &Shared{input: input, kinds: kinds}
}

// Reader makes one more reader.
func (s *Shared) Reader() exec.Operator { return &sharedReader{shared: s} }

func (s *Shared) run(q *exec.Query) error {
	if s.done {
		return nil
	}
	if err := s.input.Prepare(q); err != nil {
		return err
	}
	tables, err := buffer.Drain(q, s.input, func(w *exec.Worker) *buffer.Table { return buffer.New(w.Arena, s.kinds) })
	s.tables, s.done = tables, err == nil
	return err
}

type sharedReader struct {
	shared *Shared
	rows   *buffer.Reader
}

// Prepare implements exec.Operator.
func (r *sharedReader) Prepare(q *exec.Query) error {
	if err := r.shared.run(q); err != nil {
		return err
	}
	r.rows = buffer.NewReader(q, r.Ordered(), r.shared.tables...)
	return nil
}

// Stream implements exec.Operator.
func (r *sharedReader) Stream(w *exec.Worker) columnar.Stream { return r.rows.Stream(w) }

// Feeds implements exec.Feeding.
func (r *sharedReader) Feeds() int { return r.rows.Feeds() }

// Ordered implements exec.Operator: the order of an ordered input is kept.
func (r *sharedReader) Ordered() bool { return r.shared.input.Ordered() }
