package dbgen

import "slices"

// Kernels for text columns. Each fills col.Offsets and col.Bytes for all rows.

// commentLength bounds the length of a kind of comment: 40 and 160 per cent of an average.
type commentLength struct{ low, high int32 }

// spans are the numbers of places in the text where such a comment may begin, and of lengths.
func (l commentLength) spans() (starts, lengths float64) {
	return float64(textSize - l.high + 1), float64(l.high - l.low + 1)
}

// comments fills a column with pieces of the text. Every row takes two draws.
func (f *filler) comments(col *Column, s stream, length commentLength) {
	from := f.scratchNumbers(0, f.rows)
	starts, lengths := length.spans()
	end := uint32(0)
	for i := range from {
		s = s.next()
		from[i] = s.scaled(starts)
		s = s.next()
		end += uint32(length.low + s.scaled(lengths))
		col.Offsets[i+1] = end
	}
	f.copyText(col, from)
}

// copyBlock is the unit in which text is copied.
const copyBlock = 64

// copyText fills col.Bytes with the rows' pieces of the text, given where each begins and, in
// col.Offsets, how long it is. It copies whole blocks, as lengths are random and branches on them
// expensive, and in a loop of its own, so that cache misses overlap.
func (f *filler) copyText(col *Column, from []int32) {
	size := int(col.Offsets[len(from)])
	b := resized(col.Bytes[:0], size+copyBlock)
	for i, start := range from {
		at, end := int(col.Offsets[i]), int(col.Offsets[i+1])
		for src := int(start); at < end; at, src = at+copyBlock, src+copyBlock {
			*(*[copyBlock]byte)(b[at:]) = *(*[copyBlock]byte)(f.text[src:])
		}
	}
	col.Bytes = b[:size]
}

// addresses fills a column with 10 to 40 random characters. Every row takes 9 draws, used or not: one
// for the length, one for each five characters.
func (f *filler) addresses(col *Column, s stream) {
	const (
		low, high    = 10, 40
		drawsPerRow  = 9
		charsPerDraw = 5
		alphabet     = "0123456789abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ,"
		// The official generator computes the span 2^31 in 32 bits: negative, and so are the numbers.
		overflown = -1 << 31
	)
	perRow := jump(drawsPerRow)
	b := resized(col.Bytes, f.rows*high+charsPerDraw)
	at := 0
	for i := range f.rows {
		t := s.next()
		size := int(low + t.scaled(high-low+1))
		for done := 0; done < size; done += charsPerDraw {
			t = t.next()
			bits := t.scaled(overflown)
			for k := range charsPerDraw {
				b[at+done+k] = alphabet[bits&0x3f]
				bits >>= 6
			}
		}
		at += size
		col.Offsets[i+1] = uint32(at)
		s = s.times(perRow)
	}
	col.Bytes = b[:at]
}

// phones fills a column with "CC-LLL-LLL-LLLL" numbers of the rows' nations. Every row takes 3 draws.
func (f *filler) phones(col *Column, s stream, nations []int32) {
	const size = len("25-989-741-2988")
	col.Bytes = resized(col.Bytes, f.rows*size)
	for i := range f.rows {
		b := col.Bytes[i*size : (i+1)*size]
		b[2], b[6], b[10] = '-', '-', '-'
		putDigits(b[:2], int64(nations[i]+10))
		s = s.next()
		putDigits(b[3:6], int64(100+s.scaled(900)))
		s = s.next()
		putDigits(b[7:10], int64(100+s.scaled(900)))
		s = s.next()
		putDigits(b[11:], int64(1000+s.scaled(9000)))
		col.Offsets[i+1] = uint32((i + 1) * size)
	}
}

// numbered fills a column with prefix + number of at least nine digits.
func (f *filler) numbered(col *Column, prefix string, numbers []int64) {
	col.Bytes = resized(col.Bytes, f.rows*(len(prefix)+digits(slices.Max(numbers))))
	at := 0
	for i, n := range numbers {
		at += copy(col.Bytes[at:], prefix)
		size := digits(n)
		putDigits(col.Bytes[at:at+size], n)
		at += size
		col.Offsets[i+1] = uint32(at)
	}
	col.Bytes = col.Bytes[:at]
}

// digits is how many digits n is written with: nine or more.
func digits(n int64) int {
	count := 9
	for limit := int64(1e9); n >= limit; limit *= 10 {
		count++
	}
	return count
}

// putDigits fills b with the last len(b) decimal digits of n ≥ 0.
func putDigits(b []byte, n int64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
}
