// Command run plants bugs in the engine, one at a time, and lets the proofs hunt them. It is started in
// the module's root, ends with one line on standard output, and with exit code 1 when a bug stays.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/oxidb/oxidb/sqltest/planted"
)

func main() {
	n := flag.Int("n", 30_000, "how many cycles a proof may take to find a bug")
	seed := flag.Uint64("seed", 1, "the first seed")
	only := flag.String("only", "", "only bugs whose name holds this")
	flag.Parse()
	root, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	bugs, missed := 0, 0
	for _, b := range planted.Bugs() {
		if !strings.Contains(b.Name, *only) {
			continue
		}
		bugs++
		h, err := b.Hunt(context.Background(), root, *n, *seed)
		switch {
		case err != nil:
			missed++
			fmt.Fprintln(os.Stderr, err)
		case !h.Found:
			missed++
			fmt.Fprintf(os.Stderr, "NOT FOUND  %s, by %s in %s cycles\n", b.Name, b.Proof, h.Cycles)
		default:
			fmt.Fprintf(os.Stderr, "found      %s, by %s with SEED=%s in %s cycles: %s\n", b.Name, b.Proof, h.Seed, h.Cycles, h.Detail)
		}
	}
	fmt.Printf("runs=%d faults=%d violations=%d\n", bugs, bugs, missed)
	if missed > 0 {
		os.Exit(1)
	}
}
