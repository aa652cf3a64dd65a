package runner

import (
	"context"
	"testing"

	oxidb "github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/bench/tpch"
)

// A wrong answer of any of the 22 queries, on any number of workers, with or without the optional
// optimizer rules, must not pass.
func TestAnswers(t *testing.T) {
	scales := []float64{0.01}
	if !testing.Short() {
		scales = append(scales, 0.1)
	}
	for _, scale := range scales {
		for _, threads := range []int{1, 2, 5} {
			db, err := oxidb.Open(t.Context(), oxidb.InMemory, oxidb.Threads(threads))
			if err != nil {
				t.Fatal(err)
			}
			if err := Load(t.Context(), db, scale, nil); err != nil {
				t.Fatal(err)
			}
			if have, err := Loaded(t.Context(), db); err != nil || have != scale {
				t.Errorf("loaded scale %g, found %g: %v", scale, have, err)
			}
			var all []int
			for q := 1; q <= tpch.QueryCount; q++ {
				all = append(all, q)
			}
			report, err := Run(t.Context(), db, scale, all, 1, nil)
			if err != nil {
				t.Errorf("scale %g, %d threads: %v", scale, threads, err)
			}
			for _, timing := range report.Timings {
				if !timing.Checked || timing.Mismatch != "" {
					t.Errorf("scale %g, %d threads, Q%d: checked %v %s", scale, threads, timing.Query, timing.Checked, timing.Mismatch)
				}
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// The data must survive a restart, and the first count must not read columns.
func TestReopenedDatabaseAnswers(t *testing.T) {
	dir := t.TempDir()
	db, err := oxidb.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	Register(db)
	if _, err := db.Exec(t.Context(), "CALL tpch_dbgen(sf => 0.01)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db, err = oxidb.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := Run(t.Context(), db, 0.01, []int{1, 9, 13, 18, 21}, 1, nil); err != nil {
		t.Error(err)
	}
}

// CALL with wrong arguments must say what is wanted.
func TestCallChecksItsArguments(t *testing.T) {
	db, err := oxidb.Open(t.Context(), oxidb.InMemory)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	Register(db)
	for _, sql := range []string{"CALL tpch_dbgen()", "CALL tpch_dbgen(sf => 'x')", "CALL tpch_dbgen(sf => -1)", "CALL nothing(1)"} {
		if _, err := db.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s succeeded", sql)
		}
	}
}
