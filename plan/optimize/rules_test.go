package optimize

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/oxidb/oxidb/plan"
)

// TestRules shows, for the query under "query", the tree before and after the rule that the file is
// named for ran (the first time that it changed something): a changed rule shows up here. "define"
// adds tables, "final" shows the finished plan.
func TestRules(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "rules", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal("no rule files", err)
	}
	for _, file := range files {
		rule := filepath.Base(file)
		t.Run(rule, func(t *testing.T) {
			m := tpch(t)
			datadriven.RunTest(t, file, func(t *testing.T, d *datadriven.TestData) string {
				switch d.Cmd {
				case "define":
					m.define(t, d.Input)
					return ""
				case "query":
					return beforeAfter(t, m, rule, d.Input)
				case "final":
					root, err := Optimize(m.root(t, d.Input), m.env())
					if err != nil {
						return err.Error() + "\n"
					}
					return plan.Format(root, nil) + "\n"
				}
				t.Fatalf("unknown command %s", d.Cmd)
				return ""
			})
		})
	}
}

func beforeAfter(t *testing.T, m *sqlCatalog, rule, sql string) string {
	root := m.root(t, sql)
	before := plan.Format(root, nil)
	out := ""
	env := m.env()
	env.Trace = func(name string, n plan.Node) {
		after := plan.Format(n, nil)
		if name == rule && out == "" && after != before {
			out = before + "\n=>\n" + after + "\n"
		}
		before = after
	}
	if _, err := Optimize(root, env); err != nil {
		return err.Error() + "\n"
	}
	if out == "" {
		return "unchanged: " + strings.TrimSpace(before) + "\n"
	}
	return out
}

// TestRulesHaveFiles breaks when a rule comes without a test file of its name or without a sentence.
func TestRulesHaveFiles(t *testing.T) {
	for _, r := range Rules() {
		found, _ := filepath.Glob(filepath.Join("testdata", "rules", r.Name))
		if len(found) != 1 {
			t.Errorf("rule %s has no file testdata/rules/%s", r.Name, r.Name)
		}
		if !strings.HasSuffix(r.Sentence, ".") {
			t.Errorf("rule %s: %q is not a sentence", r.Name, r.Sentence)
		}
	}
}
