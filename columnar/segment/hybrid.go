package segment

import (
	"encoding/binary"
)

// appendHybrid appends codes in Parquet's hybrid of run-length and bit-packed encoding.
func appendHybrid[T uint8 | uint16 | uint32](dst []byte, codes []T, width int) []byte {
	const least = 64 // values of a run worth its own header; a multiple of the 8 that are packed together
	from, at := 0, 0 // codes[from:at] wait to be packed
	for at+least <= len(codes) {
		n := runLength(codes[at:])
		if n < least {
			at += least
			continue
		}
		dst = appendPackedRun(dst, codes[from:at], width)
		dst = appendRun(dst, uint32(codes[at]), n, width)
		at += n
		from = at
	}
	return appendPackedRun(dst, codes[from:], width)
}

// runLength is the number of equal codes at the beginning.
func runLength[T uint8 | uint16 | uint32](codes []T) int {
	first := codes[0]
	for i, c := range codes {
		if c != first {
			return i
		}
	}
	return len(codes)
}

// appendRun appends n times the same value.
func appendRun(dst []byte, value uint32, n, width int) []byte {
	dst = binary.AppendUvarint(dst, uint64(n)<<1)
	for range (width + 7) / 8 {
		dst = append(dst, byte(value))
		value >>= 8
	}
	return dst
}

// appendPackedRun appends codes one by one, the last group of eight filled with zeros.
func appendPackedRun[T uint8 | uint16 | uint32](dst []byte, codes []T, width int) []byte {
	if len(codes) == 0 {
		return dst
	}
	groups := (len(codes) + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	end := len(dst) + groups*width
	dst = appendPacked(dst, codes, width)
	for len(dst) < end {
		dst = append(dst, 0)
	}
	return dst
}
