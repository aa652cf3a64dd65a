package oxidb

import (
	"context"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/build"
	"github.com/oxidb/oxidb/exec/scan"
	"github.com/oxidb/oxidb/exec/write"
	"github.com/oxidb/oxidb/external"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
)

// running is a query that is being executed.
//
// That of a kept plan is used again and again, by one statement at a time, whose scope it is lent: its
// operators, evaluators and buffers are made once (exec.NewKept).
type running struct {
	query   *exec.Query
	op      exec.Operator
	profile *build.Profile

	// Of a kept plan:
	home      *boundVariant // which gets it back
	scope     *scope        // nil at rest
	function  function.Context
	sequences sequenceAccess
	stream    columnar.Stream // worker 0's
	target    *write.Target   // of a statement that changes rows, with its tag and RETURNING's names
	tag       string
	names     []string

	// What read does with batches.
	take      func(*columnar.Batch, error) bool
	each      func(*columnar.Batch) (more bool, err error)
	delivered int64
	failed    error
	ended     bool // the rows came to an end, or nobody wants more, without an error
}

// start builds the operators of an optimized plan. Close the running query.
func (sc *scope) start(ctx context.Context, root plan.Node, profile bool) (*running, error) {
	set := sc.set
	workers := set.threads
	memory, done := sc.budget(), func() {}
	if sc.inputRows(root) < smallInput {
		workers = 1
	} else {
		var err error
		if memory, done, err = sc.admit(ctx); err != nil {
			return nil, err
		}
	}
	r := &running{query: exec.NewQuery(ctx, exec.Options{
		Workers: workers, Memory: memory, Done: done, Function: sc.functions(), Profile: profile,
		Spill: sc.session.db.spill.Part(set.tempLimit), ForceSpill: set.forceSpill,
	})}
	sc.session.running.Store(r.query)
	if profile {
		r.profile = build.NewProfile()
	}
	op, err := build.Build(root, build.Env{Query: r.query, Chunks: sc.chunks, Read: sc.noteScan, External: external.Operator, Profile: r.profile})
	if err != nil {
		r.query.Close()
		return nil, err
	}
	r.op = op
	return r, nil
}

// again takes what executes a kept plan, or makes it, and gives it the statement's arguments. Close it.
func (sc *scope) again(ctx context.Context, v *boundVariant, args []any) (*running, error) {
	r, _ := v.idle.Get().(*running)
	if r == nil {
		r = sc.newKept(v)
	}
	r.scope, r.sequences.sc, r.ended, r.delivered, r.failed = sc, sc, false, 0, nil
	sc.setFunctions(&r.function)
	q := r.query
	q.Memory.SetLimit(sc.set.memoryLimit)
	if err := q.Restart(ctx); err != nil {
		return nil, err // nothing is held but memory of the collector's
	}
	err := r.arguments(args)
	if err == nil && r.op == nil {
		r.op, err = build.Build(v.generic, build.Env{Query: q, Chunks: r.chunks})
	}
	if err != nil {
		r.close()
		return nil, err
	}
	sc.session.running.Store(q)
	return r, nil
}

func (sc *scope) newKept(v *boundVariant) *running {
	r := &running{home: v}
	r.function.Sequences = &r.sequences
	r.query = exec.NewKept(exec.Options{Memory: mem.NewBudget("the query", 0, sc.session.db.memory.Budget), Function: &r.function})
	return r
}

// arguments sets the parameters.
func (r *running) arguments(args []any) error {
	values := r.query.Params[:0]
	for _, a := range args {
		v, err := argument(a)
		if err != nil {
			return err
		}
		values = append(values, v)
	}
	r.query.Params = values
	return fitAll(values, r.home.params)
}

// chunks lists a table's chunks for the statement that runs now.
func (r *running) chunks(t *catalog.Table, room []scan.Chunk) ([]scan.Chunk, error) {
	return r.scope.chunks(t, room)
}

// close ends the query. One of a kept plan rests until the next execution, unless it failed or was not
// read.
func (r *running) close() {
	if r.home == nil {
		r.query.Close()
		return
	}
	s := r.scope.session
	if s.running.CompareAndSwap(r.query, nil) {
		s.scanned.Store(r.query.Rows.Load())
	}
	r.scope, r.sequences.sc, r.each = nil, nil, nil
	if !r.ended {
		r.query.Close()
		return
	}
	clear(r.query.Params)
	r.query.Memory.ResetPeak()
	if r.query.Rest() {
		r.home.idle.Put(r)
	}
}

// prepare readies the operators.
func (r *running) prepare() error {
	return r.query.Guard(r.query.Workers[0], func(*exec.Worker) error { return r.op.Prepare(r.query) })
}

// single reports that one goroutine delivers all rows.
func (r *running) single() bool { return r.op.Ordered() || len(r.query.Workers) == 1 }

// read lends each the batches of a prepared query of one goroutine, until it wants no more; each may be
// nil. It counts the rows.
func (r *running) read(each func(*columnar.Batch) (more bool, err error)) error {
	if err := r.query.Err(); err != nil {
		return err
	}
	if r.take == nil {
		r.take = r.batch
	}
	r.each = each
	err := r.query.Guard(r.query.Workers[0], func(w *exec.Worker) error {
		if r.stream == nil {
			r.stream = r.op.Stream(w)
		}
		r.stream(r.take)
		return r.failed
	})
	r.ended = err == nil
	return err
}

func (r *running) batch(b *columnar.Batch, err error) (more bool) {
	if err != nil {
		r.failed = err
		return false
	}
	n := b.Rows()
	if n == 0 {
		return true
	}
	r.delivered += int64(n)
	if r.each == nil {
		return true
	}
	more, r.failed = r.each(b)
	return more && r.failed == nil
}
