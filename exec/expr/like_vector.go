package expr

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strings"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/kernel"
	"github.com/oxidb/oxidb/function"
)

// likeTest is X LIKE constant.
type likeTest struct {
	m      *matcher
	found  []uint64
	folded []byte
	moved  []uint32
}

func (t *likeTest) unknown() bool { return false }

func (t *likeTest) keepVector(v *columnar.Vector, want bool, n int, sel, out []uint32) []uint32 {
	m, offsets := t.m, v.Offsets[:n+1]
	switch {
	case m.padTo > 0:
	case !m.fold && m.tokens == nil && m.exact:
		return kept(kernel.SelectEqualBytes(offsets, v.Bytes, m.prefix, !want, sel, out), n, sel, out)
	case !m.fold && m.tokens == nil && len(m.middle)+len(m.suffix) == 0:
		return kept(kernel.SelectPrefix(offsets, v.Bytes, m.prefix, !want, sel, out), n, sel, out)
	case m.tokens == nil && len(m.middle) > 0 && len(m.prefix)+len(m.suffix) == 0 && (sel == nil || 4*len(sel) > n):
		if data, offsets, ok := t.searchable(v.Bytes, offsets); ok {
			return t.keepContaining(data, offsets, want, n, sel, out)
		}
	}
	k := 0
	for i := range function.Rows(n, sel) {
		out[k] = uint32(i)
		k += b2i(m.match(v.Row(i)) == want)
	}
	return kept(k, n, sel, out)
}

// searchable gives the bytes of all rows for one search over them. Folding them as a whole is
// possible only where it changes no length.
func (t *likeTest) searchable(data []byte, offsets []uint32) ([]byte, []uint32, bool) {
	if !t.m.fold {
		return data, offsets, true
	}
	first, last := offsets[0], offsets[len(offsets)-1]
	data = data[first:last]
	if !isASCII(data) {
		return nil, nil, false
	}
	t.folded = appendLower(t.folded[:0], data)
	t.moved = t.moved[:0]
	for _, o := range offsets {
		t.moved = append(t.moved, o-first)
	}
	return t.folded, t.moved, true
}

// keepContaining finds the rows with the pattern's parts by one search for one of them over the bytes
// of all rows, which costs a third of a call per row.
func (t *likeTest) keepContaining(data []byte, offsets []uint32, want bool, n int, sel, out []uint32) []uint32 {
	words := kernel.Words(n)
	if cap(t.found) < words {
		t.found = make([]uint64, words)
	}
	found := t.found[:words]
	clear(found)
	part := rarest(t.m.middle)
	s := newSearcher(data[:offsets[n]], part)
	row := 0
	for pos := int(offsets[0]); ; {
		pos = s.next(pos)
		if pos < 0 {
			break
		}
		row = rowAt(offsets, row, uint32(pos))
		end := int(offsets[row+1])
		if pos+len(part) > end {
			pos++ // the hit runs into the next row
			continue
		}
		if len(t.m.middle) == 1 || t.m.matchFolded(data[offsets[row]:end]) {
			found[row>>6] |= 1 << (row & 63)
		}
		pos = end
	}
	if want {
		return kept(kernel.SelectBits(found, n, sel, out), n, sel, out)
	}
	return kept(kernel.SelectUnset(found, n, sel, out), n, sel, out)
}

// rowAt finds the row that holds byte pos, from row on, by galloping.
func rowAt(offsets []uint32, row int, pos uint32) int {
	step := 1
	for row+step < len(offsets)-1 && offsets[row+step] <= pos {
		row += step
		step *= 2
	}
	for ; step >= 1; step /= 2 {
		if row+step < len(offsets)-1 && offsets[row+step] <= pos {
			row += step
		}
	}
	return row
}

// searcher finds a needle by its rarest byte, and by a pair of bytes once that turns out to be frequent.
type searcher struct {
	data, needle []byte
	rare, second int // places of the two rarest bytes in needle
	misses       int
}

func newSearcher(data, needle []byte) searcher {
	s := searcher{data: data, needle: needle, second: -1}
	for i, c := range needle {
		if frequency(c) < frequency(needle[s.rare]) {
			s.rare = i
		}
	}
	for i, c := range needle {
		if i != s.rare && (s.second < 0 || frequency(c) < frequency(needle[s.second])) {
			s.second = i
		}
	}
	return s
}

// bytesPerMiss is how far apart false hits of the single byte must lie for its search to pay; freeMisses
// are tolerated before it is judged.
const (
	bytesPerMiss = 128
	freeMisses   = 4
)

// next is the first place >= pos where the needle begins, or -1.
func (s *searcher) next(pos int) int {
	for (s.misses-freeMisses)*bytesPerMiss <= pos || s.second < 0 {
		if pos+len(s.needle) > len(s.data) {
			return -1
		}
		i := bytes.IndexByte(s.data[pos+s.rare:], s.needle[s.rare])
		if i < 0 || pos+i+len(s.needle) > len(s.data) {
			return -1
		}
		pos += i
		if string(s.data[pos:pos+len(s.needle)]) == string(s.needle) {
			return pos
		}
		s.misses++
		pos++
	}
	return s.nextPair(pos)
}

// nextPair compares two bytes of the needle with sixteen places at once: a byte of v or w is zero where both
// agree (a zero byte is found by (v-0x01…)&^v&0x80…; Lamport 1975).
func (s *searcher) nextPair(pos int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	first, second := uint64(s.needle[s.rare])*ones, uint64(s.needle[s.second])*ones
	end := len(s.data) - len(s.needle) // the last place
	if pos > end {
		return -1
	}
	a, b := s.data[s.rare:], s.data[s.second:]
	for ; pos+15 <= end; pos += 16 {
		x, y := a[pos:pos+16:pos+16], b[pos:pos+16:pos+16]
		v := (binary.LittleEndian.Uint64(x) ^ first) | (binary.LittleEndian.Uint64(y) ^ second)
		w := (binary.LittleEndian.Uint64(x[8:]) ^ first) | (binary.LittleEndian.Uint64(y[8:]) ^ second)
		low, high := (v-ones)&^v&tops, (w-ones)&^w&tops
		if low|high == 0 {
			continue
		}
		if at := s.verify(pos, low); at >= 0 {
			return at
		}
		if at := s.verify(pos+8, high); at >= 0 {
			return at
		}
	}
	for ; pos <= end; pos++ {
		if string(s.data[pos:pos+len(s.needle)]) == string(s.needle) {
			return pos
		}
	}
	return -1
}

// verify gives the first of eight places from pos, marked in the top bits of hits, where the needle
// stands, or -1. A mark above another may be false.
func (s *searcher) verify(pos int, hits uint64) int {
	for ; hits != 0; hits &= hits - 1 {
		at := pos + bits.TrailingZeros64(hits)>>3
		if string(s.data[at:at+len(s.needle)]) == string(s.needle) {
			return at
		}
	}
	return -1
}

// rarest is the part with the rarest byte.
func rarest(parts [][]byte) []byte {
	best, least := parts[0], 1<<30
	for _, p := range parts {
		for _, c := range p {
			if f := frequency(c); f < least {
				best, least = p, f
			}
		}
	}
	return best
}

// letters are ordered by their frequency in English text.
const letters = "zqxjkvbpygfwmucldrhsnioate "

// frequency ranks bytes: signs and capitals before digits before letters.
func frequency(c byte) int {
	if i := strings.IndexByte(letters, c); i >= 0 {
		return 2 + i
	}
	if c >= '0' && c <= '9' {
		return 10
	}
	return 1
}
