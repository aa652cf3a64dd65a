package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/oxidb/oxidb/bench/tpch"
)

// TestExport would fail if names of tables were ignored or a wrong one were not reported.
func TestExport(t *testing.T) {
	dir := t.TempDir()
	if err := export(dir, 0.01, tpch.TBL, []string{"REGION", "supplier"}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 2 || filepath.Base(files[0]) != "region.tbl" || filepath.Base(files[1]) != "supplier.tbl" {
		t.Errorf("%v, %v", files, err)
	}
	if info, err := os.Stat(files[0]); err != nil || info.Size() != 389 {
		t.Errorf("region.tbl: %v, %v", info, err)
	}
	if export(dir, 0.01, tpch.TBL, []string{"regions"}) == nil {
		t.Error("a table that does not exist is exported")
	}
}
