package types

import (
	"cmp"
	"strings"
)

// Int128 is a two's complement 128-bit integer: the carrier of numeric beyond 18 digits. Its
// layout is Arrow's Decimal128 on little-endian machines.
type Int128 struct {
	Lo uint64
	Hi int64
}

// FromInt64 widens v.
func FromInt64(v int64) Int128 { return Int128{Lo: uint64(v), Hi: v >> 63} }

// Int64 narrows x; ok is false when it does not fit.
func (x Int128) Int64() (v int64, ok bool) { return int64(x.Lo), x.Hi == int64(x.Lo)>>63 }

// Span is an interval's value in PostgreSQL's three parts, which do not convert into each other.
type Span struct {
	Months, Days int32
	Micros       int64
}

// Value is one SQL value: a constant, a parameter, a bound of a zone map. It is never used per row.
type Value struct {
	Type Type
	Null bool
	I    int64   // ClassInt; ClassDecimal when Wide is false
	Wide bool    // ClassDecimal: the value stands in D
	D    Int128  // ClassDecimal when Wide is true
	F    float64 // ClassFloat
	S    string  // ClassBytes; ClassUUID as its 16 bytes
	Span Span    // ClassInterval
}

// Null is the NULL of type t.
func Null(t Type) Value { return Value{Type: t, Null: true} }

// Int is a ClassInt value.
func Int(t Type, v int64) Value { return Value{Type: t, I: v} }

// Bool is a boolean value.
func Bool(b bool) Value {
	v := Value{Type: TBoolean}
	if b {
		v.I = 1
	}
	return v
}

// Float is a double precision or real value.
func Float(t Type, f float64) Value { return Value{Type: t, F: f} }

// Str is a ClassBytes value.
func Str(t Type, s string) Value { return Value{Type: t, S: s} }

// Decimal is a numeric value given as its unscaled integer; it is kept narrow when it fits int64.
func Decimal(t Type, d Int128) Value {
	if v, ok := d.Int64(); ok {
		return Value{Type: t, I: v}
	}
	return Value{Type: t, Wide: true, D: d}
}

// Unscaled gives a numeric value's unscaled integer.
func (v Value) Unscaled() Int128 {
	if v.Wide {
		return v.D
	}
	return FromInt64(v.I)
}

// Order compares two values that are kept alike: integers of any width, others of one type and scale, and
// bytes. ok is false for NULL, NaN and values that are not comparable without a cast.
func Order(a, b Value) (order int, ok bool) {
	if a.Null || b.Null || a.Type.Class() != b.Type.Class() {
		return 0, false
	}
	switch a.Type.Class() {
	case ClassInt:
		return cmp.Compare(a.I, b.I), a.Type.Kind == b.Type.Kind || a.Type.IsInteger() && b.Type.IsInteger()
	case ClassDecimal:
		return a.Unscaled().Cmp(b.Unscaled()), a.Type.Scale == b.Type.Scale
	case ClassFloat:
		return cmp.Compare(a.F, b.F), a.F == a.F && b.F == b.F
	case ClassBytes:
		return strings.Compare(a.S, b.S), true
	}
	return 0, false
}
