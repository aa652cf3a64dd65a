package rowkey

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/columnartest"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/types"
)

var keyTypes = []types.Type{
	types.TInteger, types.TBigInt, types.TText, types.TDate, types.TNumeric(38, 2), types.TDouble, types.TBoolean, types.TInterval, types.TUUID,
}

type batch struct {
	cols []*columnar.Vector
	sel  []uint32
	n    int
	keys []string // by selected row
}

func drawBatch(t *rapid.T, r *rand.Rand, ts []types.Type) batch {
	n := rapid.IntRange(0, 130).Draw(t, "rows")
	narrow, nullable := rapid.Bool().Draw(t, "narrow"), rapid.Bool().Draw(t, "nullable")
	rows := make([][]types.Value, n)
	b := batch{n: n}
	for c, typ := range ts {
		values := make([]types.Value, n)
		for i := range values {
			values[i] = columnartest.Value(r, typ, narrow, nullable)
			if c == 0 {
				rows[i] = nil
			}
			rows[i] = append(rows[i], values[i])
		}
		b.cols = append(b.cols, columnartest.Vector(r, typ, values))
	}
	if rapid.Bool().Draw(t, "selected") {
		b.sel = []uint32{}
		for i := range n {
			if r.IntN(2) == 0 {
				b.sel = append(b.sel, uint32(i))
			}
		}
	}
	for i := range n {
		if b.sel == nil {
			b.keys = append(b.keys, fmt.Sprint(rows[i]))
		}
	}
	for _, i := range b.sel {
		b.keys = append(b.keys, fmt.Sprint(rows[i]))
	}
	return b
}

// Words that confuse two keys, or lose one when a window widens, would merge or split groups.
func TestWordsStandForKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		ts := rapid.SliceOfN(rapid.SampledFrom(keyTypes), 1, 4).Draw(t, "types")
		arena := mem.NewArena(nil)
		defer arena.Free()
		l := NewLayout(arena, ts, make([]bool, len(ts)))
		table := NewTable(arena, 0, 0)
		numbers := map[string]uint32{}
		for range rapid.IntRange(1, 5).Draw(t, "batches") {
			b := drawBatch(t, r, ts)
			if before := l.Admit(b.cols, b.sel, b.n, table.Keys); before != nil {
				keys := append([]uint64(nil), table.Keys()...)
				l.Import(before, keys)
				table.Replace(keys)
			}
			out, ids := make([]uint64, len(b.keys)), make([]uint32, len(b.keys))
			l.Pack(b.cols, b.sel, b.n, out)
			table.FindOrAdd(out, ids)
			for j, k := range b.keys {
				if want, ok := numbers[k]; ok && want != ids[j] {
					t.Fatalf("key %s has numbers %d and %d", k, want, ids[j])
				}
				numbers[k] = ids[j]
			}
		}
		checkDecode(t, l, table, ts, numbers)
		checkAdopt(t, r, l, table, ts, numbers)
	})
}

func checkDecode(t *rapid.T, l *Layout, table *Table, ts []types.Type, numbers map[string]uint32) {
	if table.Len() != len(numbers) {
		t.Fatalf("%d keys, want %d", table.Len(), len(numbers))
	}
	arena := mem.NewArena(nil)
	defer arena.Free()
	cols := make([]*columnar.Vector, len(ts))
	for i := range ts {
		cols[i] = l.Decode(arena, i, table.Keys())
	}
	for key, id := range numbers {
		var row []types.Value
		for _, v := range cols {
			row = append(row, v.Value(int(id)))
		}
		if fmt.Sprint(row) != key {
			t.Fatalf("number %d decodes to %v, want %s", id, row, key)
		}
	}
}

// checkAdopt merges another layout's words and probes the union with a Finder.
func checkAdopt(t *rapid.T, r *rand.Rand, l *Layout, table *Table, ts []types.Type, numbers map[string]uint32) {
	arena := mem.NewArena(nil)
	defer arena.Free()
	other, otherTable := NewLayout(arena, ts, make([]bool, len(ts))), NewTable(arena, 0, 0)
	b := drawBatch(t, r, ts)
	other.Admit(b.cols, b.sel, b.n, otherTable.Keys)
	words, ids := make([]uint64, len(b.keys)), make([]uint32, len(b.keys))
	other.Pack(b.cols, b.sel, b.n, words)
	if before := l.Adopt(other, words, table.Keys); before != nil {
		keys := append([]uint64(nil), table.Keys()...)
		l.Import(before, keys)
		table.Replace(keys)
	}
	l.Import(other, words)
	table.FindOrAdd(words, ids)
	for j, k := range b.keys {
		if want, ok := numbers[k]; ok && want != ids[j] {
			t.Fatalf("after adopting, key %s has numbers %d and %d", k, want, ids[j])
		}
		numbers[k] = ids[j]
	}
	checkDecode(t, l, table, ts, numbers)
	p := drawBatch(t, r, ts)
	safe := make([]bool, len(ts))
	for i := range safe {
		safe[i] = true
	}
	rows, found := NewFinder(l, arena, safe).Find(p.cols, p.sel, p.n, make([]uint64, p.n))
	hits := map[uint32]uint32{}
	ids = make([]uint32, len(found))
	table.Find(found, ids)
	for j, id := range ids {
		at := uint32(j)
		if rows != nil {
			at = rows[j]
		}
		hits[at] = id
	}
	for j, k := range p.keys {
		at := uint32(j)
		if p.sel != nil {
			at = p.sel[j]
		}
		id, hit := hits[at]
		hit = hit && id != None
		if want, ok := numbers[k]; ok != hit || ok && want != id {
			t.Fatalf("probe %s: found %v %d, want %v %d", k, hit, id, ok, want)
		}
	}
}

// Windows of one base but different size must not pass as interchangeable: the smaller layout would
// cut off the greater words of the other.
func TestSameComparesSpans(t *testing.T) {
	arena := mem.NewArena(nil)
	defer arena.Free()
	layout := func(hi int64) *Layout {
		l := NewLayout(arena, []types.Type{types.TInteger}, []bool{true})
		v := &columnar.Vector{Type: types.TInteger, Layout: columnar.I64, Len: 2, I64: []int64{0, hi}}
		l.Admit([]*columnar.Vector{v}, nil, 2, nil)
		return l
	}
	if small, large := layout(946), layout(999); small.Same(large) || !small.Same(layout(946)) {
		t.Error("layouts of different span count as the same")
	}
}
