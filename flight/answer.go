package flight

import (
	"bytes"
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
	schema  *wireSchema
	batches iter.Seq2[arrow.RecordBatch, error]
	sql     string // the statement, for positions in errors
	closers []func()

	rows int64 // sent so far
	// ran tells that the statement has run before, and its rows are only fetched.
	ran         bool
	limit, sent int64 // of Arrow data, and how much was sent so far; no limit when 0
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
	return &answer{schema: newWireSchema(rec.Schema()), closers: []func(){rec.Release}, batches: func(yield func(arrow.RecordBatch, error) bool) { yield(rec, nil) }}
}

// send writes the answer to a stream. Rows end with an error as a status, never as a clean end (F1).
func (a *answer) send(stream flight.DataStreamWriter) error {
	w := recordWriter{stream: stream, schema: a.schema}
	for rec, err := range a.batches {
		if err != nil {
			return statusOf(err, a.sql)
		}
		a.rows += rec.NumRows()
		if a.limit > 0 {
			if err := a.admit(encodedBytes(rec)); err != nil {
				return statusOf(err, "")
			}
		}
		if err := w.write(rec); err != nil {
			return err
		}
	}
	return w.begin()
}

// recordWriter writes records of one schema, which have no dictionaries, to a stream. It is arrow-go's
// writer without what that makes anew for every stream.
type recordWriter struct {
	stream  flight.DataStreamWriter
	schema  *wireSchema
	begun   bool
	message flight.FlightData
	body    bytes.Buffer
}

// begin writes the schema, once.
func (w *recordWriter) begin() error {
	if w.begun {
		return nil
	}
	w.begun = true
	w.message.DataHeader = w.schema.inStream()
	return w.stream.Send(&w.message)
}

// write sends a record in pieces of at most maxMessageBytes.
func (w *recordWriter) write(rec arrow.RecordBatch) error {
	if rec.NumRows() <= 1 || encodedBytes(rec) <= maxMessageBytes {
		return w.send(rec)
	}
	middle := rec.NumRows() / 2
	for _, bounds := range [][2]int64{{0, middle}, {middle, rec.NumRows()}} {
		part := rec.NewSlice(bounds[0], bounds[1])
		err := w.write(part)
		part.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *recordWriter) send(rec arrow.RecordBatch) error {
	if err := w.begin(); err != nil {
		return err
	}
	p, err := ipc.GetRecordBatchPayload(rec)
	if err != nil {
		return err
	}
	defer p.Release()
	header := p.Meta()
	defer header.Release()
	w.body.Reset()
	if err := p.SerializeBody(&w.body); err != nil {
		return err
	}
	w.message.DataHeader, w.message.DataBody = header.Bytes(), w.body.Bytes()
	return w.stream.Send(&w.message)
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
