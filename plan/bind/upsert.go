package bind

import (
	"slices"
	"sort"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// onConflict binds ON CONFLICT of an INSERT into table, which the statement calls name.
func (b *Binder) onConflict(table *catalog.Table, name string, x *ast.Insert, ctes *cteList) (*plan.Conflict, error) {
	c := x.OnConflict
	keys, err := b.arbiters(table, c)
	if err != nil {
		return nil, err
	}
	out := &plan.Conflict{Keys: keys}
	if c.DoNothing {
		return out, nil
	}
	out.Proposed, out.Target = plan.ProposedRows(table), plan.ConflictRows(table)
	out.Update, err = b.conflictUpdate(table, name, x, out, ctes)
	return out, err
}

// arbiters are the unique indexes whose conflicts ON CONFLICT is about.
func (b *Binder) arbiters(table *catalog.Table, c *ast.OnConflict) ([]catalog.Index, error) {
	switch {
	case c.Constraint.Name != "":
		return arbiterConstraint(table, c.Constraint)
	case len(c.Columns) == 0 && !c.DoNothing:
		return nil, errAt(sqlerr.SyntaxError, c, "ON CONFLICT DO UPDATE requires inference specification or constraint name").
			WithHint("For example, ON CONFLICT (column_name).")
	}
	var fields []int32
	for _, e := range c.Columns {
		if e.Direction != ast.DefaultOrder {
			return nil, errAt(sqlerr.InvalidColumnReference, e, "ASC/DESC is not allowed in ON CONFLICT clause")
		}
		if e.Nulls != ast.NullsDefault {
			return nil, errAt(sqlerr.InvalidColumnReference, e, "NULLS FIRST/LAST is not allowed in ON CONFLICT clause")
		}
		if !isColumn(e.X) {
			fields = append(fields, -1) // no index of columns has it
			continue
		}
		col, err := indexColumn(table, e)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(fields, col.FieldID) {
			fields = append(fields, col.FieldID)
		}
	}
	out, err := b.derivedArbiters(table, c)
	if err != nil {
		return nil, err
	}
	for _, x := range table.Indexes {
		if x.Unique && (len(c.Columns) == 0 || len(x.Fields) == len(fields) && !slices.ContainsFunc(x.Fields, func(f int32) bool { return !slices.Contains(fields, f) })) {
			out = append(out, x)
		}
	}
	if len(out) == 0 && len(c.Columns) > 0 {
		return nil, errAt(sqlerr.InvalidColumnReference, c, "there is no unique or exclusion constraint matching the ON CONFLICT specification")
	}
	return out, nil
}

func arbiterConstraint(table *catalog.Table, name ast.Ident) ([]catalog.Index, error) {
	for _, x := range table.Indexes {
		if x.Constraint && x.Name == name.Name {
			return []catalog.Index{x}, nil
		}
	}
	if (&definition{table: table}).taken(name.Name) && !slices.ContainsFunc(table.Indexes, func(x catalog.Index) bool { return x.Name == name.Name }) {
		return nil, errAt(sqlerr.WrongObjectType, name, "constraint in ON CONFLICT clause has no associated index")
	}
	return nil, errAt(sqlerr.UndefinedObject, name, "constraint %q for table %q does not exist", name.Name, table.Name)
}

// conflictUpdate binds DO UPDATE over the rows in conflict, each with the row that was to be inserted,
// which is called excluded.
func (b *Binder) conflictUpdate(table *catalog.Table, name string, x *ast.Insert, k *plan.Conflict, ctes *cteList) (*plan.Update, error) {
	target, proposed := b.scan(k.Target), b.scan(k.Proposed)
	rowID := b.newColumn("rowid", types.TBigInt, true)
	target.RowID = &rowID
	own, err := aliased(&relational{node: target, cols: target.Cols, names: columnNames(target.Cols)}, name, nil)
	if err != nil {
		return nil, err
	}
	width := len(table.Columns)
	excluded, err := aliased(&relational{node: proposed, cols: proposed.Cols[:width], names: columnNames(proposed.Cols[:width])}, "excluded", nil)
	if err != nil {
		return nil, err
	}
	own.rels[0].table, excluded.rels[0].table = table, table
	item, err := b.join(plan.CrossJoin, own, excluded, nil, x.OnConflict)
	if err != nil {
		return nil, err
	}
	pair := plan.EquiPair{Left: plan.Ref(rowID), Right: plan.Ref(proposed.Cols[width])}
	c := &change{table: table, scan: target, alias: name, ctes: ctes, sc: newScope(nil, ctes, item),
		input: &plan.Join{Kind: plan.InnerJoin, Left: target, Right: proposed, Equi: []plan.EquiPair{pair}}}
	if x.OnConflict.Where != nil {
		c.sc.clause = "WHERE"
		cond, err := b.condition(c.sc, x.OnConflict.Where, "WHERE")
		if err != nil {
			return nil, err
		}
		c.input = &plan.Filter{Input: c.input, Preds: plan.Conjuncts(cond)}
	}
	c.sc.clause = "UPDATE"
	values := map[int]plan.Expr{}
	for _, a := range x.OnConflict.Set {
		if err := b.assignment(c, a, values); err != nil {
			return nil, err
		}
	}
	return b.conflictRows(c, values, x)
}

// conflictRows makes the new rows of DO UPDATE.
func (b *Binder) conflictRows(c *change, values map[int]plan.Expr, x *ast.Insert) (*plan.Update, error) {
	out := &plan.Update{Table: c.table, Once: true}
	exprs := make([]plan.NamedExpr, len(c.table.Columns))
	for i, col := range c.table.Columns {
		if e, changed := values[i]; changed {
			out.Changed = append(out.Changed, i)
			exprs[i] = plan.NamedExpr{Out: b.newColumn(col.Name, col.Type, notNull(e)), Expr: e}
			continue
		}
		exprs[i] = plan.NamedExpr{Out: c.scan.Cols[i], Expr: plan.Ref(c.scan.Cols[i])}
	}
	sort.Ints(out.Changed)
	out, err := b.changedRows(out, c.input, exprs, *c.scan.RowID)
	if err != nil {
		return nil, err
	}
	r, err := b.returning(x.Returning, c.alias, c.table, out.RowCols, nil, c.ctes)
	if err != nil {
		return nil, err
	}
	out.Returning, out.Names = r.exprs, r.names
	if len(r.extras) > 0 {
		out.Input, out.RowCols = r.widen(out.Input, out.RowCols, *c.scan.RowID)
	}
	return out, nil
}
