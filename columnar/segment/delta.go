package segment

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// DELTA_BINARY_PACKED (Parquet format, Encodings.md): blocks of differences to the value before, less
// the block's least difference, in parts that have a bit width each.
const (
	deltaBlock = 256
	deltaParts = 4
	deltaPart  = deltaBlock / deltaParts
)

type integral interface {
	uint8 | uint16 | uint32 | int64
}

// appendDelta appends base+x for every x of src as DELTA_BINARY_PACKED of 32- or 64-bit integers.
func appendDelta[T integral](dst []byte, src []T, base int64, bits32 bool) []byte {
	dst = binary.AppendUvarint(dst, deltaBlock)
	dst = binary.AppendUvarint(dst, deltaParts)
	dst = binary.AppendUvarint(dst, uint64(len(src)))
	if len(src) == 0 {
		return binary.AppendVarint(dst, 0)
	}
	dst = binary.AppendVarint(dst, base+int64(src[0]))
	var diffs [deltaBlock]uint64
	for from := 1; from < len(src); from += deltaBlock {
		to := min(from+deltaBlock, len(src))
		low := differences(&diffs, src[from-1:to], bits32)
		dst = appendDeltaBlock(dst, &diffs, to-from, low)
	}
	return dst
}

// differences stores values[i+1]-values[i], wrapping around, and gives the least one. With bits32 they
// are those of 32-bit integers.
func differences[T integral](diffs *[deltaBlock]uint64, values []T, bits32 bool) int64 {
	low := int64(math.MaxInt64)
	before := int64(values[0])
	values = values[1:]
	out := diffs[:len(values)]
	if bits32 {
		for i, x := range values {
			d := int64(int32(int64(x) - before))
			before = int64(x)
			out[i] = uint64(d)
			low = min(low, d)
		}
		return low
	}
	for i, x := range values {
		d := int64(x) - before
		before = int64(x)
		out[i] = uint64(d)
		low = min(low, d)
	}
	return low
}

// appendDeltaBlock appends a block of n differences, of which low is the least.
func appendDeltaBlock(dst []byte, diffs *[deltaBlock]uint64, n int, low int64) []byte {
	dst = binary.AppendVarint(dst, low)
	var widths [deltaParts]int
	for part := range widths {
		in := diffs[part*deltaPart : (part+1)*deltaPart]
		filled := min(max(n-part*deltaPart, 0), deltaPart)
		widths[part] = relative(in[:filled], low)
		clear(in[filled:])
		dst = append(dst, byte(widths[part]))
	}
	for part, width := range widths {
		if part*deltaPart < n {
			dst = appendPacked(dst, diffs[part*deltaPart:(part+1)*deltaPart], width)
		}
	}
	return dst
}

// relative subtracts low from every difference and gives the width of the widest result.
func relative(diffs []uint64, low int64) int {
	var all uint64
	for i, d := range diffs {
		d -= uint64(low)
		diffs[i] = d
		all |= d
	}
	return bits.Len64(all)
}
