// Package join holds the hash join and the nested loop join, each of all kinds.
//
// The right child is the build side. It is collected by all workers, its keys are indexed by the
// first structure that applies (an array addressed by the key for few dense keys, ranks in a bitset for
// many, else 4-byte slots of packed keys), and runtime filters are published before the probe side is
// prepared, so that its scans see them. All workers make the ranks together, and their bitset is the
// runtime filter.
//
// J1: a probe batch is never copied when every row has at most one match: the output is the same
// batch with a narrower selection and the build columns gathered at the rows' own positions.
// J2: a NULL key matches nothing, except under IS NOT DISTINCT FROM.
// J3: right and full joins deliver build rows without a match from the worker that finishes last.
package join

import (
	"sync/atomic"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// New makes the operator of node: a hash join when it has equi pairs, else a nested loop join. Of the
// output columns only those in needed are filled, all when it is nil; the others are nil vectors.
func New(node *plan.Join, left, right exec.Operator, needed plan.ColumnSet) exec.Operator {
	s := newShape(node, needed)
	if len(node.Equi) == 0 {
		return &Loop{shape: s, left: left, right: right}
	}
	return &Hash{shape: s, left: left, right: right}
}

// shape is what the plan says of a join, prepared for both algorithms.
type shape struct {
	node *plan.Join
	// pair is the layout of candidate pairs: the left columns, then the right ones.
	pair  expr.Input
	left  int
	kind  plan.JoinKind
	types []types.Type // of the build table: kept right columns, then keys that are not such columns
	kept  []int        // ordinals of the right columns that are kept
	slot  []int        // by right column: its place in the build table, or -1
	// wanted are the ordinals of the pair columns that the residual or somebody above needs.
	wanted []int
}

func newShape(n *plan.Join, needed plan.ColumnSet) *shape {
	l, r := n.Left.Columns(), n.Right.Columns()
	s := &shape{node: n, left: len(l), kind: n.Kind, slot: make([]int, len(r))}
	s.pair = append(append(s.pair, l...), r...)
	used := plan.ColumnSet{}
	for _, e := range n.Residual {
		plan.AddRefs(used, e)
	}
	for i, c := range s.pair {
		wanted := s.withRight() && (needed == nil || needed.Has(c.ID))
		if wanted || used.Has(c.ID) {
			s.wanted = append(s.wanted, i)
			used.Add(c.ID)
		}
	}
	for i, c := range r {
		s.slot[i] = -1
		if used.Has(c.ID) {
			s.slot[i] = len(s.kept)
			s.kept = append(s.kept, i)
			s.types = append(s.types, c.Typ)
		}
	}
	return s
}

// withRight reports whether right columns are delivered.
func (s *shape) withRight() bool {
	switch s.kind {
	case plan.SemiJoin, plan.AntiJoin, plan.MarkJoin:
		return false
	}
	return true
}

// keepsLeft reports whether left rows without a match are delivered, with NULLs.
func (s *shape) keepsLeft() bool {
	return s.kind == plan.LeftJoin || s.kind == plan.FullJoin || s.kind == plan.SingleJoin
}

// keepsRight reports whether right rows without a match are delivered, with NULLs.
func (s *shape) keepsRight() bool { return s.kind == plan.RightJoin || s.kind == plan.FullJoin }

// emptyOnNoBuild reports whether an empty build side means an empty result.
func (s *shape) emptyOnNoBuild() bool {
	switch s.kind {
	case plan.InnerJoin, plan.CrossJoin, plan.SemiJoin, plan.RightJoin:
		return true
	}
	return false
}

// Hash is the hash join.
type Hash struct {
	*shape
	left, right exec.Operator
	query       *exec.Query
	rows        *buffer.Table
	keyAt       []int // by pair: place in the build table
	index       *index
	nulls       nullKeys
	finish      lastOut
	outgrown    atomic.Bool // the build side takes too much memory
	external    *external   // both sides in partitions, then
}

// Ordered implements exec.Operator.
func (h *Hash) Ordered() bool { return false }

// Prepare builds the table, publishes the runtime filters and only then prepares the probe side.
func (h *Hash) Prepare(q *exec.Query) error {
	h.query = q
	if err := h.right.Prepare(q); err != nil {
		return err
	}
	if err := h.build(q); err != nil {
		return err
	}
	if h.external != nil {
		h.takeBack(q)
		if err := h.left.Prepare(q); err != nil {
			return err
		}
		return h.probeExternal(q)
	}
	if err := h.publish(q); err != nil {
		return err
	}
	h.publishKeys(q)
	h.finish.start(q, h.rows.Rows)
	if h.rows.Rows == 0 && h.emptyOnNoBuild() {
		return nil
	}
	return h.left.Prepare(q)
}

// Feeds implements exec.Feeding.
func (h *Hash) Feeds() int {
	switch {
	case h.external != nil || h.keepsRight(): // J3
		return exec.Unbounded
	case h.rows.Rows == 0 && h.emptyOnNoBuild():
		return 0
	}
	return exec.Feeds(h.left, exec.Unbounded)
}

// lastOut lets the last worker that ends its probe deliver the build rows that nobody matched.
type lastOut struct {
	running atomic.Int64
	matched [][]uint64 // by worker, a bit for each build row
}

func (l *lastOut) start(q *exec.Query, rows int) {
	l.running.Store(int64(len(q.Workers)))
	l.matched = make([][]uint64, len(q.Workers))
}

// unmatched lists the build rows without a match when the caller is the last worker, else nothing.
func (l *lastOut) unmatched(rows int) []uint32 {
	if l.running.Add(-1) != 0 {
		return nil
	}
	out := []uint32{}
	for r := range rows {
		hit := uint64(0)
		for _, m := range l.matched {
			if m != nil {
				hit |= m[r>>6] >> (r & 63) & 1
			}
		}
		if hit == 0 {
			out = append(out, uint32(r))
		}
	}
	return out
}

// mark is a worker's bitmap of matched build rows.
func (l *lastOut) mark(w *exec.Worker, rows int) []uint64 {
	if l.matched[w.ID] == nil {
		l.matched[w.ID] = make([]uint64, (rows+63)/64)
	}
	return l.matched[w.ID]
}

// nullVector is NULL for n rows.
func nullVector(t types.Type, n int) *columnar.Vector {
	v := &columnar.Vector{Type: t, Enc: columnar.Const, Len: n, Valid: []uint64{0}}
	switch t.Class() {
	case types.ClassFloat:
		v.Layout, v.F64 = columnar.F64, []float64{0}
	case types.ClassBytes:
		v.Layout, v.Offsets = columnar.Str, []uint32{0, 0}
	case types.ClassInterval:
		v.Layout, v.Spans = columnar.Spans, make([]types.Span, 1)
	case types.ClassUUID:
		v.Layout, v.UUID = columnar.Bytes16, make([][16]byte, 1)
	default:
		v.Layout, v.I64 = columnar.I64, []int64{0}
		if t.Kind == types.Boolean {
			v.Layout, v.U8, v.I64 = columnar.U8, []uint8{0}, nil
		}
	}
	return v
}
