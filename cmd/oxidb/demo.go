package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/oxidb/oxidb"
	"github.com/oxidb/oxidb/bench/tpch/runner"
	"github.com/oxidb/oxidb/flight"
)

// demoScale is the scale factor of the demonstration's data.
const demoScale = 0.1

type demoCommand struct {
	DB      string `help:"Database directory." default:"data" type:"path"`
	NoServe bool   `help:"End after the table of queries."`
	Listen  string `help:"Address to serve on." default:"127.0.0.1:8815"`
}

func (c *demoCommand) Run(ctx context.Context) (err error) {
	db, err := oxidb.Open(ctx, c.DB)
	if err != nil {
		return unreachable{err}
	}
	defer func() { err = errors.Join(err, db.Close()) }()
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
	runner.Register(db)
	return serve(ctx, db, flight.Options{Addr: c.Listen}, connectHelp)
}

// connectHelp shows the ways in; %[1]s is the address.
const connectHelp = `
The same data over Arrow Flight SQL; end with Ctrl-C.

Python   pip install adbc-driver-flightsql pyarrow
         import adbc_driver_flightsql.dbapi as dbapi
         with dbapi.connect("grpc://%[1]s") as c, c.cursor() as cur:
             cur.execute("SELECT n_name, count(*) FROM customer JOIN nation ON c_nationkey = n_nationkey GROUP BY 1 ORDER BY 2 DESC")
             print(cur.fetch_arrow_table())

shell    oxidb shell grpc://%[1]s

Go       client, err := flightsql.NewClient("%[1]s", nil, nil, grpc.WithTransportCredentials(insecure.NewCredentials()))
         info, err := client.Execute(ctx, "SELECT count(*) FROM lineitem")
         reader, err := client.DoGet(ctx, info.Endpoint[0].Ticket)

`
