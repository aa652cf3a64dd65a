package exec

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec/spill"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Query is the context of one execution.
type Query struct {
	ctx      *Context
	Workers  []*Worker
	Memory   *mem.Budget
	Function *function.Context
	// Spill is the room for rows that Memory has no room for; nil for none, when they are an error.
	Spill *spill.Space
	// Filters are the runtime filters that joins publish for scans.
	Filters RuntimeFilters
	// Keys are what joins publish of their build sides for seeks.
	Keys KeySets
	// Rows counts scanned rows, for progress.
	Rows atomic.Int64
	// Params are the values of $1, $2, … for plans that have parameters left in them, of their types.
	Params []types.Value
	// run numbers the executions of a query that is used again.
	run        uint64
	kept       bool
	profile    bool
	work       Work
	forceSpill bool
	done       func()

	hands hands

	ownedMu sync.Mutex
	files   []*spill.File
	arenas  []*mem.Arena
}

// Worker is one of the goroutines of a query, with memory of its own.
type Worker struct {
	ID    int
	Query *Query
	// Arena hands out scratch memory that lives until the query ends.
	Arena *mem.Arena
	// Scratch is the least number of rows that scratch memory has room for.
	Scratch int
	// Part numbers, from 1, the piece of the input that the batch being lent comes from, where the
	// scan below numbers its pieces in the order of the input (files do); else 0. It passes through
	// filters and projections as it is, so that a bulk load can keep the order. One worker delivers
	// the whole of a piece, and pieces in ascending order.
	Part int
}

// Options say how a query runs.
type Options struct {
	Workers  int
	Memory   *mem.Budget
	Function *function.Context
	Spill    *spill.Space
	// ForceSpill makes operators use files as often as they can, whatever memory there is, for tests.
	ForceSpill bool
	// Profile makes operators count rows and time (EXPLAIN ANALYZE).
	Profile bool
	// Done is called when the query has given its memory back; nil for nobody.
	Done func()
}

// NewQuery starts a query's context. Close frees its memory.
func NewQuery(ctx context.Context, o Options) *Query {
	q := &Query{ctx: NewContext(ctx, nil), Memory: o.Memory, Function: o.Function, Spill: o.Spill, done: o.Done, profile: o.Profile, forceSpill: o.ForceSpill && o.Spill != nil}
	for i := range max(o.Workers, 1) {
		q.Workers = append(q.Workers, &Worker{ID: i, Query: q, Arena: mem.NewArena(o.Memory), Scratch: columnar.BatchSize})
	}
	return q
}

// Close ends the query and gives its memory back. No stream may be running.
func (q *Query) Close() {
	q.stop(context.Canceled)
	q.hands.ended.Store(true)
	for _, w := range q.Workers {
		w.Arena.Free()
	}
	q.closeOwned()
}

// closeOwned ends what belongs to one execution.
func (q *Query) closeOwned() {
	for _, a := range q.arenas {
		a.Free()
	}
	for _, f := range q.files {
		_ = f.Close() // nameless: nothing is left to do about it
	}
	q.files, q.arenas = nil, nil
	if q.done != nil {
		q.done()
		q.done = nil
	}
}

// stop ends the query early with its first error.
func (q *Query) stop(reason error) { q.ctx.End(reason) }

// NewArena makes an arena for state that may end before the query does, which ends it otherwise.
func (q *Query) NewArena() *mem.Arena {
	a := mem.NewArena(q.Memory)
	q.ownedMu.Lock()
	defer q.ownedMu.Unlock()
	q.arenas = append(q.arenas, a)
	return a
}

// NewFile makes a temporary file, which ends with the query.
func (q *Query) NewFile() (*spill.File, error) {
	f, err := q.Spill.Create()
	if err != nil {
		return nil, err
	}
	q.ownedMu.Lock()
	defer q.ownedMu.Unlock()
	q.files = append(q.files, f)
	return f, nil
}

// ShouldSpill tells an operator that holds bytes for growing state, on one of the query's workers, to
// put it into files now: there are files, and the state is a good share of the memory's limit (it may
// double when it grows next), or the limit is near. States below a minimum stay, so that files have useful pieces.
func (q *Query) ShouldSpill(bytes int64) bool {
	if q.forceSpill {
		return true
	}
	if q.Spill == nil || bytes < minSpill {
		return false
	}
	capacity := q.Memory.Capacity()
	if capacity == 0 {
		return false
	}
	return bytes*int64(8*len(q.Workers)) >= capacity || q.Memory.Tight()
}

// ShouldPart tells an operator that has rows in files whether to part them further, rather than to
// take bytes of memory for them on one of the query's workers.
func (q *Query) ShouldPart(bytes int64) bool {
	capacity := q.Memory.Capacity()
	return q.forceSpill || capacity > 0 && bytes*int64(2*len(q.Workers)) > capacity
}

// minSpill is the least state that is worth a file.
const minSpill = 1 << 20

// Cancel stops the query's workers; nobody wants its rows any more.
func (q *Query) Cancel() { q.stop(context.Canceled) }

// Work is how the workers' time was used, when the query is profiled.
func (q *Query) Work() *Work { return &q.work }

// Param is the value of $index.
func (q *Query) Param(index int) (types.Value, error) {
	if index < 1 || index > len(q.Params) {
		return types.Value{}, sqlerr.New(sqlerr.UndefinedParameter, "there is no parameter $%d", index)
	}
	return q.Params[index-1], nil
}

// Profile reports whether operators should measure themselves.
func (q *Query) Profile() bool { return q.profile }

// Context is the query's context; it ends with the query.
func (q *Query) Context() context.Context { return q.ctx }

// Err is nil while the query may go on, else why it must stop: 57014 when cancelled or timed out.
func (q *Query) Err() error { return Interrupted(q.ctx) }

// Run executes f on every worker at once and returns when all have ended. The first error, or panic
// (as XX000), stops the others.
func (q *Query) Run(f func(w *Worker) error) error { return q.RunOn(len(q.Workers), f) }

// RunOn is Run on the first n workers, the first of them on the caller's goroutine.
func (q *Query) RunOn(n int, f func(w *Worker) error) error {
	if err := q.Err(); err != nil {
		return err
	}
	n = min(max(n, 1), len(q.Workers))
	if n == 1 {
		return guard(q.Workers[0], f)
	}
	if q.profile {
		f = q.work.together(f)
		defer q.work.apart(n, time.Now())
	}
	errs := make([]error, n)
	q.hands.run(n, len(q.Workers), func(i int) {
		if errs[i] = guard(q.Workers[i], f); errs[i] != nil {
			q.stop(errs[i])
		}
	})
	for _, err := range errs {
		if err != nil && q.ctx.Err() != nil {
			return q.Err()
		}
	}
	return nil
}

// Guard runs f on the caller's goroutine with w's memory; a panic becomes its error.
func (q *Query) Guard(w *Worker, f func(w *Worker) error) error { return guard(w, f) }

// guard turns a panic into an error: a query's failure is never the process's.
func guard(w *Worker, f func(w *Worker) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if e, ok := r.(error); ok && sqlerr.StateOf(e) != sqlerr.InternalError {
				err = e
				return
			}
			err = sqlerr.New(sqlerr.InternalError, "internal error: %v", r).WithDetail("%s", debug.Stack())
		}
	}()
	return f(w)
}

// Now is the statement's time.
func (q *Query) Now() time.Time { return q.Function.Now }

// String names the query in messages.
func (q *Query) String() string { return fmt.Sprintf("query with %d workers", len(q.Workers)) }
