package types

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"
)

// Format is the value's text as PostgreSQL prints it (DateStyle ISO, IntervalStyle postgres, UTC for
// timestamptz); NULL gives "NULL".
func Format(v Value) string { return string(Append(nil, v, time.UTC)) }

// Append appends the value's text; timestamptz is shown in loc.
func Append(b []byte, v Value, loc *time.Location) []byte {
	if v.Null {
		return append(b, "NULL"...)
	}
	switch v.Type.Kind {
	case Boolean:
		return AppendBool(b, v.I)
	case Real:
		return AppendFloat(b, v.F, 32)
	case Double:
		return AppendFloat(b, v.F, 64)
	case Numeric:
		return AppendDecimal(b, v.Unscaled(), int(v.Type.Scale))
	case Date:
		return AppendDate(b, v.I)
	case Time:
		return AppendTime(b, v.I)
	case Timestamp:
		return AppendTimestamp(b, v.I)
	case TimestampTZ:
		return AppendTimestampTZ(b, v.I, loc)
	case Interval:
		return AppendInterval(b, v.Span)
	case UUID:
		return AppendUUID(b, []byte(v.S))
	case Bytea:
		return AppendBytea(b, []byte(v.S))
	case SmallInt, Integer, BigInt:
		return strconv.AppendInt(b, v.I, 10)
	case Char:
		return AppendPadded(b, []byte(v.S), int(v.Type.Length))
	}
	return append(b, v.S...)
}

// SQL is the value as a literal that parses back to it.
func (v Value) SQL() string {
	switch {
	case v.Null:
		return "NULL"
	case v.Type.Kind == Boolean:
		return map[int64]string{0: "false", 1: "true"}[v.I]
	case v.Type.IsInteger(), v.Type.Kind == Numeric:
		return Format(v)
	case v.Type.IsFloat() && !math.IsInf(v.F, 0) && !math.IsNaN(v.F):
		return Format(v) + "::" + v.Type.String()
	case v.Type.IsText(), v.Type.Kind == Unknown:
		return Quote(v.S)
	}
	return Quote(Format(v)) + "::" + v.Type.String()
}

// Quote is s as a string literal.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// AppendBool writes t or f.
func AppendBool(b []byte, v int64) []byte {
	if v != 0 {
		return append(b, 't')
	}
	return append(b, 'f')
}

// AppendFloat writes the shortest text that reads back as the same double (bits 64) or real (32).
func AppendFloat(b []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, "NaN"...)
	case math.IsInf(f, 1):
		return append(b, "Infinity"...)
	case math.IsInf(f, -1):
		return append(b, "-Infinity"...)
	}
	limit := 15 // PostgreSQL switches to exponents by the decimal exponent, as %g with shortest digits
	if bits == 32 {
		limit = 6
	}
	text := strconv.AppendFloat(nil, f, 'e', -1, bits)
	mark := strings.LastIndexByte(string(text), 'e')
	exponent, _ := strconv.Atoi(string(text[mark+1:]))
	if exponent < -4 || exponent >= limit {
		return append(b, text...)
	}
	return strconv.AppendFloat(b, f, 'f', -1, bits)
}

// AppendDate writes an ISO date from days since 1970.
func AppendDate(b []byte, days int64) []byte {
	switch days {
	case DateInfinity:
		return append(b, "infinity"...)
	case DateMinusInfinity:
		return append(b, "-infinity"...)
	}
	y, m, d := CivilFromDays(days)
	bc := y <= 0
	if bc {
		y = 1 - y
	}
	b = appendTwo(append(appendTwo(append(appendYear(b, y), '-'), m), '-'), d)
	if bc {
		b = append(b, " BC"...)
	}
	return b
}

// AppendTime writes hh:mm:ss[.ffffff] from microseconds.
func AppendTime(b []byte, micros int64) []byte {
	b = append(appendTwo(b, micros/Hour), ':')
	b = append(appendTwo(b, micros/Minute%60), ':')
	return appendSeconds(b, micros%Minute)
}

// AppendTimestamp writes date and time.
func AppendTimestamp(b []byte, micros int64) []byte { return appendStamp(b, micros, "") }

// AppendTimestampTZ writes date, time and offset in loc.
func AppendTimestampTZ(b []byte, micros int64, loc *time.Location) []byte {
	if micros == TimestampInfinity || micros == TimestampMinusInfity {
		return appendStamp(b, micros, "")
	}
	_, offset := time.UnixMicro(micros).In(loc).Zone()
	return appendStamp(b, micros+int64(offset)*Second, zoneText(offset))
}

func zoneText(offset int) string {
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	b := appendTwo([]byte{sign}, int64(offset/3600))
	if rest := offset % 3600; rest != 0 {
		b = appendTwo(append(b, ':'), int64(rest/60))
		if rest%60 != 0 {
			b = appendTwo(append(b, ':'), int64(rest%60))
		}
	}
	return string(b)
}

func appendStamp(b []byte, micros int64, zone string) []byte {
	switch micros {
	case TimestampInfinity:
		return append(b, "infinity"...)
	case TimestampMinusInfity:
		return append(b, "-infinity"...)
	}
	days, inDay := SplitTimestamp(micros)
	start := len(b)
	b = AppendDate(b, days)
	if date, bc := strings.CutSuffix(string(b[start:]), " BC"); bc {
		b = append(append(b[:start], date...), ' ')
		return append(append(AppendTime(b, inDay), zone...), " BC"...)
	}
	return append(AppendTime(append(b, ' '), inDay), zone...)
}

// AppendInterval writes an interval in PostgreSQL's own style.
func AppendInterval(b []byte, s Span) []byte {
	start, negative := len(b), false
	part := func(n int64, unit string) {
		if n == 0 {
			return
		}
		if len(b) > start {
			b = append(b, ' ')
			if negative && n > 0 {
				b = append(b, '+')
			}
		}
		negative = n < 0
		b = append(strconv.AppendInt(b, n, 10), ' ')
		b = append(b, unit...)
		if n != 1 {
			b = append(b, 's')
		}
	}
	part(int64(s.Months/12), "year")
	part(int64(s.Months%12), "mon")
	part(int64(s.Days), "day")
	if s.Micros == 0 && len(b) > start {
		return b
	}
	if len(b) > start {
		b = append(b, ' ')
	}
	micros := uint64(s.Micros)
	if s.Micros < 0 {
		b, micros = append(b, '-'), -micros
	} else if negative {
		b = append(b, '+')
	}
	if hours := micros / Hour; hours > 99 {
		b = strconv.AppendUint(b, hours, 10)
	} else {
		b = appendTwo(b, int64(hours))
	}
	b = append(appendTwo(append(b, ':'), int64(micros/Minute%60)), ':')
	return appendSeconds(b, int64(micros%Minute))
}

// AppendUUID writes the 8-4-4-4-12 form.
func AppendUUID(b, id []byte) []byte {
	for i, from := range []int{0, 4, 6, 8, 10} {
		if i > 0 {
			b = append(b, '-')
		}
		to := []int{4, 6, 8, 10, 16}[i]
		b = hex.AppendEncode(b, id[from:to])
	}
	return b
}

// AppendBytea writes the \x form.
func AppendBytea(b, data []byte) []byte { return hex.AppendEncode(append(b, `\x`...), data) }

// AppendPadded writes a char(n) value with its trailing blanks.
func AppendPadded(b, s []byte, length int) []byte {
	b = append(b, s...)
	for n := strings.Count(string(s), "") - 1; n < length; n++ {
		b = append(b, ' ')
	}
	return b
}

func appendYear(b []byte, y int64) []byte {
	for limit := int64(1000); limit > 1 && y < limit; limit /= 10 {
		b = append(b, '0')
	}
	return strconv.AppendInt(b, y, 10)
}

func appendTwo(b []byte, n int64) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

func appendSeconds(b []byte, micros int64) []byte {
	b = appendTwo(b, micros/Second)
	fraction := micros % Second
	if fraction == 0 {
		return b
	}
	b = append(b, '.')
	for unit := int64(100_000); fraction > 0; unit /= 10 {
		b = append(b, byte('0'+fraction/unit))
		fraction %= unit
	}
	return b
}
