package join

import (
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
		return h.makeIndex(&crew{query: q, lead: w, all: true})
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

// makeIndex indexes the build table's keys.
func (h *Hash) makeIndex(c *crew) (err error) {
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
	layout := rowkey.NewLayout(c.arena(), ts, nullable)
	layout.Admit(cols, rows, h.rows.Rows, func() []uint64 { return nil })
	if rows == nil && len(cols) == 1 {
		if h.index, err = newColumnIndex(c, layout, cols[0], n, setOnly); err != nil {
			return err
		}
		if h.index != nil {
			return h.query.Err()
		}
	}
	words := mem.Alloc[uint64](c.arena(), n, false)
	layout.Pack(cols, rows, h.rows.Rows, words)
	if h.index, err = newIndex(c, layout, words, rows, setOnly); err != nil {
		return err
	}
	return h.query.Err()
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
