package window

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// rank computes the functions that number rows (SQL:2016 6.10), by the places of the row, its
// partition and its peers.
type rank struct {
	integer func(s *section, out []int64)
	float   func(s *section, out []float64)
}

func newRank(name string) (computer, error) {
	switch name {
	case "row_number":
		return &rank{integer: rowNumbers}, nil
	case "rank":
		return &rank{integer: ranks}, nil
	case "dense_rank":
		return &rank{integer: denseRanks}, nil
	case "percent_rank":
		return &rank{float: percentRanks}, nil
	case "cume_dist":
		return &rank{float: distances}, nil
	}
	return nil, sqlerr.Unsupported(-1, -1, "the window function "+name)
}

func (r *rank) compute(s *section) (result, error) {
	n := len(s.rows)
	if r.float != nil {
		v := &columnar.Vector{Type: types.TDouble, Layout: columnar.F64, Len: n, F64: mem.Alloc[float64](s.arena, n, false)}
		r.float(s, v.F64)
		return result{values: v}, nil
	}
	v := &columnar.Vector{Type: types.TBigInt, Layout: columnar.I64, Len: n, I64: mem.Alloc[int64](s.arena, n, false),
		Bounded: true, Lo: 1, Hi: int64(n)}
	r.integer(s, v.I64)
	return result{values: v}, nil
}

func rowNumbers(s *section, out []int64) {
	for i, first := range s.first {
		out[i] = int64(i) - int64(first) + 1
	}
}

func ranks(s *section, out []int64) {
	for i, first := range s.first {
		out[i] = int64(s.peer[i]-first) + 1
	}
}

func denseRanks(s *section, out []int64) {
	rank := int64(0)
	for i := range out {
		switch uint32(i) {
		case s.first[i]:
			rank = 1
		case s.peer[i]:
			rank++
		}
		out[i] = rank
	}
}

func percentRanks(s *section, out []float64) {
	for i, first := range s.first {
		if n := s.last[i] - first; n > 1 {
			out[i] = float64(s.peer[i]-first) / float64(n-1)
		} else {
			out[i] = 0
		}
	}
}

func distances(s *section, out []float64) {
	for i, first := range s.first {
		out[i] = float64(s.next[i]-first) / float64(s.last[i]-first)
	}
}

// ntile divides each partition into buckets whose sizes differ by one at most, the larger ones first.
// The number of buckets is what the partition's first row says.
type ntile struct{ arg int }

func (t *ntile) compute(s *section) (result, error) {
	n := len(s.rows)
	v := &columnar.Vector{Type: types.TInteger, Layout: columnar.I64, Len: n, I64: mem.Alloc[int64](s.arena, n, true)}
	arg := s.cols[t.arg]
	for from := 0; from < n; from = int(s.last[from]) {
		row := int(s.rows[from])
		if arg.IsNull(row) {
			setNull(s.arena, v, from, int(s.last[from]))
			continue
		}
		buckets := arg.Int(row)
		if buckets <= 0 {
			return result{}, sqlerr.New(sqlerr.InvalidArgumentForNtile, "argument of ntile must be greater than zero")
		}
		fill(v.I64[from:s.last[from]], buckets)
	}
	return result{values: v}, nil
}

func fill(out []int64, buckets int64) {
	size, larger := int64(len(out))/buckets, int64(len(out))%buckets
	bucket, left := int64(1), size
	if larger > 0 {
		left++
	}
	for i := range out {
		if left == 0 {
			bucket++
			if left = size; bucket <= larger {
				left++
			}
		}
		out[i] = bucket
		left--
	}
}

func setNull(arena *mem.Arena, v *columnar.Vector, from, to int) {
	if v.Valid == nil {
		v.Valid = mem.Alloc[uint64](arena, (v.Len+63)/64, false)
		for i := range v.Valid {
			v.Valid[i] = ^uint64(0)
		}
	}
	for i := from; i < to; i++ {
		v.Valid[i>>6] &^= 1 << (i & 63)
	}
}
