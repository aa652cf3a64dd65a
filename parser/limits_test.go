package parser

import (
	"strings"
	"testing"

	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// TestDeepTextsAreRefused would catch a text that exhausts the stack, here or in a recursive pass over
// its tree, which would take the whole process down.
func TestDeepTextsAreRefused(t *testing.T) {
	const n = 1_000_000
	texts := map[string]string{
		"parentheses":   "SELECT " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n),
		"brackets":      "SELECT ARRAY" + strings.Repeat("[", n),
		"subqueries":    strings.Repeat("SELECT (", n),
		"joins":         "SELECT * FROM " + strings.Repeat("(", n),
		"case":          "SELECT " + strings.Repeat("CASE WHEN ", n),
		"not":           "SELECT " + strings.Repeat("NOT ", n) + "true",
		"minus":         "SELECT " + strings.Repeat("- ", n) + "a",
		"operator":      "SELECT " + strings.Repeat("@ ", n) + "a",
		"explain":       strings.Repeat("EXPLAIN ", n) + "SELECT 1",
		"sum":           "SELECT 1" + strings.Repeat("+1", n),
		"casts":         "SELECT a" + strings.Repeat("::int", n),
		"subscripts":    "SELECT a" + strings.Repeat("[1]", n),
		"unions":        "SELECT 1" + strings.Repeat(" UNION SELECT 1", n),
		"cross joins":   "SELECT * FROM t" + strings.Repeat(" CROSS JOIN t", n),
		"pending joins": "SELECT * FROM t" + strings.Repeat(" JOIN t", n),
		"left of power": "SELECT " + strings.Repeat("a < (", n),
		"options":       "COPY t TO STDOUT (a " + strings.Repeat("(", n),
		"grouping":      "SELECT 1 GROUP BY " + strings.Repeat("GROUPING SETS (", n),
	}
	for name, text := range texts {
		_, err := Parse(text)
		if state := sqlerr.StateOf(err); state != sqlerr.StatementTooComplex && state != sqlerr.SyntaxError {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDepthJustBelowTheLimit would catch a counter that refuses what the limit allows.
func TestDepthJustBelowTheLimit(t *testing.T) {
	const n = 995
	for _, text := range []string{
		"SELECT " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n),
		"SELECT " + strings.Repeat("(", n) + "SELECT 1" + strings.Repeat(")", n),
		"SELECT " + strings.Repeat("(1 + ", n) + "1" + strings.Repeat(")", n),
		"SELECT " + strings.Repeat("f(", n) + "1" + strings.Repeat(")", n),
		"SELECT * FROM " + strings.Repeat("(SELECT * FROM ", n) + "t" + strings.Repeat(") AS x", n),
	} {
		if _, err := Parse(text); err != nil {
			t.Errorf("%.40s: %v", text, err)
		}
	}
}

// TestLongChainsAreFlat would catch a chain of AND or OR that nests, or that a limit refuses.
func TestLongChainsAreFlat(t *testing.T) {
	x, err := ParseExpr("a = 0" + strings.Repeat(" OR a = 1", 200_000))
	if err != nil {
		t.Fatal(err)
	}
	if l, ok := x.(*ast.Logical); !ok || len(l.Args) != 200_001 {
		t.Errorf("got %T", x)
	}
}

// TestManyUnicodeStrings would catch a look ahead for UESCAPE that reads the rest again at each of them.
func TestManyUnicodeStrings(t *testing.T) {
	if _, err := Parse("SELECT " + strings.Repeat("U&'a', ", 10_000) + "U&'b' UESCAPE '!'"); err != nil {
		t.Error(err)
	}
}

func TestLimitsAreConfigurable(t *testing.T) {
	for _, c := range []struct {
		limits Limits
		want   sqlerr.State
	}{
		{Limits{Bytes: 10}, sqlerr.ProgramLimitExceeded},
		{Limits{Tokens: 3}, sqlerr.ProgramLimitExceeded},
		{Limits{Depth: 1}, sqlerr.StatementTooComplex},
		{Limits{}, sqlerr.Successful},
	} {
		_, err := ParseWithin("SELECT ((1)), 2, 3", c.limits)
		if got := sqlerr.StateOf(err); got != c.want {
			t.Errorf("%+v: %v, want %s", c.limits, err, c.want)
		}
	}
}

// TestBadBytes would catch text that is no UTF-8 getting into names and values.
func TestBadBytes(t *testing.T) {
	for _, text := range []string{"SELECT 'a\xff'", "SELECT 'a\x00'", "SELECT E'\\xff'", "SELECT E'\\000'"} {
		if _, err := Parse(text); sqlerr.StateOf(err) != sqlerr.CharacterNotInRepertoire {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestSpans would catch nodes that do not say where they stand (invariant A1 of the tree).
func TestSpans(t *testing.T) {
	text := "SELECT 1; UPDATE t SET a = b + 1 WHERE c IN (2, 3) ;"
	list, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	at := func(n ast.Node) string {
		pos, end := n.Range()
		return text[pos:end]
	}
	u := list[1].(*ast.Update)
	for _, c := range []struct {
		node ast.Node
		want string
	}{
		{list[0], "SELECT 1"}, {u, "UPDATE t SET a = b + 1 WHERE c IN (2, 3)"}, {u.Table, "t"}, {u.Set[0], "a = b + 1"},
		{u.Set[0].Value, "b + 1"}, {u.Set[0].Value.(*ast.Binary).Op, "+"}, {u.Where, "c IN (2, 3)"}, {u.Where.(*ast.In).List[1], "3"},
	} {
		if got := at(c.node); got != c.want {
			t.Errorf("%T stands at %q, want %q", c.node, got, c.want)
		}
	}
}

// TestNamesAreFolded would catch wrong folding or cutting of identifiers.
func TestNamesAreFolded(t *testing.T) {
	long := strings.Repeat("a", 62)
	for text, want := range map[string]string{
		"Abc": "abc", `"Abc"`: "Abc", `"a""b"`: `a"b`, "Ä": "Ä", "A$1": "a$1", long + "bc": long + "b",
		`"` + long + `é"`: long, `U&"\0061b"`: "ab", `U&"!0061" UESCAPE '!'`: "a", "Name": "name",
	} {
		x, err := ParseExpr(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := x.(*ast.ColumnRef).Parts[0].Name; got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}

// TestStrings would catch a wrong value of a string literal.
func TestStrings(t *testing.T) {
	for text, want := range map[string]string{
		"'it''s'": "it's", "'a'\n  'b' -- c\n 'd'": "abd", `'a\n'`: `a\n`, `E'a\n\t\\\'\x41\101\u00e9\U0001F600'`: "a\n\t\\'AAé😀",
		`E'\uD83D\uDE00'`: "😀", `U&'\0061!\\'`: `a!\`, `U&'!0061' UESCAPE '!'`: "a", "$x$a$$b$x$": "a$$b", "N'x'": "x", "$$$$": "",
	} {
		x, err := ParseExpr(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := x.(*ast.Literal).Text; got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}
