package mvcc

import (
	"math/rand/v2"
	"testing"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
)

// reads asks a pool for entries of a size and counts those that had to be made.
func reads(t *testing.T, p *pool, bytes int, numbers ...int) (made int) {
	t.Helper()
	for _, n := range numbers {
		_, err := p.get(poolKey{ordinal: n}, func() (pooled, error) {
			made++
			return pooled{column: &columnar.Vector{U8: make([]uint8, bytes), Len: bytes}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return made
}

func numbers(from, to int) []int {
	var all []int
	for n := range to - from {
		all = append(all, from+n)
	}
	return all
}

// A table twice as large as the pool that is read again and again must be found in part: by the order of
// use alone, what is needed next would always be gone.
func TestPoolKeepsPartOfWhatIsReadInOrder(t *testing.T) {
	p := newPool(1000*100, mem.NewBudget("test", 0, nil))
	table := numbers(0, 2000)
	for range 3 {
		reads(t, p, 100, table...)
	}
	made := 0
	for range 10 {
		made += reads(t, p, 100, table...)
	}
	if hits := 20000 - made; hits < 8000 {
		t.Errorf("%d of 20000 were found, at best 10000 can be", hits)
	}
	if p.used > p.limit {
		t.Errorf("%d bytes of %d", p.used, p.limit)
	}
}

// What everybody uses stays while a large table passes through, and goes when nobody uses it any more.
func TestPoolFollowsUse(t *testing.T) {
	p := newPool(1000*100, mem.NewBudget("test", 0, nil))
	rng := rand.New(rand.NewPCG(1, 1))
	popular := numbers(100_000, 100_500)
	for range 10 {
		reads(t, p, 100, popular...)
	}
	for range 10 {
		at := rng.IntN(50_000)
		reads(t, p, 100, numbers(at, at+300)...)
		if made := reads(t, p, 100, popular...); made > 50 {
			t.Fatalf("%d of %d were gone after a pass over others", made, len(popular))
		}
	}
	other := numbers(200_000, 200_800)
	for range 40 {
		reads(t, p, 100, other...)
	}
	if made := reads(t, p, 100, other...); made > 200 {
		t.Errorf("%d of %d are not there after they were used for long", made, len(other))
	}
	if n := len(p.keeping.gone); n > 60_000 {
		t.Errorf("%d entries are remembered", n)
	}
}

// Workers of one query ask for the same columns soon after each other: each is read once, and in use as
// much as if there was one worker.
func TestPoolCountsWorkersOnce(t *testing.T) {
	p := newPool(100*100, mem.NewBudget("test", 0, nil))
	for n := range 1000 {
		if made := reads(t, p, 100, n, n); made != 1 {
			t.Fatalf("%d was read %d times", n, made)
		}
	}
	for _, e := range p.entries {
		if e.uses.count != 1 {
			t.Fatalf("%d uses", e.uses.count)
		}
	}
}
