package bind

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// targetTable finds the base table that a statement changes; verb is for the refusal of views.
func (b *Binder) targetTable(n *ast.Name, verb string) (*catalog.Table, error) {
	table, view, err := b.lookupRelation(n)
	if err != nil {
		return nil, err
	}
	if view != nil {
		return nil, unsupported(n, verb+" a view")
	}
	return table, nil
}

// statementCTEs makes the WITH clause of a changing statement visible.
func (b *Binder) statementCTEs(w *ast.With) (*cteList, error) {
	if w == nil {
		return nil, nil
	}
	return b.with(w, queryContext{})
}

// tableColumn finds a named column of the target table.
func tableColumn(t *catalog.Table, id ast.Ident) (int, error) {
	if i := t.Ordinal(id.Name); i >= 0 {
		return i, nil
	}
	err := errAt(sqlerr.UndefinedColumn, id, "column %q of relation %q does not exist", id.Name, t.Name)
	names := make([]string, len(t.Columns))
	for i := range t.Columns {
		names[i] = t.Columns[i].Name
	}
	if near, ok := nearest(id.Name, names); ok {
		err = err.WithHint("Perhaps you meant the column %q.", near)
	}
	return 0, err
}

// Default binds the default of a column, NULL where it has none, as a value of the column's type.
func (b *Binder) Default(c catalog.Column) (plan.Expr, error) {
	if c.Default == "" {
		return &plan.Const{Value: types.Null(c.Type)}, nil
	}
	x, err := b.storedExpr(c.Default)
	if err != nil {
		return nil, err
	}
	e, err := b.defaultExpr(x, c.Name, c.Type)
	if err != nil {
		return nil, relocated(err, ast.Span{Pos: -1, End: -1}, "the default of column "+c.Name)
	}
	return e, nil
}

// storedExpr parses the text of a default or a check.
func (b *Binder) storedExpr(text string) (ast.Expr, error) {
	if b.opts.ParseView == nil {
		return nil, sqlerr.New(sqlerr.InternalError, "stored expressions need a parser")
	}
	stmt, err := b.opts.ParseView("SELECT " + text)
	if err != nil {
		return nil, err
	}
	if q, ok := stmt.(*ast.Query); ok {
		if s, ok := q.Body.(*ast.Select); ok && len(s.Targets) == 1 {
			return s.Targets[0].X, nil
		}
	}
	return nil, sqlerr.New(sqlerr.InternalError, "the stored text %q is not an expression", text)
}

// defaultExpr binds a DEFAULT: no columns, subqueries or parameters.
func (b *Binder) defaultExpr(x ast.Expr, column string, t types.Type) (plan.Expr, error) {
	sc := newScope(nil, nil, nil)
	sc.clause = defaultClause
	e, err := b.storable(sc, x, "DEFAULT expression")
	if err != nil {
		return nil, err
	}
	if from := e.Type(); from.Kind != types.Unknown && !types.Assignable(from, t) {
		return nil, errAt(sqlerr.DatatypeMismatch, x, "column %q is of type %s but default expression is of type %s", column, t.Kind, from.Kind).
			WithHint("You will need to rewrite or cast the expression.")
	}
	return b.assign(e, column, t, x)
}

// storable binds an expression that is kept in the catalog.
func (b *Binder) storable(sc *scope, x ast.Expr, what string) (plan.Expr, error) {
	before := len(b.params)
	e, err := b.expr(sc, x)
	if err != nil {
		return nil, err
	}
	if len(b.params) > before {
		pos := b.paramPos[len(b.params)-1]
		return nil, errAt(sqlerr.UndefinedParameter, pos, "there is no parameter $%d", len(b.params))
	}
	if hasSubquery(e) {
		return nil, errAt(sqlerr.FeatureNotSupported, x, "cannot use subquery in %s", what)
	}
	return e, nil
}

// tableScope names the columns of one table as cols.
func tableScope(alias string, table *catalog.Table, cols []plan.Column, clause string) *scope {
	r := &relation{alias: alias, table: table, cols: make([]scopeColumn, len(table.Columns))}
	for i := range table.Columns {
		c := cols[i]
		c.Name = table.Columns[i].Name
		r.cols[i] = scopeColumn{c.Name, plan.Ref(c)}
	}
	return &scope{rels: []*relation{r}, cols: r.cols, clause: clause}
}

// checks binds the CHECK constraints of a table over a row.
func (b *Binder) checks(table *catalog.Table, row []plan.Column) (exprs []plan.Expr, names []string, err error) {
	for _, c := range table.Checks {
		x, err := b.storedExpr(c.Expr)
		if err != nil {
			return nil, nil, err
		}
		e, err := b.checkExpr(table, row, x)
		if err != nil {
			return nil, nil, relocated(err, ast.Span{Pos: -1, End: -1}, "the constraint "+c.Name)
		}
		exprs, names = append(exprs, e), append(names, c.Name)
	}
	return exprs, names, nil
}

func (b *Binder) checkExpr(table *catalog.Table, row []plan.Column, x ast.Expr) (plan.Expr, error) {
	sc := tableScope(table.Name, table, row, "check constraints")
	e, err := b.storable(sc, x, "check constraint")
	if err != nil {
		return nil, err
	}
	return b.boolean(e, x, "CHECK")
}

// returning binds a RETURNING list over the changed row. other is what else the statement joins: its
// columns cannot be returned.
func (b *Binder) returning(list []*ast.Target, alias string, table *catalog.Table, row []plan.Column, other *scope) ([]plan.NamedExpr, []string, error) {
	if len(list) == 0 {
		return nil, nil, nil
	}
	sc := tableScope(alias, table, row, "RETURNING")
	targets, err := b.targetList(sc, list)
	if err != nil {
		if other != nil {
			if _, inFrom := b.targetList(other, list); inFrom == nil {
				return nil, nil, unsupported(list[0], "RETURNING columns of other tables")
			}
		}
		return nil, nil, err
	}
	out := newProjection(b, sc.ids())
	names := make([]string, len(targets))
	for i, t := range targets {
		e, err := b.resolveUnknown(t.expr, t.at)
		if err != nil {
			return nil, nil, err
		}
		if hasSubquery(e) {
			return nil, nil, unsupported(t.at, "a subquery in RETURNING")
		}
		out.add(e, t.name)
		names[i] = t.name
	}
	return out.exprs, names, nil
}
