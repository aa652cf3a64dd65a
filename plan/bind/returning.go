package bind

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
)

// returned is a bound RETURNING list. What needs more than the changed row, columns of other tables
// and subqueries, is computed as an extra column of the statement's input.
type returned struct {
	exprs  []plan.NamedExpr
	names  []string
	extras []plan.NamedExpr
}

// returning binds a RETURNING list over the changed row and, after it, the other relations that the
// statement joins: others is its scope, whose first relation is the target; nil without them.
func (b *Binder) returning(list []*ast.Target, alias string, table *catalog.Table, row []plan.Column, others *scope, ctes *cteList) (returned, error) {
	var r returned
	if len(list) == 0 {
		return r, nil
	}
	sc := tableScope(alias, table, row, "RETURNING")
	sc.ctes = ctes
	own := sc.ids()
	if others != nil {
		sc.rels = append(sc.rels, others.rels[1:]...)
		sc.cols = append(sc.cols[:len(sc.cols):len(sc.cols)], others.cols[len(table.Columns):]...)
	}
	targets, err := b.targetList(sc, list)
	if err != nil {
		return r, err
	}
	out := newProjection(b, own)
	for _, t := range targets {
		e, err := b.resolveUnknown(t.expr, t.at)
		if err != nil {
			return r, err
		}
		if hasSubquery(e) || !own.ContainsAll(plan.UsedColumns(e)) {
			extra := plan.NamedExpr{Out: b.newColumn(t.name, e.Type(), false), Expr: e}
			r.extras = append(r.extras, extra)
			e = plan.Ref(extra.Out)
			out.input.Add(extra.Out.ID)
		}
		out.add(e, t.name)
		r.names = append(r.names, t.name)
	}
	r.exprs = out.exprs
	return r, nil
}

// carry are the columns that extras take from outside the row: those that input makes and the row's
// projection must pass on.
func (r *returned) carry(row []plan.Column, input plan.Node) []plan.Column {
	has, used := plan.ColumnSet{}, plan.ColumnSet{}
	for _, c := range row {
		has.Add(c.ID)
	}
	for _, e := range r.extras {
		for id := range plan.UsedColumns(e.Expr) {
			used.Add(id)
		}
	}
	var out []plan.Column
	for _, c := range input.Columns() {
		if used.Has(c.ID) && !has.Has(c.ID) {
			out = append(out, c)
			has.Add(c.ID)
		}
	}
	return out
}

// widen puts the extras behind the row's columns, and last after them.
func (r *returned) widen(input plan.Node, row []plan.Column, last ...plan.Column) (plan.Node, []plan.Column) {
	exprs := passThrough(input, row).(*plan.Project).Exprs
	exprs = append(exprs, r.extras...)
	cols := make([]plan.Column, len(exprs))
	for i := range exprs {
		cols[i] = exprs[i].Out
	}
	for _, c := range last {
		exprs = append(exprs, plan.NamedExpr{Out: c, Expr: plan.Ref(c)})
	}
	return &plan.Project{Input: input, Exprs: exprs}, cols
}
