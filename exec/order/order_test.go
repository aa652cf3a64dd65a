package order

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/oxidb/oxidb/columnar/columnartest"
	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func scanned(ts []types.Type) *plan.Empty {
	e := &plan.Empty{}
	for i, t := range ts {
		e.Cols = append(e.Cols, plan.Column{ID: plan.ColumnID(i), Name: fmt.Sprintf("c%d", i), Typ: t})
	}
	return e
}

var sortable8 = []types.Type{types.TInteger, types.TBigInt, types.TText, types.TDate, types.TNumeric(38, 2), types.TDouble, types.TBoolean,
	types.TInterval, types.TUUID}

func drawRows(t *rapid.T, r *rand.Rand, ts []types.Type) []exectest.Row {
	rows := make([]exectest.Row, rapid.SampledFrom([]int{0, 1, 9, 300, 9000}).Draw(t, "rows"))
	narrow, nullable := rapid.Bool().Draw(t, "narrow"), rapid.Bool().Draw(t, "nullable")
	for i := range rows {
		for _, typ := range ts {
			rows[i] = append(rows[i], columnartest.Value(r, typ, narrow, nullable))
		}
	}
	return rows
}

func compareRows(keys []plan.SortKey, a, b exectest.Row) int {
	for _, k := range keys {
		x, y := a[k.Expr.(*plan.Column).ID], b[k.Expr.(*plan.Column).ID]
		if x.Null != y.Null {
			if x.Null == k.NullsFirst {
				return -1
			}
			return 1
		}
		c := exectest.Compare(x, y)
		if k.Desc && !x.Null {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// Rows out of order, lost or doubled, in any layout, with or without a limit.
func TestSortAgainstReference(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 3))
		ts := rapid.SliceOfN(rapid.SampledFrom(sortable8), 1, 3).Draw(rt, "types")
		in := scanned(ts)
		n := &plan.Sort{Input: in, Limit: int64(rapid.SampledFrom([]int{-1, 0, 1, 10, 5000}).Draw(rt, "limit"))}
		for i := range ts {
			n.Keys = append(n.Keys, plan.SortKey{Expr: plan.Ref(in.Cols[i]), Desc: rapid.Bool().Draw(rt, "desc"), NullsFirst: rapid.Bool().Draw(rt, "first")})
		}
		rows := drawRows(rt, r, ts)
		query := exectest.Query
		if rapid.Bool().Draw(rt, "spill") {
			query = exectest.SpillingQuery
		}
		q := query(t, rapid.IntRange(1, 3).Draw(rt, "workers"))
		defer q.Close()
		got, err := exectest.Run(q, NewSort(n, exectest.NewSource(r, ts, rows, rapid.SampledFrom([]int{64, 1000}).Draw(rt, "batch"))))
		if err != nil {
			rt.Fatal(err)
		}
		want := slices.Clone(rows)
		slices.SortFunc(want, func(a, b exectest.Row) int { return compareRows(n.Keys, a, b) })
		if n.Limit >= 0 {
			want = want[:min(len(want), int(n.Limit))]
		}
		// All columns are keys, so equal rows are interchangeable.
		if len(got) != len(want) {
			rt.Fatalf("%d rows, want %d", len(got), len(want))
		}
		for i := range got {
			if compareRows(n.Keys, got[i], want[i]) != 0 {
				rt.Fatalf("row %d: %v, want %v", i, got[i], want[i])
			}
		}
	})
}

// A limit that two workers share must count every row once.
func TestLimit(t *testing.T) {
	ts := []types.Type{types.TInteger}
	in := scanned(ts)
	constant := func(i int64) plan.Expr { return &plan.Const{Value: types.Int(types.TBigInt, i)} }
	var rows []exectest.Row
	for i := range int64(1000) {
		rows = append(rows, exectest.Row{types.Int(ts[0], i)})
	}
	for _, c := range []struct{ offset, count, want int64 }{{0, 10, 10}, {5, 7, 7}, {995, 10, 5}, {2000, 10, 0}, {0, 0, 0}} {
		for _, workers := range []int{1, 2} {
			q := exectest.Query(t, workers)
			src := exectest.NewSource(rand.New(rand.NewPCG(1, 2)), ts, rows, 64)
			src.InOrder = workers == 1
			got, err := exectest.Run(q, NewLimit(src, &plan.Limit{Input: in, Count: constant(c.count), Offset: constant(c.offset)}))
			if err != nil || int64(len(got)) != c.want {
				t.Errorf("limit %d offset %d on %d workers: %d rows, %v", c.count, c.offset, workers, len(got), err)
			}
			if src.InOrder && len(got) > 0 && got[0][0].I != c.offset {
				t.Errorf("offset %d starts at %d", c.offset, got[0][0].I)
			}
			q.Close()
		}
	}
	q := exectest.Query(t, 1)
	_, err := exectest.Run(q, NewLimit(exectest.NewSource(nil, ts, rows, 64), &plan.Limit{Input: in, Count: constant(-1)}))
	if err == nil || err.Error() != "LIMIT must not be negative (SQLSTATE 2201W)" {
		t.Errorf("negative limit: %v", err)
	}
}
