// Command run proves that storage keeps its word: -kind crash, faults or corrupt, -n faults from -seed
// on. It ends with one line on standard output, and with exit code 1 after a violation.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/oxidb/oxidb/mvcc/proof"
)

func main() {
	kind := flag.String("kind", "crash", "crash, faults or corrupt")
	n := flag.Int("n", 10_000, "how many crashes, failing operations or damages, at least")
	seed := flag.Uint64("seed", 1, "the first seed")
	limit := flag.Duration("time", 0*time.Second, "end after this time in any case; 0 is no limit")
	flag.Parse()
	unit, known := map[string]proof.Unit{"crash": proof.Crash, "faults": proof.Faults, "corrupt": proof.Corrupt}[*kind]
	if !known {
		fmt.Fprintf(os.Stderr, "no kind of proof is named %q: crash, faults or corrupt\n", *kind)
		os.Exit(2)
	}
	sum := proof.Run(unit, *n, *seed, *limit, os.Stderr)
	if len(sum.Violations) > 0 {
		fmt.Fprintf(os.Stderr, "a violation's seed reproduces it: make %s N=1 SEED=…\n", *kind)
	}
	fmt.Println(sum)
	if len(sum.Violations) > 0 {
		os.Exit(1)
	}
}
