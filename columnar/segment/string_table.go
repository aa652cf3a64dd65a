package segment

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/zeebo/xxh3"

	"github.com/oxidb/oxidb/columnar"
)

// stringTable numbers different strings in order of appearance, up to a limit, by open addressing.
type stringTable struct {
	mask  uint64
	slots []uint32 // code+1, 0 for free
	rows  []uint32 // per code, the row it was first seen at
	keys  []stringKey
	limit int
}

// stringKey is a string of up to 16 bytes itself, or the hash of a longer one.
type stringKey struct {
	low, high uint64
	size      uint32
}

// shortString is the longest string that a key holds whole.
const shortString = 16

func newStringTable(limit int) *stringTable {
	size := 1024
	for size < 2*limit {
		size *= 2
	}
	return &stringTable{mask: uint64(size - 1), slots: make([]uint32, size), limit: limit}
}

// code is the number of row i's string; false when it would be one too many.
func (t *stringTable) code(v *columnar.Vector, i uint32) (uint32, bool) {
	key := keyOf(v.Bytes, v.Offsets[i], v.Offsets[i+1])
	for at := key.hash() & t.mask; ; at = (at + 1) & t.mask {
		slot := t.slots[at]
		if slot == 0 {
			if len(t.rows) >= t.limit {
				return 0, false
			}
			t.rows, t.keys = append(t.rows, i), append(t.keys, key)
			t.slots[at] = uint32(len(t.rows))
			return uint32(len(t.rows)) - 1, true
		}
		if t.keys[slot-1] == key && (key.size <= shortString || bytes.Equal(v.Row(int(t.rows[slot-1])), v.Row(int(i)))) {
			return slot - 1, true
		}
	}
}

// keyOf makes the key of data[from:to].
func keyOf(data []byte, from, to uint32) stringKey {
	key := stringKey{size: to - from}
	switch {
	case key.size > shortString:
		key.low = xxh3.Hash(data[from:to])
	case int(from)+shortString > len(data):
		var padded [shortString]byte
		copy(padded[:], data[from:to])
		key.low, key.high = binary.LittleEndian.Uint64(padded[:]), binary.LittleEndian.Uint64(padded[8:])
	case key.size > 8:
		window := data[from : from+shortString]
		key.low = binary.LittleEndian.Uint64(window)
		key.high = binary.LittleEndian.Uint64(window[8:]) & (1<<(8*(key.size-8)) - 1)
	default:
		key.low = binary.LittleEndian.Uint64(data[from:from+shortString]) & (1<<(8*key.size) - 1)
	}
	return key
}

// hash mixes the key's words by one multiplication, as wyhash does.
func (k *stringKey) hash() uint64 {
	high, low := bits.Mul64(k.low^0xa0761d6478bd642f, k.high^uint64(k.size)^0xe7037ed1a0b428db)
	return high ^ low
}
