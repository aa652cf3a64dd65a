package aggregate

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oxidb/oxidb/columnar/mem"
)

// A leap that stops short or too far would leave a group in two pieces.
func TestLeap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	for range 20_000 {
		var keys []uint64
		for k := uint64(0); k < uint64(r.IntN(60)); k += 1 + uint64(r.IntN(3)) {
			keys = append(keys, k)
		}
		bound := uint64(r.IntN(70))
		for at := range keys {
			want, _ := slices.BinarySearch(keys[at:], bound)
			if got := leap(keys, at, bound, ^uint64(0)); got != at+want {
				t.Fatalf("from %d to %d in %v: %d, want %d", at, bound, keys, got, at+want)
			}
		}
	}
}

// A group that two workers have pieces of must be found wherever their stretches meet.
func TestMergeRunsFindsSharedGroups(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 9))
	sp := &spec{kinds: []wordKind{addInt}, template: []int64{0}, plainZero: true}
	for range 2000 {
		arena := mem.NewArena(nil)
		var parts [2]*part
		both := map[uint64]int{}
		for i := range parts {
			p := &part{states: newStates(sp, arena, &scratch{})}
			for k := uint64(0); k < 200; k++ {
				if r.IntN(1+i*3+int(k)/50) == 0 {
					p.keys = append(p.keys, k)
					both[k]++
				}
			}
			p.states.resize(len(p.keys))
			for g := range p.keys {
				p.states.words[g] = 1
			}
			parts[i] = p
		}
		mergeRuns(parts[0], parts[1], ^uint64(0))
		shared := 0
		for g, k := range parts[0].keys {
			if got := int(parts[0].states.words[g]); got != both[k] {
				t.Fatalf("group %d counts %d, want %d", k, got, both[k])
			}
			shared += both[k] - 1
		}
		if len(parts[1].dead) != shared {
			t.Fatalf("%d dead groups, want %d", len(parts[1].dead), shared)
		}
		arena.Free()
	}
}
