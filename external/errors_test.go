package external

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/exectest"
	"github.com/oxidb/oxidb/parser"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan/bind"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

func put(t *testing.T, fs vfs.FS, path, content string) {
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
}

func option(name string, v types.Value) bind.FileArg { return bind.FileArg{Name: name, Value: v} }

func str(s string) types.Value { return types.Str(types.TText, s) }

// A user who names the wrong file, or the wrong option, must be told which.
func TestWrongRequests(t *testing.T) {
	fs := vfs.NewMem()
	put(t, fs, "a1.csv", "x,y\n1,2\n")
	put(t, fs, "a2.csv", "x,z\n3,4\n")
	put(t, fs, "b1.csv", "x,y\n1,2\n")
	put(t, fs, "b2.csv", "x\n3\n")
	put(t, fs, "empty.csv", "")
	put(t, fs, "fake.parquet", "this is not a Parquet file")
	put(t, fs, "fake.arrow", "this is not an Arrow file, either")
	put(t, fs, "bad.csv.gz", "this is not gzip")
	put(t, fs, "utf16.csv", "\xFF\xFEa\x00")
	if err := fs.MkdirAll("dir.csv", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		req   bind.FileRequest
		state sqlerr.State
		want  string
	}{
		{request("none.csv"), sqlerr.UndefinedFile, `could not open file "none.csv": no such file`},
		{request("none*.csv"), sqlerr.UndefinedFile, `no file matches "none*.csv"`},
		{request("none.parquet"), sqlerr.UndefinedFile, `"none.parquet"`},
		{request("dir.csv"), sqlerr.WrongObjectType, `"dir.csv" is a directory`},
		{request("a.xlsx"), sqlerr.InvalidParameterValue, `"a.xlsx"`},
		{request("a*.csv"), sqlerr.BadCopyFileFormat, `a2.csv, line 1: column 2 is "z", but "y" in a1.csv`},
		{request("b*.csv"), sqlerr.BadCopyFileFormat, `b2.csv, line 1: 1 columns, but b1.csv has 2`},
		{request("empty.csv"), sqlerr.BadCopyFileFormat, "empty.csv is empty"},
		{request("fake.parquet"), sqlerr.DataCorrupted, `file "fake.parquet" is damaged`},
		{request("fake.arrow"), sqlerr.DataCorrupted, `file "fake.arrow" is damaged`},
		{request("bad.csv.gz"), sqlerr.DataCorrupted, `file "bad.csv.gz" is damaged`},
		{request("utf16.csv"), sqlerr.FeatureNotSupported, "UTF-16"},
		{bind.FileRequest{Function: "read_xml", Args: request("a1.csv").Args}, sqlerr.UndefinedFunction, "read_xml"},
		{bind.FileRequest{Function: "read_text", Args: request("a1.csv").Args, Columns: catalogColumns([]types.Type{types.TText})}, sqlerr.FeatureNotSupported, "FORMAT text"},
		{with(request("a1.csv"), option("delimiter", str("ab"))), sqlerr.InvalidParameterValue, "delimiter"},
		{with(request("a1.csv"), option("quote", str(","))), sqlerr.InvalidParameterValue, "delimiter and quote must be different"},
		{with(request("a1.csv"), option("colour", str("red"))), sqlerr.SyntaxError, `"colour"`},
		{with(request("a1.csv"), option("force_null", str("x"))), sqlerr.FeatureNotSupported, "force_null"},
		{with(request("a1.csv"), option("encoding", str("EBCDIC"))), sqlerr.FeatureNotSupported, "EBCDIC"},
		{with(request("a1.csv"), option("types", str("point"))), sqlerr.UndefinedObject, "point"},
	} {
		_, _, err := readFile(t, fs, c.req, 1, nil)
		if sqlerr.StateOf(err) != c.state || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v:\ngot  %v\nwant %s %s", c.req.Args, err, c.state, c.want)
		}
	}
}

func with(req bind.FileRequest, args ...bind.FileArg) bind.FileRequest {
	req.Args = append(append([]bind.FileArg(nil), req.Args...), args...)
	return req
}

// Options must change what is read, not be ignored.
func TestReadOptions(t *testing.T) {
	fs := vfs.NewMem()
	put(t, fs, "t.csv", "1;x\n-;y\n")
	for _, c := range []struct {
		req  bind.FileRequest
		want string
	}{
		{with(request("t.csv"), option("nullstr", str("-"))), "1|\"x\"\nNULL|\"y\""},
		{with(request("t.csv"), option("delim", str("|"))), "\"1;x\"\n\"-;y\""},
		{with(request("t.csv"), option("header", types.Bool(true))), "\"-\"|\"y\""},
		{with(request("t.csv"), option("nullstr", str("-")), bind.FileArg{Name: "types", List: []types.Value{str("numeric(5,2)")}}), "100|\"x\"\nNULL|\"y\""},
	} {
		_, rows, err := readFile(t, fs, c.req, 1, nil)
		if got := exectest.Text(rows, false); err != nil || got != c.want {
			t.Errorf("%v: got %s, %v", c.req.Args, got, err)
		}
	}
	src, _, err := readFile(t, fs, with(request("t.csv"), bind.FileArg{Name: "names", List: []types.Value{str("p"), str("q")}}), 1, nil)
	if err != nil || src.Schema()[1].Name != "q" {
		t.Errorf("names: %v", err)
	}
}

// COPY FROM with FORMAT csv is PostgreSQL's: nothing is guessed. By name alone a header is found.
func TestCopyFromHeader(t *testing.T) {
	fs := vfs.NewMem()
	put(t, fs, "t.csv", "c0,c1\nx,y\n")
	cols := catalogColumns([]types.Type{types.TText, types.TText})
	for _, c := range []struct {
		req  bind.FileRequest
		want string
	}{
		{bind.FileRequest{Columns: cols, Args: request("t.csv").Args}, `"x"|"y"`},
		{bind.FileRequest{Columns: cols, Function: "read_csv", Args: request("t.csv").Args}, "\"c0\"|\"c1\"\n\"x\"|\"y\""},
		{with(bind.FileRequest{Columns: cols, Function: "read_csv", Args: request("t.csv").Args}, option("header", str("match"))), `"x"|"y"`},
	} {
		src, rows, err := readFile(t, fs, c.req, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := exectest.Text(rows, false); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
		if src.Schema()[0].NotNull {
			t.Error("a file cannot promise that there are no NULLs")
		}
	}
	put(t, fs, "t.csv", "c0,other\nx,y\n")
	_, _, err := readFile(t, fs, with(bind.FileRequest{Columns: cols, Function: "read_csv", Args: request("t.csv").Args}, option("header", str("match"))), 1, nil)
	if sqlerr.StateOf(err) != sqlerr.BadCopyFileFormat || !strings.Contains(err.Error(), `got "other", expected "c1"`) {
		t.Errorf("got %v", err)
	}
}

// PostgreSQL's quoting rules, and both ways to write options.
func TestCopyTo(t *testing.T) {
	kinds := []types.Type{types.TText, types.TBigInt}
	rows := []exectest.Row{{str("a,b"), types.Int(types.TBigInt, 1)}, {str(""), types.Null(types.TBigInt)}, {types.Null(types.TText), types.Int(types.TBigInt, -3)}, {str(`"`), types.Int(types.TBigInt, 0)}}
	for _, c := range []struct{ sql, want string }{
		{`COPY t TO 'f.csv'`, "c0,c1\n\"a,b\",1\n\"\",\n,-3\n\"\"\"\",0\n"},
		{`COPY t TO 'f.csv' (FORMAT csv)`, "\"a,b\",1\n\"\",\n,-3\n\"\"\"\",0\n"},
		{`COPY t TO 'f.csv' WITH CSV HEADER DELIMITER ';' NULL 'nil'`, "c0;c1\na,b;1\n;nil\nnil;-3\n\"\"\"\";0\n"},
		{`COPY t TO 'f.dat' WITH (FORMAT csv, HEADER on, DELIMITER ';', NULL 'nil')`, "c0;c1\na,b;1\n;nil\nnil;-3\n\"\"\"\";0\n"},
		{`COPY t TO 'f.tsv' (HEADER false)`, "a,b\t1\n\"\"\t\n\t-3\n\"\"\"\"\t0\n"},
		{`COPY t TO 'f.csv' CSV QUOTE '''' ESCAPE '\'`, "'a,b',1\n'',\n,-3\n\",0\n"},
	} {
		stmt, err := parser.ParseOne(c.sql)
		if err != nil {
			t.Fatal(err)
		}
		target, fs := stmt.(*ast.Copy), vfs.NewMem()
		q := exectest.Query(t, 1)
		n, err := Write(q, exectest.NewSource(nil, kinds, rows, 10), fs, target, namesOf(2), columnsOf(kinds))
		if got := content(t, fs, target.File); err != nil || n != 4 || got != c.want {
			t.Errorf("%s: %v\ngot  %q\nwant %q", c.sql, err, got, c.want)
		}
	}
	for sql, want := range map[string]sqlerr.State{
		`COPY t TO 'f.csv' (FORMAT xml)`: sqlerr.InvalidParameterValue, `COPY t TO 'f.csv' (FORMAT text)`: sqlerr.FeatureNotSupported,
		`COPY t TO 'f.dat'`: sqlerr.InvalidParameterValue, `COPY t TO 'f.csv' (HEADER 7)`: sqlerr.SyntaxError,
		`COPY t TO 'f.csv' (FORCE_QUOTE *)`: sqlerr.FeatureNotSupported, `COPY t TO 'f.parquet' (DELIMITER ';')`: sqlerr.SyntaxError,
		`COPY t TO 'f.parquet' (COMPRESSION rar)`: sqlerr.InvalidParameterValue, `COPY t TO STDOUT`: sqlerr.FeatureNotSupported,
		`COPY t TO 'f.csv' (NULL 'a', NULL 'b')`: sqlerr.SyntaxError, `COPY t TO 'no/such/dir/f.csv'`: sqlerr.UndefinedFile,
	} {
		stmt, err := parser.ParseOne(sql)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Write(exectest.Query(t, 1), exectest.NewSource(nil, kinds, rows, 10), vfs.NewMem(), stmt.(*ast.Copy), namesOf(2), columnsOf(kinds))
		if sqlerr.StateOf(err) != want {
			t.Errorf("%s: got %v, want %s", sql, err, want)
		}
	}
}

func content(t *testing.T, fs vfs.FS, path string) string {
	t.Helper()
	f, err := fs.Open(path)
	if err != nil {
		return "no file"
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, info.Size())
	if _, err := f.ReadAt(data, 0); err != nil && len(data) > 0 {
		t.Fatal(err)
	}
	return string(data)
}

// failing delivers some rows, then an error.
type failing struct{ *exectest.Source }

func (f failing) Stream(w *exec.Worker) columnar.Stream {
	return func(yield func(*columnar.Batch, error) bool) {
		for b := range f.Source.Stream(w) {
			if !yield(b, nil) {
				return
			}
		}
		yield(nil, sqlerr.New(sqlerr.DivisionByZero, "division by zero"))
	}
}

// full is a file system without room.
type full struct {
	vfs.FS
	room int
}

func (f *full) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.Create(name, c)
	return fullFile{file, f}, err
}

type fullFile struct {
	vfs.File
	fs *full
}

var errNoSpace = errors.New("no space left on device")

func (f fullFile) Write(b []byte) (int, error) {
	if f.fs.room -= len(b); f.fs.room < 0 {
		return 0, errNoSpace
	}
	return f.File.Write(b)
}

// A COPY that fails half-way must leave the file that was there, and nothing else.
func TestFailedCopyLeavesNothing(t *testing.T) {
	kinds := []types.Type{types.TBigInt, types.TText}
	rows := randomRows(rand.New(rand.NewPCG(1, 1)), kinds, 3000)
	for _, path := range []string{"f.csv", "f.csv.gz", "f.parquet", "f.arrow", "f.arrows"} {
		fs := vfs.NewMem()
		put(t, fs, path, "old")
		target := &ast.Copy{To: true, File: path}
		_, err := Write(exectest.Query(t, 2), failing{exectest.NewSource(nil, kinds, rows, 500)}, fs, target, namesOf(2), columnsOf(kinds))
		if sqlerr.StateOf(err) != sqlerr.DivisionByZero {
			t.Errorf("%s: got %v", path, err)
		}
		checkOld(t, fs, path)
		_, err = Write(exectest.Query(t, 2), exectest.NewSource(nil, kinds, rows, 500), &full{fs, 100}, target, namesOf(2), columnsOf(kinds))
		if sqlerr.StateOf(err) != sqlerr.DiskFull || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", path, err)
		}
		checkOld(t, fs, path)
	}
}

func checkOld(t *testing.T, fs vfs.FS, path string) {
	t.Helper()
	names, err := fs.List("")
	if err != nil || len(names) != 1 || content(t, fs, path) != "old" {
		t.Errorf("%s: left %v, %v", path, names, err)
	}
}
