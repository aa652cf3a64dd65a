package oxidb

import (
	"context"
	"slices"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/catalog/systables"
	"github.com/oxidb/oxidb/index"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// reindex builds what indexes have on disk and in memory anew, from the rows. Others read and write
// meanwhile: nothing that they see changes.
func (sc *scope) reindex(ctx context.Context, stmt *ast.Reindex) error {
	concurrently, err := reindexOptions(stmt)
	if err != nil {
		return err
	}
	if sc.explicit && (concurrently || stmt.Kind == ast.SchemaObject || stmt.Kind == ast.DatabaseObject) {
		what := "CONCURRENTLY"
		if !concurrently {
			what = stmt.What()
		}
		return sqlerr.At(sqlerr.ActiveTransaction, int(stmt.Pos), int(stmt.End), "REINDEX %s cannot run inside a transaction block", what)
	}
	if stmt.Kind == ast.IndexObject {
		return sc.reindexOne(ctx, stmt.Name)
	}
	for _, t := range sc.catalog.Tables() {
		switch {
		case stmt.Kind == ast.SchemaObject && t.Schema != stmt.Name.Base():
			continue
		case stmt.Kind == ast.TableObject:
			if named, err := sc.table(stmt.Name.Schema(), stmt.Name.Base()); err != nil || named.ID != t.ID {
				continue
			}
		}
		if err := sc.session.db.store.Reindex(ctx, t.ID, nil); err != nil {
			return err
		}
	}
	return nil
}

// reindexOptions reads the options; VERBOSE and TABLESPACE mean nothing here.
func reindexOptions(stmt *ast.Reindex) (concurrently bool, err error) {
	concurrently = stmt.Concurrently
	for _, o := range stmt.Options {
		switch o.Name {
		case "concurrently":
			if concurrently, err = optionFlag(o); err != nil {
				return false, err
			}
		case "verbose":
		default:
			return false, sqlerr.At(sqlerr.SyntaxError, int(o.Pos), int(o.End), "unrecognized REINDEX option %q", o.Name)
		}
	}
	return concurrently, nil
}

func (sc *scope) reindexOne(ctx context.Context, name *ast.Name) error {
	for _, t := range sc.catalog.Tables() {
		if name.Schema() != "" && name.Schema() != t.Schema {
			continue
		}
		for i := range t.Indexes {
			if t.Indexes[i].Name == name.Base() {
				return sc.reindexPath(ctx, t, &t.Indexes[i])
			}
		}
		for i := range t.Derived {
			if t.Derived[i].Name == name.Base() {
				return sc.reindexPath(ctx, t, &t.Derived[i].Index)
			}
		}
	}
	return nil
}

func (sc *scope) reindexPath(ctx context.Context, t *catalog.Table, x *catalog.Index) error {
	kind := index.Ordered
	switch {
	case x.Hash:
		kind = index.Hash
	case x.Bitmap:
		kind = index.Bitmap
	}
	return sc.session.db.store.Reindex(ctx, t.ID, index.NewPath(kind, x.Fields))
}

// dropNeeding drops the foreign keys that have no other index of a table to refer to than one: it goes
// by CASCADE, or the binder has seen to it that there are none. It gives the table as it is then.
func (sc *scope) dropNeeding(w *systables.Writer, t *catalog.Table, name string) (*catalog.Table, error) {
	without := *t
	without.Indexes = slices.DeleteFunc(slices.Clone(t.Indexes), func(x catalog.Index) bool { return x.Name == name })
	for _, r := range slices.Clone(sc.catalog.References(t.ID)) {
		if without.KeyOver(r.Key.RefFields) != nil {
			continue
		}
		if err := sc.dropForeign(w, r.From.ID, func(f catalog.Foreign) bool { return f.ID == r.Key.ID }); err != nil {
			return nil, err
		}
	}
	now, ok := sc.catalog.ByID(t.ID)
	if !ok {
		return nil, sqlerr.New(sqlerr.UndefinedTable, "relation %q does not exist", t.Name)
	}
	return now, nil
}
