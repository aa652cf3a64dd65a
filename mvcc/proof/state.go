package proof

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// State is the content of a database. A State that was handed out is never changed.
type State map[mvcc.TableID]*Table

// Table is the content of one table. Rows are found by their first column, whose values are unique,
// and hold the other columns' values as text.
type Table struct {
	Name   string
	Schema mvcc.Schema
	Rows   map[int64]string
}

// separator stands between the values of a row.
const separator = "\x1f"

// text is a value as a row of the model holds it.
func text(v types.Value) string {
	switch {
	case v.Null || v.Type.Kind == types.Unknown:
		return "NULL"
	case v.Type.IsText():
		return "'" + v.S
	}
	return fmt.Sprint(v.I)
}

// clone is a copy whose rows may be changed.
func (t *Table) clone() *Table {
	return &Table{Name: t.Name, Schema: t.Schema, Rows: maps.Clone(t.Rows)}
}

// keys lists the rows in order, so that a choice among them depends on the seed only.
func (t *Table) keys() []int64 { return slices.Sorted(maps.Keys(t.Rows)) }

// ids lists the tables in order.
func (s State) ids() []mvcc.TableID { return slices.Sorted(maps.Keys(s)) }

// Equal compares names, columns, keys and rows.
func (s State) Equal(other State) bool { return s.Diff(other) == "" }

// Diff tells the first difference, "" when there is none.
func (s State) Diff(other State) string {
	for id, t := range s {
		o := other[id]
		switch {
		case o == nil:
			return fmt.Sprintf("table %d is missing", id)
		case t.Name != o.Name:
			return fmt.Sprintf("table %d is named %s, not %s", id, o.Name, t.Name)
		case signature(t.Schema) != signature(o.Schema):
			return fmt.Sprintf("table %d has schema %s, not %s", id, signature(o.Schema), signature(t.Schema))
		case !maps.Equal(t.Rows, o.Rows):
			return fmt.Sprintf("table %d: %s", id, diffRows(t.Rows, o.Rows))
		}
	}
	for id := range other {
		if s[id] == nil {
			return fmt.Sprintf("table %d is there", id)
		}
	}
	return ""
}

func diffRows(want, got map[int64]string) string {
	for a, row := range want {
		if other, there := got[a]; !there || other != row {
			return fmt.Sprintf("%d rows, not %d; row %d is %.60q (there: %v), not %.60q", len(got), len(want), a, other, there, row)
		}
	}
	return fmt.Sprintf("%d rows, not %d", len(got), len(want))
}

func signature(s mvcc.Schema) string {
	var b strings.Builder
	for _, c := range s.Columns {
		fmt.Fprintf(&b, "%d %s %v %v %s,", c.FieldID, c.Name, c.Type, c.NotNull, text(c.Missing))
	}
	for _, k := range s.Keys {
		fmt.Fprintf(&b, "%s%v%v", k.Name, k.Fields, k.NullsEqual)
	}
	return b.String()
}

// row is a visible row and its place.
type row struct {
	id   columnar.RowID
	a    int64
	rest string
}

// read gives the content of the tables as a transaction sees it.
func read(txn *mvcc.Txn, ids []mvcc.TableID) (State, error) {
	s := State{}
	for _, id := range ids {
		table, err := txn.Table(id)
		if sqlerr.StateOf(err) == sqlerr.UndefinedTable {
			continue
		}
		if err != nil {
			return nil, err
		}
		rows, err := scan(table)
		if err != nil {
			return nil, err
		}
		t := &Table{Name: table.Name(), Schema: table.Schema(), Rows: make(map[int64]string, len(rows))}
		for _, r := range rows {
			t.Rows[r.a] = r.rest
		}
		if len(t.Rows) != len(rows) || table.Rows() != int64(len(rows)) {
			return nil, violated("table %d has %d rows with %d keys and says %d", id, len(rows), len(t.Rows), table.Rows())
		}
		if err := checkIndexes(table); err != nil {
			return nil, err
		}
		s[id] = t
	}
	return s, nil
}

// scan reads a table as a scan operator does.
func scan(table *mvcc.Table) ([]row, error) {
	var rows []row
	for _, view := range table.Chunks() {
		var cols []*columnar.Vector
		for _, def := range table.Schema().Columns {
			c, err := view.Column(context.Background(), def.FieldID)
			if err != nil {
				return nil, err
			}
			cols = append(cols, c)
		}
		deleted := view.Deleted()
		for from := 0; from < view.Rows(); from += columnar.BatchSize {
			to := min(from+columnar.BatchSize, view.Rows())
			for _, i := range live(deleted, from, to) {
				at := from + int(i)
				rows = append(rows, row{columnar.MakeRowID(view.ID(), uint32(at)), cols[0].Value(at).I, rest(cols, at)})
			}
		}
	}
	return rows, nil
}

// live selects the rows from..to that are not deleted.
func live(deleted *mvcc.Bitmap, from, to int) []uint32 {
	if deleted != nil {
		if sel := deleted.Keep(from, to, nil); sel != nil {
			return sel
		}
	}
	all := make([]uint32, to-from)
	for i := range all {
		all[i] = uint32(i)
	}
	return all
}

func rest(cols []*columnar.Vector, at int) string {
	values := make([]string, 0, len(cols)-1)
	for _, c := range cols[1:] {
		values = append(values, text(c.Value(at)))
	}
	return strings.Join(values, separator)
}
