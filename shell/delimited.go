package shell

import (
	"bytes"
	"io"
)

// delimitedWriter writes CSV or TSV with a head line. In CSV (RFC 4180, lines end in LF) NULL is
// nothing and the empty text "", in TSV NULL is \N and special characters are escaped: PostgreSQL
// reads both back.
type delimitedWriter struct {
	out    io.Writer
	field  func(b, text []byte) []byte
	tab    bool
	headed bool
	buf    []byte
	cell   []byte
}

func (w *delimitedWriter) rows(p *page) error {
	w.head(p)
	for row := range p.count {
		for col := range p.columns {
			w.separate(col)
			switch {
			case !p.isNull(col, row):
				w.cell = p.appendText(w.cell[:0], col, row)
				w.buf = w.field(w.buf, w.cell)
			case w.tab:
				w.buf = append(w.buf, `\N`...)
			}
		}
		w.buf = append(w.buf, '\n')
	}
	return w.flush()
}

func (w *delimitedWriter) head(p *page) {
	if w.headed {
		return
	}
	w.headed = true
	for i, c := range p.columns {
		w.separate(i)
		w.buf = w.field(w.buf, []byte(c.name))
	}
	w.buf = append(w.buf, '\n')
}

func (w *delimitedWriter) separate(col int) {
	switch {
	case col == 0:
	case w.tab:
		w.buf = append(w.buf, '\t')
	default:
		w.buf = append(w.buf, ',')
	}
}

func (w *delimitedWriter) flush() error {
	_, err := w.out.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

func (w *delimitedWriter) end(p *page) (int, error) {
	w.head(p)
	return 0, w.flush()
}

func appendCSV(b, text []byte) []byte {
	if len(text) > 0 && !bytes.ContainsAny(text, ",\"\n\r") && text[0] != ' ' && text[len(text)-1] != ' ' {
		return append(b, text...)
	}
	b = append(b, '"')
	for _, c := range text {
		if c == '"' {
			b = append(b, '"')
		}
		b = append(b, c)
	}
	return append(b, '"')
}

func appendTSV(b, text []byte) []byte {
	for _, c := range text {
		switch c {
		case '\t':
			b = append(b, `\t`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\\':
			b = append(b, `\\`...)
		default:
			b = append(b, c)
		}
	}
	return b
}
