// Package exec is the operator contract and the context of one running query. Operators live in
// subpackages; exec/build makes them from a physical plan.
//
// A query is a tree of operators. The root calls Prepare once, which runs every pipeline that must
// have finished before rows can flow (hash-join builds, aggregates, sorts), each on all workers; then
// every worker pulls its own Stream, a chain of plain function calls from the shared morsel source
// upward, without channel, lock or exchange inside.
//
// E1: Prepare returns only after the work of every goroutine that it started has ended. Goroutines of
// stages stay awake for a moment, without touching the query, and leave by themselves.
// E2: Stream(w) is called at most once a worker, after Prepare, from that worker's goroutine. The
// union of all workers' streams is the result, in no order unless Ordered.
// E3: a batch is lent until the next step (columnar.C3).
// E4: an operator whose state grows with its input reserves it with Query.Memory before allocating.
// E5: Query.Err is asked at least once a batch; cancelling stops the CPU within 100 ms.
// E6: an operator of a kept query (Query.Kept) can be prepared and streamed again once its stream has
// come to an end. It keeps what it has compiled, and lets go of the rows that it was lent. Scans, values,
// filters and projections can; other operators are in no kept query.
package exec

import (
	"math"

	"github.com/oxidb/oxidb/columnar"
)

// Operator is a running plan node.
type Operator interface {
	// Prepare readies the operator and its inputs, running the pipelines below it that must end first.
	Prepare(q *Query) error
	// Stream is worker w's share of the output.
	Stream(w *Worker) columnar.Stream
	// Ordered says that only worker 0's stream has rows and that their order matters.
	Ordered() bool
}

// Bounded operators can do with fewer rows: Bound is called before Prepare, when nobody will ask for
// more than that many. They may deliver more all the same. Those that pass rows on one by one pass
// the bound on too.
type Bounded interface{ Bound(rows int64) }

// Feeding operators know, once prepared, how many workers they have rows for: the streams of further
// ones would be empty, and they need not be started. Operators whose streams must all come to an end
// are none.
type Feeding interface{ Feeds() int }

// Feeds is the number of op's streams, of most, that are worth starting.
func Feeds(op Operator, most int) int {
	if f, ok := op.(Feeding); ok {
		return max(1, min(most, f.Feeds()))
	}
	return most
}

// Unbounded is the number that an operator feeds which cannot tell.
const Unbounded = math.MaxInt

// Bound tells op that rows suffice, if it cares.
func Bound(op Operator, rows int64) {
	if b, ok := op.(Bounded); ok {
		b.Bound(rows)
	}
}

// Masking operators can lend batches that say by a mask which rows count (columnar.Batch.Mask), which
// spares them moving the others out of the way: Mask is called before Prepare, by a receiver that knows
// such batches. Operators that only look on pass the wish on.
type Masking interface{ Mask() }

// AskMasks tells op that its receiver takes masks.
func AskMasks(op Operator) {
	if m, ok := op.(Masking); ok {
		m.Mask()
	}
}
