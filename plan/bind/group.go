package bind

import (
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
)

// grouping collects the aggregates and the window functions of one SELECT.
type grouping struct {
	aggs    []plan.NamedAgg
	keys    map[string]int
	ids     plan.ColumnSet
	windows *windows
}

// aggregate gives the column of an aggregate call; equal calls share one.
func (g *grouping) aggregate(b *Binder, call *plan.AggCall) plan.Expr {
	key := aggKey(call)
	i, ok := g.keys[key]
	if !ok {
		i = len(g.aggs)
		g.keys[key] = i
		out := b.newColumn(call.Fn.Name, call.Typ, call.Fn.Name == "count")
		g.aggs = append(g.aggs, plan.NamedAgg{Out: out, Agg: *call})
		g.ids.Add(out.ID)
	}
	return plan.Ref(g.aggs[i].Out)
}

// checkNesting refuses an aggregate of this level inside the arguments of another.
func (g *grouping) checkNesting(call *plan.AggCall, nodes []ast.Node, at ast.Node) error {
	for i, a := range call.Arg {
		if intersects(plan.UsedColumns(a), g.ids) {
			return errAt(sqlerr.GroupingError, nodes[i], "aggregate function calls cannot be nested")
		}
		if intersects(plan.UsedColumns(a), g.windows.ids) {
			return errAt(sqlerr.GroupingError, nodes[i], "aggregate function calls cannot contain window function calls")
		}
	}
	if call.Filter != nil && intersects(plan.UsedColumns(call.Filter), g.ids) {
		return errAt(sqlerr.GroupingError, at, "aggregate functions are not allowed in FILTER")
	}
	return nil
}

// groupItem is one expression of GROUP BY.
type groupItem struct {
	expr plan.Expr
	name string
}

func (s *selection) bindGroupBy() error {
	for _, x := range s.sel.GroupBy {
		if row, ok := x.(*ast.Row); ok && !row.Explicit {
			for _, item := range row.Items {
				if err := s.groupItem(item); err != nil {
					return err
				}
			}
			continue
		}
		if g, ok := x.(*ast.Grouping); ok {
			if g.Kind != ast.EmptyGroup {
				return unsupported(g, groupingName(g))
			}
			continue
		}
		if err := s.groupItem(x); err != nil {
			return err
		}
	}
	return nil
}

func groupingName(g *ast.Grouping) string {
	return map[ast.GroupingKind]string{ast.Rollup: "ROLLUP", ast.Cube: "CUBE", ast.GroupingSets: "GROUPING SETS", ast.EmptyGroup: "()"}[g.Kind]
}

// groupItem binds one item. A bare name is a column of FROM first, an output column second.
func (s *selection) groupItem(x ast.Expr) error {
	i := -1
	var err error
	ref, isName := x.(*ast.ColumnRef)
	if isName && len(ref.Parts) == 1 {
		if _, n := s.sc.find(ref.Parts[0].Name); n == 0 {
			i, err = namedTarget(ref, s.targets, "GROUP BY")
		}
	} else {
		i, err = targetOf(x, s.targets, "GROUP BY")
	}
	if err != nil {
		return err
	}
	item := groupItem{name: ast.ColumnName(x)}
	if i >= 0 {
		item.expr, item.name = s.targets[i].expr, s.targets[i].name
		if intersects(plan.UsedColumns(item.expr), s.sc.query.ids) {
			return errAt(sqlerr.GroupingError, s.targets[i].at, "aggregate functions are not allowed in GROUP BY")
		}
		if intersects(plan.UsedColumns(item.expr), s.sc.query.windows.ids) {
			return errAt(sqlerr.WindowingError, s.targets[i].at, "window functions are not allowed in GROUP BY")
		}
	} else {
		s.sc.clause = "GROUP BY"
		item.expr, err = s.expr(s.sc, x)
		s.sc.clause = ""
		if err != nil {
			return err
		}
		if item.expr, err = s.resolveUnknown(item.expr, x); err != nil {
			return err
		}
	}
	if err := hashable(item.expr.Type(), x); err != nil {
		return err
	}
	s.groups = append(s.groups, item)
	return nil
}

// group puts the Aggregate in, where the SELECT has one, and rewrites what stands above it: grouped
// expressions become its columns, and every other column is error 42803.
func (s *selection) group() error {
	if len(s.sel.GroupBy) == 0 && s.having == nil && len(s.sc.query.aggs) == 0 {
		return nil
	}
	r := s.newRegroup()
	for i := range s.targets {
		s.targets[i].expr = r.rewrite(s.targets[i].expr, s.targets[i].at)
	}
	for i := range s.order {
		s.order[i].key.Expr = r.rewrite(s.order[i].key.Expr, s.order[i].at)
	}
	for i := range s.on {
		s.on[i] = r.rewrite(s.on[i], s.sel.DistinctOn[0])
	}
	if s.having != nil {
		s.having = r.rewrite(s.having, s.sel.Having)
	}
	s.sc.query.windows.rewrite(r.rewrite)
	if r.err != nil {
		return r.err
	}
	s.input = &plan.Aggregate{Input: s.input, Groups: r.groups, Aggs: s.sc.query.aggs}
	if s.having != nil {
		s.input = &plan.Filter{Input: s.input, Preds: plan.Conjuncts(s.having)}
	}
	return nil
}

// regroup rewrites expressions from the Aggregate's input to its output.
type regroup struct {
	b         *Binder
	sc        *scope
	groups    []plan.NamedExpr
	grouped   plan.ColumnSet                // columns that are groups themselves
	exprs     map[string]plan.Column        // computed groups by key
	dependent map[plan.ColumnID]plan.Column // functionally dependent on the groups
	from      plan.ColumnSet
	inside    bool // within a subquery
	at        ast.Node
	err       error
}

func (s *selection) newRegroup() *regroup {
	r := &regroup{b: s.Binder, sc: s.sc, grouped: plan.ColumnSet{}, exprs: map[string]plan.Column{}, from: plan.ColumnSet{}}
	for _, c := range s.sc.cols {
		plan.AddRefs(r.from, c.expr)
	}
	for _, rel := range s.sc.rels {
		for _, c := range rel.cols {
			plan.AddRefs(r.from, c.expr)
		}
	}
	for _, g := range s.groups {
		r.addGroup(g)
	}
	r.findDependent()
	return r
}

func (r *regroup) addGroup(g groupItem) {
	if c, ok := g.expr.(*plan.Column); ok && r.from.Has(c.ID) {
		if !r.grouped.Has(c.ID) {
			r.grouped.Add(c.ID)
			r.groups = append(r.groups, plan.NamedExpr{Out: *c, Expr: c})
		}
		return
	}
	key := exprKey(g.expr)
	if _, ok := r.exprs[key]; ok {
		return
	}
	out := r.b.newColumn(g.name, g.expr.Type(), notNull(g.expr))
	r.exprs[key] = out
	r.groups = append(r.groups, plan.NamedExpr{Out: out, Expr: g.expr})
}

// findDependent notes the columns of tables whose whole primary key is grouped.
func (r *regroup) findDependent() {
	r.dependent = map[plan.ColumnID]plan.Column{}
	for _, rel := range r.sc.rels {
		if rel.table == nil || !r.keyGrouped(rel) {
			continue
		}
		for _, c := range rel.cols {
			if col, ok := c.expr.(*plan.Column); ok {
				r.dependent[col.ID] = *col
			}
		}
	}
}

func (r *regroup) keyGrouped(rel *relation) bool {
	for _, index := range rel.table.Indexes {
		if !index.Primary {
			continue
		}
		for _, field := range index.Fields {
			ordinal := rel.table.OrdinalOf(field)
			if ordinal < 0 || ordinal >= len(rel.cols) {
				return false
			}
			c, ok := rel.cols[ordinal].expr.(*plan.Column)
			if !ok || !r.grouped.Has(c.ID) {
				return false
			}
		}
		return true
	}
	return false
}

func (r *regroup) rewrite(e plan.Expr, at ast.Node) plan.Expr {
	r.at = at
	return r.visit(e)
}

func (r *regroup) visit(e plan.Expr) plan.Expr {
	if c, ok := e.(*plan.Column); ok {
		return r.column(c)
	}
	if len(r.exprs) > 0 {
		if out, ok := r.exprs[exprKey(e)]; ok {
			return plan.Ref(out)
		}
	}
	if sub, ok := e.(*plan.Subquery); ok && intersects(plan.FreeColumns(sub.Input), r.from) {
		n := *sub
		outside := r.inside
		r.inside = true
		n.Input = mapTree(sub.Input, r.visit)
		r.inside = outside
		e = &n
	}
	args := e.Args()
	if len(args) == 0 {
		return e
	}
	out := make([]plan.Expr, len(args))
	for i, a := range args {
		out[i] = r.visit(a)
	}
	return e.With(out)
}

func (r *regroup) column(c *plan.Column) plan.Expr {
	if !r.from.Has(c.ID) || r.grouped.Has(c.ID) {
		return c
	}
	if out, ok := r.exprs[exprKey(c)]; ok {
		return plan.Ref(out)
	}
	if dep, ok := r.dependent[c.ID]; ok {
		r.grouped.Add(c.ID)
		r.groups = append(r.groups, plan.NamedExpr{Out: dep, Expr: plan.Ref(dep)})
		return c
	}
	if r.err == nil {
		r.err = r.ungrouped(c)
	}
	return c
}

func (r *regroup) ungrouped(c *plan.Column) error {
	pos, end := r.at.Range()
	if span, ok := r.b.spans[c]; ok {
		pos, end = span.Range()
	}
	name := c.Name
	for _, rel := range r.sc.rels {
		for _, rc := range rel.cols {
			if col, ok := rc.expr.(*plan.Column); ok && col.ID == c.ID {
				name = rel.alias + "." + rc.name
			}
		}
	}
	if r.inside {
		return sqlerr.At(sqlerr.GroupingError, pos, end, "subquery uses ungrouped column %q from outer query", name)
	}
	return sqlerr.At(sqlerr.GroupingError, pos, end, "column %q must appear in the GROUP BY clause or be used in an aggregate function", name)
}
