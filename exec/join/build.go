package join

import (
	"math"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/rowkey"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// nullKeys is what null-aware joins must know of build rows with a NULL key.
type nullKeys struct {
	any  bool
	rows []uint32
}

// build collects the right side and indexes its keys.
func (h *Hash) build(q *exec.Query) error {
	right := h.node.Right.Columns()
	var computed []plan.Expr
	h.keyAt = h.keyAt[:0]
	for _, p := range h.node.Equi {
		at := -1
		if c, ok := p.Right.(*plan.Column); ok {
			for i := range right {
				if right[i].ID == c.ID {
					at = h.slot[i]
				}
			}
		}
		if at < 0 {
			at = len(h.types)
			h.types, computed = append(h.types, p.Right.Type()), append(computed, p.Right)
		}
		h.keyAt = append(h.keyAt, at)
	}
	workers := buffer.Workers(q, h.right)
	sides := make([]*buildSide, workers)
	err := q.RunOn(workers, func(w *exec.Worker) error {
		sides[w.ID] = h.newBuildSide()
		return h.collect(w, sides[w.ID], computed)
	})
	if err != nil {
		return err
	}
	if h.outgrown.Load() || h.spills() && h.outgrows(sides) {
		return h.buildExternal(sides)
	}
	parts := make([]*buffer.Table, workers)
	for i, side := range sides {
		parts[i] = side.rows
	}
	if h.rows, err = buffer.Concat(q, h.types, parts); err != nil {
		return err
	}
	for i, side := range sides {
		if parts[i] != h.rows {
			side.arena.Free()
		}
	}
	return q.RunOn(1, func(w *exec.Worker) error {
		h.rows.InternText(w.Arena)
		return h.makeIndex(w)
	})
}

// collect takes the rows of one worker's share of the right side.
func (h *Hash) collect(w *exec.Worker, into *buildSide, computed []plan.Expr) error {
	var evaluators []expr.Evaluator
	for _, e := range computed {
		ev, err := expr.Compile(e, h.node.Right.Columns(), w)
		if err != nil {
			return err
		}
		evaluators = append(evaluators, ev)
	}
	cols := make([]*columnar.Vector, len(h.types))
	for b, err := range h.right.Stream(w) {
		if err != nil {
			return err
		}
		if b.Rows() == 0 {
			continue
		}
		for i, at := range h.kept {
			cols[i] = b.Cols[at]
		}
		for i, ev := range evaluators {
			if cols[len(h.kept)+i], err = ev.Eval(b); err != nil {
				return err
			}
		}
		if err := into.add(cols, b.Sel, b.Len); err != nil {
			return err
		}
	}
	return nil
}

// keyColumns are the build table's key columns, by pair.
func (h *Hash) keyColumns() []*columnar.Vector {
	cols := make([]*columnar.Vector, len(h.keyAt))
	for i, at := range h.keyAt {
		cols[i] = h.rows.Column(at)
	}
	return cols
}

// keyed lists the build rows that can match: those without NULL in a pair that is not NULL-safe. nil
// stands for all.
func (h *Hash) keyed(cols []*columnar.Vector) []uint32 {
	var sel []uint32
	for i, v := range cols {
		if v.Valid == nil || h.node.Equi[i].NullSafe {
			continue
		}
		if sel == nil {
			sel = make([]uint32, 0, h.rows.Rows)
			for r := range h.rows.Rows {
				sel = append(sel, uint32(r))
			}
		}
		k := 0
		for _, r := range sel {
			sel[k] = r
			k += int(v.Valid[r>>6] >> (r & 63) & 1)
		}
		sel = sel[:k]
	}
	if len(sel) == h.rows.Rows {
		return nil
	}
	return sel
}

func (h *Hash) makeIndex(w *exec.Worker) error {
	cols := h.keyColumns()
	rows := h.keyed(cols)
	if rows != nil && h.node.NullAware {
		h.nulls.any = true
		present := make([]bool, h.rows.Rows)
		for _, r := range rows {
			present[r] = true
		}
		for r, p := range present {
			if !p {
				h.nulls.rows = append(h.nulls.rows, uint32(r))
			}
		}
	}
	setOnly := !h.withRight() && len(h.node.Residual) == 0
	ts := make([]types.Type, len(cols))
	nullable := make([]bool, len(cols))
	for i, v := range cols {
		ts[i] = v.Type
		nullable[i] = h.node.Equi[i].NullSafe && v.Valid != nil
	}
	if rows != nil {
		// Rows with a NULL are out; those left have none where it would count.
		plain := make([]columnar.Vector, len(cols))
		for i, v := range cols {
			plain[i] = *v
			if !h.node.Equi[i].NullSafe {
				plain[i].Valid = nil
			}
			cols[i] = &plain[i]
		}
	}
	n := h.rows.Rows
	if rows != nil {
		n = len(rows)
	}
	layout := rowkey.NewLayout(w.Arena, ts, nullable)
	layout.Admit(cols, rows, h.rows.Rows, func() []uint64 { return nil })
	if rows == nil && len(cols) == 1 {
		if h.index = newColumnIndex(w.Arena, layout, cols[0], n, setOnly); h.index != nil {
			return h.query.Err()
		}
	}
	words := mem.Alloc[uint64](w.Arena, n, false)
	layout.Pack(cols, rows, h.rows.Rows, words)
	h.index = newIndex(w.Arena, layout, words, rows, setOnly)
	return h.query.Err()
}

// publish makes runtime filters from integer keys. Only kinds that drop probe rows without a match
// may have them.
func (h *Hash) publish(q *exec.Query) {
	switch h.kind {
	case plan.InnerJoin, plan.SemiJoin, plan.RightJoin:
	default:
		return
	}
	for _, p := range h.node.Publish {
		v := h.rows.Column(h.keyAt[p.Pair])
		switch {
		case h.rows.Rows == 0:
			q.Filters.Publish(p.ID, &exec.RuntimeFilter{Empty: true})
		case v.Type.Class() != types.ClassInt || v.Valid != nil && h.node.Equi[p.Pair].NullSafe || h.node.Equi[p.Pair].Left.Type().Class() != types.ClassInt:
		default:
			if f := newFilter(v, h.rows.Rows); f != nil {
				q.Filters.Publish(p.ID, f)
			}
		}
	}
}

// publishKeys makes keys known to seeks below, which decide whether they are few enough.
func (h *Hash) publishKeys(q *exec.Query) {
	for _, k := range h.node.Keys {
		keys := &exec.BuildKeys{Rows: h.rows.Rows}
		for _, pair := range k.Pairs {
			keys.Columns = append(keys.Columns, h.rows.Column(h.keyAt[pair]))
		}
		q.Keys.Publish(k.ID, keys)
	}
}

// takeBack withdraws what an earlier run of the join in the same query has published.
func (h *Hash) takeBack(q *exec.Query) {
	for _, p := range h.node.Publish {
		q.Filters.Publish(p.ID, nil)
	}
	for _, k := range h.node.Keys {
		q.Keys.Publish(k.ID, nil)
	}
}

// maxFilterBits bounds a runtime filter's bitset: 8 MiB, what the caches hold.
const maxFilterBits = 1 << 26

func newFilter(v *columnar.Vector, rows int) *exec.RuntimeFilter {
	f := &exec.RuntimeFilter{Min: math.MaxInt64, Max: math.MinInt64}
	keys := make([]int64, 0, columnar.BatchSize)
	each(v, rows, keys, func(keys []int64) {
		for _, k := range keys {
			f.Min, f.Max = min(f.Min, k), max(f.Max, k)
		}
	})
	if f.Min > f.Max {
		return &exec.RuntimeFilter{Empty: true}
	}
	span := uint64(f.Max) - uint64(f.Min)
	if span >= maxFilterBits {
		return f
	}
	bits := make([]uint64, span/64+1)
	least := f.Min
	each(v, rows, keys, func(keys []int64) {
		for _, k := range keys {
			at := uint64(k - least)
			bits[at>>6] |= 1 << (at & 63)
		}
	})
	f.Bits = bits
	return f
}

// each hands the non-NULL values of an integer column over in stretches.
func each(v *columnar.Vector, rows int, keys []int64, f func([]int64)) {
	for from := 0; from < rows; from += columnar.BatchSize {
		keys = keys[:0]
		to := min(from+columnar.BatchSize, rows)
		switch {
		case v.Valid != nil || v.Enc == columnar.Const:
			for r := from; r < to; r++ {
				if !v.IsNull(r) {
					keys = append(keys, v.Int(r))
				}
			}
		case v.Layout == columnar.U8:
			keys = widen(keys, v.U8[from:to], v.Base)
		case v.Layout == columnar.U16:
			keys = widen(keys, v.U16[from:to], v.Base)
		case v.Layout == columnar.U32:
			keys = widen(keys, v.U32[from:to], v.Base)
		default:
			keys = append(keys, v.I64[from:to]...)
		}
		f(keys)
	}
}

func widen[T uint8 | uint16 | uint32](dst []int64, src []T, base int64) []int64 {
	dst = dst[:len(src)]
	for i, x := range src {
		dst[i] = int64(x) + base
	}
	return dst
}
