package bind

import (
	"slices"

	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// nowhere is the position of what no text wrote.
func nowhere() ast.Node { return ast.Span{Pos: -1, End: -1} }

// columnsOf are the columns of a scan by field id.
func columnsOf(s *plan.Scan, fields []int32) []plan.Column {
	cols := make([]plan.Column, len(fields))
	for i, f := range fields {
		cols[i] = s.Cols[s.Table.OrdinalOf(f)]
	}
	return cols
}

// keyPairs are the conditions that two lists of columns are equal, in the types they have in common.
func (b *Binder) keyPairs(left, right []plan.Column) ([]plan.EquiPair, error) {
	pairs := make([]plan.EquiPair, len(left))
	for i := range left {
		pair := plan.EquiPair{Left: plan.Ref(left[i]), Right: plan.Ref(right[i])}
		if l, r := left[i].Typ, right[i].Typ; l != r && !(l.IsText() && r.IsText()) {
			t, _ := types.Common(l, r) // the constraint could not have been made otherwise
			var err error
			if pair.Left, err = b.coerce(pair.Left, t, implicitCast, nowhere()); err != nil {
				return nil, err
			}
			if pair.Right, err = b.coerce(pair.Right, t, implicitCast, nowhere()); err != nil {
				return nil, err
			}
		}
		pairs[i] = pair
	}
	return pairs, nil
}

// withoutNulls keeps the rows in which none of the columns is NULL.
func withoutNulls(n plan.Node, cols []plan.Column) plan.Node {
	var preds []plan.Expr
	for _, c := range cols {
		if !c.NotNull {
			preds = append(preds, &plan.IsNull{X: plan.Ref(c), Negate: true})
		}
	}
	if len(preds) == 0 {
		return n
	}
	return &plan.Filter{Input: n, Preds: preds}
}

// firstOf is one row's columns of a plan.
func firstOf(n plan.Node, cols []plan.Column) plan.Node {
	return &plan.Limit{Input: passThrough(n, cols), Count: &plan.Const{Value: types.Int(types.TBigInt, 1)}}
}

// ForeignMissing plans to find a key in rows, which look like the referencing table, that the
// referenced table lacks.
func (b *Binder) ForeignMissing(f *catalog.Foreign, rows, referenced *catalog.Table) (plan.Node, error) {
	child, parent := b.scan(rows), b.scan(referenced)
	cols := columnsOf(child, f.Fields)
	pairs, err := b.keyPairs(cols, columnsOf(parent, f.RefFields))
	if err != nil {
		return nil, err
	}
	return firstOf(&plan.Join{Kind: plan.AntiJoin, Left: withoutNulls(child, cols), Right: parent, Equi: pairs}, cols), nil
}

// ForeignMixed plans to find a key in rows of which MATCH FULL says that it is neither NULL nor whole.
func (b *Binder) ForeignMixed(f *catalog.Foreign, rows *catalog.Table) plan.Node {
	child := b.scan(rows)
	cols := columnsOf(child, f.Fields)
	var null, value []plan.Expr
	for _, c := range cols {
		null = append(null, &plan.IsNull{X: plan.Ref(c)})
		value = append(value, &plan.IsNull{X: plan.Ref(c), Negate: true})
	}
	return firstOf(&plan.Filter{Input: child, Preds: []plan.Expr{&plan.Or{Terms: null}, &plan.Or{Terms: value}}}, cols)
}

// ForeignReferenced plans to find a key of keys, a relation with the fields that f refers to, that rows
// of the referencing table still have. In a referenced table, nil for RESTRICT, another row may have
// taken the key over.
func (b *Binder) ForeignReferenced(f *catalog.Foreign, rows, keys, referenced *catalog.Table) (plan.Node, error) {
	child, old := b.scan(rows), b.scan(keys)
	cols := columnsOf(child, f.Fields)
	var gone plan.Node = old
	if referenced != nil {
		parent := b.scan(referenced)
		pairs, err := b.keyPairs(columnsOf(old, f.RefFields), columnsOf(parent, f.RefFields))
		if err != nil {
			return nil, err
		}
		gone = &plan.Join{Kind: plan.AntiJoin, Left: old, Right: parent, Equi: pairs}
	}
	pairs, err := b.keyPairs(cols, columnsOf(old, f.RefFields))
	if err != nil {
		return nil, err
	}
	return firstOf(&plan.Join{Kind: plan.SemiJoin, Left: child, Right: gone, Equi: pairs}, cols), nil
}

// ForeignDelete plans to delete the rows of table from, taken from rows, that have a key of keys.
func (b *Binder) ForeignDelete(f *catalog.Foreign, from, rows, keys *catalog.Table) (*plan.Delete, error) {
	child, old := b.scan(rows), b.scan(keys)
	id := b.newColumn("rowid", types.TBigInt, true)
	child.RowID = &id
	pairs, err := b.keyPairs(columnsOf(child, f.Fields), columnsOf(old, f.RefFields))
	if err != nil {
		return nil, err
	}
	join := &plan.Join{Kind: plan.SemiJoin, Left: child, Right: old, Equi: pairs}
	return &plan.Delete{Table: from, Input: passThrough(join, []plan.Column{id})}, nil
}

// ForeignUpdate plans to give the rows of table from, taken from rows, that have a key of keys another
// one: that of the fields to in the same row of keys (CASCADE), or NULLs or defaults in the fields set.
func (b *Binder) ForeignUpdate(f *catalog.Foreign, from, rows, keys *catalog.Table, action catalog.ForeignAction, to, set []int32) (*plan.Update, error) {
	child, old := b.scan(rows), b.scan(keys)
	id := b.newColumn("rowid", types.TBigInt, true)
	child.RowID = &id
	pairs, err := b.keyPairs(columnsOf(child, f.Fields), columnsOf(old, f.RefFields))
	if err != nil {
		return nil, err
	}
	join := &plan.Join{Kind: plan.SemiJoin, Left: child, Right: old, Equi: pairs}
	if action == catalog.Cascade {
		join.Kind = plan.InnerJoin
	}
	out := &plan.Update{Table: from}
	var exprs []plan.NamedExpr
	for i, c := range from.Columns {
		if !slices.Contains(set, c.FieldID) {
			exprs = append(exprs, plan.NamedExpr{Out: child.Cols[i], Expr: plan.Ref(child.Cols[i])})
			continue
		}
		e := plan.Expr(&plan.Const{Value: types.Null(c.Type)})
		switch action {
		case catalog.Cascade:
			key := old.Cols[keys.OrdinalOf(to[slices.Index(f.Fields, c.FieldID)])]
			e, err = b.coerce(plan.Ref(key), c.Type, assignmentCast, nowhere())
		case catalog.SetDefault:
			e, err = b.Default(c)
		}
		if err != nil {
			return nil, err
		}
		out.Changed = append(out.Changed, i)
		exprs = append(exprs, plan.NamedExpr{Out: b.newColumn(c.Name, c.Type, false), Expr: e})
	}
	return b.changedRows(out, join, exprs, id)
}

// changedRows completes an update by generated columns and checks; exprs are the new rows' columns.
func (b *Binder) changedRows(out *plan.Update, input plan.Node, exprs []plan.NamedExpr, id plan.Column) (*plan.Update, error) {
	row := make([]plan.Column, len(exprs))
	for i := range exprs {
		row[i] = exprs[i].Out
	}
	computed, err := b.computed(out.Table, row)
	if err != nil {
		return nil, err
	}
	out.RowCols = computed.row
	exprs = append(exprs, plan.NamedExpr{Out: id, Expr: plan.Ref(id)})
	out.Input = computed.over(&plan.Project{Input: input, Exprs: exprs})
	out.Checks, out.CheckName, err = b.checks(out.Table, out.RowCols)
	return out, err
}

// FirstRefused plans to find rows that break a CHECK constraint of their table, for rows that no
// statement has checked.
func (b *Binder) FirstRefused(rows, table *catalog.Table) ([]plan.Node, []string, error) {
	scan := b.scan(rows)
	exprs, names, err := b.checks(table, scan.Cols)
	if err != nil {
		return nil, nil, err
	}
	var nodes []plan.Node
	for _, e := range exprs {
		nodes = append(nodes, firstOf(&plan.Filter{Input: scan, Preds: []plan.Expr{&plan.Not{X: e}}}, scan.Cols))
	}
	return nodes, names, nil
}

// DeleteAll plans to delete all rows of a table.
func (b *Binder) DeleteAll(t *catalog.Table) *plan.Delete {
	scan := b.scan(t)
	id := b.newColumn("rowid", types.TBigInt, true)
	scan.RowID = &id
	return &plan.Delete{Table: t, Input: passThrough(scan, []plan.Column{id})}
}
