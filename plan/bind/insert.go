package bind

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

func (b *Binder) bindInsert(x *ast.Insert) (plan.Statement, error) {
	table, err := b.targetTable(x.Table, "INSERT into")
	if err != nil {
		return nil, err
	}
	ctes, err := b.statementCTEs(x.With)
	if err != nil {
		return nil, err
	}
	ordinals, err := insertColumns(table, x.Columns)
	if err != nil {
		return nil, err
	}
	input, err := b.insertSource(table, ordinals, x, ctes)
	if err != nil {
		return nil, err
	}
	out, err := b.insertInto(table, input, x.Alias, x.Returning, ctes)
	if err != nil {
		return nil, err
	}
	if x.OnConflict != nil {
		name := table.Name
		if x.Alias.Name != "" {
			name = x.Alias.Name
		}
		if out.Conflict, err = b.onConflict(table, name, x, ctes); err != nil {
			return nil, err
		}
	}
	return out, b.unusedCTEs(x.With, ctes)
}

// insertInto makes the Insert of complete rows.
func (b *Binder) insertInto(table *catalog.Table, input plan.Node, alias ast.Ident, returning []*ast.Target, ctes *cteList) (*plan.Insert, error) {
	out := &plan.Insert{Table: table, Input: input}
	if input != nil {
		out.RowCols = input.Columns()
	} else {
		out.RowCols = b.scan(table).Cols
	}
	var err error
	if out.Checks, out.CheckName, err = b.checks(table, out.RowCols); err != nil {
		return nil, err
	}
	name := table.Name
	if alias.Name != "" {
		name = alias.Name
	}
	r, err := b.returning(returning, name, table, out.RowCols, nil, ctes)
	if err != nil {
		return nil, err
	}
	out.Returning, out.Names = r.exprs, r.names
	if len(r.extras) > 0 {
		out.Input, out.RowCols = r.widen(out.Input, out.RowCols)
	}
	return out, nil
}

// insertColumns are the ordinals of the column list, all columns without one.
func insertColumns(table *catalog.Table, list []ast.Ident) ([]int, error) {
	var out []int
	if len(list) == 0 {
		for i := range table.Columns {
			out = append(out, i)
		}
		return out, nil
	}
	seen := map[int]bool{}
	for _, id := range list {
		i, err := tableColumn(table, id)
		if err != nil {
			return nil, err
		}
		if seen[i] {
			return nil, errAt(sqlerr.DuplicateColumn, id, "column %q specified more than once", id.Name)
		}
		seen[i] = true
		out = append(out, i)
	}
	return out, nil
}

// insertSource binds the rows to insert and completes them to whole rows of the table.
func (b *Binder) insertSource(table *catalog.Table, ordinals []int, x *ast.Insert, ctes *cteList) (plan.Node, error) {
	q := x.Source
	if q == nil {
		return b.wholeRows(table, nil, &plan.Values{Rows: [][]plan.Expr{{}}})
	}
	if v, ok := q.Body.(*ast.Values); ok && q.With == nil && q.OrderBy == nil && q.Limit == nil && q.Offset == nil {
		if err := checkWidth(len(v.Rows[0]), ordinals, x); err != nil {
			return nil, err
		}
		ordinals = ordinals[:len(v.Rows[0])]
		values, err := b.insertValues(table, ordinals, v, x.Overriding, ctes)
		if err != nil {
			return nil, err
		}
		return b.wholeRows(table, ordinals, values)
	}
	rel, err := b.bindQuery(q, queryContext{ctes: ctes, keepUnknown: true})
	if err != nil {
		return nil, err
	}
	if err := checkWidth(len(rel.cols), ordinals, x); err != nil {
		return nil, err
	}
	ordinals = ordinals[:len(rel.cols)]
	for i, o := range ordinals {
		var at ast.Node = q
		if i < len(x.Columns) {
			at = x.Columns[i]
		}
		if err := insertRefused(&table.Columns[o], x.Overriding, at); err != nil {
			return nil, err
		}
	}
	node, err := b.assignColumns(rel, table, ordinals, q)
	if err != nil {
		return nil, err
	}
	if x.Overriding == ast.OverridingUser {
		node, ordinals = withoutIdentity(table, node, ordinals)
	}
	return b.wholeRows(table, ordinals, node)
}

// withoutIdentity leaves the values of identity columns out: OVERRIDING USER VALUE.
func withoutIdentity(table *catalog.Table, node plan.Node, ordinals []int) (plan.Node, []int) {
	var cols []plan.Column
	var kept []int
	for i, c := range node.Columns() {
		if table.Columns[ordinals[i]].Identity == catalog.NotIdentity {
			cols, kept = append(cols, c), append(kept, ordinals[i])
		}
	}
	return passThrough(node, cols), kept
}

func checkWidth(width int, ordinals []int, x *ast.Insert) error {
	switch {
	case width > len(ordinals):
		return errAt(sqlerr.SyntaxError, x.Source, "INSERT has more expressions than target columns")
	case width < len(ordinals) && len(x.Columns) > 0:
		return errAt(sqlerr.SyntaxError, x.Columns[width], "INSERT has more target columns than expressions")
	}
	return nil
}

// insertValues binds VALUES for the columns they go to: literals are parsed as their types.
func (b *Binder) insertValues(table *catalog.Table, ordinals []int, v *ast.Values, overriding ast.Overriding, ctes *cteList) (*plan.Values, error) {
	sc := newScope(nil, ctes, nil)
	sc.clause = "VALUES"
	out := &plan.Values{Rows: make([][]plan.Expr, len(v.Rows)), Cols: make([]plan.Column, len(ordinals))}
	full := make([]bool, len(ordinals))
	for i := range full {
		full[i] = true
	}
	for i, row := range v.Rows {
		if len(row) != len(ordinals) {
			return nil, errAt(sqlerr.SyntaxError, row[0], "VALUES lists must all be the same length")
		}
		out.Rows[i] = make([]plan.Expr, len(row))
		for j, x := range row {
			e, err := b.insertedValue(sc, x, table.Columns[ordinals[j]], overriding)
			if err != nil {
				return nil, err
			}
			out.Rows[i][j] = e
			full[j] = full[j] && notNull(e)
		}
	}
	for j, o := range ordinals {
		out.Cols[j] = b.newColumn(table.Columns[o].Name, table.Columns[o].Type, full[j])
	}
	return out, nil
}

// insertedValue binds the value that INSERT gives a column. What OVERRIDING USER VALUE ignores is bound
// all the same.
func (b *Binder) insertedValue(sc *scope, x ast.Expr, c catalog.Column, overriding ast.Overriding) (plan.Expr, error) {
	if _, ok := x.(*ast.Default); !ok {
		if err := insertRefused(&c, overriding, x); err != nil {
			return nil, err
		}
	}
	e, err := b.columnValue(sc, x, c)
	if err == nil && overriding == ast.OverridingUser && c.Identity != catalog.NotIdentity {
		return b.Default(c)
	}
	return e, err
}

// columnValue binds the new value of a column: an expression or DEFAULT.
func (b *Binder) columnValue(sc *scope, x ast.Expr, c catalog.Column) (plan.Expr, error) {
	if _, ok := x.(*ast.Default); ok {
		return b.Default(c)
	}
	e, err := b.expr(sc, x)
	if err != nil {
		return nil, err
	}
	return b.assign(e, c.Name, c.Type, x)
}

// assignColumns converts the columns of rel to those of the table that they are stored in.
func (b *Binder) assignColumns(rel *relational, table *catalog.Table, ordinals []int, at ast.Node) (plan.Node, error) {
	want := make([]types.Type, len(ordinals))
	for i, o := range ordinals {
		c := table.Columns[o]
		want[i] = c.Type
		if from := rel.cols[i].Typ; from != c.Type && !types.Assignable(from, c.Type) {
			return nil, errAt(sqlerr.DatatypeMismatch, at, "column %q is of type %s but expression is of type %s", c.Name, c.Type.Kind, from.Kind).
				WithHint("You will need to rewrite or cast the expression.")
		}
	}
	return b.castColumns(rel, want, assignmentCast, at)
}

// wholeRows completes rows that have the columns ordinals to rows of the whole table, with defaults.
func (b *Binder) wholeRows(table *catalog.Table, ordinals []int, input plan.Node) (plan.Node, error) {
	inOrder := len(ordinals) == len(table.Columns)
	given := make(map[int]plan.Column, len(ordinals))
	for i, c := range input.Columns() {
		inOrder = inOrder && ordinals[i] == i
		given[ordinals[i]] = c
	}
	if inOrder {
		return b.withGenerated(table, input, input.Columns())
	}
	out := newProjection(b, plan.Outputs(input))
	for i, c := range table.Columns {
		if col, ok := given[i]; ok {
			out.add(plan.Ref(col), c.Name)
			continue
		}
		e, err := b.Default(c)
		if err != nil {
			return nil, err
		}
		out.add(e, c.Name)
	}
	return b.withGenerated(table, &plan.Project{Input: input, Exprs: out.exprs}, out.columns())
}
