package sqltest

import (
	"path/filepath"
	"strings"
	"testing"
)

// A file with answers left open would pass on any engine that fails or answers anything; a file without
// a first line that says what it proves is a file nobody can repair.
func TestFilesAreComplete(t *testing.T) {
	paths, err := filepath.Glob("slt/*/*.slt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no slt files (%v)", err)
	}
	total := 0
	for _, path := range paths {
		text, err := readFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(text, "# ") {
			t.Errorf("%s does not start with a comment on what it proves", path)
		}
		records, err := Parse(path, text)
		if err != nil {
			t.Error(err)
		}
		for i := range records {
			checkComplete(t, &records[i])
		}
		total += len(records)
	}
	t.Logf("%d records in %d files", total, len(paths))
}

func checkComplete(t *testing.T, r *Record) {
	t.Helper()
	switch {
	case r.Kind == StatementError && r.State == "":
		t.Errorf("%s:%d: statement error without a SQLSTATE", r.File, r.Line)
	case r.Kind == Query && r.Types == "?":
		t.Errorf("%s:%d: query without column types", r.File, r.Line)
	}
}
