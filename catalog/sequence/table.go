package sequence

import (
	"context"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/types"
)

// tableID is the system table of all sequences' states.
const tableID mvcc.TableID = 2

// Field ids of the table.
const (
	fieldID int32 = iota + 1
	fieldLast
	fieldCalled
)

func tableSchema() mvcc.Schema {
	return mvcc.Schema{
		Columns: []mvcc.ColumnDef{
			{FieldID: fieldID, Name: "id", Type: types.TBigInt, NotNull: true},
			{FieldID: fieldLast, Name: "last_value", Type: types.TBigInt, NotNull: true},
			{FieldID: fieldCalled, Name: "is_called", Type: types.TBigInt, NotNull: true},
		},
		Keys: []mvcc.Key{{Name: "sequences_pkey", Fields: []int32{fieldID}}},
	}
}

// row is the state of a sequence as a transaction sees it.
type row struct {
	id    catalog.ID
	at    columnar.RowID
	state State
}

// find looks for a sequence's row; nil when there is none.
func find(ctx context.Context, txn *mvcc.Txn, id catalog.ID) (*row, error) {
	return search(ctx, txn, id, func(*mvcc.View) bool { return true })
}

// findOwn finds the row if txn itself wrote it.
func findOwn(ctx context.Context, txn *mvcc.Txn, id catalog.ID) (*row, error) {
	return search(ctx, txn, id, (*mvcc.View).Own)
}

func search(ctx context.Context, txn *mvcc.Txn, id catalog.ID, in func(*mvcc.View) bool) (*row, error) {
	table, err := txn.Table(tableID)
	if err != nil {
		return nil, err
	}
	key := []types.Value{types.Int(types.TBigInt, int64(id))}
	for _, chunk := range table.Chunks() {
		if !in(chunk) {
			continue
		}
		rows, err := chunk.Seek(ctx, []int32{fieldID}, key, nil)
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 {
			return read(ctx, chunk, rows[0], id)
		}
	}
	return nil, nil
}

func read(ctx context.Context, chunk *mvcc.View, at uint32, id catalog.ID) (*row, error) {
	last, err := chunk.Column(ctx, fieldLast)
	if err != nil {
		return nil, err
	}
	called, err := chunk.Column(ctx, fieldCalled)
	if err != nil {
		return nil, err
	}
	return &row{id: id, at: columnar.MakeRowID(chunk.ID(), at), state: State{Last: last.Int(int(at)), Called: called.Int(int(at)) != 0}}, nil
}

// all lists the rows.
func all(ctx context.Context, txn *mvcc.Txn) ([]*row, error) {
	table, err := txn.Table(tableID)
	if err != nil {
		return nil, err
	}
	var rows []*row
	for _, chunk := range table.Chunks() {
		ids, err := chunk.Column(ctx, fieldID)
		if err != nil {
			return nil, err
		}
		deleted := chunk.Deleted()
		for i := range chunk.Rows() {
			if deleted.Contains(uint32(i)) {
				continue
			}
			r, err := read(ctx, chunk, uint32(i), catalog.ID(ids.Int(i)))
			if err != nil {
				return nil, err
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

func (r *row) remove(txn *mvcc.Txn) error { return txn.Delete(tableID, []columnar.RowID{r.at}) }

func (r *row) replace(txn *mvcc.Txn, to State) error {
	if err := r.remove(txn); err != nil {
		return err
	}
	return insert(txn, r.id, to)
}

func insert(txn *mvcc.Txn, id catalog.ID, s State) error {
	called := int64(0)
	if s.Called {
		called = 1
	}
	b := &columnar.Batch{Len: 1}
	for _, v := range []int64{int64(id), s.Last, called} {
		b.Cols = append(b.Cols, &columnar.Vector{Type: types.TBigInt, Layout: columnar.I64, Len: 1, I64: []int64{v}})
	}
	return txn.Append(tableID, b)
}
