package oxidb

import (
	"database/sql/driver"
	"iter"
	"math"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/arrowio"
	"github.com/oxidb/oxidb/types"
)

// Rows delivers the rows one by one as Go values, for code that does not want Arrow; Batches is many
// times faster. The slice is lent until the next row, its values may be kept. The result can be read
// once, by Rows or by Batches; an error ends it.
//
// NULL is nil. Other values are
//
//	boolean                         bool
//	smallint, integer, bigint       int64
//	real, double precision          float64
//	text, varchar, char, json       string (char with its trailing blanks)
//	bytea                           []byte
//	date, timestamp                 time.Time in UTC, date at midnight
//	timestamptz                     time.Time in UTC
//	numeric, uuid, interval, time   string, as SQL prints them
//
// The dates and timestamps 'infinity' and '-infinity', which time.Time does not have, are strings.
func (r *Result) Rows() iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		row := make([]any, len(r.types))
		if r.run != nil && r.run.single() && !r.started.Swap(true) { // without a detour through records
			defer r.Close()
			r.readRows(row, yield)
			return
		}
		for rec, err := range r.Batches() {
			if err != nil {
				yield(nil, err)
				return
			}
			more, err := rowsOf(rec, r.types, row, yield)
			rec.Release()
			if err != nil {
				yield(nil, err)
				return
			}
			if !more {
				return
			}
		}
	}
}

// readRows delivers the rows of a query that one goroutine runs.
func (r *Result) readRows(row []any, yield func([]any, error) bool) {
	stopped := false
	err := r.run.read(func(b *columnar.Batch) (bool, error) {
		for k := range b.Rows() {
			at := k
			if b.Sel != nil {
				at = int(b.Sel[k])
			}
			for i, v := range b.Cols {
				row[i] = goValue(presented(v, at), r.types[i])
			}
			if stopped = !yield(row, nil); stopped {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil && !stopped {
		r.note(err)
		yield(nil, err)
	}
}

// presented is a value as records have it: char(n) with its trailing blanks, real in its precision.
func presented(v *columnar.Vector, row int) types.Value {
	x := v.Value(row)
	switch {
	case x.Null:
	case x.Type.Kind == types.Char && x.Type.Length > 0:
		x.S = string(types.AppendPadded(nil, []byte(x.S), int(x.Type.Length)))
	case x.Type.Kind == types.Real:
		x.F = float64(float32(x.F))
	}
	return x
}

// rowsOf delivers a record's rows in row; more is false when the receiver wants no more.
func rowsOf(rec arrow.RecordBatch, kinds []types.Type, row []any, yield func([]any, error) bool) (more bool, err error) {
	cols := make([]*columnar.Vector, len(kinds))
	for i := range cols {
		if cols[i], err = arrowio.Vector(rec.Column(i)); err != nil {
			return false, err
		}
	}
	for n := range int(rec.NumRows()) {
		for i, v := range cols {
			row[i] = goValue(v.Value(n), kinds[i])
		}
		if !yield(row, nil) {
			return false, nil
		}
	}
	return true, nil
}

// goValue is a value of type t as Rows documents it.
func goValue(v types.Value, t types.Type) driver.Value {
	switch {
	case v.Null:
		return nil
	case t.Kind == types.Boolean:
		return v.I != 0
	case t.IsInteger():
		return v.I
	case t.IsFloat():
		return v.F
	case t.Kind == types.Bytea:
		return []byte(v.S)
	case t.Class() == types.ClassBytes:
		return v.S
	case t.Kind == types.Date && v.I > math.MinInt32 && v.I < math.MaxInt32:
		return time.Unix(v.I*24*60*60, 0).UTC()
	case (t.Kind == types.Timestamp || t.Kind == types.TimestampTZ) && v.I > math.MinInt64 && v.I < math.MaxInt64:
		return time.UnixMicro(v.I).UTC()
	}
	v.Type = t
	return types.Format(v)
}
