package order

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// Texts that differ only in zero bytes at their end, in their length, behind eight or fifteen equal bytes, or
// not at all, as first or later keys, in runs of several workers: some would come out of order.
func TestTextsInRunsOfSeveralWorkers(t *testing.T) {
	short := []string{"", "a", "a\x00", "a\x00\x00", "ab", "abcdefg", "abcdefgh", "abcdefghi", "abcdefghijklmno", "b", "\xff"}
	long := append([]string{"abcdefghijklmnop", "abcdefghijklmnoq", "abcdefghijklmno\x00", "special requests above the rest"}, short...)
	ts := []types.Type{types.TBytea, types.TBigInt, types.TText}
	in := scanned(ts)
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 8))
		texts := [][]string{short, long, {"x"}}[r.IntN(3)]
		rows := make([]exectest.Row, 3000+r.IntN(9000))
		for i := range rows {
			first := types.Str(ts[0], texts[r.IntN(len(texts))])
			first.Null = r.IntN(10) == 0
			number := r.Int64N(3)
			if seed%2 == 0 {
				number = int64(r.Uint64())
			}
			rows[i] = exectest.Row{first, types.Int(ts[1], number), types.Str(ts[2], fmt.Sprintf("comment %06d", r.IntN(50)*7))}
		}
		n := &plan.Sort{Input: in, Limit: []int64{-1, 1 << 20, 6000}[r.IntN(3)]}
		for _, i := range r.Perm(3) {
			n.Keys = append(n.Keys, plan.SortKey{Expr: plan.Ref(in.Cols[i]), Desc: r.IntN(2) == 0, NullsFirst: r.IntN(2) == 0})
		}
		workers := 1 + r.IntN(4)
		q := exectest.Query(t, workers)
		got, err := exectest.Run(q, NewSort(n, exectest.NewSource(r, ts, rows, 1000)))
		q.Close()
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(rows, func(a, b exectest.Row) int { return compareRows(n.Keys, a, b) })
		if n.Limit >= 0 {
			rows = rows[:min(len(rows), int(n.Limit))]
		}
		if len(got) != len(rows) {
			t.Fatalf("seed %d: %d rows, want %d", seed, len(got), len(rows))
		}
		for i := range got {
			if compareRows(n.Keys, got[i], rows[i]) != 0 {
				t.Fatalf("seed %d, %d workers: row %d is %v, want %v", seed, workers, i, got[i], rows[i])
			}
		}
	}
}

// Parts that leave rows out or take them twice, or of which one has nearly all rows.
func TestCutsAreEven(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 9))
		k := &keys{}
		runs := make([][]entry, 1+r.IntN(6))
		row, total := uint32(0), 0
		for i := range runs {
			for range []int{0, 1, 100, 4000}[r.IntN(4)] {
				runs[i] = append(runs[i], entry{r.Uint64N(1 + seed%3*1000), row})
				row++
			}
			slices.SortFunc(runs[i], k.compare)
			total += len(runs[i])
		}
		cuts := k.cuts(runs, len(runs))
		order := []uint32{}
		for p := range runs {
			size, part := 0, [][]entry{}
			for i, run := range runs {
				from, to := cuts[p][i], cuts[p+1][i]
				part, size = append(part, run[from:to]), size+to-from
			}
			if total > 4000 && size > total/len(runs)*2+200 {
				t.Errorf("seed %d: part %d of %d has %d of %d rows", seed, p, len(runs), size, total)
			}
			rows := make([]uint32, size)
			k.merge(part, rows)
			order = append(order, rows...)
		}
		all := slices.Concat(runs...)
		slices.SortFunc(all, k.compare)
		if len(order) != len(all) {
			t.Fatalf("seed %d: %d rows of %d", seed, len(order), len(all))
		}
		for i, e := range all {
			if order[i] != e.row {
				t.Fatalf("seed %d: row %d is %d, want %d", seed, i, order[i], e.row)
			}
		}
	}
}
