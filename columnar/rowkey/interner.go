package rowkey

import (
	"bytes"
	"math/bits"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Interner gives distinct byte strings dense codes from 0 in order of arrival. It belongs to one
// goroutine while it grows; Find may be called by many afterwards.
type Interner struct {
	arena   *mem.Arena
	slots   []uint32 // code + 1; 0 is empty
	hashes  []uint32
	offsets []uint32
	bytes   []byte
	known   map[*columnar.Dictionary][]uint32
	shown   *columnar.Dictionary
}

// NewInterner makes an empty interner.
func NewInterner(arena *mem.Arena) *Interner {
	n := &Interner{arena: arena, known: map[*columnar.Dictionary][]uint32{}}
	n.offsets = mem.Append(arena, n.offsets, 0)
	n.slots = mem.Alloc[uint32](arena, 64, true)
	return n
}

// Len is the number of distinct strings.
func (n *Interner) Len() int { return len(n.hashes) }

// same reports that two interners, either of which may be nil, give every string the same code.
func (n *Interner) same(m *Interner) bool {
	if n == nil || m == nil || n == m {
		return n == m
	}
	return slices.Equal(n.offsets, m.offsets) && bytes.Equal(n.bytes, m.bytes)
}

// Value is the string of a code, borrowed until the next Add.
func (n *Interner) Value(code uint32) []byte {
	return n.bytes[n.offsets[code]:n.offsets[code+1]:n.offsets[code+1]]
}

// Find gives the code of s, or None.
func (n *Interner) Find(s []byte) uint32 {
	code, _ := n.find(s, uint32(xxh3.Hash(s)))
	return code
}

func (n *Interner) find(s []byte, hash uint32) (code uint32, slot uint32) {
	mask := uint32(len(n.slots) - 1)
	for h := hash & mask; ; h = (h + 1) & mask {
		code := n.slots[h] - 1
		if code == None {
			return None, h
		}
		if n.hashes[code] == hash && bytes.Equal(n.Value(code), s) {
			return code, h
		}
	}
}

// Add gives the code of s, a new one if need be.
func (n *Interner) Add(s []byte) uint32 {
	hash := uint32(xxh3.Hash(s))
	code, slot := n.find(s, hash)
	if code != None {
		return code
	}
	if len(n.bytes)+len(s) > 1<<32-1 {
		panic(sqlerr.New(sqlerr.ProgramLimitExceeded, "distinct keys take more than 4 GiB"))
	}
	code = uint32(len(n.hashes))
	n.hashes = mem.Append(n.arena, n.hashes, hash)
	n.bytes = mem.Append(n.arena, n.bytes, s...)
	n.offsets = mem.Append(n.arena, n.offsets, uint32(len(n.bytes)))
	n.slots[slot] = code + 1
	if 2*len(n.hashes) > len(n.slots) {
		n.grow()
	}
	return code
}

func (n *Interner) grow() {
	n.slots = mem.Alloc[uint32](n.arena, 1<<bits.Len(uint(2*len(n.slots)-1)), true)
	mask := uint32(len(n.slots) - 1)
	for code, hash := range n.hashes {
		h := hash & mask
		for n.slots[h] != 0 {
			h = (h + 1) & mask
		}
		n.slots[h] = uint32(code) + 1
	}
}

// translation gives the table from d's codes to own ones, None where not looked up yet.
func (n *Interner) translation(d *columnar.Dictionary) []uint32 {
	table, ok := n.known[d]
	if !ok {
		table = mem.Alloc[uint32](n.arena, d.Values.Len, false)
		for i := range table {
			table[i] = None
		}
		n.known[d] = table
	}
	return table
}

// Translate gives the table from d's codes to own ones, adding all of d's values.
func (n *Interner) Translate(d *columnar.Dictionary) []uint32 {
	table := n.translation(d)
	for i := range table {
		if table[i] == None {
			table[i] = n.Add(d.Values.Row(i))
		}
	}
	return table
}

// Dictionary shows the strings as a dictionary whose codes are the interner's, the same one until the
// interner grows.
func (n *Interner) Dictionary(t types.Type) *columnar.Dictionary {
	if n.shown == nil || n.shown.Values.Len != n.Len() || n.shown.Values.Type != t {
		n.shown = &columnar.Dictionary{Values: &columnar.Vector{
			Type: t, Layout: columnar.Str, Len: n.Len(), Offsets: n.offsets, Bytes: n.bytes, Shared: true,
		}}
	}
	return n.shown
}
