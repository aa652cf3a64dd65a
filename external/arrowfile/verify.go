package arrowfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// The IPC decoder trusts every count in a file's metadata and takes memory for it, beyond what a
// process can survive. verify walks over the metadata first (FlatBuffers, the tables of Arrow's
// Schema.fbs, Message.fbs and File.fbs) and compares each count with the bytes there are. What lies
// outside of a buffer panics, as everything about damaged files here may (see damage).

const (
	continuation = 0xFFFFFFFF
	// maxNodes bounds the tables of one message, maxDepth their nesting, maxRows a batch.
	maxNodes = 1 << 20
	maxDepth = 64
	maxRows  = 1 << 31
)

// message headers
const (
	headerSchema = iota + 1
	headerDictionary
	headerRecord
)

// metadata is one FlatBuffers buffer.
type metadata struct {
	b     []byte
	nodes int
}

func (m *metadata) fail(what string) { panic(fmt.Errorf("its metadata have a wrong %s", what)) }

// field gives the position of a table's field, 0 when it is absent.
func (m *metadata) field(table, slot int) int {
	vtable := table - int(int32(binary.LittleEndian.Uint32(m.b[table:])))
	if at := 4 + 2*slot; at+2 <= int(binary.LittleEndian.Uint16(m.b[vtable:])) {
		if offset := int(binary.LittleEndian.Uint16(m.b[vtable+at:])); offset != 0 {
			return table + offset
		}
	}
	return 0
}

// table follows the reference in a table's field; 0 when it is absent.
func (m *metadata) table(table, slot int) int {
	at := m.field(table, slot)
	if at == 0 {
		return 0
	}
	if m.nodes++; m.nodes > maxNodes {
		m.fail("number of parts")
	}
	return at + int(binary.LittleEndian.Uint32(m.b[at:]))
}

// vector gives the elements of a vector field of elements of size bytes.
func (m *metadata) vector(table, slot, size int) (start, n int) {
	start = m.table(table, slot)
	if start == 0 {
		return 0, 0
	}
	n = int(binary.LittleEndian.Uint32(m.b[start:]))
	if start += 4; n*size > len(m.b)-start {
		m.fail("length")
	}
	return start, n
}

func (m *metadata) int64(table, slot int) int64 {
	if at := m.field(table, slot); at != 0 {
		return int64(binary.LittleEndian.Uint64(m.b[at:]))
	}
	return 0
}

// pairs walks over a vector of KeyValue.
func (m *metadata) pairs(table, slot int) {
	start, n := m.vector(table, slot, 4)
	for i := range n {
		at := start + 4*i
		pair := at + int(binary.LittleEndian.Uint32(m.b[at:]))
		m.vector(pair, 0, 1)
		m.vector(pair, 1, 1)
	}
}

func (m *metadata) schema(table int) {
	m.fields(table, 1, 0)
	m.pairs(table, 2)
	m.vector(table, 3, 8)
}

// fields walks over a vector of Field and their children.
func (m *metadata) fields(table, slot, depth int) {
	if depth > maxDepth {
		m.fail("depth")
	}
	start, n := m.vector(table, slot, 4)
	for i := range n {
		at := start + 4*i
		field := at + int(binary.LittleEndian.Uint32(m.b[at:]))
		m.vector(field, 0, 1)
		if kind := m.table(field, 3); kind != 0 && m.field(field, 2) != 0 {
			const union, timestamp = 14, 10
			switch m.b[m.field(field, 2)] {
			case union:
				m.vector(kind, 1, 4)
			case timestamp:
				m.vector(kind, 1, 1)
			}
		}
		m.fields(field, 5, depth+1)
		m.pairs(field, 6)
	}
}

// record checks the header of a record batch with a body of so many bytes.
func (m *metadata) record(table int, body int64) {
	if rows := m.int64(table, 0); rows < 0 || rows > maxRows {
		m.fail("number of rows")
	}
	start, n := m.vector(table, 1, 16)
	for i := range n {
		if rows := int64(binary.LittleEndian.Uint64(m.b[start+16*i:])); rows < 0 || rows > maxRows {
			m.fail("number of values")
		}
	}
	start, n = m.vector(table, 2, 16)
	for i := range n {
		offset := int64(binary.LittleEndian.Uint64(m.b[start+16*i:]))
		length := int64(binary.LittleEndian.Uint64(m.b[start+16*i+8:]))
		if offset < 0 || length < 0 || offset > body || length > body-offset {
			m.fail("buffer")
		}
	}
	m.vector(table, 4, 8)
}

// message checks a message and gives the length of its body.
func (m *metadata) message(rest int64) (body int64) {
	root := int(binary.LittleEndian.Uint32(m.b))
	if body = m.int64(root, 3); body < 0 || body > rest {
		m.fail("length of a body")
	}
	header := m.table(root, 2)
	kind := m.field(root, 1)
	if header == 0 || kind == 0 {
		m.fail("header")
	}
	switch m.b[kind] {
	case headerSchema:
		m.schema(header)
	case headerDictionary:
		if data := m.table(header, 1); data != 0 {
			m.record(data, body)
		}
	case headerRecord:
		m.record(header, body)
	}
	m.pairs(root, 4)
	return body
}

// readAt reads exactly n bytes.
func readAt(r *io.SectionReader, at, n int64) []byte {
	if at < 0 || n < 0 || at > r.Size() || n > r.Size()-at {
		panic(fmt.Errorf("it is cut off at byte %d", r.Size()))
	}
	b := make([]byte, n)
	if _, err := r.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
		panic(err)
	}
	return b
}

// verifyMessage checks the message at a position and gives where the next one starts, or -1 behind
// the last.
func verifyMessage(r *io.SectionReader, at int64) int64 {
	head := readAt(r, at, min(8, r.Size()-at))
	if len(head) < 4 {
		return -1
	}
	length, start := int64(binary.LittleEndian.Uint32(head)), at+4
	if length == continuation && len(head) == 8 {
		length, start = int64(binary.LittleEndian.Uint32(head[4:])), at+8
	}
	if length == 0 {
		return -1
	}
	if length > math.MaxInt32 {
		panic(fmt.Errorf("a message of %d bytes", length))
	}
	m := metadata{b: readAt(r, start, length)}
	return start + length + m.message(r.Size()-start-length)
}

// verifyStream checks all messages of a stream.
func verifyStream(r *io.SectionReader) {
	for at := int64(0); at >= 0 && at < r.Size(); {
		at = verifyMessage(r, at)
	}
}

// verifyFile checks the footer of a file and the messages that it names.
func verifyFile(r *io.SectionReader) {
	const tail = 10 // the footer's length and the magic
	end := r.Size() - tail
	length := int64(binary.LittleEndian.Uint32(readAt(r, end, 4)))
	m := metadata{b: readAt(r, end-length, length)}
	root := int(binary.LittleEndian.Uint32(m.b))
	if schema := m.table(root, 1); schema != 0 {
		m.schema(schema)
	}
	for _, slot := range []int{2, 3} {
		start, n := m.vector(root, slot, 24)
		for i := range n {
			block := m.b[start+24*i:]
			offset := int64(binary.LittleEndian.Uint64(block))
			meta := int64(int32(binary.LittleEndian.Uint32(block[8:])))
			body := int64(binary.LittleEndian.Uint64(block[16:]))
			if offset < 0 || meta < 0 || body < 0 || offset > r.Size()-meta || body > r.Size()-meta-offset {
				m.fail("place of a batch")
			}
			verifyMessage(r, offset)
		}
	}
	m.pairs(root, 4)
}
