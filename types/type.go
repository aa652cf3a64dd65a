// Package types holds SQL's types as OxiDB sees them: the logical type of a column or expression,
// single values of it, the coercion lattice and the mapping to Arrow.
//
// A Type says what a value means, never how a chunk stores it: physical width belongs to
// columnar.Vector.
package types

import (
	"fmt"
	"strings"
)

// Kind names a family of SQL types.
type Kind uint8

const (
	// Unknown is the type of NULL and of a string literal that nothing has coerced yet.
	Unknown Kind = iota
	Boolean
	SmallInt
	Integer
	BigInt
	Real
	Double
	Numeric
	Text
	Varchar
	Char
	Bytea
	Date        // days since 1970-01-01
	Time        // microseconds since midnight
	Timestamp   // microseconds since 1970-01-01 00:00:00
	TimestampTZ // microseconds since 1970-01-01 00:00:00 UTC
	Interval
	UUID
	JSON
	JSONB
	kinds
)

// Type is a SQL type. Types are comparable with ==.
type Type struct {
	Kind Kind
	// Precision and Scale are numeric's: digits in all and behind the point. Every numeric type
	// has both; an unconstrained numeric column is numeric(38, DefaultScale).
	Precision, Scale uint8
	// Length is the limit of varchar(n) and char(n) in characters; 0 means none.
	Length int32
}

// MaxPrecision is the largest number of decimal digits, MaxInt64Precision the largest that always
// fits int64. DefaultScale is the least scale of a quotient, of avg and of unconstrained numeric.
const (
	MaxPrecision      = 38
	MaxInt64Precision = 18
	DefaultScale      = 16
)

// Shorthands for the types without parameters.
var (
	TUnknown     = Type{Kind: Unknown}
	TBoolean     = Type{Kind: Boolean}
	TSmallInt    = Type{Kind: SmallInt}
	TInteger     = Type{Kind: Integer}
	TBigInt      = Type{Kind: BigInt}
	TReal        = Type{Kind: Real}
	TDouble      = Type{Kind: Double}
	TText        = Type{Kind: Text}
	TBytea       = Type{Kind: Bytea}
	TDate        = Type{Kind: Date}
	TTime        = Type{Kind: Time}
	TTimestamp   = Type{Kind: Timestamp}
	TTimestampTZ = Type{Kind: TimestampTZ}
	TInterval    = Type{Kind: Interval}
	TUUID        = Type{Kind: UUID}
	TJSON        = Type{Kind: JSON}
	TJSONB       = Type{Kind: JSONB}
)

// TNumeric is numeric(precision, scale).
func TNumeric(precision, scale int) Type {
	return Type{Kind: Numeric, Precision: uint8(min(precision, MaxPrecision)), Scale: uint8(min(scale, MaxPrecision))}
}

// names are PostgreSQL's, as format_type prints them.
var names = [kinds]string{
	"unknown", "boolean", "smallint", "integer", "bigint", "real", "double precision", "numeric", "text",
	"character varying", "character", "bytea", "date", "time without time zone", "timestamp without time zone",
	"timestamp with time zone", "interval", "uuid", "json", "jsonb",
}

func (k Kind) String() string { return names[k] }

// String is the type as PostgreSQL's format_type writes it.
func (t Type) String() string {
	switch {
	case t.Kind == Numeric:
		return fmt.Sprintf("numeric(%d,%d)", t.Precision, t.Scale)
	case t.Length > 0:
		return fmt.Sprintf("%s(%d)", names[t.Kind], t.Length)
	}
	return names[t.Kind]
}

// aliases maps every accepted type name to its kind; multi-word names have single spaces.
var aliases = map[string]Kind{
	"bool": Boolean, "boolean": Boolean,
	"int2": SmallInt, "smallint": SmallInt, "tinyint": SmallInt,
	"int": Integer, "int4": Integer, "integer": Integer, "mediumint": Integer,
	"int8": BigInt, "bigint": BigInt,
	"float4": Real, "real": Real,
	"float8": Double, "double precision": Double, "float": Double, "double": Double,
	"numeric": Numeric, "decimal": Numeric, "dec": Numeric,
	"text": Text, "string": Text, "name": Text,
	"varchar": Varchar, "character varying": Varchar, "char varying": Varchar,
	"char": Char, "character": Char, "bpchar": Char,
	"bytea": Bytea, "blob": Bytea,
	"date": Date,
	"time": Time, "time without time zone": Time,
	"timestamp": Timestamp, "timestamp without time zone": Timestamp, "datetime": Timestamp,
	"timestamptz": TimestampTZ, "timestamp with time zone": TimestampTZ,
	"interval": Interval, "uuid": UUID, "json": JSON, "jsonb": JSONB,
}

// Lookup finds a kind by any of its SQL names, in lower case.
func Lookup(name string) (Kind, bool) {
	k, ok := aliases[strings.TrimPrefix(name, "pg_catalog.")]
	return k, ok
}

// IsInteger reports smallint, integer and bigint.
func (t Type) IsInteger() bool { return t.Kind >= SmallInt && t.Kind <= BigInt }

// IsFloat reports real and double precision.
func (t Type) IsFloat() bool { return t.Kind == Real || t.Kind == Double }

// IsNumber reports the integers, the floats and numeric.
func (t Type) IsNumber() bool { return t.Kind >= SmallInt && t.Kind <= Numeric }

// IsText reports text, varchar and char.
func (t Type) IsText() bool { return t.Kind >= Text && t.Kind <= Char }

// IsDatetime reports date, time and the timestamps.
func (t Type) IsDatetime() bool { return t.Kind >= Date && t.Kind <= TimestampTZ }

// Class is how kernels see a type: which carrier its values have.
type Class uint8

const (
	// ClassInt values are int64: booleans (0, 1), integers, dates, times, timestamps.
	ClassInt Class = iota
	// ClassDecimal values are scaled integers of up to 128 bits; vectors hold them as narrow or
	// plain int64 whenever the values at hand fit.
	ClassDecimal
	// ClassFloat values are float64; real is kept rounded to float32.
	ClassFloat
	// ClassBytes values are byte strings: text, bytea, json.
	ClassBytes
	// ClassInterval values are months, days and microseconds.
	ClassInterval
	// ClassUUID values are 16 bytes.
	ClassUUID
)

// Class gives the carrier of t's values. Unknown counts as text.
func (t Type) Class() Class {
	switch t.Kind {
	case Numeric:
		return ClassDecimal
	case Real, Double:
		return ClassFloat
	case Unknown, Text, Varchar, Char, Bytea, JSON, JSONB:
		return ClassBytes
	case Interval:
		return ClassInterval
	case UUID:
		return ClassUUID
	}
	return ClassInt
}

// Bounds gives the least and greatest int64 carrier value that t admits; for numeric those of its
// precision, saturated to int64.
func (t Type) Bounds() (lo, hi int64) {
	switch t.Kind {
	case Boolean:
		return 0, 1
	case SmallInt:
		return -1 << 15, 1<<15 - 1
	case Integer, Date:
		return -1 << 31, 1<<31 - 1
	case Time:
		return 0, 86_400_000_000
	case Numeric:
		if t.Precision <= MaxInt64Precision {
			hi = PowersOfTen[t.Precision] - 1
			return -hi, hi
		}
	}
	return -1 << 63, 1<<63 - 1
}

// PowersOfTen holds 10^0 … 10^18.
var PowersOfTen = [19]int64{
	1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
	100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000,
	10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000,
}
