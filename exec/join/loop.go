package join

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// Loop is the nested loop join: every left row is paired with every right row and the residual
// decides.
type Loop struct {
	*shape
	left, right exec.Operator
	query       *exec.Query
	rows        *buffer.Table
	finish      lastOut
}

// Ordered implements exec.Operator.
func (l *Loop) Ordered() bool { return false }

// Prepare collects the right side, then prepares the left one.
func (l *Loop) Prepare(q *exec.Query) error {
	l.query = q
	if err := l.right.Prepare(q); err != nil {
		return err
	}
	workers := buffer.Workers(q, l.right)
	parts := make([]*buffer.Table, workers)
	err := q.RunOn(workers, func(w *exec.Worker) error {
		parts[w.ID] = buffer.New(w.Arena, l.types)
		return l.collect(w, parts[w.ID])
	})
	if err != nil {
		return err
	}
	count := 0
	for _, p := range parts {
		count += p.Rows
	}
	if l.rows, err = buffer.Concat(q, l.types, parts); err != nil {
		return err
	}
	l.rows.Rows = count // also where no column is kept
	l.rows.InternText(q.Workers[0].Arena)
	l.finish.start(q, count)
	if count == 0 && l.emptyOnNoBuild() {
		return nil
	}
	return l.left.Prepare(q)
}

// Feeds implements exec.Feeding.
func (l *Loop) Feeds() int {
	switch {
	case l.keepsRight(): // J3
		return exec.Unbounded
	case l.rows.Rows == 0 && l.emptyOnNoBuild():
		return 0
	}
	return exec.Feeds(l.left, exec.Unbounded)
}

func (l *Loop) collect(w *exec.Worker, into *buffer.Table) error {
	cols := make([]*columnar.Vector, len(l.kept))
	for b, err := range l.right.Stream(w) {
		if err != nil {
			return err
		}
		for i, at := range l.kept {
			cols[i] = b.Cols[at]
		}
		into.Append(cols, b.Sel, b.Len)
	}
	return nil
}

// Stream implements exec.Operator.
func (l *Loop) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		if l.rows.Rows == 0 && l.emptyOnNoBuild() {
			return
		}
		p := &loopProbe{l: l, yield: yield, all: mem.Alloc[uint32](w.Arena, columnar.BatchSize, false),
			zero: mem.Alloc[uint32](w.Arena, columnar.BatchSize, true)}
		if err := p.init(l.shape, w, l.rows); err != nil {
			yield(nil, err)
			return
		}
		if l.keepsRight() {
			p.right = l.finish.mark(w, l.rows.Rows)
		}
		more := p.run(l.left.Stream(w))
		if !l.keepsRight() {
			return
		}
		rest := l.finish.unmatched(l.rows.Rows)
		for more && len(rest) > 0 {
			n := min(len(rest), columnar.BatchSize)
			more = p.unmatchedRight(rest[:n], yield)
			rest = rest[n:]
		}
	}
}

// loopProbe is one worker's run through the left side.
type loopProbe struct {
	expander
	l     *Loop
	yield func(*columnar.Batch, error) bool
	right []uint64
	all   []uint32
	zero  []uint32
}

func (p *loopProbe) run(input columnar.Stream) bool {
	for b, err := range input {
		if err == nil && b.Rows() > 0 {
			var more bool
			if more, err = p.batch(b); err == nil && !more {
				return false
			}
		}
		if err != nil {
			p.yield(nil, err)
			return false
		}
	}
	return true
}

func (p *loopProbe) batch(b *columnar.Batch) (bool, error) {
	p.begin(b)
	sel := b.Sel
	if sel == nil {
		sel = p.all[:b.Len]
		for i := range sel {
			sel[i] = uint32(i)
		}
	}
	if p.l.rows.Rows == 1 && p.right == nil && p.l.withRight() {
		return p.one(b, sel)
	}
	for _, i := range sel {
		if p.settled(i) {
			continue
		}
		for r := 0; r < p.l.rows.Rows; {
			n := min(p.l.rows.Rows-r, columnar.BatchSize-len(p.pos))
			for range n {
				p.pos, p.row = append(p.pos, i), append(p.row, uint32(r))
				r++
			}
			if len(p.pos) < columnar.BatchSize {
				continue
			}
			if err := p.l.query.Err(); err != nil {
				return false, err
			}
			if more, err := p.pairs(b, p.right, p.yield); !more || err != nil {
				return more, err
			}
			if p.settled(i) {
				break
			}
		}
	}
	if more, err := p.pairs(b, p.right, p.yield); !more || err != nil {
		return more, err
	}
	return p.deliver(b)
}

// settled reports that one match of row i is known and no other is wanted.
func (p *loopProbe) settled(i uint32) bool {
	return !p.l.withRight() && p.matched[i>>6]>>(i&63)&1 != 0
}

// one joins with a single right row: the left batch stays as it is.
func (p *loopProbe) one(b *columnar.Batch, sel []uint32) (bool, error) {
	out := columnar.Batch{Len: b.Len, Sel: b.Sel, Cols: p.beside(b, sel, p.zero[:len(sel)])}
	if p.where != nil {
		kept, err := p.where.Select(&out)
		if err != nil {
			return false, err
		}
		out.Sel = kept
	}
	hits := append([]uint32(nil), out.Sel...)
	if out.Sel == nil {
		hits = sel
	}
	if len(hits) > 0 && !p.yield(&out, nil) {
		return false, nil
	}
	if !p.l.keepsLeft() {
		return true, nil
	}
	return p.unmatchedLeft(b, complement(p.rest, b.Sel, hits, b.Len), p.yield), nil
}

// deliver finishes a batch of the kinds that ask only whether a row has a match, or keep left rows.
func (p *loopProbe) deliver(b *columnar.Batch) (bool, error) {
	hits := p.matchedPositions(b, nil)
	out := columnar.Batch{Len: b.Len, Cols: b.Cols}
	switch p.l.kind {
	case plan.SemiJoin:
		out.Sel = append([]uint32{}, hits...)
	case plan.AntiJoin:
		out.Sel = complement(p.rest, b.Sel, hits, b.Len)
	case plan.MarkJoin:
		out.Sel = b.Sel
		out.Cols = append(b.Cols[:len(b.Cols):len(b.Cols)], markVector(b.Len, hits))
	default:
		if !p.l.keepsLeft() {
			return true, nil
		}
		return p.unmatchedLeft(b, complement(p.rest, b.Sel, hits, b.Len), p.yield), nil
	}
	return out.Rows() == 0 || p.yield(&out, nil), nil
}

// markVector is true at hits, else false.
func markVector(n int, hits []uint32) *columnar.Vector {
	v := &columnar.Vector{Type: types.TBoolean, Layout: columnar.U8, Len: n, Bounded: true, Hi: 1, U8: make([]uint8, n)}
	for _, i := range hits {
		v.U8[i] = 1
	}
	return v
}
