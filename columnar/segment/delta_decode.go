package segment

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
)

var errDelta = errors.New("delta-packed integers that cannot be read")

// decodeDelta appends the n integers that data begins with in DELTA_BINARY_PACKED, and gives the rest.
func decodeDelta(dst []int64, data []byte, n int, bits32 bool) (_ []int64, rest []byte, err error) {
	var head [3]uint64
	for i := range head {
		size := 0
		if head[i], size = binary.Uvarint(data); size <= 0 {
			return nil, nil, errDelta
		}
		data = data[size:]
	}
	value, size := binary.Varint(data)
	block, parts, count := head[0], head[1], head[2]
	if size <= 0 || count != uint64(n) || block == 0 || block > 1<<20 || parts == 0 || block%parts != 0 || block/parts%32 != 0 {
		return nil, nil, errDelta
	}
	data = data[size:]
	if n == 0 {
		return dst, data, nil
	}
	from := len(dst)
	dst = slices.Grow(dst, n)[:from+n]
	out := dst[from:]
	out[0] = value
	for at := 1; at < n; at += int(block) {
		end := min(at+int(block), n)
		if data, err = decodeDeltaBlock(out[at:end], out[at-1], data, int(parts), int(block/parts)); err != nil {
			return nil, nil, err
		}
	}
	if bits32 {
		for i, x := range out {
			out[i] = int64(int32(x))
		}
	}
	return dst, data, nil
}

// decodeDeltaBlock fills out from a block, in parts of which each has room for partRows differences.
func decodeDeltaBlock(out []int64, before int64, data []byte, parts, partRows int) ([]byte, error) {
	low, size := binary.Varint(data)
	if size <= 0 || len(data) < size+parts {
		return nil, errDelta
	}
	widths := data[size : size+parts]
	data = data[size+parts:]
	for len(out) > 0 {
		width := int(widths[0])
		widths = widths[1:]
		stored := partRows / 8 * width
		if width > 64 || stored > len(data) {
			return nil, errDelta
		}
		n := min(partRows, len(out))
		addDifferences(out[:n], before, low, withSlack(data, stored), width)
		before, out, data = out[n-1], out[n:], data[stored:]
	}
	return data, nil
}

// withSlack gives data with at least nine readable bytes behind its first n.
func withSlack(data []byte, n int) []byte {
	if len(data) >= n+9 {
		return data
	}
	return append(append(make([]byte, 0, n+9), data[:n]...), make([]byte, 9)...)
}

// addDifferences sets out[i] to the value before plus low plus the i-th number of width bits.
func addDifferences(out []int64, before, low int64, packed []byte, width int) {
	if width == 0 {
		for i := range out {
			before += low
			out[i] = before
		}
		return
	}
	mask := ^uint64(0) >> (64 - width)
	at := 0
	for i := range out {
		x := binary.LittleEndian.Uint64(packed[at>>3:]) >> (at & 7)
		if width > 56 {
			x |= uint64(packed[at>>3+8]) << (64 - at&7)
		}
		at += width
		before += low + int64(x&mask)
		out[i] = before
	}
}

// decodeLengths reads the lengths of n strings and gives the bytes behind them, and the sum.
func decodeLengths(scratch []int64, data []byte, n int) (lengths []int64, rest []byte, sum int64, err error) {
	lengths, rest, err = decodeDelta(scratch[:0], data, n, true)
	if err != nil {
		return nil, nil, 0, err
	}
	var all int64
	for _, x := range lengths {
		all |= x
		sum += x
	}
	if all < 0 || sum > int64(len(rest)) || bits.Len64(uint64(sum)) > 32 {
		return nil, nil, 0, errDelta
	}
	return lengths, rest, sum, nil
}
