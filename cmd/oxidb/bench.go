package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/bench/tpch"
	"github.com/oxidb/oxidb/bench/tpch/runner"
)

type benchCommand struct {
	TPCH    tpchCommand    `cmd:"" name:"tpch" help:"Run TPC-H and check every answer; exits with 1 on a wrong one."`
	Compare compareCommand `cmd:"" help:"Run TPC-H beside other engines, query by query in turns."`
	Scaling scalingCommand `cmd:"" help:"Run TPC-H with one worker and with all, and measure what is serial."`
	Engine  engineCommand  `cmd:"" hidden:"" help:"Be OxiDB's side of a comparison, on standard input and output."`
}

// tpchOptions are what the benchmark of OxiDB alone takes.
type tpchOptions struct {
	SF      float64  `help:"Scale factor: 1 is about 1 GB." default:"1"`
	DB      string   `help:"Database directory; made and loaded when missing. Default: bench-data/tpch-SF." type:"path"`
	Threads int      `help:"Workers of a query; 0 means all cores."`
	Memory  byteSize `help:"Memory of the process (256MiB); queries beyond it use temporary files. 0 means four fifths of the machine's, or of its control group's."`
	Queries string   `help:"Query numbers, as 1,6 or 1-22." default:"1-22"`
	JSON    string   `help:"Also write the figures to this file." type:"path"`
}

func (o *tpchOptions) directory() string {
	if o.DB != "" {
		return o.DB
	}
	return filepath.Join("bench-data", "tpch-"+strconv.FormatFloat(o.SF, 'g', -1, 64))
}

// open opens the database and loads what is missing.
func (o *tpchOptions) open(ctx context.Context) (*oxidb.DB, error) {
	dir := o.directory()
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, unreachable{err}
	}
	start := time.Now()
	db, err := oxidb.Open(ctx, dir, oxidb.Threads(o.Threads), oxidb.MemoryLimit(int64(o.Memory)), oxidb.LimitProcess())
	if err != nil {
		return nil, unreachable{err}
	}
	fmt.Fprintf(os.Stderr, "opened %s in %s\n", dir, round(time.Since(start)))
	if err := ensureLoaded(ctx, db, o.SF); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// ensureLoaded loads TPC-H unless the database has it at this scale factor.
func ensureLoaded(ctx context.Context, db *oxidb.DB, scale float64) error {
	have, err := runner.Loaded(ctx, db)
	if err != nil {
		return err
	}
	if have != 0 {
		if have != scale {
			return fmt.Errorf("the database holds TPC-H at scale factor %g, not %g: choose another --db", have, scale)
		}
		return nil
	}
	start := time.Now()
	bar := newBar(os.Stderr, "generating and loading TPC-H "+strconv.FormatFloat(scale, 'g', -1, 64))
	err = runner.Load(ctx, db, scale, func(table string, done, total int64) { bar.show(table, done, total) })
	bar.end()
	if err != nil {
		return err
	}
	if err := db.Checkpoint(ctx); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "generated and loaded TPC-H %g in %s\n", scale, round(time.Since(start)))
	return nil
}

type tpchCommand struct {
	tpchOptions
	Runs int `help:"Timed runs of each query, after one that checks the answer." default:"5"`
}

func (c *tpchCommand) Run(ctx context.Context) (err error) {
	queries, err := parseQueries(c.Queries)
	if err != nil {
		return err
	}
	db, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = printRun(ctx, db, c.SF, queries, max(c.Runs, 1), c.JSON)
	return err
}

// printRun runs the queries and prints the table.
func printRun(ctx context.Context, db *oxidb.DB, scale float64, queries []int, runs int, jsonFile string) (*runner.Report, error) {
	fmt.Printf("%-6s %12s %12s %10s %12s   %s\n", "query", "min ms", "median ms", "rows", "peak memory", "answer")
	report, err := runner.Run(ctx, db, scale, queries, runs, func(t runner.Timing) {
		verdict := "no reference"
		switch {
		case t.Mismatch != "":
			verdict = "WRONG: " + t.Mismatch
		case t.Checked:
			verdict = "right"
		}
		fmt.Printf("Q%-5d %12.2f %12.2f %10d %12s   %s\n", t.Query, t.Min, t.Median, t.Rows, bytesText(t.Memory), verdict)
	})
	if report != nil && len(report.Timings) > 0 {
		fmt.Printf("\nsum %.1f ms, geometric mean %.2f ms (medians); peak query memory %s, peak resident %s\n",
			report.Sum, report.Geomean, bytesText(report.PeakPlan), bytesText(report.PeakRSS))
		if jsonFile != "" {
			err = errors.Join(err, writeJSON(jsonFile, report))
		}
	}
	return report, err
}

// parseQueries reads "1,6" and "1-22".
func parseQueries(text string) ([]int, error) {
	var out []int
	for _, part := range strings.Split(text, ",") {
		from, to, ranged := strings.Cut(strings.TrimSpace(part), "-")
		a, err := strconv.Atoi(from)
		b := a
		if ranged && err == nil {
			b, err = strconv.Atoi(to)
		}
		if err != nil || a < 1 || b > tpch.QueryCount || a > b {
			return nil, fmt.Errorf("--queries %q: expected numbers from 1 to %d, as 1,6 or 1-22", text, tpch.QueryCount)
		}
		for q := a; q <= b; q++ {
			out = append(out, q)
		}
	}
	return out, nil
}

func writeJSON(file string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o644)
}
