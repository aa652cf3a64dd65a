package optimize

import (
	"math"
	"slices"
	"strings"

	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// conjunction is the fraction of rows for which all predicates are true. Bounds of one column are
// taken together, the rest as independent.
func (e *estimator) conjunction(preds []plan.Expr, look lookup) float64 {
	type span struct{ lo, hi float64 }
	spans := map[plan.ColumnID]*span{}
	var order []plan.ColumnID
	total := 1.0
	for _, p := range preds {
		id, lo, hi, ok := e.bounds(p, look)
		if !ok {
			total *= e.fraction(p, look)
			continue
		}
		s := spans[id]
		if s == nil {
			s = &span{math.Inf(-1), math.Inf(1)}
			spans[id] = s
			order = append(order, id)
		}
		s.lo, s.hi = max(s.lo, lo), min(s.hi, hi)
	}
	for _, id := range order {
		d := look(id)
		total *= between(d, spans[id].lo, spans[id].hi) * (1 - d.nulls)
	}
	return min(1, max(total, leastFraction))
}

// bounds reads column < constant and its kin as a range of the column's carrier.
func (e *estimator) bounds(p plan.Expr, look lookup) (id plan.ColumnID, lo, hi float64, ok bool) {
	c, ok := p.(*plan.Compare)
	if !ok || c.Op < plan.Lt || c.Op > plan.Ge {
		return 0, 0, 0, false
	}
	col, ok1 := c.L.(*plan.Column)
	k, ok2 := c.R.(*plan.Const)
	if !ok1 || !ok2 || k.Value.Null {
		return 0, 0, 0, false
	}
	v, ok := carrier(k.Value, col.Typ)
	if d := look(col.ID); !ok || d.base == nil || len(d.base.Histogram) == 0 && (d.base.Min.Null || d.base.Max.Type == types.Type{}) {
		return 0, 0, 0, false
	}
	if c.Op == plan.Lt || c.Op == plan.Le {
		return col.ID, math.Inf(-1), step(v, c.Op == plan.Lt, -1, col.Typ), true
	}
	return col.ID, step(v, c.Op == plan.Gt, 1, col.Typ), math.Inf(1), true
}

// step turns a strict bound of a discrete type into an inclusive one.
func step(v float64, strict bool, by float64, t types.Type) float64 {
	if strict && (t.Class() == types.ClassInt || t.Class() == types.ClassDecimal) {
		return v + by
	}
	return v
}

// between is the fraction of non-NULL values in lo..hi (inclusive): by the histogram, else linear
// between minimum and maximum.
func between(d domainStats, lo, hi float64) float64 {
	if h := d.base.Histogram; len(h) > 1 {
		return clampFraction(below(h, hi) - below(h, lo))
	}
	least, ok1 := carrier(d.base.Min, d.typ)
	most, ok2 := carrier(d.base.Max, d.typ)
	if !ok1 || !ok2 {
		return guessRange
	}
	lo, hi = max(lo, least), min(hi, most)
	if lo > hi {
		return leastFraction
	}
	width := most - least
	if d.typ.Class() == types.ClassInt || d.typ.Class() == types.ClassDecimal {
		if d.distinct > 1 && d.distinct < width { // values lie apart
			return clampFraction((hi-lo)/width*(1-1/d.distinct) + 1/d.distinct)
		}
		return clampFraction((hi - lo + 1) / (width + 1))
	}
	if width == 0 {
		return 1
	}
	return clampFraction((hi - lo) / width)
}

func clampFraction(f float64) float64 { return min(1, max(f, leastFraction)) }

// below is the fraction of values under v by equi-depth bounds.
func below(h []float64, v float64) float64 {
	i, _ := slices.BinarySearch(h, v)
	switch {
	case i == 0:
		return 0
	case i == len(h):
		return 1
	}
	part := 0.5
	if width := h[i] - h[i-1]; width > 0 {
		part = (v - h[i-1]) / width
	}
	return (float64(i-1) + part) / float64(len(h)-1)
}

// carrier is a value as statistics count it: the carrier of type t as float64.
func carrier(v types.Value, t types.Type) (float64, bool) {
	if v.Null || v.Type == (types.Type{}) {
		return 0, false
	}
	switch v.Type.Class() {
	case types.ClassInt:
		if t.Class() == types.ClassDecimal {
			return float64(v.I) * math.Pow10(int(t.Scale)), true
		}
		return float64(v.I), true
	case types.ClassDecimal:
		f := float64(v.I)
		if v.Wide {
			f = float64(v.D.Hi)*math.Pow(2, 64) + float64(v.D.Lo)
		}
		return f * math.Pow10(int(t.Scale)-int(v.Type.Scale)), true
	case types.ClassFloat:
		return v.F, true
	case types.ClassBytes:
		return textCarrier(v.S), true
	}
	return 0, false
}

// textCarrier orders texts by their first bytes.
func textCarrier(s string) float64 {
	f := 0.0
	for i := range 7 {
		f *= 256
		if i < len(s) {
			f += float64(s[i])
		}
	}
	return f
}

// fraction is the fraction of rows for which e is true.
func (e *estimator) fraction(x plan.Expr, look lookup) float64 {
	switch x := x.(type) {
	case *plan.Const:
		if x.Value.Null || x.Value.I == 0 {
			return 0
		}
		return 1
	case *plan.And:
		return e.conjunction(x.Terms, look)
	case *plan.Or:
		miss := 1.0
		for _, t := range x.Terms {
			miss *= 1 - e.conjunction(plan.Conjuncts(t), look)
		}
		return 1 - miss
	case *plan.Not:
		return max(guessNot, 1-e.fraction(x.X, look))
	case *plan.Compare:
		return e.compareFraction(x, look)
	case *plan.InList:
		f := 0.0
		for _, a := range x.List {
			f += e.compareFraction(&plan.Compare{Op: plan.Eq, L: x.X, R: a}, look)
		}
		return complement(min(f, 1), x.Negate)
	case *plan.Like:
		return complement(likeFraction(x), x.Negate)
	case *plan.IsNull:
		if c, ok := x.X.(*plan.Column); ok {
			return complement(look(c.ID).nulls, x.Negate)
		}
		return complement(0.01, x.Negate)
	case *plan.Coalesce:
		return e.fraction(x.Arg[0], look)
	}
	return guessOther
}

func complement(f float64, negate bool) float64 {
	if negate {
		return 1 - f
	}
	return f
}

func (e *estimator) compareFraction(x *plan.Compare, look lookup) float64 {
	l, okL := x.L.(*plan.Column)
	r, okR := x.R.(*plan.Column)
	k, okK := x.R.(*plan.Const)
	switch {
	case x.Op == plan.Ne || x.Op == plan.IsDistinct:
		return 1 - e.compareFraction(&plan.Compare{Op: plan.Eq, L: x.L, R: x.R}, look)
	case x.Op != plan.Eq && x.Op != plan.IsNotDistinct:
		if id, lo, hi, ok := e.bounds(x, look); ok {
			return between(look(id), lo, hi)
		}
		return guessRange
	case okL && okR:
		if d := max(look(l.ID).distinct, look(r.ID).distinct); d > 0 {
			return 1 / d
		}
	case okL && okK && !k.Value.Null:
		return equalFraction(look(l.ID), k.Value)
	case okL:
		if d := look(l.ID).distinct; d > 0 {
			return 1 / d
		}
	}
	return guessEqual
}

// equalFraction uses the most common values, then the rest evenly.
func equalFraction(d domainStats, v types.Value) float64 {
	if d.distinct == 0 {
		return guessEqual
	}
	if d.base == nil {
		return 1 / d.distinct
	}
	rest := 1 - d.nulls
	for _, c := range d.base.Common {
		if c.Value == v {
			return c.Fraction
		}
		rest -= c.Fraction
	}
	if f, ok := carrier(v, d.typ); ok && !d.base.Min.Null && v.Type.Class() != types.ClassBytes {
		lo, ok1 := carrier(d.base.Min, d.typ)
		hi, ok2 := carrier(d.base.Max, d.typ)
		if ok1 && ok2 && (f < lo || f > hi) {
			return leastFraction
		}
	}
	return clampFraction(rest / max(1, d.distinct-float64(len(d.base.Common))))
}

func likeFraction(x *plan.Like) float64 {
	c, ok := x.Pattern.(*plan.Const)
	if !ok {
		return guessLikeInside
	}
	words := strings.FieldsFunc(c.Value.S, func(r rune) bool { return r == '%' })
	switch {
	case len(words) > 1:
		return guessLikeMany
	case !strings.HasPrefix(c.Value.S, "%"):
		return guessLikePrefix
	}
	return guessLikeInside
}
