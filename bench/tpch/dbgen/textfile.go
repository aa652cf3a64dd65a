package dbgen

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// WriteTBL writes the table in the official format: every field followed by '|', no header.
func (g *Generator) WriteTBL(ctx context.Context, w io.Writer, t Table) error {
	return g.writeText(ctx, w, t, textFormat{separator: '|', trailing: true})
}

// WriteCSV writes the table as RFC 4180 has it, but with '\n': a header line, fields with a comma quoted.
func (g *Generator) WriteCSV(ctx context.Context, w io.Writer, t Table) error {
	var names []string
	for _, f := range t.Fields() {
		names = append(names, f.Name)
	}
	if _, err := io.WriteString(w, strings.Join(names, ",")+"\n"); err != nil {
		return fmt.Errorf("writing %s: %w", t, err)
	}
	return g.writeText(ctx, w, t, textFormat{separator: ',', quoted: true})
}

// textFormat is how rows are written. Text has no quotes and no line ends, so that quoting is enough.
type textFormat struct {
	separator byte
	trailing  bool // a separator after the last field too
	quoted    bool // text with a separator stands in quotes
}

func (g *Generator) writeText(ctx context.Context, w io.Writer, t Table, format textFormat) error {
	free := make(chan []byte, 4*g.opts.Workers+2)
	newWorker := func() func(Chunk) []byte {
		var cols Columns
		return func(c Chunk) []byte {
			var buf []byte
			select {
			case buf = <-free:
			default:
			}
			g.Fill(c, &cols)
			return appendRows(buf[:0], &cols, format)
		}
	}
	for text, err := range ordered(ctx, g.opts.Workers, g.Chunks(t), newWorker) {
		if err == nil {
			_, err = w.Write(text)
		}
		if err != nil {
			return fmt.Errorf("writing %s: %w", t, err)
		}
		select {
		case free <- text:
		default:
		}
	}
	return nil
}

func appendRows(b []byte, cols *Columns, format textFormat) []byte {
	for row := range cols.Rows {
		for i := range cols.Cols {
			b = appendValue(b, &cols.Cols[i], row, format)
			b = append(b, format.separator)
		}
		if !format.trailing {
			b = b[:len(b)-1]
		}
		b = append(b, '\n')
	}
	return b
}

func appendValue(b []byte, col *Column, row int, format textFormat) []byte {
	switch col.Kind {
	case BigInt:
		return strconv.AppendInt(b, col.I64[row], 10)
	case Integer:
		return strconv.AppendInt(b, int64(col.I32[row]), 10)
	case Decimal:
		return appendHundredths(b, col.I64[row], col.Whole)
	case Date:
		return append(b, dateTexts[col.I32[row]-firstDay]...)
	case Dict:
		return append(b, col.Dict.Values[col.Codes[row]]...)
	}
	text := col.Bytes[col.Offsets[row]:col.Offsets[row+1]]
	if !format.quoted || bytes.IndexByte(text, format.separator) < 0 {
		return append(b, text...)
	}
	b = append(b, '"')
	b = append(b, text...)
	return append(b, '"')
}

func appendHundredths(b []byte, v int64, whole bool) []byte {
	if v < 0 {
		b, v = append(b, '-'), -v
	}
	b = strconv.AppendInt(b, v/100, 10)
	if whole {
		return b
	}
	return append(b, '.', byte('0'+v/10%10), byte('0'+v%10))
}

// dateTexts are the days that occur, from firstDay on.
var dateTexts = func() (texts [dayCount]string) {
	for i := range texts {
		texts[i] = time.Unix(int64(firstDay+i)*86_400, 0).UTC().Format(time.DateOnly)
	}
	return texts
}()
