package csv

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/external/file"
)

const (
	// sampleBytes and sampleRows bound what dialect and types are guessed from.
	sampleBytes = 2 << 20
	sampleRows  = 20_480
)

// Known is what the user has said, so that it need not be guessed.
type Known struct {
	Delimiter, Quote, Escape, Header, Null bool
	// Columns are the table's, for COPY FROM; nil to guess them.
	Columns []catalog.Column
}

// Guess is what a sample of a file says about it.
type Guess struct {
	Dialect Dialect
	Columns []catalog.Column
	// RowBytes is the mean length of a row in unpacked bytes, 0 when there are none.
	RowBytes float64
	// Empty says that the file has no row, not even a header.
	Empty bool
}

// Sniff guesses what is not known of d, and the columns' names and types, from the beginning of a file.
func Sniff(fsys vfs.FS, info file.Info, d Dialect, known Known) (Guess, error) {
	data, whole, err := sample(fsys, info.Path, d.Latin1, sampleBytes)
	if err != nil {
		return Guess{}, err
	}
	g := guess(data, whole, d, known)
	return g, nil
}

// sample reads the beginning of a file; whole says that it is all there is.
func sample(fsys vfs.FS, path string, latin1 bool, limit int) (data []byte, whole bool, err error) {
	r, err := openText(fsys, path, latin1)
	if err != nil {
		return nil, false, err
	}
	data, err = io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, false, joinClose(err, r)
	}
	whole = len(data) <= limit
	return data[:min(len(data), limit)], whole, r.Close()
}

func guess(data []byte, whole bool, d Dialect, known Known) Guess {
	if bytes.IndexByte(data, '\n') < 0 && bytes.IndexByte(data, '\r') >= 0 {
		d.Newline = '\r'
	}
	dialect, rows := guessDialect(data, whole, d, known)
	if len(rows) == 0 && !whole { // a first row longer than the sample: what is seen of it must do
		dialect, rows = guessDialect(data, true, d, known)
	}
	d = dialect
	if len(rows) == 0 {
		return Guess{Dialect: d, Columns: known.Columns, Empty: true}
	}
	kinds := columnTypes(rows[1:], len(rows[0]), &d)
	if !known.Header {
		d.Header = isHeader(rows, kinds, &d, known.Columns)
	}
	g := Guess{Dialect: d, Columns: known.Columns, RowBytes: float64(len(data)) / float64(len(rows))}
	if len(rows) == sampleRows {
		g.RowBytes = float64(rowsLength(rows)) / float64(len(rows))
	}
	if g.Columns != nil {
		return g
	}
	if !d.Header {
		kinds = columnTypes(rows, len(rows[0]), &d)
	}
	for i, t := range kinds {
		name := "column" + strconv.Itoa(i)
		if d.Header {
			name = strings.TrimSpace(rows[0][i].text)
		}
		g.Columns = append(g.Columns, catalog.Column{FieldID: int32(i + 1), Name: name, Type: t})
	}
	uniqueNames(g.Columns)
	return g
}

func rowsLength(rows [][]cell) int {
	n := 0
	for _, row := range rows {
		for _, c := range row {
			n += len(c.text) + 1
		}
	}
	return n
}

// uniqueNames gives columns without a name, or with another's name, one of their own.
func uniqueNames(cols []catalog.Column) {
	seen := map[string]bool{}
	for i := range cols {
		name := cols[i].Name
		if name == "" {
			name = "column" + strconv.Itoa(i)
		}
		base := name
		for n := 1; seen[name]; n++ {
			name = base + "_" + strconv.Itoa(n)
		}
		seen[name] = true
		cols[i].Name = name
	}
}

// CheckFile refuses a further file of a set whose rows, or names, differ from those of the first.
func CheckFile(fsys vfs.FS, info file.Info, d Dialect, cols []catalog.Column, first string, names bool) error {
	data, whole, err := sample(fsys, info.Path, d.Latin1, 256<<10)
	if err != nil {
		return err
	}
	rows, _ := records(data, whole, &d, 1)
	if len(rows) == 0 {
		return nil
	}
	if len(rows[0]) != len(cols) {
		return badFormat(info.Path, 1, "%d columns, but %s has %d", len(rows[0]), first, len(cols))
	}
	for i, c := range rows[0] {
		if names && d.Header && cols[i].Name != strings.TrimSpace(c.text) && strings.TrimSpace(c.text) != "" {
			return badFormat(info.Path, 1, "column %d is %q, but %q in %s", i+1, c.text, cols[i].Name, first)
		}
	}
	return nil
}

// CheckHeader is HEADER MATCH: the first row must hold exactly the columns' names.
func CheckHeader(fsys vfs.FS, info file.Info, d Dialect, cols []catalog.Column) error {
	data, whole, err := sample(fsys, info.Path, d.Latin1, 256<<10)
	if err != nil {
		return err
	}
	rows, _ := records(data, whole, &d, 1)
	if len(rows) == 0 {
		return badFormat(info.Path, 1, "the header is missing")
	}
	if len(rows[0]) != len(cols) {
		return badFormat(info.Path, 1, "wrong number of fields in header line: got %d, expected %d", len(rows[0]), len(cols))
	}
	for i, c := range rows[0] {
		if c.text != cols[i].Name {
			return badFormat(info.Path, 1, "column name mismatch in header line field %d: got %q, expected %q", i+1, c.text, cols[i].Name)
		}
	}
	return nil
}
