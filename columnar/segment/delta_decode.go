package segment

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
)

var errDelta = errors.New("delta-packed integers that cannot be read")

// deltas reads integers as their distances from a base, in the ring of 32- or 64-bit integers.
type deltas struct {
	base uint64
	keep uint64 // the bits of the ring
	span uint64 // no distance should be larger
	far  uint64 // its highest bit is set when any was, unless they take 64 bits
}

// newDeltas reads distances of up to span from base.
func newDeltas(base int64, span uint64, bits32 bool) deltas {
	d := deltas{base: uint64(base), keep: ^uint64(0), span: span}
	if bits32 {
		d.keep >>= 32
	}
	return d
}

// decodeDelta sets out to the integers that data begins with in DELTA_BINARY_PACKED, which are as many,
// and gives the rest.
func decodeDelta[T integral](d *deltas, out []T, data []byte) (rest []byte, err error) {
	var head [3]uint64
	for i := range head {
		size := 0
		if head[i], size = binary.Uvarint(data); size <= 0 {
			return nil, errDelta
		}
		data = data[size:]
	}
	value, size := binary.Varint(data)
	block, parts, count := head[0], head[1], head[2]
	if size <= 0 || count != uint64(len(out)) || block == 0 || block > 1<<20 || parts == 0 || block%parts != 0 || block/parts%32 != 0 {
		return nil, errDelta
	}
	data = data[size:]
	if len(out) == 0 {
		return data, nil
	}
	at := (uint64(value) - d.base) & d.keep
	d.far |= at | (d.span - at)
	out[0] = T(at)
	for out = out[1:]; len(out) > 0; {
		n := min(int(block), len(out))
		if at, data, err = decodeDeltaBlock(d, out[:n], at, data, int(parts), int(block/parts)); err != nil {
			return nil, err
		}
		out = out[n:]
	}
	return data, nil
}

// decodeDeltaBlock fills out from a block, in parts of which each has room for partRows differences, and
// gives the last distance.
func decodeDeltaBlock[T integral](d *deltas, out []T, at uint64, data []byte, parts, partRows int) (uint64, []byte, error) {
	low, size := binary.Varint(data)
	if size <= 0 || len(data) < size+parts {
		return 0, nil, errDelta
	}
	widths := data[size : size+parts]
	data = data[size+parts:]
	for len(out) > 0 {
		width := int(widths[0])
		widths = widths[1:]
		stored := partRows / 8 * width
		if width > 64 || stored > len(data) {
			return 0, nil, errDelta
		}
		n := min(partRows, len(out))
		at = addDifferences(d, out[:n], at, uint64(low), withSlack(data, stored), uint(width))
		out, data = out[n:], data[stored:]
	}
	return at, data, nil
}

// withSlack gives data with at least nine readable bytes behind its first n.
func withSlack(data []byte, n int) []byte {
	if len(data) >= n+9 {
		return data
	}
	return append(append(make([]byte, 0, n+9), data[:n]...), make([]byte, 9)...)
}

// addDifferences sets out[i] to the distance before plus low plus the i-th number of width bits, and
// gives the last one.
func addDifferences[T integral](d *deltas, out []T, at, low uint64, packed []byte, width uint) uint64 {
	bit := uint(0)
	switch {
	case width == 0:
		far := d.far
		for i := range out {
			at += low
			x := at & d.keep
			far |= x | (d.span - x)
			out[i] = T(x)
		}
		d.far = far
		return at
	case width <= 14:
		n := len(out) &^ 3
		at = addQuads(d, out[:n], at, low, packed, width)
		out, bit = out[n:], uint(n)*width
	case width <= 28:
		n := len(out) &^ 1
		at = addPairs(d, out[:n], at, low, packed, width)
		out, bit = out[n:], uint(n)*width
	}
	return addSingles(d, out, at, low, packed, width, bit)
}

// addQuads reads four differences, of at most 14 bits, from a word.
func addQuads[T integral](d *deltas, out []T, at, low uint64, packed []byte, width uint) uint64 {
	mask, keep, span, far, bit := uint64(1)<<width-1, d.keep, d.span, d.far, uint(0)
	for len(out) >= 4 {
		x := binary.LittleEndian.Uint64(packed[bit>>3:]) >> (bit & 7)
		bit += 4 * width
		a := at + low + x&mask
		b := a + low + x>>(width&63)&mask
		c := b + low + x>>(2*width&63)&mask
		at = c + low + x>>(3*width&63)&mask
		a, b, c, last := a&keep, b&keep, c&keep, at&keep
		far |= a | (span - a) | b | (span - b) | c | (span - c) | last | (span - last)
		four := out[:4]
		four[0], four[1], four[2], four[3] = T(a), T(b), T(c), T(last)
		out = out[4:]
	}
	d.far = far
	return at
}

// addPairs reads two differences, of at most 28 bits, from a word.
func addPairs[T integral](d *deltas, out []T, at, low uint64, packed []byte, width uint) uint64 {
	mask, keep, span, far, bit := uint64(1)<<width-1, d.keep, d.span, d.far, uint(0)
	for len(out) >= 2 {
		x := binary.LittleEndian.Uint64(packed[bit>>3:]) >> (bit & 7)
		bit += 2 * width
		a := at + low + x&mask
		at = a + low + x>>(width&63)&mask
		a, last := a&keep, at&keep
		far |= a | (span - a) | last | (span - last)
		two := out[:2]
		two[0], two[1] = T(a), T(last)
		out = out[2:]
	}
	d.far = far
	return at
}

// addSingles reads differences one by one, from a bit on.
func addSingles[T integral](d *deltas, out []T, at, low uint64, packed []byte, width, bit uint) uint64 {
	mask, keep, span, far := ^uint64(0)>>(64-width), d.keep, d.span, d.far
	for i := range out {
		x := binary.LittleEndian.Uint64(packed[bit>>3:]) >> (bit & 7)
		if width > 56 {
			x |= uint64(packed[bit>>3+8]) << (64 - bit&7)
		}
		bit += width
		at += low + x&mask
		x = at & keep
		far |= x | (span - x)
		out[i] = T(x)
	}
	d.far = far
	return at
}

// decodeLengths reads the lengths of strings, one for each of out, and gives the bytes behind them, and
// the sum.
func decodeLengths(out []uint32, data []byte) (rest []byte, sum int64, err error) {
	d := newDeltas(0, math.MaxUint32, true)
	if rest, err = decodeDelta(&d, out, data); err != nil {
		return nil, 0, err
	}
	for _, x := range out {
		sum += int64(x)
	}
	if sum > int64(len(rest)) || bits.Len64(uint64(sum)) > 32 {
		return nil, 0, errDelta
	}
	return rest, sum, nil
}
