package shell

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"
)

// boxWriter draws a table with lines around it. Widths are known only at the end, so it keeps the
// rows' texts: all of them, or, when limit is set, as many as limit from both ends.
type boxWriter struct {
	out   io.Writer
	paint func(color, text string) string
	// width is the terminal's width, 0 for no bound; limit is the most rows drawn, 0 for all.
	width, limit int
	head, tail   [][]boxCell // tail is a ring once it is full
	count        int64
	cell         []byte
}

// boxCell is a value's text; null marks NULL.
type boxCell struct {
	text string
	null bool
}

func (s *Shell) boxWriter(out io.Writer) *boxWriter {
	w := &boxWriter{out: out, paint: s.paintData}
	if s.fitted() {
		w.width, w.limit = s.cfg.Width(), s.maxRows
	}
	return w
}

// ends gives how many rows of the beginning and of the end are kept.
func (w *boxWriter) ends() (head, tail int) { return (w.limit + 1) / 2, w.limit / 2 }

func (w *boxWriter) rows(p *page) error {
	headRows, tailRows := w.ends()
	for row := range p.count {
		w.count++
		switch {
		case w.limit == 0 || len(w.head) < headRows:
			w.head = append(w.head, w.texts(p, row))
		case p.count-row > tailRows: // rows of this page that its later rows would push out again
		case len(w.tail) < tailRows:
			w.tail = append(w.tail, w.texts(p, row))
		default:
			copy(w.tail, w.tail[1:])
			w.tail[tailRows-1] = w.texts(p, row)
		}
	}
	return nil
}

func (w *boxWriter) texts(p *page, row int) []boxCell {
	cells := make([]boxCell, len(p.columns))
	for col := range cells {
		if p.isNull(col, row) {
			cells[col] = boxCell{text: p.null, null: true}
			continue
		}
		w.cell = p.appendText(w.cell[:0], col, row)
		cells[col].text = printable(w.cell)
	}
	return cells
}

// end draws the table.
func (w *boxWriter) end(p *page) (hidden int, err error) {
	if len(p.columns) == 0 {
		return 0, nil
	}
	d := &boxDrawing{out: bufio.NewWriter(w.out), paint: w.paint}
	d.layout(p.columns, append(append([][]boxCell(nil), w.head...), w.tail...), w.width)
	d.rule("┌", "┬", "┐")
	d.names(p.columns)
	d.rule("├", "┼", "┤")
	for _, row := range w.head {
		d.row(row)
	}
	if left := w.count - int64(len(w.head)+len(w.tail)); left > 0 {
		d.gap(fmt.Sprintf("… %s …", plural(left, "more row")), "… "+thousands(left)+" …", "…")
	}
	for _, row := range w.tail {
		d.row(row)
	}
	d.rule("└", "┴", "┘")
	return len(p.columns) - d.shown(), d.out.Flush()
}

// boxDrawing draws lines of a table whose layout is known.
type boxDrawing struct {
	out    *bufio.Writer
	paint  func(color, text string) string
	slots  []slot
	inside int // columns of the terminal between the outer lines
}

// slot is a drawn column: of the answer, or the mark for columns left out (column < 0).
type slot struct {
	column, width int
	right         bool
}

const (
	minCut  = 8 // texts are cut to no less than this
	leftOut = -1
)

// layout finds the columns' widths. Columns of text are cut first, the widest most; where that is not
// enough, columns from the middle are left out. Numbers are never cut.
func (d *boxDrawing) layout(columns []column, rows [][]boxCell, width int) {
	cuttable := make([]bool, len(columns))
	for i, c := range columns {
		w := max(screenWidth(printable([]byte(c.name))), screenWidth(shortType(c.typ)))
		for _, r := range rows {
			w = max(w, screenWidth(r[i].text))
		}
		d.slots = append(d.slots, slot{column: i, width: w, right: c.right()})
		cuttable[i] = !c.right()
	}
	if width > 0 {
		d.cut(cuttable, width)
		d.leaveOut(width)
	}
	d.inside = d.total() - 2
}

// total is the table's width with its lines.
func (d *boxDrawing) total() int {
	w := 1
	for _, s := range d.slots {
		w += s.width + 3
	}
	return w
}

// cut narrows the widest texts until the table fits, or none can be cut any more.
func (d *boxDrawing) cut(cuttable []bool, width int) {
	for over := d.total() - width; over > 0; over = d.total() - width {
		widest, second := -1, minCut
		for i, s := range d.slots {
			switch {
			case !cuttable[i] || s.width <= minCut:
			case widest < 0 || s.width > d.slots[widest].width:
				if widest >= 0 {
					second = max(second, d.slots[widest].width)
				}
				widest = i
			default:
				second = max(second, s.width)
			}
		}
		if widest < 0 {
			return
		}
		s := &d.slots[widest]
		s.width = max(s.width-over, min(second, s.width-1), minCut)
	}
}

// leaveOut takes columns from the middle away until the table fits; the first stays.
func (d *boxDrawing) leaveOut(width int) {
	if d.total() <= width || len(d.slots) < 2 {
		return
	}
	at := len(d.slots) / 2
	d.slots[at] = slot{column: leftOut, width: 1}
	for d.total() > width && len(d.slots) > 2 {
		if last := len(d.slots) - 1; last-at >= at && at < last {
			d.slots = append(d.slots[:at+1], d.slots[at+2:]...)
			continue
		}
		if at == 1 {
			return
		}
		d.slots = append(d.slots[:at-1], d.slots[at:]...)
		at--
	}
}

// shown is the number of the answer's columns that are drawn.
func (d *boxDrawing) shown() int {
	n := 0
	for _, s := range d.slots {
		if s.column != leftOut {
			n++
		}
	}
	return n
}

func (d *boxDrawing) rule(left, cross, right string) {
	parts := make([]string, len(d.slots))
	for i, s := range d.slots {
		parts[i] = strings.Repeat("─", s.width+2)
	}
	d.out.WriteString(d.paint(dim, left+strings.Join(parts, cross)+right) + "\n")
}

// names draws the lines of column names and types.
func (d *boxDrawing) names(columns []column) {
	d.line(func(s slot) string {
		return d.paint(bold, center(fit(printable([]byte(columns[s.column].name)), s.width), s.width))
	})
	d.line(func(s slot) string {
		return d.paint(dim, center(fit(shortType(columns[s.column].typ), s.width), s.width))
	})
}

func (d *boxDrawing) row(cells []boxCell) {
	d.line(func(s slot) string {
		c := cells[s.column]
		text := pad(fit(c.text, s.width), s.width, s.right)
		if c.null {
			return d.paint(dim, text)
		}
		return text
	})
}

func (d *boxDrawing) line(cell func(slot) string) {
	bar := d.paint(dim, "│")
	for _, s := range d.slots {
		text := "…"
		if s.column != leftOut {
			text = cell(s)
		}
		d.out.WriteString(bar + " " + text + " ")
	}
	d.out.WriteString(bar + "\n")
}

// gap draws the line that stands for rows left out, with the longest text that fits.
func (d *boxDrawing) gap(texts ...string) {
	text := texts[len(texts)-1]
	for i := len(texts) - 1; i >= 0; i-- {
		if screenWidth(texts[i]) <= d.inside {
			text = texts[i]
		}
	}
	bar := d.paint(dim, "│")
	d.out.WriteString(bar + d.paint(dim, center(text, d.inside)) + bar + "\n")
}

// fit cuts text to width columns of the terminal, with … for what is missing.
func fit(text string, width int) string {
	if screenWidth(text) <= width {
		return text
	}
	used, rest, state := 0, text, -1
	var b strings.Builder
	for rest != "" {
		var cluster string
		var w int
		cluster, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if used+w > width-1 {
			break
		}
		b.WriteString(cluster)
		used += w
	}
	return b.String() + "…"
}

// screenWidth is the number of columns that text takes on a terminal.
func screenWidth(text string) int {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return uniseg.StringWidth(text)
		}
	}
	return len(text)
}

// pad fills text up to width.
func pad(text string, width int, right bool) string {
	space := strings.Repeat(" ", max(width-screenWidth(text), 0))
	if right {
		return space + text
	}
	return text + space
}

func center(text string, width int) string {
	space := max(width-screenWidth(text), 0)
	return strings.Repeat(" ", space/2) + text + strings.Repeat(" ", space-space/2)
}
