package dbgen

import (
	"context"
	"iter"
	"sync"
)

// Columns generates the table as batches in row order, on all workers. A batch belongs to the receiver.
// The error is the context's and ends the sequence. No goroutine is left when the sequence ends.
func (g *Generator) Columns(ctx context.Context, t Table) iter.Seq2[*Columns, error] {
	return ordered(ctx, g.opts.Workers, g.Chunks(t), func() func(Chunk) *Columns {
		return func(c Chunk) *Columns {
			out := new(Columns)
			g.Fill(c, out)
			return out
		}
	})
}

// ordered applies a function to all items on several goroutines and yields the results in the items'
// order, at most two a worker ahead of the receiver. newWorker makes the function of one goroutine, which
// may keep state.
func ordered[In, Out any](ctx context.Context, workers int, items []In, newWorker func() func(In) Out) iter.Seq2[Out, error] {
	return func(yield func(Out, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()
		type job struct {
			item   In
			result chan Out
		}
		jobs := make(chan job)
		pending := make(chan chan Out, 2*workers)
		for range min(workers, len(items)) {
			running.Go(func() {
				work := newWorker()
				for j := range jobs {
					j.result <- work(j.item)
				}
			})
		}
		running.Go(func() {
			defer close(jobs)
			defer close(pending)
			for _, item := range items {
				j := job{item, make(chan Out, 1)}
				select {
				case <-ctx.Done():
					return
				case pending <- j.result:
				}
				jobs <- j
			}
		})
		for result := range pending {
			out := <-result
			if ctx.Err() != nil {
				break
			}
			if !yield(out, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			var none Out
			yield(none, err)
		}
	}
}
