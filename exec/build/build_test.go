package build

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func integer(i int64) plan.Expr { return &plan.Const{Value: types.Int(types.TInteger, i)} }

// values are rows of integers as columns id, id+1, ….
func values(id plan.ColumnID, rows ...[]int64) *plan.Values {
	n := &plan.Values{}
	for i := range rows[0] {
		n.Cols = append(n.Cols, plan.Column{ID: id + plan.ColumnID(i), Name: string(rune('a' + i)), Typ: types.TInteger})
	}
	for _, r := range rows {
		var exprs []plan.Expr
		for _, x := range r {
			exprs = append(exprs, integer(x))
		}
		n.Rows = append(n.Rows, exprs)
	}
	return n
}

func compare(op plan.CompareOp, l, r plan.Expr) plan.Expr { return &plan.Compare{Op: op, L: l, R: r} }

func run(t *testing.T, root plan.Node, workers int, params ...types.Value) (string, error) {
	t.Helper()
	q := exectest.Query(t, workers)
	op, err := Build(plan.WithParams(root, params), Env{Query: q})
	if err != nil {
		return "", err
	}
	rows, err := exectest.Run(q, op)
	return exectest.Text(rows, !op.Ordered()), err
}

func count(name string) plan.NamedAgg {
	return plan.NamedAgg{Out: plan.Column{ID: 900, Typ: types.TBigInt}, Agg: plan.AggCall{Fn: &function.Aggregate{Name: name}, Typ: types.TBigInt}}
}

// planCase is a plan and its rows.
type planCase struct {
	name string
	root plan.Node
	want string
}

func plans() []planCase {
	v := values(1, []int64{1, 10}, []int64{2, 20}, []int64{3, 30}, []int64{2, 20})
	w := values(11, []int64{2, 20}, []int64{4, 40})
	a, b := plan.Ref(v.Cols[0]), plan.Ref(v.Cols[1])
	max := &plan.Aggregate{Input: w, Aggs: []plan.NamedAgg{{Out: plan.Column{ID: 20, Typ: types.TInteger},
		Agg: plan.AggCall{Fn: &function.Aggregate{Name: "max"}, Arg: []plan.Expr{plan.Ref(w.Cols[0])}, Typ: types.TInteger}}}}
	none := &plan.Filter{Input: w, Preds: []plan.Expr{compare(plan.Gt, plan.Ref(w.Cols[0]), integer(99))}}
	cte := &plan.SharedPlan{Name: "c", Input: v}
	left, right := &plan.Shared{Plan: cte, Cols: v.Cols}, &plan.Shared{Plan: cte, Cols: values(31, []int64{0, 0}).Cols}
	setOp := func(kind plan.SetOpKind, all bool) plan.Node {
		return &plan.SetOp{Kind: kind, All: all, Left: v, Right: w, Cols: values(41, []int64{0, 0}).Cols}
	}
	return []planCase{
		{"values keep their order", v, "1|10 2|20 3|30 2|20"},
		{"filter", &plan.Filter{Input: v, Preds: []plan.Expr{compare(plan.Gt, b, integer(15))}}, "2|20 3|30 2|20"},
		{"parameter", &plan.Filter{Input: v, Preds: []plan.Expr{compare(plan.Eq, b, &plan.Param{Index: 1, Typ: types.TInteger})}}, "3|30"},
		{"runtime value", &plan.Filter{Input: v, Preds: []plan.Expr{compare(plan.Lt, a, &plan.RuntimeValue{Input: max, Typ: types.TInteger})}}, "1|10 2|20 3|30 2|20"},
		{"runtime value of no row is NULL", &plan.Filter{Input: v, Preds: []plan.Expr{compare(plan.Lt, a, &plan.RuntimeValue{Input: none, Typ: types.TInteger})}}, ""},
		{"sort, project, limit", &plan.Limit{Count: integer(2), Offset: integer(1), Input: &plan.Project{Exprs: []plan.NamedExpr{{Out: v.Cols[1], Expr: b}},
			Input: &plan.Sort{Input: v, Limit: -1, Keys: []plan.SortKey{{Expr: a, Desc: true}}}}}, "20 20"},
		{"count over a join that nobody reads a column of", &plan.Aggregate{Aggs: []plan.NamedAgg{count("count")},
			Input: &plan.Join{Left: v, Right: w, Equi: []plan.EquiPair{{Left: a, Right: plan.Ref(w.Cols[0])}}}}, "2"},
		{"columns that only a join above needs", &plan.Project{Exprs: []plan.NamedExpr{{Out: w.Cols[1], Expr: plan.Ref(w.Cols[1])}},
			Input: &plan.Join{Kind: plan.LeftJoin, Left: v, Right: w, Equi: []plan.EquiPair{{Left: a, Right: plan.Ref(w.Cols[0])}}}}, "20 20 NULL NULL"},
		{"shared plan read twice", &plan.Join{Left: left, Right: right, Equi: []plan.EquiPair{{Left: a, Right: plan.Ref(right.Cols[0])}}},
			"1|10|1|10 2|20|2|20 2|20|2|20 2|20|2|20 2|20|2|20 3|30|3|30"},
		{"distinct", &plan.Distinct{Input: v}, "1|10 2|20 3|30"},
		{"distinct on", &plan.Distinct{Input: v, On: []plan.Expr{a}}, "1|10 2|20 3|30"},
		{"union all", setOp(plan.Union, true), "1|10 2|20 3|30 2|20 2|20 4|40"},
		{"union", setOp(plan.Union, false), "1|10 2|20 3|30 4|40"},
		{"intersect all", setOp(plan.Intersect, true), "2|20"},
		{"except all", setOp(plan.Except, true), "1|10 2|20 3|30"},
		{"except", setOp(plan.Except, false), "1|10 3|30"},
		{"recursion", recursion(5), "1 2 3 4 5"},
		{"empty", &plan.Empty{Cols: v.Cols}, ""},
	}
}

// Every plan node must become the operator that its meaning asks for, on one worker and on several.
func TestNodes(t *testing.T) {
	for _, c := range plans() {
		for _, workers := range []int{1, 2} {
			got, err := run(t, c.root, workers, types.Int(types.TInteger, 30))
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if got := strings.ReplaceAll(got, "\n", " "); sorted(got) != sorted(c.want) || len(got) > 0 && c.name == "values keep their order" && got != c.want {
				t.Errorf("%s on %d workers:\ngot  %s\nwant %s", c.name, workers, got, c.want)
			}
		}
	}
}

// A consumer that has had enough, and a query that was cancelled, must end every operator at once.
func TestEarlyStopAndCancel(t *testing.T) {
	for _, c := range plans() {
		q := exectest.Query(t, 2)
		op, err := Build(plan.WithParams(c.root, []types.Value{types.Int(types.TInteger, 30)}), Env{Query: q})
		if err != nil {
			t.Fatal(err)
		}
		if err := op.Prepare(q); err != nil {
			t.Fatal(err)
		}
		for _, w := range q.Workers {
			for _, err := range op.Stream(w) {
				if err != nil {
					t.Errorf("%s: %v", c.name, err)
				}
				break
			}
		}
		q.Close()
		if op, err = Build(plan.WithParams(c.root, []types.Value{types.Int(types.TInteger, 30)}), Env{Query: q}); err != nil {
			t.Fatal(err)
		}
		if _, empty := c.root.(*plan.Empty); empty {
			continue
		}
		if _, err := exectest.Run(q, op); sqlerr.StateOf(err) != sqlerr.QueryCanceled {
			t.Errorf("%s: a cancelled query gave %v", c.name, err)
		}
	}
}

// recursion counts from 1 to n.
func recursion(n int64) plan.Node {
	init := values(1, []int64{1})
	table := &plan.WorkingTable{Name: "r", Types: []types.Type{types.TInteger}}
	scan := &plan.WorkingScan{Working: table, Cols: values(51, []int64{0}).Cols}
	next := &plan.Arith{Op: plan.Add, L: plan.Ref(scan.Cols[0]), R: integer(1), Typ: types.TInteger}
	step := &plan.Project{Exprs: []plan.NamedExpr{{Out: plan.Column{ID: 52, Typ: types.TInteger}, Expr: next}},
		Input: &plan.Filter{Input: scan, Preds: []plan.Expr{compare(plan.Lt, plan.Ref(scan.Cols[0]), integer(n))}}}
	return &plan.Recursive{Init: init, Step: step, Working: table, Cols: init.Cols}
}

func sorted(s string) string {
	rows := strings.Fields(s)
	for i := range rows {
		for j := i; j > 0 && rows[j] < rows[j-1]; j-- {
			rows[j], rows[j-1] = rows[j-1], rows[j]
		}
	}
	return strings.Join(rows, " ")
}

// Mistakes must come out as the errors that PostgreSQL gives.
func TestErrors(t *testing.T) {
	v := values(1, []int64{1}, []int64{2})
	many := &plan.Filter{Input: v, Preds: []plan.Expr{compare(plan.Eq, plan.Ref(v.Cols[0]), &plan.RuntimeValue{Input: v, Typ: types.TInteger})}}
	if _, err := run(t, many, 2); sqlerr.StateOf(err) != sqlerr.CardinalityViolation {
		t.Errorf("a scalar subquery of two rows gave %v", err)
	}
	unknown := &plan.Aggregate{Input: v, Aggs: []plan.NamedAgg{count("median")}}
	if _, err := run(t, unknown, 1); sqlerr.StateOf(err) != sqlerr.FeatureNotSupported {
		t.Errorf("an unknown aggregate gave %v", err)
	}
}

// EXPLAIN ANALYZE must count the rows of every node that ran, also of those built late.
func TestProfileCounts(t *testing.T) {
	v := values(1, []int64{1}, []int64{2}, []int64{3})
	two := &plan.RuntimeValue{Input: values(9, []int64{2}), Typ: types.TInteger}
	root := &plan.Filter{Input: v, Preds: []plan.Expr{compare(plan.Ge, plan.Ref(v.Cols[0]), two)}}
	q := exec.NewQuery(t.Context(), exec.Options{Workers: 2, Profile: true})
	defer q.Close()
	p := NewProfile()
	op, err := Build(root, Env{Query: q, Profile: p})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exectest.Run(q, op); err != nil {
		t.Fatal(err)
	}
	for n, want := range map[plan.Node]int64{root: 2, v: 3, two.Input: 1} {
		if c := p.Counters(n); c == nil || c.Rows.Load() != want {
			t.Errorf("%s: %+v, want %d rows", n.Label(), c, want)
		}
	}
	if text := plan.Format(root, p.Annotate); !strings.Contains(text, "actual rows=3") {
		t.Errorf("EXPLAIN ANALYZE says\n%s", text)
	}
}
