package buffer

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/rowkey"
	"github.com/oxidb/oxidb/sqlerr"
)

// appendStrings copies strings: as codes as long as all vectors are dictionaries (which are merged),
// else as bytes.
func (c *Column) appendStrings(v *columnar.Vector, sel []uint32, n int) {
	if c.v.Enc == columnar.Dict {
		if v.Enc == columnar.Dict && (v.Dict == c.v.Dict && c.set == nil || !c.plain) {
			c.appendCodes(v, sel, n)
			return
		}
		c.flatten()
	}
	old := len(c.v.Offsets)
	c.v.Offsets = mem.Extend(c.arena, c.v.Offsets, n)
	ends := c.v.Offsets[old:]
	switch {
	case v.Enc == columnar.Dict:
		c.appendValues(ends, v, sel)
	case v.Enc == columnar.Const:
		row := v.Row(0)
		c.reserve(n * len(row))
		for j := range ends {
			c.v.Bytes = append(c.v.Bytes, row...)
			ends[j] = uint32(len(c.v.Bytes))
		}
	case sel == nil:
		from, shift := v.Offsets[0], uint32(len(c.v.Bytes))-v.Offsets[0]
		c.reserve(int(v.Offsets[n] - from))
		c.v.Bytes = append(c.v.Bytes, v.Bytes[from:v.Offsets[n]]...)
		for j := range ends {
			ends[j] = v.Offsets[j+1] + shift
		}
	default:
		for j, i := range sel {
			row := v.Bytes[v.Offsets[i]:v.Offsets[i+1]]
			c.reserve(len(row))
			c.v.Bytes = append(c.v.Bytes, row...)
			ends[j] = uint32(len(c.v.Bytes))
		}
	}
}

// reserve makes room for more bytes. Offsets are 32 bits.
func (c *Column) reserve(more int) {
	if len(c.v.Bytes)+more > 1<<32-1 {
		panic(sqlerr.New(sqlerr.ProgramLimitExceeded, "one text column of an intermediate result takes more than 4 GiB"))
	}
	c.v.Bytes = mem.Grow(c.arena, c.v.Bytes, len(c.v.Bytes)+more)
}

// appendValues copies a dictionary vector's strings themselves.
func (c *Column) appendValues(ends []uint32, v *columnar.Vector, sel []uint32) {
	for j := range ends {
		i := j
		if sel != nil {
			i = int(sel[j])
		}
		if !v.IsNull(i) {
			row := v.Dict.Values.Row(int(v.Code(i)))
			c.reserve(len(row))
			c.v.Bytes = append(c.v.Bytes, row...)
		}
		ends[j] = uint32(len(c.v.Bytes))
	}
}

// flatten turns codes into bytes.
func (c *Column) flatten() {
	old := *c.Vector()
	c.set, c.v.Dict = nil, nil
	c.v.Enc, c.v.Layout = columnar.Flat, columnar.Str
	c.v.U8, c.v.U16, c.v.U32 = nil, nil, nil
	c.v.Offsets = mem.Append(c.arena, c.v.Offsets[:0], 0)
	c.v.Offsets = mem.Extend(c.arena, c.v.Offsets, old.Len)
	c.appendValues(c.v.Offsets[1:], &old, nil)
}

// appendCodes copies codes, translating them once a second dictionary has come.
func (c *Column) appendCodes(v *columnar.Vector, sel []uint32, n int) {
	if c.set == nil && v.Dict == c.v.Dict {
		if v.Layout > c.v.Layout {
			c.widenCodes(v.Layout)
		}
		c.copyCodes(v, sel, n)
		return
	}
	if c.set == nil {
		c.merge()
	}
	table := c.set.Translate(v.Dict)
	old := len(c.v.U32)
	c.v.U32 = mem.Extend(c.arena, c.v.U32, n)
	out := c.v.U32[old:]
	switch v.Layout {
	case columnar.U8:
		translate(out, v.U8, table, sel, v.Valid)
	case columnar.U16:
		translate(out, v.U16, table, sel, v.Valid)
	default:
		translate(out, v.U32, table, sel, v.Valid)
	}
}

// translate maps codes; a NULL's code is unspecified and becomes 0.
func translate[S uint8 | uint16 | uint32](out []uint32, src []S, table []uint32, sel []uint32, valid []uint64) {
	switch {
	case valid != nil:
		for j := range out {
			i := uint32(j)
			if sel != nil {
				i = sel[j]
			}
			out[j] = 0
			if valid[i>>6]>>(i&63)&1 != 0 {
				out[j] = table[src[i]]
			}
		}
	case sel == nil:
		src = src[:len(out)]
		for j := range out {
			out[j] = table[src[j]]
		}
	default:
		out = out[:len(sel)]
		for j, i := range sel {
			out[j] = table[src[i]]
		}
	}
}

// merge starts a merged dictionary with the codes so far.
func (c *Column) merge() {
	old := c.v
	c.set = rowkey.NewInterner(c.arena)
	table := c.set.Translate(old.Dict)
	c.v.U8, c.v.U16, c.v.U32, c.v.Layout = nil, nil, mem.Extend(c.arena, []uint32(nil), old.Len), columnar.U32
	switch old.Layout {
	case columnar.U8:
		translate(c.v.U32, old.U8, table, nil, old.Valid)
	case columnar.U16:
		translate(c.v.U32, old.U16, table, nil, old.Valid)
	default:
		translate(c.v.U32, old.U32, table, nil, old.Valid)
	}
}

func (c *Column) widenCodes(to columnar.Layout) {
	old := c.v
	old.Enc, old.Base = columnar.Flat, 0
	c.v.Layout, c.v.U8, c.v.U16, c.v.U32 = to, nil, nil, nil
	c.copyCodes(&old, nil, old.Len)
}

func (c *Column) copyCodes(v *columnar.Vector, sel []uint32, n int) {
	from := *v
	from.Enc, from.Base = columnar.Flat, 0
	switch c.v.Layout {
	case columnar.U8:
		c.v.U8 = appendInts(c.arena, c.v.U8, &from, 0, sel, n)
	case columnar.U16:
		c.v.U16 = appendInts(c.arena, c.v.U16, &from, 0, sel, n)
	default:
		c.v.U32 = appendInts(c.arena, c.v.U32, &from, 0, sel, n)
	}
}

// internRows is the number of rows up to which text is worth turning into codes: what is gathered
// from a small table is gathered often.
const internRows = columnar.BatchSize

// InternText gives the text columns of a small table a dictionary each, so that gathers move codes.
func (t *Table) InternText(arena *mem.Arena) {
	if t.Rows > internRows {
		return
	}
	for i := range t.cols {
		c := &t.cols[i]
		if t.Rows == 0 || c.v.Enc != columnar.Flat || c.v.Layout != columnar.Str {
			continue
		}
		set := rowkey.NewInterner(arena)
		codes := mem.Alloc[uint16](arena, t.Rows, true)
		for r := range codes {
			if !c.v.IsNull(r) {
				codes[r] = uint16(set.Add(c.v.Row(r)))
			}
		}
		if set.Len() == 0 {
			continue
		}
		c.v.Enc, c.v.Layout, c.v.U16, c.v.Dict = columnar.Dict, columnar.U16, codes, set.Dictionary(c.v.Type)
		c.v.Offsets, c.v.Bytes = nil, nil
	}
}
