package aggregate

import (
	"math"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/rowkey"
	"github.com/oxidb/oxidb/types"
)

// partitionBits is the number of leading hash bits that choose a partition.
const partitionBits = 6

// blockRows is the number of rows in one piece of a partition.
const blockRows = 512

// partitions are rows set aside by the hash of their key: grouping them partition by partition keeps
// every table in the cache. A row is its packed key, the values of the inputs, and a word with a bit
// for each NULL when there may be some.
type partitions struct {
	spec   *spec
	arena  *mem.Arena
	inputs []int // those with an argument
	width  int
	nulls  bool
	blocks [1 << partitionBits][][]int64
	values [][]int64
	mask   []int64
	// lo and hi bound each input's integers.
	lo, hi []int64
}

// partitionable reports whether the spec's rows can be set aside as words.
func (s *spec) partitionable() bool {
	for i := range s.inputs {
		in := &s.inputs[i]
		if in.filter != nil || in.distinct || len(in.accs) > 0 || in.arg == nil || !inWord(in.arg.Type()) && in.arg.Type().Class() != types.ClassDecimal {
			return false
		}
	}
	return len(s.inputs) <= 32
}

func newPartitions(s *spec, arena *mem.Arena) *partitions {
	p := &partitions{spec: s, arena: arena, width: 1}
	for i := range s.inputs {
		p.inputs = append(p.inputs, i)
		p.nulls = p.nulls || s.inputs[i].counter > 0
		p.values = append(p.values, mem.Alloc[int64](arena, columnar.BatchSize, false))
		p.lo, p.hi = append(p.lo, math.MaxInt64), append(p.hi, math.MinInt64)
		p.width++
	}
	if p.nulls {
		p.width++
		p.mask = mem.Alloc[int64](arena, columnar.BatchSize, false)
	}
	return p
}

// outgrow sets rows aside from now on when the hash table has outgrown the caches without shrinking
// its input much.
func (l *local) outgrow() {
	groups := l.table.Len()
	if l.noParts || l.external || groups*(16+8*len(l.spec.kinds)) < partitionBytes || groups*8 < l.rows {
		return
	}
	if l.noParts = true; !l.spec.partitionable() {
		return
	}
	before, ok := l.layout.Fix()
	if !ok {
		return
	}
	if before != nil {
		l.relayout(before)
	}
	l.parts = newPartitions(l.spec, l.w.Arena)
	l.mode = partitioned
}

// scattered reports whether the groups have outgrown the caches without shrinking the input much, and
// their keys are numbers of texts and the like, which mean something to this worker only: then the rows
// themselves are better set aside than grouped by every worker and merged.
func (l *local) scattered() bool {
	groups := l.states.n // direct states of one text are as many as texts, of several columns as many as their product
	return (l.mode == hashed || l.mode == direct && len(l.spec.groups) == 1) && groups >= scatteredGroups && groups*2 > l.rows && l.layout.Interned() && !l.spec.hasDistinct()
}

// scatteredGroups is the number of groups from which a table of texts costs a cache miss or two a row.
const scatteredGroups = 1 << 17

// consume sets the rows of a batch aside.
func (p *partitions) consume(l *local, b *columnar.Batch, words []uint64) error {
	n := len(words)
	if p.nulls {
		clear(p.mask[:n])
	}
	vectors := make([]*columnar.Vector, 0, 8)
	for _, i := range p.inputs {
		v, err := l.eval.args[i].Eval(b)
		if err != nil {
			return err
		}
		vectors = append(vectors, v)
		if v.Layout == columnar.I128 {
			// Values wider than a word: go back to the table.
			p.stop(l, nil)
			return l.eval.update(l.states, b, l.number(words))
		}
	}
	for k, v := range vectors {
		p.dense(k, v, b.Sel, n)
	}
	p.append(words, n)
	return nil
}

// dense copies one input's values.
func (p *partitions) dense(k int, v *columnar.Vector, sel []uint32, n int) {
	values := p.values[k][:n]
	if v.Valid != nil {
		for j := range n {
			at := j
			if sel != nil {
				at = int(sel[j])
			}
			if v.IsNull(at) {
				p.mask[j] |= 1 << k
			}
		}
		if v.Enc == columnar.Const && v.IsNull(0) {
			clear(values)
			return
		}
	}
	if v.Type.Class() == types.ClassFloat {
		floatBits(values, v, sel, false)
		return
	}
	widen(values, v, sel)
	if v.Bounded {
		p.lo[k], p.hi[k] = min(p.lo[k], v.Lo), max(p.hi[k], v.Hi)
		return
	}
	lo, hi := p.lo[k], p.hi[k]
	for j, x := range values {
		if p.mask != nil && p.mask[j]>>k&1 != 0 {
			values[j] = 0
			x = 0
		}
		lo, hi = min(lo, x), max(hi, x)
	}
	p.lo[k], p.hi[k] = lo, hi
}

// append copies rows to the ends of their partitions.
func (p *partitions) append(words []uint64, n int) {
	columns := p.values
	if p.nulls {
		columns = append(columns[:len(columns):len(columns)], p.mask)
	}
	switch len(columns) {
	case 0:
		for _, w := range words {
			end := p.end(w)
			*end = append(*end, int64(w))
		}
	case 1:
		a := columns[0][:n]
		for j, w := range words {
			end := p.end(w)
			*end = append(*end, int64(w), a[j])
		}
	case 2:
		a, b := columns[0][:n], columns[1][:n]
		for j, w := range words {
			end := p.end(w)
			*end = append(*end, int64(w), a[j], b[j])
		}
	default:
		for j, w := range words {
			end := p.end(w)
			row := append(*end, int64(w))
			for _, c := range columns {
				row = append(row, c[j])
			}
			*end = row
		}
	}
}

// end is the last block of a key's partition, with room for a row.
func (p *partitions) end(word uint64) *[]int64 {
	at := rowkey.Hash(word) >> (64 - partitionBits)
	list := p.blocks[at]
	if n := len(list); n > 0 && len(list[n-1])+p.width <= cap(list[n-1]) {
		return &list[n-1]
	}
	p.blocks[at] = append(list, mem.Alloc[int64](p.arena, blockRows*p.width, false)[:0])
	return &p.blocks[at][len(list)]
}

// fold groups the rows of one partition into st by table.
func (p *partitions) fold(partition int, e *evaluators, table *rowkey.Table, st *states, words []uint64, ids []uint32) {
	for _, block := range p.blocks[partition] {
		n := len(block) / p.width
		for j := range n {
			words[j] = uint64(block[j*p.width])
		}
		table.FindOrAdd(words[:n], ids[:n])
		st.resize(table.Len())
		p.foldBlock(block, n, e, st, ids[:n])
	}
}

func (p *partitions) foldBlock(block []int64, n int, e *evaluators, st *states, ids []uint32) {
	c := chain{st: st, ids: ids, rows: true}
	var valid [(blockRows + 63) / 64]uint64
	for k, i := range p.inputs {
		values := p.values[k][:n]
		for j := range values {
			values[j] = block[j*p.width+1+k]
		}
		t := p.spec.inputs[i].arg.Type()
		v := &columnar.Vector{Type: t, Len: n, Layout: columnar.I64, I64: values, Bounded: p.lo[k] <= p.hi[k], Lo: p.lo[k], Hi: p.hi[k]}
		if t.Class() == types.ClassFloat {
			v.Layout, v.Bounded, v.F64 = columnar.F64, false, floats(values)
		}
		if p.nulls {
			clear(valid[:])
			some := false
			for j := range n {
				present := ^uint64(block[j*p.width+p.width-1]) >> k & 1
				valid[j>>6] |= present << (j & 63)
				some = some || present == 0
			}
			if some {
				v.Valid = valid[:]
			}
		}
		e.fold(st, i, v, &c, nil, ids, n, true)
	}
	c.flush()
}

// stop groups everything set aside by the worker's own table: before, when not nil, is the layout
// that the keys were packed under.
func (p *partitions) stop(l *local, before *rowkey.Layout) {
	l.mode, l.parts = hashed, nil
	if before != nil {
		l.relayout(before)
	}
	words, ids := make([]uint64, blockRows), make([]uint32, blockRows)
	for at := range p.blocks {
		for _, block := range p.blocks[at] {
			n := len(block) / p.width
			for j := range n {
				words[j] = uint64(block[j*p.width])
			}
			if before != nil {
				l.layout.Import(before, words[:n])
			}
			l.table.FindOrAdd(words[:n], ids[:n])
			l.states.resize(l.table.Len())
			p.foldBlock(block, n, l.eval, l.states, ids[:n])
		}
	}
}
