package aggregate

import (
	"math"
	"testing"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// TestDenseOfManyWorkers merges directly addressed groups of workers that have seen different ranges of
// keys, with words that are sums and words that are not.
func TestDenseOfManyWorkers(t *testing.T) {
	ts := []types.Type{types.TBigInt, types.TInteger}
	const n, groups = 400_000, 90_000
	for _, onlySums := range []bool{true, false} {
		for _, workers := range []int{2, 3} {
			in := scanned(ts)
			in.Est().Rows = n
			node := &plan.Aggregate{Input: in, Groups: []plan.NamedExpr{{Out: in.Cols[0], Expr: column(in, 0)}},
				Aggs: []plan.NamedAgg{agg("sum", types.TBigInt, column(in, 1)), agg("count", types.TBigInt)}}
			if !onlySums {
				node.Aggs = append(node.Aggs, agg("min", types.TInteger, column(in, 1)), agg("max", types.TInteger, column(in, 1)))
			}
			src := &exectest.Source{}
			want := map[int64][4]int64{}
			for from := 0; from < n; from += columnar.BatchSize {
				k, v := &columnar.Vector{Type: ts[0], Layout: columnar.I64, Valid: make([]uint64, columnar.BatchSize/64)}, &columnar.Vector{Type: ts[1], Layout: columnar.I64}
				for i := from; i < min(from+columnar.BatchSize, n); i++ {
					key, value := int64(i)*7919%groups-500, int64(i%1013)-300
					if i/columnar.BatchSize%2 == 0 {
						key = max(key, 100) // every other batch lacks the lowest keys
					}
					k.I64, v.I64 = append(k.I64, key), append(v.I64, value)
					if null := i%77 == 0; null {
						key = math.MinInt64 // where checkGroups looks for NULL
					} else {
						k.Valid[(i-from)>>6] |= 1 << ((i - from) & 63)
					}
					w, known := want[key]
					if !known {
						w[2], w[3] = value, value
					}
					want[key] = [4]int64{w[0] + value, w[1] + 1, min(w[2], value), max(w[3], value)}
				}
				k.Len, v.Len = len(k.I64), len(k.I64)
				src.Batches = append(src.Batches, &columnar.Batch{Len: k.Len, Cols: []*columnar.Vector{k, v}})
			}
			checkGroups(t, node, src, workers, want)
		}
	}
}

func checkGroups(t *testing.T, node *plan.Aggregate, src exec.Operator, workers int, want map[int64][4]int64) {
	t.Helper()
	op, err := New(node, src)
	if err != nil {
		t.Fatal(err)
	}
	q := exectest.Query(t, workers)
	defer q.Close()
	rows, err := exectest.Run(q, op)
	if err != nil || len(rows) != len(want) {
		t.Fatalf("%d groups, want %d; %v", len(rows), len(want), err)
	}
	for _, row := range rows {
		w := want[row[0].I]
		if row[0].Null {
			w = want[math.MinInt64]
		}
		for i, v := range row[1:] {
			if v.I != w[i] {
				t.Fatalf("%d workers, group %d: %v, want %v", workers, row[0].I, row, w)
			}
		}
	}
}
