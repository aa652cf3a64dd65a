package oxidb

import (
	"context"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/external"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// createTableAs makes the table and fills it in one transaction.
func (sc *scope) createTableAs(ctx context.Context, stmt *plan.CreateTableAs, values []types.Value) (*Result, error) {
	if _, exists := sc.catalog.Table(stmt.Table.Schema, stmt.Table.Name); exists && stmt.IfNotExists {
		return emptyResult("CREATE TABLE AS"), nil
	}
	table, err := sc.session.db.catalog.Writer(sc.txn).CreateTable(stmt.Table)
	if err != nil || stmt.Input == nil {
		return emptyResult("CREATE TABLE AS"), err
	}
	insert := &plan.Insert{Table: table, Input: stmt.Input, RowCols: rowColumns(table)}
	r, err := sc.change(ctx, insert, values, nil, nil)
	if err != nil {
		return nil, err
	}
	r.tag = "SELECT"
	return r, nil
}

func rowColumns(t *catalog.Table) []plan.Column {
	cols := make([]plan.Column, len(t.Columns))
	for i, c := range t.Columns {
		cols[i] = plan.Column{ID: plan.ColumnID(i), Name: c.Name, Typ: c.Type, Table: t, Ordinal: i}
	}
	return cols
}

// copyTo writes a query's rows to a file.
func (sc *scope) copyTo(ctx context.Context, stmt *plan.CopyTo, values []types.Value) (*Result, error) {
	root, err := sc.optimize(stmt.Query.Root, values)
	if err != nil {
		return nil, err
	}
	r, err := sc.start(ctx, root, false)
	if err != nil {
		return nil, err
	}
	defer r.query.Close()
	result := emptyResult("COPY")
	err = r.query.Guard(r.query.Workers[0], func(*exec.Worker) error {
		result.affected, err = external.Write(r.query, r.op, sc.session.db.fs, &stmt.Target, stmt.Query.Names, root.Columns())
		return err
	})
	return result, err
}

// copyFrom loads a file into a table.
func (sc *scope) copyFrom(ctx context.Context, stmt *plan.CopyFrom) (*Result, error) {
	if stmt.Insert.Input == nil {
		return nil, sqlerr.Unsupported(int(stmt.Source.Pos), int(stmt.Source.End), "COPY FROM STDIN")
	}
	r, err := sc.change(ctx, stmt.Insert, nil, nil, nil)
	if err != nil {
		return nil, err
	}
	r.tag = "COPY"
	return r, nil
}
