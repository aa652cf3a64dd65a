package parser

import (
	"strings"
	"testing"

	plex "github.com/alecthomas/participle/v2/lexer"
)

// TestScanCoversTheText would catch lexemes that overlap, are out of order, or lose text other than
// white space.
func TestScanCoversTheText(t *testing.T) {
	for _, text := range []string{
		"SELECT a, 'x' /* c */ -- d\n FROM t WHERE a >= $1 + 1.5;", "SELECT 'open", "a /* open", "-- only", "", "é = \"É\" \\ x",
	} {
		at := 0
		for x := range Scan(text) {
			if x.Pos < at || x.End <= x.Pos || x.End > len(text) || strings.TrimSpace(text[at:x.Pos]) != "" {
				t.Errorf("%q: lexeme %+v after %d", text, x, at)
			}
			at = x.End
		}
		if strings.TrimSpace(text[at:]) != "" {
			t.Errorf("%q: %q is not covered", text, text[at:])
		}
	}
}

func TestScanClasses(t *testing.T) {
	var got []LexemeClass
	for x := range Scan("SELECT a, 'x', 1, $1 + b -- c\n \\") {
		got = append(got, x.Class)
	}
	want := []LexemeClass{KeywordLexeme, WordLexeme, PunctuationLexeme, StringLexeme, PunctuationLexeme, NumberLexeme,
		PunctuationLexeme, ParameterLexeme, OperatorLexeme, WordLexeme, CommentLexeme, InvalidLexeme}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("lexeme %d has class %d, want %d", i, got[i], want[i])
		}
	}
}

// TestDefinition would catch a participle lexer whose tokens or positions differ from the text.
func TestDefinition(t *testing.T) {
	text := "SELECT é,\n  \"B\" FROM t"
	stream, err := definition{}.Lex("q", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := plex.ConsumeAll(stream)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, tok := range tokens {
		got = append(got, tok.Pos.String()+" "+tok.Value)
	}
	want := `q:1:1 SELECT|q:1:8 é|q:1:9 ,|q:2:3 "B"|q:2:7 FROM|q:2:12 t|q:2:13 `
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

// TestKeywordTable would catch a hash table that loses words.
func TestKeywordTable(t *testing.T) {
	if n := len(Keywords()); n != 460 {
		t.Errorf("%d keywords, PostgreSQL 15 has 460", n)
	}
	for _, k := range Keywords() {
		if id := lookupKeyword([]byte(k.Word)); keywordTable[id] != k {
			t.Errorf("%s is not found", k.Word)
		}
	}
	if lookupKeyword([]byte("selec")) != notKeyword {
		t.Error("selec is no keyword")
	}
}
