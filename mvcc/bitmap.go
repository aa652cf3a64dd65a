package mvcc

import (
	"math/bits"

	"github.com/RoaringBitmap/roaring/v2"
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

// Keep gives the rows of [from, to) that are not marked, counted from `from`, in sel's memory; nil
// when that is all of them.
func (b *Bitmap) Keep(from, to int, sel []uint32) []uint32 {
	if b.noneIn(from, to) {
		return nil
	}
	sel = sel[:0]
	if sel == nil {
		sel = make([]uint32, 0, to-from)
	}
	for base := from &^ 63; base < to; base += 64 {
		keep := ^uint64(0)
		if base>>6 < len(b.words) {
			keep = ^b.words[base>>6]
		}
		if base < from {
			keep &= ^uint64(0) << (from - base)
		}
		if to-base < 64 {
			keep &= 1<<(to-base) - 1
		}
		for ; keep != 0; keep &= keep - 1 {
			sel = append(sel, uint32(base-from+bits.TrailingZeros64(keep)))
		}
	}
	return sel
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

// firstRows counts the marked rows below n.
func (b *Bitmap) firstRows(n int) int {
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
