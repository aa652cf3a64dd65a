package oxidb

import (
	"context"
	"slices"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/scan"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// Foreign keys are enforced after each statement, for all of its rows at once: first what the rows that
// it took away mean for the rows that refer to them, then whether the rows that it wrote refer to any.
// Actions are statements of their own, whose effects are enforced in turn, first in first out, as
// PostgreSQL's queue of triggers does.

// effect is what a statement did to a table.
type effect struct {
	table *catalog.Table
	place mvcc.Place // what was written since is new
	wrote bool
	// changed are the ordinals that an UPDATE assigned; nil means all.
	changed []int
	// gone are the rows taken away; before and after are the values of the watched columns in them and,
	// for an UPDATE, in their successors.
	gone          []columnar.RowID
	update        bool
	watch         []int
	before, after []*columnar.Vector
}

// touches reports that an UPDATE may have given one of the fields another value.
func (e *effect) touches(fields []int32) bool {
	if e.changed == nil {
		return true
	}
	return slices.ContainsFunc(e.changed, func(o int) bool {
		c := &e.table.Columns[o]
		return slices.Contains(fields, c.FieldID)
	})
}

// watched are the columns of a table that others refer to.
func (sc *scope) watched(t *catalog.Table) []int {
	var ordinals []int
	for _, r := range sc.catalog.References(t.ID) {
		for _, f := range r.Key.RefFields {
			if o := t.OrdinalOf(f); !slices.Contains(ordinals, o) {
				ordinals = append(ordinals, o)
			}
		}
	}
	return ordinals
}

// enforce carries out what foreign keys make of a statement's effect.
func (sc *scope) enforce(ctx context.Context, queue ...*effect) error {
	for len(queue) > 0 {
		e := queue[0]
		queue = queue[1:]
		for _, r := range sc.catalog.References(e.table.ID) {
			next, err := sc.actOn(ctx, e, r)
			if err != nil {
				return err
			}
			if next != nil {
				queue = append(queue, next)
			}
		}
		if !e.wrote {
			continue
		}
		for i := range e.table.Foreign {
			if f := &e.table.Foreign[i]; e.touches(f.Fields) && !sc.defers(f) {
				if err := sc.checkWritten(ctx, e.table, f, e.place); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// keySet is keys that are gone from a referenced table.
type keySet struct {
	table    *catalog.Table
	relation *catalog.Table // with the referenced fields, and successors, where there are, by newField
	cols     []*columnar.Vector
	rows     int
}

// newField is the field of a key's successor.
func newField(f int32) int32 { return f | 1<<30 }

// keysGone gives the keys for r that an effect took away; nil when there are none.
func (sc *scope) keysGone(ctx context.Context, e *effect, r catalog.Reference) (*keySet, error) {
	if len(e.gone) == 0 || e.update && !e.touches(r.Key.RefFields) {
		return nil, nil
	}
	if e.before == nil {
		var err error
		if e.before, err = sc.gather(ctx, e.table, e.gone, e.watch); err != nil {
			return nil, err
		}
	}
	n := len(r.Key.RefFields)
	before, after := make([]*columnar.Vector, n), []*columnar.Vector(nil)
	for i, f := range r.Key.RefFields {
		at := slices.Index(e.watch, e.table.OrdinalOf(f))
		before[i] = e.before[at]
		if e.update {
			after = append(after, e.after[at])
		}
	}
	return sc.newKeySet(e.table, r.Key.RefFields, before, after, len(e.gone)), nil
}

// newKeySet keeps the keys without NULLs that differ from their successors.
func (sc *scope) newKeySet(t *catalog.Table, fields []int32, before, after []*columnar.Vector, n int) *keySet {
	var rows []uint32
	var was, is []byte
	for i := range n {
		if ordered.HasNull(before, i) {
			continue
		}
		if after != nil && !ordered.HasNull(after, i) {
			was, is = ordered.AppendKey(was[:0], before, i), ordered.AppendKey(is[:0], after, i)
			if string(was) == string(is) {
				continue
			}
		}
		rows = append(rows, uint32(i))
	}
	if len(rows) == 0 {
		return nil
	}
	k := &keySet{table: t, rows: len(rows)}
	desc := &catalog.Table{Schema: t.Schema, Name: t.Name}
	chunk := &vectorChunk{cols: map[int32]*columnar.Vector{}, rows: len(rows)}
	add := func(v *columnar.Vector, field int32, column catalog.Column) *columnar.Vector {
		b := segment.NewColumnBuilder(v.Type)
		b.Append(v, rows)
		chunk.cols[field] = b.View(len(rows))
		desc.Columns = append(desc.Columns, catalog.Column{FieldID: field, Name: column.Name, Type: column.Type})
		return chunk.cols[field]
	}
	for i, f := range fields {
		k.cols = append(k.cols, add(before[i], f, t.Columns[t.OrdinalOf(f)]))
	}
	for i, v := range after {
		add(v, newField(fields[i]), t.Columns[t.OrdinalOf(fields[i])])
	}
	k.relation = sc.addTransient(desc, []scan.Chunk{chunk}, len(rows))
	return k
}

// actOn does what a foreign key says of the keys that an effect took away, and gives the effect of that.
func (sc *scope) actOn(ctx context.Context, e *effect, r catalog.Reference) (*effect, error) {
	keys, err := sc.keysGone(ctx, e, r)
	if err != nil || keys == nil {
		return nil, err
	}
	action := r.Key.OnDelete
	if e.update {
		action = r.Key.OnUpdate
	}
	if action == catalog.NoAction && sc.defers(r.Key) {
		return nil, nil
	}
	rows, none, err := sc.referencing(ctx, r, keys)
	if err != nil || none {
		return nil, err
	}
	switch action {
	case catalog.NoAction:
		return nil, sc.refuseReferenced(ctx, r, rows, keys, e.table)
	case catalog.Restrict:
		return nil, sc.refuseReferenced(ctx, r, rows, keys, nil)
	}
	stmt, err := sc.actionPlan(r, rows, keys, action, e.update)
	if err != nil {
		return nil, err
	}
	_, next, err := sc.apply(ctx, stmt, nil, nil, nil)
	return next, err
}

// actionPlan is the statement of CASCADE, SET NULL or SET DEFAULT.
func (sc *scope) actionPlan(r catalog.Reference, rows *catalog.Table, keys *keySet, action catalog.ForeignAction, update bool) (plan.Statement, error) {
	b := sc.binder("", nil)
	if action == catalog.Cascade && !update {
		return b.ForeignDelete(r.Key, r.From, rows, keys.relation)
	}
	set := r.Key.Fields
	if !update && r.Key.SetFields != nil {
		set = r.Key.SetFields
	}
	to := make([]int32, len(r.Key.RefFields))
	for i, f := range r.Key.RefFields {
		to[i] = newField(f)
	}
	return b.ForeignUpdate(r.Key, r.From, rows, keys.relation, action, to, set)
}

// fewKeys is up to how many keys are looked for one by one.
const fewKeys = 1 << 12

// referencing is the rows of the referencing table in which to look for the keys: those that have one,
// where an index finds them, else all. none says that there are none. What it finds has to hold at the
// commit.
func (sc *scope) referencing(ctx context.Context, r catalog.Reference, keys *keySet) (rows *catalog.Table, none bool, err error) {
	kinds := columnTypes(r.From, r.Key.Fields)
	if !comparable(kinds, keys.cols) {
		sc.txn.NoteRead(r.From.ID, mvcc.Read{Always: true})
		return r.From, false, nil
	}
	sc.noteKeys(r.From.ID, r.Key.Fields, kinds, keys.cols, keys.rows)
	fields := indexOver(r.From, r.Key.Fields)
	if fields == nil || keys.rows > fewKeys {
		return r.From, false, nil
	}
	finder, err := sc.txn.Finder(r.From.ID, fields)
	if err != nil {
		return nil, false, err
	}
	var ids []columnar.RowID
	var key []types.Value
	for i := range keys.rows {
		key = keyValues(key[:0], r.Key.Fields, fields, kinds, keys.cols, i)
		if ids, err = finder.Find(ctx, key, ids); err != nil {
			return nil, false, err
		}
	}
	if len(ids) == 0 {
		return nil, true, nil
	}
	chunks, err := sc.someRows(r.From, ids)
	if err != nil {
		return nil, false, err
	}
	return sc.addTransient(r.From, chunks, len(ids)), false, nil
}

// indexOver is the fields of an index over exactly the given ones, in its order; nil without one.
func indexOver(t *catalog.Table, fields []int32) []int32 {
	for _, x := range t.Indexes {
		if len(x.Fields) == len(fields) && !slices.ContainsFunc(x.Fields, func(f int32) bool { return !slices.Contains(fields, f) }) {
			return x.Fields
		}
	}
	return nil
}

func columnTypes(t *catalog.Table, fields []int32) []types.Type {
	kinds := make([]types.Type, len(fields))
	for i, f := range fields {
		kinds[i] = t.Columns[t.OrdinalOf(f)].Type
	}
	return kinds
}

// comparable reports that values of the columns are keys of the types without a conversion.
func comparable(kinds []types.Type, cols []*columnar.Vector) bool {
	for i, t := range kinds {
		if from := cols[i].Type; from != t && !(from.IsText() && t.IsText()) && !(from.IsInteger() && t.IsInteger()) {
			return false
		}
	}
	return true
}

// keyValues is row i of columns, which are in the order of fields, in the order of wanted.
func keyValues(dst []types.Value, fields, wanted []int32, kinds []types.Type, cols []*columnar.Vector, i int) []types.Value {
	for _, f := range wanted {
		at := slices.Index(fields, f)
		v := cols[at].Value(i)
		v.Type = kinds[at]
		dst = append(dst, v)
	}
	return dst
}

// mostNoted is up to how many keys are noted one by one; more are the whole table.
const mostNoted = 1 << 16

// noteKeys makes the commit fail when another one changes whether rows with the keys exist.
func (sc *scope) noteKeys(table catalog.ID, fields []int32, kinds []types.Type, cols []*columnar.Vector, n int) {
	if n > mostNoted {
		sc.txn.NoteRead(table, mvcc.Read{Always: true})
		return
	}
	for i := range n {
		sc.txn.NoteRead(table, mvcc.Read{Fields: fields, Key: keyValues(nil, fields, fields, kinds, cols, i), Presence: true, Always: true})
	}
}

// refuseReferenced fails with 23503 when rows have keys that are gone.
func (sc *scope) refuseReferenced(ctx context.Context, r catalog.Reference, rows *catalog.Table, keys *keySet, referenced *catalog.Table) error {
	root, err := sc.binder("", nil).ForeignReferenced(r.Key, rows, keys.relation, referenced)
	if err != nil {
		return err
	}
	key, err := sc.firstRow(ctx, root)
	if err != nil || key == nil {
		return err
	}
	return stillReferenced(keys.table, r, key)
}

// firstRow runs a plan of at most one row; nil when it has none.
func (sc *scope) firstRow(ctx context.Context, root plan.Node) ([]types.Value, error) {
	optimized, err := sc.optimize(root, nil)
	if err != nil {
		return nil, err
	}
	r, err := sc.start(ctx, optimized, false)
	if err != nil {
		return nil, err
	}
	defer r.query.Close()
	var row []types.Value
	err = r.query.Guard(r.query.Workers[0], func(*exec.Worker) error { return r.op.Prepare(r.query) })
	if err != nil {
		return nil, err
	}
	for _, w := range r.query.Workers {
		err := r.query.Guard(w, func(w *exec.Worker) error {
			for b, err := range r.op.Stream(w) {
				if err != nil {
					return err
				}
				if row == nil && b.Rows() > 0 {
					row = rowOf(b)
				}
			}
			return nil
		})
		if err != nil || r.op.Ordered() {
			return row, err
		}
	}
	return row, nil
}

// rowOf is the first row of a batch.
func rowOf(b *columnar.Batch) []types.Value {
	at := 0
	if b.Sel != nil {
		at = int(b.Sel[0])
	}
	row := make([]types.Value, len(b.Cols))
	for i, c := range b.Cols {
		row[i] = c.Value(at)
	}
	return row
}
