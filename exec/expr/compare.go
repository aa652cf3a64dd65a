package expr

import (
	"math"
	"strings"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// compare compiles a comparison: against a constant to a vectorTest where the class has one, else to
// a pair.
func (c *compiler) compare(e *plan.Compare) (t test, negate bool, err error) {
	l, r, op := e.L, e.R, e.Op
	if _, ok := constOf(l); ok {
		l, r, op = r, l, op.Flip()
	}
	value, isConst := constOf(r)
	if isConst && !value.Null {
		l = unwidened(l)
	}
	distinct := op == plan.IsDistinct || op == plan.IsNotDistinct
	if isConst && value.Null {
		if !distinct {
			return never{}, false, nil
		}
		x, err := c.value(l)
		return &nullTest{x: x}, op == plan.IsDistinct, err
	}
	x, err := c.value(l)
	if err != nil {
		return nil, false, err
	}
	if isConst && !distinct {
		if t := constTest(op, l.Type(), value); t != nil {
			return &unary{x: x, t: t}, false, nil
		}
	}
	y, err := c.value(r)
	if err != nil {
		return nil, false, err
	}
	p := newPair(c.worker, op, x, y, l.Type(), r.Type())
	if distinct {
		p.op = plan.Eq
		return &distinctTest{worker: c.worker, pair: p}, op == plan.IsDistinct, nil
	}
	return p, false, nil
}

// unwidened takes a cast to more digits, which cannot fail and changes no value, off a side that is compared
// with a constant: ranges know constants of any scale.
func unwidened(e plan.Expr) plan.Expr {
	if c, ok := e.(*plan.Cast); ok && widens(c.X.Type(), c.Type()) {
		return c.X
	}
	return e
}

// widens reports that all integers or numerics of one type are numerics of another one, unchanged.
func widens(from, to types.Type) bool {
	if from.Kind != types.Numeric || to.Kind != types.Numeric || from.Precision == 0 || to.Precision == 0 {
		return false
	}
	return to.Scale >= from.Scale && int(to.Precision)-int(to.Scale) >= int(from.Precision)-int(from.Scale)
}

// constTest is the test "X op value", or nil when the class has no such test.
func constTest(op plan.CompareOp, t types.Type, value types.Value) vectorTest {
	switch t.Class() {
	case types.ClassInt, types.ClassDecimal:
		return rangeOf(op, t, value)
	case types.ClassFloat:
		return newFloatTest(op, value.F)
	case types.ClassBytes:
		return &textTest{op: op, value: []byte(unpadded(value))}
	}
	return nil
}

// unpadded is a text constant as it compares: char(n) is stored without its blanks.
func unpadded(v types.Value) string {
	if v.Type.Kind == types.Char {
		return strings.TrimRight(v.S, " ")
	}
	return v.S
}

// ordered splits an operator into the loop that answers it: less (else equal) with operands maybe
// exchanged, and maybe the complement. a >= b is NOT a < b, and a > b is b < a.
func ordered(op plan.CompareOp) (less, exchange, complement bool) {
	switch op {
	case plan.Eq:
		return false, false, false
	case plan.Ne:
		return false, false, true
	case plan.Lt:
		return true, false, false
	case plan.Ge:
		return true, false, true
	case plan.Gt:
		return true, true, false
	}
	return true, true, true // <=
}

// floatTest is X op constant on floats, as a range of the values that are no NaN or its complement,
// which contains NaN, the greatest of all.
type floatTest struct {
	lo, hi  float64
	outside bool
}

func newFloatTest(op plan.CompareOp, c float64) *floatTest {
	inf := math.Inf(1)
	all := floatTest{-inf, inf, false}
	if c != c {
		switch op {
		case plan.Eq, plan.Ge:
			return &floatTest{-inf, inf, true}
		case plan.Lt, plan.Ne:
			return &all
		case plan.Gt:
			return &floatTest{inf, -inf, false}
		}
		return &floatTest{inf, -inf, true} // every value, NaN as well
	}
	switch op {
	case plan.Eq:
		return &floatTest{c, c, false}
	case plan.Ne:
		return &floatTest{c, c, true}
	case plan.Le:
		return &floatTest{-inf, c, false}
	case plan.Gt:
		return &floatTest{-inf, c, true}
	}
	// x < c is x <= the float before c
	before := math.Nextafter(c, -inf)
	if c == -inf {
		return &floatTest{inf, -inf, op == plan.Ge}
	}
	return &floatTest{-inf, before, op == plan.Ge}
}

func (t *floatTest) unknown() bool { return false }

func (t *floatTest) keepVector(v *columnar.Vector, want bool, n int, sel, out []uint32) []uint32 {
	outside := t.outside == want
	if v.Layout == columnar.F64 {
		return kept(kernel.SelectRangeFloat(v.F64[:n], t.lo, t.hi, outside, sel, out), n, sel, out)
	}
	// both bounds rounded inward, so that exactly the float32 in between are found
	lo, hi := float32(t.lo), float32(t.hi)
	if float64(lo) < t.lo {
		lo = math.Nextafter32(lo, float32(math.Inf(1)))
	}
	if float64(hi) > t.hi {
		hi = math.Nextafter32(hi, float32(math.Inf(-1)))
	}
	return kept(kernel.SelectRangeFloat(v.F32[:n], lo, hi, outside, sel, out), n, sel, out)
}

// textTest is X op constant on strings, bytewise.
type textTest struct {
	op    plan.CompareOp
	value []byte
	// next is the least string greater than value: value and a zero byte.
	next []byte
}

func (t *textTest) unknown() bool { return false }

func (t *textTest) keepVector(v *columnar.Vector, want bool, n int, sel, out []uint32) []uint32 {
	less, exchange, negate := ordered(t.op)
	negate = negate == want
	offsets := v.Offsets[:n+1]
	if !less {
		return kept(kernel.SelectEqualBytes(offsets, v.Bytes, t.value, negate, sel, out), n, sel, out)
	}
	bound := t.value
	if exchange { // value < x is NOT x < next(value)
		if t.next == nil {
			t.next = append(append([]byte(nil), t.value...), 0)
		}
		bound, negate = t.next, !negate
	}
	return kept(kernel.SelectLessBytes(offsets, v.Bytes, bound, negate, sel, out), n, sel, out)
}

// pair compares two expressions of one class, of which neither need be constant.
type pair struct {
	op     plan.CompareOp
	x, y   Evaluator
	class  types.Class
	worker *exec.Worker
	// scale difference of numerics: the factor 10^n of either side
	xScale, yScale int
	l, r           *columnar.Vector
	ints           [2][]int64
	wide           [2][]types.Int128
	floats         [2][]float64
	spans          [2][]types.Span
}

func newPair(w *exec.Worker, op plan.CompareOp, x, y Evaluator, l, r types.Type) *pair {
	common := max(scaleOf(l), scaleOf(r))
	p := &pair{op: op, x: x, y: y, class: l.Class(), worker: w, xScale: common - scaleOf(l), yScale: common - scaleOf(r)}
	if r.Class() == types.ClassDecimal {
		p.class = types.ClassDecimal
	}
	return p
}

func (p *pair) load(b *columnar.Batch) (err error) {
	if p.l, err = p.x.Eval(b); err != nil {
		return err
	}
	p.r, err = p.y.Eval(b)
	return err
}

func (p *pair) total() bool { return !hasNulls(p.l) && !hasNulls(p.r) }

func (p *pair) keep(want bool, n int, sel, out []uint32) []uint32 {
	if isNullConst(p.l) || isNullConst(p.r) || (sel != nil && len(sel) == 0) {
		return out[:0]
	}
	rows := p.keepValues(want, n, sel, out)
	return dropNulls(p.r, n, dropNulls(p.l, n, rows, out), out)
}

func (p *pair) keepValues(want bool, n int, sel, out []uint32) []uint32 {
	less, exchange, complement := ordered(p.op)
	negate := complement == want
	l, r, i, j := p.l, p.r, 0, 1
	if exchange {
		l, r, i, j = r, l, 1, 0
	}
	var k int
	switch p.class {
	case types.ClassInt, types.ClassDecimal:
		return p.keepNumbers(less, exchange, negate, n, sel, out)
	case types.ClassFloat:
		a := kernel.Float64s(l, n, room(p.worker, &p.floats[i], n))
		b := kernel.Float64s(r, n, room(p.worker, &p.floats[j], n))
		if less {
			k = kernel.SelectLessFloat(a, b, negate, sel, out)
		} else {
			k = kernel.SelectEqualFloat(a, b, negate, sel, out)
		}
	case types.ClassBytes:
		k = keepTexts(l, r, less, negate, n, sel, out)
	case types.ClassInterval:
		a := p.estimates(l, i, n, sel)
		b := p.estimates(r, j, n, sel)
		k = select128(a, b, less, negate, sel, out)
	default:
		k = keepUUIDs(l, r, less, negate, n, sel, out)
	}
	return kept(k, n, sel, out)
}

// estimates gives intervals as microseconds, which is how they compare.
func (p *pair) estimates(v *columnar.Vector, side, n int, sel []uint32) []types.Int128 {
	spans := kernel.Spans(v, n, room(p.worker, &p.spans[side], n))
	out := room(p.worker, &p.wide[side], n)
	if sel == nil {
		for i := range out {
			out[i] = spans[i].Estimate()
		}
		return out
	}
	for _, i := range sel {
		out[i] = spans[i].Estimate()
	}
	return out
}

func select128(a, b []types.Int128, less, negate bool, sel, out []uint32) int {
	if less {
		return kernel.SelectLess128(a, b, negate, sel, out)
	}
	return kernel.SelectEqual128(a, b, negate, sel, out)
}

// distinctTest is X IS NOT DISTINCT FROM Y: never NULL.
type distinctTest struct {
	worker *exec.Worker
	pair   *pair
	both   []uint32
	nulls  [2][]uint64
	hits   []uint64
}

func (t *distinctTest) load(b *columnar.Batch) error { return t.pair.load(b) }
func (t *distinctTest) total() bool                  { return true }

func (t *distinctTest) keep(want bool, n int, sel, out []uint32) []uint32 {
	if sel != nil && len(sel) == 0 {
		return out[:0]
	}
	words := kernel.Words(n)
	l := validity(t.pair.l, room(t.worker, &t.nulls[0], words))
	r := validity(t.pair.r, room(t.worker, &t.nulls[1], words))
	hits := room(t.worker, &t.hits, words)
	for i := range hits {
		hits[i] = ^(l[i] ^ r[i]) // NULL in both, or a value in both
		if !want {
			hits[i] = ^hits[i]
		}
		l[i] &= r[i]
	}
	both := room(t.worker, &t.both, n)
	both = both[:kernel.SelectBits(l, n, sel, both)]
	kernel.ClearBits(hits, both)
	if len(both) > 0 {
		kernel.SetBits(hits, t.pair.keep(want, n, both, both))
	}
	return kept(kernel.SelectBits(hits, n, sel, out), n, sel, out)
}

// validity copies v's bitmap to words.
func validity(v *columnar.Vector, words []uint64) []uint64 {
	switch {
	case isNullConst(v):
		clear(words)
	case v.Enc == columnar.Const || v.Valid == nil:
		kernel.SetAll(words, len(words)*64)
	default:
		copy(words, v.Valid)
	}
	return words
}
