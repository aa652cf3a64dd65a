package parser

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/oxidb/oxidb/sqlerr"
)

type corpusStatement struct {
	File, Group, Kind, Text string
	Line                    int
	Valid                   bool
}

// corpus reads the statements of PostgreSQL's regression files, or skips the test.
func corpus(t testing.TB) []corpusStatement {
	dir := os.Getenv("OXIDB_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpus")
	}
	f, err := os.Open(filepath.Join(dir, "pg_statements.jsonl.gz"))
	if err != nil {
		t.Skip("the statement corpus is absent: ", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var list []corpusStatement
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var s corpusStatement
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// refusal is the error of a text, nil when it parses.
func refusal(t testing.TB, text string) *sqlerr.Error {
	_, err := Parse(text)
	if err == nil {
		return nil
	}
	var e *sqlerr.Error
	if !errors.As(err, &e) {
		t.Fatalf("%q: %v is no *sqlerr.Error", text, err)
	}
	return e
}

// TestCorpusIsParsedOrRefusedByName would catch a valid statement that is called a syntax error: in
// groups A and B at most 1 in 100 may be, in all groups together 1 in 50.
func TestCorpusIsParsedOrRefusedByName(t *testing.T) {
	type count struct{ total, parsed, unsupported, wrong int }
	groups := map[string]*count{}
	all := &count{}
	for _, s := range corpus(t) {
		if !s.Valid {
			continue
		}
		g := groups[s.Group]
		if g == nil {
			g = &count{}
			groups[s.Group] = g
		}
		e := refusal(t, s.Text)
		for _, c := range []*count{g, all} {
			c.total++
			switch {
			case e == nil:
				c.parsed++
			case e.State == sqlerr.FeatureNotSupported:
				c.unsupported++
			default:
				c.wrong++
			}
		}
		if e != nil && e.State != sqlerr.FeatureNotSupported {
			t.Logf("%s %s:%d %s\n%s", s.Group, s.File, s.Line, sqlerr.Render(e, s.Text), s.Kind)
		}
	}
	for _, name := range []string{"A", "B", "C", "D", "E", "F", "G"} {
		g := groups[name]
		t.Logf("group %s: %d valid, %d parsed (%.1f %%), %d refused by name, %d wrongly refused", name, g.total, g.parsed,
			100*float64(g.parsed)/float64(g.total), g.unsupported, g.wrong)
		if limit := g.total / 100; (name == "A" || name == "B") && g.wrong > limit {
			t.Errorf("group %s: %d wrongly refused, at most %d may be", name, g.wrong, limit)
		}
	}
	if all.wrong > all.total/50 {
		t.Errorf("%d of %d valid statements are called wrong", all.wrong, all.total)
	}
}

// TestInvalidCorpusIsRefused would catch a parser that takes what PostgreSQL does not.
func TestInvalidCorpusIsRefused(t *testing.T) {
	count := 0
	for _, s := range corpus(t) {
		if s.Valid {
			continue
		}
		count++
		if refusal(t, s.Text) == nil {
			t.Errorf("%s:%d is accepted:\n%s", s.File, s.Line, s.Text)
		}
	}
	if count != 117 {
		t.Errorf("the corpus has %d invalid statements, 117 were expected", count)
	}
}
