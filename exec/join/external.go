package join

import (
	"sync/atomic"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/rowkey"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/types"
)

// External joining (Grace hash join; Kitsuregawa, Tanaka, Moto-oka 1983): when the build side takes
// too much memory, both sides are set aside in partitions by the hash of their keys, and partitions
// are joined one by one, those that are still too large after parting them by further bits of the
// hash. Rows that no hash parts, because one key is hot, are joined piece by piece where the kind of
// join allows it, else all at once.

// external is the two sides of a join in partitions.
type external struct {
	level int
	build []*buffer.Partitions
	probe []probeSide
	next  atomic.Int64 // partition to stream
}

// probeSide is the left rows that one worker set aside; at gives the places of the columns that it
// has, the others were not delivered.
type probeSide struct {
	rows *buffer.Partitions
	at   []int
}

// spills reports whether the build side may be set aside: a null-aware join has to know of all NULLs.
func (h *Hash) spills() bool { return h.query.Spill != nil && !h.node.NullAware }

// buildSide collects one worker's build rows, in memory as long as they may stay there.
type buildSide struct {
	h      *Hash
	arena  *mem.Arena
	rows   *buffer.Table
	aside  *buffer.Partitions
	keys   []*columnar.Vector
	hashes []uint64
}

func (h *Hash) newBuildSide() *buildSide {
	b := &buildSide{h: h, arena: h.query.NewArena(), keys: make([]*columnar.Vector, len(h.keyAt))}
	b.rows = buffer.New(b.arena, h.types)
	return b
}

// add takes rows; when any worker has set its rows aside, all do.
func (b *buildSide) add(cols []*columnar.Vector, sel []uint32, n int) error {
	if b.aside != nil {
		return b.part(cols, sel, n)
	}
	b.rows.Append(cols, sel, n)
	if b.h.spills() && (b.h.outgrown.Load() || b.h.query.ShouldSpill(b.arena.Bytes())) {
		return b.setAside()
	}
	return nil
}

func (b *buildSide) part(cols []*columnar.Vector, sel []uint32, n int) error {
	for i, at := range b.h.keyAt {
		b.keys[i] = cols[at]
	}
	rowkey.HashRows(b.keys, sel, n, b.hashes)
	return b.aside.Append(cols, sel, n, b.hashes)
}

// setAside moves the rows so far to partitions.
func (b *buildSide) setAside() error {
	b.h.outgrown.Store(true)
	b.hashes = make([]uint64, columnar.BatchSize)
	b.aside = buffer.NewPartitions(b.h.query, b.h.types, 0, false)
	scratch, cols := b.h.query.NewArena(), make([]*columnar.Vector, len(b.h.types))
	defer scratch.Free()
	for from := 0; from < b.rows.Rows; from += columnar.BatchSize {
		n := min(columnar.BatchSize, b.rows.Rows-from)
		for i := range cols {
			cols[i] = b.rows.Plain(scratch, i, from, from+n)
		}
		if err := b.part(cols, nil, n); err != nil {
			return err
		}
		scratch.Free()
	}
	b.rows = nil
	b.arena.Free()
	return nil
}

// outgrows reports whether the sides' rows, a second copy of them in one table and its index would
// take the memory to three quarters of its limit.
func (h *Hash) outgrows(sides []*buildSide) bool {
	capacity := h.query.Memory.Capacity()
	if capacity == 0 {
		return false
	}
	var more int64
	for _, side := range sides {
		more += side.arena.Bytes() + 16*int64(side.rows.Rows)
	}
	return h.query.Memory.Used()+more > capacity/4*3
}

// buildExternal finishes the partitions of the build side.
func (h *Hash) buildExternal(sides []*buildSide) error {
	h.external = &external{}
	err := h.query.RunOn(len(sides), func(w *exec.Worker) error {
		side := sides[w.ID]
		if side.aside == nil {
			if err := side.setAside(); err != nil {
				return err
			}
		}
		return side.aside.Finish()
	})
	for _, side := range sides {
		h.external.build = append(h.external.build, side.aside)
	}
	return err
}

// probeExternal sets the probe side aside.
func (h *Hash) probeExternal(q *exec.Query) error {
	workers := buffer.Workers(q, h.left)
	h.external.probe = make([]probeSide, workers)
	return q.RunOn(workers, func(w *exec.Worker) error {
		out, err := h.newProbeWriter(w, 0)
		if err != nil {
			return err
		}
		for b, err := range h.left.Stream(w) {
			if err == nil {
				err = out.add(b)
			}
			if err != nil {
				return err
			}
		}
		h.external.probe[w.ID], err = out.finish()
		return err
	})
}

// probeWriter sets left rows aside.
type probeWriter struct {
	h      *Hash
	level  int
	eval   []expr.Evaluator
	keys   []*columnar.Vector
	cols   []*columnar.Vector
	hashes []uint64
	side   probeSide
}

func (h *Hash) newProbeWriter(w *exec.Worker, level int) (*probeWriter, error) {
	out := &probeWriter{h: h, level: level, keys: make([]*columnar.Vector, len(h.node.Equi)), hashes: make([]uint64, columnar.BatchSize)}
	for _, pair := range h.node.Equi {
		ev, err := expr.Compile(pair.Left, h.node.Left.Columns(), w)
		if err != nil {
			return nil, err
		}
		out.eval = append(out.eval, ev)
	}
	return out, nil
}

func (p *probeWriter) add(b *columnar.Batch) (err error) {
	if b.Rows() == 0 {
		return nil
	}
	if p.side.rows == nil {
		var ts []types.Type
		for i, v := range b.Cols {
			if v != nil {
				ts, p.side.at = append(ts, v.Type), append(p.side.at, i)
			}
		}
		p.side.rows = buffer.NewPartitions(p.h.query, ts, p.level, false)
	}
	for i, ev := range p.eval {
		if p.keys[i], err = ev.Eval(b); err != nil {
			return err
		}
	}
	rowkey.HashRows(p.keys, b.Sel, b.Len, p.hashes)
	p.cols = p.cols[:0]
	for _, at := range p.side.at {
		p.cols = append(p.cols, b.Cols[at])
	}
	return p.side.rows.Append(p.cols, b.Sel, b.Len, p.hashes)
}

func (p *probeWriter) finish() (probeSide, error) {
	if p.side.rows == nil {
		return p.side, nil
	}
	return p.side, p.side.rows.Finish()
}

// left streams the left rows of a partition in the form in which they came.
func (x *external) left(h *Hash, at int) columnar.Stream {
	width := len(h.node.Left.Columns())
	return func(yield func(*columnar.Batch, error) bool) {
		for _, side := range x.probe {
			if side.rows == nil {
				continue
			}
			for b, err := range buffer.ReadPartition(h.query, []*buffer.Partitions{side.rows}, at) {
				if err != nil {
					yield(nil, err)
					return
				}
				out := columnar.Batch{Len: b.Len, Cols: make([]*columnar.Vector, width)}
				for i, to := range side.at {
					out.Cols[to] = b.Cols[i]
				}
				if !yield(&out, nil) {
					return
				}
			}
		}
	}
}

func (x *external) leftRows(at int) (rows int) {
	for _, side := range x.probe {
		rows += buffer.PartitionRows([]*buffer.Partitions{side.rows}, at)
	}
	return rows
}

// streamAll joins the partitions that no other worker has taken.
func (x *external) streamAll(h *Hash, w *exec.Worker, yield func(*columnar.Batch, error) bool) {
	for {
		at := int(x.next.Add(1) - 1)
		if at >= buffer.PartitionCount || !x.stream(h, w, at, yield) {
			return
		}
	}
}

// stream joins one partition; false means that nobody wants more.
func (x *external) stream(h *Hash, w *exec.Worker, at int, yield func(*columnar.Batch, error) bool) bool {
	rows := buffer.PartitionRows(x.build, at)
	if rows == 0 && h.emptyOnNoBuild() || x.leftRows(at) == 0 && !h.keepsRight() {
		return true
	}
	own := *w
	own.Arena = h.query.NewArena()
	defer own.Arena.Free()
	bytes := buffer.PartitionBytes(x.build, at)
	// A table takes up to three times the bytes of its rows: it grows by doubling, and has an index.
	if h.query.ShouldPart(3*bytes) && x.level < buffer.MaxPartitionLevel {
		deeper, err := x.part(h, &own, at)
		if err != nil {
			yield(nil, err)
			return false
		}
		own.Arena.Free()
		for p := range buffer.PartitionCount {
			if !deeper.stream(h, w, p, yield) {
				return false
			}
		}
		return true
	}
	return x.join(h, &own, at, yield)
}

// part parts a partition of both sides by further bits.
func (x *external) part(h *Hash, w *exec.Worker, at int) (*external, error) {
	deeper := &external{level: x.level + 1}
	build := buffer.NewPartitions(h.query, h.types, deeper.level, false)
	keys, hashes := make([]*columnar.Vector, len(h.keyAt)), make([]uint64, columnar.BatchSize)
	for b, err := range buffer.ReadPartition(h.query, x.build, at) {
		if err != nil {
			return nil, err
		}
		for i, k := range h.keyAt {
			keys[i] = b.Cols[k]
		}
		rowkey.HashRows(keys, nil, b.Len, hashes)
		if err := build.Append(b.Cols, nil, b.Len, hashes); err != nil {
			return nil, err
		}
	}
	if err := build.Finish(); err != nil {
		return nil, err
	}
	out, err := h.newProbeWriter(w, deeper.level)
	if err != nil {
		return nil, err
	}
	for b, err := range x.left(h, at) {
		if err == nil {
			err = out.add(b)
		}
		if err != nil {
			return nil, err
		}
	}
	probe, err := out.finish()
	deeper.build, deeper.probe = []*buffer.Partitions{build}, []probeSide{probe}
	return deeper, err
}

// join joins a partition in memory: all of it, or, where every build row may look at the left rows by
// itself, one piece of the build side after the other.
func (x *external) join(h *Hash, w *exec.Worker, at int, yield func(*columnar.Batch, error) bool) bool {
	piecewise := h.withRight() && !h.keepsLeft()
	rows := buffer.NewPlain(w.Arena, h.types)
	for b, err := range buffer.ReadPartition(h.query, x.build, at) {
		if err != nil {
			yield(nil, err)
			return false
		}
		rows.Append(b.Cols, nil, b.Len)
		if piecewise && x.level == buffer.MaxPartitionLevel && h.query.ShouldSpill(w.Arena.Bytes()) {
			if !x.joinPiece(h, w, rows, at, yield) {
				return false
			}
			w.Arena.Free()
			rows = buffer.NewPlain(w.Arena, h.types)
		}
	}
	return x.joinPiece(h, w, rows, at, yield)
}

// joinPiece joins some build rows of a partition with all of its left rows.
func (x *external) joinPiece(h *Hash, w *exec.Worker, rows *buffer.Table, at int, yield func(*columnar.Batch, error) bool) bool {
	if rows.Rows == 0 && h.emptyOnNoBuild() {
		return true
	}
	piece := &Hash{shape: h.shape, query: h.query, rows: rows, keyAt: h.keyAt}
	piece.finish.start(h.query, rows.Rows)
	piece.finish.running.Store(1)
	err := piece.makeIndex(&crew{query: h.query, lead: w})
	if err == nil {
		var p *probe
		if p, err = newProbe(piece, w); err == nil {
			p.yield = yield
			return p.finishLeft(x.left(h, at))
		}
	}
	yield(nil, err)
	return false
}
