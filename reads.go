package oxidb

import (
	"context"

	"github.com/oxidb/oxidb/columnar"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/expr"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// noteScan records what a scan reads, for the validation of serializable transactions. The system
// tables' rows come from the catalog, which records on its own what is asked of it; nothing changes an
// earlier version.
func (sc *scope) noteScan(n *plan.Scan) {
	if n.Table.ID >= systemID || n.Table.Past != nil || !sc.txn.Serializable() && !sc.checking {
		return
	}
	r := sc.readOf(n)
	r.Always = sc.checking
	sc.txn.NoteRead(n.Table.ID, r)
}

// readOf is the rows that a scan reads, or more: those with the key that it seeks, or those for which
// its conditions hold as far as they can be evaluated again. Runtime filters are left out: they depend
// on other tables.
func (sc *scope) readOf(n *plan.Scan) mvcc.Read {
	if key := soughtKey(n); key != nil {
		return mvcc.Read{Fields: n.Seek.Path.Fields, Key: key}
	}
	used := plan.ColumnSet{}
	m := &scanMatch{context: sc.functions()}
	for _, e := range n.Filters {
		if refs := repeatable(e, n); refs != nil {
			m.filters = append(m.filters, e)
			for id := range refs {
				used.Add(id)
			}
		}
	}
	if len(m.filters) == 0 {
		return mvcc.Read{}
	}
	var fields []int32
	for i := range n.Cols {
		if used.Has(n.Cols[i].ID) {
			fields = append(fields, n.Table.Columns[n.Cols[i].Ordinal].FieldID)
			m.cols = append(m.cols, n.Cols[i])
		}
	}
	return mvcc.Read{Fields: fields, Match: m.any}
}

// soughtKey is the one key that a scan seeks in a unique index, nil when it does something else.
func soughtKey(n *plan.Scan) []types.Value {
	if n.Seek == nil || !n.Seek.Unique || n.Seek.Lookups() != 1 {
		return nil
	}
	key := make([]types.Value, len(n.Seek.Equal))
	for i, values := range n.Seek.Equal {
		c, ok := values[0].(*plan.Const)
		if !ok || c.Value.Null {
			return nil
		}
		key[i] = c.Value
		at := n.Table.OrdinalOf(n.Seek.Path.Fields[i])
		if at < 0 { // computed by the index: reads know columns only
			return nil
		}
		key[i].Type = n.Table.Columns[at].Type
	}
	return key
}

// repeatable gives the columns of a condition that depends on a row's values alone, nil for others: a
// condition on row ids, with a subquery or with random() cannot be asked of new rows.
func repeatable(e plan.Expr, n *plan.Scan) plan.ColumnSet {
	ok := true
	plan.Walk(e, func(e plan.Expr) bool {
		switch e := e.(type) {
		case *plan.RuntimeValue:
			ok = false
		case *plan.Call:
			ok = ok && !e.Fn.Volatile
		case *plan.Column:
			ok = ok && (n.RowID == nil || n.RowID.ID != e.ID)
		}
		return ok
	})
	if !ok {
		return nil
	}
	refs := plan.ColumnSet{}
	plan.AddRefs(refs, e)
	return refs
}

// scanMatch evaluates a scan's conditions on rows that others committed.
type scanMatch struct {
	filters []plan.Expr
	cols    expr.Input
	context *function.Context
}

// any reports whether the conditions hold for any of n rows. A row on which they fail counts: at the
// commit the statement would have failed.
func (m *scanMatch) any(cols []*columnar.Vector, n int) (found bool, err error) {
	q := exec.NewQuery(context.Background(), exec.Options{Workers: 1, Function: m.context})
	defer q.Close()
	err = q.RunOn(1, func(w *exec.Worker) error {
		where, err := expr.CompilePredicate(m.filters, m.cols, w)
		if err != nil {
			return err
		}
		b := columnar.Batch{Len: n, Cols: cols}
		sel, err := where.Select(&b)
		found = sel == nil || len(sel) > 0
		return err
	})
	if isDataError(err) {
		return true, nil
	}
	return found, err
}

// isDataError reports an error that values cause: SQLSTATE class 22.
func isDataError(err error) bool { return err != nil && sqlerr.StateOf(err)[:2] == "22" }
