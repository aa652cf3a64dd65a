package oxidb

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/arrowio"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/types"
)

// Result is a statement's answer: its rows as Arrow records, or the number of rows it changed. Read
// Batches to the end, or Close.
type Result struct {
	schema   *arrow.Schema
	types    []types.Type
	tag      string
	affected int64
	// stream computes the rows; nil when there are none.
	stream func(yield func(arrow.RecordBatch, error) bool)
	query  *exec.Query

	once    sync.Once
	closers []func()
	started atomic.Bool
}

func emptyResult(tag string) *Result {
	return &Result{schema: arrow.NewSchema(nil, nil), tag: tag}
}

// recordsResult is a result whose rows are there already.
func recordsResult(tag string, schema *arrow.Schema, kinds []types.Type, records ...arrow.RecordBatch) *Result {
	return &Result{schema: schema, types: kinds, tag: tag, stream: func(yield func(arrow.RecordBatch, error) bool) {
		for _, rec := range records {
			if !yield(rec, nil) {
				return
			}
		}
	}}
}

// Schema describes the rows; it has no fields for a statement without rows.
func (r *Result) Schema() *arrow.Schema { return r.schema }

// Types are the columns' SQL types.
func (r *Result) Types() []types.Type { return r.types }

// HasRows reports whether the statement delivers rows, even none.
func (r *Result) HasRows() bool { return r.stream != nil }

// RowsAffected is the number of rows that INSERT, UPDATE, DELETE or COPY changed.
func (r *Result) RowsAffected() int64 { return r.affected }

// Tag is the command's name, as PostgreSQL's command tag begins: SELECT, INSERT, CREATE TABLE.
func (r *Result) Tag() string { return r.tag }

// RowsScanned is how many table rows the query has read so far; it may be asked while Batches runs.
func (r *Result) RowsScanned() int64 {
	if r.query == nil {
		return 0
	}
	return r.query.Rows.Load()
}

// PeakMemory is the most bytes that the query has reserved at once so far.
func (r *Result) PeakMemory() int64 {
	if r.query == nil || r.query.Memory == nil {
		return 0
	}
	return r.query.Memory.Peak()
}

// Batches delivers the rows, once. An error ends them. Records own their memory and may be kept.
func (r *Result) Batches() iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		defer r.Close()
		if r.stream != nil && !r.started.Swap(true) {
			r.stream(yield)
		}
	}
}

// Drain reads the rows to their end and gives the number changed or delivered.
func (r *Result) Drain() (int64, error) {
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

// Close frees what the query holds. It must not be called while Batches runs in another goroutine.
func (r *Result) Close() {
	r.once.Do(func() {
		for i := len(r.closers) - 1; i >= 0; i-- {
			r.closers[i]()
		}
	})
}

// onClose adds what Close does, last added first.
func (r *Result) onClose(f func()) { r.closers = append(r.closers, f) }

// streamOf runs a prepared operator and delivers its rows as records, in the operator's order when
// it has one.
func streamOf(q *exec.Query, op exec.Operator, schema *arrow.Schema) func(func(arrow.RecordBatch, error) bool) {
	return func(yield func(arrow.RecordBatch, error) bool) {
		if op.Ordered() || len(q.Workers) == 1 {
			oneStream(q, op, schema, yield)
			return
		}
		manyStreams(q, op, schema, yield)
	}
}

// oneStream pulls worker 0 on the caller's goroutine.
func oneStream(q *exec.Query, op exec.Operator, schema *arrow.Schema, yield func(arrow.RecordBatch, error) bool) {
	stopped := false
	err := q.RunOn(1, func(w *exec.Worker) error {
		for b, err := range op.Stream(w) {
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
			if !yield(rec, nil) {
				stopped = true
				return nil
			}
		}
		return nil
	})
	if err != nil && !stopped {
		yield(nil, err)
	}
}

// manyStreams runs every worker and passes their records through a channel.
func manyStreams(q *exec.Query, op exec.Operator, schema *arrow.Schema, yield func(arrow.RecordBatch, error) bool) {
	records := make(chan arrow.RecordBatch, len(q.Workers))
	failed := make(chan error, 1)
	done := make(chan struct{})
	go func() {
		defer close(records)
		failed <- q.Run(func(w *exec.Worker) error { return send(op.Stream(w), schema, records, done) })
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

// withTimeout bounds ctx by the session's statement_timeout.
func withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d)
}
