package arrowfile

import (
	"io"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/arrowio"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/types"
)

// recordRows is the number of rows of a full record batch.
const recordRows = 16 * columnar.BatchSize

// Writer makes an Arrow IPC file, or stream, of rows.
type Writer struct {
	kinds  []types.Type
	schema *arrow.Schema
	mu     sync.Mutex
	out    interface {
		Write(arrow.RecordBatch) error
		Close() error
	}
}

// NewWriter starts a file, or a stream, with these columns.
func NewWriter(out io.Writer, stream bool, names []string, kinds []types.Type) (*Writer, error) {
	w := &Writer{kinds: kinds, schema: arrowio.Schema(names, kinds)}
	if stream {
		w.out = ipc.NewWriter(out, ipc.WithSchema(w.schema))
		return w, nil
	}
	f, err := ipc.NewFileWriter(out, ipc.WithSchema(w.schema))
	w.out = f
	return w, err
}

// Finish writes the end.
func (w *Writer) Finish() error { return w.out.Close() }

// Part is one goroutine's way to add rows.
func (w *Writer) Part(budget *mem.Budget) *Part { return &Part{writer: w, budget: budget} }

// Part collects a record batch, then writes it.
type Part struct {
	writer *Writer
	budget *mem.Budget
	arena  *mem.Arena
	rows   *buffer.Table
}

// Append adds the rows of b.
func (p *Part) Append(b *columnar.Batch) error {
	if p.arena == nil {
		p.arena = mem.NewArena(p.budget)
		p.rows = buffer.New(p.arena, p.writer.kinds)
	}
	p.rows.Append(b.Cols, b.Sel, b.Len)
	if p.rows.Rows >= recordRows {
		return p.Flush()
	}
	return nil
}

// Flush writes the collected rows.
func (p *Part) Flush() error {
	if p.arena == nil {
		return nil
	}
	defer p.Close()
	if p.rows.Rows == 0 {
		return nil
	}
	b := &columnar.Batch{Len: p.rows.Rows}
	for i := range p.writer.kinds {
		b.Cols = append(b.Cols, p.rows.Column(i))
	}
	rec, err := arrowio.Record(p.writer.schema, b)
	if err != nil {
		return err
	}
	defer rec.Release()
	p.writer.mu.Lock()
	defer p.writer.mu.Unlock()
	return p.writer.out.Write(rec)
}

// Close drops what is collected.
func (p *Part) Close() {
	if p.arena != nil {
		p.arena.Free()
		p.arena, p.rows = nil, nil
	}
}
