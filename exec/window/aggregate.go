package window

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec/aggregate"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/plan"
)

// aggregated computes an aggregate over frames.
type aggregated struct {
	eval   *evaluation
	bounds *frameBounds
	states *aggregate.Frames
	cols   []int // that the aggregate looks at
	slots  []buffer.Slot
	batch  columnar.Batch
	ids    []uint32
}

func newAggregate(e *evaluation, n *plan.NamedWindow, b *frameBounds) (computer, error) {
	a := &aggregated{eval: e, bounds: b}
	var in expr.Input
	need := append([]plan.Expr(nil), n.Call.Arg...)
	if n.Call.Filter != nil {
		need = append(need, n.Call.Filter)
	}
	for _, x := range need {
		a.cols = append(a.cols, e.operator.at(x))
		in = append(in, *x.(*plan.Column))
	}
	call := plan.AggCall{Fn: n.Call.Agg, Arg: n.Call.Arg, Filter: n.Call.Filter, Typ: n.Call.Typ}
	var err error
	a.states, err = aggregate.NewFrames([]plan.NamedAgg{{Out: n.Out, Agg: call}}, in, e.worker)
	a.slots, a.batch.Cols = make([]buffer.Slot, len(a.cols)), make([]*columnar.Vector, len(a.cols))
	a.ids = mem.Alloc[uint32](e.worker.Arena, columnar.BatchSize, false)
	return a, err
}

func (a *aggregated) compute(s *section) (result, error) {
	f, err := a.bounds.frames(s)
	if err != nil {
		return result{}, err
	}
	switch {
	case f.whole:
		return a.partitions(s)
	case !a.states.Mergeable():
		return a.expanded(s, f)
	case f.running:
		return a.running(s, f)
	}
	return a.tree(s, f)
}

// add folds the rows at places into states, ids by place.
func (a *aggregated) add(s *section, rows, ids []uint32) error {
	for from := 0; from < len(rows); from += columnar.BatchSize {
		if err := a.eval.operator.query.Err(); err != nil {
			return err
		}
		to := min(from+columnar.BatchSize, len(rows))
		for i, c := range a.cols {
			a.batch.Cols[i] = a.slots[i].Gather(a.eval.worker.Arena, s.cols[c], rows[from:to], nil, to-from, false)
		}
		a.batch.Len = to - from
		if err := a.states.Add(&a.batch, ids[from:to]); err != nil {
			return err
		}
	}
	return nil
}

// values gives the results of states 0 to n-1.
func (a *aggregated) values(s *section, n int, at []uint32) (result, error) {
	v, err := a.states.Column(0, s.arena, sequence(s.arena, 0, n))
	return result{values: v, at: at}, err
}

func sequence(arena *mem.Arena, from, n int) []uint32 {
	ids := mem.Alloc[uint32](arena, n, false)
	for i := range ids {
		ids[i] = uint32(from + i)
	}
	return ids
}

// partitions has one state a partition.
func (a *aggregated) partitions(s *section) (result, error) {
	at := mem.Alloc[uint32](s.arena, len(s.rows), false)
	n := 0
	for i, first := range s.first {
		if int(first) == i {
			n++
		}
		at[i] = uint32(n - 1)
	}
	a.states.Reset(s.arena, n)
	if err := a.add(s, s.rows, at); err != nil {
		return result{}, err
	}
	return a.values(s, n, at)
}

// running merges the rows' states one into the next: each is that of its partition up to there. The
// state behind them is that of an empty frame.
func (a *aggregated) running(s *section, f *frames) (result, error) {
	n := len(s.rows)
	a.states.Reset(s.arena, n+1)
	if err := a.add(s, s.rows, sequence(s.arena, 0, n)); err != nil {
		return result{}, err
	}
	from, to := mem.Alloc[uint32](s.arena, n, false)[:0], mem.Alloc[uint32](s.arena, n, false)[:0]
	for i, first := range s.first {
		if uint32(i) != first {
			from, to = append(from, uint32(i-1)), append(to, uint32(i))
		}
	}
	a.states.Merge(from, to)
	at := mem.Alloc[uint32](s.arena, n, false)
	for i := range at {
		if at[i] = f.hi[i] - 1; f.lo[i] == f.hi[i] {
			at[i] = uint32(n)
		}
	}
	return a.values(s, n+1, at)
}

// tree has the rows' states as leaves n to 2n-1 of a segment tree, whose node i is its children 2i and
// 2i+1 merged; a frame's state is merged from the few nodes that cover it.
func (a *aggregated) tree(s *section, f *frames) (result, error) {
	n := len(s.rows)
	at := f.distinct(s.arena)
	results := int(at[n-1]) + 1
	a.states.Reset(s.arena, 2*n+results)
	if err := a.add(s, s.rows, sequence(s.arena, n, n)); err != nil {
		return result{}, err
	}
	from, to := make([]uint32, 0, mergeAtOnce+128), make([]uint32, 0, mergeAtOnce+128)
	flush := func() error {
		a.states.Merge(from, to)
		from, to = from[:0], to[:0]
		return a.eval.operator.query.Err()
	}
	for i := n - 1; i > 0; i-- {
		from, to = append(from, uint32(2*i), uint32(2*i+1)), append(to, uint32(i), uint32(i))
		if len(from) >= mergeAtOnce {
			if err := flush(); err != nil {
				return result{}, err
			}
		}
	}
	var parts [3]span
	for i := range n {
		if i > 0 && at[i] == at[i-1] {
			continue
		}
		for _, p := range f.parts(i, &parts) {
			l, r := p.from+uint32(n), p.to+uint32(n)
			for ; l < r; l, r = l/2, r/2 {
				if l&1 != 0 {
					from, to = append(from, l), append(to, uint32(2*n)+at[i])
					l++
				}
				if r&1 != 0 {
					r--
					from, to = append(from, r), append(to, uint32(2*n)+at[i])
				}
			}
		}
		if len(from) >= mergeAtOnce {
			if err := flush(); err != nil {
				return result{}, err
			}
		}
	}
	if err := flush(); err != nil {
		return result{}, err
	}
	v, err := a.states.Column(0, s.arena, sequence(s.arena, 2*n, results))
	return result{values: v, at: at}, err
}

// mergeAtOnce is about how many merges are listed before they are done.
const mergeAtOnce = 4096

// distinct numbers the frames, neighbours that are equal alike.
func (f *frames) distinct(arena *mem.Arena) []uint32 {
	at := mem.Alloc[uint32](arena, len(f.lo), false)
	k := uint32(0)
	for i := range at {
		if i > 0 && (f.exclude != plan.ExcludeNothing || f.lo[i] != f.lo[i-1] || f.hi[i] != f.hi[i-1]) {
			k++
		}
		at[i] = k
	}
	return at
}

// expanded adds every row to the state of each frame that it lies in: for aggregates that keep rows.
func (a *aggregated) expanded(s *section, f *frames) (result, error) {
	at := f.distinct(s.arena)
	n := int(at[len(at)-1]) + 1
	a.states.Reset(s.arena, n)
	rows, ids := make([]uint32, 0, columnar.BatchSize), make([]uint32, 0, columnar.BatchSize)
	var parts [3]span
	for i := range at {
		if i > 0 && at[i] == at[i-1] {
			continue
		}
		for _, p := range f.parts(i, &parts) {
			for place := p.from; place < p.to; place++ {
				if rows, ids = append(rows, s.rows[place]), append(ids, at[i]); len(rows) == columnar.BatchSize {
					if err := a.add(s, rows, ids); err != nil {
						return result{}, err
					}
					rows, ids = rows[:0], ids[:0]
				}
			}
		}
	}
	if err := a.add(s, rows, ids); err != nil {
		return result{}, err
	}
	return a.values(s, n, at)
}
