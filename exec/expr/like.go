package expr

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// like compiles X LIKE pattern, without its negation.
func (c *compiler) like(e *plan.Like) (test, error) {
	pattern, isConst := constOf(e.Pattern)
	if isConst && pattern.Null {
		return never{}, nil
	}
	x, err := c.value(e.X)
	if err != nil {
		return nil, err
	}
	if isConst {
		m, err := newMatcher(pattern.S, e.Escape, e.Fold)
		if err != nil {
			return nil, err
		}
		m.pad(e.X.Type(), pattern.S)
		return &unary{x: x, t: &likeTest{m: m}}, nil
	}
	y, err := c.value(e.Pattern)
	return &likePair{worker: c.worker, x: x, y: y, typ: e.X.Type(), escape: e.Escape, fold: e.Fold}, err
}

// likePair is LIKE with a pattern that varies by row.
type likePair struct {
	worker *exec.Worker
	x, y   Evaluator
	typ    types.Type
	escape rune
	fold   bool
	l, r   *columnar.Vector
	hits   []uint8
}

func (t *likePair) total() bool { return !hasNulls(t.l) && !hasNulls(t.r) }

// load matches all rows at once: a pattern's mistake is an error that keep could not report.
func (t *likePair) load(b *columnar.Batch) (err error) {
	if t.l, err = t.x.Eval(b); err != nil {
		return err
	}
	if t.r, err = t.y.Eval(b); err != nil {
		return err
	}
	hits := room(t.worker, &t.hits, b.Len)
	if isNullConst(t.l) || isNullConst(t.r) {
		return nil
	}
	last, m := "", (*matcher)(nil)
	for i := range function.Rows(b.Len, b.Sel) {
		if nullAt(t.l, uint32(i)) || nullAt(t.r, uint32(i)) {
			continue
		}
		pattern := function.TextAt(t.r, i)
		if m == nil || last != string(pattern) {
			last = string(pattern)
			if m, err = newMatcher(last, t.escape, t.fold); err != nil {
				return err
			}
			m.pad(t.typ, last)
		}
		hits[i] = uint8(b2i(m.match(function.TextAt(t.l, i))))
	}
	return nil
}

func (t *likePair) keep(want bool, n int, sel, out []uint32) []uint32 {
	if isNullConst(t.l) || isNullConst(t.r) || (sel != nil && len(sel) == 0) {
		return out[:0]
	}
	x := uint8(b2i(want))
	rows := keepRange(t.hits[:n], x, x, true, sel, out)
	return dropNulls(t.r, n, dropNulls(t.l, n, rows, out), out)
}
