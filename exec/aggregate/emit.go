package aggregate

import (
	"math"
	"math/big"
	"math/bits"
	"slices"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// rows makes the output of groups [from, to) of a part, in arena memory.
func (p *part) rows(s *spec, arena *mem.Arena, from, to int) (*columnar.Batch, error) {
	n := to - from
	out := &columnar.Batch{Len: n}
	for i := range s.groups {
		out.Cols = append(out.Cols, p.layout.Decode(arena, i, p.keys[from:to]))
	}
	ids := mem.Alloc[uint32](arena, n, false)
	for j := range ids {
		ids[j] = uint32(from + j)
	}
	if p.ids != nil {
		copy(ids, p.ids[from:to])
	}
	out.Sel = p.alive(arena, from, to)
	e := emitter{spec: s, st: p.states, arena: arena, ids: ids}
	for i := range s.calls {
		v, err := e.column(&s.calls[i])
		if err != nil {
			return nil, err
		}
		out.Cols = append(out.Cols, v)
	}
	return out, nil
}

// alive lists the groups of [from, to) that are not dead, nil when none is.
func (p *part) alive(arena *mem.Arena, from, to int) []uint32 {
	first, _ := slices.BinarySearch(p.dead, uint32(from))
	if first == len(p.dead) || p.dead[first] >= uint32(to) {
		return nil
	}
	dead := p.dead[first:]
	sel := mem.Alloc[uint32](arena, to-from, false)[:0]
	for i := range uint32(to - from) {
		if len(dead) > 0 && dead[0] == uint32(from)+i {
			dead = dead[1:]
			continue
		}
		sel = append(sel, i)
	}
	return sel
}

// emitter turns the states of groups ids into result columns.
type emitter struct {
	spec  *spec
	st    *states
	arena *mem.Arena
	ids   []uint32
}

// word copies one word of every group.
func (e *emitter) word(word int) []int64 {
	out := mem.Alloc[int64](e.arena, len(e.ids), false)
	stride := len(e.spec.kinds)
	for j, g := range e.ids {
		out[j] = e.st.words[int(g)*stride+word]
	}
	return out
}

// counts gives the number of rows that count for an input (-1: all rows).
func (e *emitter) counts(input int) []int64 {
	rows := e.word(0)
	if input < 0 || e.spec.inputs[input].counter == 0 {
		return rows
	}
	c := e.word(e.spec.inputs[input].counter)
	if e.spec.inputs[input].counted() {
		return c
	}
	for j := range rows {
		rows[j] -= c[j]
	}
	return rows
}

func (e *emitter) column(c *call) (*columnar.Vector, error) {
	v := &columnar.Vector{Type: c.typ, Len: len(e.ids), Layout: columnar.I64}
	if c.acc >= 0 {
		return e.st.accs[c.acc].result(e.arena, e.ids, c.name, c.typ), nil
	}
	var counts []int64
	// Without a counter every group has values, unless there are no groups.
	if c.name == "count" || c.name == "avg" || len(e.spec.groups) == 0 || e.spec.inputs[c.input].counter > 0 {
		counts = e.counts(c.input)
	}
	switch {
	case c.name == "count":
		v.I64 = counts
		return v, nil
	case c.sum >= 0 && c.name == "sum":
		e.markEmpty(v, counts)
		return v, e.sums(c, v)
	case c.sum >= 0:
		e.markEmpty(v, counts)
		return v, e.averages(c, v, counts)
	}
	e.markEmpty(v, counts)
	v.I64 = e.word(c.word)
	switch {
	case c.arg.Class() == types.ClassFloat:
		e.floatResult(c, v, counts)
	case c.typ.Kind == types.Boolean:
		v.Layout, v.U8 = columnar.U8, mem.Alloc[uint8](e.arena, v.Len, false)
		for j, x := range v.I64 {
			v.U8[j] = uint8(x & 1)
		}
		v.I64 = nil
	}
	return v, nil
}

// markEmpty makes groups without values NULL.
func (e *emitter) markEmpty(v *columnar.Vector, counts []int64) {
	for j, n := range counts {
		if n != 0 {
			continue
		}
		if v.Valid == nil {
			v.Valid = mem.Alloc[uint64](e.arena, (v.Len+63)/64, false)
			for i := range v.Valid {
				v.Valid[i] = ^uint64(0)
			}
		}
		v.Valid[j>>6] &^= 1 << (j & 63)
	}
}

func (e *emitter) floatResult(c *call, v *columnar.Vector, counts []int64) {
	words := v.I64
	v.Layout, v.F64, v.I64 = columnar.F64, mem.Alloc[float64](e.arena, v.Len, false), nil
	for j, w := range words {
		switch c.name {
		case "avg":
			v.F64[j] = math.Float64frombits(uint64(w)) / float64(max(counts[j], 1))
		case "sum":
			v.F64[j] = math.Float64frombits(uint64(w))
		default:
			v.F64[j] = fromSortable(w)
		}
		if c.typ.Kind == types.Real {
			v.F64[j] = float64(float32(v.F64[j]))
		}
	}
}

// sums writes exact sums: int64 when all fit, which for integer results they must.
func (e *emitter) sums(c *call, v *columnar.Vector) error {
	if c.typ.Class() == types.ClassFloat {
		v.Layout, v.F64 = columnar.F64, mem.Alloc[float64](e.arena, v.Len, false)
		for j, g := range e.ids {
			v.F64[j] = float128(e.st.total(c.sum, int(g))) / math.Pow10(int(c.arg.Scale))
		}
		return nil
	}
	if e.st.sums[c.sum].wide == nil {
		v.I64 = e.word(e.spec.sums[c.sum].word)
		return nil
	}
	v.I64 = mem.Alloc[int64](e.arena, v.Len, false)
	for j, g := range e.ids {
		x, ok := e.st.total(c.sum, int(g)).Int64()
		if !ok {
			if c.typ.Class() == types.ClassInt {
				return sqlerr.New(sqlerr.NumericValueOutOfRange, "%s out of range", c.typ)
			}
			return e.wideSums(c, v)
		}
		v.I64[j] = x
	}
	return nil
}

func (e *emitter) wideSums(c *call, v *columnar.Vector) error {
	v.Layout, v.I64, v.I128 = columnar.I128, nil, mem.Alloc[types.Int128](e.arena, v.Len, false)
	for j, g := range e.ids {
		v.I128[j] = e.st.total(c.sum, int(g))
		if magnitudeBig(v.I128[j]).Cmp(maxDecimal) > 0 {
			return sqlerr.New(sqlerr.NumericValueOutOfRange, "numeric field overflow")
		}
	}
	return nil
}

// maxDecimal is the greatest value of 38 digits.
var maxDecimal = new(big.Int).Sub(new(big.Int).Exp(big.NewInt(10), big.NewInt(types.MaxPrecision), nil), big.NewInt(1))

func float128(x types.Int128) float64 { return float64(x.Hi)*(1<<64) + float64(x.Lo) }

// averages divides exact sums by their counts, rounding half away from zero to the result's scale.
func (e *emitter) averages(c *call, v *columnar.Vector, counts []int64) error {
	if c.typ.Class() == types.ClassFloat {
		v.Layout, v.F64 = columnar.F64, mem.Alloc[float64](e.arena, v.Len, false)
		for j, g := range e.ids {
			v.F64[j] = float128(e.st.total(c.sum, int(g))) / math.Pow10(int(c.arg.Scale)) / float64(max(counts[j], 1))
		}
		return nil
	}
	up := int(c.typ.Scale) - int(c.arg.Scale)
	v.I64 = mem.Alloc[int64](e.arena, v.Len, false)
	for j, g := range e.ids {
		total := e.st.total(c.sum, int(g))
		if small, ok := total.Int64(); ok && up >= 0 && up <= 18 {
			if q, ok := quotient(small, types.PowersOfTen[up], max(counts[j], 1)); ok {
				v.I64[j] = q
				continue
			}
		}
		return e.wideAverages(c, v, counts, up)
	}
	return nil
}

// quotient is round(sum * factor / n), ok when it fits int64.
func quotient(sum, factor, n int64) (q int64, ok bool) {
	hi, lo := bits.Mul64(absolute(sum), uint64(factor))
	lo, carry := bits.Add64(lo, uint64(n)/2, 0)
	hi += carry
	if hi >= uint64(n) {
		return 0, false
	}
	u, _ := bits.Div64(hi, lo, uint64(n))
	if u > math.MaxInt64 {
		return 0, false
	}
	if sum < 0 {
		return -int64(u), true
	}
	return int64(u), true
}

// wideAverages is averages for results beyond int64.
func (e *emitter) wideAverages(c *call, v *columnar.Vector, counts []int64, up int) error {
	v.Layout, v.I64, v.I128 = columnar.I128, nil, mem.Alloc[types.Int128](e.arena, v.Len, false)
	factor := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(up, 0))), nil)
	divisor := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(-up, 0))), nil)
	for j, g := range e.ids {
		total := e.st.total(c.sum, int(g))
		by := new(big.Int).Mul(divisor, big.NewInt(max(counts[j], 1)))
		q := magnitudeBig(total)
		q.Mul(q, factor).Add(q, new(big.Int).Rsh(by, 1)).Quo(q, by)
		if q.Cmp(maxDecimal) > 0 {
			return sqlerr.New(sqlerr.NumericValueOutOfRange, "numeric field overflow")
		}
		v.I128[j] = fromBig(q, total.Hi < 0)
	}
	return nil
}

func magnitudeBig(x types.Int128) *big.Int {
	lo, hi := x.Lo, uint64(x.Hi)
	if x.Hi < 0 {
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	b := new(big.Int).SetUint64(hi)
	return b.Lsh(b, 64).Or(b, new(big.Int).SetUint64(lo))
}

func fromBig(b *big.Int, negative bool) types.Int128 {
	lo := new(big.Int).And(b, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
	hi := new(big.Int).Rsh(b, 64).Uint64()
	if negative {
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	return types.Int128{Lo: lo, Hi: int64(hi)}
}
