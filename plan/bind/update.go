package bind

import (
	"sort"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// change is the common part of UPDATE and DELETE: the target's rows with their ids, joined with the
// other tables and filtered.
type change struct {
	table *catalog.Table
	scan  *plan.Scan
	alias string
	sc    *scope
	input plan.Node
	ctes  *cteList
}

func (b *Binder) bindChange(w *ast.With, target *ast.TableRef, others []ast.TableExpr, where ast.Expr, verb string) (*change, error) {
	table, err := b.targetTable(target.Name, verb)
	if err != nil {
		return nil, err
	}
	ctes, err := b.statementCTEs(w)
	if err != nil {
		return nil, err
	}
	c := &change{table: table, scan: b.scan(table), ctes: ctes}
	item, err := aliased(&relational{node: c.scan, cols: c.scan.Cols, names: columnNames(c.scan.Cols)}, table.Name, target.Alias)
	if err != nil {
		return nil, err
	}
	rowID := b.newColumn("rowid", types.TBigInt, true)
	c.alias, c.scan.RowID = item.rels[0].alias, &rowID
	c.scan.Alias, item.rels[0].table = c.alias, table
	if target.Alias == nil {
		item.rels[0].schema = table.Schema
	}
	if len(others) > 0 {
		from, err := b.from(others, fromContext{ctes: ctes})
		if err != nil {
			return nil, err
		}
		if item, err = b.join(plan.CrossJoin, item, from, nil, target); err != nil {
			return nil, err
		}
	}
	c.sc, c.input = newScope(nil, ctes, item), item.node
	if where != nil {
		c.sc.clause = "WHERE"
		cond, err := b.condition(c.sc, where, "WHERE")
		if err != nil {
			return nil, err
		}
		if preds := dropTrue(plan.Conjuncts(cond)); len(preds) > 0 {
			c.input = &plan.Filter{Input: c.input, Preds: preds}
		}
	}
	return c, nil
}

// others is the scope of the other tables for RETURNING, nil when the target stands alone.
func (c *change) others(list []ast.TableExpr) *scope {
	if len(list) == 0 {
		return nil
	}
	return c.sc
}

func (b *Binder) bindUpdate(x *ast.Update) (plan.Statement, error) {
	c, err := b.bindChange(x.With, x.Table, x.From, x.Where, "UPDATE of")
	if err != nil {
		return nil, err
	}
	c.sc.clause = "UPDATE"
	values := map[int]plan.Expr{}
	for _, a := range x.Set {
		if err := b.assignment(c, a, values); err != nil {
			return nil, err
		}
	}
	out := &plan.Update{Table: c.table}
	row := newProjection(b, plan.Outputs(c.scan))
	for i, col := range c.table.Columns {
		e, changed := values[i]
		if !changed {
			row.add(plan.Ref(c.scan.Cols[i]), col.Name)
			continue
		}
		out.Changed = append(out.Changed, i)
		// A fresh id even where the value is a bare column: it is the new row's column (N2).
		row.exprs = append(row.exprs, plan.NamedExpr{Out: b.newColumn(col.Name, col.Type, notNull(e)), Expr: e})
	}
	sort.Ints(out.Changed)
	computed, err := b.computed(c.table, row.columns())
	if err != nil {
		return nil, err
	}
	out.RowCols = computed.row
	if out.Checks, out.CheckName, err = b.checks(c.table, out.RowCols); err != nil {
		return nil, err
	}
	r, err := b.returning(x.Returning, c.alias, c.table, out.RowCols, c.others(x.From), c.ctes)
	if err != nil {
		return nil, err
	}
	out.Returning, out.Names = r.exprs, r.names
	row.add(plan.Ref(*c.scan.RowID), "rowid")
	for _, col := range r.carry(row.columns(), c.input) {
		row.exprs = append(row.exprs, plan.NamedExpr{Out: col, Expr: plan.Ref(col)})
	}
	out.Input = computed.over(&plan.Project{Input: c.input, Exprs: row.exprs})
	if len(r.extras) > 0 {
		out.Input, out.RowCols = r.widen(out.Input, out.RowCols, *c.scan.RowID)
	}
	return out, b.unusedCTEs(x.With, c.ctes)
}

// assignment binds column = value, (columns) = (values) and (columns) = (query).
func (b *Binder) assignment(c *change, a *ast.Assignment, values map[int]plan.Expr) error {
	ordinals := make([]int, len(a.Columns))
	for i, id := range a.Columns {
		o, err := tableColumn(c.table, id)
		if err != nil {
			return err
		}
		if _, twice := values[o]; twice {
			return errAt(sqlerr.SyntaxError, id, "multiple assignments to same column %q", id.Name)
		}
		ordinals[i], values[o] = o, nil
	}
	items := []ast.Expr{a.Value}
	if a.Multi {
		if sub, ok := a.Value.(*ast.Subquery); ok {
			return b.assignQuery(c, ordinals, a, sub, values)
		}
		row, ok := a.Value.(*ast.Row)
		if !ok {
			return errAt(sqlerr.FeatureNotSupported, a.Value, "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression")
		}
		items = row.Items
	}
	if len(items) != len(ordinals) {
		return errAt(sqlerr.SyntaxError, a, "number of columns does not match number of values")
	}
	for i, x := range items {
		col := c.table.Columns[ordinals[i]]
		if _, ok := x.(*ast.Default); !ok && (col.IsGenerated() || col.Identity == catalog.IdentityAlways) {
			return onlyDefault(&col, updateDefault, x)
		}
		e, err := b.columnValue(c.sc, x, col)
		if err != nil {
			return err
		}
		values[ordinals[i]] = e
	}
	return nil
}

// assignQuery joins the one row of a subquery to the target's rows.
func (b *Binder) assignQuery(c *change, ordinals []int, a *ast.Assignment, sub *ast.Subquery, values map[int]plan.Expr) error {
	rel, err := b.subquery(c.sc, sub.Query)
	if err != nil {
		return err
	}
	if len(rel.cols) != len(ordinals) {
		return errAt(sqlerr.SyntaxError, sub, "number of columns does not match number of values")
	}
	if len(plan.FreeColumns(rel.node)) > 0 {
		c.input = &plan.Apply{Kind: plan.SingleJoin, Left: c.input, Right: rel.node}
	} else {
		c.input = &plan.Join{Kind: plan.SingleJoin, Left: c.input, Right: rel.node}
	}
	for i, o := range ordinals {
		if col := c.table.Columns[o]; col.IsGenerated() || col.Identity == catalog.IdentityAlways {
			return onlyDefault(&col, updateDefault, a.Columns[i])
		}
		ref := plan.Ref(rel.cols[i])
		ref.NotNull = false
		if values[o], err = b.assign(ref, c.table.Columns[o].Name, c.table.Columns[o].Type, sub); err != nil {
			return err
		}
	}
	return nil
}

func (b *Binder) bindDelete(x *ast.Delete) (plan.Statement, error) {
	c, err := b.bindChange(x.With, x.Table, x.Using, x.Where, "DELETE from")
	if err != nil {
		return nil, err
	}
	out := &plan.Delete{Table: c.table}
	var cols []plan.Column
	if len(x.Returning) > 0 {
		cols = append(cols, c.scan.Cols...)
		out.RowCols = c.scan.Cols
	}
	r, err := b.returning(x.Returning, c.alias, c.table, c.scan.Cols, c.others(x.Using), c.ctes)
	if err != nil {
		return nil, err
	}
	out.Returning, out.Names = r.exprs, r.names
	out.Input = passThrough(c.input, append(cols, *c.scan.RowID))
	if len(r.extras) > 0 {
		out.Input, out.RowCols = r.widen(c.input, cols, *c.scan.RowID)
	}
	return out, b.unusedCTEs(x.With, c.ctes)
}
