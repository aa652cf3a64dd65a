package join

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/types"
)

// unsure is the scratch of null-aware joins (NOT IN and its mark): a row without a match is unknown
// when some comparison with a build row was NULL rather than false.
type unsure struct {
	flags []bool
	marks columnar.Vector
}

// mark makes the mark column: true at hits, else false, or NULL where a null-aware join cannot tell.
func (p *probe) mark(b *columnar.Batch, hits []uint32) (*columnar.Vector, error) {
	v := &p.marks
	if v.U8 == nil {
		*v = columnar.Vector{Type: types.TBoolean, Layout: columnar.U8, Bounded: true, Hi: 1,
			U8: mem.Alloc[uint8](p.w.Arena, columnar.BatchSize, false)}
	}
	v.U8, v.Len, v.Valid = v.U8[:b.Len], b.Len, nil
	clear(v.U8)
	for _, i := range hits {
		v.U8[i] = 1
	}
	if !p.h.node.NullAware {
		return v, nil
	}
	rest := complement(p.rest, b.Sel, hits, b.Len)
	if err := p.flag(b, rest); err != nil {
		return nil, err
	}
	v.Valid = make([]uint64, (b.Len+63)/64)
	for i := range v.Valid {
		v.Valid[i] = ^uint64(0)
	}
	for _, i := range rest {
		if p.flags[i] {
			v.Valid[i>>6] &^= 1 << (i & 63)
		}
	}
	return v, nil
}

// certain keeps, of rows without a match, those that surely have none.
func (p *probe) certain(b *columnar.Batch, rest []uint32) ([]uint32, error) {
	if err := p.flag(b, rest); err != nil {
		return nil, err
	}
	k := 0
	for _, i := range rest {
		rest[k] = i
		if !p.flags[i] {
			k++
		}
	}
	return rest[:k], nil
}

// flag sets flags for the rows of rest whose comparison with some build row is unknown.
func (p *probe) flag(b *columnar.Batch, rest []uint32) error {
	if p.flags == nil {
		p.flags = make([]bool, columnar.BatchSize)
	}
	total := p.h.rows.Rows
	simple := len(p.keys) == 1 && p.where == nil
	for _, i := range rest {
		null := p.hasNull(int(i))
		switch {
		case total == 0 || !null && !p.h.nulls.any:
			p.flags[i] = false
		case simple:
			p.flags[i] = true
		default:
			var err error
			if p.flags[i], err = p.unknown(b, i, null); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *probe) hasNull(i int) bool {
	for _, v := range p.cols {
		if v.IsNull(i) {
			return true
		}
	}
	return false
}

// unknown compares left row i with every build row that could make its comparison NULL: all when i
// has a NULL itself, else those with one.
func (p *probe) unknown(b *columnar.Batch, i uint32, null bool) (bool, error) {
	candidates := p.h.nulls.rows
	if null {
		candidates = make([]uint32, p.h.rows.Rows)
		for r := range candidates {
			candidates[r] = uint32(r)
		}
	}
	keys := p.h.keyColumns()
	p.begin(b)
	for _, r := range candidates {
		if p.differs(keys, int(i), int(r)) {
			continue
		}
		if p.pos, p.row = append(p.pos, i), append(p.row, r); len(p.pos) == columnar.BatchSize {
			if some, err := p.anyHolds(b); some || err != nil {
				return some, err
			}
		}
	}
	return p.anyHolds(b)
}

// anyHolds reports whether the residual is true for one of the pairs at hand, and drops them.
func (p *probe) anyHolds(b *columnar.Batch) (bool, error) {
	n := len(p.pos)
	if n > 0 && p.where != nil {
		p.gather(b)
		p.out.Sel = nil
		sel, err := p.where.Select(&p.out)
		if err != nil {
			return false, err
		}
		if sel != nil {
			n = len(sel)
		}
	}
	p.pos, p.row = p.pos[:0], p.row[:0]
	return n > 0, nil
}

// differs reports whether some pair of keys, both not NULL, is unequal.
func (p *probe) differs(build []*columnar.Vector, i, r int) bool {
	for k, v := range p.cols {
		if v.IsNull(i) || build[k].IsNull(r) {
			continue
		}
		x, y := v.Value(i), build[k].Value(r)
		x.Type, y.Type = types.Type{}, types.Type{}
		if x.Wide != y.Wide || x != y {
			return true
		}
	}
	return false
}
