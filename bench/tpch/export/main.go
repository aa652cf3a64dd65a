// Command export writes TPC-H tables as files, for other programs to load:
//
//	go run ./bench/tpch/export -scale 1 -format parquet -dir /tmp/sf1 [table…]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/oxidb/oxidb/bench/tpch"
	"github.com/oxidb/oxidb/bench/tpch/dbgen"
)

func main() {
	scale := flag.Float64("scale", 1, "scale factor")
	format := flag.String("format", "parquet", "parquet, csv or tbl")
	dir := flag.String("dir", ".", "existing folder to write to")
	flag.Parse()
	if err := export(*dir, *scale, tpch.Format(*format), flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "export:", err)
		os.Exit(1)
	}
}

// export writes the named tables, or all when none is named.
func export(dir string, scale float64, format tpch.Format, names []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	tables := dbgen.Tables()
	if len(names) > 0 {
		tables = nil
	}
	for _, name := range names {
		table, ok := dbgen.TableNamed(name)
		if !ok {
			return fmt.Errorf("there is no table %q", name)
		}
		tables = append(tables, table)
	}
	return tpch.WriteFiles(ctx, dir, scale, format, tables...)
}
