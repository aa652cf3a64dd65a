package kernel_test

import (
	"testing"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
)

func benchRange[T kernel.Integer](b *testing.B, size int64, sparse bool) {
	n := columnar.BatchSize
	vals, out := make([]T, n), make([]uint32, n)
	var sel []uint32
	for i := range vals {
		vals[i] = T(uint32(i) * 2654435761 >> 25)
		if sparse && i%4 == 0 {
			sel = append(sel, uint32(i))
		}
	}
	rows := int64(n)
	if sparse {
		rows = int64(len(sel))
	}
	b.SetBytes(rows * size)
	for b.Loop() {
		kernel.SelectRange(vals, 20, 40, sel, out)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
}

func BenchmarkSelectRange(b *testing.B) {
	b.Run("uint8", func(b *testing.B) { benchRange[uint8](b, 1, false) })
	b.Run("uint16", func(b *testing.B) { benchRange[uint16](b, 2, false) })
	b.Run("uint32", func(b *testing.B) { benchRange[uint32](b, 4, false) })
	b.Run("int64", func(b *testing.B) { benchRange[int64](b, 8, false) })
	b.Run("uint8/selection", func(b *testing.B) { benchRange[uint8](b, 1, true) })
	b.Run("int64/selection", func(b *testing.B) { benchRange[int64](b, 8, true) })
}
