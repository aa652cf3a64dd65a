package compare

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// A profile must be read as EXPLAIN ANALYZE prints it, and a plan that ran on one worker be serial as a whole.
func TestReadProfile(t *testing.T) {
	p, err := readProfile([]string{
		"Sort by a (rows≈6) (actual rows=4 batches=1 time=0.07 ms prepare=9.61 ms serial=1.50 ms memory=2048 KiB)",
		"  Hash Join on b = c (rows≈6) (actual rows=4 batches=1 time=0.07 ms prepare=9.61 ms serial=0.25 ms)",
		"    Scan t (rows≈58075) (actual rows=59307 batches=15 time=8.48 ms prepare=0.00 ms)",
		"Total: 4 rows in 9.79 ms, 2 workers (serial 1.80 ms, idle 0.40 ms), peak memory 4096 KiB",
	})
	if err != nil || p.serial != 1.8 || p.idle != 0.4 || len(p.nodes) != 2 || p.nodes["Sort by a"] != 1.5 || p.nodes["Hash Join on b = c"] != 0.25 {
		t.Errorf("%+v %v", p, err)
	}
	if p, err = readProfile([]string{"Total: 4 rows in 9.79 ms, 1 workers, peak memory 4096 KiB"}); err != nil || p.serial != 9.79 {
		t.Errorf("%+v %v", p, err)
	}
	if _, err = readProfile([]string{"Scan t"}); err == nil {
		t.Error("no totals, no error")
	}
}

// The model must divide what is shared and add what is not, with the serial part of the nearest number.
func TestPredicted(t *testing.T) {
	q := ScalingQuery{One: 101, Planning: 1, Serial: []float64{4, 10}}
	workers := []int{2, 32}
	for p, want := range map[int]float64{1: 1 + 4 + 96, 2: 1 + 4 + 48, 8: 1 + 4 + 12, 32: 1 + 10 + 3} {
		if got := q.Predicted(workers, p); math.Abs(got-want) > 1e-9 {
			t.Errorf("%d workers: %g, want %g", p, got, want)
		}
	}
}

// A run must fill every figure and end with the line for scripts.
func TestScale(t *testing.T) {
	o := testOptions(t)
	o.Scale, o.Queries, o.Rounds = 0.1, []int{1, 13}, 1
	s, err := Scale(t.Context(), o, []int{2, 8})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range s.Queries {
		if q.One <= 0 || q.Many <= 0 || q.Planning <= 0 || len(q.Serial) != 2 || q.Serial[0] <= 0 || q.Serial[1] <= 0 {
			t.Errorf("%+v", q)
		}
	}
	paths, err := s.Write(filepath.Join(t.TempDir(), "results"))
	if err != nil || len(paths) != 2 {
		t.Fatal(paths, err)
	}
	if text := s.Markdown(); !strings.Contains(text, "| Q13 |") || !strings.Contains(text, "```text\ngeomean_speedup=") {
		t.Error(text)
	}
}
