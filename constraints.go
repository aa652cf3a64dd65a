package oxidb

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/mvcc"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// deferral is when a transaction checks its deferrable constraints. What it has left for later needs no
// list: at the commit the rows that it wrote and took away are there to be checked.
type deferral struct {
	all     *bool // SET CONSTRAINTS ALL
	named   map[catalog.ID]bool
	pending map[catalog.ID]bool
}

// clone is a copy that goes its own way: a savepoint keeps one.
func (d *deferral) clone() deferral {
	return deferral{all: d.all, named: maps.Clone(d.named), pending: maps.Clone(d.pending)}
}

// deferred reports when a constraint is checked: at the commit, or after each statement.
func (d *deferral) deferred(f *catalog.Foreign) bool {
	switch late, named := d.named[f.ID]; {
	case !f.Deferrable:
		return false
	case named:
		return late
	case d.all != nil:
		return *d.all
	}
	return f.Deferred
}

// defers reports that a constraint is left to the end of the transaction, and remembers it.
func (sc *scope) defers(f *catalog.Foreign) bool {
	if !sc.explicit || !sc.session.txn.constraints.deferred(f) {
		return false
	}
	d := &sc.session.txn.constraints
	if d.pending == nil {
		d.pending = map[catalog.ID]bool{}
	}
	d.pending[f.ID] = true
	return true
}

// checkDeferred checks the constraints that were left for later and for which when says so.
func (sc *scope) checkDeferred(ctx context.Context, when func(*catalog.Foreign) bool) error {
	d := &sc.session.txn.constraints
	if len(d.pending) == 0 {
		return nil
	}
	for _, t := range sc.catalog.Tables() {
		for i := range t.Foreign {
			f := &t.Foreign[i]
			if !d.pending[f.ID] || !when(f) {
				continue
			}
			if err := sc.checkWritten(ctx, t, f, mvcc.Place{}); err != nil {
				return err
			}
			if err := sc.checkTakenAway(ctx, catalog.Reference{From: t, Key: f}); err != nil {
				return err
			}
			delete(d.pending, f.ID)
		}
	}
	return nil
}

// checkAtCommit checks the constraints that were left to the end of the open transaction.
func (s *Session) checkAtCommit(ctx context.Context) error {
	if s.txn.open == nil || len(s.txn.constraints.pending) == 0 {
		return nil
	}
	sc, err := s.begin(ctx, "COMMIT")
	if err != nil {
		return err
	}
	return sc.end(ctx, sc.checkDeferred(sc.ctx, func(*catalog.Foreign) bool { return true }))
}

// checkTakenAway verifies that nothing refers to the keys that the transaction has taken away.
func (sc *scope) checkTakenAway(ctx context.Context, r catalog.Reference) error {
	parent, ok := sc.catalog.ByID(r.Key.Table)
	if !ok {
		return nil
	}
	gone := sc.txn.DeletedRows(parent.ID)
	if len(gone) == 0 {
		return nil
	}
	ordinals := make([]int, len(r.Key.RefFields))
	for i, f := range r.Key.RefFields {
		ordinals[i] = parent.OrdinalOf(f)
	}
	cols, err := sc.gather(ctx, parent, gone, ordinals)
	if err != nil {
		return err
	}
	keys := sc.newKeySet(parent, r.Key.RefFields, cols, nil, len(gone))
	if keys == nil {
		return nil
	}
	rows, none, err := sc.referencing(ctx, r, keys)
	if err != nil || none {
		return err
	}
	return sc.refuseReferenced(ctx, r, rows, keys, parent)
}

// setConstraints is SET CONSTRAINTS. Outside of a transaction block it does nothing, as in PostgreSQL.
func (s *Session) setConstraints(ctx context.Context, stmt *ast.SetConstraints, sql string) error {
	if s.txn == nil {
		return nil
	}
	sc, err := s.begin(ctx, sql)
	if err != nil {
		return err
	}
	return sc.end(ctx, sc.setConstraints(ctx, stmt))
}

func (sc *scope) setConstraints(ctx context.Context, stmt *ast.SetConstraints) error {
	d := &sc.session.txn.constraints
	if len(stmt.Names) == 0 {
		if !stmt.Deferred {
			if err := sc.checkDeferred(ctx, func(*catalog.Foreign) bool { return true }); err != nil {
				return err
			}
		}
		d.all, d.named = &stmt.Deferred, nil
		return nil
	}
	ids := map[catalog.ID]bool{}
	for _, name := range stmt.Names {
		if err := sc.constraintIDs(name, ids); err != nil {
			return err
		}
	}
	if !stmt.Deferred {
		if err := sc.checkDeferred(ctx, func(f *catalog.Foreign) bool { return ids[f.ID] }); err != nil {
			return err
		}
	}
	if d.named == nil {
		d.named = map[catalog.ID]bool{}
	}
	for id := range ids {
		d.named[id] = stmt.Deferred
	}
	return nil
}

// constraintIDs finds the deferrable constraints of a name.
func (sc *scope) constraintIDs(name *ast.Name, ids map[catalog.ID]bool) error {
	found := false
	for _, t := range sc.catalog.Tables() {
		if !slices.Contains(searchIn(name.Schema(), sc.catalog), t.Schema) {
			continue
		}
		for _, f := range t.Foreign {
			if f.Name == name.Base() && !f.Deferrable {
				return notDeferrable(name)
			}
			if f.Name == name.Base() {
				ids[f.ID], found = true, true
			}
		}
		if slices.ContainsFunc(t.Indexes, func(x catalog.Index) bool { return x.Constraint && x.Name == name.Base() }) ||
			slices.ContainsFunc(t.Checks, func(c catalog.Check) bool { return c.Name == name.Base() }) {
			return notDeferrable(name)
		}
	}
	if !found {
		return sqlerr.At(sqlerr.UndefinedObject, int(name.Pos), int(name.End), "constraint %q does not exist", name.Base())
	}
	return nil
}

func notDeferrable(name *ast.Name) error {
	return sqlerr.At(sqlerr.WrongObjectType, int(name.Pos), int(name.End), "constraint %q is not deferrable", name.Base())
}

// checkLoaded verifies what a load without a statement has written: checks and foreign keys.
func (sc *scope) checkLoaded(ctx context.Context, t *catalog.Table, since mvcc.Place) error {
	if len(t.Checks) > 0 {
		_, chunks, rows, err := sc.written(t, since)
		if err != nil {
			return err
		}
		nodes, names, err := sc.binder("", nil).FirstRefused(sc.addTransient(t, chunks, rows), t)
		if err != nil {
			return err
		}
		for i, n := range nodes {
			row, err := sc.firstRow(ctx, n)
			if err != nil {
				return err
			}
			if row != nil {
				return sqlerr.New(sqlerr.CheckViolation, "new row for relation %q violates check constraint %q", t.Name, names[i]).
					WithDetail("Failing row contains (%s).", rowText(row))
			}
		}
	}
	return sc.enforce(ctx, &effect{table: t, place: since, wrote: true})
}

func rowText(row []types.Value) string {
	parts := make([]string, len(row))
	for i, v := range row {
		parts[i] = "null"
		if !v.Null {
			parts[i] = types.Format(v)
		}
	}
	return strings.Join(parts, ", ")
}
