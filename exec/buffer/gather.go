package buffer

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/rowkey"
)

// Slot is the memory of one gathered column. Its result is borrowed until the next Gather.
type Slot struct {
	own, view columnar.Vector
	valid     []uint64
}

// Gather collects rows of src. Row rows[j] goes to position sel[j] of n, or to position j when sel
// is nil (n is then len(rows)). A row of rowkey.None becomes NULL; absent says that there may be
// some. Positions that no row goes to hold some value of an earlier call of the slot.
func (s *Slot) Gather(arena *mem.Arena, src *columnar.Vector, rows, sel []uint32, n int, absent bool) *columnar.Vector {
	if src.Enc == columnar.Const && !absent {
		s.view = *src
		s.view.Len = n
		return &s.view
	}
	out := &s.own
	out.Type, out.Enc, out.Layout, out.Len, out.Base, out.Dict = src.Type, src.Enc, src.Layout, n, src.Base, src.Dict
	out.Bounded, out.Lo, out.Hi, out.Valid = src.Bounded, src.Lo, src.Hi, nil
	if src.Enc == columnar.Const {
		out.Enc = columnar.Flat
	}
	g := gatherer{rows: rows, sel: sel, absent: absent, constant: src.Enc == columnar.Const}
	switch src.Layout {
	case columnar.U8:
		out.U8 = gatherInto(g, arena, out.U8, src.U8, n)
	case columnar.U16:
		out.U16 = gatherInto(g, arena, out.U16, src.U16, n)
	case columnar.U32:
		out.U32 = gatherInto(g, arena, out.U32, src.U32, n)
	case columnar.I64:
		out.I64 = gatherInto(g, arena, out.I64, src.I64, n)
		if absent && out.Bounded {
			g.fillAbsent(out.I64, src.Lo)
		}
	case columnar.I128:
		out.I128 = gatherInto(g, arena, out.I128, src.I128, n)
	case columnar.F32:
		out.F32 = gatherInto(g, arena, out.F32, src.F32, n)
	case columnar.F64:
		out.F64 = gatherInto(g, arena, out.F64, src.F64, n)
	case columnar.Spans:
		out.Spans = gatherInto(g, arena, out.Spans, src.Spans, n)
	case columnar.Bytes16:
		out.UUID = gatherInto(g, arena, out.UUID, src.UUID, n)
	case columnar.Str:
		g.strings(arena, src, n, out)
	}
	if absent && src.Layout < columnar.I64 && src.Enc != columnar.Dict {
		out.Bounded = out.Bounded && src.Lo <= src.Base && src.Base <= src.Hi // absent rows hold Base
	}
	if absent || src.Valid != nil {
		s.valid = mem.Grow(arena, s.valid[:0], (n+63)/64)[:(n+63)/64]
		clear(s.valid)
		g.valid(src, s.valid)
		out.Valid = s.valid
	}
	return out
}

type gatherer struct {
	rows, sel []uint32
	absent    bool
	constant  bool
}

func gatherInto[T any](g gatherer, arena *mem.Arena, out, src []T, n int) []T {
	if n > cap(out) {
		out = mem.Alloc[T](arena, max(n, columnar.BatchSize), true)
	}
	out = out[:n]
	rows, sel := g.rows, g.sel
	if g.absent || g.constant {
		gatherAbsent(g, out, src)
		return out
	}
	if sel == nil {
		o := out[:len(rows)]
		for j, r := range rows {
			o[j] = src[r]
		}
		return out
	}
	sel = sel[:len(rows)]
	for j, r := range rows {
		out[sel[j]] = src[r]
	}
	return out
}

func gatherAbsent[T any](g gatherer, out, src []T) {
	var zero T
	for j, r := range g.rows {
		at := uint32(j)
		if g.sel != nil {
			at = g.sel[j]
		}
		switch {
		case r == rowkey.None:
			out[at] = zero
		case g.constant:
			out[at] = src[0]
		default:
			out[at] = src[r]
		}
	}
}

// fillAbsent keeps the promise of bounds in the slots of absent rows.
func (g gatherer) fillAbsent(out []int64, value int64) {
	for j, r := range g.rows {
		if r == rowkey.None {
			at := uint32(j)
			if g.sel != nil {
				at = g.sel[j]
			}
			out[at] = value
		}
	}
}

func (g gatherer) valid(src *columnar.Vector, valid []uint64) {
	for j, r := range g.rows {
		at := uint32(j)
		if g.sel != nil {
			at = g.sel[j]
		}
		if g.constant && r != rowkey.None {
			r = 0
		}
		if r != rowkey.None && (src.Valid == nil || src.Valid[r>>6]>>(r&63)&1 != 0) {
			valid[at>>6] |= 1 << (at & 63)
		}
	}
}

// strings copies rows; positions between selected ones become empty strings.
func (g gatherer) strings(arena *mem.Arena, src *columnar.Vector, n int, out *columnar.Vector) {
	total := 0
	for _, r := range g.rows {
		if r == rowkey.None {
			continue
		}
		if g.constant {
			r = 0
		}
		total += int(src.Offsets[r+1] - src.Offsets[r])
	}
	ends := mem.Grow(arena, out.Offsets[:0], n+1)[:n+1]
	b := mem.Grow(arena, out.Bytes[:0], total)
	at := 0
	for j, r := range g.rows {
		to := j
		if g.sel != nil {
			to = int(g.sel[j])
		}
		for ; at <= to; at++ {
			ends[at] = uint32(len(b))
		}
		if r == rowkey.None {
			continue
		}
		if g.constant {
			r = 0
		}
		b = append(b, src.Bytes[src.Offsets[r]:src.Offsets[r+1]]...)
	}
	for ; at <= n; at++ {
		ends[at] = uint32(len(b))
	}
	out.Offsets, out.Bytes = ends, b
}
