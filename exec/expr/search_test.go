package expr

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// A search that misses a place, or finds one that is none: few letters make many false hits, so that
// both ways of searching are used.
func TestSearcherFindsEveryPlace(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 4))
		letter := func() byte { return "aeq \x00\x80\xffg"[r.IntN(2+int(seed%7))] }
		data, needle := make([]byte, r.IntN(700)), make([]byte, 1+r.IntN(6))
		for i := range data {
			data[i] = letter()
		}
		for i := range needle {
			needle[i] = letter()
		}
		s := newSearcher(data, needle)
		s.misses = r.IntN(2) * 1000
		for pos := 0; ; pos++ {
			want := bytes.Index(data[min(pos, len(data)):], needle)
			if want >= 0 {
				want += pos
			}
			got := s.next(pos)
			if got != want {
				t.Fatalf("seed %d: %q in %q from %d: got %d, want %d", seed, needle, data, pos, got, want)
			}
			if pos = got; got < 0 {
				break
			}
		}
	}
}
