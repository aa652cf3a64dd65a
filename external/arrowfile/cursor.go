package arrowfile

import (
	"fmt"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/arrowio"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/external/file"
	"github.com/oxidb/oxidb/types"
)

// Cursor implements file.Scan.
func (s *scan) Cursor(w *exec.Worker) (file.Cursor, error) {
	n := len(s.ordinals)
	return &cursor{scan: s, worker: w, whole: make([]*columnar.Vector, n), views: make([]columnar.Vector, n)}, nil
}

// cursor is one worker's reading: a record batch at a time.
type cursor struct {
	scan     *scan
	worker   *exec.Worker
	path     string
	record   arrow.RecordBatch
	whole    []*columnar.Vector // columns of the record that were wanted
	views    []columnar.Vector
	from, to int
}

// Next implements file.Cursor.
func (c *cursor) Next() (int, error) {
	c.from = c.to
	if c.record == nil || c.from >= int(c.record.NumRows()) {
		if c.record != nil {
			c.record.Release()
			c.record = nil
		}
		rec, path, number, err := c.scan.next()
		if err != nil || rec == nil {
			return 0, err
		}
		c.record, c.path, c.from = rec, path, 0
		clear(c.whole)
		c.worker.Part = number
	}
	c.to = min(c.from+columnar.BatchSize, int(c.record.NumRows()))
	return c.to - c.from, nil
}

// Column implements file.Cursor.
func (c *cursor) Column(i int) (v *columnar.Vector, err error) {
	defer damage(c.path, &err)
	if c.whole[i] == nil {
		a := c.record.Column(c.scan.ordinals[i])
		whole, err := arrowio.Vector(a)
		if err != nil {
			return nil, err
		}
		if err := checkValues(whole); err != nil {
			return nil, file.Damaged(c.path, fmt.Errorf("column %s: %w", c.record.ColumnName(c.scan.ordinals[i]), err))
		}
		c.whole[i] = whole
	}
	c.whole[i].Slice(c.from, c.to, &c.views[i])
	return &c.views[i], nil
}

// Close implements file.Cursor.
func (c *cursor) Close() error {
	if c.record != nil {
		c.record.Release()
		c.record = nil
	}
	return nil
}

// checkRecord refuses a record whose buffers are shorter than its rows need: the engine reads them
// without asking again.
func checkRecord(rec arrow.RecordBatch, path string) error {
	for i, a := range rec.Columns() {
		if int64(a.Len()) != rec.NumRows() {
			return file.Damaged(path, fmt.Errorf("column %s has %d values for %d rows", rec.ColumnName(i), a.Len(), rec.NumRows()))
		}
		if err := checkArray(a); err != nil {
			return file.Damaged(path, fmt.Errorf("column %s: %w", rec.ColumnName(i), err))
		}
	}
	return nil
}

func checkArray(a arrow.Array) error {
	data := a.Data()
	if _, ok := a.(*array.Null); ok && a.Len() > 1<<26 {
		return fmt.Errorf("%d rows without values", a.Len())
	}
	if v, ok := a.(interface{ ValidateFull() error }); ok {
		return v.ValidateFull()
	}
	if buffers := data.Buffers(); len(buffers) > 0 && buffers[0] != nil && buffers[0].Len()*8 < data.Offset()+data.Len() && a.NullN() != 0 {
		return fmt.Errorf("the validity is cut off")
	}
	if fixed, ok := a.DataType().(arrow.FixedWidthDataType); ok && len(data.Buffers()) > 1 {
		have := 0
		if b := data.Buffers()[1]; b != nil {
			have = b.Len()
		}
		if (data.Offset()+data.Len())*fixed.BitWidth() > 8*have {
			return fmt.Errorf("the values are cut off")
		}
	}
	if d, ok := a.(*array.Dictionary); ok {
		size := d.Dictionary().Len()
		for i := range d.Len() {
			if k := 0; d.IsValid(i) {
				if k = d.GetValueIndex(i); k < 0 || k >= size {
					return fmt.Errorf("index %d is beyond a dictionary of %d", k, size)
				}
			}
		}
		return checkArray(d.Dictionary())
	}
	return nil
}

// checkValues refuses texts that are not UTF-8 and numbers that the SQL type does not have.
func checkValues(v *columnar.Vector) error {
	switch {
	case v.Type.IsText() && v.Layout == columnar.Str && len(v.Offsets) > 0:
		if !utf8.Valid(v.Bytes[v.Offsets[0]:v.Offsets[v.Len]]) {
			return fmt.Errorf("text that is not UTF-8")
		}
	case v.Layout == columnar.I64 && (v.Type.Class() == types.ClassInt || v.Type.Class() == types.ClassDecimal):
		least, most := v.Type.Bounds()
		for i, x := range v.I64 {
			if (x < least || x > most) && !v.IsNull(i) {
				return fmt.Errorf("a value outside of %s", v.Type)
			}
		}
	}
	return nil
}
