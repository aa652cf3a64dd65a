package expr

import (
	"bytes"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/types"
)

// keepNumbers compares integers and numerics: in the narrow domain when both sides have the same
// scale, against a range when one side is constant, in 128 bits when a side needs it.
func (p *pair) keepNumbers(less, exchange, negate bool, n int, sel, out []uint32) []uint32 {
	if p.xScale == 0 && p.yScale == 0 && p.l.Layout != columnar.I128 && p.r.Layout != columnar.I128 {
		l, r := p.l, p.r
		if exchange {
			l, r = r, l
		}
		return kept(p.selectInts(l, r, less, negate, n, sel, out), n, sel, out)
	}
	a, b := p.rescaled(p.l, 0, p.xScale, n, sel), p.rescaled(p.r, 1, p.yScale, n, sel)
	if exchange {
		a, b = b, a
	}
	return kept(select128(a, b, less, negate, sel, out), n, sel, out)
}

// rescaled gives numerics as 128 bits times 10^shift, saturated: a value beyond 128 bits compares as
// greater (or less) than every numeric.
func (p *pair) rescaled(v *columnar.Vector, side, shift, n int, sel []uint32) []types.Int128 {
	in := kernel.Int128s(v, n, sel, room(p.worker, &p.wide[side], n))
	if shift == 0 {
		return in
	}
	out := room(p.worker, &p.wide[side], n)
	move := func(i int) {
		x, ok := in[i].Rescale(0, shift)
		if !ok {
			x = greatest
			if in[i].Sign() < 0 {
				x = least
			}
		}
		out[i] = x
	}
	if sel == nil {
		for i := range in {
			move(i)
		}
		return out
	}
	for _, i := range sel {
		move(int(i))
	}
	return out
}

func (p *pair) selectInts(a, b *columnar.Vector, less, negate bool, n int, sel, out []uint32) int {
	delta := a.Base - b.Base
	overflows := (a.Base^b.Base)&(a.Base^delta) < 0
	if overflows || a.Enc == columnar.Const || b.Enc == columnar.Const || (a.Layout == columnar.I64 && b.Layout != columnar.I64) {
		return selectWide(kernel.Int64s(a, n, sel, room(p.worker, &p.ints[0], n)),
			kernel.Int64s(b, n, sel, room(p.worker, &p.ints[1], n)), 0, less, negate, sel, out)
	}
	switch a.Layout {
	case columnar.U8:
		return selectMixed(a.U8[:n], b, delta, less, negate, sel, out)
	case columnar.U16:
		return selectMixed(a.U16[:n], b, delta, less, negate, sel, out)
	case columnar.U32:
		return selectMixed(a.U32[:n], b, delta, less, negate, sel, out)
	}
	return selectWide(a.I64[:n], b.I64, 0, less, negate, sel, out)
}

// selectMixed compares a narrow vector with any: a's value less b's base fits int64, because delta
// does and a's elements have 32 bits, or b is plain int64 and delta is a's base.
func selectMixed[A uint8 | uint16 | uint32](a []A, b *columnar.Vector, delta int64, less, negate bool, sel, out []uint32) int {
	switch b.Layout {
	case columnar.U8:
		return selectWide(a, b.U8, delta, less, negate, sel, out)
	case columnar.U16:
		return selectWide(a, b.U16, delta, less, negate, sel, out)
	case columnar.U32:
		return selectWide(a, b.U32, delta, less, negate, sel, out)
	}
	return selectWide(a, b.I64, delta, less, negate, sel, out)
}

func selectWide[A, B kernel.Integer](a []A, b []B, delta int64, less, negate bool, sel, out []uint32) int {
	if less {
		return kernel.SelectLess(a, delta, b, negate, sel, out)
	}
	return kernel.SelectEqual(a, delta, b, negate, sel, out)
}

// keepTexts compares two string vectors in any encoding, bytewise.
func keepTexts(a, b *columnar.Vector, less, negate bool, n int, sel, out []uint32) int {
	if a.Enc == columnar.Dict && b.Enc == columnar.Dict && a.Dict == b.Dict && !less && a.Layout == b.Layout {
		return keepSameCodes(a, b, negate, n, sel, out)
	}
	flip, k := 0, 0
	if negate {
		flip = 1
	}
	count := n
	if sel != nil {
		count = len(sel)
	}
	for at := range count {
		i := uint32(at)
		if sel != nil {
			i = sel[at]
		}
		if nullAt(a, i) || nullAt(b, i) {
			continue
		}
		x, y := function.TextAt(a, int(i)), function.TextAt(b, int(i))
		out[k] = i
		if less {
			k += b2i(bytes.Compare(x, y) < 0) ^ flip
		} else {
			k += b2i(bytes.Equal(x, y)) ^ flip
		}
	}
	return k
}

func nullAt(v *columnar.Vector, i uint32) bool {
	return v.Valid != nil && v.Enc != columnar.Const && v.Valid[i>>6]>>(i&63)&1 == 0
}

// keepSameCodes compares codes of one dictionary, whose values are distinct.
func keepSameCodes(a, b *columnar.Vector, negate bool, n int, sel, out []uint32) int {
	switch a.Layout {
	case columnar.U8:
		return kernel.SelectEqual(a.U8[:n], 0, b.U8, negate, sel, out)
	case columnar.U16:
		return kernel.SelectEqual(a.U16[:n], 0, b.U16, negate, sel, out)
	}
	return kernel.SelectEqual(a.U32[:n], 0, b.U32, negate, sel, out)
}

func keepUUIDs(a, b *columnar.Vector, less, negate bool, n int, sel, out []uint32) int {
	k := 0
	for i := range function.Rows(n, sel) {
		x, y := function.UUIDAt(a, i), function.UUIDAt(b, i)
		out[k] = uint32(i)
		order := bytes.Compare(x[:], y[:])
		if ((less && order < 0) || (!less && order == 0)) != negate {
			k++
		}
	}
	return k
}

func b2i(b bool) int {
	var x int
	if b {
		x = 1
	}
	return x
}
