package rowkey

import (
	"math/bits"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
)

// Table gives distinct 64-bit keys dense numbers from 0 in order of arrival: 4-byte slots of a power
// of two, at most half full, one multiply as hash, linear probing. It belongs to one goroutine while
// it grows; Find may be called by many afterwards.
type Table struct {
	arena *mem.Arena
	slots []uint32 // number + 1; 0 is empty
	keys  []uint64
	shift uint // of the hash, so that its wanted bits come lowest
	skip  uint // leading hash bits that all keys share
}

const multiplier = 0x9E3779B97F4A7C15

// Hash is the hash of a packed key; its upper bits are good.
func Hash(key uint64) uint64 { return key * multiplier }

// NewTable makes a table with room for size keys. skip leading bits of the hash are ignored: those
// that chose a partition.
func NewTable(arena *mem.Arena, size int, skip uint) *Table {
	t := &Table{arena: arena, skip: skip}
	t.rebuild(max(64, 1<<bits.Len(uint(2*size))))
	return t
}

// Len is the number of keys.
func (t *Table) Len() int { return len(t.keys) }

// Keys lists the keys by number; valid until the next change.
func (t *Table) Keys() []uint64 { return t.keys }

// Clear forgets all keys and keeps the memory; size is the number of keys expected.
func (t *Table) Clear(size int) {
	t.keys = t.keys[:0]
	want := max(64, 1<<bits.Len(uint(2*size)))
	if want > cap(t.slots) {
		t.rebuild(want)
		return
	}
	t.slots = t.slots[:want]
	t.shift = 64 - t.skip - uint(bits.TrailingZeros(uint(want)))
	clear(t.slots)
}

// Replace puts keys, which must be distinct, in place of the old ones, numbered by position.
func (t *Table) Replace(keys []uint64) {
	t.keys = append(mem.Grow(t.arena, t.keys[:0], len(keys)), keys...)
	t.rebuild(max(len(t.slots), 1<<bits.Len(uint(2*len(keys)))))
}

func (t *Table) rebuild(slots int) {
	if slots > cap(t.slots) {
		t.slots = mem.Alloc[uint32](t.arena, slots, true)
	} else {
		t.slots = t.slots[:slots]
		clear(t.slots)
	}
	t.shift = 64 - t.skip - uint(bits.TrailingZeros(uint(slots)))
	s, mask := t.slots, uint64(slots-1)
	for id, k := range t.keys {
		h := Hash(k) >> t.shift & mask
		for s[h] != 0 {
			h = (h + 1) & mask
		}
		s[h] = uint32(id) + 1
	}
}

// FindOrAdd writes the number of every key into ids, adding the new ones.
func (t *Table) FindOrAdd(keys []uint64, ids []uint32) {
	ids = ids[:len(keys)]
	for len(keys) > 0 {
		// Room for a whole stretch is made beforehand, so that the loop never grows the slots.
		n := min(len(keys), columnar.BatchSize)
		for len(t.keys)+n > len(t.slots)/2 {
			t.rebuild(2 * len(t.slots))
		}
		t.addStretch(keys[:n], ids)
		keys, ids = keys[n:], ids[n:]
	}
}

func (t *Table) addStretch(keys []uint64, ids []uint32) {
	ids = ids[:len(keys)]
	have := mem.Grow(t.arena, t.keys, len(t.keys)+len(keys))
	s, shift := t.slots, t.shift
	mask := uint64(len(s) - 1)
	for i, k := range keys {
		h := k * multiplier >> shift & mask
		for {
			id := s[h]
			if id == 0 {
				have = append(have, k)
				s[h] = uint32(len(have))
				ids[i] = uint32(len(have)) - 1
				break
			}
			if have[id-1] == k {
				ids[i] = id - 1
				break
			}
			h = (h + 1) & mask
		}
	}
	t.keys = have
}

// Find writes the number of every key into ids, None for absent ones.
func (t *Table) Find(keys []uint64, ids []uint32) {
	ids = ids[:len(keys)]
	s, have, shift := t.slots, t.keys, t.shift
	mask := uint64(len(s) - 1)
	for i, k := range keys {
		h := k * multiplier >> shift & mask
		id := s[h]
		for id != 0 && have[id-1] != k {
			h = (h + 1) & mask
			id = s[h]
		}
		ids[i] = id - 1 // 0 becomes None
	}
}
