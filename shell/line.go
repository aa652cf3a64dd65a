package shell

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// lineWriter writes every row as a record of "name | value" lines, as \x does.
type lineWriter struct {
	out    io.Writer
	paint  func(color, text string) string
	number int64
	width  int
}

func (w *lineWriter) rows(p *page) error {
	if w.width == 0 {
		for _, c := range p.columns {
			w.width = max(w.width, screenWidth(printable([]byte(c.name))))
		}
	}
	var b bytes.Buffer
	var cell []byte
	for row := range p.count {
		w.number++
		head := fmt.Sprintf("-[ RECORD %d ]", w.number)
		b.WriteString(w.paint(dim, head+strings.Repeat("-", max(w.width+3-len(head), 2))) + "\n")
		for col, c := range p.columns {
			value := w.paint(dim, p.null)
			if !p.isNull(col, row) {
				cell = p.appendText(cell[:0], col, row)
				value = printable(cell)
			}
			b.WriteString(w.paint(bold, pad(printable([]byte(c.name)), w.width, false)) + " | " + value + "\n")
		}
	}
	_, err := w.out.Write(b.Bytes())
	return err
}

func (w *lineWriter) end(*page) (int, error) { return 0, nil }

// markdownWriter writes a GitHub table.
type markdownWriter struct {
	out    io.Writer
	headed bool
	buf    []byte
	cell   []byte
}

func (w *markdownWriter) rows(p *page) error {
	w.head(p)
	for row := range p.count {
		for col := range p.columns {
			w.cell = append(w.cell[:0], p.null...)
			if !p.isNull(col, row) {
				w.cell = p.appendText(w.cell[:0], col, row)
			}
			w.field(w.cell)
		}
		w.buf = append(w.buf, "|\n"...)
	}
	_, err := w.out.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

func (w *markdownWriter) head(p *page) {
	if w.headed {
		return
	}
	w.headed = true
	for _, c := range p.columns {
		w.field([]byte(c.name))
	}
	w.buf = append(w.buf, "|\n"...)
	for _, c := range p.columns {
		w.buf = append(w.buf, map[bool]string{true: "| ---: ", false: "| --- "}[c.right()]...)
	}
	w.buf = append(w.buf, "|\n"...)
}

func (w *markdownWriter) field(text []byte) {
	w.buf = append(w.buf, "| "...)
	w.buf = append(w.buf, strings.NewReplacer("|", `\|`, `\`, `\\`).Replace(printable(text))...)
	w.buf = append(w.buf, ' ')
}

func (w *markdownWriter) end(p *page) (int, error) {
	w.head(p)
	_, err := w.out.Write(w.buf)
	return 0, err
}
