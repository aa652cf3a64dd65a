package runner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	oxidb "github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/bench/tpch"
)

// Timing is what one query took over several runs.
type Timing struct {
	Query    int       `json:"query"`
	Rows     int64     `json:"rows"`
	Millis   []float64 `json:"millis"`
	Min      float64   `json:"min"`
	Median   float64   `json:"median"`
	Memory   int64     `json:"peak_memory_bytes"`
	Checked  bool      `json:"checked"`
	Mismatch string    `json:"mismatch,omitempty"`
}

// Report is a whole run.
type Report struct {
	Scale    float64  `json:"scale"`
	Threads  int      `json:"threads"`
	Timings  []Timing `json:"timings"`
	Sum      float64  `json:"sum_millis"`
	Geomean  float64  `json:"geomean_millis"`
	PeakRSS  int64    `json:"peak_rss_bytes"`
	PeakPlan int64    `json:"peak_query_memory_bytes"`
}

// ErrWrongAnswer is returned when any query gave a wrong answer.
var ErrWrongAnswer = errors.New("wrong answer")

// Run runs the queries runs times each, checks the first run's answers, and tells report about each
// query when it is done. A wrong answer does not end the run: it is in the report, and the error is
// ErrWrongAnswer.
func Run(ctx context.Context, db *oxidb.DB, scale float64, queries []int, runs int, report func(Timing)) (*Report, error) {
	out := &Report{Scale: scale}
	var failed []int
	for _, q := range queries {
		t, err := runQuery(ctx, db, scale, q, runs)
		if err != nil {
			return out, fmt.Errorf("Q%d: %w", q, err)
		}
		if t.Mismatch != "" {
			failed = append(failed, q)
		}
		out.Timings = append(out.Timings, t)
		if report != nil {
			report(t)
		}
	}
	out.finish()
	if failed != nil {
		return out, fmt.Errorf("%w: queries %v", ErrWrongAnswer, failed)
	}
	return out, nil
}

func (r *Report) finish() {
	medians := make([]float64, len(r.Timings))
	for i, t := range r.Timings {
		medians[i] = t.Median
		r.Sum += t.Median
		r.PeakPlan = max(r.PeakPlan, t.Memory)
	}
	r.Geomean = Geomean(medians)
	r.PeakRSS = peakRSS()
}

func runQuery(ctx context.Context, db *oxidb.DB, scale float64, query, runs int) (Timing, error) {
	t := Timing{Query: query}
	got, err := fetch(ctx, db, tpch.Query(query))
	if err != nil {
		return t, err
	}
	t.Rows = int64(len(got.values))
	if _, err := tpch.ReadAnswer(scale, query); err == nil {
		t.Checked = true
		if err := tpch.CheckAnswer(scale, query, got.columns, got.values); err != nil {
			t.Mismatch = err.Error()
		}
	}
	for range runs {
		run, err := Time(ctx, db, tpch.Query(query))
		if err != nil {
			return t, err
		}
		t.Millis, t.Memory = append(t.Millis, run.Millis), max(t.Memory, run.Memory)
	}
	t.Min, t.Median = slices.Min(t.Millis), Median(t.Millis)
	return t, nil
}

// Execution is one timed run: plan, execute and read all rows as Arrow.
type Execution struct {
	Millis float64
	Rows   int64
	Memory int64 // peak of what the query reserved, in bytes
}

// Time runs sql to its end.
func Time(ctx context.Context, db *oxidb.DB, sql string) (Execution, error) {
	start := time.Now()
	result, err := db.Query(ctx, sql)
	if err != nil {
		return Execution{}, err
	}
	rows, err := result.Drain()
	return Execution{Millis: float64(time.Since(start).Nanoseconds()) / 1e6, Rows: rows, Memory: result.PeakMemory()}, err
}

// Median of the values, the mean of the middle two for an even count.
func Median(values []float64) float64 {
	s := slices.Clone(values)
	slices.Sort(s)
	n := len(s)
	if n == 0 {
		return 0
	}
	return (s[(n-1)/2] + s[n/2]) / 2
}

// Geomean is the geometric mean.
func Geomean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(max(len(values), 1)))
}
