package aggregate

import (
	"math"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/exec"
)

// joinDense merges directly addressed groups into the states of one worker, range by range on all
// workers; false when that is not possible.
func joinDense(q *exec.Query, locals []*local) (*part, bool, error) {
	common, ok := widest(locals)
	if !ok {
		return nil, false, nil
	}
	var others []shifted
	for _, l := range locals {
		shift, ok := common.covers(l)
		if !ok {
			return nil, false, nil
		}
		if l != common {
			others = append(others, shifted{l.states, shift, l.layout.Nullable(0) && len(l.spec.groups) == 1})
		}
	}
	st, n := common.states, int(common.layout.Span())
	if !st.bounded(others) {
		return nil, false, nil
	}
	st.resize(n)
	for _, o := range others {
		if o.nulls {
			st.addRange(shifted{o.states, 0, false}, 0, 1)
		}
	}
	out := &part{layout: common.layout, states: st, ids: mem.Alloc[uint32](common.w.Arena, n, false), keys: mem.Alloc[uint64](common.w.Arena, n, false)}
	shares := max(1, min(len(q.Workers), n/denseShare))
	counts := make([]int, shares)
	err := q.RunOn(shares, func(w *exec.Worker) error {
		from, to := n/shares*w.ID, n/shares*(w.ID+1)
		if w.ID == shares-1 {
			to = n
		}
		for _, o := range others {
			st.addRange(o, from, to)
		}
		counts[w.ID] = st.occupied(from, to, out.ids[from:to], out.keys[from:to])
		return nil
	})
	k := 0
	for i, count := range counts {
		from := n / shares * i
		copy(out.ids[k:], out.ids[from:from+count])
		k += copy(out.keys[k:], out.keys[from:from+count])
	}
	out.ids, out.keys = out.ids[:k], out.keys[:k]
	return out, true, err
}

// widest gives the worker whose keys begin first, its range made to reach as far as that of any.
func widest(locals []*local) (common *local, ok bool) {
	common = locals[0]
	spans, end := uint64(0), int64(math.MinInt64)
	for _, l := range locals {
		if l.mode != direct || len(l.spec.accs) > 0 || l.spec.hasDistinct() {
			return nil, false
		}
		from, to, ranged := l.window()
		if !ranged {
			return locals[0], true // covers tells whether their layouts are the same
		}
		if lo, _, _ := common.window(); from < lo {
			common = l
		}
		spans, end = spans+l.layout.Span(), max(end, to)
	}
	lo, hi, _ := common.window()
	if end > hi {
		if uint64(end-lo) >= spans {
			return nil, false // they lie far apart
		}
		last := &columnar.Vector{Type: common.spec.groupTypes[0], Layout: columnar.I64, Len: 1, I64: []int64{end}}
		if common.layout.Admit([]*columnar.Vector{last}, nil, 1, common.groupKeys) != nil {
			return nil, false // never: codes count from the first key
		}
	}
	return common, true
}

// window is the range of a single integer key.
func (l *local) window() (lo, hi int64, ok bool) {
	if len(l.spec.groups) > 1 {
		return 0, 0, false
	}
	return l.layout.Window(0)
}

// denseShare is the least number of groups that is worth another worker.
const denseShare = 16 << 10

// shifted are states whose group g is group g + by of others. With nulls group 0 is that of NULL here and
// there.
type shifted struct {
	states *states
	by     int
	nulls  bool
}

// covers reports whether every key of m is one of l, and by how much its number is larger there.
func (l *local) covers(m *local) (shift int, ok bool) {
	for i := range m.states.sums {
		if m.states.sums[i].wide != nil && l != m {
			return 0, false
		}
	}
	if l.layout.Same(m.layout) {
		return 0, true
	}
	lo, hi, ok := l.window()
	from, to, also := m.window()
	if !ok || !also || from < lo || to > hi || l.layout.Nullable(0) != m.layout.Nullable(0) {
		return 0, false
	}
	return int(from - lo), true
}

// bounded reports that no sum can leave its word when all others are added, and keeps the new bounds.
func (st *states) bounded(others []shifted) bool {
	totals := make([]uint64, len(st.sums))
	for i := range st.sums {
		totals[i] = st.sums[i].bound
		for _, o := range others {
			if totals[i] += o.states.sums[i].bound; totals[i] > maxWord {
				return false
			}
		}
	}
	for i, total := range totals {
		st.sums[i].bound = total
	}
	return true
}

// addRange merges another worker's groups, but that of NULL, into groups [from, to).
func (st *states) addRange(o shifted, from, to int) {
	first := o.by
	if o.nulls {
		first++
	}
	from, to = max(from, first), min(to, o.by+o.states.n)
	if from >= to {
		return
	}
	stride := len(st.spec.kinds)
	a, b := st.words[from*stride:to*stride], o.states.words[(from-o.by)*stride:(to-o.by)*stride]
	if st.spec.onlySums() {
		for i, x := range b {
			a[i] += x
		}
		return
	}
	for at := 0; at < len(a); at += stride {
		if b[at] == 0 {
			continue
		}
		for w, kind := range st.spec.kinds {
			mergeWord(kind, &a[at+w], b[at+w])
		}
	}
}

// onlySums reports that all words are sums of integers.
func (s *spec) onlySums() bool {
	for _, k := range s.kinds {
		if k != addInt {
			return false
		}
	}
	return true
}

// occupied lists the groups of [from, to) that have rows, and gives their number.
func (st *states) occupied(from, to int, ids []uint32, keys []uint64) (n int) {
	stride, words := len(st.spec.kinds), st.words
	for g := from; g < to; g++ {
		if words[g*stride] != 0 {
			ids[n], keys[n] = uint32(g), uint64(g)
			n++
		}
	}
	return n
}
