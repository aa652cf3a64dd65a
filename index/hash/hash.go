// Package hash is the hash index of one chunk: the rows of every hash value lie together, with a part
// of the hash that passes over most of the others.
package hash

import (
	"math/bits"

	"github.com/zeebo/xxh3"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/types"
)

// rowBits are the low bits of an entry that hold the row; the others hold a fingerprint.
const rowBits = 17

const _ = uint(1<<rowBits - segment.MaxRows) // rows fit

// rowsPerBucket is about how many rows share a bucket: it trades 4 bytes a bucket for a comparison.
const rowsPerBucket = 2

// Component is the hash index of one chunk (see package index). Rows with a NULL among the key columns
// are not in it.
type Component struct {
	starts  []uint32 // of each bucket in entries; one more than buckets
	entries []uint32 // fingerprint and row
}

var _ index.Component = (*Component)(nil)

// Build makes the index of a chunk's rows by the given columns.
func Build(columns []*columnar.Vector, rows int) *Component {
	hashes := make([]uint64, 0, rows)
	kept := make([]uint32, 0, rows)
	var key []byte
	for i := range rows {
		if !ordered.HasNull(columns, i) {
			key = ordered.AppendKey(key[:0], columns, i)
			hashes = append(hashes, xxh3.Hash(key))
			kept = append(kept, uint32(i))
		}
	}
	buckets := 1 << bits.Len(uint(len(kept)/rowsPerBucket))
	c := &Component{starts: make([]uint32, buckets+1), entries: make([]uint32, len(kept))}
	for _, h := range hashes {
		c.starts[c.bucket(h)+1]++
	}
	for b := 1; b <= buckets; b++ {
		c.starts[b] += c.starts[b-1]
	}
	next := append([]uint32(nil), c.starts[:buckets]...)
	for i, h := range hashes {
		b := c.bucket(h)
		c.entries[next[b]] = fingerprint(h)<<rowBits | kept[i]
		next[b]++
	}
	return c
}

// bucket takes the low bits of a hash, fingerprint the high ones.
func (c *Component) bucket(h uint64) int { return int(h & uint64(len(c.starts)-2)) }

func fingerprint(h uint64) uint32 { return uint32(h >> (32 + rowBits)) }

// Find implements index.Component. The lookup fixes all key columns.
func (c *Component) Find(columns []*columnar.Vector, l *index.Lookup, dst []uint32) []uint32 {
	return c.find(columns, l.Equal, Of(columns, l.Equal), dst)
}

func (c *Component) find(columns []*columnar.Vector, key []types.Value, h uint64, dst []uint32) []uint32 {
	b, mark := c.bucket(h), fingerprint(h)
	for _, e := range c.entries[c.starts[b]:c.starts[b+1]] {
		if e>>rowBits != mark {
			continue
		}
		if row := e & (1<<rowBits - 1); ordered.CompareKey(columns, int(row), key) == 0 {
			dst = append(dst, row)
		}
	}
	return dst
}

// Of is the hash of a key, whose values have the columns' types.
func Of(columns []*columnar.Vector, key []types.Value) uint64 {
	var room [64]byte
	b := room[:0]
	for i := range key {
		b = ordered.AppendValue(b, columns[i].Type, &key[i])
	}
	return xxh3.Hash(b)
}

// Bytes is the memory that the component takes.
func (c *Component) Bytes() int64 { return 64 + 4*int64(len(c.starts)+len(c.entries)) }

// AppendTo implements index.Component: the buckets' starts, then the entries.
func (c *Component) AppendTo(dst []byte) []byte {
	return index.AppendRows(index.AppendRows(dst, c.starts), c.entries)
}

// Decode reads what AppendTo wrote for a chunk of so many rows.
func Decode(data []byte, rows int) (*Component, error) {
	r := index.Reader{Data: data}
	c := &Component{starts: r.Numbers(2*segment.MaxRows + 1), entries: r.Numbers(rows)}
	return c, r.Finish(c.sound(rows))
}

// sound: the number of buckets is a power of two, starts ascend through the entries, rows exist.
func (c *Component) sound(rows int) bool {
	buckets := len(c.starts) - 1
	if buckets < 1 || buckets&(buckets-1) != 0 || c.starts[0] != 0 || int(c.starts[buckets]) != len(c.entries) {
		return false
	}
	for b := range buckets {
		if c.starts[b] > c.starts[b+1] {
			return false
		}
	}
	for _, e := range c.entries {
		if int(e&(1<<rowBits-1)) >= rows {
			return false
		}
	}
	return true
}
