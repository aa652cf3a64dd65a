package proof

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/columnar/segment"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// change is a transaction and the state that its commit leads to.
type change struct {
	w     *Workload
	txn   *mvcc.Txn
	state State
}

// random does one random thing to one random table.
func (c *change) random() error {
	rng := c.w.rng
	ids := c.state.ids()
	if len(ids) == 0 || len(ids) < 4 && rng.IntN(12) == 0 {
		return c.create()
	}
	id := ids[rng.IntN(len(ids))]
	switch n := rng.IntN(42); {
	case n < 16:
		return c.insert(id)
	case n < 24:
		return c.update(id)
	case n < 32:
		return c.delete(id)
	case n < 35:
		return c.alter(id)
	case n < 36:
		delete(c.state, id)
		return c.txn.DropTable(id)
	case n < 38:
		return c.load(id)
	case n < 40:
		return c.clone(id)
	}
	return c.duplicate(id)
}

// andBack does something and goes back to before it.
func (c *change) andBack() error {
	mark, before := c.txn.Savepoint(), maps.Clone(c.state)
	if err := c.random(); err != nil {
		return err
	}
	c.txn.RollbackTo(mark)
	c.state = before
	return nil
}

// own gives a table's rows to write to.
func (c *change) own(id mvcc.TableID) *Table {
	t := c.state[id].clone()
	c.state[id] = t
	return t
}

func (c *change) create() error {
	id := c.w.store.NewID()
	c.w.known[id] = true
	schema := newSchema(c.w.rng.IntN(2) == 0)
	t := &Table{Name: fmt.Sprint("table", id), Schema: schema, Rows: map[int64]string{}}
	c.state[id] = t
	return c.txn.CreateTable(id, t.Name, schema)
}

// newSchema is that of a new table: a number, unique or not, and a text, with indexes of every kind.
func newSchema(unique bool) mvcc.Schema {
	s := mvcc.Schema{Columns: []mvcc.ColumnDef{
		{FieldID: 1, Name: "a", Type: types.TBigInt, NotNull: true, Missing: types.Null(types.TBigInt)},
		{FieldID: 2, Name: "b", Type: types.TText, Missing: types.Null(types.TText)},
	}}
	s.Indexes = []mvcc.Index{{Kind: index.Ordered, Fields: []int32{2, 1}}, {Kind: index.Hash, Fields: []int32{2}}, {Kind: index.Bitmap, Fields: []int32{2}}}
	if unique {
		s.Keys = []mvcc.Key{{Name: "a_key", Fields: []int32{1}}, {Name: "b_a_key", Fields: []int32{2, 1}, NullsEqual: true}}
	}
	return s
}

// newColumn is one to add: old rows read it as NULL or as a constant.
func newColumn(rng *rand.Rand, field int32) mvcc.ColumnDef {
	def := mvcc.ColumnDef{FieldID: field, Name: fmt.Sprint("c", field), Type: types.TInteger, Missing: types.Null(types.TInteger)}
	if rng.IntN(2) == 0 {
		def.Missing = types.Int(types.TInteger, int64(rng.IntN(100)))
	}
	return def
}

// insert appends a few rows.
func (c *change) insert(id mvcc.TableID) error {
	t := c.own(id)
	b := newBatch(t.Schema)
	for range 1 + c.w.rng.IntN(12) {
		c.w.next++
		t.Rows[c.w.next] = b.add(c.w.next, c.values(t.Schema))
	}
	return c.txn.Append(id, b.batch())
}

// values makes the values behind the first column.
func (c *change) values(s mvcc.Schema) []types.Value {
	values := make([]types.Value, 0, len(s.Columns)-1)
	for _, def := range s.Columns[1:] {
		values = append(values, randomValue(c.w.rng, def.Type))
	}
	return values
}

// randomValue is NULL now and then; a text is rarely longer than a block of the log.
func randomValue(rng *rand.Rand, t types.Type) types.Value {
	switch {
	case rng.IntN(8) == 0:
		return types.Null(t)
	case t.IsText():
		length := 1 + rng.IntN(20)
		if rng.IntN(1500) == 0 {
			length = rng.IntN(100_000)
		}
		return types.Str(t, strings.Repeat(string(rune('a'+rng.IntN(26))), length))
	}
	return types.Int(t, int64(rng.IntN(1000)-500))
}

// choose gives the places of about a share of the rows; 1 means all.
func (c *change) choose(id mvcc.TableID, share int) ([]row, []columnar.RowID, error) {
	table, err := c.txn.Table(id)
	if err != nil {
		return nil, nil, err
	}
	all, err := scan(table)
	if err != nil {
		return nil, nil, err
	}
	if len(all) != len(c.state[id].Rows) {
		return nil, nil, violated("a transaction sees %d rows of table %d, not %d", len(all), id, len(c.state[id].Rows))
	}
	rows := slices.DeleteFunc(all, func(row) bool { return c.w.rng.IntN(share) != 0 })
	places := make([]columnar.RowID, len(rows))
	for i, r := range rows {
		places[i] = r.id
	}
	return rows, places, nil
}

func (c *change) delete(id mvcc.TableID) error {
	share := 4
	if c.w.rng.IntN(8) == 0 {
		share = 1
	}
	rows, places, err := c.choose(id, share)
	if err != nil {
		return err
	}
	t := c.own(id)
	for _, r := range rows {
		delete(t.Rows, r.a)
	}
	return c.txn.Delete(id, places)
}

// update deletes rows and appends them with other values.
func (c *change) update(id mvcc.TableID) error {
	rows, places, err := c.choose(id, 5)
	if err != nil || len(rows) == 0 {
		return err
	}
	t := c.own(id)
	b := newBatch(t.Schema)
	for _, r := range rows {
		t.Rows[r.a] = b.add(r.a, c.values(t.Schema))
	}
	return errors.Join(c.txn.Delete(id, places), c.txn.Append(id, b.batch()))
}

// alter renames the table and adds a column that old rows read as a constant, or drops the last one.
func (c *change) alter(id mvcc.TableID) error {
	t := c.own(id)
	schema := t.Schema
	schema.Columns = slices.Clone(schema.Columns)
	if n := len(schema.Columns); n > 2 && c.w.rng.IntN(2) == 0 {
		schema.Columns = schema.Columns[:n-1]
	} else {
		c.w.field++
		schema.Columns = append(schema.Columns, newColumn(c.w.rng, c.w.field))
	}
	t.alter(t.Name+"x", schema)
	return c.txn.AlterTable(id, t.Name, t.Schema)
}

// load appends rows from two parts of an input; once, if at all, enough for whole chunks, most of
// which it deletes again.
func (c *change) load(id mvcc.TableID) error {
	writer, err := c.txn.Writer(id)
	if err != nil {
		return err
	}
	t := c.own(id)
	rows := c.w.rng.IntN(30)
	if !c.w.loaded {
		c.w.loaded, rows = true, segment.MaxRows+c.w.rng.IntN(5000)
	}
	for part, count := range []int{rows, c.w.rng.IntN(30)} {
		b := newBatch(t.Schema)
		for range count {
			c.w.next++
			t.Rows[c.w.next] = b.add(c.w.next, c.values(t.Schema))
		}
		a := writer.Appender(part)
		if err := errors.Join(a.Append(b.batch()), a.Close()); err != nil {
			return err
		}
	}
	if err := writer.Finish(context.Background()); err != nil || rows < segment.MaxRows {
		return err
	}
	return c.thin(id)
}

// thin leaves few rows, so that the model stays small.
func (c *change) thin(id mvcc.TableID) error {
	rows, places, err := c.choose(id, 1)
	if err != nil {
		return err
	}
	t := c.own(id)
	var gone []columnar.RowID
	for i, r := range rows {
		if c.w.rng.IntN(10_000) != 0 {
			delete(t.Rows, r.a)
			gone = append(gone, places[i])
		}
	}
	return c.txn.Delete(id, gone)
}

// duplicate appends a key that is taken: it must be refused, and nothing else change.
func (c *change) duplicate(id mvcc.TableID) error {
	t := c.state[id]
	if len(t.Schema.Keys) == 0 || len(t.Rows) == 0 {
		return nil
	}
	keys := t.keys()
	b := newBatch(t.Schema)
	a := keys[c.w.rng.IntN(len(keys))]
	b.add(a, c.values(t.Schema))
	err := c.txn.Append(id, b.batch())
	switch {
	case err == nil:
		return violated("table %d takes key %d twice", id, a)
	case sqlerr.StateOf(err) == sqlerr.UniqueViolation:
		return nil
	}
	return err
}
