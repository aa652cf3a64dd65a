package join

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/plan"
)

// Stream implements exec.Operator.
func (h *Hash) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		if h.external != nil {
			h.external.streamAll(h, w, yield)
			return
		}
		if h.rows.Rows == 0 && h.emptyOnNoBuild() {
			return
		}
		p, err := newProbe(h, w)
		if err != nil {
			yield(nil, err)
			return
		}
		p.yield = yield
		p.finishLeft(h.left.Stream(w))
	}
}

// finishLeft probes all left rows and, as the last worker, delivers the build rows without a match;
// false means that nobody wants more.
func (p *probe) finishLeft(left columnar.Stream) bool {
	more := p.run(left)
	if !p.h.keepsRight() {
		return more
	}
	if rest := p.h.finish.unmatched(p.h.rows.Rows); more && len(rest) > 0 {
		return p.emitUnmatchedRight(rest)
	}
	return more
}

// probe is one worker's run through the left side.
type probe struct {
	h      *Hash
	w      *exec.Worker
	keys   []expr.Evaluator
	cols   []*columnar.Vector
	lookup *lookup
	yield  func(*columnar.Batch, error) bool
	expander
	right []uint64 // matched build rows, for right and full joins
	hits  []uint32
	unsure
}

func newProbe(h *Hash, w *exec.Worker) (*probe, error) {
	p := &probe{h: h, w: w, cols: make([]*columnar.Vector, len(h.node.Equi)), hits: mem.Alloc[uint32](w.Arena, columnar.BatchSize, false)}
	nullSafe := make([]bool, len(h.node.Equi))
	for i, pair := range h.node.Equi {
		nullSafe[i] = pair.NullSafe
		ev, err := expr.Compile(pair.Left, h.node.Left.Columns(), w)
		if err != nil {
			return nil, err
		}
		p.keys = append(p.keys, ev)
	}
	p.lookup = newLookup(h.index, w.Arena, nullSafe)
	if err := p.expander.init(h.shape, w, h.rows); err != nil {
		return nil, err
	}
	if h.keepsRight() {
		p.right = h.finish.mark(w, h.rows.Rows)
	}
	return p, nil
}

// run probes all batches; false means that the consumer has had enough, or an error was delivered.
func (p *probe) run(input columnar.Stream) bool {
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

// batch joins one left batch.
func (p *probe) batch(b *columnar.Batch) (more bool, err error) {
	for i, ev := range p.keys {
		if p.cols[i], err = ev.Eval(b); err != nil {
			return false, err
		}
	}
	at, found := p.lookup.find(p.cols, b.Sel, b.Len)
	x := p.h.index
	switch {
	case x.setOnly:
		return p.deliver(b, at)
	case x.unique:
		return p.unique(b, at, found)
	}
	return p.expand(b, at, found)
}

// deliver finishes a batch of the kinds that say only whether a row has a match, or of left rows
// without one; hits are the positions that have.
func (p *probe) deliver(b *columnar.Batch, hits []uint32) (more bool, err error) {
	out := columnar.Batch{Len: b.Len, Cols: b.Cols}
	switch p.h.kind {
	case plan.SemiJoin:
		out.Sel = hits
	case plan.AntiJoin:
		if out.Sel = complement(p.rest, b.Sel, hits, b.Len); p.h.node.NullAware {
			if out.Sel, err = p.certain(b, out.Sel); err != nil {
				return false, err
			}
		}
	case plan.MarkJoin:
		mark, err := p.mark(b, hits)
		if err != nil {
			return false, err
		}
		out.Sel = b.Sel
		out.Cols = append(b.Cols[:len(b.Cols):len(b.Cols)], mark)
	default:
		return p.emitUnmatchedLeft(b, complement(p.rest, b.Sel, hits, b.Len)), nil
	}
	return out.Rows() == 0 || p.yield(&out, nil), nil
}

// unique joins a batch each of whose rows has at most one candidate: row found[j] for position at[j].
func (p *probe) unique(b *columnar.Batch, at, found []uint32) (bool, error) {
	if len(at) > 0 && (p.where != nil || p.h.withRight()) {
		out := columnar.Batch{Len: b.Len, Sel: at, Cols: p.beside(b, at, found)}
		if p.where != nil {
			sel, err := p.where.Select(&out)
			if err != nil {
				return false, err
			}
			if sel != nil {
				out.Sel = append(p.hits[:0], sel...)
			}
			if p.right != nil {
				markRows(p.right, found, at, out.Sel)
			}
		} else if p.right != nil {
			markRows(p.right, found, at, at)
		}
		at = out.Sel
		if p.h.withRight() && len(at) > 0 && !p.yield(&out, nil) {
			return false, nil
		}
	}
	if !p.h.withRight() || p.h.keepsLeft() {
		return p.deliver(b, at)
	}
	return true, nil
}

// markRows sets the bits of the rows whose position, ascending in at, is also in kept.
func markRows(bits []uint64, rows, at, kept []uint32) {
	k := 0
	for j, r := range rows {
		if k < len(kept) && at[j] == kept[k] {
			bits[r>>6] |= 1 << (r & 63)
			k++
		}
	}
}

// expand joins a batch whose rows may have several candidates, as new batches of pairs.
func (p *probe) expand(b *columnar.Batch, at, places []uint32) (bool, error) {
	x := p.h.index
	p.begin(b)
	for j, place := range places {
		rows := x.list[x.starts[place]:x.starts[place+1]]
		for len(rows) > 0 {
			n := min(len(rows), columnar.BatchSize-len(p.pos))
			for _, r := range rows[:n] {
				p.pos = append(p.pos, at[j])
				p.row = append(p.row, r)
			}
			rows = rows[n:]
			if len(p.pos) < columnar.BatchSize {
				continue
			}
			if err := p.h.query.Err(); err != nil {
				return false, err
			}
			if more, err := p.pairs(b, p.right, p.yield); !more || err != nil {
				return more, err
			}
		}
	}
	if more, err := p.pairs(b, p.right, p.yield); !more || err != nil {
		return more, err
	}
	if p.h.withRight() && !p.h.keepsLeft() {
		return true, nil
	}
	return p.deliver(b, p.matchedPositions(b, p.hits))
}

// emitUnmatchedLeft delivers left rows with NULLs for the right columns.
func (p *probe) emitUnmatchedLeft(b *columnar.Batch, rest []uint32) bool {
	return p.unmatchedLeft(b, rest, p.yield)
}

// emitUnmatchedRight delivers build rows with NULLs for the left columns; false means that nobody
// wants more.
func (p *probe) emitUnmatchedRight(rows []uint32) bool {
	for len(rows) > 0 {
		if err := p.h.query.Err(); err != nil {
			p.yield(nil, err)
			return false
		}
		n := min(len(rows), columnar.BatchSize)
		if !p.unmatchedRight(rows[:n], p.yield) {
			return false
		}
		rows = rows[n:]
	}
	return true
}

// complement lists the rows of sel (all n when nil) that are not in hits; both ascend.
func complement(dst, sel, hits []uint32, n int) []uint32 {
	dst = dst[:0]
	k := 0
	if sel == nil {
		for i := range uint32(n) {
			if k < len(hits) && hits[k] == i {
				k++
				continue
			}
			dst = append(dst, i)
		}
		return dst
	}
	for _, i := range sel {
		if k < len(hits) && hits[k] == i {
			k++
			continue
		}
		dst = append(dst, i)
	}
	return dst
}
