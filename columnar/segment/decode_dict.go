package segment

import (
	"encoding/binary"
	"fmt"
	"slices"

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
func (d *decoder) readCodes(body []byte, n int) (err error) {
	if len(body) == 0 || body[0] > 32 {
		return fmt.Errorf("page without a bit width")
	}
	d.codes, err = decodeHybrid(slices.Grow(d.codes, n), body[1:], int(body[0]), n)
	return err
}

// decodeHybrid appends n values of Parquet's run-length and bit-packed hybrid encoding.
func decodeHybrid(dst []uint32, data []byte, width, n int) ([]uint32, error) {
	end := len(dst) + n
	for len(dst) < end {
		header, size := binary.Uvarint(data)
		if size <= 0 {
			return nil, fmt.Errorf("run without a header")
		}
		data = data[size:]
		left := end - len(dst)
		if header&1 == 0 {
			bytes := (width + 7) / 8
			if len(data) < bytes {
				return nil, fmt.Errorf("run without a value")
			}
			var value uint32
			for i := range bytes {
				value |= uint32(data[i]) << (8 * i)
			}
			data = data[bytes:]
			for range min(uint64(left), header>>1) {
				dst = append(dst, value)
			}
			if header>>1 == 0 {
				return nil, fmt.Errorf("empty run")
			}
			continue
		}
		groups := header >> 1
		if groups == 0 || groups > 1<<28 || groups > uint64(len(data)) && width > 0 {
			return nil, fmt.Errorf("bit-packed run of %d groups", groups)
		}
		bytes := min(int(groups)*width, len(data))
		dst = unpack(dst, data[:bytes], width, min(left, int(groups)*8))
		data = data[bytes:]
	}
	return dst, nil
}

// unpack appends n values of width bits, least significant bit first; those beyond data are zeros.
func unpack(dst []uint32, data []byte, width, n int) []uint32 {
	from := len(dst)
	dst = slices.Grow(dst, n)[:from+n]
	out := dst[from:]
	mask := uint64(1)<<width - 1
	packed := withSlack(data, len(data))
	if missing := (n*width+7)/8 - len(data); missing > 0 {
		packed = append(packed[:len(data):len(data)], make([]byte, missing+9)...)
	}
	at := 0
	for i := range out {
		out[i] = uint32(binary.LittleEndian.Uint64(packed[at>>3:]) >> (at & 7) & mask)
		at += width
	}
	return dst
}

// setCoded puts the codes where their rows are.
func (d *decoder) setCoded(v *columnar.Vector) error {
	if d.dict == nil {
		return fmt.Errorf("no dictionary page")
	}
	for _, c := range d.codes {
		if int(c) >= d.dict.Values.Len {
			return fmt.Errorf("code %d beyond the dictionary's %d values", c, d.dict.Values.Len)
		}
	}
	setCodes(v, spread(d, d.codes, 0), d.dict)
	return nil
}
