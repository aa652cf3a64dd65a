package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/oxidb/oxidb/bench/tpch/compare"
)

type scalingCommand struct {
	SF      float64 `help:"Scale factor: 1 is about 1 GB." default:"1"`
	Rounds  int     `help:"Timed rounds of each query with each number of workers." default:"5"`
	Queries string  `help:"Query numbers, as 1,6 or 1-22." default:"1-22"`
	Threads int     `help:"The number of workers to compare one with; 0 means all cores."`
	Workers []int   `help:"Numbers of workers to measure the serial parts with." default:"2,8,32,96"`
	Data    string  `help:"Database directory; made and loaded when missing. Default: bench-data/tpch-SF." type:"path"`
	Results string  `help:"Folder for the figures as JSON and Markdown; empty writes none." type:"path"`
}

func (c *scalingCommand) Run(ctx context.Context) error {
	queries, err := parseQueries(c.Queries)
	if err != nil {
		return err
	}
	for _, w := range c.Workers {
		if w < 2 {
			return fmt.Errorf("--workers %d: with fewer than 2 all is serial", w)
		}
	}
	o := compare.Options{Scale: c.SF, Queries: queries, Rounds: max(c.Rounds, 1), Threads: c.Threads, Data: c.Data}
	if o.Threads == 0 {
		o.Threads = defaultThreads()
	}
	if o.Data == "" {
		o.Data = filepath.Join("bench-data", "tpch-"+strconv.FormatFloat(c.SF, 'g', -1, 64))
	}
	progress := newSteps(os.Stderr)
	o.Progress = progress.show
	report, err := compare.Scale(ctx, o, c.Workers)
	progress.end()
	if err != nil {
		return err
	}
	fmt.Print(report.Markdown())
	if c.Results != "" {
		paths, err := report.Write(c.Results)
		if err != nil {
			return err
		}
		fmt.Println("\nwritten:", strings.Join(paths, " "))
	}
	fmt.Println(report.Line())
	return nil
}
