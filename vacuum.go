package oxidb

import (
	"context"

	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/sqlerr"
)

// vacuum brings tables into good order, all of them when none is named, and lets go of the space that
// nobody needs any more.
func (sc *scope) vacuum(ctx context.Context, stmt *ast.Vacuum) error {
	full, err := vacuumOptions(stmt.Options)
	if err != nil {
		return err
	}
	store := sc.session.db.store
	if len(stmt.Targets) == 0 {
		err = store.VacuumAll(ctx, full)
	}
	for _, target := range stmt.Targets {
		if err == nil {
			err = sc.vacuumTable(ctx, target, full)
		}
	}
	if err != nil {
		return err
	}
	sc.txn.Renew()
	store.Tidy()
	return store.Checkpoint(ctx)
}

// vacuumOptions reads the options; those that tell PostgreSQL how to go about it mean nothing here.
func vacuumOptions(options []*ast.Option) (full bool, err error) {
	for _, o := range options {
		switch o.Name {
		case "full":
			if full, err = optionFlag(o); err != nil {
				return false, err
			}
		case "freeze", "verbose", "analyze", "disable_page_skipping", "skip_locked", "index_cleanup", "process_toast", "truncate", "parallel":
		default:
			return false, sqlerr.At(sqlerr.SyntaxError, int(o.Pos), int(o.End), "unrecognized VACUUM option %q", o.Name)
		}
	}
	return full, nil
}

func optionFlag(o *ast.Option) (bool, error) {
	if o.Value == nil {
		return true, nil
	}
	text, err := settingText(o.Value)
	if err != nil {
		return false, err
	}
	switch text {
	case "true", "on", "1":
		return true, nil
	case "false", "off", "0":
		return false, nil
	}
	return false, sqlerr.At(sqlerr.SyntaxError, int(o.Pos), int(o.End), "%s requires a Boolean value", o.Name)
}

func (sc *scope) vacuumTable(ctx context.Context, target *ast.MaintenanceTarget, full bool) error {
	table, err := sc.table(target.Table.Schema(), target.Table.Base())
	if err != nil {
		return err
	}
	return sc.session.db.store.Vacuum(ctx, table.ID, full)
}
