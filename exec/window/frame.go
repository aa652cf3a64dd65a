package window

import (
	"math"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/exec/order"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// frameBounds is a frame clause with its offsets evaluated.
type frameBounds struct {
	frame       *plan.Frame
	start, stop int64 // offsets in rows or groups
	// key, startAt and stopAt are columns: the order key and the values that the frame reaches to; -1 for none.
	key, startAt, stopAt int
	desc, nullsFirst     bool
	ordered              bool
}

// evalBounds evaluates the offsets of all calls' frames.
func (o *Operator) evalBounds(w *exec.Worker) error {
	for i := range o.node.Calls {
		f := &o.node.Calls[i].Call.Frame
		b := frameBounds{frame: f, key: -1, startAt: -1, stopAt: -1, ordered: len(o.order) > 0}
		var err error
		if b.start, err = offset(f, f.Start, "starting", w); err != nil {
			return err
		}
		if b.stop, err = offset(f, f.Stop, "ending", w); err != nil {
			return err
		}
		if f.Key != nil {
			b.key = o.at(f.Key)
			b.desc, b.nullsFirst = o.node.Order[0].Desc, o.node.Order[0].NullsFirst
		}
		if f.Start.Value != nil {
			b.startAt = o.at(f.Start.Value)
		}
		if f.Stop.Value != nil {
			b.stopAt = o.at(f.Stop.Value)
		}
		o.bounds = append(o.bounds, b)
	}
	return nil
}

func offset(f *plan.Frame, b plan.Bound, which string, w *exec.Worker) (int64, error) {
	if b.Offset == nil {
		return 0, nil
	}
	ev, err := expr.Compile(b.Offset, nil, w)
	if err != nil {
		return 0, err
	}
	v, err := ev.Eval(&columnar.Batch{Len: 1})
	switch {
	case err != nil:
		return 0, err
	case v.IsNull(0):
		return 0, sqlerr.New(sqlerr.NullValueNotAllowed, "frame %s offset must not be null", which)
	case f.Mode != plan.FrameRange:
		n := v.Int(0)
		if n < 0 {
			return 0, sqlerr.New(sqlerr.InvalidPrecedingSize, "frame %s offset must not be negative", which)
		}
		return min(n, math.MaxInt32), nil // beyond any partition
	case negative(v.Value(0)):
		return 0, sqlerr.New(sqlerr.InvalidPrecedingSize, "invalid preceding or following size in window function")
	}
	return 0, nil
}

func negative(x types.Value) bool {
	switch x.Type.Class() {
	case types.ClassFloat:
		return x.F < 0 || x.F != x.F
	case types.ClassInterval:
		return (float64(x.Span.Months)*30+float64(x.Span.Days))*86_400_000_000+float64(x.Span.Micros) < 0
	}
	return x.Unscaled().Hi < 0
}

// frames are the frames of a section's rows, by place: [lo, hi), less what the clause excludes.
type frames struct {
	s       *section
	lo, hi  []uint32
	exclude plan.Exclusion
	// whole says that every frame is its partition, running that every one begins with it.
	whole, running bool
}

func (b *frameBounds) frames(s *section) (*frames, error) {
	n := len(s.rows)
	f := &frames{s: s, exclude: b.frame.Exclude}
	keys := b.keyPlaces(s)
	f.lo, f.hi = b.edge(s, keys, b.frame.Start, b.start, b.startAt, false), b.edge(s, keys, b.frame.Stop, b.stop, b.stopAt, true)
	f.whole, f.running = f.exclude == plan.ExcludeNothing, f.exclude == plan.ExcludeNothing
	for i := range n {
		f.lo[i], f.hi[i] = max(f.lo[i], s.first[i]), min(f.hi[i], s.last[i])
		f.lo[i] = min(f.lo[i], f.hi[i])
		f.whole = f.whole && f.lo[i] == s.first[i] && f.hi[i] == s.last[i]
		f.running = f.running && (f.lo[i] == s.first[i] || f.lo[i] == f.hi[i])
	}
	return f, nil
}

// edge gives one end of every frame: its first place, or the place behind its last. It may lie outside
// the partition.
func (b *frameBounds) edge(s *section, keys *keyPlaces, bound plan.Bound, by int64, at int, stop bool) []uint32 {
	n := len(s.rows)
	out := mem.Alloc[uint32](s.arena, n, false)
	switch {
	case bound.Kind == plan.UnboundedPreceding:
		copy(out, s.first)
	case bound.Kind == plan.UnboundedFollowing:
		copy(out, s.last)
	case b.frame.Mode == plan.FrameRows:
		shiftRows(out, bound.Kind, by, stop)
	case bound.Kind == plan.CurrentRow && stop:
		copy(out, s.next)
	case bound.Kind == plan.CurrentRow:
		copy(out, s.peer)
	case b.frame.Mode == plan.FrameGroups:
		shiftGroups(s, out, bound.Kind, by, stop)
	default:
		keys.search(s, out, s.cols[at], stop)
	}
	return out
}

func shiftRows(out []uint32, kind plan.BoundKind, by int64, stop bool) {
	switch kind {
	case plan.OffsetPreceding:
		by = -by
	case plan.CurrentRow:
		by = 0
	}
	if stop {
		by++
	}
	for i := range out {
		out[i] = uint32(min(max(int64(i)+by, 0), math.MaxUint32))
	}
}

// shiftGroups moves by whole groups of peers, not beyond the partition.
func shiftGroups(s *section, out []uint32, kind plan.BoundKind, by int64, stop bool) {
	var starts []uint32 // of groups
	group := mem.Alloc[uint32](s.arena, len(out), false)
	for i := range out {
		if s.peer[i] == uint32(i) {
			starts = append(starts, uint32(i))
		}
		group[i] = uint32(len(starts) - 1)
	}
	if kind == plan.OffsetPreceding {
		by = -by
	}
	for i := range out {
		g := int64(group[i]) + by
		switch {
		case g < 0 || g < int64(len(starts)) && starts[g] < s.first[i]:
			out[i] = s.first[i]
		case g >= int64(len(starts)) || starts[g] >= s.last[i]:
			out[i] = s.last[i]
		case stop:
			out[i] = s.next[starts[g]]
		default:
			out[i] = starts[g]
		}
	}
}

// keyPlaces are the order keys of a section in order, with a vector of values to compare them with
// behind them.
type keyPlaces struct {
	bounds *frameBounds
	keys   *columnar.Vector
}

func (b *frameBounds) keyPlaces(s *section) *keyPlaces {
	if b.key < 0 {
		return nil
	}
	return &keyPlaces{bounds: b, keys: s.cols[b.key]}
}

// search finds, for every place, the first key that is not before its value in the order (for a stop,
// the first behind it). A row without a key has its peers.
func (k *keyPlaces) search(s *section, out []uint32, values *columnar.Vector, stop bool) {
	n := k.keys.Len
	both := buffer.NewColumn(s.arena, k.keys.Type)
	both.Append(k.keys, nil, n)
	both.Append(values, nil, n)
	v := both.Vector()
	for i := range out {
		row := int(s.rows[i])
		if k.keys.IsNull(row) {
			if out[i] = s.peer[i]; stop {
				out[i] = s.next[i]
			}
			continue
		}
		from, to := k.filled(s, i)
		for from < to { // binary search
			mid := (from + to) / 2
			c := order.Compare(v, int(s.rows[mid]), n+row)
			if k.bounds.desc {
				c = -c
			}
			if c < 0 || stop && c == 0 {
				from = mid + 1
			} else {
				to = mid
			}
		}
		out[i] = from
	}
}

// filled is the partition of place i without the rows that have no key.
func (k *keyPlaces) filled(s *section, i int) (from, to uint32) {
	from, to = s.first[i], s.last[i]
	if k.bounds.nullsFirst {
		if k.keys.IsNull(int(s.rows[from])) {
			from = s.next[from]
		}
	} else if k.keys.IsNull(int(s.rows[to-1])) {
		to = s.peer[to-1]
	}
	return from, to
}

// span is the places [from, to).
type span struct{ from, to uint32 }

// parts gives the runs of places that make up the frame of place i.
func (f *frames) parts(i int, out *[3]span) []span {
	lo, hi := f.lo[i], f.hi[i]
	from, to := uint32(i), uint32(i)+1
	switch f.exclude {
	case plan.ExcludeNothing:
		out[0] = span{lo, hi}
		return out[:1]
	case plan.ExcludeGroup, plan.ExcludeTies:
		from, to = f.s.peer[i], f.s.next[i]
	}
	out[0] = span{lo, max(lo, min(hi, from))}
	n := 1
	if at := uint32(i); f.exclude == plan.ExcludeTies && lo <= at && at < hi {
		out[n] = span{at, at + 1}
		n++
	}
	out[n] = span{min(hi, max(lo, to)), hi}
	return out[:n+1]
}

// size is the number of rows in the frame of place i.
func (f *frames) size(i int) int64 {
	var parts [3]span
	n := int64(0)
	for _, p := range f.parts(i, &parts) {
		n += int64(p.to - p.from)
	}
	return n
}

// nth is the place of row number nth, from 1, of the frame of place i.
func (f *frames) nth(i int, nth int64) (place uint32, ok bool) {
	var parts [3]span
	nth--
	for _, p := range f.parts(i, &parts) {
		if n := int64(p.to - p.from); nth >= n {
			nth -= n
		} else if nth >= 0 {
			return p.from + uint32(nth), true
		}
	}
	return 0, false
}
