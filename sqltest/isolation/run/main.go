// Command run checks isolation on random histories until n transactions have run, in databases in
// memory and on disk by turns. It ends with one line on stdout, and with status 1 after a violation.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/oxidb/oxidb/sqltest/isolation"
)

func main() {
	n := flag.Int("n", 50_000, "transactions to run")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the random transactions")
	limit := flag.Duration("time", 0, "stop after this long, 0 for never")
	level := flag.String("level", "both", "isolation level: snapshot, serializable, or both by turns")
	dir := flag.String("dir", "", "folder for the databases on disk; the default is the system's temporary one")
	flag.Parse()
	c := campaign{n: *n, limit: *limit, dir: *dir, first: *seed}
	err := c.choose(*level)
	if err == nil {
		err = c.run(context.Background())
	}
	fmt.Printf("runs=%d faults=0 violations=%d\n", c.txns, c.violations)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || c.violations > 0 {
		fmt.Fprintf(os.Stderr, "again with: go run ./sqltest/isolation/run -n 1 -level %s -seed %d\n", *level, c.seed)
		os.Exit(1)
	}
}

// historyTxns is the transactions of one history: lists stay short, cycles stay readable.
const historyTxns = 1500

// campaign is one trial after another, each with the next seed; the seed decides everything about a
// trial but the order in which its goroutines run.
type campaign struct {
	n     int
	limit time.Duration
	dir   string
	first uint64
	// levels take turns.
	levels []isolation.Level

	seed                                uint64
	txns, committed, allowed, histories int
	violations                          int
}

func (c *campaign) choose(level string) error {
	for l := range isolation.Level(isolation.Levels) {
		if level == "both" || level == l.String() {
			c.levels = append(c.levels, l)
		}
	}
	if len(c.levels) == 0 {
		return fmt.Errorf("there is no level %q", level)
	}
	return nil
}

func (c *campaign) run(ctx context.Context) error {
	begin := time.Now()
	for c.seed = c.first; c.txns < c.n && (c.limit == 0 || time.Since(begin) < c.limit); c.seed++ {
		if err := c.trial(ctx); err != nil {
			return fmt.Errorf("seed %d: %w", c.seed, err)
		}
		fmt.Fprintf(os.Stderr, "seed %d: %d histories, %d transactions, %d committed, %d write skews (allowed in snapshot isolation), %s\n",
			c.seed, c.histories, c.txns, c.committed, c.allowed, time.Since(begin).Round(time.Second))
		if c.violations > 0 {
			return nil
		}
	}
	return nil
}

func (c *campaign) trial(ctx context.Context) (err error) {
	levels := uint64(len(c.levels))
	load := isolation.DefaultWorkload(c.seed, historyTxns)
	load.Level = c.levels[c.seed%levels]
	turn := c.seed / levels // layouts and places come together in every way: their numbers have no divisor in common
	layout, dir := isolation.Layout(turn%isolation.Layouts), ""
	if turn%2 == 1 {
		made, err := os.MkdirTemp(c.dir, "oxidb-isolation-")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(made)) }()
		dir = made
	}
	t, err := isolation.Try(ctx, dir, layout, load)
	if err != nil {
		return err
	}
	c.histories, c.txns, c.committed, c.allowed = c.histories+1, c.txns+t.Txns, c.committed+t.Committed, c.allowed+t.Allowed
	c.violations += len(t.Violations)
	for _, v := range t.Violations {
		fmt.Fprintln(os.Stderr, v)
	}
	return nil
}
