package buffer

import (
	"math/rand/v2"
	"testing"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/columnartest"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/simd"
	"github.com/oxidb/oxidb/types"
)

// Columns of every type and layout, moved together, must hold the rows that were kept.
func TestDenseRowsAreTheKeptOnes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	kinds := []types.Type{types.TBoolean, types.TInteger, types.TBigInt, types.TReal, types.TDouble, types.TNumeric(12, 2), types.TNumeric(30, 2),
		types.TText, types.TInterval, types.TUUID}
	arena := mem.NewArena(mem.NewBudget("test", 1<<30, nil))
	defer arena.Free()
	d := NewDensifier(arena, len(kinds))
	for range 60 {
		n := 1 + r.IntN(columnar.BatchSize)
		words := make([]uint64, simd.Words(n))
		oneIn, keep := 1+r.IntN(200), []uint32{}
		for i := range n {
			if r.IntN(oneIn) > 0 {
				keep = append(keep, uint32(i))
				words[i>>6] |= 1 << (i & 63)
			}
		}
		for k, typ := range kinds {
			values := make([]types.Value, n)
			for i := range values {
				values[i] = columnartest.Value(r, typ, true, oneIn%2 == 0)
			}
			v := columnartest.Vector(r, typ, values)
			got := *v
			if !d.Able([]columnar.Vector{got}) {
				continue
			}
			d.Column(k, &got, words, len(keep))
			if got.Len != len(keep) {
				t.Fatalf("%d rows of %d", got.Len, len(keep))
			}
			for i, row := range keep {
				if want := v.Value(int(row)); got.Value(i) != want && !(want.F != want.F) {
					t.Fatalf("%s, layout %d: row %d is %v, want %v", typ, v.Layout, row, got.Value(i), want)
				}
			}
		}
	}
}
