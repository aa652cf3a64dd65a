package shell

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/oxidb/oxidb"
)

// The editor reads on while a statement is open, and not after a command.
func TestComplete(t *testing.T) {
	for text, want := range map[string]bool{
		"select 1;": true, "select 1": false, "select ';": false, "": true, `\d t`: true, ".tables": true, "select 1; select 2": false,
		"/* ; ": false, "-- nothing": true, ".5": false,
	} {
		if got := complete(text); got != want {
			t.Errorf("complete(%q) = %v", text, got)
		}
	}
}

// Colours must not change the text.
func TestHighlightKeepsText(t *testing.T) {
	for _, text := range []string{"SELECT 'a' -- x\n, 12 FROM t /* y */;", "select 'open", `\d t`, "a + ? $1 é", ""} {
		got := highlight(text)
		for _, c := range []string{red, green, yellow, blue, magenta, cyan, bold, dim, reset} {
			got = strings.ReplaceAll(got, c, "")
		}
		if got != text {
			t.Errorf("highlight(%q) shows %q", text, got)
		}
	}
	if got := highlight("SELECT 'x'"); got != blue+"SELECT"+reset+" "+green+"'x'"+reset {
		t.Errorf("got %q", got)
	}
}

func TestCompletion(t *testing.T) {
	db, err := OpenLocal(context.Background(), oxidb.InMemory)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(db, Config{Out: &strings.Builder{}, Err: &strings.Builder{}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Text(context.Background(), "CREATE TABLE orders (o_key int, o_date date); CREATE TABLE part (p_key int);"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text string
		want []wordGroup
	}{
		{`\t`, []wordGroup{{"commands", []string{`\timing`}}}},
		{"SELECT o_ FROM orders WHERE o_", []wordGroup{{"columns", []string{"o_date", "o_key"}}, {"tables", nil}, {"keywords", nil}}},
		{"select orders.o_k", []wordGroup{{"columns", []string{"o_key"}}}},
		{"SELECT * FROM ord", []wordGroup{{"columns", nil}, {"tables", []string{"orders"}}, {"keywords", []string{"order", "ordinality"}}}},
		{"LATER", []wordGroup{{"columns", nil}, {"tables", nil}, {"keywords", []string{"LATERAL"}}}},
		{`\d pa`, []wordGroup{{"columns", nil}, {"tables", []string{"part"}}}},
	} {
		before, prefix := lastWord(c.text)
		if got := s.candidates(c.text, before, prefix); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: got %v, want %v", c.text, got, c.want)
		}
	}
	if err := s.Text(context.Background(), "DROP TABLE part"); err != nil {
		t.Fatal(err)
	}
	if got := s.candidates(`\d pa`, `\d `, "pa"); got[1].words != nil {
		t.Errorf("a dropped table is still proposed: %v", got)
	}
}

// The prompt makes room for every row that the input takes, and one more.
func TestMakeRoom(t *testing.T) {
	for _, c := range []struct {
		text          string
		indent, width int
		rows          int
	}{{"", 10, 80, 1}, {"a\nb", 10, 80, 2}, {strings.Repeat("x", 75), 10, 80, 2}, {"long without a terminal", 10, 0, 1}} {
		if got := makeRoom(c.text, c.indent, c.width); strings.Count(got, "\v") != c.rows {
			t.Errorf("makeRoom(%q) = %q", c.text, got)
		}
	}
}

// What a statement is, as far as the Flight SQL client must know.
func TestDescribeStatement(t *testing.T) {
	for sql, want := range map[string]struct {
		tag  string
		rows bool
	}{
		"/* x */ (select 1)": {"SELECT", true}, "with a as (select 1) select * from a": {"SELECT", true}, "values (1)": {"SELECT", true},
		"insert into t values (1)": {"INSERT", false}, "update t set a = 1 returning a": {"UPDATE", true}, "create or replace view v as select 1": {"CREATE VIEW", false},
		"create table t as select 1": {"CREATE TABLE", false}, "start transaction": {"BEGIN", false}, "rollback to a": {"ROLLBACK TO", false}, "end": {"COMMIT", false},
		"explain select 1": {"EXPLAIN", true}, "": {"EMPTY", false},
	} {
		if tag, rows := describeStatement(sql); tag != want.tag || rows != want.rows {
			t.Errorf("%q: %s %v", sql, tag, rows)
		}
	}
}
