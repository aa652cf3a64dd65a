package kernel

import (
	"bytes"

	"github.com/oxidb/oxidb/types"
)

// SelectRange writes to out the rows of sel (nil: all of vals) whose value lies in [lo, hi] and
// gives their number. lo <= hi; out has room for all rows and may be sel.
func SelectRange[T Integer](vals []T, lo, hi T, sel, out []uint32) int {
	low, width := uint64(lo), uint64(hi)-uint64(lo)
	n := 0
	if sel == nil {
		out = out[:len(vals)]
		for i, x := range vals {
			out[n] = uint32(i)
			n += b2i(uint64(x)-low <= width)
		}
		return n
	}
	for _, i := range sel {
		x := vals[i]
		out[n] = i
		n += b2i(uint64(x)-low <= width)
	}
	return n
}

// SelectOutside is SelectRange for the values outside [lo, hi].
func SelectOutside[T Integer](vals []T, lo, hi T, sel, out []uint32) int {
	low, width := uint64(lo), uint64(hi)-uint64(lo)
	n := 0
	if sel == nil {
		out = out[:len(vals)]
		for i, x := range vals {
			out[n] = uint32(i)
			n += b2i(uint64(x)-low > width)
		}
		return n
	}
	for _, i := range sel {
		x := vals[i]
		out[n] = i
		n += b2i(uint64(x)-low > width)
	}
	return n
}

// SelectTable writes to out the rows whose entry of table is 1 (entries are 0 or 1). vals holds no
// value beyond the table in the rows of sel.
func SelectTable[T uint8 | uint16 | uint32](vals []T, table []uint8, sel, out []uint32) int {
	n := 0
	if sel == nil {
		out = out[:len(vals)]
		for i, x := range vals {
			out[n] = uint32(i)
			n += int(table[x])
		}
		return n
	}
	for _, i := range sel {
		out[n] = i
		n += int(table[vals[i]])
	}
	return n
}

// SelectBitset writes to out the rows whose value v has bit v-low of set equal to want; values
// outside the set's range count as 0 bits.
func SelectBitset[T Integer](vals []T, low int64, set []uint64, want bool, sel, out []uint32) int {
	n, flip, size := 0, uint64(b2i(!want)), uint64(len(set))*64
	if size == 0 {
		return 0
	}
	if sel == nil {
		for i, x := range vals {
			out[n] = uint32(i)
			n += int(bitOf(set, uint64(int64(x)-low), size) ^ flip)
		}
		return n
	}
	for _, i := range sel {
		x := vals[i]
		out[n] = i
		n += int(bitOf(set, uint64(int64(x)-low), size) ^ flip)
	}
	return n
}

func bitOf(set []uint64, at, size uint64) uint64 {
	if at >= size {
		return 0
	}
	return set[at>>6] >> (at & 63) & 1
}

// SelectLess writes to out the rows with a+delta < b, or with negate those with a+delta >= b. delta
// is added in 64 bits, so that two narrow vectors of different base compare without widening.
func SelectLess[A, B Integer](a []A, delta int64, b []B, negate bool, sel, out []uint32) int {
	n, flip := 0, b2i(negate)
	if sel == nil {
		b = b[:len(a)]
		out = out[:len(a)]
		for i, x := range a {
			out[n] = uint32(i)
			n += b2i(int64(x)+delta < int64(b[i])) ^ flip
		}
		return n
	}
	for _, i := range sel {
		out[n] = i
		n += b2i(int64(a[i])+delta < int64(b[i])) ^ flip
	}
	return n
}

// SelectEqual writes to out the rows with a+delta = b, or with negate the others.
func SelectEqual[A, B Integer](a []A, delta int64, b []B, negate bool, sel, out []uint32) int {
	n, flip := 0, b2i(negate)
	if sel == nil {
		b = b[:len(a)]
		out = out[:len(a)]
		for i, x := range a {
			out[n] = uint32(i)
			n += b2i(int64(x)+delta == int64(b[i])) ^ flip
		}
		return n
	}
	for _, i := range sel {
		out[n] = i
		n += b2i(int64(a[i])+delta == int64(b[i])) ^ flip
	}
	return n
}

// SelectRange128 writes to out the rows whose value lies in [lo, hi], or with outside the others.
func SelectRange128(vals []types.Int128, lo, hi types.Int128, outside bool, sel, out []uint32) int {
	n, flip := 0, b2i(outside)
	if sel == nil {
		for i := range vals {
			out[n] = uint32(i)
			n += (b2i(!Less128(vals[i], lo)) & b2i(!Less128(hi, vals[i]))) ^ flip
		}
		return n
	}
	for _, i := range sel {
		out[n] = i
		n += (b2i(!Less128(vals[i], lo)) & b2i(!Less128(hi, vals[i]))) ^ flip
	}
	return n
}

// SelectLess128 and SelectEqual128 compare two columns of 128 bits.
func SelectLess128(a, b []types.Int128, negate bool, sel, out []uint32) int {
	n, flip := 0, b2i(negate)
	if sel == nil {
		for i := range a {
			out[n] = uint32(i)
			n += b2i(Less128(a[i], b[i])) ^ flip
		}
		return n
	}
	for _, i := range sel {
		out[n] = i
		n += b2i(Less128(a[i], b[i])) ^ flip
	}
	return n
}

// SelectEqual128 writes to out the rows with a = b, or with negate the others.
func SelectEqual128(a, b []types.Int128, negate bool, sel, out []uint32) int {
	n, flip := 0, b2i(negate)
	if sel == nil {
		for i := range a {
			out[n] = uint32(i)
			n += b2i(a[i] == b[i]) ^ flip
		}
		return n
	}
	for _, i := range sel {
		out[n] = i
		n += b2i(a[i] == b[i]) ^ flip
	}
	return n
}

// Float is the element types of float layouts.
type Float interface{ float32 | float64 }

// LessFloat orders floats as PostgreSQL does: NaN equals NaN and is greater than everything else.
func LessFloat[T Float](a, b T) bool { return a < b || (a == a && b != b) }

// EqualFloat is PostgreSQL's equality: NaN equals NaN.
func EqualFloat[T Float](a, b T) bool { return a == b || (a != a && b != b) }

// SelectLessFloat writes to out the rows with a < b (NaN greatest), or with negate those with a >= b.
func SelectLessFloat[T Float](a, b []T, negate bool, sel, out []uint32) int {
	n, flip := 0, b2i(negate)
	if sel == nil {
		b = b[:len(a)]
		for i := range a {
			out[n] = uint32(i)
			n += b2i(LessFloat(a[i], b[i])) ^ flip
		}
		return n
	}
	for _, i := range sel {
		out[n] = i
		n += b2i(LessFloat(a[i], b[i])) ^ flip
	}
	return n
}

// SelectEqualFloat writes to out the rows with a = b (NaN = NaN), or with negate the others.
func SelectEqualFloat[T Float](a, b []T, negate bool, sel, out []uint32) int {
	n, flip := 0, b2i(negate)
	if sel == nil {
		b = b[:len(a)]
		for i := range a {
			out[n] = uint32(i)
			n += b2i(EqualFloat(a[i], b[i])) ^ flip
		}
		return n
	}
	for _, i := range sel {
		out[n] = i
		n += b2i(EqualFloat(a[i], b[i])) ^ flip
	}
	return n
}

// SelectRangeFloat writes to out the rows with lo <= value <= hi, or with outside the others. The
// bounds are no NaN; NaN lies outside of every range, so a range open above is asked as the
// complement of the range below it.
func SelectRangeFloat[T Float](vals []T, lo, hi T, outside bool, sel, out []uint32) int {
	n, flip := 0, b2i(outside)
	if sel == nil {
		for i, x := range vals {
			out[n] = uint32(i)
			n += (b2i(x >= lo) & b2i(x <= hi)) ^ flip
		}
		return n
	}
	for _, i := range sel {
		x := vals[i]
		out[n] = i
		n += (b2i(x >= lo) & b2i(x <= hi)) ^ flip
	}
	return n
}

// SelectEqualBytes writes to out the rows of a string column that equal c, or with negate the others.
func SelectEqualBytes(offsets []uint32, data, c []byte, negate bool, sel, out []uint32) int {
	n, flip := 0, b2i(negate)
	if sel == nil {
		for i := range len(offsets) - 1 {
			row := data[offsets[i]:offsets[i+1]]
			out[n] = uint32(i)
			n += b2i(bytes.Equal(row, c)) ^ flip
		}
		return n
	}
	for _, i := range sel {
		row := data[offsets[i]:offsets[i+1]]
		out[n] = i
		n += b2i(bytes.Equal(row, c)) ^ flip
	}
	return n
}

// SelectLessBytes writes to out the rows of a string column that sort bytewise before c, or with
// negate the others.
func SelectLessBytes(offsets []uint32, data, c []byte, negate bool, sel, out []uint32) int {
	n, flip := 0, b2i(negate)
	if sel == nil {
		for i := range len(offsets) - 1 {
			row := data[offsets[i]:offsets[i+1]]
			out[n] = uint32(i)
			n += b2i(bytes.Compare(row, c) < 0) ^ flip
		}
		return n
	}
	for _, i := range sel {
		row := data[offsets[i]:offsets[i+1]]
		out[n] = i
		n += b2i(bytes.Compare(row, c) < 0) ^ flip
	}
	return n
}

// SelectPrefix writes to out the rows of a string column that begin with prefix, or with negate the
// others.
func SelectPrefix(offsets []uint32, data, prefix []byte, negate bool, sel, out []uint32) int {
	n, flip := 0, b2i(negate)
	if sel == nil {
		for i := range len(offsets) - 1 {
			row := data[offsets[i]:offsets[i+1]]
			out[n] = uint32(i)
			n += b2i(bytes.HasPrefix(row, prefix)) ^ flip
		}
		return n
	}
	for _, i := range sel {
		row := data[offsets[i]:offsets[i+1]]
		out[n] = i
		n += b2i(bytes.HasPrefix(row, prefix)) ^ flip
	}
	return n
}
