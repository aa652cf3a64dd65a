package bind_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
)

// TestTPCH would catch a query of the benchmark that does not bind, or binds to a malformed plan.
func TestTPCH(t *testing.T) {
	m := newMemory(t)
	names, err := filepath.Glob(filepath.Join("..", "..", "bench", "tpch", "queries", "*.sql"))
	if err != nil || len(names) != 22 {
		t.Fatalf("%d queries, %v", len(names), err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := m.bind(string(text), nil)
		if err != nil {
			t.Errorf("%s: %s", name, sqlerr.Render(err, string(text)))
			continue
		}
		if err := checkStatement(s); err != nil {
			t.Errorf("%s: %v\n%s", name, err, nodeText(s.(*plan.Query).Root))
		}
	}
}
