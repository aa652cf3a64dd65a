package expr

import (
	"slices"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// part is arm number arm of CASE or COALESCE: the rows that take v's values. nil rows are all n.
type part struct {
	v    *columnar.Vector
	rows []uint32
	arm  int
}

// assembler builds one vector out of disjoint parts; rows in no part are NULL.
type assembler struct {
	worker *exec.Worker
	typ    types.Type
	ints   []int64
	wide   []types.Int128
	bools  []uint8
	floats []float64
	spans  []types.Span
	uuids  [][16]byte
	source []uint16 // text: which part a row comes from, counted from 1
	valid  []uint64
	bytes  []byte
	ends   []uint32
	// dict and codes stand when every arm is a text constant: then the result is codes.
	dict   *columnar.Dictionary
	codeOf []uint8 // by arm
	codes  []uint8
	out    columnar.Vector
}

// build joins the parts of b's rows.
func (a *assembler) build(b *columnar.Batch, parts []part) *columnar.Vector {
	n := b.Len
	for _, p := range parts {
		if p.rows == nil { // one part is everything
			return a.retype(p.v)
		}
	}
	a.out = columnar.Vector{Type: a.typ, Len: n}
	a.fillValid(n, b.Rows(), parts)
	switch a.typ.Class() {
	case types.ClassInt, types.ClassDecimal:
		a.fillNumbers(n, parts)
	case types.ClassFloat:
		a.out.Layout, a.out.F64 = columnar.F64, room(a.worker, &a.floats, n)
		for _, p := range live(parts) {
			scatterFloats(a.out.F64, p)
		}
	case types.ClassInterval:
		a.out.Layout, a.out.Spans = columnar.Spans, room(a.worker, &a.spans, n)
		for _, p := range live(parts) {
			scatter(a.out.Spans, p.v.Spans, p)
		}
	case types.ClassUUID:
		a.out.Layout, a.out.UUID = columnar.Bytes16, room(a.worker, &a.uuids, n)
		for _, p := range live(parts) {
			scatter(a.out.UUID, p.v.UUID, p)
		}
	default:
		a.fillTexts(n, parts)
	}
	return &a.out
}

// retype gives v under the result's type, which may differ from the arm's in length or precision.
func (a *assembler) retype(v *columnar.Vector) *columnar.Vector {
	if v.Type == a.typ {
		return v
	}
	if isNullConst(v) {
		n := v.Len
		setConst(&a.out, types.Null(a.typ))
		a.out.Len = n
		return &a.out
	}
	a.out = *v
	a.out.Type = a.typ
	return &a.out
}

// live are the parts with values: NULL constants have only their type's default carrier.
func live(parts []part) []part {
	out := parts[:0:0]
	for _, p := range parts {
		if !isNullConst(p.v) && len(p.rows) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// fillValid marks the rows that have a value, unless all that are asked for do.
func (a *assembler) fillValid(n, asked int, parts []part) {
	valid := room(a.worker, &a.valid, kernel.Words(n))
	clear(valid)
	covered, nulls := 0, false
	for _, p := range live(parts) {
		covered += len(p.rows)
		from := validOf(p.v)
		if from == nil {
			kernel.SetBits(valid, p.rows)
			continue
		}
		nulls = true
		for _, i := range p.rows {
			valid[i>>6] |= from[i>>6] & (1 << (i & 63))
		}
	}
	if nulls || covered < asked {
		a.out.Valid = valid
	}
}

func (a *assembler) fillNumbers(n int, parts []part) {
	used := live(parts)
	for _, p := range used {
		if p.v.Layout == columnar.I128 {
			a.fillWide(n, used)
			return
		}
	}
	if a.typ.Kind == types.Boolean {
		valid := a.out.Valid
		a.out = boolVector(room(a.worker, &a.bools, n))
		a.out.Valid = valid
		clear(a.out.U8)
		for _, p := range used {
			for _, i := range p.rows {
				a.out.U8[i] = uint8(p.v.Int(int(i)))
			}
		}
		return
	}
	out := room(a.worker, &a.ints, n)
	a.out.Layout, a.out.I64 = columnar.I64, out
	if a.out.Valid != nil { // a NULL's slot must keep the bounds as well
		clear(out)
	}
	a.out.Bounded, a.out.Lo, a.out.Hi = bounds(used, a.out.Valid != nil)
	for _, p := range used {
		scatterInts(out, p)
	}
}

// bounds is the union of the parts' bounds, and 0 for the slots of rows without a value.
func bounds(parts []part, zero bool) (bounded bool, lo, hi int64) {
	first := !zero
	for _, p := range parts {
		l, h, _ := kernel.Bounds(p.v)
		if first {
			lo, hi, first = l, h, false
		}
		lo, hi = min(lo, l), max(hi, h)
	}
	return true, lo, hi
}

func (a *assembler) fillWide(n int, parts []part) {
	out := room(a.worker, &a.wide, n)
	a.out.Layout, a.out.I128 = columnar.I128, out
	for _, p := range parts {
		if p.v.Layout == columnar.I128 {
			scatter(out, p.v.I128, p)
			continue
		}
		for _, i := range p.rows {
			out[i] = types.FromInt64(p.v.Int(int(i)))
		}
	}
}

func scatterInts(out []int64, p part) {
	switch {
	case p.v.Enc == columnar.Const:
		x := p.v.Int(0)
		for _, i := range p.rows {
			out[i] = x
		}
	case p.v.Layout == columnar.U8:
		widenAt(out, p.v.U8, p.v.Base, p.rows)
	case p.v.Layout == columnar.U16:
		widenAt(out, p.v.U16, p.v.Base, p.rows)
	case p.v.Layout == columnar.U32:
		widenAt(out, p.v.U32, p.v.Base, p.rows)
	default:
		widenAt(out, p.v.I64, 0, p.rows)
	}
}

func widenAt[T kernel.Integer](out []int64, vals []T, base int64, rows []uint32) {
	for _, i := range rows {
		out[i] = int64(vals[i]) + base
	}
}

func scatterFloats(out []float64, p part) {
	if p.v.Layout == columnar.F64 {
		scatter(out, p.v.F64, p)
		return
	}
	step := 1
	if p.v.Enc == columnar.Const {
		step = 0
	}
	for _, i := range p.rows {
		out[i] = float64(p.v.F32[int(i)*step])
	}
}

// scatter copies the rows of p to their places.
func scatter[T any](out, vals []T, p part) {
	if p.v.Enc == columnar.Const {
		x := vals[0]
		for _, i := range p.rows {
			out[i] = x
		}
		return
	}
	for _, i := range p.rows {
		out[i] = vals[i]
	}
}

// fillTexts copies bytes in row order, or codes.
func (a *assembler) fillTexts(n int, parts []part) {
	used := live(parts)
	if a.dict != nil {
		codes := room(a.worker, &a.codes, n)
		clear(codes)
		for _, p := range used {
			mark(codes, p.rows, a.codeOf[p.arm])
		}
		a.out.Enc, a.out.Layout, a.out.Dict, a.out.U8 = columnar.Dict, columnar.U8, a.dict, codes
		return
	}
	source := room(a.worker, &a.source, n)
	clear(source)
	for k, p := range used {
		for _, i := range p.rows {
			source[i] = uint16(k + 1)
		}
	}
	bytes, ends := a.bytes[:0], append(a.ends[:0], 0)
	for i, from := range source {
		if from > 0 && !nullAt(used[from-1].v, uint32(i)) {
			bytes = append(bytes, function.TextAt(used[from-1].v, i)...)
		}
		ends = append(ends, uint32(len(bytes)))
	}
	a.bytes, a.ends = bytes, ends
	a.out.Layout, a.out.Bytes, a.out.Offsets = columnar.Str, bytes, ends
}

// constantTexts prepares the dictionary of a result whose arms are all text constants or NULL.
func (a *assembler) constantTexts(arms []plan.Expr) {
	if a.typ.Class() != types.ClassBytes {
		return
	}
	var texts []string
	for _, e := range arms {
		v, ok := constOf(e)
		if !ok {
			return
		}
		if !v.Null {
			texts = append(texts, unpadded(v))
		}
	}
	slices.Sort(texts)
	texts = slices.Compact(texts)
	if len(texts) > 256 {
		return
	}
	a.dict = newDictionary(a.typ, texts)
	a.codeOf = make([]uint8, len(arms))
	for i, e := range arms {
		v, _ := constOf(e)
		code, _ := slices.BinarySearch(texts, unpadded(v))
		a.codeOf[i] = uint8(code)
	}
}

// newDictionary makes a dictionary of sorted distinct texts.
func newDictionary(t types.Type, texts []string) *columnar.Dictionary {
	values := &columnar.Vector{Type: t, Layout: columnar.Str, Len: len(texts), Offsets: []uint32{0}, Shared: true}
	for _, s := range texts {
		values.Bytes = append(values.Bytes, s...)
		values.Offsets = append(values.Offsets, uint32(len(values.Bytes)))
	}
	return &columnar.Dictionary{Values: values, Sorted: true}
}
