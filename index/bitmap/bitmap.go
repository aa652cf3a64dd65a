// Package bitmap is the bitmap index of one chunk: a compressed set of rows for every different key
// (RoaringBitmap), in the order of the keys. Sets of several indexes are intersected and united before
// any row is read.
package bitmap

import (
	"sort"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/index/ordered"
)

// Component is the bitmap index of one chunk (see package index). A key is known by the first row that
// has it. Rows with NULL in some key columns have keys, too, which are above those with values there.
type Component struct {
	keys []uint32 // the first row of each key, in the order of the keys
	sets []*roaring.Bitmap
	// partial is the place of the first key with a NULL: those are ordered by themselves.
	partial int
}

var _ index.Component = (*Component)(nil)

// Build makes the index of a chunk's rows by the given columns.
func Build(columns []*columnar.Vector, rows int) *Component {
	order := ordered.Build(columns, rows)
	c := &Component{}
	for _, s := range order.Spans(columns, &index.Lookup{}) {
		c.partial = len(c.keys)
		c.group(columns, order, s)
	}
	return c
}

// group adds the keys in a span of the order, whose equal rows lie in the order of the chunk.
func (c *Component) group(columns []*columnar.Vector, order *ordered.Component, s ordered.Span) {
	for i := s.From; i < s.To; {
		first := order.At(i)
		var rows []uint32
		for ; i < s.To && ordered.CompareRows(columns, int(order.At(i)), columns, int(first)) == 0; i++ {
			rows = append(rows, order.At(i))
		}
		set := roaring.New()
		set.AddMany(rows)
		set.RunOptimize()
		c.keys, c.sets = append(c.keys, first), append(c.sets, set)
	}
}

// Find implements index.Component.
func (c *Component) Find(columns []*columnar.Vector, l *index.Lookup, dst []uint32) []uint32 {
	for _, set := range c.matching(columns, l) {
		at := len(dst)
		dst = append(dst, make([]uint32, set.GetCardinality())...)
		set.ManyIterator().NextMany(dst[at:])
	}
	return dst
}

// Set is the rows that match; the caller owns it.
func (c *Component) Set(columns []*columnar.Vector, l *index.Lookup) *roaring.Bitmap {
	return roaring.FastOr(c.matching(columns, l)...)
}

func (c *Component) matching(columns []*columnar.Vector, l *index.Lookup) []*roaring.Bitmap {
	whole, partial := c.between(columns, l, 0, c.partial), c.between(columns, l, c.partial, len(c.keys))
	if len(partial) == 0 {
		return whole
	}
	return append(append([]*roaring.Bitmap(nil), whole...), partial...)
}

func (c *Component) between(columns []*columnar.Vector, l *index.Lookup, from, to int) []*roaring.Bitmap {
	first := from + sort.Search(to-from, func(i int) bool { return ordered.Against(columns, int(c.keys[from+i]), l) >= 0 })
	past := first + sort.Search(to-first, func(i int) bool { return ordered.Against(columns, int(c.keys[first+i]), l) > 0 })
	return c.sets[first:past]
}

// Bytes is the memory that the component takes.
func (c *Component) Bytes() int64 {
	size := int64(64 + 12*len(c.keys))
	for _, s := range c.sets {
		size += 64 + int64(s.GetSizeInBytes())
	}
	return size
}

// AppendTo implements index.Component: the keys' first rows, the number of those without NULL, and the
// sets in the portable form of roaring bitmaps.
func (c *Component) AppendTo(dst []byte) []byte {
	dst = index.AppendCount(index.AppendRows(dst, c.keys), c.partial)
	for _, s := range c.sets {
		data, err := s.ToBytes()
		if err != nil {
			panic(err) // a set in memory always has bytes
		}
		dst = index.AppendBytes(dst, data)
	}
	return dst
}

// Decode reads what AppendTo wrote for a chunk of so many rows.
func Decode(data []byte, rows int) (*Component, error) {
	r := index.Reader{Data: data}
	c := &Component{keys: r.Rows(rows), partial: r.Count(rows)}
	sound := c.partial <= len(c.keys)
	for range c.keys {
		set := roaring.New()
		if _, err := set.FromBuffer(append([]byte(nil), r.Bytes()...)); err != nil {
			return nil, err
		}
		sound = sound && !set.IsEmpty() && int(set.Maximum()) < rows && set.Validate() == nil
		c.sets = append(c.sets, set)
	}
	return c, r.Finish(sound)
}
