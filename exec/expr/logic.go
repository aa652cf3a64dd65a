package expr

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/plan"
)

// condition is a filter: it gives the rows of b.Sel on which it holds. It writes to out, which has
// room for b.Len and may be b.Sel; it gives b.Sel itself (nil: all rows) where every row stays.
type condition interface {
	filter(b *columnar.Batch, out []uint32) ([]uint32, error)
}

// condition compiles "e is TRUE" (want) or "e is FALSE". NOT and De Morgan's laws are resolved here.
func (c *compiler) condition(e plan.Expr, want bool) (condition, error) {
	switch e := e.(type) {
	case *plan.Not:
		return c.condition(e.X, !want)
	case *plan.And:
		if want {
			return c.conjunction(e.Terms, true)
		}
		return c.disjunction(e.Terms, false)
	case *plan.Or:
		if want {
			return c.disjunction(e.Terms, true)
		}
		return c.conjunction(e.Terms, false)
	}
	t, negate, err := c.test(e)
	return &leaf{t: t, want: want != negate}, err
}

// leaf is a condition that is one test.
type leaf struct {
	t    test
	want bool
}

func (l *leaf) filter(b *columnar.Batch, out []uint32) ([]uint32, error) {
	if err := l.t.load(b); err != nil {
		return nil, err
	}
	return l.t.keep(l.want, b.Len, b.Sel, out), nil
}

// conjunction refines the selection term by term.
type conjunction struct {
	terms []condition
	batch columnar.Batch
}

func (c *compiler) conjunction(terms []plan.Expr, want bool) (condition, error) {
	list, err := c.conditions(terms, want)
	if err != nil {
		return nil, err
	}
	return &conjunction{terms: fuseRanges(list)}, nil
}

func (c *compiler) conditions(terms []plan.Expr, want bool) ([]condition, error) {
	list := make([]condition, len(terms))
	for i, e := range terms {
		var err error
		if list[i], err = c.condition(e, want); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (a *conjunction) filter(b *columnar.Batch, out []uint32) ([]uint32, error) {
	a.batch = *b
	for _, term := range a.terms {
		if a.batch.Sel != nil && len(a.batch.Sel) == 0 {
			break
		}
		sel, err := term.filter(&a.batch, out)
		if err != nil {
			return nil, err
		}
		a.batch.Sel = sel
	}
	return a.batch.Sel, nil
}

// fuseRanges turns several ranges of one column (BETWEEN, x > 1 AND x < 5) into one test.
func fuseRanges(terms []condition) []condition {
	first := map[int]*unary{}
	var out []condition
	for _, term := range terms {
		x, r := columnRange(term)
		if r == nil {
			out = append(out, term)
			continue
		}
		if seen := first[x.x.(*column).at]; seen != nil {
			seen.t = seen.t.(*rangeTest).intersect(r)
			continue
		}
		first[x.x.(*column).at] = x
		out = append(out, term)
	}
	return out
}

// columnRange recognises a leaf that is a plain range of a column; "x < c is FALSE" is turned into one.
func columnRange(term condition) (*unary, *rangeTest) {
	l, ok := term.(*leaf)
	if !ok {
		return nil, nil
	}
	u, ok := l.t.(*unary)
	if !ok {
		return nil, nil
	}
	if _, ok := u.x.(*column); !ok {
		return nil, nil
	}
	r, ok := u.t.(*rangeTest)
	if !ok || r.negate == l.want {
		return nil, nil
	}
	return u, r
}

// disjunction asks each term about the rows that none before it has accepted.
type disjunction struct {
	terms  []condition
	worker *exec.Worker
	batch  columnar.Batch
	rest   []uint32
	hits   []uint32
	found  []uint64
}

func (c *compiler) disjunction(terms []plan.Expr, want bool) (condition, error) {
	list, err := c.conditions(terms, want)
	return &disjunction{terms: list, worker: c.worker}, err
}

func (d *disjunction) filter(b *columnar.Batch, out []uint32) ([]uint32, error) {
	n := b.Len
	found := room(d.worker, &d.found, kernel.Words(n))
	clear(found)
	hits, rest := room(d.worker, &d.hits, n), room(d.worker, &d.rest, n)
	d.batch = *b
	for _, term := range d.terms {
		rows, err := term.filter(&d.batch, hits)
		if err != nil {
			return nil, err
		}
		setRowsOf(found, n, rows, d.batch.Sel)
		d.batch.Sel = rest[:kernel.SelectUnset(found, n, d.batch.Sel, rest)]
		if len(d.batch.Sel) == 0 {
			return b.Sel, nil
		}
	}
	return kept(kernel.SelectBits(found, n, b.Sel, out), n, b.Sel, out), nil
}

// setRowsOf sets the bits of rows, where nil means all rows that were asked about.
func setRowsOf(bitmap []uint64, n int, rows, asked []uint32) {
	if rows == nil {
		rows = asked
	}
	setRows(bitmap, n, rows)
}

// junction is AND or OR as a value: terms are evaluated on the rows that are not decided yet.
type junction struct {
	terms  []*unary
	worker *exec.Worker
	// decides is the truth value that ends a row: false for AND, true for OR.
	decides bool
	batch   columnar.Batch
	open    []uint32
	hits    []uint32
	sure    []uint64 // rows that have not met NULL
	vals    []uint8
	out     columnar.Vector
}

func (c *compiler) junction(terms []plan.Expr, decides bool) (Evaluator, error) {
	j := &junction{worker: c.worker, decides: decides}
	list, err := c.values(terms)
	for _, x := range list {
		j.terms = append(j.terms, &unary{x: x, t: truth})
	}
	return j, err
}

func (j *junction) Eval(b *columnar.Batch) (*columnar.Vector, error) {
	n := b.Len
	vals, sure := room(j.worker, &j.vals, n), room(j.worker, &j.sure, kernel.Words(n))
	open, hits := room(j.worker, &j.open, n), room(j.worker, &j.hits, n)
	mark(vals, nil, uint8(b2i(!j.decides)))
	kernel.SetAll(sure, n)
	j.batch = *b
	total := true
	for _, term := range j.terms {
		if err := term.load(&j.batch); err != nil {
			return nil, err
		}
		if !term.total() {
			total = false
			markUnknown(term, n, j.batch.Sel, sure, hits)
		}
		decided := term.keep(j.decides, n, j.batch.Sel, hits)
		markOf(vals, decided, j.batch.Sel, uint8(b2i(j.decides)))
		if !total {
			setRowsOf(sure, n, decided, j.batch.Sel) // FALSE AND NULL is FALSE
		}
		if len(decided) == 0 {
			if decided == nil {
				break
			}
			continue
		}
		j.batch.Sel = kernel.Subtract(n, j.batch.Sel, decided, open)
		if len(j.batch.Sel) == 0 {
			break
		}
	}
	j.out = boolVector(vals)
	if !total {
		j.out.Valid = sure
	}
	return &j.out, nil
}

// markUnknown clears the bits of the rows of sel on which term is NULL.
func markUnknown(term *unary, n int, sel []uint32, sure []uint64, scratch []uint32) {
	switch {
	case isNullConst(term.v) && sel == nil:
		clear(sure)
	case isNullConst(term.v):
		kernel.ClearBits(sure, sel)
	default:
		k := kernel.SelectUnset(term.v.Valid, n, sel, scratch)
		kernel.ClearBits(sure, scratch[:k])
	}
}

// markOf sets vals at rows, where nil means all rows asked about.
func markOf(vals []uint8, rows, asked []uint32, x uint8) {
	if rows == nil {
		rows = asked
	}
	mark(vals, rows, x)
}

// notValue is NOT as a value.
func (c *compiler) notValue(e *plan.Not) (Evaluator, error) {
	x, err := c.value(e.X)
	return &truthVector{worker: c.worker, t: &unary{x: x, t: truth}, negate: true}, err
}
