// Command run proves that options change no answer: -n histories from -seed on. It ends with one line
// on standard output, and with exit code 1 after a violation.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/oxidb/oxidb/sqltest/metamorphic"
)

func main() {
	n := flag.Int("n", 20, "how many histories, each under all option sets")
	length := flag.Int("length", metamorphic.Length, "statements of a history")
	seed := flag.Uint64("seed", 1, "the first seed")
	limit := flag.Duration("time", 0, "end after this time in any case; 0 is no limit")
	flag.Parse()
	out := metamorphic.Run(*n, *length, *seed, *limit, os.Stderr)
	fmt.Println(out)
	if len(out.Violations) > 0 {
		fmt.Fprintln(os.Stderr, "a violation's seed reproduces it: make metamorphic N=1 SEED=…")
		os.Exit(1)
	}
}
