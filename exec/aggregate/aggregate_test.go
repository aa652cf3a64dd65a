package aggregate

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/columnartest"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scanned stands for the input in the plan.
func scanned(ts []types.Type) *plan.Empty {
	e := &plan.Empty{}
	for i, t := range ts {
		e.Cols = append(e.Cols, plan.Column{ID: plan.ColumnID(i), Name: fmt.Sprintf("c%d", i), Typ: t})
	}
	return e
}

func column(e *plan.Empty, i int) plan.Expr { return plan.Ref(e.Cols[i]) }

func agg(name string, t types.Type, args ...plan.Expr) plan.NamedAgg {
	return plan.NamedAgg{Out: plan.Column{ID: 100, Typ: t}, Agg: plan.AggCall{Fn: &function.Aggregate{Name: name}, Arg: args, Typ: t}}
}

var wideNumeric = types.TNumeric(38, 2)

// query draws a grouping over columns: groups, then an int, a decimal, a float and a text argument.
func drawNode(t *rapid.T, groups []types.Type) (*plan.Aggregate, []types.Type) {
	ts := append(append([]types.Type{}, groups...), types.TBigInt, wideNumeric, types.TDouble, types.TText)
	in := scanned(ts)
	g := len(groups)
	n := &plan.Aggregate{Input: in, Streaming: rapid.Bool().Draw(t, "streaming")}
	for i := range groups {
		n.Groups = append(n.Groups, plan.NamedExpr{Out: in.Cols[i], Expr: column(in, i)})
	}
	all := []plan.NamedAgg{
		agg("count", types.TBigInt), agg("count", types.TBigInt, column(in, g)), agg("sum", types.TNumeric(38, 0), column(in, g)),
		agg("min", types.TBigInt, column(in, g)), agg("max", types.TBigInt, column(in, g)), agg("sum", wideNumeric, column(in, g+1)),
		agg("min", wideNumeric, column(in, g+1)), agg("max", types.TDouble, column(in, g+2)), agg("min", types.TText, column(in, g+3)),
		agg("sum", types.TDouble, column(in, g+2)), agg("avg", types.TNumeric(38, 4), column(in, g)), agg("avg", types.TNumeric(38, 6), column(in, g+1)),
	}
	for i := range groups {
		all = append(all, agg("any_value", groups[i], column(in, i)))
	}
	for i := range all {
		if rapid.IntRange(0, 2).Draw(t, "take") > 0 {
			a := all[i]
			if len(a.Agg.Arg) > 0 && rapid.IntRange(0, 4).Draw(t, "distinct") == 0 {
				a.Agg.Distinct = true
			}
			if rapid.IntRange(0, 4).Draw(t, "filtered") == 0 {
				a.Agg.Filter = &plan.Compare{Op: plan.Gt, L: column(in, g), R: &plan.Const{Value: types.Int(types.TBigInt, 2)}}
			}
			n.Aggs = append(n.Aggs, a)
		}
	}
	n.Input.Est().Rows = float64(rapid.SampledFrom([]int{0, 1000, 1 << 20}).Draw(t, "estimate"))
	return n, ts
}

// reference groups row by row.
func reference(n *plan.Aggregate, rows []exectest.Row) []exectest.Row {
	members := map[string][]exectest.Row{}
	var order []string
	for _, r := range rows {
		key := exact(r[:len(n.Groups)])
		if _, ok := members[key]; !ok {
			order = append(order, key)
		}
		members[key] = append(members[key], r)
	}
	if len(n.Groups) == 0 && len(rows) == 0 {
		order, members[""] = []string{""}, nil
	}
	var out []exectest.Row
	for _, key := range order {
		var row exectest.Row
		if len(n.Groups) > 0 {
			row = append(row, members[key][0][:len(n.Groups)]...)
		}
		for i := range n.Aggs {
			row = append(row, referenceAgg(&n.Aggs[i].Agg, members[key], len(n.Groups)))
		}
		out = append(out, row)
	}
	return out
}

// identity is a text that equal values share and others do not: exectest.Cell rounds floats, and two
// that differ in a later digit only are different keys.
func identity(v types.Value) string {
	if v.Null || v.Type.Class() != types.ClassFloat {
		return exectest.Cell(v)
	}
	return strconv.FormatFloat(v.F, 'g', -1, 64)
}

func exact(row exectest.Row) string {
	cells := make([]string, len(row))
	for i, v := range row {
		cells[i] = identity(v)
	}
	return strings.Join(cells, "|")
}

// exactLines prints rows in any order. The floats drawn are quarters below 2^38, so that sums of
// some thousands are exact in any order too.
func exactLines(rows []exectest.Row) string {
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = exact(row)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func referenceAgg(a *plan.AggCall, rows []exectest.Row, groups int) types.Value {
	var values []types.Value
	seen := map[string]bool{}
	for _, r := range rows {
		if f := r[groups]; a.Filter != nil && (f.Null || f.I <= 2) {
			continue
		}
		if len(a.Arg) == 0 {
			values = append(values, types.Bool(true))
			continue
		}
		v := r[a.Arg[0].(*plan.Column).ID]
		if v.Null || a.Distinct && seen[identity(v)] {
			continue
		}
		seen[identity(v)] = true
		values = append(values, v)
	}
	if a.Fn.Name == "count" {
		return types.Int(a.Typ, int64(len(values)))
	}
	if len(values) == 0 {
		return types.Null(a.Typ)
	}
	best, sum, float := values[0], new(big.Int), 0.0
	for _, v := range values {
		if c := exectest.Compare(v, best); a.Fn.Name == "min" && c < 0 || a.Fn.Name == "max" && c > 0 {
			best = v
		}
		float += v.F
		x := magnitudeBig(v.Unscaled())
		if v.Unscaled().Hi < 0 {
			x.Neg(x)
		}
		sum.Add(sum, x)
	}
	switch {
	case a.Fn.Name == "sum" && a.Typ.Kind == types.Double:
		return types.Float(a.Typ, float)
	case a.Fn.Name == "sum" || a.Fn.Name == "avg":
		if a.Fn.Name == "avg" {
			sum.Mul(sum, big.NewInt(types.PowersOfTen[a.Typ.Scale-a.Arg[0].Type().Scale]))
			half := big.NewInt(int64(len(values)) / 2)
			if sum.Sign() < 0 {
				half.Neg(half)
			}
			sum.Add(sum, half).Quo(sum, big.NewInt(int64(len(values))))
		}
		return types.Decimal(a.Typ, fromBig(new(big.Int).Abs(sum), sum.Sign() < 0))
	}
	return best
}

func drawRows(t *rapid.T, r *rand.Rand, ts []types.Type) []exectest.Row {
	n := rapid.SampledFrom([]int{0, 1, 7, 200, 3000}).Draw(t, "rows")
	narrow, nullable, clustered := rapid.Bool().Draw(t, "narrow"), rapid.Bool().Draw(t, "nullable"), rapid.Bool().Draw(t, "clustered")
	rows := make([]exectest.Row, n)
	for i := range rows {
		for c, typ := range ts {
			v := columnartest.Value(r, typ, narrow || c > 0 && r.IntN(2) == 0, nullable)
			if c == 0 && clustered && typ.Class() == types.ClassInt && typ.Kind != types.Boolean {
				v = types.Int(typ, int64(i/3))
			}
			rows[i] = append(rows[i], v)
		}
	}
	return rows
}

// A rung of the ladder that loses, doubles or mixes up rows would give wrong totals.
func TestAgainstReference(t *testing.T) {
	keyTypes := []types.Type{types.TInteger, types.TBigInt, types.TText, types.TDate, types.TNumeric(38, 2), types.TDouble, types.TBoolean}
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 2))
		n, ts := drawNode(rt, rapid.SliceOfN(rapid.SampledFrom(keyTypes), 0, 3).Draw(rt, "groups"))
		rows := drawRows(rt, r, ts)
		query := exectest.Query
		if rapid.Bool().Draw(rt, "spill") {
			query = exectest.SpillingQuery
		}
		q := query(t, rapid.IntRange(1, 3).Draw(rt, "workers"))
		defer q.Close()
		op, err := New(n, exectest.NewSource(r, ts, rows, rapid.SampledFrom([]int{1, 64, 1000}).Draw(rt, "batch")))
		if err != nil {
			rt.Fatal(err)
		}
		got, err := exectest.Run(q, op)
		if err != nil {
			rt.Fatal(err)
		}
		if g, w := exactLines(got), exactLines(reference(n, rows)); g != w {
			rt.Fatalf("%s\n%s", n.Label(), diff(g, w))
		}
	})
}

// Floats that print alike in nine digits must stay apart, and what counts as equal must come
// together, whichever worker met it: 0 with -0, NaN with NaN.
func TestFloatKeysCompareExactly(t *testing.T) {
	ts := []types.Type{types.TDouble, types.TInteger}
	in := scanned(ts)
	near := 30203154320.25
	keys := []float64{near, near + 9.5, math.Nextafter(near, 0), math.Nextafter(near, math.Inf(1)), 0, math.Copysign(0, -1),
		math.NaN(), math.Float64frombits(math.Float64bits(math.NaN()) ^ 1), math.Inf(1), math.Inf(-1)}
	want := map[uint64]int64{}
	var rows []exectest.Row
	for i := range 3000 {
		k := keys[i%len(keys)]
		rows = append(rows, exectest.Row{types.Float(ts[0], k), types.Int(ts[1], 1)})
		switch {
		case k == 0:
			k = 0
		case math.IsNaN(k):
			k = math.NaN()
		}
		want[math.Float64bits(k)]++
	}
	if len(want) != 8 || len(rows)%len(keys) != 0 {
		t.Fatalf("%d keys", len(want))
	}
	for _, workers := range []int{1, 2, 3} {
		node := &plan.Aggregate{Input: in, Groups: []plan.NamedExpr{{Out: in.Cols[0], Expr: column(in, 0)}},
			Aggs: []plan.NamedAgg{agg("count", types.TBigInt), agg("count", types.TBigInt, column(in, 0))}}
		node.Aggs[1].Agg.Distinct = true
		op, err := New(node, exectest.NewSource(nil, ts, rows, 1))
		if err != nil {
			t.Fatal(err)
		}
		q := exectest.Query(t, workers)
		got, err := exectest.Run(q, op)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d workers: %d groups, want %d; %v", workers, len(got), len(want), err)
		}
		for _, row := range got {
			if w := want[math.Float64bits(row[0].F)]; row[1].I != w || row[2].I != 1 {
				t.Errorf("%d workers: key %v has %d rows of %d values, want %d of 1", workers, row[0].F, row[1].I, row[2].I, w)
			}
		}
		q.Close()
	}
}

func diff(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d of %d and %d:\ngot  %s\nwant %s", i, len(g), len(w), g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

// Many groups go through rows set aside; a key or value beyond a word must bring them back.
func TestPartitioned(t *testing.T) {
	ts := []types.Type{types.TBigInt, types.TInteger}
	for _, late := range []int64{5, 1<<62 + 1} {
		for _, workers := range []int{1, 2} {
			const n, groups = 600_000, 290_000
			in := scanned(ts)
			node := &plan.Aggregate{Input: in, Groups: []plan.NamedExpr{{Out: in.Cols[0], Expr: column(in, 0)}},
				Aggs: []plan.NamedAgg{agg("sum", types.TBigInt, column(in, 1)), agg("count", types.TBigInt), agg("max", types.TInteger, column(in, 1))}}
			src := &exectest.Source{}
			for from := 0; from < n; from += columnar.BatchSize {
				size := min(columnar.BatchSize, n-from)
				k := &columnar.Vector{Type: ts[0], Layout: columnar.I64, Len: size}
				v := &columnar.Vector{Type: ts[1], Layout: columnar.I64, Len: size, Valid: make([]uint64, 64)}
				for i := from; i < from+size; i++ {
					k.I64 = append(k.I64, int64(i)*7919%groups*100_003)
					v.I64 = append(v.I64, int64(i%100))
					if i%5 != 0 {
						v.Valid[(i-from)>>6] |= 1 << ((i - from) & 63)
					}
				}
				if from+size == n {
					k.I64[size-1] = late * 100_003
				}
				src.Batches = append(src.Batches, &columnar.Batch{Len: size, Cols: []*columnar.Vector{k, v}})
			}
			want := map[int64][3]int64{}
			for _, b := range src.Batches {
				for i := range b.Len {
					s := want[b.Cols[0].I64[i]]
					s[1]++
					if !b.Cols[1].IsNull(i) {
						s[0] += b.Cols[1].I64[i]
						s[2] = max(s[2], b.Cols[1].I64[i])
					}
					want[b.Cols[0].I64[i]] = s
				}
			}
			op, err := New(node, src)
			if err != nil {
				t.Fatal(err)
			}
			q := exectest.Query(t, workers)
			rows, err := exectest.Run(q, op)
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) != len(want) {
				t.Fatalf("%d groups, want %d", len(rows), len(want))
			}
			for _, row := range rows {
				if w := want[row[0].I]; row[1].I != w[0] || row[2].I != w[1] || row[3].I != w[2] {
					t.Fatalf("group %d: %v, want %v", row[0].I, row, w)
				}
			}
			q.Close()
		}
	}
}

// A cancelled query must end with 57014 and leave no goroutine.
func TestEarlyStop(t *testing.T) {
	ts := []types.Type{types.TInteger, types.TInteger}
	in := scanned(ts)
	node := &plan.Aggregate{Input: in, Groups: []plan.NamedExpr{{Out: in.Cols[0], Expr: column(in, 0)}}}
	var rows []exectest.Row
	for i := range 20_000 {
		rows = append(rows, exectest.Row{types.Int(ts[0], int64(i)), types.Int(ts[1], 1)})
	}
	op, err := New(node, exectest.NewSource(nil, ts, rows, 1000))
	if err != nil {
		t.Fatal(err)
	}
	q := exectest.Query(t, 2)
	if err := op.Prepare(q); err != nil {
		t.Fatal(err)
	}
	for b, err := range op.Stream(q.Workers[0]) {
		if err != nil || b.Len != columnar.BatchSize {
			t.Fatal(b.Len, err)
		}
		break
	}
	q.Close()
	for _, err := range op.Stream(q.Workers[1]) {
		if err == nil {
			t.Fatal("a row after the end")
		}
	}
}

func benchmark(b *testing.B, workers int, streaming bool, estimate float64, key func(i int) int64) {
	const n = 3_000_000
	ts := []types.Type{types.TInteger, types.TNumeric(15, 2)}
	in := scanned(ts)
	in.Cols[0].NotNull, in.Cols[1].NotNull = true, true
	in.Est().Rows = estimate
	node := &plan.Aggregate{Input: in, Groups: []plan.NamedExpr{{Out: in.Cols[0], Expr: column(in, 0)}}, Streaming: streaming,
		Aggs: []plan.NamedAgg{agg("sum", types.TNumeric(38, 2), column(in, 1)), agg("count", types.TBigInt)}}
	var batches []*columnar.Batch
	for from := 0; from < n; from += columnar.BatchSize {
		size := min(columnar.BatchSize, n-from)
		k := &columnar.Vector{Type: ts[0], Layout: columnar.U32, Len: size, Bounded: true, Lo: 0, Hi: 0, Shared: true}
		v := &columnar.Vector{Type: ts[1], Layout: columnar.U16, Len: size, Bounded: true, Lo: 0, Hi: 5000}
		for i := from; i < from+size; i++ {
			k.U32 = append(k.U32, uint32(key(i)))
			k.Hi = max(k.Hi, key(i))
			v.U16 = append(v.U16, uint16(i%5000))
		}
		batches = append(batches, &columnar.Batch{Len: size, Cols: []*columnar.Vector{k, v}})
	}
	b.ResetTimer()
	for b.Loop() {
		op, err := New(node, &exectest.Source{Batches: batches})
		if err != nil {
			b.Fatal(err)
		}
		q := exec.NewQuery(b.Context(), exec.Options{Workers: workers})
		if err := op.Prepare(q); err != nil {
			b.Fatal(err)
		}
		err = q.Run(func(w *exec.Worker) error {
			for _, err := range op.Stream(w) {
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		q.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
}

func BenchmarkGroups(b *testing.B) {
	shuffled := func(groups int) func(int) int64 {
		return func(i int) int64 { return int64(uint64(i) * 2654435761 % uint64(groups)) }
	}
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("few/%d", workers), func(b *testing.B) { benchmark(b, workers, false, 3e6, shuffled(6)) })
		b.Run(fmt.Sprintf("dense200k/%d", workers), func(b *testing.B) { benchmark(b, workers, false, 3e6, shuffled(200_000)) })
		b.Run(fmt.Sprintf("streaming/%d", workers), func(b *testing.B) { benchmark(b, workers, true, 3e6, func(i int) int64 { return int64(i / 4 * 4) }) })
		b.Run(fmt.Sprintf("hashed200k/%d", workers), func(b *testing.B) { benchmark(b, workers, false, 0, shuffled(200_000)) })
		b.Run(fmt.Sprintf("partitioned750k/%d", workers), func(b *testing.B) { benchmark(b, workers, false, 0, shuffled(750_000)) })
	}
}
