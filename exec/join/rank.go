package join

import (
	"math/bits"
	"sort"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
)

// rank numbers the different keys of a dense range by their order: a bit for every key of the range,
// and for every word of bits the number of keys before it (Jacobson, Space-efficient static trees and
// graphs, 1989). It takes a fifth of a byte for each key of the range, has the numbers of neighbouring
// keys side by side, and its bits are the runtime filter.
type rank struct {
	bits   []uint64
	before []uint32 // nil when nobody asks for numbers
}

// of is the number of a key whose bit is set.
func (r *rank) of(code uint64) uint32 {
	w := code >> 6
	return r.before[w] + uint32(bits.OnesCount64(r.bits[w]&(1<<(code&63)-1)))
}

// integer are the forms that keys come in: a column's, or packed words.
type integer interface {
	uint8 | uint16 | uint32 | int64 | uint64
}

// setBits makes the bits of the keys, each plus delta in [0, span): every worker those of its rows, into
// bits of its own, which are united by ranges.
func setBits[T integer](c *crew, keys []T, delta, span uint64) ([]uint64, error) {
	words := int(span/64) + 1
	shares := c.size(len(keys))
	own := make([][]uint64, shares)
	own[0] = mem.Alloc[uint64](c.arena(), words, false)
	err := c.run(shares, func(w *exec.Worker, at int) {
		if at > 0 {
			own[at] = mem.Alloc[uint64](w.Arena, words, false)
		}
		set := own[at]
		clear(set)
		from, to := share(len(keys), at, shares)
		for _, k := range keys[from:to] {
			code := uint64(k) + delta
			set[code>>6] |= 1 << (code & 63)
		}
	})
	if err != nil || shares == 1 {
		return own[0], err
	}
	err = c.run(shares, func(_ *exec.Worker, at int) {
		from, to := share(words, at, shares)
		all := own[0][from:to]
		for _, set := range own[1:] {
			for i, x := range set[from:to] {
				all[i] |= x
			}
		}
	})
	return own[0], err
}

// number counts the keys before every word and gives the number of all.
func (r *rank) number(arena *mem.Arena) int {
	r.before = mem.Alloc[uint32](arena, len(r.bits), false)
	sum := uint32(0)
	for i, w := range r.bits {
		r.before[i] = sum
		sum += uint32(bits.OnesCount64(w))
	}
	return int(sum)
}

// cut gives the first codes of shares with about as many different keys each, and the end.
func (r *rank) cut(total, shares int) []uint64 {
	codes := make([]uint64, shares+1)
	for i := 1; i < shares; i++ {
		want := uint32(total / shares * i)
		codes[i] = 64 * uint64(sort.Search(len(r.before), func(w int) bool { return r.before[w] >= want }))
	}
	codes[shares] = 64 * uint64(len(r.bits))
	return codes
}

// numberAt is the number of the first key that is not below a code, a multiple of 64.
func (r *rank) numberAt(code uint64, total int) uint32 {
	if w := int(code / 64); w < len(r.before) {
		return r.before[w]
	}
	return uint32(total)
}

// rankRows is the row of every key, by its number, when no key comes twice; nil when each row is its
// key's number. rows names the rows of the keys, nil stands for all.
func rankRows[T integer](c *crew, r *rank, keys []T, delta uint64, rows []uint32) ([]uint32, error) {
	rowOf := mem.Alloc[uint32](c.arena(), len(keys), false)
	shares := c.size(len(keys))
	sorted := make([]bool, shares)
	err := c.run(shares, func(_ *exec.Worker, at int) {
		from, to := share(len(keys), at, shares)
		moved := uint32(0)
		for i, k := range keys[from:to] {
			row, number := rowAt(rows, from+i), r.of(uint64(k)+delta)
			rowOf[number] = row
			moved |= row ^ number
		}
		sorted[at] = moved == 0
	})
	for _, s := range sorted {
		if !s {
			return rowOf, err
		}
	}
	return nil, err
}

// rankLists lists the rows of every key: those of number p are list[starts[p]:starts[p+1]]. Every worker
// looks at all keys and takes those of its range.
func rankLists[T integer](c *crew, r *rank, total int, keys []T, delta uint64, rows []uint32) (starts, list []uint32, err error) {
	starts = mem.Alloc[uint32](c.arena(), total+1, false)
	list = mem.Alloc[uint32](c.arena(), len(keys), false)
	shares := c.size(len(keys))
	codes := r.cut(total, shares)
	counted := make([]uint32, shares+1)
	mine, places := make([][]uint32, shares), make([][]uint32, shares)
	err = c.run(shares, func(w *exec.Worker, at int) {
		first, last := r.numberAt(codes[at], total), r.numberAt(codes[at+1], total)
		clear(starts[first:last])
		mine[at], places[at] = countKeys(w.Arena, r, keys, delta, codes[at], codes[at+1], starts)
		counted[at+1] = uint32(len(mine[at]))
	})
	if err != nil {
		return nil, nil, err
	}
	for i := range shares {
		counted[i+1] += counted[i]
	}
	starts[total] = counted[shares]
	return starts, list, c.run(shares, func(_ *exec.Worker, at int) {
		first, last := r.numberAt(codes[at], total), r.numberAt(codes[at+1], total)
		scatter(starts[first:last], first, counted[at], list, mine[at], places[at], rows)
	})
}

// countKeys counts the keys of [low, high) by number, and gives their places in keys and their numbers.
func countKeys[T integer](arena *mem.Arena, r *rank, keys []T, delta, low, high uint64, counts []uint32) (mine, numbers []uint32) {
	for from := 0; from < len(keys); from += columnar.BatchSize {
		batch := keys[from:min(from+columnar.BatchSize, len(keys))]
		mine = mem.Grow(arena, mine, len(mine)+len(batch))
		room := mine[len(mine) : len(mine)+len(batch)]
		k := 0
		for i, x := range batch {
			room[k] = uint32(from + i)
			in := 0
			if uint64(x)+delta-low < high-low {
				in = 1
			}
			k += in
		}
		mine = mine[:len(mine)+k]
	}
	numbers = mem.Alloc[uint32](arena, len(mine), false)
	for j, i := range mine {
		p := r.of(uint64(keys[i]) + delta)
		numbers[j] = p
		counts[p]++
	}
	return mine, numbers
}

// scatter turns the counts of the numbers from first on into starts, the first of them at sum, and puts
// each row into its list. Going backwards leaves each start where its list begins.
func scatter(starts []uint32, first, sum uint32, list, mine, numbers, rows []uint32) {
	for i, n := range starts {
		sum += n
		starts[i] = sum
	}
	for j := len(mine) - 1; j >= 0; j-- {
		at := &starts[numbers[j]-first]
		*at--
		list[*at] = rowAt(rows, int(mine[j]))
	}
}
