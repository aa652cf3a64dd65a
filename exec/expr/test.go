package expr

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// test is a condition without AND, OR and NOT. load evaluates its operands once; keep may then be
// asked several times.
type test interface {
	load(b *columnar.Batch) error
	// keep gives those of the rows sel (nil: all n rows of the batch) for which the test is TRUE, or
	// with !want FALSE. It writes to out, which has room for n and may be sel; it gives sel itself
	// (so nil for all rows) where every row stays.
	keep(want bool, n int, sel, out []uint32) []uint32
	// total reports that no row is NULL, so that keep(false) is the complement of keep(true).
	total() bool
}

// kept ends a keep: k rows were written to out, all of them when k is the number asked about.
func kept(k, n int, sel, out []uint32) []uint32 {
	if sel == nil && k == n {
		return nil
	}
	if sel != nil && k == len(sel) {
		return sel
	}
	return out[:k]
}

// dropNulls takes the NULL rows of v out of rows, which stand in out or are nil for all n.
func dropNulls(v *columnar.Vector, n int, rows, out []uint32) []uint32 {
	if v.Valid == nil || (rows != nil && len(rows) == 0) {
		return rows
	}
	return kernel.SelectValid(v, n, rows, out)
}

// vectorTest is a test of one operand against constants.
type vectorTest interface {
	// keepVector is test.keep for a Flat vector. Rows that are NULL may be kept: the caller drops them.
	keepVector(v *columnar.Vector, want bool, n int, sel, out []uint32) []uint32
	// unknown reports a test that is NULL for some operand that is not (IN with a NULL in the list).
	unknown() bool
}

// unary applies a vectorTest to an expression: on a Dict vector once per dictionary value, on a Const
// once, else per row.
type unary struct {
	x      Evaluator
	t      vectorTest
	v      *columnar.Vector
	tables tableCache
	one    columnar.Vector
	oneOut [1]uint32
	sparse columnar.Vector // the texts of few rows
	places []uint32
}

func (u *unary) load(b *columnar.Batch) (err error) {
	u.v, err = u.x.Eval(b)
	return err
}

func (u *unary) total() bool { return !hasNulls(u.v) && !u.t.unknown() }

func (u *unary) keep(want bool, n int, sel, out []uint32) []uint32 {
	if isNullConst(u.v) || (sel != nil && len(sel) == 0) {
		return out[:0]
	}
	switch u.v.Enc {
	case columnar.Const:
		if u.keepsConst(want) {
			return sel
		}
		return out[:0]
	case columnar.Dict:
		return dropNulls(u.v, n, u.keepCodes(want, n, sel, out), out)
	}
	return dropNulls(u.v, n, u.t.keepVector(u.v, want, n, sel, out), out)
}

func (u *unary) keepsConst(want bool) bool {
	oneRow(u.v, &u.one)
	rows := u.t.keepVector(&u.one, want, 1, nil, u.oneOut[:])
	return rows == nil || len(rows) == 1
}

// oneRow makes dst the Flat vector of the single value of a Const.
func oneRow(v, dst *columnar.Vector) {
	*dst = *v
	dst.Enc, dst.Len, dst.Valid = columnar.Flat, 1, nil
}

func (u *unary) keepCodes(want bool, n int, sel, out []uint32) []uint32 {
	if sel != nil && u.v.Dict.Values.Len > expectedBatches*len(sel) && !u.tables.has(u.v.Dict, want) {
		return u.keepFew(want, sel, out)
	}
	table := u.tables.of(u.v.Dict, want, u.t)
	if table.all {
		return sel
	}
	if table.none {
		return out[:0]
	}
	var k int
	switch u.v.Layout {
	case columnar.U8:
		k = kernel.SelectTable(u.v.U8[:n], table.hits, sel, out)
	case columnar.U16:
		k = kernel.SelectTable(u.v.U16[:n], table.hits, sel, out)
	default:
		k = kernel.SelectTable(u.v.U32[:n], table.hits, sel, out)
	}
	return kept(k, n, sel, out)
}

// keepFew tests the rows themselves: a chunk will ask for fewer of them than its dictionary has values.
func (u *unary) keepFew(want bool, sel, out []uint32) []uint32 {
	n := len(sel)
	u.sparse.Type, u.sparse.Layout, u.sparse.Len = u.v.Type, columnar.Str, n
	u.sparse.Bytes, u.sparse.Offsets = u.sparse.Bytes[:0], append(u.sparse.Offsets[:0], 0)
	for _, i := range sel {
		if !nullAt(u.v, i) {
			u.sparse.Bytes = append(u.sparse.Bytes, function.TextAt(u.v, int(i))...)
		}
		u.sparse.Offsets = append(u.sparse.Offsets, uint32(len(u.sparse.Bytes)))
	}
	if len(u.places) < n {
		u.places = make([]uint32, max(n, columnar.BatchSize))
	}
	rows := u.t.keepVector(&u.sparse, want, n, nil, u.places[:n])
	if rows == nil {
		return sel
	}
	for k, at := range rows {
		out[k] = sel[at]
	}
	return out[:len(rows)]
}

// table holds a test's outcome per dictionary code: 1 where it is TRUE (or FALSE).
type table struct {
	dict      *columnar.Dictionary
	hits      []uint8
	set       []uint64 // hits as bits, once asked for
	all, none bool
}

// tableCache keeps the tables of the dictionary seen last, for want false and true: a worker stays
// with one chunk, and so with one dictionary, for many batches.
type tableCache struct {
	tables [2]table
	rows   []uint32
}

func (c *tableCache) has(d *columnar.Dictionary, want bool) bool {
	return c.tables[b2i(want)].dict == d
}

func (c *tableCache) of(d *columnar.Dictionary, want bool, t vectorTest) *table {
	cached := &c.tables[b2i(want)]
	if cached.dict == d {
		return cached
	}
	n := d.Values.Len
	if cap(c.rows) < n {
		c.rows = make([]uint32, n)
	}
	hits := append(cached.hits[:0], make([]uint8, max(n, 256))...) // a NULL's code may stand beyond a tiny dictionary
	rows := t.keepVector(d.Values, want, n, nil, c.rows[:n])
	count := len(rows)
	if rows == nil {
		count = n
		for i := range hits {
			hits[i] = 1
		}
	}
	for _, i := range rows {
		hits[i] = 1
	}
	*cached = table{dict: d, hits: hits, set: cached.set[:0], all: count == n, none: count == 0}
	return cached
}

// never is the test that is NULL for every row, as comparisons with NULL are.
type never struct{}

func (never) load(*columnar.Batch) error { return nil }
func (never) total() bool                { return false }
func (never) keep(_ bool, _ int, _, out []uint32) []uint32 {
	return out[:0]
}

// nullTest is X IS NULL.
type nullTest struct {
	x Evaluator
	v *columnar.Vector
}

func (t *nullTest) load(b *columnar.Batch) (err error) {
	t.v, err = t.x.Eval(b)
	return err
}

func (t *nullTest) total() bool { return true }

func (t *nullTest) keep(want bool, n int, sel, out []uint32) []uint32 {
	isNull := isNullConst(t.v)
	switch {
	case t.v.Enc == columnar.Const || t.v.Valid == nil:
		if isNull == want {
			return sel
		}
		return out[:0]
	case want:
		return kept(kernel.SelectUnset(t.v.Valid, n, sel, out), n, sel, out)
	}
	return kept(kernel.SelectBits(t.v.Valid, n, sel, out), n, sel, out)
}

// test compiles a comparison; negate says that TRUE and FALSE are to be exchanged.
func (c *compiler) test(e plan.Expr) (t test, negate bool, err error) {
	switch e := e.(type) {
	case *plan.Compare:
		return c.compare(e)
	case *plan.InList:
		t, err = c.inList(e)
		return t, e.Negate, err
	case *plan.Like:
		t, err = c.like(e)
		return t, e.Negate, err
	case *plan.IsNull:
		x, err := c.value(e.X)
		return &nullTest{x: x}, e.Negate, err
	}
	x, err := c.value(e)
	return &unary{x: x, t: truth}, false, err
}

// truth is the test of a boolean's own value.
var truth = newRangeTest(types.FromInt64(1), types.FromInt64(1))

// truthVector is the result of a test as a boolean vector.
type truthVector struct {
	worker *exec.Worker
	t      test
	negate bool
	vals   []uint8
	rows   []uint32
	nulls  nullBits
	out    columnar.Vector
}

func (c *compiler) truthValue(e plan.Expr) (Evaluator, error) {
	t, negate, err := c.test(e)
	return &truthVector{worker: c.worker, t: t, negate: negate}, err
}

func (t *truthVector) Eval(b *columnar.Batch) (*columnar.Vector, error) {
	if err := t.t.load(b); err != nil {
		return nil, err
	}
	vals, rows := room(t.worker, &t.vals, b.Len), room(t.worker, &t.rows, b.Len)
	clear(vals)
	yes := t.t.keep(!t.negate, b.Len, b.Sel, rows)
	mark(vals, yes, 1)
	t.out = boolVector(vals)
	if t.t.total() {
		return &t.out, nil
	}
	valid := room(t.worker, &t.nulls.words, kernel.Words(b.Len))
	clear(valid)
	setRows(valid, b.Len, yes)
	setRows(valid, b.Len, t.t.keep(t.negate, b.Len, b.Sel, rows))
	t.out.Valid = valid
	return &t.out, nil
}

func boolVector(vals []uint8) columnar.Vector {
	return columnar.Vector{Type: types.TBoolean, Layout: columnar.U8, Len: len(vals), U8: vals, Bounded: true, Lo: 0, Hi: 1}
}

// mark sets vals to x at rows (nil: everywhere).
func mark(vals []uint8, rows []uint32, x uint8) {
	if rows == nil {
		for i := range vals {
			vals[i] = x
		}
		return
	}
	for _, i := range rows {
		vals[i] = x
	}
}

// setRows sets the bits of rows (nil: all n).
func setRows(bitmap []uint64, n int, rows []uint32) {
	if rows == nil {
		kernel.SetAll(bitmap, n)
		return
	}
	kernel.SetBits(bitmap, rows)
}
