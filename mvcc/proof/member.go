package proof

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// member is one goroutine of a crowd.
type member struct {
	*crowd
	rng     *rand.Rand
	txn     *mvcc.Txn
	effects []effect // of txn
}

// overlap is how long a transaction may wait for others before it commits: what it checked when it wrote
// must be checked again.
const overlap = 2 * time.Millisecond

// work commits transactions, those that do not get in each other's way.
func (m *member) work() (err error) {
	defer guard(&err)
	for range memberTxns {
		if err := m.transaction(); err != nil && !conflict(err) {
			return err
		}
	}
	return nil
}

// conflict reports whether others may be the cause of an error: a row, a schema or a key was taken.
func conflict(err error) bool {
	switch sqlerr.StateOf(err) {
	case sqlerr.SerializationFailure, sqlerr.UniqueViolation, sqlerr.UndefinedTable:
		return true
	}
	return false
}

func (m *member) transaction() error {
	m.txn, m.effects = m.store.Begin(mvcc.TxnOptions{}), nil
	defer m.txn.Rollback()
	m.promise(m.txn.Snapshot())
	for range 1 + m.rng.IntN(3) {
		mark, before := m.txn.Savepoint(), len(m.effects)
		if err := m.random(); err != nil {
			return err
		}
		if m.rng.IntN(8) == 0 {
			m.txn.RollbackTo(mark)
			m.effects = m.effects[:before]
		}
	}
	if len(m.effects) == 0 || m.rng.IntN(12) == 0 {
		return nil
	}
	async := m.rng.IntN(8) < m.async
	m.txn.SetAsync(async)
	time.Sleep(time.Duration(m.rng.Int64N(int64(overlap))))
	at, err := m.txn.Commit(context.Background())
	if err != nil {
		return err
	}
	return m.note(at, m.effects, !async)
}

// random does one random thing to one random table that the snapshot has.
func (m *member) random() error {
	tables := m.known()
	if len(tables) == 0 || len(tables) < 4 && m.rng.IntN(20) == 0 {
		return m.create()
	}
	id := tables[m.rng.IntN(len(tables))]
	table, err := m.txn.Table(id)
	if sqlerr.StateOf(err) == sqlerr.UndefinedTable {
		return m.create()
	}
	if err != nil {
		return err
	}
	switch n := m.rng.IntN(60); {
	case n < 26:
		return m.insert(id, table)
	case n < 38:
		return m.change(id, table, replaces)
	case n < 50:
		return m.change(id, table, deletes)
	case n < 54:
		return m.alter(id, table)
	case n < 55:
		m.effects = append(m.effects, effect{kind: drops, id: id})
		return m.txn.DropTable(id)
	}
	return m.load(id, table)
}

func (m *member) create() error {
	id := m.store.NewID()
	e := effect{kind: creates, id: id, name: fmt.Sprint("table", id), schema: newSchema(m.rng.IntN(2) == 0)}
	m.effects = append(m.effects, e)
	return m.txn.CreateTable(id, e.name, e.schema)
}

// row makes a row of random values and notes the effect.
func (m *member) row(b *batch, kind effectKind, id mvcc.TableID, key int64) {
	values := make([]types.Value, 0, len(b.defs)-1)
	for _, def := range b.defs[1:] {
		values = append(values, randomValue(m.rng, def.Type))
	}
	m.effects = append(m.effects, effect{kind: kind, id: id, key: key, row: b.add(key, values)})
}

// contended is how many of a table's rows are changed: the first ones, which members fight for.
const contended = 12

// hotKeys are keys that several members try to insert.
const hotKeys = 8

// insert appends rows with keys of their own and, under a unique key, one that others want, too.
func (m *member) insert(id mvcc.TableID, table *mvcc.Table) error {
	b := newBatch(table.Schema())
	for range 1 + m.rng.IntN(8) {
		m.row(b, inserts, id, hotKeys+m.keys.Add(1))
	}
	if len(table.Schema().Keys) > 0 && m.rng.IntN(3) == 0 {
		m.row(b, inserts, id, int64(m.rng.IntN(hotKeys)))
	}
	return m.txn.Append(id, b.batch())
}

// change replaces or deletes some of the rows that the transaction sees.
func (m *member) change(id mvcc.TableID, table *mvcc.Table, kind effectKind) error {
	rows, err := scan(table)
	if err != nil || len(rows) == 0 {
		return err
	}
	b := newBatch(table.Schema())
	var places []columnar.RowID
	rows = rows[:min(contended, len(rows))]
	for _, i := range m.rng.Perm(len(rows))[:1+m.rng.IntN(min(4, len(rows)))] {
		places = append(places, rows[i].id)
		if kind == deletes {
			m.effects = append(m.effects, effect{kind: deletes, id: id, key: rows[i].a})
		} else {
			m.row(b, replaces, id, rows[i].a)
		}
	}
	if err := m.txn.Delete(id, places); err != nil || kind == deletes {
		return err
	}
	return m.txn.Append(id, b.batch())
}

func (m *member) alter(id mvcc.TableID, table *mvcc.Table) error {
	e := effect{kind: alters, id: id, name: table.Name() + "x", schema: table.Schema()}
	e.schema.Columns = slices.Clone(e.schema.Columns)
	if n := len(e.schema.Columns); n > 2 && m.rng.IntN(2) == 0 {
		e.schema.Columns = e.schema.Columns[:n-1]
	} else {
		e.schema.Columns = append(e.schema.Columns, newColumn(m.rng, m.names.Add(1)))
	}
	m.effects = append(m.effects, e)
	return m.txn.AlterTable(id, e.name, e.schema)
}

// load appends rows in two parts.
func (m *member) load(id mvcc.TableID, table *mvcc.Table) error {
	w, err := m.txn.Writer(id)
	if err != nil {
		return err
	}
	for part := range 2 {
		b := newBatch(table.Schema())
		for range m.rng.IntN(30) {
			m.row(b, inserts, id, hotKeys+m.keys.Add(1))
		}
		a := w.Appender(part)
		if err := errors.Join(a.Append(b.batch()), a.Close()); err != nil {
			return err
		}
	}
	return w.Finish(context.Background())
}
