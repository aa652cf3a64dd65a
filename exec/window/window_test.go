package window

import (
	"math/rand/v2"
	"slices"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/function/builtin"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var inputTypes = []types.Type{types.TInteger, types.TBigInt, types.TInteger} // partition, order (unique), value

// partitions makes rows in partitions of very different sizes.
func partitions(r *rand.Rand, n int) []exectest.Row {
	rows := make([]exectest.Row, n)
	for i := range rows {
		value := types.Int(types.TInteger, int64(r.IntN(1000)-500))
		if r.IntN(8) == 0 {
			value = types.Null(types.TInteger)
		}
		part := r.IntN(1 + r.IntN(1+r.IntN(40)))
		rows[i] = exectest.Row{types.Int(types.TInteger, int64(part)), types.Int(types.TBigInt, int64(i*7919%n)), value}
	}
	return rows
}

func newOperator(lo, hi int64, input exec.Operator) *Operator {
	in := &plan.Empty{Cols: []plan.Column{{ID: 1, Name: "p", Typ: inputTypes[0]}, {ID: 2, Name: "o", Typ: inputTypes[1]}, {ID: 3, Name: "v", Typ: inputTypes[2]}}}
	registry := builtin.New()
	agg := func(name string) *function.Aggregate { a, _ := registry.Aggregate(name); return a }
	number, _ := registry.Window("row_number")
	constant := func(n int64) plan.Expr { return &plan.Const{Value: types.Int(types.TBigInt, n)} }
	frame := plan.Frame{Mode: plan.FrameRows, Start: plan.Bound{Kind: plan.OffsetPreceding, Offset: constant(lo)},
		Stop: plan.Bound{Kind: plan.OffsetFollowing, Offset: constant(hi)}}
	running := plan.Frame{Stop: plan.Bound{Kind: plan.CurrentRow}}
	value := []plan.Expr{plan.Ref(in.Cols[2])}
	call := func(id plan.ColumnID, c plan.WindowCall) plan.NamedWindow {
		return plan.NamedWindow{Out: plan.Column{ID: id, Typ: c.Typ}, Call: c}
	}
	n := &plan.Window{Input: in, Partition: []plan.Expr{plan.Ref(in.Cols[0])}, Order: []plan.SortKey{{Expr: plan.Ref(in.Cols[1])}}, Calls: []plan.NamedWindow{
		call(4, plan.WindowCall{Fn: number, Typ: types.TBigInt, Frame: running}),
		call(5, plan.WindowCall{Agg: agg("sum"), Arg: value, Typ: types.TBigInt, Frame: frame}),
		call(6, plan.WindowCall{Agg: agg("max"), Arg: value, Typ: types.TInteger, Frame: running}),
		call(7, plan.WindowCall{Agg: agg("count"), Arg: value, Typ: types.TBigInt, Frame: frame}),
	}}
	return New(n, in.Cols, in.Cols, input)
}

// naive computes what newOperator's calls mean, row by row.
func naive(rows []exectest.Row, lo, hi int) []exectest.Row {
	byPart := map[int64][]exectest.Row{}
	for _, r := range rows {
		byPart[r[0].I] = append(byPart[r[0].I], r)
	}
	var out []exectest.Row
	for _, part := range byPart {
		slices.SortFunc(part, func(a, b exectest.Row) int { return int(a[1].I - b[1].I) })
		largest := types.Null(types.TInteger)
		for i, r := range part {
			sum, count := int64(0), int64(0)
			for _, other := range part[max(0, i-lo):min(len(part), i+hi+1)] {
				if !other[2].Null {
					sum, count = sum+other[2].I, count+1
				}
			}
			total := types.Int(types.TBigInt, sum)
			if count == 0 {
				total = types.Null(types.TBigInt)
			}
			if !r[2].Null && (largest.Null || r[2].I > largest.I) {
				largest = r[2]
			}
			out = append(out, append(slices.Clone(r), types.Int(types.TBigInt, int64(i+1)), total, largest, types.Int(types.TBigInt, count)))
		}
	}
	return out
}

// Rows of a partition apart, frames off by one at its edges, states that leak from one partition into
// the next; in memory and from files, where partitions arrive in pieces.
func TestWindowAgainstReference(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 5))
		rows := partitions(r, rapid.SampledFrom([]int{0, 1, 7, 50, 300, 300, 300, 20000}).Draw(rt, "rows"))
		lo, hi := rapid.IntRange(0, 20).Draw(rt, "preceding"), rapid.IntRange(0, 20).Draw(rt, "following")
		query := exectest.Query
		if rapid.Bool().Draw(rt, "spill") {
			query = exectest.SpillingQuery
		}
		q := query(t, rapid.IntRange(1, 3).Draw(rt, "workers"))
		defer q.Close()
		source := exectest.NewSource(r, inputTypes, rows, rapid.SampledFrom([]int{64, 4000}).Draw(rt, "batch"))
		got, err := exectest.Run(q, newOperator(int64(lo), int64(hi), source))
		if err != nil {
			rt.Fatal(err)
		}
		if g, w := exectest.Text(got, true), exectest.Text(naive(rows, lo, hi), true); g != w {
			rt.Fatalf("%d rows, %d wanted; first difference at %s", len(got), len(rows), firstDifference(g, w))
		}
	})
}

func firstDifference(a, b string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return a[max(0, i-60):min(len(a), i+60)] + "\n instead of\n" + b[max(0, i-60):min(len(b), i+60)]
		}
	}
	return "the end"
}

// A consumer that has enough must not leave memory behind.
func TestEarlyStop(t *testing.T) {
	rows := partitions(rand.New(rand.NewPCG(1, 2)), 50000)
	q := exectest.Query(t, 1)
	defer q.Close()
	op := newOperator(1, 1, exectest.NewSource(nil, inputTypes, rows, 4000))
	if err := op.Prepare(q); err != nil {
		t.Fatal(err)
	}
	before := q.Workers[0].Arena.Bytes()
	for range op.Stream(q.Workers[0]) {
		break
	}
	if after := q.Workers[0].Arena.Bytes(); after-before > 8<<20 {
		t.Errorf("%d bytes of scratch for one batch", after-before)
	}
}
