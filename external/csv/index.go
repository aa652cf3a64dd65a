package csv

import (
	"math/bits"

	"github.com/oxidb/oxidb/columnar"
)

const (
	// quotedBit marks the end of a field that has quotes (S2), position is the rest of it.
	quotedBit = 1 << 31
	position  = quotedBit - 1
	// columnStride separates the ends of two columns. It is no power of two, so that the columns'
	// next ends do not fall into one set of the cache.
	columnStride = columnar.BatchSize + 16
)

// index holds where the fields of up to BatchSize rows stand in a piece.
type index struct {
	dialect *Dialect
	columns int
	rows    int
	// before holds, per row, the position of the byte before its first field.
	before []uint32
	// ends holds the position behind each field, column after column, with quotedBit.
	ends []uint32
}

func newIndex(d *Dialect, columns int) *index {
	return &index{dialect: d, columns: columns, before: make([]uint32, columnar.BatchSize), ends: make([]uint32, columns*columnStride)}
}

// fault is a row that does not fit.
type fault struct {
	at     int // where the row starts
	kind   faultKind
	fields int
}

type faultKind uint8

const (
	fits faultKind = iota
	tooMany
	tooFew
	unterminated
)

// column gives the ends of the fields before those of column c, and of c.
func (x *index) column(c int) (before, ends []uint32) {
	ends = x.ends[c*columnStride:][:x.rows]
	if c == 0 {
		return x.before[:x.rows], ends
	}
	return x.ends[(c-1)*columnStride:][:x.rows], ends
}

// fill indexes rows of data from the start of a row at from until BatchSize rows are there or data
// ends, and gives where the next row starts. Lines without anything in them are skipped unless there
// is only one column. data ends with a newline, behind which slack bytes are readable.
func (x *index) fill(data []byte, from int) (next int, bad fault) {
	d := x.dialect
	x.rows = 0
	delimiter, newline, quote := repeat(d.Delimiter), repeat(d.Newline), repeat(d.Quote)
	if d.Quote == 0 {
		quote = newline
	}
	padded := data[:len(data)+slack]
	ends, lastColumn := x.ends, (x.columns-1)*columnStride
	row, start := 0, from
	at, last := 0, lastColumn
	flag := uint32(0)
	for pos := from; pos < len(data); {
		w := load(padded, pos)
		hits := equal(w, delimiter) | equal(w, newline) | equal(w, quote)
		if rest := len(data) - pos; rest < 8 {
			hits &= 1<<(8*rest) - 1
		}
		jump := pos + 8
		for ; hits != 0; hits &= hits - 1 {
			i := pos + bits.TrailingZeros64(hits)>>3
			switch c := padded[i]; {
			case c == d.Delimiter:
				if at >= last {
					return start, fault{start, tooMany, x.columns}
				}
				ends[at] = uint32(i) | flag
				at, flag = at+columnStride, 0
				continue
			case c == d.Newline:
				end := i
				if end > start && padded[end-1] == '\r' {
					end--
				}
				if at != last {
					if at == row && end == start && flag == 0 {
						start = i + 1
						continue
					}
					return start, fault{start, tooFew, (at-row)/columnStride + 1}
				}
				ends[at] = uint32(end) | flag
				x.before[row] = uint32(start - 1)
				row++
				flag, start = 0, i+1
				at, last = row, row+lastColumn
				if row == columnar.BatchSize {
					x.rows = row
					return i + 1, fault{}
				}
				continue
			}
			closing := d.closing(data, i+1)
			if closing < 0 {
				return start, fault{start, unterminated, 0}
			}
			flag, jump = quotedBit, closing+1
			break
		}
		pos = jump
	}
	x.rows = row
	return len(data), fault{}
}
