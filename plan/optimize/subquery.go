package optimize

import (
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// unnest is the rule "unnest": every subquery and every lateral item becomes a join (Neumann and
// Kemper, Unnesting arbitrary queries, BTW 2015; Neumann, Improving unnesting of complex queries,
// BTW 2025). First each subquery becomes an Apply below the node that uses it, then the applies are
// turned into joins from the outermost inwards.
//
//	Filter EXISTS (Filter b.x = a.x (b)) (a)  ⇒  Semi Join on a.x = b.x (a, b)
func unnest(o *optimizer, root plan.Node) plan.Node {
	for _, s := range reachable(root) {
		s.set(o.dropApplies(o.subqueries(normalise(o, s.get()))))
	}
	return o.dropApplies(o.subqueries(root))
}

// subqueries turns every subquery below root into an Apply or a runtime constant.
func (o *optimizer) subqueries(root plan.Node) plan.Node {
	return plan.RewriteNodes(root, func(n plan.Node) plan.Node {
		n = leftward(n)
		for _, e := range plan.Exprs(n) {
			if hasSubquery(e) {
				return o.subqueriesOf(n)
			}
		}
		return n
	})
}

// leftward writes a right join as a left join.
func leftward(n plan.Node) plan.Node {
	j, ok := n.(*plan.Join)
	if !ok || j.Kind != plan.RightJoin {
		return n
	}
	return keep(newJoin(plan.LeftJoin, j.Right, j.Left, joinConds(j)), j.Columns())
}

// subqueriesOf rewrites one node whose expressions have subqueries.
func (o *optimizer) subqueriesOf(n plan.Node) plan.Node {
	switch n := n.(type) {
	case *plan.Filter:
		return o.filterSubqueries(n)
	case *plan.Join:
		return o.joinSubqueries(n)
	case *plan.Apply:
		return o.applySubqueries(n)
	case *plan.Values:
		return o.valuesSubqueries(n)
	case *plan.Generate:
		in := n.Input
		if in == nil {
			in = oneRow()
		}
		x := extractor{o: o, input: in}
		m := plan.MapExprs(n, x.expr).(*plan.Generate)
		m.Input = x.input
		return keep(m, n.Columns())
	case *plan.Project, *plan.Aggregate, *plan.Sort, *plan.Distinct, *plan.Limit, *plan.Window:
		x := extractor{o: o, input: n.Children()[0]}
		m := plan.MapExprs(n, x.expr)
		return keep(m.With([]plan.Node{x.input}), n.Columns())
	}
	o.fail(unsupported("a subquery in " + n.Label()))
	return n
}

func unsupported(what string) error { return sqlerr.Unsupported(-1, -1, what) }

// oneRow is a relation of one row and no columns.
func oneRow() plan.Node { return &plan.Values{Rows: [][]plan.Expr{{}}} }

// filterSubqueries applies the plain predicates first, then the subqueries that are conjuncts as
// semi and anti joins, then the predicates that use subqueries as values.
func (o *optimizer) filterSubqueries(n *plan.Filter) plan.Node {
	var plain, used []plan.Expr
	var conjuncts []*plan.Subquery
	for _, p := range n.Preds {
		s, ok := p.(*plan.Subquery)
		switch {
		case !hasSubquery(p):
			plain = append(plain, p)
		case ok && s.Kind != plan.ScalarSubquery:
			conjuncts = append(conjuncts, s)
		default:
			used = append(used, p)
		}
	}
	x := extractor{o: o, input: filter(n.Input, plain)}
	for _, s := range conjuncts {
		if p := x.conjunct(s); p != nil {
			x.input = filter(x.input, []plan.Expr{p})
		}
	}
	for i, p := range used {
		used[i] = x.expr(p)
	}
	return keep(filter(x.input, used), n.Columns())
}

// joinSubqueries moves conditions with subqueries above an inner join, and into the right side of
// a left join, where they see the left side laterally.
func (o *optimizer) joinSubqueries(n *plan.Join) plan.Node {
	var plain, used []plan.Expr
	for _, c := range joinConds(n) {
		if hasSubquery(c) {
			used = append(used, c)
		} else {
			plain = append(plain, c)
		}
	}
	switch n.Kind {
	case plan.InnerJoin, plan.CrossJoin:
		j := newJoin(plan.InnerJoin, n.Left, n.Right, plain)
		return o.subqueriesOf(&plan.Filter{Input: j, Preds: used})
	case plan.LeftJoin, plan.SemiJoin, plan.AntiJoin, plan.MarkJoin, plan.SingleJoin:
		if !n.NullAware {
			right := o.subqueriesOf(&plan.Filter{Input: n.Right, Preds: used})
			return &plan.Apply{Kind: n.Kind, Left: n.Left, Right: right, On: plain, Mark: n.Mark}
		}
	}
	o.fail(unsupported("a subquery in the condition of a " + n.Kind.String() + " join"))
	return n
}

func (o *optimizer) applySubqueries(n *plan.Apply) plan.Node {
	var plain, used []plan.Expr
	for _, c := range n.On {
		if hasSubquery(c) {
			used = append(used, c)
		} else {
			plain = append(plain, c)
		}
	}
	m := *n
	m.On = plain
	m.Right = o.subqueriesOf(&plan.Filter{Input: n.Right, Preds: used})
	return &m
}

// valuesSubqueries makes each row a projection of one row.
func (o *optimizer) valuesSubqueries(n *plan.Values) plan.Node {
	return o.rowsOf(n, func(row []plan.NamedExpr) plan.Node {
		x := extractor{o: o, input: oneRow()}
		for i := range row {
			row[i].Expr = x.expr(row[i].Expr)
		}
		return &plan.Project{Input: x.input, Exprs: row}
	})
}

// rowsOf is the union of what project gives for the rows of n.
func (o *optimizer) rowsOf(n *plan.Values, project func(row []plan.NamedExpr) plan.Node) plan.Node {
	var out plan.Node
	for _, values := range n.Rows {
		row := []plan.NamedExpr{}
		for i, e := range values {
			c := o.fresh(n.Cols[i])
			row = append(row, plan.NamedExpr{Out: c, Expr: e})
		}
		next := project(row)
		if out == nil {
			out = next
			continue
		}
		cols := []plan.Column{}
		for _, c := range out.Columns() {
			cols = append(cols, o.fresh(c))
		}
		out = &plan.SetOp{Kind: plan.Union, All: true, Left: out, Right: next, Cols: cols}
	}
	if out == nil {
		return &plan.Empty{Cols: n.Cols}
	}
	return rename(out, n.Cols)
}

// extractor replaces subqueries in expressions over input by columns, adding an Apply to input for
// each.
type extractor struct {
	o     *optimizer
	input plan.Node
	// guards are what must hold for the expression at hand to be evaluated at all: the conditions
	// of the CASE arms around it.
	guards []plan.Expr
}

func (x *extractor) expr(e plan.Expr) plan.Expr {
	if !hasSubquery(e) {
		return e
	}
	if c, ok := e.(*plan.Case); ok {
		return x.caseExpr(c)
	}
	args := append([]plan.Expr(nil), e.Args()...)
	for i := range args {
		args[i] = x.expr(args[i])
	}
	e = e.With(args)
	s, ok := e.(*plan.Subquery)
	if !ok {
		return e
	}
	in := x.o.subqueries(normalise(x.o, s.Input))
	switch s.Kind {
	case plan.ScalarSubquery:
		return x.scalar(s, in)
	case plan.ExistsSubquery:
		return x.exists(s, in)
	}
	return x.anyValue(s, in)
}

// caseExpr extracts from the arms in order, each guarded by its condition, so that an arm that is
// not taken cannot raise "more than one row".
func (x *extractor) caseExpr(c *plan.Case) plan.Expr {
	outer := x.guards
	defer func() { x.guards = outer }()
	out := &plan.Case{Typ: c.Typ}
	before := outer
	for _, w := range c.Whens {
		x.guards = before
		cond := x.expr(w.Cond)
		x.guards = append(before[:len(before):len(before)], cond)
		out.Whens = append(out.Whens, plan.When{Cond: cond, Then: x.expr(w.Then)})
		untaken := &plan.Not{X: &plan.Coalesce{Arg: []plan.Expr{cond, constBool(false)}, Typ: types.TBoolean}}
		before = append(before[:len(before):len(before)], untaken)
	}
	if c.Else != nil {
		x.guards = before
		out.Else = x.expr(c.Else)
	}
	return out
}

// scalar gives the value of a scalar subquery: a runtime constant when it is uncorrelated.
func (x *extractor) scalar(s *plan.Subquery, in plan.Node) plan.Expr {
	col := in.Columns()[0]
	in = keep(in, []plan.Column{col})
	if len(plan.FreeColumns(in)) == 0 && (len(x.guards) == 0 || atMostOneRow(in)) {
		return &plan.RuntimeValue{Input: x.o.dropApplies(in), Typ: s.Typ}
	}
	kind := plan.SingleJoin
	if atMostOneRow(in) {
		kind = plan.LeftJoin
	}
	a := &plan.Apply{Kind: kind, Left: x.input, Right: in}
	if kind == plan.SingleJoin {
		a.On = x.guards
	}
	x.input = a
	col.NotNull = false
	return &col
}

// exists gives the truth of EXISTS as a value.
func (x *extractor) exists(s *plan.Subquery, in plan.Node) plan.Expr {
	if e, ok := x.existsOnce(s, in); ok {
		return e
	}
	mark := x.o.column("mark", types.TBoolean, true)
	x.input = &plan.Apply{Kind: plan.MarkJoin, Left: x.input, Right: in, Mark: mark}
	return negated(&mark, s.Negate)
}

// existsOnce evaluates an uncorrelated EXISTS once, by counting at most one row.
func (x *extractor) existsOnce(s *plan.Subquery, in plan.Node) (plan.Expr, bool) {
	if len(plan.FreeColumns(in)) > 0 || x.o.env.Aggregate == nil {
		return nil, false
	}
	count, ok := x.o.aggCall("count", nil)
	if !ok {
		return nil, false
	}
	one := &plan.Const{Value: types.Int(types.TBigInt, 1)}
	out := x.o.column("count", count.Typ, true)
	agg := &plan.Aggregate{
		Input: &plan.Limit{Input: x.o.dropApplies(in), Count: one},
		Aggs:  []plan.NamedAgg{{Out: out, Agg: count}},
	}
	op := plan.Gt
	if s.Negate {
		op = plan.Eq
	}
	zero := &plan.Const{Value: types.Int(count.Typ, 0)}
	return &plan.Compare{Op: op, L: &plan.RuntimeValue{Input: agg, Typ: count.Typ}, R: zero}, true
}

func negated(e plan.Expr, negate bool) plan.Expr {
	if negate {
		return &plan.Not{X: e}
	}
	return e
}

// anyValue gives the three-valued result of x op ANY (subquery): true if some row compares true,
// else NULL if some comparison is NULL, else false.
func (x *extractor) anyValue(s *plan.Subquery, in plan.Node) plan.Expr {
	if b, ok := x.boundOf(s, in); ok {
		return negated(b.value(), s.Negate)
	}
	cond, negate := comparison(s, in)
	mark := x.o.column("mark", types.TBoolean, false)
	a := &plan.Apply{Kind: plan.MarkJoin, Left: x.input, Right: in, On: []plan.Expr{cond}, Mark: mark}
	switch {
	case x.neverNull(cond, in):
		a.Mark.NotNull = true
		x.input = a
		return negated(&a.Mark, negate)
	case x.nullAware(s, cond, in):
		a.NullAware = true
		x.input = a
		return negated(&mark, negate)
	}
	a.Mark.NotNull = true
	again, ids := x.o.copyTree(in)
	maybe := x.o.column("mark_null", types.TBoolean, true)
	isNull := &plan.IsNull{X: plan.Rewrite(cond, renamer(ids).expr)}
	x.input = &plan.Apply{Kind: plan.MarkJoin, Left: a, Right: again, On: []plan.Expr{isNull}, Mark: maybe}
	return negated(&plan.Case{
		Whens: []plan.When{{Cond: &a.Mark, Then: constBool(true)}, {Cond: &maybe, Then: constNull(types.TBoolean)}},
		Else:  constBool(false), Typ: types.TBoolean,
	}, negate)
}

// conjunct joins input with a subquery whose truth is required; what it returns, if anything, is
// a predicate that remains.
func (x *extractor) conjunct(s *plan.Subquery) plan.Expr {
	left := make([]plan.Expr, len(s.Left))
	for i := range left {
		left[i] = x.expr(s.Left[i])
	}
	s = s.With(left).(*plan.Subquery)
	in := x.o.subqueries(normalise(x.o, s.Input))
	if s.Kind == plan.ExistsSubquery {
		if e, ok := x.existsOnce(s, in); ok {
			return e
		}
		kind := plan.SemiJoin
		if s.Negate {
			kind = plan.AntiJoin
		}
		x.input = &plan.Apply{Kind: kind, Left: x.input, Right: in}
		return nil
	}
	if b, ok := x.boundOf(s, in); ok {
		if s.Negate {
			return negated(b.value(), true)
		}
		return b.test
	}
	cond, negate := comparison(s, in)
	a := &plan.Apply{Kind: plan.SemiJoin, Left: x.input, Right: in, On: []plan.Expr{cond}}
	if negate {
		a.Kind = plan.AntiJoin
		switch {
		case x.neverNull(cond, in):
		case x.nullAware(s, cond, in):
			a.NullAware = true
		default: // a row remains only if every comparison is false
			a.On[0] = &plan.Coalesce{Arg: []plan.Expr{cond, constBool(true)}, Typ: types.TBoolean}
		}
	}
	x.input = a
	return nil
}

// neverNull reports that a comparison of input and in cannot be NULL.
func (x *extractor) neverNull(cond plan.Expr, in plan.Node) bool {
	s := simplifier{o: x.o, children: []plan.Node{x.input, in}}
	return s.nonNull(cond)
}

// nullAware reports that the comparison is one that a NullAware join can do: one equality between
// an expression over input and a column of an uncorrelated subquery.
func (x *extractor) nullAware(s *plan.Subquery, cond plan.Expr, in plan.Node) bool {
	if len(plan.FreeColumns(in)) > 0 || len(s.Left) != 1 {
		return false
	}
	c, ok := cond.(*plan.Compare)
	if !ok || c.Op != plan.Eq {
		return false
	}
	_, ok = equiPair(cond, plan.Outputs(x.input), plan.Outputs(in))
	return ok
}

// comparison is the predicate that ANY asks of a row of in; an ALL is a negated ANY of the opposite.
func comparison(s *plan.Subquery, in plan.Node) (cond plan.Expr, negate bool) {
	op, negate := s.Op, s.Negate
	if s.Kind == plan.AllSubquery {
		op, negate = op.Negate(), !negate
	}
	cols := in.Columns()
	right := make([]plan.Expr, len(s.Left))
	for i := range right {
		right[i] = plan.Ref(cols[i])
	}
	return rowCompare(op, s.Left, right), negate
}

// rowCompare compares rows as PostgreSQL does: = and <> over all pairs, the others by the first
// pair that differs.
func rowCompare(op plan.CompareOp, l, r []plan.Expr) plan.Expr {
	if len(l) == 1 {
		return &plan.Compare{Op: op, L: l[0], R: r[0]}
	}
	var terms []plan.Expr
	switch op {
	case plan.Eq, plan.Ne, plan.IsDistinct, plan.IsNotDistinct:
		for i := range l {
			terms = append(terms, &plan.Compare{Op: op, L: l[i], R: r[i]})
		}
		if op == plan.Eq || op == plan.IsNotDistinct {
			return &plan.And{Terms: terms}
		}
		return &plan.Or{Terms: terms}
	}
	strict := map[plan.CompareOp]plan.CompareOp{plan.Le: plan.Lt, plan.Ge: plan.Gt, plan.Lt: plan.Lt, plan.Gt: plan.Gt}[op]
	return &plan.Or{Terms: []plan.Expr{
		&plan.Compare{Op: strict, L: l[0], R: r[0]},
		&plan.And{Terms: []plan.Expr{&plan.Compare{Op: plan.Eq, L: l[0], R: r[0]}, rowCompare(op, l[1:], r[1:])}},
	}}
}

// atMostOneRow proves that n delivers no second row.
func atMostOneRow(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Aggregate:
		return len(n.Groups) == 0
	case *plan.Values:
		return len(n.Rows) <= 1
	case *plan.Limit:
		c, ok := n.Count.(*plan.Const)
		return ok && !c.Value.Null && c.Value.I <= 1 && len(n.By)+len(n.Ties) == 0 || atMostOneRow(n.Input)
	case *plan.Project, *plan.Filter, *plan.Sort, *plan.Distinct, *plan.Window:
		return atMostOneRow(n.Children()[0])
	case *plan.Empty:
		return true
	}
	return false
}
