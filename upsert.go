package oxidb

import (
	"context"
	"strings"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/exec/scan"
	"github.com/oxidb/oxidb/exec/write"
	"github.com/oxidb/oxidb/index/ordered"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// upsert runs INSERT … ON CONFLICT: it reads all proposed rows, finds those that meet a row by their
// keys, inserts the others, and with DO UPDATE changes the rows that were met by one update.
func (sc *scope) upsert(ctx context.Context, stmt *plan.Insert, values []types.Value, kept *boundVariant) (*Result, error) {
	target, input, _, names := sc.target(stmt)
	out := changes(target, "INSERT", names, values)
	root, err := sc.plan(input, values, kept)
	if err != nil {
		return nil, err
	}
	r, err := sc.start(ctx, root, false)
	if err != nil {
		return nil, err
	}
	defer r.query.Close()
	rows, err := target.Propose(r.query, r.op)
	if err != nil {
		return nil, err
	}
	m := &meeting{scope: sc, table: stmt.Table, conflict: stmt.Conflict, met: make([]int64, rows.Rows)}
	if err := m.find(ctx, rows); err != nil {
		return nil, err
	}
	done := []*effect{{table: stmt.Table, place: sc.txn.Place(stmt.Table.ID), wrote: true}}
	sc.txn.Arbitrate(stmt.Table.ID, indexNames(stmt.Conflict.Keys))
	inserted, err := target.InsertRows(r.query, rows, m.fresh)
	if err != nil {
		return nil, m.overtaken(err)
	}
	out.affected = inserted
	if stmt.Conflict.Update != nil && len(m.meets) > 0 {
		updated, next, err := m.update(ctx, rows, values)
		if err != nil {
			return nil, err
		}
		out.affected += updated.affected
		out.records = append(out.records, updated.records...)
		done = append(done, next)
	}
	return out.result(), sc.enforce(ctx, done...)
}

func indexNames(list []catalog.Index) []string {
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].Name
	}
	return names
}

// meeting finds out which proposed rows meet which rows.
type meeting struct {
	*scope
	table    *catalog.Table
	conflict *plan.Conflict
	// met is the id of the row that each proposed row meets, or one of:
	met []int64
	// fresh are the rows to insert, meets those that meet a row of the table, both ascending.
	fresh, meets []uint32
}

// find looks the keys up. A row may meet another one of the statement: DO NOTHING drops it, DO UPDATE
// must not touch a row twice.
func (m *meeting) find(ctx context.Context, rows *buffer.Table) error {
	arbiters := make([]*arbiter, len(m.conflict.Keys))
	for i, x := range m.conflict.Keys {
		finder, err := m.txn.Finder(m.table.ID, x.Fields)
		if err != nil {
			return err
		}
		arbiters[i] = &arbiter{finder: finder, kinds: columnTypes(m.table, x.Fields), fields: x.Fields, new: map[string]struct{}{}}
		for _, f := range x.Fields {
			arbiters[i].cols = append(arbiters[i].cols, rows.Column(m.table.OrdinalOf(f)))
		}
	}
	for i := range rows.Rows {
		if err := m.findRow(ctx, arbiters, i); err != nil {
			return err
		}
	}
	return nil
}

func (m *meeting) findRow(ctx context.Context, arbiters []*arbiter, i int) error {
	for _, a := range arbiters {
		if ordered.HasNull(a.cols, i) {
			continue
		}
		a.key = ordered.AppendKey(a.key[:0], a.cols, i)
		if _, twice := a.new[string(a.key)]; twice {
			if m.conflict.Update == nil {
				return nil
			}
			return write.TouchedTwice()
		}
		id, ok, err := a.find(ctx, i)
		if err != nil {
			return err
		}
		if ok {
			m.noteMet(a, i)
			m.met[i] = int64(id)
			m.meets = append(m.meets, uint32(i))
			return nil
		}
	}
	for _, a := range arbiters {
		if !ordered.HasNull(a.cols, i) {
			a.new[string(ordered.AppendKey(nil, a.cols, i))] = struct{}{}
		}
	}
	m.fresh = append(m.fresh, uint32(i))
	return nil
}

// noteMet makes DO NOTHING rely on the row that it met: without it the row would have been inserted.
func (m *meeting) noteMet(a *arbiter, i int) {
	if m.conflict.Update == nil && m.txn.Serializable() {
		m.txn.NoteRead(m.table.ID, mvcc.Read{Fields: a.fields, Key: keyValues(nil, a.fields, a.fields, a.kinds, a.cols, i), Presence: true})
	}
}

// arbiter is one unique index with the proposed rows' columns of it.
type arbiter struct {
	finder *mvcc.Finder
	fields []int32
	kinds  []types.Type
	cols   []*columnar.Vector
	new    map[string]struct{} // keys of rows that are to be inserted
	key    []byte
	values []types.Value
	found  []columnar.RowID
}

func (a *arbiter) find(ctx context.Context, i int) (columnar.RowID, bool, error) {
	a.values = keyValues(a.values[:0], a.fields, a.fields, a.kinds, a.cols, i)
	var err error
	if a.found, err = a.finder.Find(ctx, a.values, a.found[:0]); err != nil || len(a.found) == 0 {
		return 0, false, err
	}
	return a.found[0], true, nil
}

// overtaken turns the violation of a key that was free in the snapshot into a conflict with the
// transaction that took it.
func (m *meeting) overtaken(err error) error {
	if sqlerr.StateOf(err) != sqlerr.UniqueViolation {
		return err
	}
	for _, x := range m.conflict.Keys {
		if strings.Contains(err.Error(), `"`+x.Name+`"`) {
			return sqlerr.New(sqlerr.SerializationFailure, "could not serialize access due to concurrent update")
		}
	}
	return err
}

// update changes the rows that were met.
func (m *meeting) update(ctx context.Context, rows *buffer.Table, values []types.Value) (*changed, *effect, error) {
	chunk := &vectorChunk{cols: map[int32]*columnar.Vector{}, rows: len(m.meets)}
	copied := func(v *columnar.Vector) *columnar.Vector {
		b := segment.NewColumnBuilder(v.Type)
		b.Append(v, m.meets)
		return b.View(len(m.meets))
	}
	for i, c := range m.table.Columns {
		chunk.cols[c.FieldID] = copied(rows.Column(i))
		chunk.cols[c.FieldID].Type = c.Type
	}
	met := &columnar.Vector{Type: types.TBigInt, Layout: columnar.I64, Len: len(m.met), I64: m.met}
	chunk.cols[plan.MetField] = copied(met)
	ids := make([]columnar.RowID, len(m.meets))
	for i, row := range m.meets {
		ids[i] = columnar.RowID(m.met[row])
	}
	target, err := m.someRows(m.table, ids)
	if err != nil {
		return nil, nil, err
	}
	m.setTransient(m.conflict.Proposed.ID, []scan.Chunk{chunk}, len(m.meets))
	m.setTransient(m.conflict.Target.ID, target, len(m.meets))
	return m.apply(ctx, m.conflict.Update, values, nil, nil)
}
