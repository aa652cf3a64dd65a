package parser

import (
	"errors"
	"testing"

	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// FuzzParse would catch a panic, an error that is not the user's kind or stands outside the text, a
// print that does not parse to the same tree, and a highlighter that leaves the text.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{pricingSummary, minimumCostSupplier, waitingSuppliers, valuesText(200), "SELECT E'\\u0041' || U&'x' UESCAPE '!'",
		"CREATE TABLE t (a int DEFAULT 1 + 2 NOT NULL, CHECK (a > 0))", "SET TIME ZONE INTERVAL '1' HOUR; SHOW ALL; DROP VIEW IF EXISTS a, b",
		"COPY t FROM STDIN WITH (FORMAT csv)", "SELECT a[1:2].b, (f(x)).*, $1, ARRAY[[1]] FROM a JOIN (b CROSS JOIN c) ON true",
		"VACUUM (FULL) t; PREPARE p (int) AS SELECT $1; EXECUTE p(1); CALL x(y => 1)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for x := range Scan(text) {
			if x.Pos < 0 || x.End > len(text) || x.End < x.Pos {
				t.Fatalf("lexeme %+v is outside %q", x, text)
			}
		}
		Split(text)
		list, err := Parse(text)
		if err != nil {
			var e *sqlerr.Error
			if !errors.As(err, &e) || e.Pos > len(text) || e.End > len(text) || e.Pos > e.End {
				t.Fatalf("%q: %#v", text, err)
			}
			_ = sqlerr.Render(err, text)
		}
		for _, s := range list {
			printed := ast.Format(s)
			again, err := ParseOne(printed)
			if err != nil {
				t.Fatalf("the print does not parse: %v\n  text:  %q\n  print: %q", err, text, printed)
			}
			if a, b := ast.Dump(s), ast.Dump(again); a != b {
				t.Fatalf("the print means something else\n  text:  %q\n  print: %q\n  tree:  %s\n  again: %s", text, printed, a, b)
			}
		}
	})
}
