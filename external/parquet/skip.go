package parquet

import (
	"fmt"

	"github.com/oxidb/oxidb/columnar"
)

// skip passes over rows without decoding their values.
func (r *numberReader) skip(rows int64) error {
	for rows > 0 {
		if err := r.nextPage(); err != nil {
			return err
		}
		count := int(min(rows, int64(r.rows), columnar.BatchSize))
		values, ok := count, true
		if r.leaf.optional {
			values, ok = r.levels.count(r.level[:count])
		}
		switch {
		case !ok:
		case r.coded:
			ok = r.codes.skip(values)
		default:
			if ok = values <= len(r.plain)/r.width(); ok {
				r.plain = r.plain[values*r.width():]
			}
		}
		if !ok {
			return fmt.Errorf("a page of column %s is cut off", r.leaf.name)
		}
		r.rows -= count
		rows -= int64(count)
	}
	return nil
}

// skip passes over rows without decoding their codes.
func (r *codeReader) skip(rows int64) error {
	for rows > 0 {
		if err := r.nextPage(); err != nil {
			return err
		}
		count := int(min(rows, int64(r.rows), columnar.BatchSize))
		values, ok := count, true
		if r.leaf.optional {
			values, ok = r.levels.count(r.level[:count])
		}
		if !ok || !r.codes.skip(values) {
			return fmt.Errorf("a page of column %s is cut off", r.leaf.name)
		}
		r.rows -= count
		rows -= int64(count)
	}
	return nil
}

// count passes over the levels of len(scratch) rows and gives the number of those that have a value.
func (r *runs) count(scratch []uint32) (values int, ok bool) {
	if r.ones(len(scratch)) {
		return len(scratch), true
	}
	if !r.read(scratch) {
		return 0, false
	}
	for _, l := range scratch {
		values += int(l & 1)
	}
	return values, true
}

// skip passes over n numbers; false when the data end first.
func (r *runs) skip(n int) bool {
	for n > 0 {
		if r.left == 0 && !r.header() {
			return false
		}
		step := int(min(uint64(n), r.left))
		n -= step
		r.left -= uint64(step)
		if !r.packed {
			continue
		}
		if r.bit += step * r.width; r.bit > 8*len(r.data) {
			return false
		}
		if r.left == 0 {
			r.data, r.bit = r.data[r.bit/8:], 0
		}
	}
	return true
}
