package aggregate

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/plan"
)

// Frames computes aggregates over sets of rows that overlap, the frames of a window: rows are folded
// into numbered states, states are merged into others. It belongs to one worker.
type Frames struct {
	spec     *spec
	eval     *evaluators
	scratch  *scratch
	st       *states
	finished bool
}

// NewFrames makes the aggregates aggs over rows of the columns in.
func NewFrames(aggs []plan.NamedAgg, in expr.Input, w *exec.Worker) (*Frames, error) {
	s, err := newSpec(&plan.Aggregate{Aggs: aggs})
	if err != nil {
		return nil, err
	}
	e, err := compile(s, in, w)
	if err != nil {
		return nil, err
	}
	return &Frames{spec: s, eval: e, scratch: newScratch(w.Arena)}, nil
}

// Mergeable reports whether Merge may be used: not with aggregates that keep their rows.
func (f *Frames) Mergeable() bool {
	for i := range f.spec.accs {
		if name := f.spec.accs[i].name; name == "string_agg" || name == "any_value" {
			return false
		}
	}
	return true
}

// Reset makes n empty states in arena; those before are gone.
func (f *Frames) Reset(arena *mem.Arena, n int) {
	f.st, f.finished = newStates(f.spec, arena, f.scratch), false
	f.st.resize(n)
}

// Add folds the rows of a batch, at most columnar.BatchSize, into states: ids[i] is that of the i-th.
func (f *Frames) Add(b *columnar.Batch, ids []uint32) error { return f.eval.update(f.st, b, ids) }

// Merge folds state from[i] into state to[i], one after the other: what has been merged into a state
// goes on with it. No row may get into a state twice; then sums cannot overflow their words, which
// their bounds hold for all rows together (A2).
func (f *Frames) Merge(from, to []uint32) {
	st, stride := f.st, len(f.spec.kinds)
	for j, g := range from {
		a := st.words[int(to[j])*stride:][:stride]
		b := st.words[int(g)*stride:][:stride]
		for w, kind := range f.spec.kinds {
			mergeWord(kind, &a[w], b[w])
		}
	}
	for i := range st.sums {
		s := &st.sums[i]
		if s.wide == nil {
			continue
		}
		s.grow(st.arena, st.n)
		for j, g := range from {
			s.wide[to[j]] = add128(s.wide[to[j]], s.wide[g])
		}
	}
	for _, a := range st.accs {
		a.merge(a, from, to)
	}
}

// Column gives aggregate i of the states ids, in arena. Nothing may be added from then on.
func (f *Frames) Column(i int, arena *mem.Arena, ids []uint32) (*columnar.Vector, error) {
	if !f.finished {
		f.finished = true
		for _, a := range f.st.accs {
			a.finish()
		}
	}
	e := emitter{spec: f.spec, st: f.st, arena: arena, ids: ids}
	return e.column(&f.spec.calls[i])
}
