package join

import (
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
)

// crew are the workers that index a build side together: all of a query's, or the one that has a
// partition of it.
type crew struct {
	query *exec.Query
	lead  *exec.Worker
	all   bool
}

const (
	// shareRows is the least number of rows that is worth another worker.
	shareRows = 16 << 10
	// maxCrew bounds the workers of steps in which each looks at all rows or has arrays of its own.
	maxCrew = 8
)

// arena is where the index's own arrays live.
func (c *crew) arena() *mem.Arena { return c.lead.Arena }

// size is the number of workers for n rows.
func (c *crew) size(n int) int {
	if !c.all {
		return 1
	}
	return max(1, min(len(c.query.Workers), n/shareRows, maxCrew))
}

// run executes f for every share of n, at once.
func (c *crew) run(shares int, f func(w *exec.Worker, share int)) error {
	if shares == 1 {
		f(c.lead, 0)
		return nil
	}
	return c.query.RunOn(shares, func(w *exec.Worker) error {
		f(w, w.ID)
		return nil
	})
}

// share is the part [from, to) of n that one of several workers has, cut at multiples of 64.
func share(n, at, shares int) (from, to int) {
	cut := func(i int) int {
		if i == shares {
			return n
		}
		return n / shares * i &^ 63
	}
	return cut(at), cut(at + 1)
}
