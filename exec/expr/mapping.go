package expr

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
	"github.com/oxidb/oxidb/types"
)

// mapping is a function's results for the values of one dictionary.
type mapping struct {
	dict *columnar.Dictionary
	// failed: a value raises an error, perhaps one that no selected row has; rows are computed singly.
	failed bool
	result columnar.Vector // by code
	// Text results: target holds the distinct ones, codes the new code of each old one; nil when they
	// are the same.
	target *columnar.Dictionary
	codes  []uint32
	nulls  nullBits
	own    buffers // result's memory
	u8     []uint8
	u16    []uint16
	u32    []uint32
}

// expectedBatches is how many batches of a chunk will probably share a dictionary.
const expectedBatches = 30

// overDictionary computes the function by dictionary value and gives rows their results by code; nil
// when that would not pay or a value fails.
func (f *call) overDictionary(b *columnar.Batch, at int) *columnar.Vector {
	v, m := f.vectors[at], &f.mapped
	if m.dict != v.Dict {
		if v.Dict.Values.Len > expectedBatches*b.Rows() {
			return nil
		}
		f.mapDictionary(at)
	}
	if m.failed || v.Dict.Values.Len == 0 {
		return nil
	}
	rows := rowsIn(f.worker, b, v.Valid, &f.rows)
	if f.typ.Class() == types.ClassBytes {
		f.out = *v
		f.out.Type, f.out.Dict, f.out.Shared = f.typ, m.target, false
		if m.codes != nil {
			m.recode(f, v, rows)
		}
	} else {
		f.prepare(b.Len)
		f.gatherCodes(&m.result, v, rows)
		f.out.Valid = v.Valid
	}
	if m.result.Valid != nil {
		f.out.Valid = m.rowValidity(f, v, b.Len, rows)
	}
	return &f.out
}

// mapDictionary computes the function on all values of a dictionary.
func (f *call) mapDictionary(at int) {
	m := &f.mapped
	v := f.vectors[at]
	*m = mapping{dict: v.Dict, u8: m.u8, u16: m.u16, u32: m.u32, nulls: m.nulls, own: m.own}
	values := v.Dict.Values
	args := append(f.vectors[:0:0], f.vectors...)
	for i, a := range args {
		if i == at {
			args[i] = values
			continue
		}
		constant := *a
		constant.Len = values.Len
		args[i] = &constant
	}
	f.buffers, m.own = m.own, f.buffers
	f.prepare(values.Len)
	err := f.run(args, values.Len, nil)
	m.result = f.out
	f.buffers, m.own = m.own, f.buffers
	m.failed = err != nil
	if !m.failed && f.typ.Class() == types.ClassBytes {
		m.distinct(f.typ)
	}
}

// distinct makes the dictionary of the results: codes must be unique.
func (m *mapping) distinct(t types.Type) {
	n := m.result.Len
	values := &columnar.Vector{Type: t, Layout: columnar.Str, Offsets: []uint32{0}, Shared: true}
	codes := make([]uint32, max(n, 1))
	known := make(map[string]uint32, n)
	sorted, last := true, ""
	for i := range n {
		if m.result.IsNull(i) {
			continue
		}
		s := string(m.result.Row(i))
		code, ok := known[s]
		if !ok {
			code = uint32(values.Len)
			known[s] = code
			values.Bytes = append(values.Bytes, s...)
			values.Offsets = append(values.Offsets, uint32(len(values.Bytes)))
			values.Len++
			sorted = sorted && (code == 0 || last < s)
			last = s
		}
		codes[i] = code
	}
	m.target = &columnar.Dictionary{Values: values, Sorted: sorted}
	if values.Len < n {
		m.codes = codes
	}
}

// recode gives the rows the codes of the new dictionary.
func (m *mapping) recode(f *call, v *columnar.Vector, rows []uint32) {
	switch n := v.Len; v.Layout {
	case columnar.U8:
		f.out.U8 = room(f.worker, &m.u8, n)
		recode(f.out.U8, v.U8[:n], m.codes, rows)
	case columnar.U16:
		f.out.U16 = room(f.worker, &m.u16, n)
		recode(f.out.U16, v.U16[:n], m.codes, rows)
	default:
		f.out.U32 = room(f.worker, &m.u32, n)
		recode(f.out.U32, v.U32[:n], m.codes, rows)
	}
}

func recode[C uint8 | uint16 | uint32](out, codes []C, table []uint32, rows []uint32) {
	if rows == nil {
		out = out[:len(codes)]
		for i, c := range codes {
			out[i] = C(table[c])
		}
		return
	}
	clear(out) // the codes of NULL rows must exist
	for _, i := range rows {
		out[i] = C(table[codes[i]])
	}
}

// rowValidity marks the rows whose value the function maps to NULL.
func (m *mapping) rowValidity(f *call, v *columnar.Vector, n int, rows []uint32) []uint64 {
	valid := room(f.worker, &m.nulls.words, kernel.Words(n))
	clear(valid)
	mark := func(i int) {
		code := v.Code(i)
		valid[i>>6] |= (m.result.Valid[code>>6] >> (code & 63) & 1) << (i & 63)
	}
	if rows == nil {
		for i := range n {
			mark(i)
		}
		return valid
	}
	for _, i := range rows {
		mark(int(i))
	}
	return valid
}

// gatherCodes fills the result, prepared for its class, by the codes of v.
func (f *call) gatherCodes(result, v *columnar.Vector, rows []uint32) {
	out := &f.out
	out.Layout = result.Layout
	switch result.Layout {
	case columnar.U8: // only booleans
		out.U8 = room(f.worker, &f.buffers.bools, v.Len)
		clear(out.U8)
		byCode(out.U8, result.U8, v, rows)
		out.Bounded, out.Lo, out.Hi = true, 0, 1
	case columnar.I64:
		byCode(out.I64, result.I64, v, rows)
	case columnar.I128:
		byCode(out.I128, result.I128, v, rows)
	case columnar.F64:
		byCode(out.F64, result.F64, v, rows)
	case columnar.Spans:
		byCode(out.Spans, result.Spans, v, rows)
	case columnar.Bytes16:
		byCode(out.UUID, result.UUID, v, rows)
	}
}

func byCode[T any](out, vals []T, v *columnar.Vector, rows []uint32) {
	switch n := v.Len; v.Layout {
	case columnar.U8:
		gather(out, vals, v.U8[:n], rows)
	case columnar.U16:
		gather(out, vals, v.U16[:n], rows)
	default:
		gather(out, vals, v.U32[:n], rows)
	}
}

func gather[T any, C uint8 | uint16 | uint32](out, vals []T, codes []C, rows []uint32) {
	if rows == nil {
		out = out[:len(codes)]
		for i, c := range codes {
			out[i] = vals[c]
		}
		return
	}
	for _, i := range rows {
		out[i] = vals[codes[i]]
	}
}
