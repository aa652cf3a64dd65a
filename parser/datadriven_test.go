package parser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// TestFiles would catch a change of a tree, of a printed statement, of a message or of a position:
// testdata holds them all as text.
func TestFiles(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		if strings.Contains(path, "fuzz") {
			return
		}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "tree":
				return treeText(t, d.Input)
			case "error":
				if _, err := Parse(d.Input); err != nil {
					return sqlerr.Render(err, d.Input) + "\n"
				}
				return "accepted\n"
			case "name":
				x, err := ParseExpr(d.Input)
				if err != nil {
					return err.Error() + "\n"
				}
				return ast.ColumnName(x) + "\n"
			case "split":
				return splitText(d.Input)
			}
			d.Fatalf(t, "unknown command %s", d.Cmd)
			return ""
		})
	})
}

func treeText(t *testing.T, text string) string {
	s, err := ParseOne(text)
	if err != nil {
		return sqlerr.Render(err, text) + "\n"
	}
	checkRoundTrip(t, text)
	return ast.Format(s) + "\n" + ast.Dump(s) + "\n"
}

func splitText(text string) string {
	pieces, complete := Split(text)
	var b strings.Builder
	for _, p := range pieces {
		fmt.Fprintf(&b, "%d-%d %q\n", p.Pos, p.End, p.Text)
	}
	fmt.Fprintf(&b, "complete: %v\n", complete)
	return b.String()
}
