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
		if verb, ok := viewChanges[verb]; ok && b.isSequence(n) {
			return nil, errAt(sqlerr.WrongObjectType, n, "cannot change sequence %q", n.Base()).WithDetail("Use nextval and setval to %s it.", verb)
		}
		return nil, err
	}
	if view != nil {
		if verb, ok := viewChanges[verb]; ok && !b.updatable(view) {
			return nil, errAt(sqlerr.ObjectNotInPrerequisite, n, "cannot %s view %q", verb, view.Name).
				WithDetail("Only views of one table's rows, without DISTINCT, GROUP BY, HAVING, LIMIT, OFFSET, WITH, aggregates and set operations, are automatically updatable.")
		}
		return nil, unsupported(n, verb+" a view")
	}
	return table, nil
}

// viewChanges are the verbs of targetTable that change rows, as messages call them.
var viewChanges = map[string]string{"INSERT into": "insert into", "UPDATE of": "update", "DELETE from": "delete from"}

// updatable reports that the standard makes a view's rows those of one table (SQL:2016 4.15.9).
func (b *Binder) updatable(v *catalog.View) bool {
	if b.opts.ParseView == nil {
		return false
	}
	stmt, err := b.opts.ParseView(v.Query)
	if err != nil {
		return false
	}
	q, ok := stmt.(*ast.Query)
	if !ok || q.With != nil || q.Limit != nil || q.LimitAll || q.Offset != nil {
		return false
	}
	s, ok := q.Body.(*ast.Select)
	if !ok || s.Distinct || len(s.GroupBy) > 0 || s.Having != nil || len(s.From) != 1 {
		return false
	}
	if _, ok := s.From[0].(*ast.TableRef); !ok {
		return false
	}
	rel, err := New(b.reader, b.registry, b.opts).storedQuery(v.Query)
	return err == nil && !plan.Contains(rel.node, func(n plan.Node) bool {
		_, grouped := n.(*plan.Aggregate)
		return grouped
	})
}

// statementCTEs makes the WITH clause of a changing statement visible.
func (b *Binder) statementCTEs(w *ast.With) (*cteList, error) {
	if w == nil {
		return nil, nil
	}
	return b.with(w, queryContext{})
}

// unusedCTEs binds what a statement's WITH defines and nothing read.
func (b *Binder) unusedCTEs(w *ast.With, ctes *cteList) error {
	if w == nil {
		return nil
	}
	return b.bindUnused(ctes, nil)
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

// Default binds the default of a column, NULL where it has none, as a value of the column's type. For
// a generated column it is NULL, too: withGenerated puts its value there.
func (b *Binder) Default(c catalog.Column) (plan.Expr, error) {
	if c.Identity != catalog.NotIdentity {
		return b.nextval(c.Sequence, c.Type, ast.Span{Pos: -1, End: -1})
	}
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
