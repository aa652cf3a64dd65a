package bind

import (
	"strconv"

	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
)

// target is one output column of a SELECT.
type target struct {
	name string
	expr plan.Expr
	at   ast.Node
}

// selection is a SELECT core while it is bound.
type selection struct {
	*Binder
	sel     *ast.Select
	q       *ast.Query
	qc      queryContext
	sc      *scope
	input   plan.Node
	targets []target
	groups  []groupItem
	having  plan.Expr
	order   []orderKey
	on      []plan.Expr // DISTINCT ON
}

// bindSelect binds a SELECT with the ORDER BY and LIMIT of q.
func (b *Binder) bindSelect(sel *ast.Select, q *ast.Query, qc queryContext) (*relational, error) {
	if err := refuseClauses(sel); err != nil {
		return nil, err
	}
	item, err := b.from(sel.From, fromContext{qc.outer, qc.ctes})
	if err != nil {
		return nil, err
	}
	s := &selection{Binder: b, sel: sel, q: q, qc: qc, sc: newScope(qc.outer, qc.ctes, item), input: item.node}
	named, err := newWindows(sel.Windows)
	if err != nil {
		return nil, err
	}
	s.sc.query = &grouping{keys: map[string]int{}, ids: plan.ColumnSet{}, windows: named}
	for _, step := range []func() error{s.bindTargets, s.bindWhere, s.bindGroupBy, s.bindHaving, s.bindOrder, s.bindDistinctOn, s.group, s.bindWindows} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s.assemble()
}

func refuseClauses(sel *ast.Select) error {
	switch {
	case sel.GroupDistinct:
		return unsupported(sel, "GROUP BY DISTINCT")
	case sel.Into != nil:
		return errAt(sqlerr.SyntaxError, sel.Into, "SELECT ... INTO is not allowed here")
	}
	return nil
}

func (s *selection) bindTargets() error {
	if s.fixStars && len(s.views) == 0 {
		s.sel.Targets = explicitStars(s.sc, s.sel.Targets)
	}
	targets, err := s.targetList(s.sc, s.sel.Targets)
	if err != nil {
		return err
	}
	if !s.qc.keepUnknown {
		for i := range targets {
			if targets[i].expr, err = s.resolveUnknown(targets[i].expr, targets[i].at); err != nil {
				return err
			}
		}
	}
	s.targets = targets
	return nil
}

// targetList binds a select list or a RETURNING list, with * spread out.
func (b *Binder) targetList(sc *scope, list []*ast.Target) ([]target, error) {
	var out []target
	for _, t := range list {
		if star, ok := t.X.(*ast.Star); ok {
			cols, err := b.starColumns(sc, star)
			if err != nil {
				return nil, err
			}
			out = append(out, cols...)
			continue
		}
		e, err := b.expr(sc, t.X)
		if err != nil {
			return nil, err
		}
		name := t.Alias.Name
		if name == "" {
			name = ast.ColumnName(t.X)
		}
		out = append(out, target{name, e, t.X})
	}
	if len(out) > MaxOutputColumns {
		return nil, errAt(sqlerr.TooManyColumns, list[0], "target lists can have at most %d entries", MaxOutputColumns)
	}
	return out, nil
}

func (b *Binder) starColumns(sc *scope, star *ast.Star) ([]target, error) {
	if star.Of != nil {
		return nil, unsupported(star, "a composite value")
	}
	cols, from := sc.cols, sc
	if len(star.Qualifier) > 0 {
		r, s, err := b.resolveRelation(sc, star.Qualifier, star)
		if err != nil {
			return nil, err
		}
		cols, from = r.cols, s
	} else if len(cols) == 0 && len(sc.rels) == 0 {
		return nil, errAt(sqlerr.SyntaxError, star, "SELECT * with no tables specified is not valid")
	}
	b.used(from)
	out := make([]target, len(cols))
	for i, c := range cols {
		out[i] = target{c.name, b.reference(c.expr, star), star}
	}
	return out, nil
}

func (s *selection) bindWhere() error {
	if s.sel.Where == nil {
		return nil
	}
	s.sc.clause = "WHERE"
	cond, err := s.condition(s.sc, s.sel.Where, "WHERE")
	s.sc.clause = ""
	if err != nil {
		return err
	}
	if preds := dropTrue(plan.Conjuncts(cond)); len(preds) > 0 {
		s.input = &plan.Filter{Input: s.input, Preds: preds}
	}
	return nil
}

func (s *selection) bindHaving() (err error) {
	if s.sel.Having == nil {
		return nil
	}
	s.sc.query.windows.refused = "HAVING"
	s.having, err = s.condition(s.sc, s.sel.Having, "HAVING")
	s.sc.query.windows.refused = ""
	return err
}

// assemble stacks projection, DISTINCT, ORDER BY and LIMIT on the grouped input.
func (s *selection) assemble() (*relational, error) {
	out := newProjection(s.Binder, plan.Outputs(s.input))
	names := make([]string, len(s.targets))
	for i, t := range s.targets {
		out.add(t.expr, t.name)
		names[i] = t.name
	}
	keys := make([]plan.SortKey, len(s.order))
	for i, k := range s.order {
		keys[i] = k.key
		keys[i].Expr = out.column(k.key.Expr, k.target)
	}
	on := make([]plan.Expr, len(s.on))
	for i, e := range s.on {
		on[i] = out.column(e, -1)
	}
	hidden := len(out.exprs) > len(names)
	if s.sel.Distinct {
		if hidden && len(s.on) == 0 {
			return nil, s.distinctError(len(names))
		}
	}
	var node plan.Node = &plan.Project{Input: s.input, Exprs: out.exprs}
	if s.sel.Distinct && len(on) == 0 {
		for _, t := range s.targets {
			if err := hashable(t.expr.Type(), t.at); err != nil {
				return nil, err
			}
		}
		node = &plan.Distinct{Input: node}
	}
	if len(keys) > 0 {
		node = &plan.Sort{Input: node, Keys: keys, Limit: -1}
	}
	if len(on) > 0 {
		node = &plan.Distinct{Input: node, On: on}
	}
	qc := s.qc
	qc.rels, qc.cols = s.sc.rels, s.sc.cols
	node, err := s.limit(node, s.q, qc)
	if err != nil {
		return nil, err
	}
	cols := out.columns()[:len(names)]
	if hidden {
		node = passThrough(node, cols)
	}
	return &relational{node: node, cols: cols, names: names}, nil
}

func (s *selection) distinctError(visible int) error {
	for _, k := range s.order {
		if k.target < 0 {
			return errAt(sqlerr.InvalidColumnReference, k.at, "for SELECT DISTINCT, ORDER BY expressions must appear in select list")
		}
	}
	return errAt(sqlerr.InternalError, s.sel, "SELECT DISTINCT made %d hidden columns", visible)
}

// passThrough projects to some columns of its input.
func passThrough(input plan.Node, cols []plan.Column) plan.Node {
	exprs := make([]plan.NamedExpr, len(cols))
	for i, c := range cols {
		exprs[i] = plan.NamedExpr{Out: c, Expr: plan.Ref(c)}
	}
	return &plan.Project{Input: input, Exprs: exprs}
}

// projection collects output expressions. Columns of the input keep their ids, unless they come out
// twice; those of enclosing queries get new ones.
type projection struct {
	b     *Binder
	input plan.ColumnSet
	exprs []plan.NamedExpr
	ids   plan.ColumnSet
	byKey map[string]int
}

func newProjection(b *Binder, input plan.ColumnSet) *projection {
	return &projection{b: b, input: input, ids: plan.ColumnSet{}, byKey: map[string]int{}}
}

func (p *projection) add(e plan.Expr, name string) plan.Column {
	out := p.b.output(e, name)
	if _, bare := e.(*plan.Column); bare && (p.ids.Has(out.Out.ID) || !p.input.Has(out.Out.ID)) {
		out.Out.ID = p.b.newColumn(name, out.Out.Typ, false).ID
	}
	p.ids.Add(out.Out.ID)
	if key := exprKey(e); p.byKey[key] == 0 {
		p.byKey[key] = len(p.exprs) + 1
	}
	p.exprs = append(p.exprs, out)
	return out.Out
}

// column gives the output column of target (when ≥ 0) or of e, which is added where no output equals it.
func (p *projection) column(e plan.Expr, target int) *plan.Column {
	if target >= 0 {
		return plan.Ref(p.exprs[target].Out)
	}
	if i := p.byKey[exprKey(e)]; i > 0 {
		return plan.Ref(p.exprs[i-1].Out)
	}
	name := "order" + strconv.Itoa(len(p.exprs)+1)
	if c, ok := e.(*plan.Column); ok {
		name = c.Name
	}
	return plan.Ref(p.add(e, name))
}

func (p *projection) columns() []plan.Column {
	out := make([]plan.Column, len(p.exprs))
	for i := range p.exprs {
		out[i] = p.exprs[i].Out
	}
	return out
}

func valuesColumn(i int) string { return "column" + strconv.Itoa(i+1) }
