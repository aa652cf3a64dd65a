package csv

import (
	"fmt"
	"strings"
	"testing"

	"github.com/oxidb/oxidb/types"
)

// A dialect or a type guessed wrongly makes a file unreadable, or its values others.
func TestSniff(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"id,name\n1,x\n2,y\n", `',' '"' '"' header id bigint, name text`},
		{"id;price\n1;2,5\n2;3,5\n", `';' '"' '"' header id bigint, price text`},
		{"a\tb\n1\t2\n", "'\\t' '\"' '\"' header a bigint, b bigint"},
		{"1|2|3\n4|5|6\n", `'|' '"' '"' column0 bigint, column1 bigint, column2 bigint`},
		{"1.5,true,2020-01-01,10:00:00\n2,false,2021-12-31,23:59:59\n", `',' '"' '"' column0 double precision, column1 boolean, column2 date, column3 time without time zone`},
		{"ts,tz\n2020-01-01 10:00:00,2020-01-01 10:00:00+02\n", `',' '"' '"' header ts timestamp without time zone, tz timestamp with time zone`},
		{"zip,n\n00123,1\n94103,2\n", `',' '"' '"' header zip text, n bigint`},
		{"a,b\nx,y\nz,w\n", `',' '"' '"' header a text, b text`},
		{"x,y\nx,w\n", `',' '"' '"' column0 text, column1 text`},
		{"\"a\",\"b\"\n\"1\",\"x, y\"\n\"\",\"line\nbreak\"\n", `',' '"' '"' header a bigint, b text`},
		{`a,b` + "\n" + `1,"say \"x\", y"` + "\n" + `2,"z"` + "\n", `',' '"' '\\' header a bigint, b text`},
		{"'a','b'\n'1','x, y'\n", `',' '\'' '\'' header a bigint, b text`},
		{"n\n1\n2\n", `',' '"' '"' header n bigint`},
		{"only\n", `',' '"' '"' header only text`},
		{"a,a,\n1,2,3\n", `',' '"' '"' header a bigint, a_1 bigint, column2 bigint`},
		{"a,a\nx,y\n", `',' '"' '"' column0 text, column1 text`},
		{"a,A\n1,2\n", `',' '"' '"' header a bigint, A bigint`},
		{"flag\nt\nf\n", `',' '"' '"' header flag boolean`},
		{"sex\nf\nf\n", `',' '"' '"' header sex text`},
		{"x\n99999999999999999999\n", `',' '"' '"' header x double precision`},
		{"a,b\r1,2\r", `',' '"' '"' header a bigint, b bigint`},
	} {
		g := guess([]byte(c.in), true, Standard(), Known{})
		var cols []string
		for _, col := range g.Columns {
			cols = append(cols, col.Name+" "+col.Type.String())
		}
		header := ""
		if g.Dialect.Header {
			header = "header "
		}
		got := fmt.Sprintf("%q %q %q %s%s", g.Dialect.Delimiter, g.Dialect.Quote, g.Dialect.Escape, header, strings.Join(cols, ", "))
		if got != c.want {
			t.Errorf("%q:\ngot  %s\nwant %s", c.in, got, c.want)
		}
	}
}

// A row that the sample cuts in two must not count.
func TestSniffDropsTheLastRowOfASample(t *testing.T) {
	g := guess([]byte("a,b\n1,2\n3,4\n5"), false, Standard(), Known{})
	if len(g.Columns) != 2 || g.Columns[1].Type != types.TBigInt {
		t.Errorf("%+v", g)
	}
}

// A file whose first row is longer than the sample is not empty.
func TestSniffLongRow(t *testing.T) {
	if g := guess([]byte("abc,"+strings.Repeat("x", 100)), false, Standard(), Known{}); g.Empty || len(g.Columns) != 2 {
		t.Errorf("%+v", g)
	}
}
