package parser

import (
	"os"
	"path/filepath"
	"testing"
)

// TestAnalyticalQueries would catch one of TPC-H's 22 queries, or its schema, that does not parse, or
// whose print means something else.
func TestAnalyticalQueries(t *testing.T) {
	dir := filepath.Join("..", "bench", "tpch")
	files, err := filepath.Glob(filepath.Join(dir, "queries", "*.sql"))
	if err != nil || len(files) == 0 {
		t.Skip("the queries are absent: ", dir, err)
	}
	if len(files) != 22 {
		t.Errorf("%d queries, want 22", len(files))
	}
	for _, f := range append(files, filepath.Join(dir, "schema.sql")) {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !checkRoundTrip(t, string(text)) {
			t.Errorf("%s is refused: %v", f, refusal(t, string(text)))
		}
	}
}
