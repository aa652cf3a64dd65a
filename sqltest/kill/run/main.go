// Command run kills an OxiDB server -n times under concurrent clients and checks that nothing
// acknowledged is lost. It ends with one line on standard output, and with exit code 1 after a violation.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/oxidb/oxidb/sqltest/kill"
)

func main() {
	o := kill.Options{Progress: os.Stderr}
	flag.StringVar(&o.Binary, "binary", "bin/oxidb", "the server's binary")
	flag.IntVar(&o.Kills, "n", 100, "how often to kill")
	flag.IntVar(&o.Clients, "clients", 16, "how many clients write at once")
	flag.Uint64Var(&o.Seed, "seed", 1, "what clients do and when the server is killed")
	flag.DurationVar(&o.Limit, "time", 0, "end after this time in any case; 0 is no limit")
	flag.Parse()
	dir, err := os.MkdirTemp("", "oxidb-kill-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	o.Dir = dir
	out := kill.Run(context.Background(), o)
	for _, v := range out.Violations {
		fmt.Fprintln(os.Stderr, v)
	}
	fmt.Println(out)
	if len(out.Violations) > 0 {
		fmt.Fprintln(os.Stderr, "the database is in", dir)
		os.Exit(1)
	}
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}
