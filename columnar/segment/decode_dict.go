package segment

import (
	"encoding/binary"
	"fmt"

	"github.com/oxidb/oxidb/columnar"
)

// dictionary decodes a page of plain strings.
func (d *decoder) dictionary(data []byte, n int) (*columnar.Dictionary, error) {
	if n < 0 || n > len(data)/4 {
		return nil, fmt.Errorf("dictionary page is too short")
	}
	values := &columnar.Vector{Type: d.column.Type, Layout: columnar.Str, Len: n, Shared: true,
		Offsets: make([]uint32, 1, n+1), Bytes: make([]byte, 0, len(data))}
	for range n {
		if len(data) < 4 {
			return nil, fmt.Errorf("dictionary page is too short")
		}
		size := int(binary.LittleEndian.Uint32(data))
		if size > len(data)-4 {
			return nil, fmt.Errorf("dictionary page is too short")
		}
		values.Bytes = append(values.Bytes, data[4:4+size]...)
		values.Offsets = append(values.Offsets, uint32(len(values.Bytes)))
		data = data[4+size:]
	}
	return d.dicts.intern(&columnar.Dictionary{Values: values, Sorted: true}), nil
}

// readCodes appends the n codes of a data page.
func (d *decoder) readCodes(body []byte, n int) error {
	if len(body) == 0 || body[0] > 32 {
		return fmt.Errorf("page without a bit width")
	}
	if d.dict == nil {
		return fmt.Errorf("no dictionary page")
	}
	if !d.narrow.begun {
		d.narrow.start(uint64(max(d.dict.Values.Len, 1)-1), d.rows)
	}
	body, width := body[1:], int(body[0])
	at, top := d.values-n, &d.narrow.top
	switch d.narrow.layout {
	case columnar.U8:
		return decodeHybrid(d.narrow.u8[at:d.values], body, width, top)
	case columnar.U16:
		return decodeHybrid(d.narrow.u16[at:d.values], body, width, top)
	default:
		return decodeHybrid(d.narrow.u32[at:d.values], body, width, top)
	}
}

// decodeHybrid sets out to values of Parquet's run-length and bit-packed hybrid encoding, and top to the
// bits that any has, which may be more than T holds.
func decodeHybrid[T uint8 | uint16 | uint32](out []T, data []byte, width int, top *uint32) error {
	for len(out) > 0 {
		header, size := binary.Uvarint(data)
		if size <= 0 {
			return fmt.Errorf("run without a header")
		}
		data = data[size:]
		if header&1 == 0 {
			n, err := decodeRun(out, data, header>>1, width, top)
			if err != nil {
				return err
			}
			out, data = out[n:], data[(width+7)/8:]
			continue
		}
		groups := header >> 1
		if groups == 0 || groups > 1<<28 || groups > uint64(len(data)) && width > 0 {
			return fmt.Errorf("bit-packed run of %d groups", groups)
		}
		bytes, n := min(int(groups)*width, len(data)), min(len(out), int(groups)*8)
		*top |= unpack(out[:n], data[:bytes], uint(width))
		out, data = out[n:], data[bytes:]
	}
	return nil
}

// decodeRun fills out with the value that data begins with, n times at most, and gives how often.
func decodeRun[T uint8 | uint16 | uint32](out []T, data []byte, n uint64, width int, top *uint32) (int, error) {
	bytes := (width + 7) / 8
	if len(data) < bytes {
		return 0, fmt.Errorf("run without a value")
	}
	if n == 0 {
		return 0, fmt.Errorf("empty run")
	}
	var value uint32
	for i := range bytes {
		value |= uint32(data[i]) << (8 * i)
	}
	*top |= value
	out = out[:min(uint64(len(out)), n)]
	for i := range out {
		out[i] = T(value)
	}
	return len(out), nil
}

// unpack sets out to values of width bits, least significant bit first; those beyond data are zeros. It
// gives the bits that any has.
func unpack[T uint8 | uint16 | uint32](out []T, data []byte, width uint) (top uint32) {
	packed := withSlack(data, len(data))
	if missing := (len(out)*int(width)+7)/8 - len(data); missing > 0 {
		packed = append(packed[:len(data):len(data)], make([]byte, missing+9)...)
	}
	mask, bit := uint64(1)<<width-1, uint(0)
	if width <= 14 {
		top, bit = unpackQuads(out[:len(out)&^3], packed, width)
		out = out[len(out)&^3:]
	}
	for i := range out {
		x := binary.LittleEndian.Uint64(packed[bit>>3:]) >> (bit & 7) & mask
		bit += width
		top |= uint32(x)
		out[i] = T(x)
	}
	return top
}

// unpackQuads reads four values, of at most 14 bits, from a word, and gives the bit behind them.
func unpackQuads[T uint8 | uint16 | uint32](out []T, packed []byte, width uint) (top uint32, bit uint) {
	mask, seen := uint64(1)<<width-1, uint64(0)
	for len(out) >= 4 {
		x := binary.LittleEndian.Uint64(packed[bit>>3:]) >> (bit & 7)
		bit += 4 * width
		a, b, c, d := x&mask, x>>(width&63)&mask, x>>(2*width&63)&mask, x>>(3*width&63)&mask
		seen |= a | b | c | d
		four := out[:4]
		four[0], four[1], four[2], four[3] = T(a), T(b), T(c), T(d)
		out = out[4:]
	}
	return uint32(seen), bit
}

// setCoded puts the codes where their rows are.
func (d *decoder) setCoded(v *columnar.Vector) error {
	if d.dict == nil {
		return fmt.Errorf("no dictionary page")
	}
	n, w := d.dict.Values.Len, &d.narrow
	if !w.begun { // all are NULL
		w.start(uint64(max(n, 1)-1), d.rows)
	}
	// The or of all codes bounds them in most cases; else they are compared one by one.
	if d.values > 0 && int(w.top) >= n {
		if top := w.most(d.values); w.top>>(8*w.size()) != 0 || int(top) >= n {
			return fmt.Errorf("code %d beyond the dictionary's %d values", max(top, w.top), n)
		}
	}
	v.Enc, v.Dict = columnar.Dict, d.dict
	w.set(d, v)
	return nil
}
