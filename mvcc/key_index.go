package mvcc

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"sync"

	"github.com/oxidb/oxidb/columnar"
)

// keyIndex finds rows of the open chunk of a table, or of a transaction, by key. It catches up with
// the chunk when it is asked. It holds no pointer a row: with every commit the collector would go
// through all of them.
type keyIndex struct {
	mu    sync.Mutex
	chunk *chunk
	seed  maphash.Seed
	last  map[uint64]uint32 // the last row whose key has a hash, plus 1
	next  []uint32          // per row, the one before it with its key's hash, plus 1; 0 for none

	vectors []columnar.Vector
	columns []*columnar.Vector // the key's, of the rows in next
	buf     []byte
}

// find appends the rows of chunk c with a key; the caller keeps the chunk's builders from changing.
func (x *keyIndex) find(s *Schema, k *Key, c *chunk, key []byte, dst []uint32) []uint32 {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.chunk != c || len(x.next) > c.rows {
		x.chunk, x.seed, x.last, x.next = c, maphash.MakeSeed(), map[uint64]uint32{}, nil
	}
	if len(x.next) < c.rows {
		x.catchUp(s, k)
	}
	for at := x.last[maphash.Bytes(x.seed, key)]; at != 0; at = x.next[at-1] {
		if x.buf = k.append(x.buf[:0], x.columns, int(at-1)); bytes.Equal(x.buf, key) {
			dst = append(dst, at-1)
		}
	}
	return dst
}

// catchUp adds the chunk's rows that are new.
func (x *keyIndex) catchUp(s *Schema, k *Key) {
	if x.vectors == nil {
		x.vectors, x.columns = make([]columnar.Vector, len(k.Fields)), make([]*columnar.Vector, len(k.Fields))
	}
	x.chunk.keyPrefixInto(s, k, x.chunk.rows, x.vectors, x.columns)
	for i := len(x.next); i < x.chunk.rows; i++ {
		x.next = append(x.next, 0)
		if k.covers(x.columns, i) {
			x.buf = k.append(x.buf[:0], x.columns, i)
			hash := maphash.Bytes(x.seed, x.buf)
			x.next[i] = x.last[hash]
			x.last[hash] = uint32(i) + 1
		}
	}
}

// keyPrefix is the key columns of an open chunk's first rows.
func (c *chunk) keyPrefix(s *Schema, k *Key, rows int) []*columnar.Vector {
	columns := make([]*columnar.Vector, len(k.Fields))
	c.keyPrefixInto(s, k, rows, make([]columnar.Vector, len(k.Fields)), columns)
	return columns
}

// keyPrefixInto sets columns to the key columns of an open chunk's first rows; vectors is memory for them.
func (c *chunk) keyPrefixInto(s *Schema, k *Key, rows int, vectors []columnar.Vector, columns []*columnar.Vector) {
	for i, f := range k.Fields {
		if def := s.computed(f); def != nil {
			columns[i] = c.computedPrefix(s, def, rows)
		} else if at := c.field(f); at >= 0 {
			columns[i] = &vectors[i]
			c.builders[at].ViewIn(columns[i], rows)
		} else {
			columns[i] = missingColumn(&s.Columns[s.ordinal(f)], rows)
		}
	}
}

// searchOpen looks for the keys in an open chunk, whose builders the caller keeps from changing.
func (x *keyIndex) searchOpen(p *probe, t *target) error {
	return x.search(p, t.chunk, func(row, other uint32) error { return t.conflict(p, row, other) })
}

// search calls found with each of the probe's rows that has the key of a row of an open chunk, and with
// that row, until it fails.
func (x *keyIndex) search(p *probe, c *chunk, found func(row, other uint32) error) error {
	var key []byte
	var others []uint32
	for _, row := range p.rows {
		key = p.key.append(key[:0], p.columns, int(row))
		others = x.find(p.schema, p.key, c, key, others[:0])
		for _, other := range others {
			if err := found(row, other); err != nil {
				return err
			}
		}
	}
	return nil
}

func newKeyIndexes(n int) []*keyIndex {
	all := make([]*keyIndex, n)
	for i := range all {
		all[i] = &keyIndex{}
	}
	return all
}

// keyIndex is the table's index of the open chunk by a key, which may be a transaction's own.
func (t *table) keyIndex(k *Key) *keyIndex {
	var room [64]byte
	name := k.appendName(room[:0])
	t.keysMu.Lock()
	defer t.keysMu.Unlock()
	if x := t.keys[string(name)]; x != nil {
		return x
	}
	if t.keys == nil {
		t.keys = map[string]*keyIndex{}
	}
	x := &keyIndex{}
	t.keys[string(name)] = x
	return x
}

// appendName appends what tells keys apart: what they are made of.
func (k *Key) appendName(dst []byte) []byte {
	for _, f := range k.Fields {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(f))
	}
	if k.NullsEqual {
		dst = append(dst, '=')
	}
	return dst
}

func (k *Key) fieldsName() string { return string(k.appendName(nil)) }
