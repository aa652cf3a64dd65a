package segment

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/parquet"
)

// page is a page of a column chunk.
type page struct {
	kind     int
	values   int // NULLs included
	encoding parquet.Encoding
	body     []byte
}

var errPageHeader = errors.New("a page header that cannot be read")

// nextPage takes the first page off a column chunk's bytes.
func nextPage(data []byte) (p page, rest []byte, err error) {
	r := thriftReader{data: data}
	size, stored := -1, -1
	p.kind = -1
	r.fields(func(field, kind int) {
		switch {
		case field == 1 && kind == thriftI32:
			p.kind = r.i32()
		case field == 2 && kind == thriftI32:
			size = r.i32()
		case field == 3 && kind == thriftI32:
			stored = r.i32()
		case (field == 5 || field == 7) && kind == thriftStruct:
			r.pageDescription(&p)
		default:
			r.skip(kind, 0)
		}
	})
	if r.failed || size < 0 || size != stored || size > len(r.data) || p.values < 0 {
		return p, nil, errPageHeader
	}
	p.body = r.data[:size]
	return p, r.data[size:], nil
}

// pageDescription reads what data pages and dictionary pages have in common.
func (r *thriftReader) pageDescription(p *page) {
	r.fields(func(field, kind int) {
		switch {
		case field == 1 && kind == thriftI32:
			p.values = r.i32()
		case field == 2 && kind == thriftI32:
			p.encoding = parquet.Encoding(r.i32())
		default:
			r.skip(kind, 0)
		}
	})
}

// thriftReader reads Thrift's compact protocol.
type thriftReader struct {
	data   []byte
	failed bool
}

// fields calls visit for every field of a struct, until its end.
func (r *thriftReader) fields(visit func(field, kind int)) {
	field := 0
	for !r.failed {
		head := r.byte()
		if head == 0 {
			return
		}
		if step := int(head >> 4); step != 0 {
			field += step
		} else {
			field = r.i32()
		}
		visit(field, int(head&15))
	}
}

func (r *thriftReader) byte() byte {
	if len(r.data) == 0 {
		r.failed = true
		return 0
	}
	b := r.data[0]
	r.data = r.data[1:]
	return b
}

func (r *thriftReader) i32() int {
	x, n := binary.Varint(r.data)
	if n <= 0 || x != int64(int32(x)) {
		r.failed = true
		return 0
	}
	r.data = r.data[n:]
	return int(x)
}

// skip passes over a value; those that no page header of ours has fail.
func (r *thriftReader) skip(kind, depth int) {
	const byteType, i16, i64, doubleType, binaryType = 3, 4, 6, 7, 8
	switch {
	case kind == 1 || kind == 2: // booleans are their type
	case kind == byteType:
		r.byte()
	case kind == i16 || kind == thriftI32 || kind == i64:
		for r.byte()&0x80 != 0 && !r.failed {
		}
	case kind == doubleType || kind == binaryType:
		size, n := uint64(8), 0
		if kind == binaryType {
			size, n = binary.Uvarint(r.data)
		}
		if n < 0 || kind == binaryType && n == 0 || size > uint64(len(r.data)-n) {
			r.failed = true
			return
		}
		r.data = r.data[n+int(size):]
	case kind == thriftStruct && depth < 4:
		r.fields(func(_, kind int) { r.skip(kind, depth+1) })
	default:
		r.failed = true
	}
}

// splitLevels takes the definition levels off a data page.
func splitLevels(body []byte) (levels, values []byte, err error) {
	if len(body) < 4 {
		return nil, nil, fmt.Errorf("page without levels")
	}
	size := binary.LittleEndian.Uint32(body)
	if uint64(size) > uint64(len(body)-4) {
		return nil, nil, fmt.Errorf("levels longer than their page")
	}
	return body[4 : 4+size], body[4+size:], nil
}
