package aggregate

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/oxidb/oxidb/columnar/columnartest"
	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// Aggregates without groups over rows that a mask picks: rows outside of it, or NULLs, that come into a
// result, and arguments of such rows that overflow, in every layout.
func TestMasksAgainstReference(t *testing.T) {
	ts := []types.Type{types.TInteger, types.TBigInt, types.TNumeric(12, 2), wideNumeric, types.TDouble, types.TSmallInt}
	in := scanned(ts)
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 5))
		n := &plan.Aggregate{Input: in, Aggs: []plan.NamedAgg{agg("count", types.TBigInt)}}
		for i, typ := range ts {
			sum := types.TNumeric(38, int(typ.Scale))
			if typ.IsFloat() {
				sum = typ
			}
			for _, a := range []plan.NamedAgg{agg("count", types.TBigInt, column(in, i)), agg("sum", sum, column(in, i)), agg("min", typ, column(in, i)), agg("max", typ, column(in, i))} {
				if r.IntN(3) == 0 {
					n.Aggs = append(n.Aggs, a)
				}
			}
		}
		narrow, nullable := r.IntN(2) == 0, r.IntN(2) == 0
		rows := make([]exectest.Row, []int{0, 1, 63, 64, 1000, 5000}[r.IntN(6)])
		for i := range rows {
			for _, typ := range ts {
				rows[i] = append(rows[i], columnartest.Value(r, typ, narrow, nullable))
			}
		}
		q := exectest.Query(t, 1+r.IntN(2))
		op, err := New(n, exectest.NewSource(r, ts, rows, []int{64, 1000}[r.IntN(2)]))
		if err != nil {
			t.Fatal(err)
		}
		got, err := exectest.Run(q, op)
		if err != nil {
			t.Fatal(err)
		}
		if g, w := exactLines(got), exactLines(reference(n, rows)); g != w {
			t.Fatalf("seed %d: %s\n%s", seed, n.Label(), diff(g, w))
		}
		q.Close()
	}
}

// Sums of arguments that are computed: where they overflow on rows that do not count there is no error,
// where they do on one that counts there is.
func TestMaskedArgumentsThatOverflow(t *testing.T) {
	ts := []types.Type{types.TInteger, types.TBigInt}
	in := scanned(ts)
	square := &plan.Arith{Op: plan.Mul, L: column(in, 0), R: column(in, 0), Typ: types.TInteger}
	n := &plan.Aggregate{Input: in, Aggs: []plan.NamedAgg{agg("sum", types.TNumeric(38, 0), square), agg("sum", types.TNumeric(38, 0), column(in, 1))}}
	overflowed := 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 6))
		squares, sum, fits := new(big.Int), new(big.Int), true
		var rows []exectest.Row
		for range 2000 {
			x, y := r.Int64N(46000), int64(r.Uint64())
			if seed%4 == 0 && r.IntN(2000) == 0 {
				x, fits = 50000, false
			}
			squares.Add(squares, big.NewInt(x*x))
			sum.Add(sum, big.NewInt(y))
			rows = append(rows, exectest.Row{types.Int(ts[0], x), types.Int(ts[1], y)})
		}
		src := exectest.NewSource(r, ts, rows, 500)
		for _, b := range src.Batches { // rows that do not count overflow
			v := b.Cols[0]
			counts := make([]bool, b.Len)
			for _, i := range b.Sel {
				counts[i] = true
			}
			for i := range counts {
				if b.Sel != nil && !counts[i] && len(v.I64) > 0 && v.Valid == nil && r.IntN(4) == 0 {
					v.I64[i] = math.MaxInt32
					v.Bounded = false
				}
			}
		}
		op, err := New(n, src)
		if err != nil {
			t.Fatal(err)
		}
		q := exectest.Query(t, 1)
		got, err := exectest.Run(q, op)
		q.Close()
		if !fits {
			if overflowed++; err == nil || err.Error() != "integer out of range (SQLSTATE 22003)" {
				t.Fatalf("seed %d: %v", seed, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		total := types.Decimal(types.TNumeric(38, 0), fromBig(new(big.Int).Abs(sum), sum.Sign() < 0))
		if want := squares.String() + "|" + exectest.Cell(total); exact(got[0]) != want {
			t.Fatalf("seed %d: %s, want %s", seed, exact(got[0]), want)
		}
	}
	if overflowed == 0 {
		t.Fatal("no sum has overflowed")
	}
}
