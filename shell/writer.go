package shell

import (
	"io"
	"sort"
)

// writer writes an answer's rows in one output mode.
type writer interface {
	// rows takes the rows that stand in p, which is lent.
	rows(p *page) error
	// end finishes the answer, also one without rows, and tells how many columns were left out.
	end(p *page) (hidden int, err error)
}

// modes are the output modes by name.
var modes = map[string]func(s *Shell, out io.Writer) writer{
	"box":      func(s *Shell, out io.Writer) writer { return s.boxWriter(out) },
	"line":     func(s *Shell, out io.Writer) writer { return &lineWriter{out: out, paint: s.paintData} },
	"csv":      func(_ *Shell, out io.Writer) writer { return &delimitedWriter{out: out, field: appendCSV} },
	"tsv":      func(_ *Shell, out io.Writer) writer { return &delimitedWriter{out: out, field: appendTSV, tab: true} },
	"json":     func(_ *Shell, out io.Writer) writer { return &jsonWriter{out: out, array: true} },
	"jsonl":    func(_ *Shell, out io.Writer) writer { return &jsonWriter{out: out} },
	"markdown": func(_ *Shell, out io.Writer) writer { return &markdownWriter{out: out} },
}

func knownMode(name string) bool { _, ok := modes[name]; return ok }

func modeNames() []string {
	var names []string
	for n := range modes {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// writer gives the writer of the current mode. Plans are texts: they stay unboxed.
func (s *Shell) writer(out io.Writer, p *page, tag string) writer {
	switch {
	case s.expanded && s.mode == "box":
		return modes["line"](s, out)
	case s.mode == "box" && tag == "EXPLAIN" && len(p.columns) == 1:
		return &plainWriter{out: out}
	}
	return modes[s.mode](s, out)
}

// plainWriter writes the only column's values as lines.
type plainWriter struct {
	out io.Writer
	buf []byte
}

func (w *plainWriter) rows(p *page) error {
	w.buf = w.buf[:0]
	for row := range p.count {
		if !p.isNull(0, row) {
			w.buf = p.appendText(w.buf, 0, row)
		}
		w.buf = append(w.buf, '\n')
	}
	_, err := w.out.Write(w.buf)
	return err
}

func (w *plainWriter) end(*page) (int, error) { return 0, nil }
