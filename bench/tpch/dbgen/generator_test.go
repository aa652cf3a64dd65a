package dbgen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// sharedText spares every test the writing of the text.
var sharedText = sync.OnceValue(writeText)

func newGenerator(t testing.TB, opts Options) *Generator {
	t.Helper()
	g, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	g.text = sharedText
	return g
}

func tbl(t *testing.T, g *Generator, table Table) string {
	t.Helper()
	var out bytes.Buffer
	if err := g.WriteTBL(context.Background(), &out, table); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestRowsDoNotDependOnChunks would fail if a chunk did not find its place in every column's stream, in
// particular where lineitem is cut inside an order or partsupp inside a part (G1).
func TestRowsDoNotDependOnChunks(t *testing.T) {
	for _, table := range Tables() {
		whole := tbl(t, newGenerator(t, Options{Scale: 0.01}), table)
		for _, rows := range []int{997, 5003} {
			g := newGenerator(t, Options{Scale: 0.01, BatchRows: rows, Workers: 3})
			if tbl(t, g, table) != whole {
				t.Errorf("%s differs in batches of %d rows", table, rows)
			}
		}
		small := tbl(t, newGenerator(t, Options{Scale: 0.001}), table)
		if tbl(t, newGenerator(t, Options{Scale: 0.001, BatchRows: 1}), table) != small {
			t.Errorf("%s differs in batches of one row", table)
		}
	}
}

// TestPartsAddUp would fail if parts overlapped, left rows out or made other rows.
func TestPartsAddUp(t *testing.T) {
	for _, table := range Tables() {
		whole := tbl(t, newGenerator(t, Options{Scale: 0.01}), table)
		var parts strings.Builder
		for part := 1; part <= 7; part++ {
			parts.WriteString(tbl(t, newGenerator(t, Options{Scale: 0.01, Part: part, Parts: 7}), table))
		}
		if parts.String() != whole {
			t.Errorf("%s: seven parts are not the whole", table)
		}
	}
}

// TestChunkSizes would fail if a chunk had another size than promised (G2) or chunks left gaps.
func TestChunkSizes(t *testing.T) {
	counts := map[Table]int64{Region: 5, Nation: 25, Supplier: 100, Customer: 1500, Part: 2000, PartSupp: 8000,
		Orders: 15000, Lineitem: 60175}
	for _, batch := range []int{1, 3, 4096, 60175, 1 << 20} {
		g := newGenerator(t, Options{Scale: 0.01, BatchRows: batch})
		for table, want := range counts {
			var next int64
			chunks := g.Chunks(table)
			for i, c := range chunks {
				if c.FirstRow != next || c.Rows != batch && i < len(chunks)-1 || c.Rows > batch || c.Rows < 1 {
					t.Fatalf("%s in batches of %d: chunk %d is %+v, expected to begin at %d", table, batch, i, c, next)
				}
				next += int64(c.Rows)
			}
			if next != want || g.Rows(table) != want {
				t.Errorf("%s in batches of %d: %d rows, Rows says %d, want %d", table, batch, next, g.Rows(table), want)
			}
		}
	}
}

// TestDictionaries would fail if a dictionary were unsorted or had duplicates (G3).
func TestDictionaries(t *testing.T) {
	for _, table := range Tables() {
		for _, f := range table.Fields() {
			if (f.Dict != nil) != (f.Kind == Dict) {
				t.Errorf("%s: kind %d, dictionary %v", f.Name, f.Kind, f.Dict)
			}
			for i := 1; f.Dict != nil && i < len(f.Dict.Values); i++ {
				if f.Dict.Values[i-1] >= f.Dict.Values[i] {
					t.Errorf("%s: %q before %q", f.Name, f.Dict.Values[i-1], f.Dict.Values[i])
				}
			}
		}
	}
}

// TestRecords would fail if the Arrow form said anything else than the text form.
func TestRecords(t *testing.T) {
	g := newGenerator(t, Options{Scale: 0.01, BatchRows: 1009})
	for _, table := range Tables() {
		var got strings.Builder
		for record, err := range g.Records(context.Background(), table) {
			if err != nil {
				t.Fatal(err)
			}
			for row := range int(record.NumRows()) {
				for i, column := range record.Columns() {
					got.WriteString(arrowText(column, row, table.Fields()[i].Whole))
					got.WriteByte('|')
				}
				got.WriteByte('\n')
			}
		}
		if want := tbl(t, g, table); got.String() != want {
			t.Errorf("%s: records differ from text:\n%.300s\n%.300s", table, got.String(), want)
		}
	}
}

func arrowText(column arrow.Array, row int, whole bool) string {
	switch column := column.(type) {
	case *array.Date32:
		return column.Value(row).FormattedString()
	case *array.Decimal128:
		text := column.Value(row).ToString(2)
		if whole {
			text = strings.TrimSuffix(text, ".00")
		}
		return text
	}
	return column.ValueStr(row)
}

// TestCancel would fail if a cancelled generation went on, hid the error or left goroutines waiting.
func TestCancel(t *testing.T) {
	g := newGenerator(t, Options{Scale: 0.01, BatchRows: 100})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	batches, last := 0, error(nil)
	for _, err := range g.Columns(ctx, Lineitem) {
		if batches++; batches == 3 {
			cancel()
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) || batches != 4 {
		t.Errorf("%d batches, then %v", batches, last)
	}
	for range g.Columns(context.Background(), Lineitem) {
		break
	}
}

// TestOptionsAreChecked would fail if a nonsensical option were accepted.
func TestOptionsAreChecked(t *testing.T) {
	for _, opts := range []Options{{}, {Scale: -1}, {Scale: 20_000}, {Scale: 1, Part: 3, Parts: 2}, {Scale: 1, Part: 1},
		{Scale: 1, BatchRows: -5}} {
		if _, err := New(opts); err == nil {
			t.Errorf("%+v is accepted", opts)
		}
	}
}

// TestCSV would fail if a comma in a comment broke a row or the header were wrong.
func TestCSV(t *testing.T) {
	g := newGenerator(t, Options{Scale: 0.01})
	var out bytes.Buffer
	if err := g.WriteCSV(context.Background(), &out, Region); err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	want.WriteString("r_regionkey,r_name,r_comment\n")
	for line := range strings.Lines(tbl(t, g, Region)) {
		f := strings.Split(line, "|")
		if strings.Contains(f[2], ",") {
			f[2] = `"` + f[2] + `"`
		}
		fmt.Fprintf(&want, "%s,%s,%s\n", f[0], f[1], f[2])
	}
	if out.String() != want.String() || !strings.Contains(out.String(), `"`) {
		t.Errorf("got %s\nwant %s", out.String(), want.String())
	}
}

// BenchmarkFill measures one core's rows/s into reused memory, per table.
func BenchmarkFill(b *testing.B) {
	g := newGenerator(b, Options{Scale: 1})
	g.text()
	for _, table := range Tables() {
		b.Run(table.String(), func(b *testing.B) {
			chunks := g.Chunks(table)
			var cols Columns
			rows := 0
			for i := 0; b.Loop(); i++ {
				c := chunks[i%len(chunks)]
				g.Fill(c, &cols)
				rows += c.Rows
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// TestTextMarks would fail if a mark were not where a sentence begins, or its seed not the state there. It
// prints the right marks.
func TestTextMarks(t *testing.T) {
	a := author{text: make([]byte, 2*maxSentence), seed: textMarks[0].seed}
	const pieces = 16
	at := 0
	want := []textMark{{0, a.seed}}
	for at < textSize {
		a.at = 0
		a.sentence()
		at += a.at
		if len(want) < pieces && at >= textSize/pieces*len(want) {
			want = append(want, textMark{at, a.seed})
		}
	}
	if !slices.Equal(want, textMarks[:]) {
		t.Errorf("the marks are %v", want)
	}
}

// BenchmarkScaleFactor1 measures all tables into fresh memory on all cores, the text included.
func BenchmarkScaleFactor1(b *testing.B) {
	var rows int64
	for b.Loop() {
		g, err := New(Options{Scale: 1})
		if err != nil {
			b.Fatal(err)
		}
		for _, table := range Tables() {
			for cols, err := range g.Columns(context.Background(), table) {
				if err != nil {
					b.Fatal(err)
				}
				rows += int64(cols.Rows)
			}
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkText measures the writing of the text.
func BenchmarkText(b *testing.B) {
	b.SetBytes(textSize)
	for b.Loop() {
		writeText()
	}
}
