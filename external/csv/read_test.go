package csv

import (
	"bytes"
	stdcsv "encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/external/file"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

func memFile(t testing.TB, fs vfs.FS, path, content string) file.Info {
	t.Helper()
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Info{Path: path, Size: int64(len(content))}
}

func columns(kinds ...types.Type) []catalog.Column {
	cols := make([]catalog.Column, len(kinds))
	for i, k := range kinds {
		cols[i] = catalog.Column{Name: string(rune('a' + i)), Type: k}
	}
	return cols
}

// read parses content in pieces of the given sizes; cells print as values, NULL as ~.
func read(t testing.TB, content string, d Dialect, cols []catalog.Column, s sizes, workers int) ([]string, error) {
	t.Helper()
	fs := vfs.NewMem()
	src := &Source{FS: fs, Files: []file.Info{memFile(t, fs, "f.csv", content)}, Dialect: d, Columns: cols}
	q := exectest.Query(t, workers)
	reading, err := src.Scan(q, allOrdinals(src), file.Pruner{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := reading.Close(); err != nil {
			t.Error(err)
		}
	}()
	reading.(*scan).splitter.sizes = s
	var rows []string
	err = q.RunOn(1, func(w *exec.Worker) error {
		_, err := drainCursor(reading, w, func(c file.Cursor, n int) error {
			first := len(rows)
			rows = append(rows, make([]string, n)...)
			for i := range cols {
				v, err := c.Column(i)
				if err != nil {
					return err
				}
				for k := range n {
					text := "~"
					if !v.IsNull(k) {
						text = types.Format(v.Value(k))
					}
					if i > 0 {
						text = "|" + text
					}
					rows[first+k] += text
				}
			}
			return nil
		})
		return err
	})
	return rows, err
}

// Each of these is a file that some program writes; a row too many, too few or shifted is lost data.
func TestRows(t *testing.T) {
	two := columns(types.TText, types.TText)
	escaped := Dialect{Delimiter: ',', Quote: '"', Escape: '\\', Newline: '\n'}
	for _, c := range []struct {
		name, in string
		d        Dialect
		cols     []catalog.Column
		want     string
	}{
		{"plain", "a,b\nc,d\n", Standard(), two, "a|b c|d"},
		{"no newline at the end", "a,b\nc,d", Standard(), two, "a|b c|d"},
		{"CRLF", "a,b\r\nc,d\r\n", Standard(), two, "a|b c|d"},
		{"CRLF without the last", "a,b\r\nc,\"d\"", Standard(), two, "a|b c|d"},
		{"byte order mark", "\xEF\xBB\xBFa,b\n", Standard(), two, "a|b"},
		{"empty lines", "\n\na,b\n\r\n\nc,d\n\n", Standard(), two, "a|b c|d"},
		{"empty is NULL, quoted is not", ",\"\"\n\"\",\n", Standard(), two, "~| |~"},
		{"quoted delimiter, quote and newline", "\"a,b\",\"c\"\"d\"\n\"e\nf\",g\n", Standard(), two, "a,b|c\"d e\nf|g"},
		{"quotes inside a field", "a\"b,c\"d,x\n", Standard(), two, "ab,cd|x"},
		{"only quotes", "\"\"\"\",\"\"\"\"\"\"\n", Standard(), two, "\"|\"\""},
		{"one column with empty lines", "a\n\nb\n", Standard(), columns(types.TText), "a ~ b"},
		{"empty file", "", Standard(), two, ""},
		{"header only", "a,b\n", Dialect{Delimiter: ',', Quote: '"', Escape: '"', Newline: '\n', Header: true}, two, ""},
		{"header with a newline in quotes", "\"a\nb\",c\nd,e\n", Dialect{Delimiter: ',', Quote: '"', Escape: '"', Newline: '\n', Header: true}, two, "d|e"},
		{"no quoting", "\"a,b\"\n", Dialect{Delimiter: ',', Newline: '\n'}, two, "\"a|b\""},
		{"escape of its own", `"a\"b","c\\"` + "\n" + `"d,\n",e` + "\n", escaped, two, `a"b|c\ d,\n|e`},
		{"escape before a newline", "\"a\\\nb\",c\n", escaped, two, "a\\\nb|c"},
		{"carriage returns end rows", "a,b\rc,d\r", Dialect{Delimiter: ',', Quote: '"', Escape: '"', Newline: '\r'}, two, "a|b c|d"},
		{"NULL by name", "NULL,\"NULL\"\n,x\n", Dialect{Delimiter: ',', Quote: '"', Escape: '"', Newline: '\n', Null: "NULL"}, two, "~|NULL |x"},
		{"Latin 1", "caf\xe9,x\n", Dialect{Delimiter: ',', Quote: '"', Escape: '"', Newline: '\n', Latin1: true}, two, "café|x"},
		{"numbers", "1,-2.50\n-9223372036854775808,0.1\n 7 ,+3\n\"8\",1e2\n", Standard(), columns(types.TBigInt, types.TNumeric(10, 2)), "1|-2.50 -9223372036854775808|0.10 7|3.00 8|100.00"},
		{"dates and times", "1996-02-29,2000-01-01 00:00:00\n0001-01-01,1999-12-31T23:59:59.999999\nJan 8 1999,1999-01-08 04:05\n", Standard(), columns(types.TDate, types.TTimestamp),
			"1996-02-29|2000-01-01 00:00:00 0001-01-01|1999-12-31 23:59:59.999999 1999-01-08|1999-01-08 04:05:00"},
		{"floats and truth", "1.5,t\n-0,false\n1e300,1\n0.1,off\n", Standard(), columns(types.TDouble, types.TBoolean), "1.5|t -0|f 1e+300|t 0.1|f"},
		{"char and varchar", "ab  ,xyz  \n", Standard(), columns(types.Type{Kind: types.Char, Length: 5}, types.Type{Kind: types.Varchar, Length: 3}), "ab   |xyz"},
		{"empty numbers", ",\n\"\",\"\"\n", Dialect{Delimiter: ',', Quote: '"', Escape: '"', Newline: '\n', EmptyNulls: true}, columns(types.TBigInt, types.TDouble), "~|~ ~|~"},
	} {
		for _, s := range []sizes{usual, {rows: 1, bytes: 8, read: 1}, {rows: 2, bytes: 1 << 20, read: 70}} {
			got, err := read(t, c.in, c.d, c.cols, s, 1)
			if err != nil {
				t.Errorf("%s %v: %v", c.name, s, err)
			} else if text := strings.Join(got, " "); text != c.want {
				t.Errorf("%s %v:\ngot  %q\nwant %q", c.name, s, text, c.want)
			}
		}
	}
}

// An error that does not say where is useless in a file of a million rows.
func TestErrorsNameThePlace(t *testing.T) {
	for _, c := range []struct {
		in    string
		cols  []catalog.Column
		state sqlerr.State
		want  string
	}{
		{"1,2\n3,abc\n", columns(types.TBigInt, types.TNumeric(5, 2)), sqlerr.InvalidTextRepresentation, `f.csv, line 2, column b: invalid input syntax for type numeric: "abc"`},
		{"1,\"x\ny\"\n\n3x,z\n", columns(types.TBigInt, types.TText), sqlerr.InvalidTextRepresentation, `f.csv, line 4, column a: invalid input syntax for type bigint: "3x"`},
		{"1,2\n3\n", columns(types.TText, types.TText), sqlerr.BadCopyFileFormat, `f.csv, line 2: missing data for column "b" (expected 2 columns, found 1)`},
		{"1,2\n3,4,5\n", columns(types.TText, types.TText), sqlerr.BadCopyFileFormat, `f.csv, line 2: extra data after last expected column (expected 2 columns)`},
		{"1,2\n3,\"4\n5,6\n", columns(types.TText, types.TText), sqlerr.BadCopyFileFormat, `f.csv, line 2: unterminated CSV quoted field`},
		{"1,2\n3,\xff\n", columns(types.TText, types.TText), sqlerr.CharacterNotInRepertoire, `f.csv, line 2: invalid byte sequence for encoding "UTF8": 0xff`},
		{"40000\n", columns(types.TSmallInt), sqlerr.NumericValueOutOfRange, `f.csv, line 1, column a: value "40000" is out of range for type smallint`},
		{"123456.7\n", columns(types.TNumeric(5, 2)), sqlerr.NumericValueOutOfRange, `f.csv, line 1, column a: numeric field overflow`},
		{"1999-02-29\n", columns(types.TDate), sqlerr.DatetimeFieldOverflow, `f.csv, line 1, column a: date/time field value out of range: "1999-02-29"`},
		{"abcd\n", columns(types.Type{Kind: types.Varchar, Length: 3}), sqlerr.StringDataRightTruncation, `f.csv, line 1, column a: value too long for type character varying(3)`},
		{"\"\"\n", columns(types.TBigInt), sqlerr.InvalidTextRepresentation, `f.csv, line 1, column a: invalid input syntax for type bigint: ""`},
	} {
		for _, s := range []sizes{usual, {rows: 1, bytes: 8, read: 3}} {
			_, err := read(t, c.in, Standard(), c.cols, s, 1)
			var e *sqlerr.Error
			if err == nil || sqlerr.StateOf(err) != c.state {
				t.Errorf("%q: got %v, want %s", c.in, err, c.state)
			} else if errors.As(err, &e); e.Message != c.want {
				t.Errorf("%q:\ngot  %s\nwant %s", c.in, e.Message, c.want)
			}
		}
	}
}

// A row longer than every buffer must still be one row.
func TestHugeField(t *testing.T) {
	field := strings.Repeat("x,\"\"\n", 1_000_000)
	got, err := read(t, "a,\""+field+"\"\nb,c\n", Standard(), columns(types.TText, types.TText), sizes{rows: 10, bytes: 1 << 16, read: 1 << 16}, 1)
	if err != nil || len(got) != 2 || got[0] != "a|"+strings.ReplaceAll(field, `""`, `"`) || got[1] != "b|c" {
		t.Fatalf("%d rows, %v", len(got), err)
	}
}

// The standard library's writer and ours must agree on what a table is, wherever pieces end.
func TestAgainstTheStandardLibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	letters := []string{"a", "b", ",", "\"", "\n", "é", " ", "x1", "\t"}
	for range 300 {
		width, rows := 1+r.IntN(5), r.IntN(40)
		var out bytes.Buffer
		w := stdcsv.NewWriter(&out)
		var want []string
		for range rows {
			row := make([]string, width)
			for i := range row {
				row[i] = "v"
				for range r.IntN(8) {
					row[i] += letters[r.IntN(len(letters))]
				}
			}
			if err := w.Write(row); err != nil {
				t.Fatal(err)
			}
			want = append(want, strings.Join(row, "|"))
		}
		w.Flush()
		kinds := make([]types.Type, width)
		for i := range kinds {
			kinds[i] = types.TText
		}
		s := sizes{rows: 1 + r.IntN(5), bytes: 1 << 20, read: 1 + r.IntN(200)}
		got, err := read(t, out.String(), Standard(), columns(kinds...), s, 1)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%v %v\n%q\ngot  %q\nwant %q", s, err, out.String(), got, want)
		}
	}
}

// FuzzRead: whatever a file holds, reading ends without a panic, and gives the rows that the sampler's
// plain reading gives.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"a,b\nc,d\n", "\"a\n\"\"b\",c\r\n", ",\n,", "\"", "a\n\n\nb", "x\\,\"\\\"\",y\n", strings.Repeat("ab,\"c\nd\"\n", 30)} {
		f.Add([]byte(s), uint8(3), uint8(2), false)
		f.Add([]byte(s), uint8(100), uint8(1), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, step, piece uint8, ownEscape bool) {
		d := Standard()
		if ownEscape {
			d.Escape = '\\'
		}
		text := string(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")))
		rows, ended := records([]byte(text), true, &d, 1<<20)
		if len(rows) == 0 || len(rows[0]) > 20 || strings.HasPrefix(text, "\xFF\xFE") || strings.HasPrefix(text, "\xFE\xFF") {
			return
		}
		kinds := make([]types.Type, len(rows[0]))
		for i := range kinds {
			kinds[i] = types.TText
		}
		got, err := read(t, text, d, columns(kinds...), sizes{rows: 1 + int(piece%8), bytes: 64, read: 1 + int(step)}, 1)
		even := ended && utf8.ValidString(text)
		var want []string
		for _, row := range rows {
			even = even && len(row) == len(rows[0])
			var cells []string
			for _, c := range row {
				if c.text == "" && !c.quoted {
					c.text = "~"
				}
				cells = append(cells, c.text)
			}
			want = append(want, strings.Join(cells, "|"))
		}
		if even != (err == nil) {
			t.Fatalf("error %v, but the rows are even: %v", err, even)
		}
		if len(kinds) > 1 && even && fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("got %q\nwant %q", got, want)
		}
	})
}
