package segment

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/types"
)

// BenchmarkReadColumn decodes a chunk's column from a file in memory; a value counts as 8 bytes.
func BenchmarkReadColumn(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	value := map[string]func(i int) types.Value{
		"key":      func(i int) types.Value { return types.Int(types.TBigInt, int64(i)) },
		"integers": func(int) types.Value { return types.Int(types.TInteger, rng.Int64N(1_000_000)) },
		"doubles":  func(int) types.Value { return types.Float(types.TDouble, rng.Float64()) },
		"few":      func(int) types.Value { return types.Str(types.TText, fmt.Sprint("mode ", rng.IntN(7))) },
		"texts":    func(i int) types.Value { return types.Str(types.TText, fmt.Sprint("order number ", rng.IntN(1e9))) },
	}
	for _, name := range []string{"key", "integers", "doubles", "few", "texts"} {
		b.Run(name, func(b *testing.B) {
			values := make([]types.Value, MaxRows)
			for i := range values {
				values[i] = value[name](i)
			}
			v, z := build(values[0].Type, values).Close(nil)
			f, group := writeOne(b, vfs.NewMem(), values[0].Type, v, z)
			b.SetBytes(8 * MaxRows)
			for b.Loop() {
				if _, err := f.ReadColumn(0, 0, MaxRows, &group.Columns[0], NewDictionaries()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
