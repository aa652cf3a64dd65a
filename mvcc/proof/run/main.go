// Command run proves that storage keeps its word: -kind crash, together, faults or corrupt, -n faults from -seed
// on. It ends with one line on standard output, and with exit code 1 after a violation.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/oxidb/oxidb/mvcc/proof"
)

func main() {
	kind := flag.String("kind", "crash", "crash, together, faults or corrupt")
	n := flag.Int("n", 10_000, "how many crashes, failing operations or damages, at least")
	seed := flag.Uint64("seed", 1, "the first seed")
	limit := flag.Duration("time", 0*time.Second, "end after this time in any case; 0 is no limit")
	stop := flag.Int("stop", 0, "end after so many violations; 0 is 10")
	flag.Parse()
	debug.SetGCPercent(400) // disks and states come and go by the thousand
	unit, known := map[string]proof.Unit{"crash": proof.Crash, "together": proof.Together, "faults": proof.Faults, "corrupt": proof.Corrupt}[*kind]
	if !known {
		fmt.Fprintf(os.Stderr, "no kind of proof is named %q: crash, together, faults or corrupt\n", *kind)
		os.Exit(2)
	}
	sum := proof.Run(unit, proof.Plan{Faults: *n, Violations: *stop, Seed: *seed, Limit: *limit}, os.Stderr)
	if len(sum.Violations) > 0 {
		fmt.Fprintf(os.Stderr, "a violation's seed reproduces it: make %s N=1 SEED=…\n", *kind)
		keepFiles(sum.Violations)
	}
	fmt.Println(sum)
	if len(sum.Violations) > 0 {
		os.Exit(1)
	}
}

// keepFiles writes down what crashes left, where the seed alone does not bring it back.
func keepFiles(violations []error) {
	for _, err := range violations {
		var v *proof.Violation
		if !errors.As(err, &v) || v.Files == nil {
			continue
		}
		dir, err := os.MkdirTemp("", "oxidb-proof-")
		for path, raw := range v.Files {
			at := filepath.Join(dir, path)
			err = errors.Join(err, os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, raw, 0o644))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "keeping the files:", err)
			continue
		}
		fmt.Fprintf(os.Stderr, "the crashed database of %.60s… is in %s\n", v.Error(), dir)
	}
}
