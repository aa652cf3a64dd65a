// Package columnar is the unit of execution: vectors, batches, selections and streams of batches.
//
// C1: physical width belongs to the vector, never to the type. Every ClassInt and ClassDecimal
// value is Base plus an unsigned 8-, 16- or 32-bit number, or a plain int64; decimals that need it
// are 128 bits. Two vectors of one column may differ in layout.
// C2: a vector whose Valid is nil has no NULLs. What stands in a NULL's slot is unspecified, but
// readable and inside Lo..Hi when Bounded.
// C3: a batch is lent: it and its vectors may be reused as soon as the receiver asks for the next
// one. Who keeps data copies it, except vectors that a table chunk owns (Shared), which never change.
package columnar

import (
	"github.com/oxidb/oxidb/types"
)

// BatchSize is the number of rows that a full batch holds.
const BatchSize = 4096

// Encoding says how a vector's values are reached.
type Encoding uint8

const (
	// Flat vectors hold one value a row.
	Flat Encoding = iota
	// Dict vectors hold one code a row, in layout U8, U16 or U32, into Dict.
	Dict
	// Const vectors hold one value, at index 0, that stands for all Len rows.
	Const
)

// Layout says which slice of a vector holds its values (or, for Dict, its codes).
type Layout uint8

const (
	U8      Layout = iota // Vector.U8, plus Base
	U16                   // Vector.U16, plus Base
	U32                   // Vector.U32, plus Base
	I64                   // Vector.I64; Base is 0
	I128                  // Vector.I128: numeric only
	F32                   // Vector.F32: stored real columns; expressions deliver F64
	F64                   // Vector.F64
	Str                   // Vector.Offsets and Vector.Bytes
	Spans                 // Vector.Spans
	Bytes16               // Vector.UUID
)

// Vector is a column's values for the rows of one batch or chunk.
type Vector struct {
	Type   types.Type
	Enc    Encoding
	Layout Layout
	Len    int

	// Valid has bit i%64 of word i/64 set when row i is not NULL; nil means no NULLs.
	// A Const vector uses bit 0 only.
	Valid []uint64

	// Base is added to U8, U16 and U32 values of a Flat or Const vector; a Dict's codes have none.
	Base int64
	// Bounded promises Lo <= value <= Hi for every row of an integer layout.
	Bounded bool
	Lo, Hi  int64

	U8      []uint8
	U16     []uint16
	U32     []uint32
	I64     []int64
	I128    []types.Int128
	F32     []float32
	F64     []float64
	Spans   []types.Span
	UUID    [][16]byte
	Offsets []uint32 // Len+1 offsets into Bytes, ascending; the first need not be 0
	Bytes   []byte

	Dict *Dictionary

	// Shared marks memory that outlives the batch: chunk columns and dictionaries.
	Shared bool
}

// Dictionary is the distinct values of a Dict vector. Codes are unique: equal values have equal
// codes. It is immutable and compared by pointer.
type Dictionary struct {
	// Values is Flat, without NULLs, Shared.
	Values *Vector
	// Sorted says that code order is value order (bytewise).
	Sorted bool
}

// IsNull reports whether row i is NULL. It is for tests and edges, not for loops over rows.
func (v *Vector) IsNull(i int) bool {
	if v.Enc == Const {
		i = 0
	}
	return v.Valid != nil && v.Valid[i>>6]>>(i&63)&1 == 0
}

// Slice gives rows [from, to) as a view on the same memory, in dst, which is overwritten. from must
// be a multiple of 64 when the vector has NULLs.
func (v *Vector) Slice(from, to int, dst *Vector) {
	*dst = *v
	dst.Len = to - from
	if v.Enc == Const {
		return
	}
	if v.Valid != nil {
		dst.Valid = v.Valid[from>>6 : (to+63)>>6]
	}
	switch v.Layout {
	case U8:
		dst.U8 = v.U8[from:to:to]
	case U16:
		dst.U16 = v.U16[from:to:to]
	case U32:
		dst.U32 = v.U32[from:to:to]
	case I64:
		dst.I64 = v.I64[from:to:to]
	case I128:
		dst.I128 = v.I128[from:to:to]
	case F32:
		dst.F32 = v.F32[from:to:to]
	case F64:
		dst.F64 = v.F64[from:to:to]
	case Str:
		dst.Offsets = v.Offsets[from : to+1 : to+1]
	case Spans:
		dst.Spans = v.Spans[from:to:to]
	case Bytes16:
		dst.UUID = v.UUID[from:to:to]
	}
}

// Row gives the string at row i of a Flat Str vector, borrowed from its bytes.
func (v *Vector) Row(i int) []byte { return v.Bytes[v.Offsets[i]:v.Offsets[i+1]:v.Offsets[i+1]] }

// Code gives the dictionary code of row i; for edges, not for loops over rows.
func (v *Vector) Code(i int) uint32 {
	switch v.Layout {
	case U8:
		return uint32(v.U8[i])
	case U16:
		return uint32(v.U16[i])
	}
	return v.U32[i]
}

// Int gives row i of an integer layout; for edges, not for loops over rows.
func (v *Vector) Int(i int) int64 {
	if v.Enc == Const {
		i = 0
	}
	switch v.Layout {
	case U8:
		return v.Base + int64(v.U8[i])
	case U16:
		return v.Base + int64(v.U16[i])
	case U32:
		return v.Base + int64(v.U32[i])
	}
	return v.I64[i]
}

// Value gives row i as a single value; for tests and edges, not for loops over rows.
func (v *Vector) Value(i int) types.Value {
	if v.IsNull(i) {
		return types.Null(v.Type)
	}
	if v.Enc == Const {
		i = 0
	}
	if v.Enc == Dict {
		return types.Str(v.Type, string(v.Dict.Values.Row(int(v.Code(i)))))
	}
	switch v.Layout {
	case I128:
		return types.Decimal(v.Type, v.I128[i])
	case F32:
		return types.Float(v.Type, float64(v.F32[i]))
	case F64:
		return types.Float(v.Type, v.F64[i])
	case Str:
		return types.Str(v.Type, string(v.Row(i)))
	case Spans:
		return types.Value{Type: v.Type, Span: v.Spans[i]}
	case Bytes16:
		return types.Str(v.Type, string(v.UUID[i][:]))
	}
	return types.Int(v.Type, v.Int(i))
}
