package write

import (
	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/buffer"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Propose reads all rows that INSERT … ON CONFLICT would insert and checks them.
func (t *Target) Propose(q *exec.Query, op exec.Operator) (*buffer.Table, error) {
	kinds := make([]types.Type, len(t.RowCols))
	for i := range t.RowCols {
		kinds[i] = t.RowCols[i].Typ
	}
	rows, err := collect(q, op, kinds)
	if err != nil {
		return nil, err
	}
	c, err := t.checker(q.Workers[0])
	if err != nil {
		return nil, err
	}
	return rows, q.Guard(q.Workers[0], func(*exec.Worker) error {
		return eachBatch(rows, len(kinds), allRows(rows.Rows), func(b *columnar.Batch) error {
			if err := t.Txn.CheckRows(t.Table.ID, t.stored(b)); err != nil {
				return err
			}
			return c.check(b)
		})
	})
}

func allRows(n int) []uint32 {
	rows := make([]uint32, n)
	for i := range rows {
		rows[i] = uint32(i)
	}
	return rows
}

// InsertRows appends some proposed rows, by ascending number, and gives how many.
func (t *Target) InsertRows(q *exec.Query, rows *buffer.Table, keep []uint32) (int64, error) {
	c, err := t.checker(q.Workers[0])
	if err != nil {
		return 0, err
	}
	err = q.Guard(q.Workers[0], func(*exec.Worker) error {
		return eachBatch(rows, len(t.RowCols), keep, func(b *columnar.Batch) error {
			if err := t.Txn.Append(t.Table.ID, t.stored(b)); err != nil {
				return err
			}
			return c.emit(b)
		})
	})
	return int64(len(keep)), err
}

// TouchedTwice is the error of ON CONFLICT DO UPDATE that would change a row a second time.
func TouchedTwice() error {
	return sqlerr.New(sqlerr.CardinalityViolation, "ON CONFLICT DO UPDATE command cannot affect row a second time").
		WithHint("Ensure that no rows proposed for insertion within the same command have duplicate constrained values.")
}
