package aggregate

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/rowkey"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/types"
)

// first is any_value: it keeps the first value of each group, copied as columns are.
type first struct {
	arena *mem.Arena
	rows  *buffer.Column
	n     uint32
	at    []uint32 // by group: its row, or rowkey.None
	sel   []uint32
}

func newFirst(s *accSpec, arena *mem.Arena) *first {
	return &first{arena: arena, rows: buffer.NewColumn(arena, s.arg)}
}

func (f *first) resize(n int) {
	old := len(f.at)
	f.at = mem.Extend(f.arena, f.at, n-old)
	for i := old; i < n; i++ {
		f.at[i] = rowkey.None
	}
}

func (f *first) update(ids []uint32, cols []*columnar.Vector, sel []uint32, n int) {
	f.sel = f.sel[:0]
	for j := range n {
		g := uint32(0)
		if ids != nil {
			g = ids[j]
		}
		if f.at[g] != rowkey.None {
			continue
		}
		f.at[g] = f.n + uint32(len(f.sel))
		if sel != nil {
			f.sel = append(f.sel, sel[j])
		} else {
			f.sel = append(f.sel, uint32(j))
		}
	}
	f.keep(cols[0])
}

// keep copies the rows of sel behind those kept so far.
func (f *first) keep(v *columnar.Vector) {
	if len(f.sel) > 0 {
		f.rows.Append(v, f.sel, len(f.sel))
		f.n += uint32(len(f.sel))
	}
}

func (f *first) merge(from accumulator, groups, to []uint32) {
	g := from.(*first)
	f.sel = f.sel[:0]
	for j, group := range groups {
		if row := g.at[group]; row != rowkey.None && f.at[to[j]] == rowkey.None {
			f.at[to[j]] = f.n + uint32(len(f.sel))
			f.sel = append(f.sel, row)
		}
	}
	f.keep(g.rows.Vector())
}

func (f *first) finish() { f.rows.Vector() }

func (f *first) result(arena *mem.Arena, groups []uint32, _ string, t types.Type) *columnar.Vector {
	rows := mem.Alloc[uint32](arena, len(groups), false)
	absent := false
	for j, g := range groups {
		rows[j] = f.at[g]
		absent = absent || rows[j] == rowkey.None
	}
	var slot buffer.Slot
	v := slot.Gather(arena, f.rows.Vector(), rows, nil, len(rows), absent)
	if v.Type != t {
		v.Type = t
	}
	return v
}
