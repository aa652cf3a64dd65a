package join

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/columnartest"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func scanned(first plan.ColumnID, ts []types.Type) *plan.Empty {
	e := &plan.Empty{}
	for i, t := range ts {
		e.Cols = append(e.Cols, plan.Column{ID: first + plan.ColumnID(i), Name: fmt.Sprintf("c%d", int(first)+i), Typ: t})
	}
	return e
}

var keyTypes = []types.Type{types.TInteger, types.TBigInt, types.TText, types.TDate, types.TNumeric(38, 2), types.TDouble}

// drawJoin draws a join of two inputs, each with its keys, an integer and a text column.
func drawJoin(t *rapid.T) (*plan.Join, []types.Type) {
	keys := rapid.SliceOfN(rapid.SampledFrom(keyTypes), 0, 2).Draw(t, "keys")
	ts := append(append([]types.Type{}, keys...), types.TInteger, types.TText)
	l, r := scanned(0, ts), scanned(100, ts)
	kind := plan.JoinKind(rapid.IntRange(int(plan.InnerJoin), int(plan.SingleJoin)).Draw(t, "kind"))
	n := &plan.Join{Kind: kind, Left: l, Right: r, Mark: plan.Column{ID: 99, Typ: types.TBoolean}}
	if kind == plan.CrossJoin {
		return n, ts
	}
	for i := range keys {
		n.Equi = append(n.Equi, plan.EquiPair{Left: plan.Ref(l.Cols[i]), Right: plan.Ref(r.Cols[i])})
	}
	if len(keys) > 0 && (kind == plan.AntiJoin || kind == plan.MarkJoin) {
		n.NullAware = rapid.Bool().Draw(t, "null aware")
	}
	if !n.NullAware {
		for i := range n.Equi {
			n.Equi[i].NullSafe = rapid.IntRange(0, 3).Draw(t, "null safe") == 0
		}
	}
	if len(keys) == 0 || rapid.IntRange(0, 2).Draw(t, "residual") == 0 {
		k := len(keys)
		n.Residual = []plan.Expr{&plan.Compare{Op: plan.Lt, L: plan.Ref(l.Cols[k]), R: plan.Ref(r.Cols[k])}}
	}
	return n, ts
}

func drawRows(t *rapid.T, r *rand.Rand, ts []types.Type, unique bool) []exectest.Row {
	rows := make([]exectest.Row, rapid.SampledFrom([]int{0, 1, 5, 60, 250}).Draw(t, "rows"))
	narrow, nullable := !unique, rapid.Bool().Draw(t, "nullable")
	for i := range rows {
		for c, typ := range ts {
			v := columnartest.Value(r, typ, narrow || c >= len(ts)-2, nullable)
			if unique && c == 0 && len(ts) > 2 && typ.Class() == types.ClassInt && !v.Null {
				v = types.Int(typ, int64(i))
			}
			rows[i] = append(rows[i], v)
		}
	}
	return rows
}

// truth is three-valued: 1, 0, -1 for unknown.
func truth(n *plan.Join, l, r exectest.Row) int {
	result := 1
	and := func(x int) {
		if x == 0 || result == 0 {
			result = 0
		} else if x < 0 {
			result = -1
		}
	}
	for i, p := range n.Equi {
		a, b := l[i], r[i]
		switch {
		case p.NullSafe && (a.Null || b.Null):
			and(b2i(a.Null == b.Null))
		case a.Null || b.Null:
			and(-1)
		default:
			and(b2i(exectest.Compare(a, b) == 0))
		}
	}
	if len(n.Residual) > 0 {
		a, b := l[len(l)-2], r[len(r)-2]
		if a.Null || b.Null || a.I >= b.I {
			return 0 // only pairs for which the residual is true count at all
		}
	}
	return result
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func reference(n *plan.Join, ts []types.Type, left, right []exectest.Row) (out []exectest.Row, fail bool) {
	nulls := make(exectest.Row, len(ts))
	for i, t := range ts {
		nulls[i] = types.Null(t)
	}
	join := func(a, b exectest.Row) { out = append(out, append(append(exectest.Row{}, a...), b...)) }
	hit := make([]bool, len(right))
	for _, l := range left {
		matches, unknown := 0, false
		for j, r := range right {
			switch truth(n, l, r) {
			case 1:
				matches++
				hit[j] = true
				if n.Kind <= plan.CrossJoin || n.Kind == plan.SingleJoin {
					join(l, r)
				}
			case -1:
				unknown = n.NullAware
			}
		}
		switch n.Kind {
		case plan.SingleJoin:
			fail = fail || matches > 1
			fallthrough
		case plan.LeftJoin, plan.FullJoin:
			if matches == 0 {
				join(l, nulls)
			}
		case plan.SemiJoin:
			if matches > 0 {
				out = append(out, l)
			}
		case plan.AntiJoin:
			if matches == 0 && !unknown {
				out = append(out, l)
			}
		case plan.MarkJoin:
			mark := types.Bool(matches > 0)
			if matches == 0 && unknown {
				mark = types.Null(types.TBoolean)
			}
			join(l, exectest.Row{mark})
		}
	}
	for j, r := range right {
		if !hit[j] && (n.Kind == plan.RightJoin || n.Kind == plan.FullJoin) {
			join(nulls, r)
		}
	}
	return out, fail
}

// Any kind of join over any keys must give what pairing row by row gives.
func TestAgainstReference(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 4))
		n, ts := drawJoin(rt)
		left := drawRows(rt, r, ts, false)
		right := drawRows(rt, r, ts, rapid.Bool().Draw(rt, "unique"))
		query := exectest.Query
		if rapid.Bool().Draw(rt, "spill") {
			query = exectest.SpillingQuery
		}
		q := query(t, rapid.IntRange(1, 3).Draw(rt, "workers"))
		defer q.Close()
		size := rapid.SampledFrom([]int{7, 64, 1000}).Draw(rt, "batch")
		op := New(n, exectest.NewSource(r, ts, left, size), exectest.NewSource(r, ts, right, size), nil)
		got, err := exectest.Run(q, op)
		want, fail := reference(n, ts, left, right)
		if fail {
			if sqlerr.StateOf(err) != sqlerr.CardinalityViolation {
				rt.Fatalf("a second match of a single join gave %v", err)
			}
			return
		}
		if err != nil {
			rt.Fatal(err)
		}
		if g, w := exectest.Text(got, true), exectest.Text(want, true); g != w {
			rt.Fatalf("%s\n%s", n.Label(), diff(g, w))
		}
	})
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

// A filter published after the probe side was prepared, or missing a key, would lose rows or time.
func TestPublishesBeforeTheProbeSide(t *testing.T) {
	ts := []types.Type{types.TInteger}
	l, r := scanned(0, ts), scanned(100, ts)
	n := &plan.Join{Left: l, Right: r, Equi: []plan.EquiPair{{Left: plan.Ref(l.Cols[0]), Right: plan.Ref(r.Cols[0])}},
		Publish: []plan.RuntimePublish{{ID: 3, Pair: 0}}}
	rows := []exectest.Row{{types.Int(ts[0], 70)}, {types.Int(ts[0], 5)}, {types.Null(ts[0])}, {types.Int(ts[0], 500)}}
	q := exectest.Query(t, 2)
	probe := &watching{Source: exectest.NewSource(nil, ts, rows, 2)}
	if _, err := exectest.Run(q, New(n, probe, exectest.NewSource(nil, ts, rows, 2), nil)); err != nil {
		t.Fatal(err)
	}
	f := probe.seen
	if f == nil || f.Min != 5 || f.Max != 500 {
		t.Fatalf("filter %+v", f)
	}
	for key, want := range map[int64]bool{4: false, 5: true, 6: false, 70: true, 500: true, 501: false} {
		if f.Has(key) != want {
			t.Errorf("key %d: %v", key, !want)
		}
	}
}

type watching struct {
	*exectest.Source
	seen *exec.RuntimeFilter
}

func (w *watching) Prepare(q *exec.Query) error {
	w.seen = q.Filters.Get(3)
	return w.Source.Prepare(q)
}

func benchmarkJoin(b *testing.B, kind plan.JoinKind, build, workers int, key func(i int) int64) {
	const n = 3_000_000
	ts := []types.Type{types.TInteger, types.TInteger}
	l, r := scanned(0, ts), scanned(100, ts)
	node := &plan.Join{Kind: kind, Left: l, Right: r, Equi: []plan.EquiPair{{Left: plan.Ref(l.Cols[0]), Right: plan.Ref(r.Cols[0])}}}
	side := func(rows int, key func(i int) int64) []*columnar.Batch {
		var out []*columnar.Batch
		for from := 0; from < rows; from += columnar.BatchSize {
			size := min(columnar.BatchSize, rows-from)
			k := &columnar.Vector{Type: ts[0], Layout: columnar.U32, Len: size, Bounded: true, Lo: 0, Hi: 1 << 32, Shared: true}
			v := &columnar.Vector{Type: ts[1], Layout: columnar.U16, Len: size, U16: make([]uint16, size)}
			for i := from; i < from+size; i++ {
				k.U32 = append(k.U32, uint32(key(i)))
			}
			k.Hi = 0
			for _, x := range k.U32 {
				k.Hi = max(k.Hi, int64(x))
			}
			out = append(out, &columnar.Batch{Len: size, Cols: []*columnar.Vector{k, v}})
		}
		return out
	}
	buildSide, probeSide := side(build, func(i int) int64 { return int64(i) * 4 }), side(n, key)
	for b.Loop() {
		op := New(node, &exectest.Source{Batches: probeSide}, &exectest.Source{Batches: buildSide}, nil)
		q := exec.NewQuery(b.Context(), exec.Options{Workers: workers})
		if err := op.Prepare(q); err != nil {
			b.Fatal(err)
		}
		err := q.Run(func(w *exec.Worker) error {
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

func BenchmarkJoin(b *testing.B) {
	clustered := func(i int) int64 { return int64(i / 2) }
	random := func(i int) int64 { return int64(uint64(i) * 2654435761 % 1_500_000) }
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("semi375k/%d", workers), func(b *testing.B) { benchmarkJoin(b, plan.SemiJoin, 375_000, workers, clustered) })
		b.Run(fmt.Sprintf("dense375k/%d", workers), func(b *testing.B) { benchmarkJoin(b, plan.InnerJoin, 375_000, workers, clustered) })
		b.Run(fmt.Sprintf("denseRandom375k/%d", workers), func(b *testing.B) { benchmarkJoin(b, plan.InnerJoin, 375_000, workers, random) })
		b.Run(fmt.Sprintf("hash30k/%d", workers), func(b *testing.B) {
			benchmarkJoin(b, plan.InnerJoin, 30_000, workers, func(i int) int64 { return random(i) * 1009 })
		})
	}
}
