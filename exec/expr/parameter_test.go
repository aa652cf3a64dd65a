package expr

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// An expression with a parameter must mean what it means with the value in its place, at every execution:
// a value of an earlier one, or a loop that is right for constants only, answers wrongly without a sign.
func TestParametersMeanTheirValues(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	in := testInput()
	for _, c := range in {
		param := &plan.Param{Index: 1, Typ: c.Typ}
		q := exec.NewKept(exec.Options{Function: &function.Context{Now: time.Unix(0, 0), Location: time.UTC}})
		compiled := map[plan.CompareOp]Evaluator{}
		for run := range 24 {
			if err := q.Restart(context.Background()); err != nil {
				t.Fatal(err)
			}
			value := randomValue(r, c.Typ, run%8)
			q.Params = []types.Value{value}
			b, _ := randomBatch(r, in)
			for _, op := range []plan.CompareOp{plan.Eq, plan.Ne, plan.Lt, plan.Le, plan.Gt, plan.Ge, plan.IsDistinct, plan.IsNotDistinct} {
				if compiled[op] == nil {
					var err error
					if compiled[op], err = Compile(&plan.Compare{Op: op, L: plan.Ref(c), R: param}, in, q.Workers[0]); err != nil {
						t.Fatal(err)
					}
				}
				got, err := compiled[op].Eval(b)
				if err != nil {
					t.Fatal(err)
				}
				constant, err := Compile(&plan.Compare{Op: op, L: plan.Ref(c), R: &plan.Const{Value: value}}, in, testWorker(t))
				if err != nil {
					t.Fatal(err)
				}
				want, err := constant.Eval(b)
				if err != nil {
					t.Fatal(err)
				}
				for k := range b.Rows() {
					i := k
					if b.Sel != nil {
						i = int(b.Sel[k])
					}
					g, w := got.Value(i), want.Value(i)
					if g.Null != w.Null || !g.Null && g.I != w.I {
						t.Fatalf("%s %v %v in row %d: got %v, with a constant %v", c.Typ, op, value, i, g, w)
					}
				}
			}
			if !q.Rest() {
				t.Fatal("a small query has grown large")
			}
		}
		q.Close()
	}
}
