package csv

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/external/file"
	"github.com/oxidb/oxidb/types"
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
	_, r, err := openText(fsys, path, latin1)
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
	d, rows := guessDialect(data, whole, d, known)
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

// cell is a field of a sampled row.
type cell struct {
	text   string
	quoted bool
	// odd says that a quote stands neither at an end of the field nor beside another one.
	odd bool
}

// records reads rows by the general rules, without the last one when it may be cut off. ok is false
// when a quote does not end.
func records(data []byte, whole bool, d *Dialect, limit int) (rows [][]cell, ok bool) {
	var row []cell
	start, quoted, odd := 0, false, false
	end := func(i int) {
		field := data[start:i]
		if quoted {
			field = d.unquote(nil, field)
		}
		row = append(row, cell{string(field), quoted, odd})
		start, quoted, odd = i+1, false, false
	}
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == d.Quote && d.Quote != 0:
			closing := d.closing(data, i+1)
			if closing < 0 {
				return rows, !whole
			}
			odd = odd || i > start && data[i-1] != d.Quote || !endsField(data, closing+1, d)
			i, quoted = closing, true
		case c == d.Delimiter:
			end(i)
		case c == d.Newline:
			rows = endRow(rows, &row, data, i, start, end)
			start = i + 1
			if len(rows) == limit {
				return rows, true
			}
		}
	}
	if whole && (start < len(data) || len(row) > 0) {
		rows = endRow(rows, &row, data, len(data), start, end)
	}
	return rows, true
}

// endsField reports that a quote before data[at] may close a field, or is doubled.
func endsField(data []byte, at int, d *Dialect) bool {
	if at == len(data) {
		return true
	}
	c := data[at]
	return c == d.Delimiter || c == d.Newline || c == '\r' || c == d.Quote
}

func endRow(rows [][]cell, row *[]cell, data []byte, at, start int, end func(int)) [][]cell {
	if at > start && data[at-1] == '\r' {
		at--
	}
	if len(*row) == 0 && at == start { // an empty line
		return rows
	}
	end(at)
	rows = append(rows, *row)
	*row = nil
	return rows
}

// candidates are the delimiters that are tried, the likelier first.
var candidates = []byte{',', '\t', ';', '|'}

// guessDialect picks the dialect under which all rows have the same number of fields, and that the
// largest; what is known is kept.
func guessDialect(data []byte, whole bool, d Dialect, known Known) (Dialect, [][]cell) {
	delimiters := candidates
	if known.Delimiter {
		delimiters = []byte{d.Delimiter}
	} else if at := slices.Index(candidates, d.Delimiter); at > 0 {
		delimiters = append([]byte{d.Delimiter}, slices.Delete(slices.Clone(candidates), at, at+1)...)
	}
	best, bestRows, bestScore := d, [][]cell(nil), -1.0
	for _, quoting := range quotings(data, &d, known) {
		for _, delimiter := range delimiters {
			try := d
			try.Delimiter, try.Quote, try.Escape = delimiter, quoting[0], quoting[1]
			if try.Delimiter == try.Quote {
				continue
			}
			rows, ok := records(data, whole, &try, sampleRows)
			if score := fitness(rows, ok, len(known.Columns)); score > bestScore {
				best, bestRows, bestScore = try, rows, score
			}
		}
	}
	return best, bestRows
}

// quotings lists the pairs of quote and escape that are tried.
func quotings(data []byte, d *Dialect, known Known) [][2]byte {
	if known.Quote {
		escape := d.Escape
		if !known.Escape {
			escape = d.Quote
		}
		return [][2]byte{{d.Quote, escape}}
	}
	if known.Escape {
		return [][2]byte{{'"', d.Escape}}
	}
	list := [][2]byte{{'"', '"'}}
	if bytes.Contains(data, []byte(`\"`)) {
		list = append(list, [2]byte{'"', '\\'})
	}
	if bytes.IndexByte(data, '"') < 0 && bytes.IndexByte(data, '\'') >= 0 && opensWithApostrophe(data) {
		list = append(list, [2]byte{'\'', '\''})
	}
	if bytes.IndexByte(data, '"') >= 0 {
		list = append(list, [2]byte{0, 0})
	}
	return list
}

// opensWithApostrophe reports that some field of the first line starts and ends with one.
func opensWithApostrophe(data []byte) bool {
	line, _, _ := bytes.Cut(data, []byte{'\n'})
	for _, c := range candidates {
		for field := range bytes.SplitSeq(bytes.TrimSpace(line), []byte{c}) {
			if len(field) > 1 && field[0] == '\'' && field[len(field)-1] == '\'' {
				return true
			}
		}
	}
	return false
}

// fitness is larger for dialects under which rows look alike: first the share of rows with the usual
// number of fields, then that number.
func fitness(rows [][]cell, ended bool, want int) float64 {
	if len(rows) == 0 {
		return 0
	}
	counts := map[int]int{}
	usual, odd := len(rows[0]), false
	for _, row := range rows {
		counts[len(row)]++
		for _, c := range row {
			odd = odd || c.odd
		}
	}
	for n, times := range counts {
		if times > counts[usual] || times == counts[usual] && n > usual {
			usual = n
		}
	}
	score := 1000 * float64(counts[usual]) / float64(len(rows))
	switch {
	case want > 0 && usual == want:
		score += 5000
	case usual > 1:
		score += 1000 + min(float64(usual), 900)/10
	}
	if !ended {
		score -= 4000
	}
	if odd {
		score -= 50
	}
	return max(score, 0)
}

// columnTypes finds for each column the narrowest type that all its values have.
func columnTypes(rows [][]cell, columns int, d *Dialect) []types.Type {
	out := make([]types.Type, columns)
	for c := range out {
		out[c] = columnType(rows, c, d)
	}
	return out
}

// guessable are the types that are tried, narrower first.
var guessable = []struct {
	typ types.Type
	fit func(string) bool
}{
	{types.TBoolean, isTruth},
	{types.TBigInt, isBigInt},
	{types.TDouble, isDouble},
	{types.TDate, func(s string) bool { return len(s) == 10 && s[4] == '-' && parses(types.TDate, s) }},
	{types.TTime, func(s string) bool { return len(s) >= 8 && s[2] == ':' && s[5] == ':' && parses(types.TTime, s) }},
	{types.TTimestamp, isTimestamp},
	{types.TTimestampTZ, isZoned},
}

func columnType(rows [][]cell, c int, d *Dialect) types.Type {
	fits := make([]bool, len(guessable))
	for i := range fits {
		fits[i] = true
	}
	some, letters := false, map[string]bool{}
	for _, row := range rows {
		if c >= len(row) || isNull(row[c], d) {
			continue
		}
		some = true
		for i := range guessable {
			fits[i] = fits[i] && guessable[i].fit(row[c].text)
		}
		if fits[0] && len(letters) < 4 {
			letters[row[c].text] = true
		}
	}
	// A column of only t, or only f, is more likely a code than a truth value.
	if letters["t"] != letters["f"] {
		fits[0] = false
	}
	for i := range guessable {
		if some && fits[i] {
			return guessable[i].typ
		}
	}
	return types.TText
}

func isNull(c cell, d *Dialect) bool { return !c.quoted && c.text == d.Null || c.text == "" }

func parses(t types.Type, s string) bool {
	_, err := types.Parse(t, s)
	return err == nil
}

func isTruth(s string) bool {
	switch strings.ToLower(s) {
	case "true", "false":
		return true
	}
	return s == "t" || s == "f"
}

// isBigInt refuses leading zeros: they say that digits are a code.
func isBigInt(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	return digits != "" && (digits[0] != '0' || digits == "0") && digits[0] != '+' && digits[0] != ' ' && parses(types.TBigInt, s)
}

func isDouble(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || digits[0] != '.' && (digits[0] < '0' || digits[0] > '9') {
		return s == "NaN" || strings.EqualFold(digits, "infinity")
	}
	if len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' {
		return false
	}
	return parses(types.TDouble, s)
}

func isTimestamp(s string) bool {
	if len(s) < 16 || s[4] != '-' || s[7] != '-' {
		return false
	}
	_, _, zoned, err := types.ParseTimestamp(s)
	return err == nil && !zoned
}

func isZoned(s string) bool {
	if len(s) < 16 || s[4] != '-' || s[7] != '-' {
		return false
	}
	_, _, zoned, err := types.ParseTimestamp(s)
	return err == nil && zoned
}

// isHeader decides whether the first row names the columns.
func isHeader(rows [][]cell, below []types.Type, d *Dialect, table []catalog.Column) bool {
	first := rows[0]
	if table != nil {
		for i, c := range first {
			if i >= len(table) || !strings.EqualFold(strings.TrimSpace(c.text), table[i].Name) {
				return false
			}
		}
		return true
	}
	unlike, whole := false, true
	for i, c := range first {
		switch {
		case isNull(c, d):
			whole = false
		case !isName(c.text):
			return false
		default:
			unlike = unlike || below[i] != types.TText // a name above values of another type
			whole = whole && !slices.ContainsFunc(first[:i], func(o cell) bool { return o.text == c.text })
		}
	}
	if unlike || !whole {
		return unlike
	}
	for _, row := range rows[1:] {
		for i := range min(len(row), len(first)) {
			if row[i].text == first[i].text {
				return false
			}
		}
	}
	return true
}

// isName reports that s could be a column's name and is no value of another type than text.
func isName(s string) bool {
	s = strings.TrimSpace(s)
	r, _ := utf8.DecodeRuneInString(s)
	if s == "" || len(s) > 128 || !unicode.IsLetter(r) && r != '_' && r != '#' && r != '%' && r != '$' {
		return false
	}
	for i := range guessable {
		if guessable[i].fit(s) && s != "t" && s != "f" {
			return false
		}
	}
	return true
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
