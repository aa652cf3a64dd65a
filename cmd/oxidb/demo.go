package main

import (
	"context"
	"fmt"
	"os"

	"github.com/oxidb/oxidb"
)

// demoScale is the scale factor of the demonstration's data.
const demoScale = 0.1

type demoCommand struct {
	DB      string `help:"Database directory." default:"data" type:"path"`
	NoServe bool   `help:"End after the table of queries."`
	Listen  string `help:"Address to serve on." default:"127.0.0.1:8815"`
}

func (c *demoCommand) Run(ctx context.Context) error {
	db, err := oxidb.Open(ctx, c.DB)
	if err != nil {
		return unreachable{err}
	}
	defer db.Close()
	if err := ensureLoaded(ctx, db, demoScale); err != nil {
		return err
	}
	fmt.Printf("TPC-H %g in %s, the 22 queries:\n\n", demoScale, c.DB)
	queries, err := parseQueries("1-22")
	if err != nil {
		return err
	}
	if _, err := printRun(ctx, db, demoScale, queries, 3, ""); err != nil {
		return err
	}
	if c.NoServe {
		return nil
	}
	fmt.Fprintln(os.Stdout)
	return nil
}
