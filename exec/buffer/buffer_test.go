package buffer

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/columnartest"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/rowkey"
	"github.com/oxidb/oxidb/types"
)

var kinds = []types.Type{types.TBoolean, types.TInteger, types.TBigInt, types.TNumeric(38, 2), types.TDouble, types.TText, types.TDate,
	types.TInterval, types.TUUID}

// A value that changes on its way into a column, through its changes of form, or out again.
func TestColumnsKeepValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 7))
		typ := rapid.SampledFrom(kinds).Draw(t, "type")
		arena := mem.NewArena(nil)
		defer arena.Free()
		table := New(arena, []types.Type{typ})
		var want []types.Value
		for range rapid.IntRange(0, 6).Draw(t, "batches") {
			n := rapid.IntRange(0, 200).Draw(t, "rows")
			narrow, nullable := rapid.Bool().Draw(t, "narrow"), rapid.Bool().Draw(t, "nullable")
			values := make([]types.Value, n)
			for i := range values {
				values[i] = columnartest.Value(r, typ, narrow, nullable)
			}
			var sel []uint32
			if rapid.Bool().Draw(t, "selected") {
				sel = []uint32{}
			}
			for i := range values {
				if sel == nil {
					want = append(want, values[i])
				} else if r.IntN(2) == 0 {
					sel = append(sel, uint32(i))
					want = append(want, values[i])
				}
			}
			table.Append([]*columnar.Vector{columnartest.Vector(r, typ, values)}, sel, n)
		}
		check(t, table, want)
		if rapid.Bool().Draw(t, "interned") {
			table.InternText(arena)
			check(t, table, want)
		}
		checkGather(t, r, table, want)
	})
}

func check(t *rapid.T, table *Table, want []types.Value) {
	v := table.Column(0)
	if table.Rows != len(want) || v.Len != len(want) {
		t.Fatalf("%d rows, column of %d, want %d", table.Rows, v.Len, len(want))
	}
	for i, w := range want {
		if got := v.Value(i); got != w {
			t.Fatalf("row %d: %v, want %v", i, got, w)
		}
		if bounded := v.Bounded && !w.Null && v.Layout <= columnar.I64; bounded && (w.I < v.Lo || w.I > v.Hi) {
			t.Fatalf("row %d: %d is outside %d..%d", i, w.I, v.Lo, v.Hi)
		}
	}
}

func checkGather(t *rapid.T, r *rand.Rand, table *Table, want []types.Value) {
	if len(want) == 0 {
		return
	}
	arena := mem.NewArena(nil)
	defer arena.Free()
	var slot Slot
	for range 3 {
		absent, scatter := r.IntN(2) == 0, r.IntN(2) == 0
		var rows, sel []uint32
		n := 0
		for range 1 + r.IntN(100) {
			row := uint32(r.IntN(len(want)))
			if absent && r.IntN(4) == 0 {
				row = rowkey.None
			}
			if scatter {
				n += r.IntN(3)
				sel = append(sel, uint32(n))
			}
			rows = append(rows, row)
			n++
		}
		v := slot.Gather(arena, table.Column(0), rows, sel, n, absent)
		for j, row := range rows {
			at := j
			if scatter {
				at = int(sel[j])
			}
			if row == rowkey.None {
				if !v.IsNull(at) {
					t.Fatalf("an absent row is %v", v.Value(at))
				}
			} else if got := v.Value(at); got != want[row] {
				t.Fatalf("gathered %v, want %v", got, want[row])
			}
		}
	}
}
