package mvcc

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/simd"
)

// A deleted row that a scan sees, or a visible one that it does not: the mask and the list must name the
// same rows, also beyond the last marked one and in a last word that is not full.
func TestVisibleMaskIsTheList(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	for range 300 {
		rows := 1 + r.IntN(3*columnar.BatchSize)
		b := &Bitmap{}
		for range r.IntN(50) {
			b.markRow(uint32(r.IntN(rows)))
		}
		for from := 0; from < rows; from += columnar.BatchSize {
			to := min(from+columnar.BatchSize, rows)
			words := make([]uint64, simd.Words(to-from))
			want, some := b.Keep(from, to, nil), b.Visible(from, to, words)
			if some != (want != nil) {
				t.Fatalf("rows %d to %d of %d: some deleted %v", from, to, rows, some)
			}
			out := make([]uint32, to-from+simd.Slack)
			if some && !slices.Equal(out[:simd.Rows(words, out)], want) {
				t.Fatalf("rows %d to %d of %d differ", from, to, rows)
			}
		}
	}
}
