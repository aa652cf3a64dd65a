package expr

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel/kerneltest"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

func testWorker(t testing.TB) *exec.Worker {
	q := exec.NewQuery(context.Background(), exec.Options{Workers: 1, Function: &function.Context{Now: time.Unix(0, 0), Location: time.UTC}})
	t.Cleanup(q.Close)
	return q.Workers[0]
}

// testColumns has each type in two columns, numerics of several scales and widths.
var testColumns = []types.Type{
	types.TSmallInt, types.TInteger, types.TInteger, types.TBigInt, types.TBigInt,
	types.TNumeric(9, 2), types.TNumeric(15, 2), types.TNumeric(18, 4), types.TNumeric(38, 6), types.TNumeric(30, 0),
	types.TDouble, types.TDouble, types.TReal, types.TReal,
	types.TText, types.TText, types.TBoolean, types.TBoolean, types.TDate, types.TDate,
	types.TInterval, types.TInterval, types.TUUID, types.TUUID,
}

func testInput() Input {
	var in Input
	for i, t := range testColumns {
		in = append(in, plan.Column{ID: plan.ColumnID(i + 1), Name: fmt.Sprintf("c%d", i+1), Typ: t})
	}
	return in
}

var words = []string{"", "a", "ab", "abc", "special", "the special requests", "special packages, special requests",
	"requests special", "Green", "GREEN mint", "äöü", "ä_%", "x%y", "promo brushed", "PROMO", "specialrequests", "aab", "\x00", "ab\x00"}

var floats = []float64{0, math.Copysign(0, -1), 1, -1, 1.5, math.NaN(), math.Inf(1), math.Inf(-1), 1e308, 1e-308, 3.4e38, 1e-40, 0.1}

func randomValue(r *rand.Rand, t types.Type, magnitude int) types.Value {
	if r.IntN(8) == 0 && magnitude%2 == 0 {
		v := randomValue(r, t, 1)
		v.Null = true
		return v
	}
	switch t.Kind {
	case types.Boolean:
		return types.Bool(r.IntN(2) == 0)
	case types.SmallInt, types.Integer, types.BigInt, types.Date:
		lo, hi := t.Bounds()
		switch magnitude / 2 % 4 {
		case 0:
			return types.Int(t, r.Int64N(20)-10)
		case 1:
			return types.Int(t, max(r.Int64N(60000)-30000, lo))
		case 2:
			return types.Int(t, []int64{lo, hi, lo + 1, hi - 1, 0, -1, 1}[r.IntN(7)])
		}
		return types.Int(t, min(max(int64(r.Uint64()>>r.IntN(64)), lo), hi))
	case types.Numeric:
		digits := []int{2, int(t.Precision) / 2, min(int(t.Precision), 18), int(t.Precision)}[magnitude/2%4]
		d := types.FromInt64(0)
		for range digits {
			d, _ = d.MulUint64(10)
			d, _ = d.Add(types.FromInt64(r.Int64N(10)))
		}
		if r.IntN(2) == 0 {
			d = d.Neg()
		}
		return types.Decimal(t, d)
	case types.Real:
		return types.Float(t, float64(float32(floats[r.IntN(len(floats))])))
	case types.Double:
		return types.Float(t, floats[r.IntN(len(floats))])
	case types.Interval:
		return types.Value{Type: t, Span: types.Span{Months: int32(r.IntN(3)), Days: int32(r.IntN(61)), Micros: r.Int64N(3) * types.Day}}
	case types.UUID:
		return types.Str(t, string([]byte{15: byte(r.IntN(3))}))
	}
	return types.Str(t, words[r.IntN(len(words))])
}

func randomBatch(r *rand.Rand, in Input) (*columnar.Batch, [][]types.Value) {
	n := []int{0, 1, 3, 63, 64, 65, 200}[r.IntN(7)]
	b := &columnar.Batch{Len: n, Sel: kerneltest.Selection(r, n)}
	rows := make([][]types.Value, n)
	for _, c := range in {
		magnitude := r.IntN(8)
		vals := make([]types.Value, n)
		for i := range vals {
			if i > 0 && magnitude == 7 && r.IntN(2) == 0 {
				vals[i] = vals[0] // constant columns
				continue
			}
			vals[i] = randomValue(r, c.Typ, magnitude)
		}
		b.Cols = append(b.Cols, kerneltest.Vector(r, c.Typ, vals))
		for i := range rows {
			rows[i] = append(rows[i], vals[i])
		}
	}
	return b, rows
}

// generator grows random expressions of a wanted type over the input.
type generator struct {
	r  *rand.Rand
	in Input
}

func (g generator) leaf(t types.Type) plan.Expr {
	var fit []*plan.Column
	for i := range g.in {
		if g.in[i].Typ == t {
			fit = append(fit, &g.in[i])
		}
	}
	if len(fit) == 0 || g.r.IntN(4) == 0 {
		return &plan.Const{Value: randomValue(g.r, t, g.r.IntN(8))}
	}
	return fit[g.r.IntN(len(fit))]
}

func (g generator) value(t types.Type, depth int) plan.Expr {
	if depth <= 0 {
		return g.leaf(t)
	}
	switch g.r.IntN(6) {
	case 0:
		c := &plan.Case{Typ: t}
		for range 1 + g.r.IntN(2) {
			c.Whens = append(c.Whens, plan.When{Cond: g.value(types.TBoolean, depth-1), Then: g.value(t, depth-1)})
		}
		if g.r.IntN(2) == 0 {
			c.Else = g.value(t, depth-1)
		}
		return c
	case 5:
		if t.IsInteger() || t == types.TNumeric(38, 6) {
			return &plan.Neg{X: g.value(t, depth-1)}
		}
	case 1:
		return &plan.Coalesce{Arg: []plan.Expr{g.value(t, depth-1), g.value(t, depth-1)}, Typ: t}
	case 2, 3, 4:
		if t.Kind == types.Boolean {
			return g.condition(depth)
		}
		if t.IsFloat() || t.IsInteger() || t == types.TNumeric(38, 6) {
			return g.arith(t, depth)
		}
	}
	return g.leaf(t)
}

func (g generator) arith(t types.Type, depth int) plan.Expr {
	op := plan.ArithOp(g.r.IntN(int(plan.Mod)))
	if !t.IsFloat() && g.r.IntN(5) == 0 {
		op = plan.Mod
	}
	lt, rt := t, t
	if t.Kind == types.Numeric { // only the widest: a product of two numeric(9,2) is no numeric(9,2)
		numerics := []types.Type{types.TNumeric(9, 2), types.TNumeric(15, 2), types.TNumeric(18, 4), types.TNumeric(38, 6), types.TNumeric(30, 0), types.TInteger}
		lt, rt = numerics[g.r.IntN(5)], numerics[g.r.IntN(6)]
	}
	return &plan.Arith{Op: op, L: g.value(lt, depth-1), R: g.value(rt, depth-1), Typ: t}
}

// numeric is arithmetic of the type that the operands' scales give, or with fewer digits.
func (g generator) numeric(depth int) plan.Expr {
	e := g.arith(types.TNumeric(38, 6), depth).(*plan.Arith)
	e.Typ = numericResult(e.Op, e.L.Type(), e.R.Type())
	if g.r.IntN(8) == 0 {
		e.Typ.Scale = uint8(g.r.IntN(5)) // the binder's cap may cut digits
	}
	return e
}

func numericResult(op plan.ArithOp, l, r types.Type) types.Type {
	switch op {
	case plan.Mul:
		return types.TNumeric(38, int(l.Scale+r.Scale))
	case plan.Div:
		return types.TNumeric(38, max(16, int(max(l.Scale, r.Scale))))
	}
	return types.TNumeric(38, int(max(l.Scale, r.Scale)))
}

func (g generator) condition(depth int) plan.Expr {
	t := testColumns[g.r.IntN(len(testColumns))]
	d := depth - 1
	switch g.r.IntN(9) {
	case 0:
		return &plan.And{Terms: []plan.Expr{g.value(types.TBoolean, d), g.value(types.TBoolean, d), g.value(types.TBoolean, d)}}
	case 1:
		return &plan.Or{Terms: []plan.Expr{g.value(types.TBoolean, d), g.value(types.TBoolean, d), g.value(types.TBoolean, d)}}
	case 2:
		return &plan.Not{X: g.value(types.TBoolean, d)}
	case 3:
		return &plan.IsNull{X: g.value(t, d), Negate: g.r.IntN(2) == 0}
	case 4:
		in := &plan.InList{X: g.value(t, d), Negate: g.r.IntN(2) == 0}
		for range 1 + g.r.IntN(12) {
			if g.r.IntN(3) > 0 || t.Kind == types.Interval {
				in.List = append(in.List, &plan.Const{Value: randomValue(g.r, t, g.r.IntN(8))})
			} else {
				in.List = append(in.List, g.leaf(t))
			}
		}
		return in
	case 5:
		patterns := []string{"%special%requests%", "%special%", "special%", "%requests", "abc", "a_", "%", "", "_%", "a%b", "%_s%", "x#%y", "ä##_%", "%a%a%", "__ü", "gr%", "%É%"}
		var p plan.Expr = &plan.Const{Value: types.Str(types.TText, patterns[g.r.IntN(len(patterns))])}
		if g.r.IntN(4) == 0 {
			p = g.leaf(types.TText)
		}
		return &plan.Like{X: g.value(types.TText, d), Pattern: p, Escape: []rune{0, '#'}[g.r.IntN(2)], Fold: g.r.IntN(2) == 0, Negate: g.r.IntN(2) == 0}
	}
	l, r := g.value(t, d), g.value(t, d)
	if t.Kind == types.Numeric && g.r.IntN(2) == 0 {
		l = g.numeric(depth)
	}
	if t.Kind == types.Numeric && g.r.IntN(3) == 0 { // of another scale
		r = &plan.Const{Value: randomValue(g.r, types.TNumeric(18, 4), g.r.IntN(8))}
	}
	return &plan.Compare{Op: plan.CompareOp(g.r.IntN(8)), L: l, R: r}
}

// show prints the columns of a row that expressions use.
func show(in Input, row []types.Value, exprs ...plan.Expr) string {
	used := plan.ColumnSet{}
	for _, e := range exprs {
		plan.AddRefs(used, e)
	}
	s := ""
	for i, c := range in {
		if used.Has(c.ID) {
			s += c.Name + "=" + row[i].SQL() + " "
		}
	}
	return s
}

func sameValue(a, b types.Value) bool {
	if a.Null || b.Null {
		return a.Null == b.Null
	}
	if a.Type.IsFloat() {
		return a.F == b.F && math.Signbit(a.F) == math.Signbit(b.F) || math.IsNaN(a.F) && math.IsNaN(b.F)
	}
	if a.Type.Kind == types.Numeric {
		return rational(a).Cmp(rational(b)) == 0
	}
	return a.I == b.I && a.S == b.S && a.Span == b.Span
}

// Any disagreement with the row-at-a-time meaning, in any layout, encoding, selection or nesting.
func TestEvaluatorsAgreeWithTheMeaning(t *testing.T) {
	in := testInput()
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 1))
		g := generator{r, in}
		e := g.value(testColumns[r.IntN(len(testColumns))], 1+r.IntN(3))
		if seed%8 == 0 {
			e = g.numeric(1 + r.IntN(3))
		}
		w := testWorker(t)
		ev, err := Compile(e, in, w)
		if refusedPattern(err) {
			continue
		}
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, e, err)
		}
		for range 3 {
			b, rows := randomBatch(r, in)
			checkEval(t, seed, e, ev, in, b, rows)
		}
		if t.Failed() {
			return
		}
	}
}

func refusedPattern(err error) bool { return err != nil && stateOf(err) == "22025" }

func checkEval(t *testing.T, seed uint64, e plan.Expr, ev Evaluator, in Input, b *columnar.Batch, rows [][]types.Value) {
	v, err := ev.Eval(b)
	var want error
	for _, i := range kerneltest.Rows(b.Len, b.Sel) {
		x, failed := reference{in, rows[i]}.eval(e)
		if failed != nil {
			want = failed
			continue
		}
		if err != nil {
			continue
		}
		if got := v.Value(int(i)); !sameValue(got, x) {
			t.Errorf("seed %d: %s\nrow %d %s: got %s, want %s", seed, e, i, show(in, rows[i], e), got.SQL(), x.SQL())
			return
		}
		if v.Layout <= columnar.I64 && v.Bounded && v.Enc == columnar.Flat && (v.Int(int(i)) < v.Lo || v.Int(int(i)) > v.Hi) {
			t.Errorf("seed %d: %s: row %d is %d, outside of the promised %d..%d", seed, e, i, v.Int(int(i)), v.Lo, v.Hi)
		}
	}
	if (err != nil) != (want != nil) {
		t.Errorf("seed %d: %s: error %v, want %v; %d rows, selected %v", seed, e, err, want, b.Len, b.Sel)
		for _, i := range kerneltest.Rows(b.Len, b.Sel) {
			t.Log(show(in, rows[i], e))
		}
	}
	if err == nil && v.Len != b.Len {
		t.Errorf("seed %d: %s: length %d, want %d", seed, e, v.Len, b.Len)
	}
}

// A predicate that keeps a row it must not, or loses one, whatever order it has chosen.
func TestPredicatesAgreeWithTheMeaning(t *testing.T) {
	in := testInput()
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 2))
		g := generator{r, in}
		var preds []plan.Expr
		for range 1 + r.IntN(4) {
			preds = append(preds, g.condition(1+r.IntN(2)))
		}
		w := testWorker(t)
		p, err := CompilePredicate(preds, in, w)
		if refusedPattern(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			b, rows := randomBatch(r, in)
			checkSelect(t, seed, preds, p, in, b, rows)
		}
		if t.Failed() {
			return
		}
	}
}

func checkSelect(t *testing.T, seed uint64, preds []plan.Expr, p *Predicate, in Input, b *columnar.Batch, rows [][]types.Value) {
	sel, err := p.Select(b)
	if err != nil { // some term must fail on some row
		for _, i := range kerneltest.Rows(b.Len, b.Sel) {
			for _, e := range plan.Conjuncts(&plan.And{Terms: preds}) {
				if _, err := (reference{in, rows[i]}).eval(e); err != nil {
					return
				}
			}
		}
		t.Errorf("seed %d: %v: unfounded error %v", seed, preds, err)
		return
	}
	got := kerneltest.Rows(b.Len, sel)
	k := 0
	for _, i := range kerneltest.Rows(b.Len, b.Sel) {
		keep := true
		for _, e := range preds {
			x, err := reference{in, rows[i]}.eval(e)
			keep = keep && err == nil && !x.Null && x.I == 1
		}
		if keep {
			if k >= len(got) || got[k] != i {
				t.Errorf("seed %d: %v: row %d %s is missing", seed, preds, i, show(in, rows[i], preds...))
				return
			}
			k++
		}
	}
	if k != len(got) {
		t.Errorf("seed %d: %v: %d rows too many", seed, preds, len(got)-k)
	}
}
