package expr

import (
	"cmp"
	"slices"
	"time"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/plan"
)

// Predicate is a conjunction that refines selections. Its conjuncts run in the order of cost per row
// taken away, measured while running (Hellerstein and Stonebraker, "Predicate Migration", 1993). It
// belongs to one worker.
type Predicate struct {
	worker  *exec.Worker
	terms   []*conjunct
	batch   columnar.Batch
	left    *Rows // of Select
	rows    []uint32
	batches int
}

// conjunct is a term with what it was measured to cost.
type conjunct struct {
	condition
	// fallible terms may raise an error on rows that others take away: they keep their place behind
	// all that cannot.
	fallible bool
	nanos    float64 // per row
	pass     float64 // fraction of rows that stay
}

const (
	// measureEvery is the number of batches between two measured ones; after measureFirst measured
	// batches at the start the first order is chosen.
	measureEvery = 16
	measureFirst = 2
	// decay is the weight of the newest measurement.
	decay = 0.25
)

// CompilePredicate makes the filter "all of preds are TRUE" for batches laid out as in.
func CompilePredicate(preds []plan.Expr, in Input, w *exec.Worker) (*Predicate, error) {
	c := &compiler{in, w}
	var sure, fallible []plan.Expr
	for _, e := range preds {
		for _, term := range plan.Conjuncts(e) {
			if mayFail(term) {
				fallible = append(fallible, term)
			} else {
				sure = append(sure, term)
			}
		}
	}
	p := &Predicate{worker: w}
	list, err := c.conditions(sure, true)
	if err != nil {
		return nil, err
	}
	for _, term := range fuseRanges(list) {
		p.terms = append(p.terms, &conjunct{condition: term})
	}
	if list, err = c.conditions(fallible, true); err != nil {
		return nil, err
	}
	for _, term := range list {
		p.terms = append(p.terms, &conjunct{condition: term, fallible: true})
	}
	return p, nil
}

// mayFail reports an expression that can raise an error other than overflow.
func mayFail(e plan.Expr) bool {
	found := false
	plan.Walk(e, func(e plan.Expr) bool {
		switch e := e.(type) {
		case *plan.Arith:
			found = found || e.Op >= plan.Div
		case *plan.Cast:
			found = found || !widens(e.X.Type(), e.Type())
		case *plan.Call:
			found = true
		}
		return !found
	})
	return found
}

// Harmless reports an expression that may be computed on rows that do not count: it costs next to nothing,
// has no effects, and raises no error other than overflow.
func Harmless(e plan.Expr) bool {
	harmless := true
	plan.Walk(e, func(e plan.Expr) bool {
		switch e := e.(type) {
		case *plan.Column, *plan.Const, *plan.Param, *plan.Neg:
		case *plan.Arith:
			harmless = harmless && e.Op <= plan.Mul
		case *plan.Cast:
			_, gains := gainsScale(e.X.Type(), e.Typ)
			harmless = harmless && (gains || sameCarrier(e.X.Type(), e.Typ))
		default:
			harmless = false
		}
		return harmless
	})
	return harmless
}

// Select gives the rows of b on which the predicate is TRUE: nil for all rows of the batch, else
// ascending row numbers, borrowed until the next Select (or b.Sel itself). b is not changed.
func (p *Predicate) Select(b *columnar.Batch) ([]uint32, error) {
	if p.left == nil {
		p.left = NewRows(p.worker)
	}
	p.left.SetList(b.Len, b.Sel)
	err := p.Refine(b, p.left)
	return p.left.List(), err
}

// Refine leaves those of the rows of b on which the predicate is TRUE, whatever b.Sel says.
func (p *Predicate) Refine(b *columnar.Batch, rows *Rows) error {
	p.batch = *b
	p.batches++
	measured := len(p.terms) > 1 && (p.batches <= measureFirst || p.batches%measureEvery == 0)
	for _, term := range p.terms {
		before := rows.Count
		if before == 0 {
			break
		}
		var start time.Time
		if measured {
			start = time.Now()
		}
		if err := p.refine(term, rows); err != nil {
			return err
		}
		if measured {
			term.measure(float64(time.Since(start))/float64(before), float64(rows.Count)/float64(before))
		}
	}
	if measured && p.batches >= measureFirst {
		p.reorder()
	}
	return nil
}

// refine runs one term, on a mask where that can be done.
func (p *Predicate) refine(term *conjunct, rows *Rows) error {
	if m, ok := term.condition.(masker); ok {
		p.batch.Sel = nil
		if words := rows.Mask(); words != nil && m.mask(&p.batch, words) {
			rows.Recount()
			return nil
		}
	}
	p.batch.Sel = rows.List()
	sel, err := term.filter(&p.batch, room(p.worker, &p.rows, p.batch.Len))
	if err != nil {
		return err
	}
	rows.SetSelection(sel)
	return nil
}

func (c *conjunct) measure(nanos, pass float64) {
	if c.nanos == 0 {
		c.nanos, c.pass = nanos, pass
		return
	}
	c.nanos += decay * (nanos - c.nanos)
	c.pass += decay * (pass - c.pass)
}

// rank is the cost of taking one row away; a term that takes none is worst.
func (c *conjunct) rank() float64 { return c.nanos / max(1-c.pass, 1e-6) }

func (p *Predicate) reorder() {
	slices.SortStableFunc(p.terms, func(a, b *conjunct) int {
		switch {
		case a.fallible != b.fallible:
			return b2i(a.fallible) - b2i(b.fallible)
		case a.fallible:
			return 0
		}
		return cmp.Compare(a.rank(), b.rank())
	})
}
