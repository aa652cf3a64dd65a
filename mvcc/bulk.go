package mvcc

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/sqlerr"
)

// BulkWriter loads many rows from several goroutines, each with an appender of its own. Full chunks
// are closed, and in a durable store written to segment files, while the load runs. The rows become
// the transaction's when Finish returns.
type BulkWriter struct {
	txn   *Txn
	id    TableID
	local *localTable

	mu    sync.Mutex
	full  []bulkChunk
	rest  []bulkChunk // the short end of each appender's rows, in builders
	open  int
	spare [][]*segment.ColumnBuilder // of chunks that were written, for the next ones
	files *segmentWriters
	queue chan bulkChunk // full chunks for those who Serve
}

// bulkChunk is a chunk and its place in the input.
type bulkChunk struct {
	part, index int
	chunk       *chunk
}

// BulkAppender takes one part of a bulk load's rows. It belongs to one goroutine.
type BulkAppender struct {
	writer *BulkWriter
	part   int
	index  int
	chunk  *chunk
}

// Writer starts a bulk load into a table. Until it has finished, the transaction must not be used
// otherwise.
func (t *Txn) Writer(id TableID) (*BulkWriter, error) {
	l, err := t.local(id)
	if err != nil {
		return nil, err
	}
	return &BulkWriter{txn: t, id: id, local: l, files: t.segmentWriters(id, l.schema.Columns), queue: make(chan bulkChunk)}, nil
}

// Appender makes an appender for part number `part` of the input. The table's rows lie by part, and
// within a part as appended. Parts may be filled in any order and at once; each has one appender.
func (w *BulkWriter) Appender(part int) *BulkAppender {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open++
	return &BulkAppender{writer: w, part: part}
}

// Append copies the batch's selected rows, its columns in schema order.
func (a *BulkAppender) Append(b *columnar.Batch) error {
	l := a.writer.local
	if err := checkColumns(l.name, &l.schema, b); err != nil {
		return err
	}
	if _, err := l.schema.computeRows(b.Cols, b.Sel, b.Len); err != nil {
		return err
	}
	n := b.Rows()
	for from := 0; from < n; {
		if a.chunk == nil {
			a.chunk = a.writer.newChunk()
		}
		count := min(n-from, a.chunk.room())
		if count > 0 {
			part := rowsFrom(b, from, count, n)
			a.chunk.append(part.Cols, part.Sel, count)
			from += count
		}
		if a.chunk.room() == 0 {
			if err := a.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// rowsFrom is count rows of the batch's n selected ones, as a view where that is possible.
func rowsFrom(b *columnar.Batch, from, count, n int) *columnar.Batch {
	switch {
	case b.Sel != nil:
		return &columnar.Batch{Cols: b.Cols, Sel: b.Sel[from : from+count]}
	case count == n:
		return b
	case from%64 != 0:
		return &columnar.Batch{Cols: b.Cols, Sel: ascendingRows(from, count)}
	}
	views := make([]columnar.Vector, len(b.Cols))
	part := &columnar.Batch{Len: count, Cols: make([]*columnar.Vector, len(b.Cols))}
	for i, v := range b.Cols {
		v.Slice(from, from+count, &views[i])
		part.Cols[i] = &views[i]
	}
	return part
}

// newChunk makes a chunk, of builders used before if there are any.
func (w *BulkWriter) newChunk() *chunk {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.spare)
	if n == 0 {
		return newChunk(0, w.local.schema.Columns)
	}
	c := &chunk{fields: w.local.schema.Columns, builders: w.spare[n-1]}
	w.spare = w.spare[:n-1]
	return c
}

// reuse keeps the builders that a narrowed chunk had.
func (w *BulkWriter) reuse(builders []*segment.ColumnBuilder, c *chunk) {
	for i, b := range builders {
		b.Reuse(c.columns[i])
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spare = append(w.spare, builders)
}

// flush hands the full chunk to someone who serves, or closes it itself.
func (a *BulkAppender) flush() error {
	full := bulkChunk{part: a.part, index: a.index, chunk: a.chunk}
	a.chunk = nil
	a.index++
	select {
	case a.writer.queue <- full:
		return nil
	default: // nobody is free
		return a.writer.close(full)
	}
}

func (w *BulkWriter) close(full bulkChunk) error {
	if err := w.seal(full.chunk); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.full = append(w.full, full)
	return nil
}

// Serve closes and writes full chunks, so that a load with few appenders is not held up by that, until
// End. Many goroutines may serve; all must have returned before Finish.
func (w *BulkWriter) Serve() error {
	for full := range w.queue {
		if err := w.close(full); err != nil {
			return err
		}
	}
	return nil
}

// End tells those who Serve that all appenders have been closed.
func (w *BulkWriter) End() { close(w.queue) }

// Close ends the part.
func (a *BulkAppender) Close() error {
	w := a.writer
	var err error
	if a.worthClosing() {
		err = a.flush()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open--
	if a.chunk != nil {
		w.rest = append(w.rest, bulkChunk{part: a.part, index: a.index, chunk: a.chunk})
		a.chunk = nil
	}
	return err
}

// worthClosing reports whether the short end of a part is a chunk of its own, which is closed at once,
// on the worker that filled it.
func (a *BulkAppender) worthClosing() bool {
	return a.chunk != nil && a.index > 0 && a.chunk.rows >= segment.MaxRows/4
}

// Finish makes the rows the transaction's, in the order of the input, and checks the table's keys.
// All appenders must have been closed.
func (w *BulkWriter) Finish(ctx context.Context) error {
	if w.open > 0 {
		return sqlerr.New(sqlerr.InternalError, "%d appenders of a bulk load are open", w.open)
	}
	if len(w.full) == 0 && w.restRows() < segment.MaxRows {
		return w.finishSmall()
	}
	if err := w.mergeRest(); err != nil {
		return err
	}
	slices.SortFunc(w.full, compareBulk)
	if err := w.files.finish(); err != nil {
		return err
	}
	t := w.txn
	t.mu.Lock()
	w.local.closeOpen()
	for _, b := range w.full {
		b.chunk.id = w.local.next
		w.local.next++
		w.local.chunks = append(w.local.chunks, b.chunk)
		t.changed.Add(int64(b.chunk.rows))
	}
	t.mu.Unlock()
	return t.checkAllKeys(w.id, w.local.schema.Keys, false)
}

func compareBulk(a, b bulkChunk) int {
	return cmp.Or(cmp.Compare(a.part, b.part), cmp.Compare(a.index, b.index))
}

func (w *BulkWriter) restRows() int {
	n := 0
	for _, b := range w.rest {
		n += b.chunk.rows
	}
	return n
}

// finishSmall sends few rows the ordinary way, through the log into the open chunk.
func (w *BulkWriter) finishSmall() error {
	slices.SortFunc(w.rest, compareBulk)
	for _, b := range w.rest {
		batch := &columnar.Batch{Len: b.chunk.rows}
		for i := range b.chunk.fields {
			batch.Cols = append(batch.Cols, b.chunk.prefix(i, b.chunk.rows))
		}
		if err := w.txn.Append(w.id, batch); err != nil {
			return err
		}
	}
	return nil
}

// mergeRest closes the short ends, those with nothing between them together, so that a load in many
// small parts makes few chunks.
func (w *BulkWriter) mergeRest() error {
	slices.SortFunc(w.rest, compareBulk)
	slices.SortFunc(w.full, compareBulk)
	closed := w.full
	for from := 0; from < len(w.rest); {
		first := w.rest[from]
		to := from + 1
		for to < len(w.rest) && first.chunk.rows+w.rest[to].chunk.rows <= segment.MaxRows && first.chunk.room() > 0 && !anyBetween(closed, first, w.rest[to]) {
			next := w.rest[to].chunk
			cols := make([]*columnar.Vector, len(next.fields))
			for i := range cols {
				cols[i] = next.prefix(i, next.rows)
			}
			first.chunk.append(cols, nil, next.rows)
			to++
		}
		if err := w.seal(first.chunk); err != nil {
			return err
		}
		w.full = append(w.full, first)
		from = to
	}
	return nil
}

// anyBetween reports whether any of the chunks, which are in order, lies between two others.
func anyBetween(chunks []bulkChunk, a, b bulkChunk) bool {
	at, _ := slices.BinarySearchFunc(chunks, a, compareBulk)
	return at < len(chunks) && compareBulk(chunks[at], b) < 0
}

// seal closes a chunk and writes it to a segment file when the store has files.
func (w *BulkWriter) seal(c *chunk) error {
	c.closed = true
	builders := c.builders
	c.narrow(w.txn.store.dictsOfTable(w.id))
	w.reuse(builders, c) // nobody else has seen the chunk
	return w.files.write(c)
}
