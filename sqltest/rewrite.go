package sqltest

import (
	"os"
	"slices"
	"strings"
)

// Edit replaces a record's header line and, for queries, the lines below its ----.
type Edit struct {
	Line               int // of the header, from 1
	Header             string
	Want               []string
	wantStart, wantEnd int
}

// edit notes the engine's outcome as the record's new expectation; false when the record may not change.
func (r *run) edit(record *Record, header string, want []string) bool {
	if !r.rewrite || !record.rewritable {
		return false
	}
	r.report.Edits = append(r.report.Edits, Edit{record.Line, header, want, record.wantStart, record.wantEnd})
	return true
}

// expectation is the result as rewriting writes it.
func (r *result) expectation(threshold int) []string {
	values := r.values()
	if threshold > 0 && len(values) > threshold {
		return []string{hash(values)}
	}
	return r.lines()
}

// queryHeader prints the record's first line.
func (r *Record) queryHeader() string {
	words := []string{"query", r.Types}
	switch r.Sort {
	case RowSort:
		words = append(words, "rowsort")
	case ValueSort:
		words = append(words, "valuesort")
	}
	if r.ColNames {
		words = append(words, "colnames")
	}
	if r.ColTypes {
		words = append(words, "coltypes")
	}
	if r.Label != "" {
		words = append(words, r.Label)
	}
	return strings.Join(words, " ")
}

// typeLetters chooses how rewriting prints columns that a "query ?" record leaves open: integers as I,
// floats as R, all else as its exact text.
func typeLetters(columns []Column) string {
	letters := make([]byte, len(columns))
	for i, c := range columns {
		switch c.Type {
		case "smallint", "integer", "bigint":
			letters[i] = 'I'
		case "real", "double precision":
			letters[i] = 'R'
		default:
			letters[i] = 'T'
		}
	}
	return string(letters)
}

// applyEdits returns text with the edits made; they must stem from one run of the records of text.
func applyEdits(text string, edits []Edit) string {
	lines := splitLines(text)
	for _, e := range slices.Backward(edits) {
		if e.wantStart > 0 {
			lines = slices.Replace(lines, e.wantStart, e.wantEnd, e.Want...)
		}
		lines[e.Line-1] = e.Header
	}
	return strings.Join(lines, "\n")
}

func rewriteFile(path string, edits []Edit) error {
	if len(edits) == 0 {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(applyEdits(string(text), edits)), 0o644)
}
