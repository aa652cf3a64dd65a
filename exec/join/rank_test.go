package join

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/rowkey"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/types"
)

// TestIndexesOfManyWorkers builds indexes large enough for several workers, over every way to find a
// row by its key, and looks all keys up, present or not.
func TestIndexesOfManyWorkers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	shapes := map[string]func(i, n int) int64{
		"ascending":    func(i, n int) int64 { return int64(i) * 5 },
		"descending":   func(i, n int) int64 { return int64(n-i) * 3 },
		"small range":  func(i, n int) int64 { return int64((i * 7919) % n) },
		"pairs":        func(i, n int) int64 { return int64(i/2)*9 - 1000 },
		"scattered":    func(i, n int) int64 { return r.Int64N(int64(n) * 4) },
		"far apart":    func(i, n int) int64 { return r.Int64N(1 << 40) },
		"one value":    func(i, n int) int64 { return 42 },
		"one far away": func(i, n int) int64 { return map[bool]int64{true: 30 * int64(n)}[i == n/2] + int64(i%100) },
	}
	for name, key := range shapes {
		for _, workers := range []int{1, 2, 5} {
			for _, n := range []int{70, 2*shareRows + 17} {
				t.Run(fmt.Sprintf("%s/%d rows/%d workers", name, n, workers), func(t *testing.T) {
					keys := make([]int64, n)
					for i := range keys {
						keys[i] = key(i, n)
					}
					for _, setOnly := range []bool{false, true} {
						checkIndex(t, keys, workers, setOnly)
					}
				})
			}
		}
	}
}

func checkIndex(t *testing.T, keys []int64, workers int, setOnly bool) {
	t.Helper()
	q := exec.NewQuery(t.Context(), exec.Options{Workers: workers})
	defer q.Close()
	c := &crew{query: q, lead: q.Workers[0], all: true}
	want := map[int64][]uint32{}
	for i, k := range keys {
		want[k] = append(want[k], uint32(i))
	}
	v := &columnar.Vector{Type: types.TBigInt, Layout: columnar.I64, Len: len(keys), I64: keys}
	layout := rowkey.NewLayout(c.arena(), []types.Type{v.Type}, []bool{false})
	layout.Admit([]*columnar.Vector{v}, nil, v.Len, func() []uint64 { return nil })
	words := make([]uint64, len(keys))
	layout.Pack([]*columnar.Vector{v}, nil, v.Len, words)
	byColumn, err := newColumnIndex(c, layout, v, len(keys), setOnly)
	if err != nil {
		t.Fatal(err)
	}
	byWords, err := newIndex(c, layout, words, nil, setOnly)
	if err != nil {
		t.Fatal(err)
	}
	sought := slices.Clone(keys)
	for _, k := range keys {
		sought = append(sought, k-1, k+1)
	}
	for _, x := range []*index{byColumn, byWords} {
		if x != nil {
			checkLookups(t, x, c, sought, want)
		}
	}
}

// checkLookups looks keys up a batch at a time, every other time through a selection.
func checkLookups(t *testing.T, x *index, c *crew, sought []int64, want map[int64][]uint32) {
	t.Helper()
	l := newLookup(x, c.arena(), []bool{false})
	for from := 0; from < len(sought); from += columnar.BatchSize {
		batch := sought[from:min(from+columnar.BatchSize, len(sought))]
		var sel []uint32
		if from/columnar.BatchSize%2 == 1 {
			for i := 0; i < len(batch); i += 3 {
				sel = append(sel, uint32(i))
			}
		}
		v := &columnar.Vector{Type: types.TBigInt, Layout: columnar.I64, Len: len(batch), I64: batch}
		at, found := l.find([]*columnar.Vector{v}, sel, len(batch))
		hits := 0
		for i, k := range batch {
			if len(want[k]) > 0 && (sel == nil || i%3 == 0) {
				hits++
			}
		}
		if hits != len(at) {
			t.Fatalf("%d rows have matches, want %d", len(at), hits)
		}
		for j, i := range at {
			if rows := rowsAt(x, found, j); rows != nil && !slices.Equal(rows, want[batch[i]]) || len(want[batch[i]]) == 0 {
				t.Fatalf("key %d is in rows %v, want %v", batch[i], rows, want[batch[i]])
			}
		}
	}
}

// rowsAt are the rows of match j, nil for an index that only knows that there are some.
func rowsAt(x *index, found []uint32, j int) []uint32 {
	switch {
	case x.setOnly:
		return nil
	case x.unique:
		return found[j : j+1]
	}
	return x.list[x.starts[found[j]]:x.starts[found[j]+1]]
}

// TestFiltersOfManyWorkers: a filter has all keys, and no others while it has bits.
func TestFiltersOfManyWorkers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, span := range []int64{1, 100, 1 << 20, 1 << 40} {
		for _, n := range []int{1, 3 * shareRows} {
			keys := make([]int64, n)
			has := map[int64]bool{}
			for i := range keys {
				keys[i] = r.Int64N(span) - span/2
				has[keys[i]] = true
			}
			q := exec.NewQuery(t.Context(), exec.Options{Workers: 3})
			c := &crew{query: q, lead: q.Workers[0], all: true}
			v := &columnar.Vector{Type: types.TBigInt, Layout: columnar.I64, Len: n, I64: keys}
			f, err := newFilter(c, v, n)
			if err != nil {
				t.Fatal(err)
			}
			for i, k := range keys {
				other := r.Int64N(2*span) - span
				if !f.Has(k) || f.Has(other) != has[other] && (f.Bits != nil || other < f.Min || other > f.Max) {
					t.Fatalf("span %d, key %d (%d): %v, %d: %v", span, i, k, f.Has(k), other, f.Has(other))
				}
			}
			q.Close()
		}
	}
	if f := trimmed([]uint64{0, 0, 1 << 5, 0, 1<<63 | 1, 0}, -10); f.Min > 123 || f.Max != -10+5*64-1 || !f.Has(-10+2*64+5) || !f.Has(f.Max) || f.Has(f.Max-1) {
		t.Fatalf("trimmed filter %+v", f)
	}
}
