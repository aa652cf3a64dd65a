package oxidb

import (
	"context"
	"iter"
	"sync/atomic"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/arrowio"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Result is a statement's answer: its rows as Arrow records, or the number of rows it changed. Read
// Batches to the end, or Close.
type Result struct {
	schema   *arrow.Schema
	types    []types.Type
	tag      string
	affected int64
	// rows: the statement delivers rows. They are computed while they are read, or there as records.
	rows     bool
	computed bool
	records  []arrow.RecordBatch
	// run is the query that computes the rows, scope its statement, and cancel what ends the statement's
	// time limit; run is nil when the rows are there, and after Close.
	run    *running
	scope  *scope
	cancel context.CancelFunc
	// block is the transaction block that an error among the rows fails.
	block *transaction

	closers       []func()
	started       atomic.Bool
	closed        atomic.Bool
	scanned, peak int64 // of run, when it has ended
}

func emptyResult(tag string) *Result {
	return &Result{schema: arrow.NewSchema(nil, nil), tag: tag}
}

// recordsResult is a result whose rows are there already.
func recordsResult(tag string, schema *arrow.Schema, kinds []types.Type, records ...arrow.RecordBatch) *Result {
	return &Result{schema: schema, types: kinds, tag: tag, rows: true, records: records}
}

// Schema describes the rows; it has no fields for a statement without rows.
func (r *Result) Schema() *arrow.Schema { return r.schema }

// Types are the columns' SQL types.
func (r *Result) Types() []types.Type { return r.types }

// HasRows reports whether the statement delivers rows, even none.
func (r *Result) HasRows() bool { return r.rows }

// RowsAffected is the number of rows that INSERT, UPDATE, DELETE or COPY changed.
func (r *Result) RowsAffected() int64 { return r.affected }

// Tag is the command's name, as PostgreSQL's command tag begins: SELECT, INSERT, CREATE TABLE.
func (r *Result) Tag() string { return r.tag }

// RowsScanned is how many table rows the query has read so far; it may be asked while Batches runs.
func (r *Result) RowsScanned() int64 {
	if r.run == nil {
		return r.scanned
	}
	return r.run.query.Rows.Load()
}

// PeakMemory is the most bytes that the query has reserved at once so far.
func (r *Result) PeakMemory() int64 {
	if r.run == nil {
		return r.peak
	}
	return r.run.query.Memory.Peak()
}

// Batches delivers the rows, once. An error ends them. Records own their memory and may be kept.
func (r *Result) Batches() iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		defer r.Close()
		if r.rows && !r.started.Swap(true) {
			r.deliver(yield)
		}
	}
}

// deliver yields the rows.
func (r *Result) deliver(yield func(arrow.RecordBatch, error) bool) {
	switch {
	case r.run != nil && r.run.single():
		r.oneStream(yield)
	case r.run != nil:
		r.manyStreams(yield)
	case r.computed:
		yield(nil, sqlerr.New(sqlerr.QueryCanceled, "the result is closed"))
	}
	for _, rec := range r.records {
		if !yield(rec, nil) {
			return
		}
	}
}

// Drain reads the rows to their end and gives the number changed or delivered.
func (r *Result) Drain() (int64, error) {
	if r.run != nil && r.run.single() && !r.started.Swap(true) { // nobody wants records
		defer r.Close()
		err := r.run.read(nil)
		r.note(err)
		return r.affected + r.run.delivered, err
	}
	return r.drainRecords()
}

func (r *Result) drainRecords() (int64, error) {
	rows := r.affected
	for rec, err := range r.Batches() {
		if err != nil {
			return rows, err
		}
		if r.tag == "SELECT" {
			rows += rec.NumRows()
		}
		rec.Release()
	}
	return rows, nil
}

// note fails the transaction block that reads the rows, when there was an error among them.
func (r *Result) note(err error) {
	if err == nil || r.block == nil {
		return
	}
	s := r.scope.session
	s.mu.Lock()
	defer s.mu.Unlock()
	r.block.fail()
}

// Close frees what the query holds. It must not be called while Batches runs in another goroutine.
func (r *Result) Close() {
	if r.closed.Swap(true) {
		return
	}
	if run := r.run; run != nil {
		r.scanned, r.peak = run.query.Rows.Load(), run.query.Memory.Peak()
		r.run = nil
		run.close()
		if r.scope != nil {
			_ = r.scope.end(r.scope.ctx, nil) // a read has nothing to commit
		}
		if r.cancel != nil {
			r.cancel()
		}
	}
	for i := len(r.closers) - 1; i >= 0; i-- {
		r.closers[i]()
	}
}

// onClose adds what Close does, last added first.
func (r *Result) onClose(f func()) { r.closers = append(r.closers, f) }

// oneStream pulls worker 0 on the caller's goroutine.
func (r *Result) oneStream(yield func(arrow.RecordBatch, error) bool) {
	stopped := false
	err := r.run.read(func(b *columnar.Batch) (bool, error) {
		rec, err := arrowio.Record(r.schema, b)
		if err != nil {
			return false, err
		}
		stopped = !yield(rec, nil)
		return !stopped, nil
	})
	if err != nil && !stopped {
		r.note(err)
		yield(nil, err)
	}
}

// manyStreams runs every worker and passes their records through a channel.
func (r *Result) manyStreams(yield func(arrow.RecordBatch, error) bool) {
	q, op := r.run.query, r.run.op
	records := make(chan arrow.RecordBatch, len(q.Workers))
	failed := make(chan error, 1)
	done := make(chan struct{})
	go func() {
		defer close(records)
		failed <- q.RunOn(exec.Feeds(op, len(q.Workers)), func(w *exec.Worker) error { return send(op.Stream(w), r.schema, records, done) })
	}()
	for rec := range records {
		if !yield(rec, nil) {
			close(done)
			q.Cancel()
			for range records { // let the workers see done and end
			}
			return
		}
	}
	if err := <-failed; err != nil {
		r.note(err)
		yield(nil, err)
	}
}

func send(stream columnar.Stream, schema *arrow.Schema, records chan<- arrow.RecordBatch, done <-chan struct{}) error {
	for b, err := range stream {
		if err != nil {
			return err
		}
		if b.Rows() == 0 {
			continue
		}
		rec, err := arrowio.Record(schema, b)
		if err != nil {
			return err
		}
		select {
		case records <- rec:
		case <-done:
			return nil
		}
	}
	return nil
}

// withTimeout bounds ctx by the session's statement_timeout; cancel is nil without one.
func withTimeout(ctx context.Context, d time.Duration) (_ context.Context, cancel context.CancelFunc) {
	if d <= 0 {
		return ctx, nil
	}
	return context.WithTimeout(ctx, d)
}
