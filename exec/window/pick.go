package window

import (
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/rowkey"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/sqlerr"
)

// shift is lag (sign -1) and lead: the value of a row some rows away in the partition, else a default.
type shift struct {
	args []int // value, number of rows, default
	sign int64
}

func (f *shift) compute(s *section) (result, error) {
	n := len(s.rows)
	r := result{values: s.cols[f.args[0]], at: mem.Alloc[uint32](s.arena, n, false)}
	length := uint32(r.values.Len)
	if len(f.args) == 3 { // the defaults stand behind the values
		both := buffer.NewColumn(s.arena, r.values.Type)
		both.Append(r.values, nil, r.values.Len)
		both.Append(s.cols[f.args[2]], nil, r.values.Len)
		r.values = both.Vector()
	}
	for i := range n {
		by := int64(1)
		r.at[i] = rowkey.None
		if len(f.args) > 1 {
			v := s.cols[f.args[1]]
			if v.IsNull(int(s.rows[i])) {
				continue
			}
			by = v.Int(int(s.rows[i]))
		}
		switch to := int64(i) + f.sign*by; {
		case to >= int64(s.first[i]) && to < int64(s.last[i]):
			r.at[i] = s.rows[to]
		case len(f.args) == 3:
			r.at[i] = length + s.rows[i]
		}
	}
	return r, nil
}

// pick is first_value, last_value and nth_value: the value of a row of the frame.
type pick struct {
	name   string
	args   []int
	bounds *frameBounds
}

func (p *pick) compute(s *section) (result, error) {
	f, err := p.bounds.frames(s)
	if err != nil {
		return result{}, err
	}
	r := result{values: s.cols[p.args[0]], at: mem.Alloc[uint32](s.arena, len(s.rows), false)}
	for i := range r.at {
		nth := int64(1)
		if p.name == "nth_value" {
			v := s.cols[p.args[1]]
			if v.IsNull(int(s.rows[i])) {
				r.at[i] = rowkey.None
				continue
			}
			if nth = v.Int(int(s.rows[i])); nth <= 0 {
				return result{}, sqlerr.New(sqlerr.InvalidArgumentForNthValue, "argument of nth_value must be greater than zero")
			}
		}
		if p.name == "last_value" {
			nth = f.size(i)
		}
		r.at[i] = rowkey.None
		if place, ok := f.nth(i, nth); ok {
			r.at[i] = s.rows[place]
		}
	}
	return r, nil
}
