package parser

import (
	"testing"

	"github.com/oxidb/oxidb/parser/ast"
)

// checkRoundTrip prints the statements of text and parses the print: the trees must be equal.
func checkRoundTrip(t *testing.T, text string) bool {
	list, err := Parse(text)
	if err != nil {
		return false
	}
	for _, s := range list {
		printed := ast.Format(s)
		again, err := ParseOne(printed)
		if err != nil {
			t.Errorf("the print does not parse: %v\n  text:  %s\n  print: %s", err, text, printed)
			return false
		}
		if a, b := ast.Dump(s), ast.Dump(again); a != b {
			t.Errorf("the print means something else\n  text:  %s\n  print: %s\n  tree:  %s\n  again: %s", text, printed, a, b)
			return false
		}
	}
	return true
}

// TestCorpusRoundTrip would catch a tree that does not hold all of the text's meaning, and a printer
// that loses parentheses or quotes.
func TestCorpusRoundTrip(t *testing.T) {
	count := 0
	for _, s := range corpus(t) {
		if s.Valid && checkRoundTrip(t, s.Text) {
			count++
		}
	}
	t.Logf("%d statements printed and read back", count)
}
