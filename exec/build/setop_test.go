package build

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// sourceNode is a leaf whose rows a test provides.
func sourceNode(id plan.ColumnID, rows []exectest.Row) *plan.Values {
	n := &plan.Values{Cols: []plan.Column{{ID: id, Name: "a", Typ: types.TInteger}, {ID: id + 1, Name: "b", Typ: types.TText}}}
	for _, r := range rows {
		n.Rows = append(n.Rows, []plan.Expr{&plan.Const{Value: r[0]}, &plan.Const{Value: r[1]}})
	}
	return n
}

func randomRows(r *rand.Rand) []exectest.Row {
	rows := make([]exectest.Row, r.IntN(40))
	for i := range rows {
		rows[i] = exectest.Row{types.Int(types.TInteger, int64(r.IntN(3))), types.Str(types.TText, string(rune('x'+r.IntN(2))))}
		if r.IntN(5) == 0 {
			rows[i][0] = types.Null(types.TInteger)
		}
		if r.IntN(5) == 0 {
			rows[i][1] = types.Null(types.TText)
		}
	}
	return rows
}

// multiset counts rows by their text; NULLs are equal.
func multiset(rows []exectest.Row) map[string]int {
	counts := map[string]int{}
	for _, r := range rows {
		counts[exectest.Text([]exectest.Row{r}, false)]++
	}
	return counts
}

// expected is the meaning of a set operation in terms of counts (ISO/IEC 9075-2, 7.17).
func expected(kind plan.SetOpKind, all bool, left, right map[string]int) map[string]int {
	want := map[string]int{}
	for _, side := range []map[string]int{left, right} {
		for row := range side {
			n := left[row] + right[row]
			switch kind {
			case plan.Intersect:
				n = min(left[row], right[row])
			case plan.Except:
				if n = max(left[row]-right[row], 0); !all && right[row] > 0 {
					n = 0
				}
			}
			if !all {
				n = min(n, 1)
			}
			if n > 0 {
				want[row] = n
			}
		}
	}
	return want
}

// A set operation that loses, doubles or invents a row, or tells two NULLs apart, answers wrongly.
func TestSetOperationsCount(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for round := range 60 {
		left, right := randomRows(r), randomRows(r)
		for _, kind := range []plan.SetOpKind{plan.Union, plan.Intersect, plan.Except} {
			for _, all := range []bool{false, true} {
				l, n := sourceNode(1, left), sourceNode(3, right)
				root := &plan.SetOp{Kind: kind, All: all, Left: l, Right: n, Cols: []plan.Column{{ID: 5, Name: "a", Typ: types.TInteger}, {ID: 6, Name: "b", Typ: types.TText}}}
				q := exectest.Query(t, 1+round%3)
				op, err := Build(root, Env{Query: q})
				if err != nil {
					t.Fatal(err)
				}
				rows, err := exectest.Run(q, op)
				if err != nil {
					t.Fatal(err)
				}
				if got, want := fmt.Sprint(multiset(rows)), fmt.Sprint(expected(kind, all, multiset(left), multiset(right))); got != want {
					t.Fatalf("%s of\n%v\nand\n%v:\ngot  %s\nwant %s", root.Label(), multiset(left), multiset(right), got, want)
				}
			}
		}
	}
}

// DISTINCT ON must keep the first row of every group in the input's order.
func TestDistinctOnKeepsTheFirst(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for range 30 {
		rows := randomRows(r)
		input := sourceNode(1, rows)
		q := exectest.Query(t, 2)
		op, err := Build(&plan.Distinct{Input: input, On: []plan.Expr{plan.Ref(input.Cols[0])}}, Env{Query: q})
		if err != nil {
			t.Fatal(err)
		}
		got, err := exectest.Run(q, op)
		if err != nil {
			t.Fatal(err)
		}
		var want []exectest.Row
		var seen []string
		for _, row := range rows {
			if key := exectest.Cell(row[0]); !slices.Contains(seen, key) {
				seen, want = append(seen, key), append(want, row)
			}
		}
		if g, w := exectest.Text(got, false), exectest.Text(want, false); g != w {
			t.Fatalf("got\n%s\nwant\n%s", g, w)
		}
	}
}

// Both readers of a shared plan must see all of its rows.
func TestSharedPlanIsReadWhole(t *testing.T) {
	rows := randomRows(rand.New(rand.NewPCG(9, 9)))
	shared := &plan.SharedPlan{Name: "s", Input: sourceNode(1, rows)}
	reader := func(id plan.ColumnID) *plan.Shared {
		return &plan.Shared{Plan: shared, Cols: []plan.Column{{ID: id, Name: "a", Typ: types.TInteger}, {ID: id + 1, Name: "b", Typ: types.TText}}}
	}
	for workers := 1; workers <= 3; workers++ {
		both := &plan.SetOp{Kind: plan.Union, All: true, Left: reader(10), Right: reader(20), Cols: reader(30).Cols}
		got, err := run(t, both, workers)
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(strings.TrimSuffix(got, "\n"), "\n") + 1; lines != 2*len(rows) {
			t.Errorf("%d workers: %d rows, want %d", workers, lines, 2*len(rows))
		}
	}
}
