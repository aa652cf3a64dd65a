package order

import (
	"cmp"
	"slices"
)

// entry is a row in a run being sorted.
type entry struct {
	prefix uint64
	row    uint32
}

// radixRows is the size from which radix passes beat comparisons.
const radixRows = 2048

// sortRun orders rows [from, to).
func (k *keys) sortRun(from, to int) []entry {
	run := make([]entry, to-from)
	for i := range run {
		row := uint32(from + i)
		run[i] = entry{k.word(row, 0), row}
	}
	return k.sortWords(run, 0)
}

// sortWords orders rows whose keys are equal before byte at, from which their prefixes are taken, and gives
// them in run's memory or in other.
func (k *keys) sortWords(run []entry, at int) []entry {
	if len(run) >= radixRows {
		run = radixSort(run, min(k.width-at, 8))
	} else {
		slices.SortFunc(run, func(a, b entry) int { return cmp.Or(cmp.Compare(a.prefix, b.prefix), cmp.Compare(a.row, b.row)) })
	}
	if at+8 >= k.width && k.exact == len(k.cols) {
		return run
	}
	for rest := run; len(rest) > 1; {
		n := 1
		for n < len(rest) && rest[n].prefix == rest[0].prefix {
			n++
		}
		if n > 1 {
			k.sortTies(rest[:n], at+8)
		}
		rest = rest[n:]
	}
	return run
}

// sortTies orders rows whose keys are equal before byte at.
func (k *keys) sortTies(run []entry, at int) {
	if at >= k.width {
		slices.SortFunc(run, k.compare)
		return
	}
	prefix := run[0].prefix
	for i, e := range run {
		run[i].prefix = k.word(e.row, at)
	}
	copy(run, k.sortWords(run, at))
	for i := range run {
		run[i].prefix = prefix
	}
}

// compare orders rows by their keys, and those with equal keys by number: no two are equal.
func (k *keys) compare(a, b entry) int {
	if a.prefix != b.prefix {
		return cmp.Compare(a.prefix, b.prefix)
	}
	if c := k.rest(a.row, b.row); c != 0 {
		return c
	}
	return cmp.Compare(a.row, b.row)
}

// radixSort orders by the leading width bytes of the prefix, least significant first; bytes in which
// all rows agree cost one pass over a histogram.
func radixSort(run []entry, width int) []entry {
	var counts [8][256]int
	for _, e := range run {
		for b := range width {
			counts[b][uint8(e.prefix>>(56-8*b))]++
		}
	}
	other := make([]entry, len(run))
	for b := width - 1; b >= 0; b-- {
		c := &counts[b]
		shift := uint(56 - 8*b)
		if c[uint8(run[0].prefix>>shift)] == len(run) {
			continue
		}
		sum := 0
		for i, n := range c {
			c[i] = sum
			sum += n
		}
		for _, e := range run {
			at := &c[uint8(e.prefix>>shift)]
			other[*at] = e
			*at++
		}
		run, other = other, run
	}
	return run
}
