package aggregate

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/mem"
	"github.com/oxidb/oxidb/columnar/simd"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/types"
)

// evaluators are one worker's compiled expressions of a spec.
type evaluators struct {
	spec    *spec
	groups  []expr.Evaluator
	args    []expr.Evaluator // by input, nil for none
	filters []*expr.Predicate
	others  [][]expr.Evaluator // by accumulator
	sel     []uint32           // rows without NULL
	ids     []uint32           // their groups
	byRow   []uint32           // groups at the rows' own positions
	fsel    []uint32
	fids    []uint32
	few     []uint32
	codes   []uint8
	masked  masked
}

func compile(s *spec, in expr.Input, w *exec.Worker) (*evaluators, error) {
	e := &evaluators{spec: s}
	for _, buf := range []*[]uint32{&e.sel, &e.ids, &e.byRow, &e.fsel, &e.fids, &e.few} {
		*buf = mem.Alloc[uint32](w.Arena, columnar.BatchSize, false)
	}
	e.codes = mem.Alloc[uint8](w.Arena, columnar.BatchSize, false)
	e.masked = newMasked(w.Arena)
	for _, g := range s.groups {
		ev, err := expr.Compile(g, in, w)
		if err != nil {
			return nil, err
		}
		e.groups = append(e.groups, ev)
	}
	for _, input := range s.inputs {
		var arg expr.Evaluator
		var filter *expr.Predicate
		var err error
		if input.arg != nil {
			if arg, err = expr.Compile(input.arg, in, w); err != nil {
				return nil, err
			}
		}
		if input.filter != nil {
			if filter, err = expr.CompilePredicate(conjuncts(input.filter), in, w); err != nil {
				return nil, err
			}
		}
		e.args, e.filters = append(e.args, arg), append(e.filters, filter)
	}
	for _, a := range s.accs {
		var others []expr.Evaluator
		for _, o := range a.others {
			ev, err := expr.Compile(o, in, w)
			if err != nil {
				return nil, err
			}
			others = append(others, ev)
		}
		e.others = append(e.others, others)
	}
	return e, nil
}

// chain collects additions for one group list, to be done several words at a time.
type chain struct {
	st     *states
	ids    []uint32
	rows   bool // word 0 is still to be counted
	n      int
	words  [4]int
	values [4][]int64
}

// slot is memory for the next values to be added.
func (c *chain) slot(n int) []int64 { return c.st.values[c.n][:n] }

// add queues the addition of dense values to a word.
func (c *chain) add(word int, values []int64) {
	c.words[c.n], c.values[c.n] = word, values
	if c.n++; c.n == 4 || c.n == 3 && !c.rows {
		c.flush()
	}
}

func (c *chain) flush() {
	w, stride, v := c.st.words, len(c.st.spec.kinds), &c.values
	switch {
	case c.n == 0 && c.rows:
		countRows(w, stride, 0, c.ids)
	case c.n == 1 && c.rows:
		addRows1(w, stride, c.words[0], c.ids, v[0])
	case c.n == 2 && c.rows:
		addRows2(w, stride, c.words, c.ids, v[0], v[1])
	case c.n == 3 && c.rows:
		addRows3(w, stride, c.words, c.ids, v[0], v[1], v[2])
	case c.n == 4:
		addRows4(w, stride, c.words, c.ids, v[0], v[1], v[2], v[3])
	case c.n == 1:
		add1(w, stride, c.words[0], c.ids, v[0])
	case c.n == 2:
		add2(w, stride, c.words, c.ids, v[0], v[1])
	case c.n == 3:
		add3(w, stride, c.words, c.ids, v[0], v[1], v[2])
	}
	c.n, c.rows = 0, false
}

// update folds a batch whose rows belong to the groups ids (nil: all to group 0).
func (e *evaluators) update(st *states, b *columnar.Batch, ids []uint32) error {
	if b.Mask != nil {
		return e.updateMasked(st, b)
	}
	c := chain{st: st, ids: ids, rows: true}
	if ids == nil {
		st.words[0] += int64(b.Rows())
		c.rows = false
	}
	for i := range e.spec.inputs {
		if err := e.input(i, st, b, ids, &c); err != nil {
			return err
		}
	}
	if ids != nil {
		c.flush()
	}
	return nil
}

// input folds the batch's values of input i.
func (e *evaluators) input(i int, st *states, b *columnar.Batch, ids []uint32, c *chain) error {
	in := &e.spec.inputs[i]
	rows, groups, batch := b.Sel, ids, b
	if in.filter != nil {
		var err error
		if batch, groups, err = e.filtered(i, b, ids); err != nil {
			return err
		}
		rows = batch.Sel
	}
	n := batch.Rows()
	if n == 0 {
		return nil
	}
	if in.arg == nil {
		st.count(in.counter, groups, n)
		return nil
	}
	v, err := e.args[i].Eval(batch)
	if err != nil {
		return err
	}
	rows, groups, n = e.fold(st, i, v, c, rows, groups, batch.Len, in.filter == nil)
	if n == 0 || in.distinct {
		return nil
	}
	return e.accumulate(st, i, v, batch, rows, groups, n)
}

// fold folds the rows of v, input i's values, into their groups' words; it returns the rows that are
// not NULL. c is the batch's chain, which takes the additions when shared is set and no row is NULL.
func (e *evaluators) fold(st *states, i int, v *columnar.Vector, c *chain, rows, groups []uint32, length int, shared bool) ([]uint32, []uint32, int) {
	in := &e.spec.inputs[i]
	n := length
	if rows != nil {
		n = len(rows)
	}
	if v.Valid != nil && rows == nil && groups == nil && in.maskable() {
		e.foldMasked(st, in, v, nil, n, length)
		return nil, nil, 0
	}
	if v.Valid != nil {
		rows, groups, shared = e.notNull(st, in, v, rows, groups, length)
		if n = len(rows); n == 0 {
			return rows, groups, 0
		}
	}
	if in.distinct {
		st.dist[i].add(v, rows, groups, n)
		return rows, groups, n
	}
	if in.counted() {
		st.count(in.counter, groups, n)
	}
	if shared && groups != nil {
		st.apply(in, c, v, rows, n)
		return rows, groups, n
	}
	if c.n > 0 {
		c.flush() // the two chains share their memory
	}
	own := chain{st: st, ids: groups}
	st.apply(in, &own, v, rows, n)
	own.flushGroups()
	return rows, groups, n
}

func (c *chain) flushGroups() {
	if c.ids != nil && c.n > 0 {
		c.flush()
	}
}

// count adds the number of rows to a word of their groups.
func (st *states) count(word int, ids []uint32, n int) {
	if ids == nil {
		st.words[word] += int64(n)
		return
	}
	countRows(st.words, len(st.spec.kinds), word, ids)
}

// filtered narrows the batch to the rows for which input i's filter is true, and their groups.
func (e *evaluators) filtered(i int, b *columnar.Batch, ids []uint32) (*columnar.Batch, []uint32, error) {
	sel, err := e.filters[i].Select(b)
	if err != nil {
		return nil, nil, err
	}
	if sel == nil && b.Sel == nil {
		return b, ids, nil
	}
	out := &columnar.Batch{Len: b.Len, Cols: b.Cols, Sel: append(e.fsel[:0], sel...)}
	if ids == nil {
		return out, nil, nil
	}
	if b.Sel == nil {
		copy(e.byRow, ids)
	}
	for j, at := range b.Sel {
		e.byRow[at] = ids[j]
	}
	groups := e.fids[:len(out.Sel)]
	for k, at := range out.Sel {
		groups[k] = e.byRow[at]
	}
	return out, groups, nil
}

// notNull lists the rows where v is not NULL, with their groups; NULLs are counted where the input
// counts them.
func (e *evaluators) notNull(st *states, in *input, v *columnar.Vector, rows, groups []uint32, n int) ([]uint32, []uint32, bool) {
	k, at, skipped := 0, 0, !in.counted() && in.counter > 0
	total := n
	if rows != nil {
		total = len(rows)
	}
	stride := len(st.spec.kinds)
	for j := range total {
		if at = j; rows != nil {
			at = int(rows[j])
		}
		g := uint32(0)
		if groups != nil {
			g = groups[j]
		}
		if v.IsNull(at) {
			if skipped {
				st.words[int(g)*stride+in.counter]++
			}
			continue
		}
		e.sel[k], e.ids[k] = uint32(at), g
		k++
	}
	if groups == nil {
		return e.sel[:k], nil, false
	}
	return e.sel[:k], e.ids[:k], false
}

// apply folds n values of an input, none of them NULL, into its words and sums.
func (st *states) apply(in *input, c *chain, v *columnar.Vector, rows []uint32, n int) {
	if len(in.ops) == 0 && len(in.sums) == 0 {
		return
	}
	float := v.Type.Class() == types.ClassFloat
	for _, sum := range in.sums {
		if v.Layout == columnar.I128 {
			st.addWide(sum, c.ids, v, rows, n)
			continue
		}
		if c.ids == nil && rows == nil && narrow(v) && st.admit(sum, v, nil, n) {
			st.words[st.spec.sums[sum].word] += totalOf(v, n)
			continue
		}
		values := c.slot(n)
		if v.Layout == columnar.I64 && v.Enc == columnar.Flat && rows == nil {
			values = v.I64[:n] // good until the batch is done, and so is the chain
		} else {
			widen(values, v, rows)
		}
		if !st.admit(sum, v, values, n) {
			st.addWide(sum, c.ids, v, rows, n)
			continue
		}
		if word := st.spec.sums[sum].word; c.ids == nil {
			st.words[word] += simd.Total(values)
		} else {
			c.add(word, values)
		}
	}
	for _, op := range in.ops {
		values := st.spare[:n]
		switch {
		case float:
			floatBits(values, v, rows, op.kind != addFloat)
		case v.Layout == columnar.I128:
			narrowDecimals(values, v, rows)
		default:
			widen(values, v, rows)
		}
		st.fold(op, c.ids, values)
	}
}

func (st *states) fold(op wordOp, ids []uint32, values []int64) {
	stride := len(st.spec.kinds)
	if ids == nil {
		foldOne(op.kind, &st.words[op.word], values)
		return
	}
	switch op.kind {
	case addInt:
		add1(st.words, stride, op.word, ids, values)
	case addFloat:
		addFloats(st.words, stride, op.word, ids, values)
	case minInt:
		minInts(st.words, stride, op.word, ids, values)
	case maxInt:
		maxInts(st.words, stride, op.word, ids, values)
	}
}

// accumulate feeds the general accumulators of input i.
func (e *evaluators) accumulate(st *states, i int, v *columnar.Vector, b *columnar.Batch, rows, groups []uint32, n int) error {
	for _, at := range e.spec.inputs[i].accs {
		cols := []*columnar.Vector{v}
		for _, ev := range e.others[at] {
			o, err := ev.Eval(b)
			if err != nil {
				return err
			}
			cols = append(cols, o)
		}
		st.accs[at].update(groups, cols, rows, n)
	}
	return nil
}
