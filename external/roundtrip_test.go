package external

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar/columnartest"
	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/plan/bind"
	"github.com/oxidb/oxidb/types"
)

// all are the types of a table that every format must carry.
var all = []types.Type{
	types.TBoolean, types.TSmallInt, types.TInteger, types.TBigInt, types.TReal, types.TDouble,
	types.TNumeric(9, 2), types.TNumeric(18, 4), types.TNumeric(38, 10), types.TText, {Kind: types.Varchar, Length: 60},
	{Kind: types.Char, Length: 40}, types.TBytea, types.TDate, types.TTime, types.TTimestamp, types.TTimestampTZ,
	types.TInterval, types.TUUID,
}

func namesOf(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("c%d", i)
	}
	return names
}

func columnsOf(kinds []types.Type) []plan.Column {
	cols := make([]plan.Column, len(kinds))
	for i, name := range namesOf(len(kinds)) {
		cols[i] = plan.Column{ID: plan.ColumnID(i + 1), Name: name, Typ: kinds[i], Ordinal: i}
	}
	return cols
}

// catalogColumns are the columns of a table for COPY FROM.
func catalogColumns(kinds []types.Type) []catalog.Column {
	cols := make([]catalog.Column, len(kinds))
	for i, name := range namesOf(len(kinds)) {
		cols[i] = catalog.Column{Name: name, Type: kinds[i], NotNull: true}
	}
	return cols
}

// randomValue is a value of t that all formats can carry.
func randomValue(r *rand.Rand, t types.Type) types.Value {
	v := columnartest.Value(r, t, r.IntN(2) == 0, true)
	if v.Null {
		return v
	}
	switch t.Kind {
	case types.Boolean:
		v.I &= 1
	case types.Char:
		v.S = strings.TrimRight(strings.ReplaceAll(v.S, "\x00", "!"), " ")
	case types.Text, types.Varchar:
		v.S = []string{v.S, "", "a,b", `say "so"`, "two\nlines", "crlf\r\n", " blank ", "ünï", `\.`, "NULL", "\t|;'"}[r.IntN(11)]
		v.S = strings.ReplaceAll(v.S, "\x00", "!")
	case types.Date:
		v.I = r.Int64N(60_000) - 30_000
	case types.Time:
		v.I = r.Int64N(types.Day)
	case types.Timestamp, types.TimestampTZ:
		v.I = r.Int64N(1<<52) - 1<<51
	case types.Interval:
		v.Span = types.Span{Months: int32(r.IntN(30)), Days: int32(r.IntN(50)), Micros: 1000 * r.Int64N(1<<31)}
	case types.Real:
		v.F = float64(float32(r.NormFloat64()))
	case types.Double:
		v.F = []float64{r.NormFloat64(), math.Inf(1), math.MaxFloat64, -0.5, 1e-300}[r.IntN(5)]
	case types.Numeric:
		if t.Precision == 38 && r.IntN(2) == 0 {
			v = types.Decimal(t, types.Int128{Hi: r.Int64N(1<<60) - 1<<59, Lo: r.Uint64()})
			break
		}
		v = types.Int(t, r.Int64N(2*types.PowersOfTen[min(t.Precision, 18)])-types.PowersOfTen[min(t.Precision, 18)]+1)
		v.I = min(v.I, types.PowersOfTen[min(t.Precision, 18)]-1)
	}
	return v
}

func randomRows(r *rand.Rand, kinds []types.Type, n int) []exectest.Row {
	rows := make([]exectest.Row, n)
	for i := range rows {
		for _, t := range kinds {
			rows[i] = append(rows[i], randomValue(r, t))
		}
	}
	return rows
}

func word(name, value string) *ast.Option {
	return &ast.Option{Name: name, Value: &ast.Word{Text: value}}
}

func text(name, value string) *ast.Option {
	return &ast.Option{Name: name, Value: &ast.Literal{Kind: ast.StringLiteral, Text: value}}
}

// writeFile writes rows with COPY TO.
func writeFile(t testing.TB, fs vfs.FS, path string, kinds []types.Type, rows []exectest.Row, workers int, opts ...*ast.Option) error {
	t.Helper()
	r := rand.New(rand.NewPCG(9, 9))
	q := exectest.Query(t, workers)
	n, err := Write(q, exectest.NewSource(r, kinds, rows, 1000), fs, &ast.Copy{To: true, File: path, Options: opts}, namesOf(len(kinds)), columnsOf(kinds))
	if err == nil && n != int64(len(rows)) {
		t.Errorf("%s: %d rows written, not %d", path, n, len(rows))
	}
	return err
}

// readFile opens and reads a file with all its columns.
func readFile(t testing.TB, fs vfs.FS, req bind.FileRequest, workers int, filter func(cols []plan.Column) []plan.Expr) (plan.ExternalSource, []exectest.Row, error) {
	t.Helper()
	return readWith(t, Opener{FS: fs}, req, workers, filter)
}

// readWith is readFile with what an opener knows.
func readWith(t testing.TB, o Opener, req bind.FileRequest, workers int, filter func(cols []plan.Column) []plan.Expr) (plan.ExternalSource, []exectest.Row, error) {
	t.Helper()
	src, err := o.Open(req)
	if err != nil {
		return nil, nil, err
	}
	n := &plan.External{Source: src}
	for i, c := range src.Schema() {
		n.Cols = append(n.Cols, plan.Column{ID: plan.ColumnID(i + 1), Name: c.Name, Typ: c.Type, NotNull: c.NotNull, Ordinal: i})
	}
	if filter != nil {
		n.Filters = filter(n.Cols)
	}
	op, err := Operator(n)
	if err != nil {
		return src, nil, err
	}
	rows, err := exectest.Run(exectest.Query(t, workers), op)
	return src, rows, err
}

func request(path string) bind.FileRequest {
	return bind.FileRequest{Args: []bind.FileArg{{Value: types.Str(types.TText, path)}}}
}

// A value that comes back changed, or a NULL that becomes a value, is lost data.
func TestEveryTypeSurvivesEveryFormat(t *testing.T) {
	for _, c := range []struct {
		path string
		opts []*ast.Option
	}{
		{path: "f.csv"}, {path: "f.tsv"}, {path: "f.csv.gz"}, {path: "f.csv.zst"}, {path: "f.dat", opts: []*ast.Option{word("format", "csv")}},
		{path: "quoted.csv", opts: []*ast.Option{word("format", "csv"), text("delimiter", ";"), text("quote", "'"), text("escape", `\`), text("null", "NULL")}},
		{path: "f.parquet"}, {path: "s.parquet", opts: []*ast.Option{text("compression", "snappy")}}, {path: "n.parquet", opts: []*ast.Option{word("compression", "none")}},
		{path: "f.arrow"}, {path: "f.arrows"},
	} {
		for _, n := range []int{0, 1, 3, 5000} {
			t.Run(fmt.Sprintf("%s/%d", c.path, n), func(t *testing.T) {
				r := rand.New(rand.NewPCG(uint64(n), 7))
				fs := vfs.NewMem()
				rows := randomRows(r, all, n)
				if err := writeFile(t, fs, c.path, all, rows, 1, c.opts...); err != nil {
					t.Fatal(err)
				}
				req := request(c.path)
				if strings.Contains(c.path, "sv") || strings.HasSuffix(c.path, "dat") {
					req.Columns = catalogColumns(all)
				}
				for _, o := range c.opts {
					if o.Name == "format" {
						req.Function = "read_csv"
						continue
					}
					v, _ := optionValue(o)
					if o.Name != "compression" {
						req.Args = append(req.Args, bind.FileArg{Name: o.Name, Value: v})
					}
				}
				src, got, err := readFile(t, fs, req, 1, nil)
				if err != nil {
					t.Fatal(err)
				}
				for i, col := range src.Schema() {
					want := all[i]
					if req.Columns == nil && want.IsText() {
						want = types.TText // files know texts of any length only
					}
					if col.Type != want && want.Kind != types.Text {
						t.Errorf("column %d is %s, not %s", i, col.Type, want)
					}
				}
				compareRows(t, got, padded(rows, req.Columns == nil))
			})
		}
	}
}

// padded gives char(n) its blanks where a format stores the text that clients see.
func padded(rows []exectest.Row, pad bool) []exectest.Row {
	out := make([]exectest.Row, len(rows))
	for i, row := range rows {
		out[i] = slices.Clone(row)
		for j, v := range row {
			if pad && v.Type.Kind == types.Char && !v.Null {
				out[i][j].S = string(types.AppendPadded(nil, []byte(v.S), int(v.Type.Length)))
			}
		}
	}
	return out
}

func compareRows(t testing.TB, got, want []exectest.Row) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d rows, not %d", len(got), len(want))
	}
	for i := range want {
		if g, w := exectest.Text(got[i:i+1], false), exectest.Text(want[i:i+1], false); g != w {
			t.Fatalf("row %d:\ngot  %s\nwant %s", i, g, w)
		}
	}
}

// Workers that interleave wrongly would lose or repeat pieces.
func TestManyWorkersReadEachRowOnce(t *testing.T) {
	kinds := []types.Type{types.TBigInt, types.TText}
	var rows []exectest.Row
	for i := range 260_000 {
		rows = append(rows, exectest.Row{types.Int(types.TBigInt, int64(i)), types.Str(types.TText, fmt.Sprint("t", i%7))})
	}
	for _, path := range []string{"f.csv", "f.parquet", "f.arrow", "f.arrows"} {
		fs := vfs.NewMem()
		if err := writeFile(t, fs, path, kinds, rows, 3); err != nil {
			t.Fatal(err)
		}
		_, got, err := readFile(t, fs, request(path), 3, nil)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(got, func(a, b exectest.Row) int { return exectest.Compare(a[0], b[0]) })
		compareRows(t, got, rows)
	}
}

// Filters must see the same rows with pruning, late columns and skipping as without.
func TestFilters(t *testing.T) {
	kinds := []types.Type{types.TBigInt, types.TText, types.TNumeric(12, 2), types.TDate}
	var rows []exectest.Row
	for i := range 300_000 {
		row := exectest.Row{types.Int(types.TBigInt, int64(i)), types.Str(types.TText, fmt.Sprint("t", i%1000)), types.Int(kinds[2], int64(i*3)), types.Int(types.TDate, int64(i/100))}
		if i%11 == 0 {
			row[1] = types.Null(types.TText)
		}
		rows = append(rows, row)
	}
	between := func(at int, lo, hi int64) func([]plan.Column) []plan.Expr {
		return func(cols []plan.Column) []plan.Expr {
			c := &cols[at]
			return []plan.Expr{&plan.Compare{Op: plan.Ge, L: c, R: &plan.Const{Value: types.Int(c.Typ, lo)}},
				&plan.Compare{Op: plan.Gt, L: &plan.Const{Value: types.Int(c.Typ, hi)}, R: c}}
		}
	}
	for _, path := range []string{"f.csv", "f.parquet", "f.arrow"} {
		fs := vfs.NewMem()
		if err := writeFile(t, fs, path, kinds, rows, 1); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			at     int
			lo, hi int64
		}{{0, 0, 10}, {0, 130_000, 131_000}, {0, 299_990, 1 << 40}, {0, -5, 0}, {2, 600_000, 600_300}, {3, 2000, 2002}} {
			req := request(path)
			if path == "f.csv" {
				req.Columns = catalogColumns(kinds)
			}
			_, got, err := readFile(t, fs, req, 1, between(c.at, c.lo, c.hi))
			if err != nil {
				t.Fatal(err)
			}
			var want []exectest.Row
			for _, row := range rows {
				if row[c.at].I >= c.lo && row[c.at].I < c.hi {
					want = append(want, row)
				}
			}
			compareRows(t, got, want)
		}
	}
}

// readNode runs a node and prints its first column.
func readNode(t *testing.T, n *plan.External) string {
	t.Helper()
	op, err := Operator(n)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := exectest.Run(exectest.Query(t, 1), op)
	if err != nil {
		t.Fatal(err)
	}
	var cells []string
	for _, row := range rows {
		cells = append(cells, exectest.Cell(row[0]))
	}
	return strings.Join(cells, " ")
}
