package types

import (
	"encoding/hex"
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/oxidb/oxidb/sqlerr"
)

// Parse reads a value of type t from PostgreSQL's text form: 22P02 or 22007 when s is not one, 22003
// or 22008 when it is out of range, 22001 when it is too long.
func Parse(t Type, s string) (Value, error) {
	switch t.Kind {
	case Boolean:
		return parseBoolean(s)
	case SmallInt, Integer, BigInt:
		return parseInteger(t, s)
	case Real, Double:
		return parseFloat(t, s)
	case Numeric:
		d, scale, err := ParseDecimal(s)
		if err != nil {
			return Value{}, err
		}
		return FitDecimal(t, d, scale)
	case Date:
		days, err := ParseDate(s)
		return Int(t, days), err
	case Time:
		micros, err := ParseTime(s)
		return Int(t, micros), err
	case Timestamp:
		micros, _, _, err := ParseTimestamp(s)
		return Int(t, micros), err
	case TimestampTZ:
		micros, offset, _, err := ParseTimestamp(s)
		if micros != TimestampInfinity && micros != TimestampMinusInfity {
			micros -= offset
		}
		return Int(t, micros), err
	case Interval:
		span, err := ParseInterval(s, "")
		return Value{Type: t, Span: span}, err
	case UUID:
		return parseUUID(s)
	case Bytea:
		return parseBytea(s)
	case Varchar, Char:
		return FitText(t, s, false)
	}
	return Str(t, s), nil
}

// syntaxError is the refusal of a text that no value of t has.
func syntaxError(t Kind, s string) error {
	return sqlerr.New(sqlerr.InvalidTextRepresentation, "invalid input syntax for type %s: %s", t, strconv.Quote(s))
}

func parseBoolean(s string) (Value, error) {
	word := strings.ToLower(strings.TrimSpace(s))
	for _, name := range []string{"true", "yes", "on", "1"} {
		if word != "" && strings.HasPrefix(name, word) && (name != "on" || word == "on") {
			return Bool(true), nil
		}
	}
	for _, name := range []string{"false", "no", "off", "0"} {
		if word != "" && strings.HasPrefix(name, word) && (name != "off" || len(word) > 1) {
			return Bool(false), nil
		}
	}
	return Value{}, syntaxError(Boolean, s)
}

func parseInteger(t Type, s string) (Value, error) {
	v, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if errors.Is(err, strconv.ErrSyntax) {
		return Value{}, syntaxError(t.Kind, s)
	}
	if lo, hi := t.Bounds(); err != nil || v < lo || v > hi {
		return Value{}, sqlerr.New(sqlerr.NumericValueOutOfRange, "value %s is out of range for type %s", strconv.Quote(s), t.Kind)
	}
	return Int(t, v), nil
}

func parseFloat(t Type, s string) (Value, error) {
	bits := 64
	if t.Kind == Real {
		bits = 32
	}
	text := strings.TrimSpace(s)
	if strings.ContainsAny(text, "xXpP_") {
		return Value{}, syntaxError(t.Kind, s)
	}
	f, err := strconv.ParseFloat(text, bits)
	if errors.Is(err, strconv.ErrSyntax) {
		return Value{}, syntaxError(t.Kind, s)
	}
	if err != nil || f == 0 && strings.ContainsAny(strings.SplitN(strings.ToLower(text), "e", 2)[0], "123456789") {
		return Value{}, sqlerr.New(sqlerr.NumericValueOutOfRange, "%s is out of range for type %s", strconv.Quote(text), t.Kind)
	}
	return Float(t, f), nil
}

// ParseDecimal reads a decimal number as an unscaled integer and its scale. Digits that 38 places
// cannot hold behind the point are rounded away; in front of it they are error 22003.
func ParseDecimal(s string) (d Int128, scale int, err error) {
	text := strings.TrimSpace(s)
	mantissa, exponent := text, 0
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		if exponent, err = strconv.Atoi(text[at+1:]); err != nil || exponent > 1000 || exponent < -1000 {
			return d, 0, syntaxError(Numeric, s)
		}
		mantissa = text[:at]
	}
	negative := strings.HasPrefix(mantissa, "-")
	if negative || strings.HasPrefix(mantissa, "+") {
		mantissa = mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return d, 0, syntaxError(Numeric, s)
	}
	scale = len(fraction) - exponent
	digits = strings.TrimLeft(digits, "0")
	if scale < 0 {
		if digits != "" {
			digits += strings.Repeat("0", min(-scale, 64))
		}
		scale = 0
	}
	if cut := max(len(digits)-MaxPrecision, scale-MaxPrecision, 0); cut > 0 {
		if cut > scale {
			return d, 0, sqlerr.New(sqlerr.NumericValueOutOfRange, "value %s overflows numeric format", strconv.Quote(s))
		}
		up := cut <= len(digits) && digits[len(digits)-cut] >= '5'
		digits, scale = digits[:max(len(digits)-cut, 0)], scale-cut
		d = accumulate(digits)
		if up {
			d, _ = d.Add(Int128{Lo: 1})
		}
	} else {
		d = accumulate(digits)
	}
	if negative {
		d = d.Neg()
	}
	return d, scale, nil
}

func accumulate(digits string) Int128 {
	var d Int128
	for i := range len(digits) {
		d, _ = d.MulUint64(10)
		d, _ = d.Add(Int128{Lo: uint64(digits[i] - '0')})
	}
	return d
}

// FitDecimal brings an unscaled integer of some scale to t, rounding half away from zero; 22003 when
// it has too many digits.
func FitDecimal(t Type, d Int128, scale int) (Value, error) {
	r, ok := d.Rescale(scale, int(t.Scale))
	if !ok || !r.FitsPrecision(int(t.Precision)) {
		return Value{}, NumericOverflow(t)
	}
	return Decimal(t, r), nil
}

// NumericOverflow is the error of a value that numeric(p,s) cannot hold.
func NumericOverflow(t Type) error {
	return sqlerr.New(sqlerr.NumericValueOutOfRange, "numeric field overflow").WithDetail(
		"A field with precision %d, scale %d must round to an absolute value less than 10^%d.", t.Precision, t.Scale, int(t.Precision)-int(t.Scale))
}

// FitText brings s to varchar(n) or char(n): blanks beyond n are cut, other characters only by an
// explicit cast, else 22001. char(n) values are kept without trailing blanks.
func FitText(t Type, s string, explicit bool) (Value, error) {
	if t.Length > 0 && utf8.RuneCountInString(s) > int(t.Length) {
		cut := runeOffset(s, int(t.Length))
		if !explicit && strings.Trim(s[cut:], " ") != "" {
			return Value{}, sqlerr.New(sqlerr.StringDataRightTruncation, "value too long for type %s", t)
		}
		s = s[:cut]
	}
	if t.Kind == Char {
		s = strings.TrimRight(s, " ")
	}
	return Str(t, s), nil
}

func runeOffset(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

func parseUUID(s string) (Value, error) {
	text := strings.ReplaceAll(strings.Trim(strings.TrimSpace(s), "{}"), "-", "")
	id, err := hex.DecodeString(text)
	if err != nil || len(id) != 16 {
		return Value{}, syntaxError(UUID, s)
	}
	return Str(TUUID, string(id)), nil
}

func parseBytea(s string) (Value, error) {
	if rest, ok := strings.CutPrefix(s, `\x`); ok {
		data, err := hex.DecodeString(strings.ReplaceAll(rest, " ", ""))
		if err != nil {
			return Value{}, sqlerr.New(sqlerr.InvalidParameterValue, "invalid hexadecimal data: %s", strconv.Quote(s))
		}
		return Str(TBytea, string(data)), nil
	}
	var data []byte
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '\\':
			data = append(data, s[i])
		case strings.HasPrefix(s[i:], `\\`):
			data = append(data, '\\')
			i++
		default:
			octal := s[i+1 : min(i+4, len(s))]
			v, err := strconv.ParseUint(octal, 8, 8)
			if err != nil || len(octal) != 3 {
				return Value{}, syntaxError(Bytea, s)
			}
			data = append(data, byte(v))
			i += 3
		}
	}
	return Str(TBytea, string(data)), nil
}

// RoundToInt64 rounds half to even; ok is false for NaN and what int64 cannot hold.
func RoundToInt64(f float64) (v int64, ok bool) {
	r := math.RoundToEven(f)
	if !(r >= -9223372036854775808 && r < 9223372036854775808) {
		return 0, false
	}
	return int64(r), true
}
