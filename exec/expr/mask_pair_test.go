package expr

import (
	"math/rand/v2"
	"testing"

	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// side is a column of a date, or of a number that constants may move and scale.
func (g generator) side(t types.Type) plan.Expr {
	e := g.leaf(t)
	for range g.r.IntN(3) {
		if t == types.TDate {
			return e
		}
		if g.r.IntN(4) == 0 {
			to := types.TBigInt
			if t.Kind == types.Numeric {
				to = types.TNumeric(38, 6)
			}
			e = &plan.Cast{X: e, Typ: to}
			continue
		}
		op := plan.ArithOp(g.r.IntN(int(plan.Mul) + 1))
		var c plan.Expr = &plan.Const{Value: types.Int(types.TInteger, g.r.Int64N(20)-10)}
		typ := e.Type()
		if t.Kind == types.Numeric {
			typ = numericResult(op, e.Type(), types.TInteger)
		}
		if l, r := e, c; g.r.IntN(2) == 0 {
			e = &plan.Arith{Op: op, L: l, R: r, Typ: typ}
		} else {
			e = &plan.Arith{Op: op, L: r, R: l, Typ: typ}
		}
	}
	return e
}

// Comparisons of two columns that lose or invent a row: in any pair of layouts, with factors on either
// side, at the ends of 64 bits, and on masks that have lost rows before.
func TestComparisonsOfColumnsAgreeWithTheMeaning(t *testing.T) {
	in := testInput()
	numbers := []types.Type{types.TSmallInt, types.TInteger, types.TBigInt, types.TNumeric(9, 2), types.TNumeric(15, 2), types.TNumeric(18, 4)}
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 3))
		g := generator{r, in}
		left, right := numbers[r.IntN(len(numbers))], numbers[r.IntN(len(numbers))]
		if r.IntN(8) == 0 {
			left, right = types.TDate, types.TDate
		}
		preds := []plan.Expr{&plan.Compare{Op: plan.CompareOp(r.IntN(6)), L: g.side(left), R: g.side(right)}}
		if r.IntN(3) == 0 {
			preds = append(preds, &plan.IsNull{X: g.leaf(left), Negate: true})
		}
		p, err := CompilePredicate(preds, in, testWorker(t))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			b, rows := randomBatch(r, in)
			checkSelect(t, seed, preds, p, in, b, rows)
		}
		if t.Failed() {
			return
		}
	}
}
