package aggregate

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/rowkey"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/expr"
)

// mode is how a worker numbers its groups, the ladder of the package comment.
type mode uint8

const (
	single    mode = iota // no group columns
	streaming             // a group ends where the key changes; keys ascend
	direct                // the packed key is the number
	hashed
	partitioned // rows are set aside by hash, to be grouped later
)

const (
	// smallSpan is the number of packed keys that are always addressed directly, directBytes the most
	// memory that direct states may take.
	smallSpan   = 4096
	directBytes = 64 << 20
	// cachedWords is the size of direct states that stay in a core's cache.
	cachedWords = 1 << 17
	// directShare is the number of keys of the span for each row from which direct states are worth it.
	directShare = 16
	// partitionBytes is the size of a worker's table above which it outgrows the caches and rows are
	// set aside instead, if the table has not at least halved its input.
	partitionBytes = 4 << 20
)

// local is one worker's grouping.
type local struct {
	spec   *spec
	w      *exec.Worker
	eval   *evaluators
	mode   mode
	began  bool
	layout *rowkey.Layout
	table  *rowkey.Table // hashed
	states *states
	// streaming: the packed keys in order, and the greatest first code so far.
	keys []uint64
	// estimate is the number of input rows that the optimizer expects; rows those seen.
	estimate float64
	rows     int
	parts    *partitions
	noParts  bool // setting rows aside has turned out impossible
	waiting  bool // hashed, until enough rows have come for direct states
	external bool // the groups are one partition's: they come in no order, and rows stay
	cols     []*columnar.Vector
	words    []uint64
	ids      []uint32
}

func newLocal(s *spec, in expr.Input, w *exec.Worker) (*local, error) {
	eval, err := compile(s, in, w)
	if err != nil {
		return nil, err
	}
	l := &local{spec: s, w: w, eval: eval, states: newStates(s, w.Arena, newScratch(w.Arena)), estimate: s.node.Input.Est().Rows,
		words: mem.Alloc[uint64](w.Arena, columnar.BatchSize, false), ids: mem.Alloc[uint32](w.Arena, columnar.BatchSize, false)}
	if len(s.groups) == 0 {
		l.states.resize(1)
	} else {
		l.layout = rowkey.NewLayout(w.Arena, s.groupTypes, s.nullable)
	}
	return l, nil
}

// consume groups and folds one batch.
func (l *local) consume(b *columnar.Batch) error {
	n := b.Rows()
	if n == 0 {
		return nil
	}
	l.rows += n
	if len(l.spec.groups) == 0 {
		return l.eval.update(l.states, b, nil)
	}
	l.cols = l.cols[:0]
	for _, g := range l.eval.groups {
		v, err := g.Eval(b)
		if err != nil {
			return err
		}
		l.cols = append(l.cols, v)
	}
	if before := l.layout.Admit(l.cols, b.Sel, b.Len, l.groupKeys); before != nil {
		l.relayout(before)
	}
	if !l.began {
		l.begin()
	}
	if done, err := l.few(b); done || err != nil {
		return err
	}
	words := l.words[:n]
	l.layout.Pack(l.cols, b.Sel, b.Len, words)
	if l.mode == partitioned {
		return l.parts.consume(l, b, words)
	}
	return l.eval.update(l.states, b, l.number(words))
}

// begin picks the mode from the first batch.
func (l *local) begin() {
	l.began = true
	switch {
	case l.spec.node.Streaming && !l.external && l.streamable():
		l.mode = streaming
		l.expect(int(l.spec.node.Est().Rows) / len(l.w.Query.Workers))
	case l.directFits() && l.worthDirect():
		l.mode = direct
	default:
		l.mode, l.waiting = hashed, l.directFits()
		l.table = rowkey.NewTable(l.w.Arena, 0, 0)
	}
}

// worthDirect reports whether the rows seen are worth the memory of direct states: the optimizer does not
// know what runtime filters leave, and clearing states costs more than hashing a few rows.
func (l *local) worthDirect() bool {
	span := l.layout.Span()
	return span*uint64(len(l.spec.kinds)) <= cachedWords || uint64(l.rows)*directShare >= span
}

// toDirect gives the groups so far direct states.
func (l *local) toDirect() {
	keys := l.table.Keys()
	to := mem.Alloc[uint32](l.w.Arena, len(keys), false)
	for j, k := range keys {
		to[j] = uint32(k)
	}
	l.renumber(sequence(len(keys)), to, int(l.layout.Span()))
	l.mode, l.table = direct, nil
}

// streamable fixes the layout, so that workers pack alike and no window ever grows.
func (l *local) streamable() bool {
	if _, ok := l.layout.Fix(); !ok {
		return false
	}
	_, ok := l.layout.First()
	return ok
}

// expect makes room for groups of a streaming grouping, within reason.
func (l *local) expect(groups int) {
	groups = min(groups+groups/8, l.room()/8/(len(l.spec.kinds)+1))
	l.keys = mem.Grow(l.w.Arena, l.keys, groups)
	l.states.words = mem.Grow(l.w.Arena, l.states.words, groups*len(l.spec.kinds))
}

// room is the most memory that states may take before it is known that groups fill it.
func (l *local) room() int {
	capacity := int(l.w.Query.Memory.Capacity())
	if capacity == 0 {
		return directBytes
	}
	return min(directBytes, capacity/8/len(l.w.Query.Workers))
}

// directFits reports whether the states can be addressed by packed key.
func (l *local) directFits() bool {
	span := l.layout.Span()
	if span == 0 || span > uint64(l.room()/8/len(l.spec.kinds)) {
		return false
	}
	if len(l.spec.accs) > 0 {
		return span <= smallSpan
	}
	scattered := 8.0 // keys a row that direct states may have
	if span*uint64(len(l.spec.kinds)) > cachedWords {
		scattered = 2
	}
	return span <= smallSpan || float64(span) <= scattered*max(l.estimate, float64(l.rows))
}

// number gives the groups of packed keys, making room for new ones.
func (l *local) number(words []uint64) []uint32 {
	ids := l.ids[:len(words)]
	if l.waiting && l.mode == hashed {
		if l.waiting = l.directFits(); l.waiting && l.worthDirect() {
			l.toDirect()
		}
	}
	switch l.mode {
	case streaming:
		if l.follow(words, ids) {
			l.states.resize(len(l.keys))
			return ids
		}
		l.toHashed()
	case direct:
		span := l.layout.Span()
		if int(span) > l.states.n || span == 0 {
			if !l.directFits() {
				l.toHashed()
				break
			}
			l.states.resize(int(span))
		}
		for j, w := range words {
			ids[j] = uint32(w)
		}
		return ids
	}
	l.table.FindOrAdd(words, ids)
	l.states.resize(l.table.Len())
	if !l.waiting {
		l.outgrow()
	}
	return ids
}

// follow numbers clustered keys: a new group wherever the key changes. It changes nothing and gives
// false when the keys do not ascend strictly by their first field from group to group.
func (l *local) follow(words []uint64, ids []uint32) bool {
	mask, ok := l.layout.First()
	if !ok {
		return false
	}
	n := len(l.keys)
	l.keys = mem.Grow(l.w.Arena, l.keys, n+len(words)+1)
	if n == 0 {
		// The first row starts a group in any case.
		l.keys = append(l.keys, words[0])
		n = 1
	}
	at, ascends := runs(l.keys[n-1:n+len(words)], words, ids[:len(words)], uint32(n-1), mask)
	if !ascends {
		l.keys = l.keys[:n]
		return false
	}
	l.keys = l.keys[:int(at)+1]
	return true
}

// runs numbers words from the group at keys[0], number first, and appends the keys of new groups to
// it, without a branch on the data.
func runs(keys, words []uint64, ids []uint32, first uint32, mask uint64) (last uint32, ascends bool) {
	ids = ids[:len(words)]
	k, bad, before := 0, 0, keys[0]
	for j, w := range words {
		change, behind := 0, 0
		if w != before {
			change = 1
		}
		if w&mask <= before&mask {
			behind = 1
		}
		bad |= change & behind
		k += change
		keys[k] = w
		ids[j] = first + uint32(k)
		before = w
	}
	return first + uint32(k), bad == 0
}

// groupKeys lists the packed keys of the groups so far.
func (l *local) groupKeys() []uint64 {
	switch l.mode {
	case streaming:
		return l.keys
	case direct:
		_, keys := l.occupied()
		return keys
	case hashed:
		if l.table != nil {
			return l.table.Keys()
		}
	case partitioned:
		keys := append([]uint64(nil), l.table.Keys()...)
		for _, blocks := range l.parts.blocks {
			for _, block := range blocks {
				for at := 0; at < len(block); at += l.parts.width {
					keys = append(keys, uint64(block[at]))
				}
			}
		}
		return keys
	}
	return nil
}

// occupied lists the groups of direct states that have rows.
func (l *local) occupied() (ids []uint32, keys []uint64) {
	ids, keys = mem.Alloc[uint32](l.w.Arena, l.states.n, false), mem.Alloc[uint64](l.w.Arena, l.states.n, false)
	n := l.states.occupied(0, l.states.n, ids, keys)
	return ids[:n], keys[:n]
}

// toHashed goes on with a hash table that has the groups so far.
func (l *local) toHashed() {
	l.table = rowkey.NewTable(l.w.Arena, 0, 0)
	if l.mode == direct {
		ids, keys := l.occupied()
		l.table.Replace(keys)
		l.renumber(ids, sequence(len(ids)), len(ids))
	} else {
		l.table.Replace(l.keys)
		l.keys = nil
	}
	l.mode = hashed
}

// renumber moves the states of groups from[j] to to[j] of n groups.
func (l *local) renumber(from, to []uint32, n int) {
	old := l.states
	l.states = newStates(l.spec, l.w.Arena, old.scratch)
	l.states.resize(n)
	l.states.merge(old, from, to)
}

func sequence(n int) []uint32 {
	s := make([]uint32, n)
	for i := range s {
		s[i] = uint32(i)
	}
	return s
}

// relayout carries the groups so far over to a changed layout.
func (l *local) relayout(before *rowkey.Layout) {
	if !l.began {
		return
	}
	switch l.mode {
	case streaming:
		l.layout.Import(before, l.keys)
	case hashed:
		keys := append([]uint64(nil), l.table.Keys()...)
		l.layout.Import(before, keys)
		l.table.Replace(keys)
	case direct:
		ids, keys := l.occupied()
		l.layout.Import(before, keys)
		if !l.directFits() {
			l.table = rowkey.NewTable(l.w.Arena, 0, 0)
			l.table.Replace(keys)
			l.renumber(ids, sequence(len(ids)), len(ids))
			l.mode = hashed
			return
		}
		to := make([]uint32, len(keys))
		for j, k := range keys {
			to[j] = uint32(k)
		}
		l.renumber(ids, to, int(l.layout.Span()))
	case partitioned:
		l.parts.stop(l, before)
	}
}
