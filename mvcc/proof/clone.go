package proof

import (
	"context"

	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/sqlerr"
)

// clone makes a table of another, as the transaction sees it or as an earlier version had it.
func (c *change) clone(id mvcc.TableID) error {
	if len(c.state) > 6 {
		return nil
	}
	from, model := c.txn, c.state[id]
	if at, state := c.w.earlier(id); state != nil && c.w.rng.IntN(2) == 0 {
		txn, err := c.w.store.BeginAt(at)
		if sqlerr.StateOf(err) == sqlerr.SnapshotTooOld {
			return nil
		}
		if err != nil {
			return err
		}
		defer txn.Rollback() // the clone holds the version itself
		from, model = txn, state[id]
	}
	src, err := from.Table(id)
	if err != nil {
		return err
	}
	to := c.w.store.NewID()
	c.w.known[to] = true
	c.state[to] = model.clone()
	return c.txn.CloneTable(context.Background(), to, model.Name, model.Schema, src)
}

// earlier picks a version that had a table, a nil State when there is none.
func (w *Workload) earlier(id mvcc.TableID) (mvcc.Timestamp, State) {
	at := w.store.Oldest() + mvcc.Timestamp(w.rng.IntN(8))
	if state := w.past[at]; state[id] != nil {
		return at, state
	}
	return 0, nil
}
