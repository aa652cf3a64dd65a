package aggregate

import (
	"sync/atomic"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/rowkey"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// External grouping: a worker whose groups take too much memory, or are so many texts that its table
// has outgrown the caches, freezes them and sets its further rows aside in partitions by the hash of
// their keys, in a file or in memory. At the end the partitions are grouped one by
// one, each with the frozen groups that belong to it, and partitions that are still too large by
// further bits of the hash (Graefe 1993, "Query Evaluation Techniques", 4.3).

// external is groups and rows to be grouped partition by partition.
type external struct {
	spec   *spec
	query  *exec.Query
	cols   expr.Input // of the rows set aside: the input's columns that the grouping reads
	at     []int      // their places in the input
	level  int
	frozen []*frozen
	sets   []*buffer.Partitions
	next   atomic.Int64 // partition to stream
}

// newExternal describes the rows that a grouping sets aside.
func newExternal(o *Operator, q *exec.Query) *external {
	used := plan.ColumnSet{}
	for _, g := range o.spec.groups {
		plan.AddRefs(used, g)
	}
	for i := range o.spec.node.Aggs {
		a := &o.spec.node.Aggs[i].Agg
		for _, e := range a.Arg {
			plan.AddRefs(used, e)
		}
		if a.Filter != nil {
			plan.AddRefs(used, a.Filter)
		}
		for _, k := range a.OrderBy {
			plan.AddRefs(used, k.Expr)
		}
	}
	x := &external{spec: o.spec, query: q}
	for i, c := range o.cols {
		if used.Has(c.ID) {
			x.cols, x.at = append(x.cols, c), append(x.at, i)
		}
	}
	return x
}

// aside is one worker's writing of rows.
type aside struct {
	x      *external
	eval   []expr.Evaluator // of the group keys
	keys   []*columnar.Vector
	cols   []*columnar.Vector
	hashes []uint64
	out    *buffer.Partitions
}

// newAside makes partitions for rows whose keys eval computes.
func (x *external) newAside(eval []expr.Evaluator, inMemory bool) *aside {
	a := &aside{x: x, eval: eval, keys: make([]*columnar.Vector, len(eval)), cols: make([]*columnar.Vector, len(x.cols)), hashes: make([]uint64, columnar.BatchSize)}
	ts := make([]types.Type, len(x.cols))
	for i, c := range x.cols {
		ts[i] = c.Typ
	}
	a.out = buffer.NewPartitions(x.query, ts, x.level, inMemory)
	return a
}

// add sets a batch aside; at gives the places of the columns to keep, nil for all.
func (a *aside) add(b *columnar.Batch, at []int) (err error) {
	for i, ev := range a.eval {
		if a.keys[i], err = ev.Eval(b); err != nil {
			return err
		}
	}
	rowkey.HashRows(a.keys, b.Sel, b.Len, a.hashes)
	if at == nil {
		return a.out.Append(b.Cols, b.Sel, b.Len, a.hashes)
	}
	for i, from := range at {
		a.cols[i] = b.Cols[from]
	}
	return a.out.Append(a.cols, b.Sel, b.Len, a.hashes)
}

// frozen is groups that grow no more, by partition.
type frozen struct {
	part *part
	rows [buffer.PartitionCount][]uint32 // places in part.keys
}

// freeze sorts a worker's groups by the partitions of x.
func (x *external) freeze(l *local) *frozen {
	if l.mode == partitioned {
		l.parts.stop(l, nil)
	}
	f := &frozen{part: l.part()}
	l.layout.Seal()
	hashes := make([]uint64, columnar.BatchSize)
	cols := make([]*columnar.Vector, len(x.spec.groups))
	for from := 0; from < len(f.part.keys); from += columnar.BatchSize {
		keys := f.part.keys[from:min(from+columnar.BatchSize, len(f.part.keys))]
		arena := x.query.NewArena()
		for i := range cols {
			cols[i] = l.layout.Decode(arena, i, keys)
		}
		rowkey.HashRows(cols, nil, len(keys), hashes)
		arena.Free()
		for j := range keys {
			p := buffer.PartitionOf(hashes[j], x.level)
			f.rows[p] = append(f.rows[p], uint32(from+j))
		}
	}
	return f
}

// streamAll delivers the partitions that no other worker has taken.
func (x *external) streamAll(w *exec.Worker, yield func(*columnar.Batch, error) bool) {
	for {
		at := int(x.next.Add(1) - 1)
		if at >= buffer.PartitionCount || !x.stream(w, at, yield) {
			return
		}
	}
}

// stream delivers the groups of one partition.
func (x *external) stream(w *exec.Worker, at int, yield func(*columnar.Batch, error) bool) (more bool) {
	own := *w
	own.Arena = x.query.NewArena()
	defer own.Arena.Free()
	l, deeper, err := x.group(&own, at)
	switch {
	case err != nil:
		yield(nil, err)
		return false
	case deeper != nil:
		for p := range buffer.PartitionCount {
			if !deeper.stream(w, p, yield) {
				return false
			}
		}
		return true
	case !l.began:
		return true
	}
	p := l.part()
	x.spec.finish(p)
	arena := x.query.NewArena()
	defer arena.Free()
	for from := 0; from < p.len(); from += columnar.BatchSize {
		b, err := p.rows(x.spec, arena, from, min(from+columnar.BatchSize, p.len()))
		if err == nil {
			err = x.query.Err()
			for i := range x.spec.groups { // a dictionary would go with the partition
				b.Cols[i] = buffer.Flat(arena, b.Cols[i])
			}
		}
		if !yield(b, err) || err != nil {
			return false
		}
		arena.Free() // the batch was lent
	}
	return true
}

// group makes the groups of a partition, or parts it further when they take too much memory.
func (x *external) group(w *exec.Worker, at int) (*local, *external, error) {
	l, err := newLocal(x.spec, x.cols, w)
	if err != nil {
		return nil, nil, err
	}
	l.external = true
	l.estimate = float64(buffer.PartitionRows(x.sets, at)) // of the keys' range, few belong to the partition
	for _, f := range x.frozen {
		l.take(f, at)
	}
	var deeper *aside
	for b, err := range buffer.ReadPartition(x.query, x.sets, at) {
		switch {
		case err != nil:
		case deeper != nil:
			err = deeper.add(b, nil)
		default:
			if err = l.consume(b); err == nil && x.level < buffer.MaxPartitionLevel && x.query.ShouldSpill(w.Arena.Bytes()) {
				next := &external{spec: x.spec, query: x.query, cols: x.cols, level: x.level + 1}
				deeper = next.newAside(l.eval.groups, false)
			}
		}
		if err != nil {
			return nil, nil, err
		}
	}
	if deeper == nil {
		return l, nil, nil
	}
	next := deeper.x
	next.frozen, next.sets = []*frozen{next.freeze(l)}, []*buffer.Partitions{deeper.out}
	return nil, next, deeper.out.Finish()
}

// take adds the frozen groups of a partition to the local ones.
func (l *local) take(f *frozen, at int) {
	cols := make([]*columnar.Vector, len(l.spec.groups))
	for rows := f.rows[at]; len(rows) > 0; {
		n := min(len(rows), columnar.BatchSize)
		keys, ids := make([]uint64, n), make([]uint32, n)
		for j, r := range rows[:n] {
			keys[j], ids[j] = f.part.keys[r], r
			if f.part.ids != nil {
				ids[j] = f.part.ids[r]
			}
		}
		rows = rows[n:]
		for i := range cols {
			cols[i] = f.part.layout.Decode(l.w.Arena, i, keys)
		}
		if before := l.layout.Admit(cols, nil, n, l.groupKeys); before != nil {
			l.relayout(before)
		}
		if !l.began {
			l.begin()
		}
		words := l.words[:n]
		l.layout.Pack(cols, nil, n, words)
		l.states.merge(f.part.states, ids, l.number(words))
	}
}
