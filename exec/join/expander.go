package join

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
)

// expander makes batches of candidate pairs (left position, build row), checks the residual on them
// and delivers those that hold.
type expander struct {
	shape *shape
	arena *mem.Arena
	rows  *buffer.Table
	where *expr.Predicate
	// slots are the memory of the pair columns; out is the batch under construction.
	slots []buffer.Slot
	out   columnar.Batch
	pos   []uint32
	row   []uint32
	// matched has a bit for each position of the left batch that has a match.
	matched []uint64
	rest    []uint32
}

func (e *expander) init(s *shape, w *exec.Worker, rows *buffer.Table) error {
	e.shape, e.arena, e.rows = s, w.Arena, rows
	e.slots = make([]buffer.Slot, len(s.pair))
	e.out.Cols = make([]*columnar.Vector, len(s.pair))
	for _, buf := range []*[]uint32{&e.pos, &e.row, &e.rest} {
		*buf = mem.Alloc[uint32](w.Arena, columnar.BatchSize, false)[:0]
	}
	e.matched = mem.Alloc[uint64](w.Arena, columnar.BatchSize/64, true)
	if len(s.node.Residual) == 0 {
		return nil
	}
	var err error
	e.where, err = expr.CompilePredicate(s.node.Residual, s.pair, w)
	return err
}

// beside gives the columns of pairs at the left rows' own positions: the left batch's vectors and,
// gathered to the positions at, the build rows'.
func (e *expander) beside(b *columnar.Batch, at, rows []uint32) []*columnar.Vector {
	cols := e.out.Cols
	copy(cols, b.Cols)
	for _, i := range e.shape.wanted {
		if i >= e.shape.left {
			cols[i] = e.slots[i].Gather(e.arena, e.rows.Column(e.shape.slot[i-e.shape.left]), rows, at, b.Len, false)
		}
	}
	return cols
}

// begin starts a left batch.
func (e *expander) begin(b *columnar.Batch) {
	clear(e.matched[:(b.Len+63)/64])
	e.pos, e.row = e.pos[:0], e.row[:0]
}

// pairs checks the collected pairs, marks their rows, and delivers them where the kind wants pairs.
func (e *expander) pairs(b *columnar.Batch, right []uint64, yield func(*columnar.Batch, error) bool) (more bool, err error) {
	n := len(e.pos)
	if n == 0 {
		return true, nil
	}
	e.gather(b)
	e.out.Sel = nil
	if e.where != nil {
		if e.out.Sel, err = e.where.Select(&e.out); err != nil {
			return false, err
		}
	}
	if err := e.note(right); err != nil {
		return false, err
	}
	e.pos, e.row = e.pos[:0], e.row[:0]
	if !e.shape.withRight() || e.out.Rows() == 0 {
		return true, nil
	}
	return yield(&e.out, nil), nil
}

func (e *expander) gather(b *columnar.Batch) {
	n := len(e.pos)
	for _, i := range e.shape.wanted {
		if i < e.shape.left {
			e.out.Cols[i] = e.slots[i].Gather(e.arena, b.Cols[i], e.pos, nil, n, false)
		} else {
			e.out.Cols[i] = e.slots[i].Gather(e.arena, e.rows.Column(e.shape.slot[i-e.shape.left]), e.row, nil, n, false)
		}
	}
	e.out.Len = n
}

// note marks the surviving pairs' rows. A single join allows one pair a left row.
func (e *expander) note(right []uint64) error {
	single := e.shape.kind == plan.SingleJoin
	mark := func(j uint32) bool {
		p := e.pos[j]
		again := e.matched[p>>6]>>(p&63)&1 != 0
		e.matched[p>>6] |= 1 << (p & 63)
		if right != nil {
			right[e.row[j]>>6] |= 1 << (e.row[j] & 63)
		}
		return !(single && again)
	}
	ok := true
	if e.out.Sel == nil {
		for j := range e.pos {
			ok = mark(uint32(j)) && ok
		}
	}
	for _, j := range e.out.Sel {
		ok = mark(j) && ok
	}
	if !ok {
		return sqlerr.New(sqlerr.CardinalityViolation, "more than one row returned by a subquery used as an expression")
	}
	return nil
}

// matchedPositions lists the positions of b that have a match.
func (e *expander) matchedPositions(b *columnar.Batch, dst []uint32) []uint32 {
	dst = dst[:0]
	if b.Sel == nil {
		for i := range uint32(b.Len) {
			if e.matched[i>>6]>>(i&63)&1 != 0 {
				dst = append(dst, i)
			}
		}
		return dst
	}
	for _, i := range b.Sel {
		if e.matched[i>>6]>>(i&63)&1 != 0 {
			dst = append(dst, i)
		}
	}
	return dst
}

func (e *expander) unmatchedLeft(b *columnar.Batch, rest []uint32, yield func(*columnar.Batch, error) bool) bool {
	if len(rest) == 0 {
		return true
	}
	out := columnar.Batch{Len: b.Len, Sel: rest, Cols: append(make([]*columnar.Vector, 0, len(e.shape.pair)), b.Cols...)}
	for _, c := range e.shape.pair[e.shape.left:] {
		out.Cols = append(out.Cols, nullVector(c.Typ, b.Len))
	}
	return yield(&out, nil)
}

func (e *expander) unmatchedRight(rows []uint32, yield func(*columnar.Batch, error) bool) bool {
	out := columnar.Batch{Len: len(rows)}
	for i, c := range e.shape.pair {
		if i < e.shape.left {
			out.Cols = append(out.Cols, nullVector(c.Typ, len(rows)))
			continue
		}
		var v *columnar.Vector
		if at := e.shape.slot[i-e.shape.left]; at >= 0 {
			v = e.slots[i].Gather(e.arena, e.rows.Column(at), rows, nil, len(rows), false)
		}
		out.Cols = append(out.Cols, v)
	}
	return yield(&out, nil)
}
