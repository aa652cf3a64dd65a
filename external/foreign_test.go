package external

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// foreignRows is the number of rows of the files that testdata/generate.py makes.
const foreignRows = 300

// foreign gives the text of the value in row i of each column of those files.
var foreign = map[string]func(i int) string{
	"b":   func(i int) string { return "ft"[1-i%2:][:1] },
	"i8":  func(i int) string { return fmt.Sprint(i%100 - 50) },
	"u8":  func(i int) string { return fmt.Sprint(i % 256) },
	"i16": func(i int) string { return fmt.Sprint(i - 150) },
	"u16": func(i int) string { return fmt.Sprint(i * 200) },
	"i32": func(i int) string { return fmt.Sprint(i*1000 - 7) },
	"u32": func(i int) string { return fmt.Sprint(i * 4000000) },
	"i64": func(i int) string { return fmt.Sprint(i*1_000_000_000_000 - 1) },
	"u64": func(i int) string { return fmt.Sprint(uint64(i) * 10_000_000_000_000_000) },
	"f32": func(i int) string { return types.Format(types.Float(types.TReal, float64(i)/4)) },
	"f64": func(i int) string { return types.Format(types.Float(types.TDouble, float64(i)/8)) },
	"d9":  func(i int) string { return scaledText(i, 2) }, "d18": func(i int) string { return scaledText(i, 4) },
	"d38": func(i int) string { return scaledText(i, 10) },
	"s":   func(i int) string { return fmt.Sprint("t", i%5) }, "long": func(i int) string { return fmt.Sprint("text number ", i) },
	"bin":   func(i int) string { return fmt.Sprintf(`\x%02x`, i%256) },
	"day":   func(i int) string { return epoch.AddDate(0, 0, i).Format(time.DateOnly) },
	"tms":   clockText,
	"tns":   clockText,
	"ts_ms": stampText, "ts_us": stampText, "ts_ns": stampText,
	"tz": func(i int) string { return stampText(i) + "+00" },
	"v":  func(i int) string { return fmt.Sprint("text number ", i) }, "l": func(i int) string { return fmt.Sprint("text number ", i) },
	"i": func(i int) string { return fmt.Sprint(2 * i) },
}

var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func scaledText(i, scale int) string {
	return string(types.AppendDecimal(nil, types.FromInt64(int64(i*12345-5)), scale))
}
func clockText(i int) string { return fmt.Sprintf("%02d:%02d:%02d", i%24, i%60, i%60) }
func stampText(i int) string { return epoch.Add(time.Duration(i) * time.Second).Format(time.DateTime) }

// What other programs write must read as they meant it: every encoding, codec and type.
func TestForeignFiles(t *testing.T) {
	for _, name := range []string{"plain.parquet", "dict.parquet", "v2.parquet", "int96.parquet", "delta.parquet", "duckdb.parquet",
		"tiny.parquet", "tiny2.parquet", "plain.arrow", "stream.arrows", "lz4.feather", "views.arrow"} {
		t.Run(name, func(t *testing.T) {
			src, rows, err := readFile(t, vfs.Default, request("testdata/"+name), 1, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) != foreignRows {
				t.Fatalf("%d rows", len(rows))
			}
			for c, col := range src.Schema() {
				want, ok := foreign[col.Name]
				if !ok {
					t.Fatalf("unexpected column %s", col.Name)
				}
				for i, row := range rows {
					text := "NULL"
					if i%7 != 3 {
						text = want(i)
					}
					if name == "int96.parquet" {
						text = strings.TrimSuffix(text, "+00") // INT96 does not know of zones
					}
					if got := types.Format(row[c]); got != text {
						t.Fatalf("%s row %d: %s, not %s", col.Name, i, got, text)
					}
				}
			}
		})
	}
}

// Nested columns are refused by name; the others of the file are readable.
func TestNestedColumnIsRefused(t *testing.T) {
	src, _, err := readFile(t, vfs.Default, request("testdata/nested.parquet"), 1, nil)
	if sqlerr.StateOf(err) != sqlerr.FeatureNotSupported || !strings.Contains(err.Error(), `the nested column "l"`) {
		t.Errorf("got %v", err)
	}
	n := &plan.External{Source: src, Cols: []plan.Column{{ID: 1, Name: "z", Typ: types.TText, Ordinal: 2}}}
	if text := readNode(t, n); text != `"x" "y"` {
		t.Errorf("got %s", text)
	}
}

func TestDuckDBTypes(t *testing.T) {
	_, rows, err := readFile(t, vfs.Default, request("testdata/duckdb_types.parquet"), 1, nil)
	if err != nil || len(rows) != 20 {
		t.Fatal(len(rows), err)
	}
	got := types.Format(rows[13][0]) + " " + types.Format(rows[13][1])
	if want := "00000000-0000-0000-0000-000000000013 1 year 1 mon 13 days"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDuckDBCSV(t *testing.T) {
	src, rows, err := readFile(t, vfs.Default, request("testdata/duckdb.csv"), 1, nil)
	if err != nil || len(rows) != 20 {
		t.Fatal(len(rows), err)
	}
	kinds := ""
	for _, c := range src.Schema() {
		kinds += c.Name + " " + c.Type.String() + ", "
	}
	if kinds != "id bigint, txt text, day date, num double precision, " || rows[7][1].S != `a, "b"7` || types.Format(rows[7][2]) != "2020-01-08" {
		t.Errorf("%s %v", kinds, rows[7])
	}
}

// Bytes changed or cut off anywhere end in an error or in rows, never in a panic or a hang.
func TestDamagedFiles(t *testing.T) {
	for _, name := range []string{"dict.parquet", "v2.parquet", "delta.parquet", "tiny.parquet", "plain.arrow", "stream.arrows", "lz4.feather"} {
		whole, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(whole); at += 1 + len(whole)/37 {
			checkDamaged(t, name, whole[:at])
			bent := append([]byte(nil), whole...)
			bent[at] ^= 0x55
			checkDamaged(t, name, bent)
		}
	}
}

// checkDamaged reads content; errors must have a state that a user can act on, and name the file.
func checkDamaged(t testing.TB, name string, content []byte) {
	t.Helper()
	fs := vfs.NewMem()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(slices.Clone(content)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, err = readFile(t, fs, request(name), 1, nil)
	if strings.HasSuffix(name, ".parquet") {
		checkKeptDamaged(t, name, content, err)
	}
	switch state := sqlerr.StateOf(err); state {
	case sqlerr.Successful, sqlerr.FeatureNotSupported, sqlerr.OutOfMemory:
	case sqlerr.DataCorrupted, sqlerr.BadCopyFileFormat:
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name the file: %v", err)
		}
	default:
		t.Errorf("%s: %v", name, err)
	}
}

func FuzzParquet(f *testing.F) {
	fuzzFile(f, "f.parquet", "dict.parquet", "v2.parquet", "nested.parquet", "delta.parquet", "tiny2.parquet")
}

func FuzzArrow(f *testing.F) { fuzzFile(f, "f.arrow", "views.arrow", "stream.arrows") }

// fuzzFile changes one byte and cuts a file off.
func fuzzFile(f *testing.F, name string, seeds ...string) {
	var files [][]byte
	for _, seed := range seeds {
		data, err := os.ReadFile("testdata/" + seed)
		if err != nil {
			f.Fatal(err)
		}
		files = append(files, data)
	}
	f.Add(uint8(0), uint32(100), byte(1), uint32(1<<30))
	f.Fuzz(func(t *testing.T, which uint8, at uint32, x byte, end uint32) {
		data := append([]byte(nil), files[int(which)%len(files)]...)
		data[int(at)%len(data)] ^= x
		checkDamaged(t, name, data[:min(int(end), len(data))])
	})
}
