package tpch

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oxidb/oxidb/bench/tpch/dbgen"
)

// TestDuckDBPeer would fail if peer/duckdb_bench.py broke its protocol, a query failed or gave another
// number of rows than its answer has. OXIDB_PYTHON names a Python with duckdb and pyarrow.
func TestDuckDBPeer(t *testing.T) {
	python := os.Getenv("OXIDB_PYTHON")
	if python == "" {
		t.Skip("OXIDB_PYTHON is not set")
	}
	dir := t.TempDir()
	if err := WriteParquet(dir, 0.01); err != nil {
		t.Fatal(err)
	}
	if err := WriteFiles(context.Background(), dir, 0.01, CSV, dbgen.Lineitem); err != nil {
		t.Fatal(err)
	}
	peer := exec.Command(python, "peer/duckdb_bench.py", dir)
	peer.Stderr = os.Stderr
	in, err := peer.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := peer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := peer.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	answer := func(command string) []string {
		if command != "" {
			fmt.Fprintln(in, command)
		}
		if !lines.Scan() {
			t.Fatalf("no answer to %q: %v", command, lines.Err())
		}
		return strings.Fields(lines.Text())
	}
	expect := func(command string, last string, fields int) {
		t.Helper()
		if got := answer(command); len(got) != fields || got[0] != "ok" || last != "" && got[fields-1] != last {
			t.Errorf("%s: %v, want %d fields, the last %q", command, got, fields, last)
		}
	}
	expect("", "", 4)
	expect("THREADS 1", "1", 2)
	for query := 1; query <= QueryCount; query++ {
		expect(fmt.Sprint("RUN ", query), fmt.Sprint(len(mustRead(t, 0.01, query).Rows)), 3)
	}
	expect("PEAK", "", 2)
	expect("LOADCSV "+filepath.Join(dir, "lineitem.csv"), "60175", 3)
	if got := answer("RUN 23"); got[0] != "error" {
		t.Errorf("RUN 23: %v", got)
	}
	expect("QUIT", "ok", 1)
	if err := peer.Wait(); err != nil {
		t.Error(err)
	}
}
