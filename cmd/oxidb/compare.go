package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/bench/tpch/compare"
)

type compareCommand struct {
	SF          float64       `help:"Scale factor: 1 is about 1 GB." default:"1"`
	Peers       string        `help:"The other engines, separated by commas; each is a NAME_peer.py in --scripts." default:"duckdb"`
	Mode        string        `help:"What the engines read: storage (each its own) or parquet (all the same files)." enum:"storage,parquet" default:"storage"`
	Writer      string        `help:"Who writes the files of --mode=parquet: duckdb (Snappy) or oxidb." enum:"duckdb,oxidb" default:"duckdb"`
	Temperature string        `help:"warm: each query has run before it is timed; cold: each run is a new process's first, on files that are not in memory." enum:"warm,cold" default:"warm"`
	Variant     string        `help:"plain, or renamed: tables and columns have names without meaning, queries other parameters." enum:"plain,renamed" default:"plain"`
	Seed        uint64        `help:"Draws the names and parameters of --variant=renamed." default:"1"`
	Rounds      int           `help:"Timed rounds of each query on each engine." default:"5"`
	Queries     string        `help:"Query numbers, as 1,6 or 1-22." default:"1-22"`
	Threads     int           `help:"Threads of each engine; 0 means all cores."`
	Limit       time.Duration `help:"An engine that takes longer for a query gives it up." default:"10m"`
	Python      string        `help:"Python with the other engines' packages." default:"python3"`
	Scripts     string        `help:"The folder of the peers." default:"bench/tpch/peer" type:"path"`
	Data        string        `help:"What the names of the data begin with. Default: bench-data/tpch-SF." type:"path"`
	Results     string        `help:"Folder for the figures as JSON, Markdown and SVG; empty writes none." type:"path"`
	CSV         bool          `help:"Also compare loading lineitem from CSV with DuckDB."`
}

func (c *compareCommand) Run(ctx context.Context) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	progress := newSteps(os.Stderr)
	o.Progress = progress.show
	report, err := compare.Run(ctx, o)
	progress.end()
	if report == nil {
		return err
	}
	printComparison(report)
	if c.Results != "" {
		paths, werr := report.Write(c.Results)
		if werr != nil {
			return werr
		}
		fmt.Println("\nwritten:", strings.Join(paths, " "))
	}
	if err != nil {
		return err
	}
	if c.CSV {
		own, peer, err := compare.CSV(ctx, o)
		progress.end()
		if err != nil {
			return err
		}
		fmt.Printf("lineitem from CSV: oxidb %.0f ms, duckdb %.0f ms, ratio %.2f\n", own, peer, own/peer)
	}
	for _, line := range report.Lines() {
		fmt.Println(line)
	}
	return nil
}

func (c *compareCommand) options() (o compare.Options, err error) {
	o = compare.Options{
		Scale: c.SF, Mode: c.Mode, Writer: c.Writer, Temperature: c.Temperature, Variant: c.Variant, Seed: c.Seed,
		Rounds: c.Rounds, Threads: c.Threads, Limit: c.Limit, Python: c.Python, Scripts: c.Scripts, Data: c.Data,
	}
	if o.Queries, err = parseQueries(c.Queries); err != nil {
		return o, err
	}
	if o.Threads == 0 {
		o.Threads = defaultThreads()
	}
	if o.Data == "" {
		o.Data = filepath.Join("bench-data", "tpch-"+strconv.FormatFloat(c.SF, 'g', -1, 64))
	}
	for _, peer := range strings.Split(c.Peers, ",") {
		if peer = strings.TrimSpace(peer); peer != "" && !slices.Contains(o.Peers, peer) {
			o.Peers = append(o.Peers, peer)
		}
	}
	self, err := os.Executable()
	o.Own = []string{self, "bench", "engine"}
	return o, err
}

// printComparison prints the figures as a table.
func printComparison(r *compare.Report) {
	fmt.Printf("OxiDB %s, TPC-H %g, %s, %s, %s: %d threads, medians of %d rounds in turns\n\n", oxidb.Version, r.Scale, r.Mode, r.Temperature, r.Variant, r.Threads, r.Rounds)
	for _, l := range r.LeftOut {
		fmt.Printf("%s is left out: %s\n", l.Name, l.Reason)
	}
	fmt.Printf("%-6s %8s", "query", "rows")
	for _, e := range r.Engines {
		fmt.Printf(" %12s %6s", e.Name, "ratio")
	}
	fmt.Println()
	for _, q := range r.Queries {
		fmt.Printf("Q%-5d %8d", q.Query, q.Times[0].Rows)
		for _, t := range q.Times {
			fmt.Printf(" %s", timingText(t))
		}
		fmt.Println()
	}
	fmt.Printf("%-15s", "peak memory")
	for _, e := range r.Engines {
		fmt.Printf(" %12s %6s", bytesText(e.PeakBytes), "")
	}
	fmt.Println()
	for _, q := range r.Queries {
		for _, t := range q.Times {
			if t.Problem+t.Difference != "" {
				fmt.Printf("Q%d, %s: %s%s\n", q.Query, t.Engine, t.Problem, t.Difference)
			}
		}
	}
}

func timingText(t *compare.Timing) string {
	ratio := ""
	if t.Ratio > 0 {
		ratio = fmt.Sprintf("%.2f", t.Ratio)
	}
	switch {
	case t.Problem != "":
		return fmt.Sprintf("%12s %6s", "no answer", "")
	case t.Difference != "":
		return fmt.Sprintf("%12s %6s", "wrong", "")
	}
	return fmt.Sprintf("%12.2f %6s", t.Median, ratio)
}

type engineCommand struct {
	Threads int `arg:"" help:"Workers of a query."`
}

func (c *engineCommand) Run(ctx context.Context) error {
	return compare.Serve(ctx, os.Stdin, os.Stdout, c.Threads)
}
