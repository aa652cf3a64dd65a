package aggregate

import (
	"cmp"
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/rowkey"
	"github.com/oxidb/oxidb/exec"
)

func floats(bits []int64) []float64 {
	// The same 64 bits, which came from math.Float64bits.
	return unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(bits))), len(bits))
}

// part is finished groups: keys[i] packs the group whose states have number ids[i], or i when ids
// is nil.
type part struct {
	layout *rowkey.Layout
	keys   []uint64
	ids    []uint32
	dead   []uint32 // ascending places in keys that another part has taken over
	states *states
}

func (p *part) len() int {
	if p.layout == nil {
		return 1
	}
	return len(p.keys)
}

// smallMerge is the number of groups up to which one worker merges all.
const smallMerge = 32 << 10

// combine makes finished groups of all workers' groupings.
func combine(q *exec.Query, locals []*local) ([]*part, error) {
	var full []*local
	for _, l := range locals {
		if l.began {
			full = append(full, l)
		}
	}
	switch {
	case len(locals[0].spec.groups) == 0:
		return []*part{combineSingle(locals)}, nil
	case len(full) == 0:
		return nil, nil
	case len(full) == 1 && full[0].mode != partitioned:
		return []*part{full[0].part()}, nil
	}
	if p, ok, err := joinDense(q, full); ok || err != nil {
		return []*part{p}, err
	}
	parts := make([]*part, len(full))
	unify(full, parts)
	if parts, ok := joinRuns(full, parts); ok {
		return parts, nil
	}
	if joinDirect(full, parts) {
		return []*part{full[0].part()}, nil
	}
	return regroup(q, full, parts)
}

// joinDirect merges directly addressed groups into the first worker's, whose words its keys are.
func joinDirect(locals []*local, parts []*part) bool {
	for _, l := range locals {
		if l.mode != direct {
			return false
		}
	}
	common := locals[0].states
	common.resize(int(locals[0].layout.Span()))
	for i := 1; i < len(parts); i++ {
		to := make([]uint32, len(parts[i].keys))
		for j, k := range parts[i].keys {
			to[j] = uint32(k)
		}
		common.merge(parts[i].states, parts[i].ids, to)
	}
	return true
}

func combineSingle(locals []*local) *part {
	first := locals[0].states
	for _, l := range locals[1:] {
		first.merge(l.states, []uint32{0}, []uint32{0})
	}
	return &part{states: first}
}

// part shows a worker's groups, those set aside excepted.
func (l *local) part() *part {
	p := &part{layout: l.layout, states: l.states}
	switch l.mode {
	case direct:
		p.ids, p.keys = l.occupied()
	case streaming:
		p.keys = l.keys
	default:
		p.keys = l.table.Keys()
	}
	return p
}

// unify brings all workers' keys under one layout.
func unify(locals []*local, parts []*part) {
	common := locals[0]
	same := true
	for _, l := range locals[1:] {
		same = same && l.layout.Same(common.layout)
	}
	for _, l := range locals {
		if !same && l.mode == partitioned {
			l.parts.stop(l, nil) // rows set aside could not change their partition
		}
	}
	for _, l := range locals[1:] {
		if same {
			break
		}
		if before := common.layout.Adopt(l.layout, l.groupKeys(), common.groupKeys); before != nil {
			common.relayout(before)
		}
	}
	for i, l := range locals {
		parts[i] = l.part()
		if i == 0 || same {
			continue
		}
		keys := append([]uint64(nil), parts[i].keys...)
		common.layout.Import(l.layout, keys)
		if parts[i].ids == nil {
			parts[i].ids = sequence(len(keys))
		}
		parts[i].keys, parts[i].layout = keys, common.layout
	}
}

// joinRuns finishes streaming groupings: every worker has its groups in order, and a group that two
// of them have pieces of is found by walking the lists side by side.
func joinRuns(locals []*local, parts []*part) ([]*part, bool) {
	mask, ok := parts[0].layout.First()
	for i, l := range locals {
		ok = ok && l.mode == streaming && (parts[i].ids == nil || ascending(parts[i].keys, mask))
	}
	if !ok {
		return nil, false
	}
	for i := 1; i < len(parts); i++ {
		for j := range i {
			mergeRuns(parts[j], parts[i], mask)
		}
	}
	return parts, true
}

func ascending(keys []uint64, mask uint64) bool {
	for i := 1; i < len(keys); i++ {
		if keys[i]&mask <= keys[i-1]&mask {
			return false
		}
	}
	return true
}

// mergeRuns moves the groups of b that a has too into a; in b they are dead. Keys that agree in the
// first field only are different groups.
func mergeRuns(a, b *part, mask uint64) {
	var from, to []uint32
	// Workers took morsels in turn: their keys lie in long stretches, which are leapt over.
	for i, j := 0, 0; i < len(a.keys) && j < len(b.keys); {
		if a.keys[i] == b.keys[j] {
			from, to = append(from, uint32(j)), append(to, uint32(i))
		}
		switch x, y := a.keys[i]&mask, b.keys[j]&mask; {
		case x < y:
			i = leap(a.keys, i, y, mask)
		case y < x:
			j = leap(b.keys, j, x, mask)
		default:
			i, j = i+1, j+1
		}
	}
	if len(from) == 0 {
		return
	}
	a.states.merge(b.states, from, to)
	b.dead = append(b.dead, from...)
	slices.Sort(b.dead)
	b.dead = slices.Compact(b.dead)
}

// leap finds the first of the ascending keys from at on that is not below bound: by doubling steps,
// then by halves.
func leap(keys []uint64, at int, bound, mask uint64) int {
	step := 1
	for at+step < len(keys) && keys[at+step]&mask < bound {
		at += step
		step *= 2
	}
	rest := keys[at:min(at+step+1, len(keys))]
	n, _ := slices.BinarySearchFunc(rest, bound, func(k, bound uint64) int { return cmp.Compare(k&mask, bound) })
	return at + n
}

// regroup merges all workers' groups and rows set aside: in one table when they are few, else
// partition by partition on all workers.
func regroup(q *exec.Query, locals []*local, parts []*part) ([]*part, error) {
	bits, total := uint(0), 0
	for i, l := range locals {
		total += len(parts[i].keys)
		if l.mode == partitioned {
			bits = partitionBits
		}
	}
	layout := parts[0].layout
	spec := locals[0].spec
	if total > smallMerge && len(spec.accs) == 0 && !spec.hasDistinct() {
		bits = partitionBits
	}
	split := make([]split, len(parts))
	if err := q.Run(func(w *exec.Worker) error {
		for i := w.ID; i < len(parts); i += len(q.Workers) {
			split[i] = splitKeys(parts[i], bits)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	merged := make([]*part, 1<<bits)
	var next atomic.Int64
	err := q.RunOn(len(merged), func(w *exec.Worker) error {
		m := newMerger(w, locals, parts, split, bits)
		for {
			p := int(next.Add(1) - 1)
			if p >= len(merged) {
				return nil
			}
			if err := q.Err(); err != nil {
				return err
			}
			merged[p] = m.merge(p)
			merged[p].layout = layout
		}
	})
	return merged, err
}

func (s *spec) hasDistinct() bool {
	for i := range s.inputs {
		if s.inputs[i].distinct {
			return true
		}
	}
	return false
}

// split is a part's groups ordered by partition: keys, state numbers, and where partitions start.
type split struct {
	keys   []uint64
	ids    []uint32
	starts []int
}

func splitKeys(p *part, bits uint) split {
	s := split{keys: p.keys, ids: p.ids, starts: make([]int, 1<<bits+1)}
	if s.ids == nil {
		s.ids = sequence(len(p.keys))
	}
	if bits == 0 {
		s.starts[1] = len(p.keys)
		return s
	}
	for _, k := range p.keys {
		s.starts[rowkey.Hash(k)>>(64-bits)+1]++
	}
	for i := 1; i < len(s.starts); i++ {
		s.starts[i] += s.starts[i-1]
	}
	at := append([]int(nil), s.starts...)
	keys, ids := make([]uint64, len(p.keys)), make([]uint32, len(p.keys))
	for i, k := range p.keys {
		h := rowkey.Hash(k) >> (64 - bits)
		keys[at[h]], ids[at[h]] = k, s.ids[i]
		at[h]++
	}
	s.keys, s.ids = keys, ids
	return s
}

// merger is one worker's scratch while it merges partitions.
type merger struct {
	w      *exec.Worker
	locals []*local
	parts  []*part
	split  []split
	table  *rowkey.Table
	temp   *scratch
	eval   *evaluators
	words  []uint64
	ids    []uint32
}

func newMerger(w *exec.Worker, locals []*local, parts []*part, split []split, bits uint) *merger {
	m := &merger{w: w, locals: locals, parts: parts, split: split, table: rowkey.NewTable(w.Arena, 0, bits), temp: newScratch(w.Arena),
		words: mem.Alloc[uint64](w.Arena, columnar.BatchSize, false), ids: mem.Alloc[uint32](w.Arena, columnar.BatchSize, false)}
	m.eval = &evaluators{spec: locals[0].spec, sel: mem.Alloc[uint32](w.Arena, columnar.BatchSize, false),
		ids: mem.Alloc[uint32](w.Arena, columnar.BatchSize, false)}
	return m
}

// merge groups partition p of everything.
func (m *merger) merge(p int) *part {
	expected := 0
	for _, s := range m.split {
		expected = max(expected, s.starts[p+1]-s.starts[p])
	}
	m.table.Clear(expected)
	out := &part{states: newStates(m.locals[0].spec, m.w.Arena, m.temp)}
	for i, s := range m.split {
		keys, ids := s.keys[s.starts[p]:s.starts[p+1]], s.ids[s.starts[p]:s.starts[p+1]]
		if len(keys) == 0 {
			continue
		}
		m.ids = mem.Grow(m.w.Arena, m.ids, max(len(keys), columnar.BatchSize))
		m.ids = m.ids[:cap(m.ids)]
		m.table.FindOrAdd(keys, m.ids)
		out.states.resize(m.table.Len())
		if len(m.eval.spec.calls) > 0 { // else all that counts is which groups there are
			out.states.merge(m.parts[i].states, ids, m.ids[:len(keys)])
		}
	}
	for _, l := range m.locals {
		if l.mode == partitioned {
			own := *l.parts // the rows are read by one worker at a time, the scratch is this one's
			own.values = nil
			for range own.inputs {
				own.values = append(own.values, mem.Alloc[int64](m.w.Arena, blockRows, false))
			}
			own.fold(p, m.eval, m.table, out.states, m.words, m.ids)
		}
	}
	out.keys = append(mem.Grow(m.w.Arena, []uint64(nil), m.table.Len()), m.table.Keys()...)
	return out
}
