package aggregate

import (
	"math"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/types"
)

// pair holds the sums of one group's pairs (y, x): counts, sums, and sums of squared deviations,
// updated as Youngs and Cramer do (1971), which PostgreSQL follows too.
type pair struct{ n, sumX, sumY, xx, yy, xy float64 }

// pairs is the state of the aggregates over two arguments: corr, covar_* and regr_*.
type pairs struct{ groups []pair }

func (p *pairs) resize(n int) { p.groups = append(p.groups, make([]pair, n-len(p.groups))...) }

func (p *pairs) update(ids []uint32, cols []*columnar.Vector, sel []uint32, n int) {
	for j := range n {
		at, g := j, uint32(0)
		if sel != nil {
			at = int(sel[j])
		}
		if ids != nil {
			g = ids[j]
		}
		if !cols[1].IsNull(at) {
			p.groups[g].add(floatAt(cols[0], at), floatAt(cols[1], at))
		}
	}
}

func (s *pair) add(y, x float64) {
	s.n++
	s.sumX += x
	s.sumY += y
	if s.n == 1 {
		return
	}
	dx, dy, scale := x*s.n-s.sumX, y*s.n-s.sumY, 1/(s.n*(s.n-1))
	s.xx += dx * dx * scale
	s.yy += dy * dy * scale
	s.xy += dx * dy * scale
}

func (p *pairs) merge(from accumulator, groups, to []uint32) {
	f := from.(*pairs)
	for j, g := range groups {
		p.groups[to[j]].merge(f.groups[g])
	}
}

func (s *pair) merge(o pair) {
	switch {
	case o.n == 0:
		return
	case s.n == 0:
		*s = o
		return
	}
	n := s.n + o.n
	dx, dy := s.sumX/s.n-o.sumX/o.n, s.sumY/s.n-o.sumY/o.n
	weight := s.n * o.n / n
	s.xx += o.xx + weight*dx*dx
	s.yy += o.yy + weight*dy*dy
	s.xy += o.xy + weight*dx*dy
	s.n, s.sumX, s.sumY = n, s.sumX+o.sumX, s.sumY+o.sumY
}

func (p *pairs) finish() {}

func (p *pairs) result(arena *mem.Arena, groups []uint32, name string, t types.Type) *columnar.Vector {
	return collect(p, arena, groups, name, t)
}

func (p *pairs) value(g uint32, name string, t types.Type) (types.Value, bool) {
	s := p.groups[g]
	if name == "regr_count" {
		return types.Int(t, int64(s.n)), true
	}
	x, ok := s.value(name)
	return types.Float(t, x), ok && s.n > 0
}

// value is NULL where the aggregate is not defined: no pairs, or all of them on one vertical line.
func (s *pair) value(name string) (float64, bool) {
	switch name {
	case "covar_pop":
		return s.xy / s.n, true
	case "covar_samp":
		return s.xy / (s.n - 1), s.n > 1
	case "corr":
		return s.xy / math.Sqrt(s.xx*s.yy), s.xx != 0 && s.yy != 0
	case "regr_avgx":
		return s.sumX / s.n, true
	case "regr_avgy":
		return s.sumY / s.n, true
	case "regr_sxx":
		return s.xx, true
	case "regr_syy":
		return s.yy, true
	case "regr_sxy":
		return s.xy, true
	case "regr_slope":
		return s.xy / s.xx, s.xx != 0
	case "regr_intercept":
		return (s.sumY - s.sumX*s.xy/s.xx) / s.n, s.xx != 0
	}
	if s.yy == 0 { // regr_r2
		return 1, s.xx != 0
	}
	return s.xy * s.xy / (s.xx * s.yy), s.xx != 0
}

// bitFold is the state of bit_and, bit_or and bit_xor.
type bitFold struct {
	fold func(a, b int64) int64
	held []int64
	set  []bool
}

func newBitFold(name string) *bitFold {
	switch name {
	case "bit_and":
		return &bitFold{fold: func(a, b int64) int64 { return a & b }}
	case "bit_or":
		return &bitFold{fold: func(a, b int64) int64 { return a | b }}
	}
	return &bitFold{fold: func(a, b int64) int64 { return a ^ b }}
}

func (b *bitFold) resize(n int) {
	b.held = append(b.held, make([]int64, n-len(b.held))...)
	b.set = append(b.set, make([]bool, n-len(b.set))...)
}

func (b *bitFold) add(g uint32, v int64) {
	if b.set[g] {
		v = b.fold(b.held[g], v)
	}
	b.held[g], b.set[g] = v, true
}

func (b *bitFold) update(ids []uint32, cols []*columnar.Vector, sel []uint32, n int) {
	for j := range n {
		at, g := j, uint32(0)
		if sel != nil {
			at = int(sel[j])
		}
		if ids != nil {
			g = ids[j]
		}
		b.add(g, cols[0].Int(at))
	}
}

func (b *bitFold) merge(from accumulator, groups, to []uint32) {
	f := from.(*bitFold)
	for j, g := range groups {
		if f.set[g] {
			b.add(to[j], f.held[g])
		}
	}
}

func (b *bitFold) finish() {}

func (b *bitFold) result(arena *mem.Arena, groups []uint32, name string, t types.Type) *columnar.Vector {
	return collect(b, arena, groups, name, t)
}

func (b *bitFold) value(g uint32, _ string, t types.Type) (types.Value, bool) {
	return types.Int(t, b.held[g]), b.set[g]
}
