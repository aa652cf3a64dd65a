package csv

import (
	"bytes"
	"math"
	"unsafe"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/types"
)

// decoder turns the fields of one column into a vector.
type decoder struct {
	typ     types.Type
	dialect *Dialect
	arena   *mem.Arena
	vec     columnar.Vector
	valid   []uint64
	scratch []byte
	decode  func(*decoder, fields) int
	err     error // why decode stopped
}

// fields are the fields of one column in a piece.
type fields struct {
	data         []byte // slack bytes are readable behind its end
	before, ends []uint32
}

// bounds gives where field i stands.
func (f *fields) bounds(i int) (start, end int, quoted bool) {
	return int(f.before[i]&position) + 1, int(f.ends[i] & position), f.ends[i]&quotedBit != 0
}

func newDecoder(t types.Type, d *Dialect, arena *mem.Arena) *decoder {
	c := &decoder{typ: t, dialect: d, arena: arena, valid: make([]uint64, columnar.BatchSize/64)}
	const n = columnar.BatchSize
	switch t.Class() {
	case types.ClassFloat:
		c.vec.Layout, c.vec.F64, c.decode = columnar.F64, mem.Alloc[float64](arena, n, false), (*decoder).floats
	case types.ClassInterval:
		c.vec.Layout, c.vec.Spans, c.decode = columnar.Spans, mem.Alloc[types.Span](arena, n, false), (*decoder).values
	case types.ClassUUID:
		c.vec.Layout, c.vec.UUID, c.decode = columnar.Bytes16, mem.Alloc[[16]byte](arena, n, false), (*decoder).values
	case types.ClassBytes:
		c.vec.Layout, c.vec.Offsets, c.decode = columnar.Str, mem.Alloc[uint32](arena, n+1, false), (*decoder).texts
		if !t.IsText() {
			c.decode = (*decoder).values
		}
	default:
		c.vec.Layout, c.vec.I64, c.decode = columnar.I64, mem.Alloc[int64](arena, n, false), (*decoder).values
		switch t.Kind {
		case types.SmallInt, types.Integer, types.BigInt:
			c.decode = (*decoder).integers
		case types.Numeric:
			if t.Precision <= types.MaxInt64Precision {
				c.decode = (*decoder).decimals
			}
			if t.Precision > types.MaxInt64Precision {
				c.vec.Layout, c.vec.I128 = columnar.I128, mem.Alloc[types.Int128](arena, n, false)
			}
		case types.Date:
			c.decode = (*decoder).dates
		case types.Timestamp:
			c.decode = (*decoder).timestamps
		case types.Boolean:
			c.vec.Layout, c.vec.U8 = columnar.U8, mem.Alloc[uint8](arena, n, false)
		}
	}
	return c
}

// run decodes all fields; on failure it gives the row and why.
func (c *decoder) run(f fields) (v *columnar.Vector, failedRow int, err error) {
	n := len(f.ends)
	c.vec.Type, c.vec.Len, c.vec.Valid = c.typ, n, nil
	if row := c.decode(c, f); row < n {
		return nil, row, c.err
	}
	v = new(columnar.Vector)
	c.vec.Slice(0, n, v)
	return v, 0, nil
}

// null marks row i, which the loops over rows leave valid.
func (c *decoder) null(i int) {
	if c.vec.Valid == nil {
		for w := range c.valid {
			c.valid[w] = math.MaxUint64
		}
		c.vec.Valid = c.valid
	}
	c.valid[i>>6] &^= 1 << (i & 63)
}

// slow decodes field i by the general rules; ok is false when it has no value of the type.
func (c *decoder) slow(f *fields, i int) (v types.Value, ok bool) {
	start, end, quoted := f.bounds(i)
	raw := f.data[start:end]
	if !quoted && string(raw) == c.dialect.Null {
		c.null(i)
		return types.Null(c.typ), true
	}
	if quoted {
		c.scratch = c.dialect.unquote(c.scratch[:0], raw)
		raw = c.scratch
	}
	if len(raw) == 0 && c.dialect.EmptyNulls && c.typ.Class() != types.ClassBytes {
		c.null(i)
		return types.Null(c.typ), true
	}
	// The value is copied out of the field before the next one is decoded: texts by append.
	v, c.err = types.Parse(c.typ, unsafe.String(unsafe.SliceData(raw), len(raw)))
	return v, c.err == nil
}

// values decodes any type by the general rules.
func (c *decoder) values(f fields) int {
	if c.vec.Layout == columnar.Str {
		c.vec.Bytes = c.vec.Bytes[:0]
		c.vec.Offsets[0] = 0
	}
	for i := range f.ends {
		v, ok := c.slow(&f, i)
		if !ok {
			return i
		}
		switch c.vec.Layout {
		case columnar.Str:
			c.vec.Bytes = mem.Append(c.arena, c.vec.Bytes, unsafe.Slice(unsafe.StringData(v.S), len(v.S))...)
			c.vec.Offsets[i+1] = uint32(len(c.vec.Bytes))
		case columnar.Spans:
			c.vec.Spans[i] = v.Span
		case columnar.Bytes16:
			copy(c.vec.UUID[i][:], v.S)
		case columnar.U8:
			c.vec.U8[i] = uint8(v.I)
		case columnar.I128:
			c.vec.I128[i] = v.Unscaled()
		default:
			c.vec.I64[i] = v.I
		}
	}
	return len(f.ends)
}

func (c *decoder) integers(f fields) int {
	lo, hi := c.typ.Bounds()
	out, before := c.vec.I64[:len(f.ends)], f.before[:len(f.ends)]
	padded := f.data[:len(f.data)+slack]
	for i, end := range f.ends {
		start := int(before[i]&position) + 1
		if n := int(end) - start; uint(n-1) < 8 { // not quoted either: the bit makes n large
			if v, ok := eightDigits(load(padded, start), n); ok && int64(v) <= hi {
				out[i] = int64(v)
				continue
			}
		}
		if end&quotedBit == 0 {
			if v, ok := smallInteger(f.data[start:end]); ok && v >= lo && v <= hi {
				out[i] = v
				continue
			}
		}
		v, ok := c.slow(&f, i)
		if !ok {
			return i
		}
		out[i] = v.I
	}
	return len(f.ends)
}

// smallInteger reads an optional minus and up to 18 digits.
func smallInteger(b []byte) (v int64, ok bool) {
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, false
		}
		v = v*10 + int64(c)
	}
	if negative {
		v = -v
	}
	return v, true
}

// decimals decodes numeric of at most 18 digits.
func (c *decoder) decimals(f fields) int {
	scale := int(c.typ.Scale)
	limit := types.PowersOfTen[c.typ.Precision]
	unit := uint64(types.PowersOfTen[scale])
	out, before := c.vec.I64[:len(f.ends)], f.before[:len(f.ends)]
	padded := f.data[:len(f.data)+slack]
	for i, end := range f.ends {
		start := int(before[i]&position) + 1
		// The usual case: up to eight digits, a point, and as many digits as the scale.
		if n := int(end) - start - scale - 1; uint(n-1) < 8 && uint(scale-1) < 8 && padded[start+n] == '.' {
			whole, ok1 := eightDigits(load(padded, start), n)
			part, ok2 := eightDigits(load(padded, start+n+1), scale)
			if v := int64(whole*unit + part); ok1 && ok2 && v < limit {
				out[i] = v
				continue
			}
		}
		if end&quotedBit == 0 {
			if v, ok := smallDecimal(f.data[start:end], scale); ok && v < limit && v > -limit {
				out[i] = v
				continue
			}
		}
		v, ok := c.slow(&f, i)
		if !ok {
			return i
		}
		out[i] = v.I
	}
	return len(f.ends)
}

// smallDecimal reads a number of up to 18 digits that needs no rounding.
func smallDecimal(b []byte, scale int) (v int64, ok bool) {
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	behind, digits := -1, 0
	for _, c := range b {
		if c == '.' && behind < 0 {
			behind = 0
			continue
		}
		if c -= '0'; c > 9 || digits == 18 {
			return 0, false
		}
		v = v*10 + int64(c)
		digits++
		if behind >= 0 {
			behind++
		}
	}
	missing := scale - max(behind, 0)
	if digits == 0 || missing < 0 || digits+missing > 18 {
		return 0, false
	}
	v *= types.PowersOfTen[missing]
	if negative {
		v = -v
	}
	return v, true
}

// daysBefore is the number of days of a year before each month, from 1.
var daysBefore = [13]int64{0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334}

// isoDate reads YYYY-MM-DD of the years 1 to 9999.
func isoDate(padded []byte, start int) (days int64, ok bool) {
	w := load(padded, start)
	if byte(w>>32) != '-' || byte(w>>56) != '-' {
		return 0, false
	}
	// YYYY-MM- without its hyphens, then the day
	year, ok1 := eightDigits(w, 4)
	month, ok2 := eightDigits(w>>40, 2)
	day, ok3 := eightDigits(uint64(padded[start+8])|uint64(padded[start+9])<<8, 2)
	if !(ok1 && ok2 && ok3) || year == 0 || month-1 > 11 || day-1 > 30 {
		return 0, false
	}
	y, m, d := int64(year), int64(month), int64(day)
	leap := y%4 == 0 && (y%100 != 0 || y%400 == 0)
	if d > 28 && d > types.DaysInMonth(y, m) {
		return 0, false
	}
	before := y - 1
	days = before*365 + before/4 - before/100 + before/400 + daysBefore[m] + d - 719163
	if leap && m > 2 {
		days++
	}
	return days, true
}

func (c *decoder) dates(f fields) int {
	out, before := c.vec.I64[:len(f.ends)], f.before[:len(f.ends)]
	padded := f.data[:len(f.data)+slack]
	for i, end := range f.ends {
		start := int(before[i]&position) + 1
		if int(end)-start == 10 {
			if v, ok := isoDate(padded, start); ok {
				out[i] = v
				continue
			}
		}
		v, ok := c.slow(&f, i)
		if !ok {
			return i
		}
		out[i] = v.I
	}
	return len(f.ends)
}

// isoClock reads HH:MM:SS with up to six more digits behind a point.
func isoClock(b []byte) (micros int64, ok bool) {
	if len(b) < 8 || len(b) == 9 || len(b) > 15 || b[2] != ':' || b[5] != ':' {
		return 0, false
	}
	hour, ok1 := smallInteger(b[:2])
	minute, ok2 := smallInteger(b[3:5])
	second, ok3 := smallInteger(b[6:8])
	if !(ok1 && ok2 && ok3) || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return 0, false
	}
	micros = hour*types.Hour + minute*types.Minute + second*types.Second
	if len(b) > 8 {
		part, ok := smallInteger(b[9:])
		if b[8] != '.' || !ok || part < 0 || b[9] == '-' {
			return 0, false
		}
		micros += part * types.PowersOfTen[15-len(b)]
	}
	return micros, true
}

func (c *decoder) timestamps(f fields) int {
	out := c.vec.I64[:len(f.ends)]
	padded := f.data[:len(f.data)+slack]
	for i := range f.ends {
		start, end, quoted := f.bounds(i)
		if !quoted && end-start > 18 && (f.data[start+10] == ' ' || f.data[start+10] == 'T') {
			days, ok1 := isoDate(padded, start)
			micros, ok2 := isoClock(f.data[start+11 : end])
			if ok1 && ok2 {
				out[i] = days*types.Day + micros
				continue
			}
		}
		v, ok := c.slow(&f, i)
		if !ok {
			return i
		}
		out[i] = v.I
	}
	return len(f.ends)
}

func (c *decoder) floats(f fields) int {
	out := c.vec.F64[:len(f.ends)]
	for i := range f.ends {
		start, end, quoted := f.bounds(i)
		if !quoted && c.typ.Kind == types.Double {
			if v, ok := exactFloat(f.data[start:end]); ok {
				out[i] = v
				continue
			}
		}
		v, ok := c.slow(&f, i)
		if !ok {
			return i
		}
		out[i] = v.F
	}
	return len(f.ends)
}

// exactPowers are the powers of ten that a double holds exactly.
var exactPowers = [16]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// exactFloat reads a decimal of up to 15 digits: an exact integer divided by an exact power of ten is
// the nearest double (W. Clinger, "How to read floating point numbers accurately", 1990).
func exactFloat(b []byte) (v float64, ok bool) {
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 16 {
		return 0, false
	}
	mantissa, behind, digits := int64(0), -1, 0
	for _, c := range b {
		if c == '.' && behind < 0 {
			behind = 0
			continue
		}
		if c -= '0'; c > 9 {
			return 0, false
		}
		mantissa = mantissa*10 + int64(c)
		digits++
		if behind >= 0 {
			behind++
		}
	}
	if digits == 0 || digits > 15 {
		return 0, false
	}
	v = float64(mantissa) / exactPowers[max(behind, 0)]
	if negative {
		v = -v
	}
	return v, true
}

// texts decodes text, varchar(n) and char(n).
func (c *decoder) texts(f fields) int {
	need := 0
	for i, end := range f.ends {
		need += int(end&position) - int(f.before[i]&position)
	}
	out := mem.Grow(c.arena, c.vec.Bytes[:0], need+slack)
	out = out[:cap(out)]
	offsets, before := c.vec.Offsets[:len(f.ends)+1], f.before[:len(f.ends)]
	padded := f.data[:len(f.data)+slack]
	null := []byte(c.dialect.Null)
	at := 0
	for i, end := range f.ends {
		offsets[i] = uint32(at)
		start := int(before[i]&position) + 1
		n := int(end) - start
		switch {
		case n == len(null) && bytes.Equal(f.data[start:end], null):
			c.null(i)
		case uint(n) <= 16:
			copy(out[at:at+16], padded[start:start+16])
			at += n
		case end&quotedBit == 0:
			at += copy(out[at:], f.data[start:end])
		default:
			at += len(c.unquoteInto(out[at:at], f.data[start:end&position]))
		}
		if c.typ.Length > 0 && at-int(offsets[i]) > 0 {
			if at = c.fit(out, int(offsets[i]), at); c.err != nil {
				return i
			}
		}
	}
	offsets[len(f.ends)] = uint32(at)
	c.vec.Bytes = out[:at]
	return len(f.ends)
}

// fit brings out[from:to] to varchar(n) or char(n) and gives its new end.
func (c *decoder) fit(out []byte, from, to int) int {
	if c.typ.Kind == types.Char {
		for to > from && out[to-1] == ' ' {
			to--
		}
	}
	if to-from <= int(c.typ.Length) { // bytes are at least as many as characters
		return to
	}
	var v types.Value
	if v, c.err = types.FitText(c.typ, string(out[from:to]), false); c.err != nil {
		return from
	}
	return from + copy(out[from:], v.S)
}

// unquoteInto is unquote with a short way for a field in quotes that has none inside.
func (c *decoder) unquoteInto(dst, field []byte) []byte {
	q := c.dialect.Quote
	if n := len(field); field[0] == q && field[n-1] == q && bytes.IndexByte(field[1:n-1], q) < 0 && !c.dialect.ownEscape() {
		return append(dst, field[1:n-1]...)
	}
	return c.dialect.unquote(dst, field)
}
