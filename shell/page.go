package shell

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/arrowio"
	"github.com/oxidb/oxidb/types"
)

// page is one record of an answer, ready to be written cell by cell.
type page struct {
	columns []column
	cells   []*columnar.Vector
	count   int
	loc     *time.Location
	null    string
}

// column is what a writer knows of a column.
type column struct {
	name string
	typ  types.Type
}

// right reports whether the column's values are aligned to the right.
func (c column) right() bool { return c.typ.IsNumber() }

func newPage(a Answer, loc *time.Location, null string) *page {
	p := &page{loc: loc, null: null}
	kinds := a.Types()
	for i, f := range a.Schema().Fields() {
		p.columns = append(p.columns, column{name: f.Name, typ: kinds[i]})
	}
	p.cells = make([]*columnar.Vector, len(p.columns))
	return p
}

// load makes rec's rows the page's. The page borrows them.
func (p *page) load(rec arrow.RecordBatch) error {
	p.count = int(rec.NumRows())
	for i := range p.cells {
		v, err := arrowio.Vector(rec.Column(i))
		if err != nil {
			return fmt.Errorf("column %q: %w", p.columns[i].name, err)
		}
		if v.Type.Class() == p.columns[i].typ.Class() {
			v.Type = p.columns[i].typ
		}
		p.cells[i] = v
	}
	return nil
}

func (p *page) isNull(col, row int) bool { return p.cells[col].IsNull(row) }

// appendText appends a value's text, which is not NULL, as PostgreSQL prints it; booleans are true
// and false.
func (p *page) appendText(b []byte, col, row int) []byte {
	v := p.cells[col]
	switch kind := v.Type.Kind; {
	case v.Type.IsInteger():
		return strconv.AppendInt(b, v.Int(row), 10)
	case kind == types.Boolean:
		return strconv.AppendBool(b, v.Int(row) != 0)
	case v.Layout == columnar.Str && v.Enc == columnar.Flat && (kind == types.Text || kind == types.Varchar):
		return append(b, v.Row(row)...)
	}
	return types.Append(b, v.Value(row), p.loc)
}

// shortType is a type's name in a table's head.
func shortType(t types.Type) string {
	name := t.String()
	for _, long := range [][2]string{
		{"timestamp with time zone", "timestamptz"}, {"timestamp without time zone", "timestamp"}, {"time without time zone", "time"},
		{"double precision", "double"}, {"character varying", "varchar"}, {"character", "char"},
	} {
		if rest, ok := strings.CutPrefix(name, long[0]); ok {
			return long[1] + rest
		}
	}
	return name
}

// printable makes text safe and single-lined: control characters, which could steer a terminal,
// become escapes.
func printable(text []byte) string {
	if bytes.IndexFunc(text, isControl) < 0 {
		return strings.ToValidUTF8(string(text), "\uFFFD")
	}
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(string(text), "\uFFFD") {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case isControl(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isControl reports C0 and C1 controls, and the marks that reorder text.
func isControl(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
