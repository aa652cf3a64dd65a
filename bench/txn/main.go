package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// config is the command line.
type config struct {
	dir     string
	python  string
	results string
	rounds  int
	seconds float64
	only    string
	profile string
	mib     int
}

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "txn:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	if len(args) == 0 {
		return errors.New("which part? commits, storage or short")
	}
	var c config
	flags := flag.NewFlagSet("txn "+args[0], flag.ContinueOnError)
	flags.StringVar(&c.dir, "dir", "bench-data/txn", "directory for all databases; it is made anew and removed")
	flags.StringVar(&c.python, "python", "", "Python with DuckDB; without it DuckDB is left out")
	flags.StringVar(&c.results, "results", "", "directory for txn.json and txn.md")
	flags.IntVar(&c.rounds, "rounds", 5, "repetitions")
	flags.Float64Var(&c.seconds, "seconds", 2, "length of one measurement")
	flags.StringVar(&c.only, "only", "", "engines or parts, separated by commas; all by default")
	flags.StringVar(&c.profile, "profile", "", "commits and short: directory for profiles of OxiDB's measurements, which they slow down")
	flags.IntVar(&c.mib, "mib", 256, "storage: length of the log to recover, in MiB")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if c.dir, err = filepath.Abs(c.dir); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(c.dir), os.MkdirAll(c.dir, 0o755)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(c.dir)) }()
	switch args[0] {
	case "commits":
		return c.commits(ctx)
	case "storage":
		return c.storage(ctx)
	case "short":
		return c.short(ctx)
	}
	return fmt.Errorf("there is no part %q", args[0])
}

func (c *config) length() time.Duration { return time.Duration(c.seconds * float64(time.Second)) }
