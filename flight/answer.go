package flight

import (
	"iter"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// maxMessageBytes bounds the Arrow buffers of one message (F4): Go clients refuse messages of more than
// 4 MiB unless told otherwise.
const maxMessageBytes = 3 << 20

// answer is what a stream delivers. Close it after reading.
type answer struct {
	schema  *arrow.Schema
	batches iter.Seq2[arrow.RecordBatch, error]
	sql     string // the statement, for positions in errors
	closers []func()
}

// onClose adds what close does, last added first.
func (a *answer) onClose(f func()) { a.closers = append(a.closers, f) }

func (a *answer) close() {
	for i := len(a.closers) - 1; i >= 0; i-- {
		a.closers[i]()
	}
	a.closers = nil
}

// recordAnswer delivers one record, which it takes over.
func recordAnswer(rec arrow.RecordBatch) *answer {
	return &answer{schema: rec.Schema(), closers: []func(){rec.Release}, batches: func(yield func(arrow.RecordBatch, error) bool) { yield(rec, nil) }}
}

// send writes the answer to a stream. Rows end with an error as a status, never as a clean end (F1).
func (a *answer) send(stream flight.DataStreamWriter) error {
	w := flight.NewRecordWriter(stream, ipc.WithSchema(a.schema))
	for rec, err := range a.batches {
		if err != nil {
			return statusOf(err, a.sql)
		}
		if err := a.write(w, rec); err != nil {
			return err
		}
	}
	return w.Close()
}

// write sends a record under the answer's own schema, in pieces of at most maxMessageBytes.
func (a *answer) write(w *flight.Writer, rec arrow.RecordBatch) error {
	if rec.Schema() != a.schema {
		rec = array.NewRecordBatch(a.schema, rec.Columns(), rec.NumRows())
		defer rec.Release()
	}
	if rec.NumRows() <= 1 || encodedBytes(rec) <= maxMessageBytes {
		return w.Write(rec)
	}
	middle := rec.NumRows() / 2
	for _, bounds := range [][2]int64{{0, middle}, {middle, rec.NumRows()}} {
		if err := a.writeSlice(w, rec, bounds[0], bounds[1]); err != nil {
			return err
		}
	}
	return nil
}

func (a *answer) writeSlice(w *flight.Writer, rec arrow.RecordBatch, from, to int64) error {
	part := rec.NewSlice(from, to)
	defer part.Release()
	return a.write(w, part)
}

// encodedBytes is about what the record's buffers take on the wire.
func encodedBytes(rec arrow.RecordBatch) int64 {
	var n int64
	for _, col := range rec.Columns() {
		n += arrayBytes(col)
	}
	return n
}

func arrayBytes(a arrow.Array) int64 {
	n := int64(a.Len()) / 8 // validity
	switch a := a.(type) {
	case *array.String:
		return n + 4*int64(a.Len()+1) + int64(len(a.ValueBytes()))
	case *array.Binary:
		return n + 4*int64(a.Len()+1) + int64(len(a.ValueBytes()))
	}
	if fixed, ok := a.DataType().(arrow.FixedWidthDataType); ok {
		return n + int64(a.Len())*int64(fixed.BitWidth())/8
	}
	return n + int64(a.Data().SizeInBytes())
}
