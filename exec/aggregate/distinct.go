package aggregate

import (
	"slices"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/rowkey"
	"github.com/oxidb/oxidb/types"
)

// distinct is the set of (group, value) pairs of an aggregate over distinct values. The values are
// folded only at the end, each once a group.
type distinct struct {
	arena  *mem.Arena
	layout *rowkey.Layout
	values *rowkey.Table
	pairs  *rowkey.Table // group in the upper half, number of the value in the lower
	words  []uint64
	ids    []uint32
}

func newDistinct(arena *mem.Arena, t types.Type) *distinct {
	return &distinct{arena: arena, layout: rowkey.NewLayout(arena, []types.Type{t}, []bool{false}),
		values: rowkey.NewTable(arena, 0, 0), pairs: rowkey.NewTable(arena, 0, 0)}
}

// add puts in n values, none NULL, of the groups given.
func (d *distinct) add(v *columnar.Vector, sel, groups []uint32, n int) {
	d.words = mem.Grow(d.arena, d.words[:0], n)[:n]
	d.ids = mem.Grow(d.arena, d.ids[:0], n)[:n]
	plain := *v
	plain.Valid = nil
	cols := []*columnar.Vector{&plain}
	if before := d.layout.Admit(cols, sel, n, d.values.Keys); before != nil {
		d.convert(before)
	}
	d.layout.Pack(cols, sel, n, d.words)
	d.values.FindOrAdd(d.words, d.ids)
	for j, id := range d.ids {
		pair := uint64(id)
		if groups != nil {
			pair |= uint64(groups[j]) << 32
		}
		d.words[j] = pair
	}
	d.pairs.FindOrAdd(d.words, d.ids)
}

func (d *distinct) convert(before *rowkey.Layout) {
	keys := append([]uint64(nil), d.values.Keys()...)
	d.layout.Import(before, keys)
	d.values.Replace(keys)
}

// merge adds the pairs of groups from[j] of another set as those of groups to[j].
func (d *distinct) merge(other *distinct, from, to []uint32) {
	if len(from) == 0 {
		return
	}
	target := filled(int(slices.Max(from)) + 1)
	for j, g := range from {
		target[g] = to[j]
	}
	// Only the values that those groups have: the others may be many.
	var keys []uint64
	moved := make([]uint64, 0, min(other.pairs.Len(), 4*len(from)))
	number := filled(other.values.Len())
	for _, p := range other.pairs.Keys() {
		group, value := uint32(p>>32), uint32(p)
		if int(group) >= len(target) || target[group] == rowkey.None {
			continue
		}
		if number[value] == rowkey.None {
			number[value] = uint32(len(keys))
			keys = append(keys, other.values.Keys()[value])
		}
		moved = append(moved, uint64(target[group])<<32|uint64(number[value]))
	}
	if before := d.layout.Adopt(other.layout, keys, d.values.Keys); before != nil {
		d.convert(before)
	}
	d.layout.Import(other.layout, keys)
	ids := make([]uint32, max(len(keys), len(moved)))
	d.values.FindOrAdd(keys, ids)
	for j, p := range moved {
		moved[j] = p>>32<<32 | uint64(ids[uint32(p)])
	}
	d.pairs.FindOrAdd(moved, ids)
}

// filled is n numbers that stand for none.
func filled(n int) []uint32 {
	s := make([]uint32, n)
	for i := range s {
		s[i] = rowkey.None
	}
	return s
}

// foldDistinct feeds every pair's value to the words and sums of input i.
func (st *states) foldDistinct(i int) {
	d, in := st.dist[i], &st.spec.inputs[i]
	pairs := d.pairs.Keys()
	ids := make([]uint32, columnar.BatchSize)
	words := make([]uint64, columnar.BatchSize)
	scratch := mem.NewArena(nil)
	defer scratch.Free()
	for len(pairs) > 0 {
		n := min(len(pairs), columnar.BatchSize)
		for j, p := range pairs[:n] {
			ids[j], words[j] = uint32(p>>32), d.values.Keys()[uint32(p)]
		}
		pairs = pairs[n:]
		st.count(in.counter, ids[:n], n)
		if len(in.ops)+len(in.sums)+len(in.accs) == 0 {
			continue
		}
		v := d.layout.Decode(scratch, 0, words[:n])
		c := chain{st: st, ids: ids[:n]}
		st.apply(in, &c, v, nil, n)
		c.flushGroups()
		for _, at := range in.accs {
			st.accs[at].update(ids[:n], []*columnar.Vector{v}, nil, n)
		}
		scratch.Free()
	}
}
