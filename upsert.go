package oxidb

import (
	"context"
	"slices"
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
	bindTarget(target, values)
	out := changes(target, "INSERT", names)
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
	columns := make([]*columnar.Vector, len(m.table.Columns))
	for i := range columns {
		columns[i] = rows.Column(i)
	}
	arbiters := make([]*arbiter, len(m.conflict.Keys))
	for i, x := range m.conflict.Keys {
		finder, err := m.txn.KeyFinder(m.table.ID, x.Name)
		if err != nil {
			return err
		}
		a := &arbiter{finder: finder, fields: x.Fields, met: make([]int64, rows.Rows), new: map[string]struct{}{}}
		if a.cols, err = finder.Columns(columns, rows.Rows); err != nil {
			return err
		}
		for at := range a.met {
			a.met[at] = none
		}
		if err := finder.Find(ctx, a.cols, rows.Rows, func(row uint32, id columnar.RowID) { a.met[row] = int64(id) }); err != nil {
			return err
		}
		arbiters[i] = a
	}
	for i := range rows.Rows {
		if err := m.place(arbiters, i); err != nil {
			return err
		}
	}
	return nil
}

// none stands for no row.
const none = -1

// place tells rows to insert from those that meet another.
func (m *meeting) place(arbiters []*arbiter, i int) error {
	for _, a := range arbiters {
		if !a.finder.Covers(a.cols, i) {
			continue
		}
		a.key = a.finder.AppendKey(a.key[:0], a.cols, i)
		if _, twice := a.new[string(a.key)]; twice {
			if m.conflict.Update == nil {
				return nil
			}
			return write.TouchedTwice()
		}
		if a.met[i] != none {
			m.noteMet(a, i)
			m.met[i] = a.met[i]
			m.meets = append(m.meets, uint32(i))
			return nil
		}
	}
	for _, a := range arbiters {
		if a.finder.Covers(a.cols, i) {
			a.new[string(a.finder.AppendKey(nil, a.cols, i))] = struct{}{}
		}
	}
	m.fresh = append(m.fresh, uint32(i))
	return nil
}

// noteMet makes DO NOTHING rely on the row that it met: without it the row would have been inserted.
func (m *meeting) noteMet(a *arbiter, i int) {
	if m.conflict.Update == nil && m.txn.Serializable() {
		if ordered.HasNull(a.cols, i) || slices.ContainsFunc(a.fields, func(f int32) bool { return m.table.OrdinalOf(f) < 0 }) { // reads by key know values of columns only
			m.txn.NoteRead(m.table.ID, mvcc.Read{})
			return
		}
		m.txn.NoteRead(m.table.ID, mvcc.Read{Fields: a.fields, Key: keyValues(nil, a.fields, a.fields, columnTypes(m.table, a.fields), a.cols, i), Presence: true})
	}
}

// arbiter is one unique index with the proposed rows' columns of it.
type arbiter struct {
	finder *mvcc.KeyFinder
	fields []int32
	cols   []*columnar.Vector
	met    []int64             // the row that has each proposed row's key
	new    map[string]struct{} // keys of rows that are to be inserted
	key    []byte
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
