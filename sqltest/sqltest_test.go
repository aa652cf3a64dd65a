package sqltest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oxidb/oxidb/sqlerr"
)

// script is an engine of canned answers. "rows: a,b|c,d" answers a query (NIL is NULL, EMPTY is empty
// text), "count: N" a statement, "error: STATE message" fails; "who" answers the connection's name.
type script struct{ opened []string }

type scriptConn struct{ name string }

func (s *script) Connect(name string) (Conn, error) {
	s.opened = append(s.opened, name)
	return scriptConn{name}, nil
}

func (c scriptConn) Close() error { return nil }

func (c scriptConn) Exec(_ context.Context, sql string) (int64, error) {
	verb, argument, _ := strings.Cut(sql, ": ")
	switch verb {
	case "error":
		return 0, sqlerr.New(sqlerr.State(argument[:5]), "%s", argument[6:])
	case "count":
		return int64(len(argument)), nil
	}
	return 0, nil
}

func (c scriptConn) Query(ctx context.Context, sql string) ([]Column, [][]*string, error) {
	if _, err := c.Exec(ctx, sql); err != nil {
		return nil, nil, err
	}
	if sql == "who" {
		return []Column{{"who", "text"}}, [][]*string{{&c.name}}, nil
	}
	text := strings.TrimPrefix(sql, "rows: ")
	var rows [][]*string
	for _, line := range strings.Split(text, "|") {
		rows = append(rows, scriptRow(line))
	}
	columns := make([]Column, len(rows[0]))
	for i := range columns {
		columns[i] = Column{Name: string(rune('a' + i)), Type: "integer"}
	}
	return columns, rows, nil
}

func scriptRow(line string) []*string {
	var row []*string
	for _, text := range strings.Split(line, ",") {
		switch value := strings.ReplaceAll(text, "EMPTY", ""); value {
		case "NIL":
			row = append(row, nil)
		default:
			row = append(row, &value)
		}
	}
	return row
}

func runText(t *testing.T, text string, rewrite bool, names ...string) Report {
	t.Helper()
	records, err := Parse("test.slt", text)
	if err != nil {
		t.Fatal(err)
	}
	report, err := Run(&script{}, records, names, rewrite)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// Every record in here holds, so one failure means the runner rejects right answers.
func TestGoodRecordsPass(t *testing.T) {
	for name, text := range map[string]string{
		"ok":              "statement ok\nset",
		"count":           "statement count 3\ncount: abc",
		"any error":       "statement error\nerror: 22012 division by zero",
		"state":           "statement error 22012\nerror: 22012 division by zero",
		"state and text":  "statement error 22012 by z\nerror: 22012 division by zero",
		"text":            "statement error by z.ro\nerror: 22012 division by zero",
		"integers":        "query IIII\nrows: 1,-2.99,t,1e3\n----\n1\t-2\t1\t1000",
		"long integer":    "query I\nrows: 123456789012345678901234567890.5\n----\n123456789012345678901234567890",
		"minus nothing":   "query I\nrows: -0.5\n----\n0",
		"reals":           "query RRR\nrows: 1,2.0005,NaN\n----\n1.000\t2.001\tNaN",
		"texts":           "query TTT\nrows: NIL,EMPTY,a b\n----\nNULL\t(empty)\ta b",
		"tab in value":    "query T\nrows: a\tb\n----\na\\tb",
		"space at end":    "query TTT\nrows:  a  , b ,c\n----\n a \\x20\t b\\x20\tc",
		"one a line":      "query II\nrows: 1,2|3,4\n----\n1\n2\n3\n4",
		"row sort":        "query II rowsort\nrows: 3,1|10,2|3,0\n----\n10\t2\n3\t0\n3\t1",
		"value sort":      "query II valuesort\nrows: 3,1|2,4\n----\n1\n2\n3\n4",
		"names and types": "query II colnames coltypes\nrows: 3,1\n----\na\tb\ninteger\tinteger\n3\t1",
		"hash":            "query I\nrows: 1|2|3\n----\n3 values hashing to c0710d6b4f15dfa88f600b0e6b624077",
		"label":           "query I rowsort l\nrows: 1|2\n----\n1\n2\n\nquery I rowsort l\nrows: 2|1\n----\n1\n2",
		"connections":     "connection x\nquery T\nwho\n----\nx\n\nquery T\nwho\n----\n(empty)",
		"loop":            "loop i 1 3\nforeach j a b\n\nquery TT\nrows: $i,${j}c\n----\n$i\t${j}c\n\nendloop\nendloop",
	} {
		t.Run(name, func(t *testing.T) {
			report := runText(t, text, false)
			if report.Run == 0 || len(report.Failures) > 0 {
				t.Errorf("ran %d, failures %v", report.Run, report.Failures)
			}
		})
	}
}

// Every record in here is wrong, so a pass means the runner hides wrong answers.
func TestBadRecordsFail(t *testing.T) {
	for name, text := range map[string]string{
		"error":              "statement ok\nerror: 22012 division by zero",
		"success":            "statement error\nset",
		"count":              "statement count 2\ncount: abc",
		"state":              "statement error 22003\nerror: 22012 division by zero",
		"message":            "statement error 22012 overflow\nerror: 22012 division by zero",
		"query error":        "query I\nerror: 22012 division by zero\n----\n1",
		"value":              "query I\nrows: 1\n----\n2",
		"missing row":        "query I\nrows: 1\n----\n1\n2",
		"surplus row":        "query I\nrows: 1|2\n----\n1",
		"order":              "query I\nrows: 2|1\n----\n1\n2",
		"column count":       "query II\nrows: 1\n----\n1",
		"types left open":    "query ?\nrows: 1\n----\n1",
		"NULL against empty": "query T\nrows: EMPTY\n----\nNULL",
		"hash":               "query I\nrows: 1|2|4\n----\n3 values hashing to c0710d6b4f15dfa88f600b0e6b624077",
		"label":              "query I l\nrows: 1\n----\n1\n\nquery I l\nrows: 2\n----\n2",
	} {
		t.Run(name, func(t *testing.T) {
			if report := runText(t, text, false); len(report.Failures) != 1 {
				t.Errorf("want one failure, got %v", report.Failures)
			}
		})
	}
}

func TestConditionsChooseRecords(t *testing.T) {
	text := `
skipif oxidb
statement ok
error: XX000 must not run

onlyif postgresql
statement ok
error: XX000 must not run

onlyif tiny
statement ok
set

onlyif oxidb
halt

statement ok
error: XX000 must not run
`
	report := runText(t, text, false, "oxidb", "tiny")
	if report.Run != 1 || report.Skipped != 3 || len(report.Failures) > 0 {
		t.Errorf("got %+v", report)
	}
}

func TestIncludeReadsBesideTheFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("part.slt", "statement ok\nset\n")
	records, err := ParseFile(write("main.slt", "include part.slt\n\nstatement ok\nreset\n"))
	if err != nil || len(records) != 2 || records[0].SQL != "set" || records[1].Line != 3 {
		t.Errorf("got %+v, %v", records, err)
	}
	if _, err := ParseFile(write("self.slt", "include self.slt\n")); err == nil {
		t.Error("a file that includes itself must fail")
	}
}

// Rewriting may touch only what differs, and never turns an error into a success or back.
func TestRewrite(t *testing.T) {
	before := `# comment stays
statement error
error: 22012 division by zero

statement count 9
count: abc

hash-threshold 4

query ?
rows: 1,2
----

query I rowsort l
rows: 2|1
----
7
8
9

query I
rows: 5|4|3|2|1
----

statement ok
error: 22012 division by zero

query I
rows: 1
----
1
`
	after := `# comment stays
statement error 22012
error: 22012 division by zero

statement count 3
count: abc

hash-threshold 4

query II
rows: 1,2
----
1	2

query I rowsort l
rows: 2|1
----
1
2

query I
rows: 5|4|3|2|1
----
5 values hashing to 173179a04a6fcba3fff31b2e9779f26e

statement ok
error: 22012 division by zero

query I
rows: 1
----
1
`
	report := runText(t, before, true)
	if got := applyEdits(before, report.Edits); got != after {
		t.Errorf("got\n%s", got)
	}
	if len(report.Failures) != 1 || len(report.Edits) != 5 {
		t.Errorf("%d failures, %d edits", len(report.Failures), len(report.Edits))
	}
}

func TestParseErrorsNameTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"\nbogus":                        "test.slt:2: unknown record",
		"statement maybe\nx":             "test.slt:1: unknown record",
		"statement ok\n\n":               "test.slt:1: record without SQL",
		"query X\nx\n----":               "test.slt:1: query wants column types",
		"query I\nx\n":                   "test.slt:1: query wants SQL and a line ----",
		"query I a b\nx\n----":           "test.slt:1: query has two labels",
		"loop i 1 2\nstatement ok\nx\n":  "test.slt:1: loop without endloop",
		"loop i 1\nendloop\n":            "test.slt:1: want \"loop VAR FROM TO\"",
		"endloop":                        "test.slt:1: endloop without loop",
		"statement error 22012 (\nx":     "test.slt:1: error parsing regexp",
		"statement count many\nx":        "test.slt:1: statement count wants a number",
		"include does_not_exist.slt\n\n": "test.slt:1: including",
	} {
		if _, err := Parse("test.slt", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}
