package rowkey

import (
	"math/rand/v2"
	"testing"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/columnartest"
	"github.com/oxidb/oxidb/types"
)

// TestHashRowsIgnoresForm: the same values hash alike in every form, selected or not, and different
// ones hardly ever.
func TestHashRowsIgnoresForm(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, typ := range []types.Type{types.TInteger, types.TBigInt, types.TText, types.TDate, types.TNumeric(38, 2), types.TNumeric(9, 2), types.TDouble, types.TBoolean,
		types.TInterval, types.TUUID} {
		for range 30 {
			values := make([]types.Value, 200)
			for i := range values {
				values[i] = columnartest.Value(rng, typ, rng.IntN(2) == 0, true)
			}
			a, b := columnartest.Vector(rng, typ, values), columnartest.Vector(rng, typ, values)
			x, y, z := make([]uint64, 200), make([]uint64, 200), make([]uint64, 100)
			HashRows([]*columnar.Vector{a, a}, nil, 200, x)
			HashRows([]*columnar.Vector{b, b}, nil, 200, y)
			var sel []uint32
			for i := range uint32(100) {
				sel = append(sel, 2*i)
			}
			HashRows([]*columnar.Vector{b, a}, sel, 200, z)
			byHash := map[uint64]string{}
			for i := range x {
				if x[i] != y[i] || i%2 == 0 && x[i] != z[i/2] {
					t.Fatalf("%s: row %d (%v) hashes to %x, %x", typ, i, values[i], x[i], y[i])
				}
				text := types.Format(values[i])
				if values[i].Null {
					text = "NULL"
				}
				if other, ok := byHash[x[i]]; ok && other != text && typ != types.TDouble && typ != types.TInterval {
					t.Errorf("%s: %s and %s have one hash", typ, other, text)
				}
				byHash[x[i]] = text
			}
		}
	}
}
