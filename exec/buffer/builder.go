package buffer

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/types"
)

// Builder makes a flat vector of single values; for edges, where rows are few.
type Builder struct {
	arena *mem.Arena
	v     columnar.Vector
}

// NewBuilder makes an empty builder.
func NewBuilder(arena *mem.Arena, t types.Type) *Builder {
	b := &Builder{arena: arena, v: columnar.Vector{Type: t, Layout: emptyLayout(t)}}
	if t.Class() == types.ClassDecimal && t.Precision > types.MaxInt64Precision {
		b.v.Layout = columnar.I128
	}
	if b.v.Layout == columnar.Str {
		b.v.Offsets = mem.Append(arena, b.v.Offsets, 0)
	}
	return b
}

// Add appends a value of the builder's type, or NULL.
func (b *Builder) Add(x types.Value) {
	v := &b.v
	switch v.Layout {
	case columnar.U8:
		v.U8 = mem.Append(b.arena, v.U8, uint8(x.I))
	case columnar.I128:
		v.I128 = mem.Append(b.arena, v.I128, x.Unscaled())
	case columnar.F64:
		v.F64 = mem.Append(b.arena, v.F64, x.F)
	case columnar.Spans:
		v.Spans = mem.Append(b.arena, v.Spans, x.Span)
	case columnar.Bytes16:
		var u [16]byte
		copy(u[:], x.S)
		v.UUID = mem.Append(b.arena, v.UUID, u)
	case columnar.Str:
		v.Bytes = mem.Append(b.arena, v.Bytes, []byte(x.S)...)
		v.Offsets = mem.Append(b.arena, v.Offsets, uint32(len(v.Bytes)))
	default:
		v.I64 = mem.Append(b.arena, v.I64, x.I)
	}
	c := Column{arena: b.arena, v: *v}
	if x.Null {
		c.appendValid(&columnar.Vector{Enc: columnar.Const, Valid: []uint64{0}}, nil, 1)
	} else {
		c.appendValid(&columnar.Vector{}, nil, 1)
	}
	v.Valid = c.v.Valid
	v.Len++
}

// Vector is what was added so far.
func (b *Builder) Vector() *columnar.Vector { return &b.v }
