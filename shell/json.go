package shell

import (
	"encoding/json"
	"io"
	"math"
	"strconv"

	"github.com/oxidb/oxidb/types"
)

// jsonWriter writes one object a row: bare as JSON lines, or as an array. Numbers and booleans are
// bare with all their digits, json values stand as they are, everything else is the text that SQL
// prints; NaN and the infinities are texts, for JSON has no such numbers.
type jsonWriter struct {
	out   io.Writer
	array bool
	keys  [][]byte
	any   bool
	buf   []byte
	cell  []byte
}

func (w *jsonWriter) rows(p *page) error {
	if w.keys == nil {
		w.keys = jsonKeys(p.columns)
	}
	for row := range p.count {
		w.open()
		for col := range p.columns {
			w.buf = append(w.buf, w.keys[col]...)
			w.value(p, col, row)
		}
		w.buf = append(w.buf, '}')
		if !w.array {
			w.buf = append(w.buf, '\n')
		}
	}
	_, err := w.out.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

func (w *jsonWriter) open() {
	switch {
	case !w.array:
	case w.any:
		w.buf = append(w.buf, ",\n"...)
	default:
		w.buf = append(w.buf, "[\n"...)
	}
	w.any = true
	w.buf = append(w.buf, '{')
}

// jsonKeys are `"name":` with the comma that goes before all but the first. A name that comes again
// gets a number, for an object has a key but once.
func jsonKeys(columns []column) [][]byte {
	keys := make([][]byte, len(columns))
	taken := map[string]bool{}
	for i, c := range columns {
		name := c.name
		for n := 2; taken[name]; n++ {
			name = c.name + "_" + strconv.Itoa(n)
		}
		taken[name] = true
		if i > 0 {
			keys[i] = append(keys[i], ',')
		}
		keys[i] = append(appendJSONString(keys[i], name), ':')
	}
	return keys
}

func (w *jsonWriter) value(p *page, col, row int) {
	if p.isNull(col, row) {
		w.buf = append(w.buf, "null"...)
		return
	}
	w.cell = p.appendText(w.cell[:0], col, row)
	if bare(p.columns[col].typ, w.cell) {
		w.buf = append(w.buf, w.cell...)
		return
	}
	w.buf = appendJSONString(w.buf, string(w.cell))
}

// bare reports whether a value's text is JSON as it stands.
func bare(t types.Type, text []byte) bool {
	switch {
	case t.IsFloat():
		f, err := strconv.ParseFloat(string(text), 64)
		return err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	case t.Kind == types.JSON, t.Kind == types.JSONB:
		return json.Valid(text)
	}
	return t.IsNumber() || t.Kind == types.Boolean
}

func appendJSONString(b []byte, s string) []byte {
	quoted, _ := json.Marshal(s) // a string always has a JSON form
	return append(b, quoted...)
}

func (w *jsonWriter) end(*page) (int, error) {
	if !w.array {
		return 0, nil
	}
	tail := "\n]\n"
	if !w.any {
		tail = "[]\n"
	}
	_, err := io.WriteString(w.out, tail)
	return 0, err
}
