// Package setop holds the operators that see rows as members of sets: UNION, INTERSECT, EXCEPT,
// DISTINCT ON, sub-plans that several places read, and recursion.
package setop

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/rowkey"
	"github.com/oxidb/oxidb/types"
)

// seen remembers keys. It belongs to one goroutine.
type seen struct {
	layout *rowkey.Layout
	table  *rowkey.Table
	words  []uint64
	ids    []uint32
	fresh  []uint32
}

func newSeen(arena *mem.Arena, kinds []types.Type) *seen {
	nullable := make([]bool, len(kinds))
	for i := range nullable {
		nullable[i] = true
	}
	return &seen{layout: rowkey.NewLayout(arena, kinds, nullable), table: rowkey.NewTable(arena, 1024, 0)}
}

// add remembers the keys of the rows sel (all n when nil) and lists the rows whose key is new, the
// first of each. NULLs are equal. The result is borrowed.
func (s *seen) add(cols []*columnar.Vector, sel []uint32, n int) []uint32 {
	count := n
	if sel != nil {
		count = len(sel)
	}
	if before := s.layout.Admit(cols, sel, n, s.table.Keys); before != nil {
		keys := append([]uint64(nil), s.table.Keys()...)
		s.layout.Import(before, keys)
		s.table.Replace(keys)
	}
	if cap(s.words) < count {
		s.words, s.ids = make([]uint64, count), make([]uint32, count)
	}
	s.layout.Pack(cols, sel, n, s.words[:count])
	next := uint32(s.table.Len())
	s.table.FindOrAdd(s.words[:count], s.ids[:count])
	s.fresh = s.fresh[:0]
	for k, id := range s.ids[:count] {
		if id != next {
			continue
		}
		next++
		row := uint32(k)
		if sel != nil {
			row = sel[k]
		}
		s.fresh = append(s.fresh, row)
	}
	return s.fresh
}
