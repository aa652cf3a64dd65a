package mvcc

import (
	"math/bits"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/oxidb/oxidb/columnar"
)

// Bitmap marks rows of a chunk: the deleted ones. It is immutable once handed out.
type Bitmap struct {
	words []uint64
	count int
}

// Count is the number of marked rows.
func (b *Bitmap) Count() int { return b.count }

// Contains reports whether row is marked; in a nil Bitmap none is.
func (b *Bitmap) Contains(row uint32) bool {
	if b == nil {
		return false
	}
	word := int(row >> 6)
	return word < len(b.words) && b.words[word]>>(row&63)&1 == 1
}

// ascending is the numbers from 0 on, to copy runs of rows from.
var ascending = ascendingRows(0, columnar.BatchSize)

// Keep gives the rows of [from, to) that are not marked, counted from `from`, in sel's memory; nil
// when that is all of them. It looks at marked rows one by one and copies what lies between them, as
// few are marked where it matters.
func (b *Bitmap) Keep(from, to int, sel []uint32) []uint32 {
	if b.noneIn(from, to) {
		return nil
	}
	n := to - from
	if cap(sel) < n {
		sel = make([]uint32, n)
	}
	sel = sel[:n]
	kept, next := 0, 0 // rows up to next are done
	for base := from &^ 63; base < to && base>>6 < len(b.words); base += 64 {
		marked := b.words[base>>6]
		if base < from {
			marked &= ^uint64(0) << (from - base)
		}
		if to-base < 64 {
			marked &= 1<<(to-base) - 1
		}
		for ; marked != 0; marked &= marked - 1 {
			row := base - from + bits.TrailingZeros64(marked)
			kept += copyRun(sel[kept:], next, row)
			next = row + 1
		}
	}
	kept += copyRun(sel[kept:], next, n)
	return sel[:kept]
}

// copyRun writes the numbers of [from, to) and gives how many.
func copyRun(dst []uint32, from, to int) int {
	if to <= len(ascending) {
		return copy(dst, ascending[from:to])
	}
	dst = dst[:to-from]
	for i := range dst {
		dst[i] = uint32(from + i)
	}
	return len(dst)
}

// Visible writes the mask of the rows of [from, to) that are not marked to words, bit 0 for row from, a
// multiple of 64, and gives true; or it gives false when none is marked. A nil Bitmap marks none.
func (b *Bitmap) Visible(from, to int, words []uint64) bool {
	first := from >> 6
	if b == nil || first >= len(b.words) {
		return false
	}
	n := (to - from + 63) >> 6
	marked, some := b.words[first:min(first+n, len(b.words))], uint64(0)
	for i := range words[:n] {
		words[i] = ^uint64(0)
		if i < len(marked) {
			words[i] = ^marked[i]
			some |= marked[i]
		}
	}
	if rest := (to - from) & 63; rest != 0 {
		words[n-1] &= 1<<rest - 1
	}
	return some != 0
}

func (b *Bitmap) noneIn(from, to int) bool {
	for base := from &^ 63; base < to && base>>6 < len(b.words); base += 64 {
		word := b.words[base>>6]
		if base < from {
			word &= ^uint64(0) << (from - base)
		}
		if to-base < 64 {
			word &= 1<<(to-base) - 1
		}
		if word != 0 {
			return false
		}
	}
	return true
}

// mark adds the rows of r.
func (b *Bitmap) mark(r *roaring.Bitmap) {
	if r == nil || r.IsEmpty() {
		return
	}
	if need := int(r.Maximum()>>6) + 1; need > len(b.words) {
		b.words = append(b.words, make([]uint64, need-len(b.words))...)
	}
	r.Iterate(func(row uint32) bool {
		b.words[row>>6] |= 1 << (row & 63)
		return true
	})
	b.count = 0
	for _, w := range b.words {
		b.count += bits.OnesCount64(w)
	}
}

// markRow adds one row.
func (b *Bitmap) markRow(row uint32) {
	if need := int(row>>6) + 1; need > len(b.words) {
		b.words = append(b.words, make([]uint64, need-len(b.words))...)
	}
	if bit := uint64(1) << (row & 63); b.words[row>>6]&bit == 0 {
		b.words[row>>6] |= bit
		b.count++
	}
}

// CountBelow is the number of marked rows below n; a nil Bitmap marks none.
func (b *Bitmap) CountBelow(n int) int {
	if b == nil {
		return 0
	}
	if n >= len(b.words)<<6 {
		return b.count
	}
	count := 0
	for _, w := range b.words[:n>>6] {
		count += bits.OnesCount64(w)
	}
	if n&63 != 0 {
		count += bits.OnesCount64(b.words[n>>6] & (1<<(n&63) - 1))
	}
	return count
}
