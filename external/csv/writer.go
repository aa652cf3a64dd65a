package csv

import (
	"bytes"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// Writer writes rows as delimited text with PostgreSQL's rules: a field is quoted when it holds the
// delimiter, a quote, an escape, a newline or carriage return, or reads like NULL.
type Writer struct {
	dialect Dialect
	kinds   []types.Type
	// special marks the bytes that make quotes necessary.
	special [256]bool

	mu     sync.Mutex
	out    io.Writer
	header []byte // still to be written
}

// NewWriter makes a writer of rows with these columns.
func NewWriter(out io.Writer, d Dialect, names []string, kinds []types.Type) *Writer {
	w := &Writer{dialect: d, kinds: kinds, out: out}
	for _, c := range []byte{d.Delimiter, d.Quote, d.Escape, '\n', '\r'} {
		w.special[c] = true
	}
	w.special[0] = false
	if d.Header {
		for i, name := range names {
			if i > 0 {
				w.header = append(w.header, d.Delimiter)
			}
			w.header = w.text(w.header, []byte(name), len(names) == 1)
		}
		w.header = append(w.header, '\n')
	}
	return w
}

// Part is one goroutine's way to add rows.
func (w *Writer) Part() *Part { return &Part{writer: w} }

// Finish writes the header if nothing else was written.
func (w *Writer) Finish() error { return w.write(nil) }

func (w *Writer) write(rows []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.header) > 0 {
		if _, err := w.out.Write(w.header); err != nil {
			return err
		}
		w.header = nil
	}
	_, err := w.out.Write(rows)
	return err
}

// Part formats rows in memory of its own.
type Part struct {
	writer *Writer
	buffer []byte
}

// partBytes is how much text a part collects before it writes.
const partBytes = 1 << 20

// Append adds the rows of b.
func (p *Part) Append(b *columnar.Batch) error {
	for k := range b.Rows() {
		row := k
		if b.Sel != nil {
			row = int(b.Sel[k])
		}
		for c, v := range b.Cols {
			if c > 0 {
				p.buffer = append(p.buffer, p.writer.dialect.Delimiter)
			}
			p.buffer = p.writer.field(p.buffer, v, row, p.writer.kinds[c], len(b.Cols) == 1)
		}
		p.buffer = append(p.buffer, '\n')
	}
	if len(p.buffer) >= partBytes {
		return p.Flush()
	}
	return nil
}

// Flush writes what has been collected.
func (p *Part) Flush() error {
	err := p.writer.write(p.buffer)
	p.buffer = p.buffer[:0]
	return err
}

// Close drops what has not been flushed.
func (p *Part) Close() { p.buffer = nil }

// field appends one value.
func (w *Writer) field(dst []byte, v *columnar.Vector, row int, t types.Type, alone bool) []byte {
	if v.IsNull(row) {
		return append(dst, w.dialect.Null...)
	}
	at := row
	if v.Enc == columnar.Const {
		at = 0
	}
	switch t.Kind {
	case types.SmallInt, types.Integer, types.BigInt:
		return strconv.AppendInt(dst, v.Int(at), 10)
	case types.Text, types.Varchar, types.Unknown, types.JSON, types.JSONB:
		return w.text(dst, stringAt(v, at), alone)
	}
	start := len(dst)
	switch {
	case t.Kind == types.Date:
		dst = types.AppendDate(dst, v.Int(at))
	case t.Kind == types.Numeric && v.Layout != columnar.I128:
		dst = types.AppendDecimal(dst, types.FromInt64(v.Int(at)), int(t.Scale))
	case t.Kind == types.Char:
		dst = types.AppendPadded(dst, stringAt(v, at), int(t.Length))
	default:
		value := v.Value(at)
		value.Type = t
		dst = types.Append(dst, value, time.UTC)
	}
	if !w.mustQuote(dst[start:], alone) {
		return dst
	}
	return w.text(dst[:start], bytes.Clone(dst[start:]), alone)
}

// stringAt is the text of row i in any encoding.
func stringAt(v *columnar.Vector, i int) []byte {
	if v.Enc == columnar.Dict {
		return v.Dict.Values.Row(int(v.Code(i)))
	}
	return v.Row(i)
}

func (w *Writer) mustQuote(s []byte, alone bool) bool {
	if string(s) == w.dialect.Null || alone && string(s) == `\.` {
		return true
	}
	for _, c := range s {
		if w.special[c] {
			return true
		}
	}
	return false
}

func (w *Writer) text(dst, s []byte, alone bool) []byte {
	d := &w.dialect
	if d.Quote == 0 || !w.mustQuote(s, alone) {
		return append(dst, s...)
	}
	dst = append(dst, d.Quote)
	for _, c := range s {
		if c == d.Quote || c == d.Escape {
			dst = append(dst, d.Escape)
		}
		dst = append(dst, c)
	}
	return append(dst, d.Quote)
}
