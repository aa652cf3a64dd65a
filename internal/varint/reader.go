// Package varint reads what encoding/binary's Append functions wrote, of bytes that may be damaged.
package varint

import (
	"encoding/binary"
	"errors"
)

// Reader takes values off the front of a byte slice. After the first that is not there, Err is set and
// all values are zero.
type Reader struct {
	rest []byte
	err  error
}

var errShort = errors.New("the bytes end in the middle of a value")

// NewReader reads from b, which it shares.
func NewReader(b []byte) *Reader { return &Reader{rest: b} }

// Err is what was wrong, nil while all is well.
func (r *Reader) Err() error { return r.err }

// Len is the number of bytes left.
func (r *Reader) Len() int { return len(r.rest) }

func (r *Reader) fail() {
	r.rest = nil
	if r.err == nil {
		r.err = errShort
	}
}

// Uint reads an unsigned varint.
func (r *Reader) Uint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// Int reads a signed varint.
func (r *Reader) Int() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// Count reads the number of things that follow, each of at least `size` bytes, so that damage cannot
// ask for more memory than there are bytes.
func (r *Reader) Count(size int) int {
	n := r.Uint()
	if n > uint64(len(r.rest)/size) {
		r.fail()
		return 0
	}
	return int(n)
}

// Bytes reads a length and as many bytes, which are shared.
func (r *Reader) Bytes() []byte { return r.Take(r.Count(1)) }

// Take reads n bytes, which are shared.
func (r *Reader) Take(n int) []byte {
	if n > len(r.rest) {
		r.fail()
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if b := r.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// U32 reads four bytes, little-endian.
func (r *Reader) U32() uint32 {
	if b := r.Take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// U64 reads eight bytes, little-endian.
func (r *Reader) U64() uint64 {
	if b := r.Take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// AppendBytes writes what Bytes reads.
func AppendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}
