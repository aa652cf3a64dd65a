// Package arrowio turns batches into Arrow records for callers and the wire, and Arrow records into
// batches. Records own their memory; batches made from records borrow theirs.
package arrowio

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/types"
)

// Schema is the Arrow schema of named columns.
func Schema(names []string, kinds []types.Type) *arrow.Schema {
	fields := make([]arrow.Field, len(names))
	for i := range names {
		fields[i] = types.Field(names[i], kinds[i], true)
	}
	return arrow.NewSchema(fields, nil)
}

// Record copies the selected rows of b into a record of the schema. Records of few rows, the answers of
// point queries, are made of few allocations: those of arrow-go's own cost more than finding the row.
func Record(schema *arrow.Schema, b *columnar.Batch) (arrow.RecordBatch, error) {
	n := b.Rows()
	r := &record{schema: schema, rows: int64(n), arrays: make([]arrow.Array, len(b.Cols))}
	r.refs.Store(1)
	columns := make([]column, len(b.Cols))
	room := newRoom(len(b.Cols), n)
	for i, v := range b.Cols {
		c := &columns[i]
		list, nulls, err := c.fill(&room, v, b.Sel, n)
		if err != nil {
			return nil, err
		}
		c.data.Reset(schema.Field(i).Type, n, list, nil, nulls, 0)
		r.arrays[i] = array.MakeFromData(&c.data) // which is its only owner
	}
	return r, nil
}

// record is arrow-go's record of arrays that are known to fit the schema.
type record struct {
	schema *arrow.Schema
	rows   int64
	arrays []arrow.Array
	refs   atomic.Int64
}

// Retain implements arrow.RecordBatch.
func (r *record) Retain() { r.refs.Add(1) }

// Release implements arrow.RecordBatch.
func (r *record) Release() {
	if r.refs.Add(-1) == 0 {
		for _, a := range r.arrays {
			a.Release()
		}
		r.arrays = nil
	}
}

// Schema implements arrow.RecordBatch.
func (r *record) Schema() *arrow.Schema { return r.schema }

// NumRows implements arrow.RecordBatch.
func (r *record) NumRows() int64 { return r.rows }

// NumCols implements arrow.RecordBatch.
func (r *record) NumCols() int64 { return int64(len(r.arrays)) }

// Columns implements arrow.RecordBatch.
func (r *record) Columns() []arrow.Array { return r.arrays }

// Column implements arrow.RecordBatch.
func (r *record) Column(i int) arrow.Array { return r.arrays[i] }

// ColumnName implements arrow.RecordBatch.
func (r *record) ColumnName(i int) string { return r.schema.Field(i).Name }

// whole is the same record as arrow-go makes it, for what is asked of few.
func (r *record) whole() arrow.RecordBatch { return array.NewRecordBatch(r.schema, r.arrays, r.rows) }

// SetColumn implements arrow.RecordBatch.
func (r *record) SetColumn(i int, a arrow.Array) (arrow.RecordBatch, error) {
	w := r.whole()
	defer w.Release()
	return w.SetColumn(i, a)
}

// NewSlice implements arrow.RecordBatch.
func (r *record) NewSlice(i, j int64) arrow.RecordBatch {
	w := r.whole()
	defer w.Release()
	return w.NewSlice(i, j)
}

// MarshalJSON implements json.Marshaler.
func (r *record) MarshalJSON() ([]byte, error) {
	w := r.whole()
	defer w.Release()
	return json.Marshal(w)
}

// String shows the record as arrow-go does.
func (r *record) String() string {
	w := r.whole()
	defer w.Release()
	return fmt.Sprint(w)
}

// column is the parts of an array: those of all columns are one allocation.
type column struct {
	data    array.Data
	buffers [2]memory.Buffer
	list    [3]*memory.Buffer
}

// fill copies rows of v, in any encoding, into plain Arrow buffers. It lists them, and counts the NULLs.
func (c *column) fill(r *room, v *columnar.Vector, sel []uint32, n int) (list []*memory.Buffer, nulls int, err error) {
	if v.Valid != nil {
		var validity []byte
		validity, nulls = validityBytes(r, v, sel, n)
		c.list[0] = memory.NewBufferBytes(validity)
	}
	if v.Type.Class() != types.ClassBytes {
		c.set(0, fixedBytes(r, v, sel, n))
		return c.list[:2], nulls, nil
	}
	offsets, data, err := textBytes(r, v, sel, n)
	c.set(0, offsets)
	c.set(1, data)
	return c.list[:], nulls, err
}

// set makes a buffer the i-th after the validity.
func (c *column) set(i int, b []byte) {
	c.buffers[i].Reset(b)
	c.list[i+1] = &c.buffers[i]
}

// Nulls counts the NULLs of a flat vector.
func Nulls(v *columnar.Vector) int {
	if v.Valid == nil {
		return 0
	}
	valid := 0
	for w, word := range v.Valid {
		if rest := v.Len - w*64; rest < 64 {
			word &= 1<<max(rest, 0) - 1
		}
		valid += bits.OnesCount64(word)
	}
	return v.Len - valid
}
