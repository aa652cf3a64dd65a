package parquet

import (
	"math/rand/v2"
	"testing"
)

// Numbers that are skipped must leave those behind them as they are, in runs of both kinds, and an end
// before its time must be told.
func TestSkippedRuns(t *testing.T) {
	// Width 3: 5 times 6, then two groups packed (0 to 7 twice), then 9 times 1.
	data := []byte{5 << 1, 6, 2<<1 | 1, 0x88, 0xc6, 0xfa, 0x88, 0xc6, 0xfa, 9 << 1, 1}
	all := make([]uint32, 30)
	if whole := newRuns(data, 3); !whole.read(all) {
		t.Fatal("the runs cannot be read")
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		runs := newRuns(data, 3)
		for at := 0; at < len(all); {
			n := r.IntN(len(all)-at) + 1
			if r.IntN(2) == 0 {
				if !runs.skip(n) {
					t.Fatalf("%d of %d cannot be skipped", n, len(all)-at)
				}
			} else {
				got := make([]uint32, n)
				if !runs.read(got) {
					t.Fatalf("%d of %d cannot be read", n, len(all)-at)
				}
				for i, x := range got {
					if x != all[at+i] {
						t.Fatalf("number %d is %d, not %d", at+i, x, all[at+i])
					}
				}
			}
			at += n
		}
		if runs.skip(1) {
			t.Fatal("more numbers are skipped than there are")
		}
	}
	for cut := range data[:6] {
		if short := newRuns(data[:cut], 3); short.skip(len(all)) {
			t.Errorf("%d bytes have all numbers", cut)
		}
	}
}
