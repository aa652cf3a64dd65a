package segment

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/oxidb/oxidb/columnar"
)

// readDict reads a dictionary-coded column page by page, so that codes stay codes.
func (d *decoder) readDict(group *file.RowGroupReader, ordinal int) (v *columnar.Vector, err error) {
	pages, err := group.GetColumnPageReader(ordinal)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pages.Close()) }()
	var dict *columnar.Dictionary
	codes := make([]uint32, 0, d.rows)
	levels := make([]uint32, 0, d.rows)
	for pages.Next() {
		switch page := pages.Page().(type) {
		case *file.DictionaryPage:
			if dict, err = d.dictionary(page.Data(), int(page.NumValues())); err != nil {
				return nil, err
			}
		case *file.DataPageV1:
			if codes, levels, err = d.codePage(page.Data(), int(page.NumValues()), codes, levels); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("unexpected page %T", page)
		}
	}
	if err := pages.Err(); err != nil {
		return nil, err
	}
	if dict == nil {
		return nil, fmt.Errorf("no dictionary page")
	}
	return d.codedVector(dict, codes, levels)
}

// dictionary decodes a page of plain strings.
func (d *decoder) dictionary(data []byte, n int) (*columnar.Dictionary, error) {
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

// codePage decodes a data page: levels unless the column is required, then the codes of the values.
func (d *decoder) codePage(data []byte, n int, codes, levels []uint32) ([]uint32, []uint32, error) {
	values := n
	if !d.column.Required {
		if len(data) < 4 {
			return nil, nil, fmt.Errorf("page without levels")
		}
		size := int(binary.LittleEndian.Uint32(data))
		if size > len(data)-4 {
			return nil, nil, fmt.Errorf("levels longer than their page")
		}
		from := len(levels)
		var err error
		if levels, err = decodeHybrid(levels, data[4:4+size], 1, n); err != nil {
			return nil, nil, err
		}
		values = 0
		for _, level := range levels[from:] {
			values += int(level)
		}
		data = data[4+size:]
	}
	if values == 0 {
		return codes, levels, nil
	}
	if len(data) == 0 || data[0] > 32 {
		return nil, nil, fmt.Errorf("page without a bit width")
	}
	codes, err := decodeHybrid(codes, data[1:], int(data[0]), values)
	return codes, levels, err
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
		if groups == 0 || groups > uint64(len(data)) && width > 0 {
			return nil, fmt.Errorf("bit-packed run of %d groups", groups)
		}
		bytes := min(int(groups)*width, len(data))
		dst = unpack(dst, data[:bytes], width, min(left, int(groups)*8))
		data = data[bytes:]
	}
	return dst, nil
}

// unpack appends n values of width bits, least significant bit first.
func unpack(dst []uint32, data []byte, width, n int) []uint32 {
	var buffer uint64
	held, at := 0, 0
	mask := uint64(1)<<width - 1
	for range n {
		for held < width {
			if at < len(data) {
				buffer |= uint64(data[at]) << held
				at++
			}
			held += 8
		}
		dst = append(dst, uint32(buffer&mask))
		buffer >>= width
		held -= width
	}
	return dst
}

func (d *decoder) codedVector(dict *columnar.Dictionary, codes, levels []uint32) (*columnar.Vector, error) {
	if rows := max(len(codes), len(levels)); rows != d.rows {
		return nil, fmt.Errorf("%d rows, expected %d", rows, d.rows)
	}
	for _, c := range codes {
		if int(c) >= dict.Values.Len {
			return nil, fmt.Errorf("code %d beyond the dictionary's %d values", c, dict.Values.Len)
		}
	}
	defined := make([]int16, len(levels))
	for i, level := range levels {
		defined[i] = int16(level)
	}
	if err := d.setLevels(defined, len(codes)); err != nil {
		return nil, err
	}
	v := &columnar.Vector{Type: d.column.Type, Len: d.rows, Shared: true, Valid: d.valid}
	setCodes(v, spread(d, codes, 0), dict)
	return v, nil
}
