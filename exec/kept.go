package exec

import (
	"context"

	"github.com/oxidb/oxidb/columnar/mem"
)

// keptScratch is the least number of rows that scratch memory of a kept query has room for: it is for
// statements that handle few.
const keptScratch = 64

// maxKeptBytes is the most memory that a query at rest may hold.
const maxKeptBytes = 256 << 10

// NewKept makes a query of one worker that runs again and again: Restart begins every execution, Rest
// ends it. Its operators and what they have compiled stay in between, so that they have to be ones that
// can be prepared again (E6).
func NewKept(o Options) *Query {
	q := &Query{ctx: &Context{}, Memory: o.Memory, Function: o.Function, Spill: o.Spill, kept: true}
	q.Workers = []*Worker{{Query: q, Arena: mem.NewSmallArena(o.Memory), Scratch: keptScratch}}
	return q
}

// Kept reports whether the query will run again: operators keep what they have compiled then.
func (q *Query) Kept() bool { return q.kept }

// Execution numbers the executions of a kept query, from 1; it is 0 for others.
func (q *Query) Execution() uint64 { return q.run }

// Restart begins an execution of a kept query; 53200 when there is no room for the memory that it holds.
// Function, Params and the limits of Memory are the caller's to set.
func (q *Query) Restart(ctx context.Context) error {
	if q.ctx.Waited() {
		q.ctx = &Context{}
	} else {
		*q.ctx = Context{}
	}
	q.ctx.Start(ctx, nil)
	q.run++
	q.Rows.Store(0)
	return q.Workers[0].Arena.Resume()
}

// Rest ends an execution of a kept query whose operators have come to their ends without an error. It
// reports whether the query may run again: not when it has grown large. Then it is closed.
func (q *Query) Rest() bool {
	a := q.Workers[0].Arena
	if a.Bytes() > maxKeptBytes {
		q.Close()
		return false
	}
	q.stop(context.Canceled)
	q.closeOwned()
	a.Pause()
	return true
}
