package bind

import (
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

var joinKinds = map[ast.JoinKind]plan.JoinKind{
	ast.InnerJoin: plan.InnerJoin, ast.LeftJoin: plan.LeftJoin, ast.RightJoin: plan.RightJoin,
	ast.FullJoin: plan.FullJoin, ast.CrossJoin: plan.CrossJoin,
}

// joinExpr binds an explicit join; outside is what stands to its left in FROM, for LATERAL inside.
func (b *Binder) joinExpr(j *ast.Join, fc fromContext, outside *fromItem) (*fromItem, error) {
	left, err := b.tableExpr(j.Left, fc, outside)
	if err != nil {
		return nil, withPosition(err, j.Left)
	}
	right, err := b.tableExpr(j.Right, fc, beside(outside, left))
	if err != nil {
		return nil, withPosition(err, j.Right)
	}
	kind := joinKinds[j.Kind]
	var item *fromItem
	switch {
	case j.Natural:
		item, err = b.joinUsing(kind, left, right, naturalColumns(left, right, j), j)
	case len(j.Using) > 0:
		item, err = b.joinUsing(kind, left, right, j.Using, j)
	default:
		item, err = b.joinOn(kind, left, right, j, fc)
	}
	if err != nil {
		return nil, err
	}
	if j.UsingAlias.Name != "" {
		return nil, unsupported(j.UsingAlias, "an alias of USING columns")
	}
	if j.Alias == nil {
		return item, nil
	}
	return b.aliasJoin(item, j.Alias)
}

// beside is all that a lateral item can see to its left.
func beside(outside, left *fromItem) *fromItem {
	if outside == nil {
		return left
	}
	return &fromItem{
		rels: append(outside.rels[:len(outside.rels):len(outside.rels)], left.rels...),
		cols: append(outside.cols[:len(outside.cols):len(outside.cols)], left.cols...),
	}
}

func (b *Binder) joinOn(kind plan.JoinKind, left, right *fromItem, j *ast.Join, fc fromContext) (*fromItem, error) {
	var terms []plan.Expr
	if j.On != nil {
		sc := newScope(fc.outer, fc.ctes, beside(left, right))
		sc.clause = "JOIN conditions"
		on, err := b.condition(sc, j.On, "JOIN/ON")
		if err != nil {
			return nil, err
		}
		terms = plan.Conjuncts(on)
	}
	return b.join(kind, left, right, terms, j)
}

// join makes the node: an Apply where right uses columns of left, else a Join with its equalities
// split off.
func (b *Binder) join(kind plan.JoinKind, left, right *fromItem, on []plan.Expr, at ast.Node) (*fromItem, error) {
	if err := b.addJoin(at); err != nil {
		return nil, err
	}
	if err := checkAliases(left.rels, right.rels, at); err != nil {
		return nil, err
	}
	on = dropTrue(on)
	leftSet, rightSet := left.ids, right.ids
	item := beside(left, right)
	if _, scan := right.node.(*plan.Scan); !scan && intersects(plan.FreeColumns(right.node), leftSet) {
		if kind == plan.RightJoin || kind == plan.FullJoin {
			return nil, errAt(sqlerr.InvalidColumnReference, at, "invalid reference to FROM-clause entry of a LATERAL item").
				WithDetail("The combining JOIN type must be INNER or LEFT for a LATERAL reference.")
		}
		item.node = &plan.Apply{Kind: kind, Left: left.node, Right: right.node, On: on}
	} else {
		j := &plan.Join{Kind: kind, Left: left.node, Right: right.node}
		for _, term := range on {
			if pair, ok := equiPair(term, leftSet, rightSet); ok {
				j.Equi = append(j.Equi, pair)
			} else {
				j.Residual = append(j.Residual, term)
			}
		}
		if kind == plan.CrossJoin && len(on) > 0 {
			j.Kind = plan.InnerJoin
		} else if kind == plan.InnerJoin && len(on) == 0 {
			j.Kind = plan.CrossJoin
		}
		item.node = j
	}
	weaken(item, kind, leftSet, rightSet)
	for id := range rightSet {
		leftSet.Add(id) // left's set becomes the join's: left is used up
	}
	item.ids = leftSet
	return item, nil
}

func dropTrue(terms []plan.Expr) []plan.Expr {
	var out []plan.Expr
	for _, t := range terms {
		if c, ok := t.(*plan.Const); !ok || c.Value.Null || c.Value.I == 0 {
			out = append(out, t)
		}
	}
	return out
}

// equiPair recognises left = right with one side from each input.
func equiPair(term plan.Expr, left, right plan.ColumnSet) (plan.EquiPair, bool) {
	c, ok := term.(*plan.Compare)
	if !ok || c.Op != plan.Eq && c.Op != plan.IsNotDistinct || hasSubquery(c) {
		return plan.EquiPair{}, false
	}
	l, r := plan.UsedColumns(c.L), plan.UsedColumns(c.R)
	if len(l) == 0 || len(r) == 0 {
		return plan.EquiPair{}, false
	}
	nullSafe := c.Op == plan.IsNotDistinct
	switch {
	case left.ContainsAll(l) && right.ContainsAll(r):
		return plan.EquiPair{Left: c.L, Right: c.R, NullSafe: nullSafe}, true
	case left.ContainsAll(r) && right.ContainsAll(l):
		return plan.EquiPair{Left: c.R, Right: c.L, NullSafe: nullSafe}, true
	}
	return plan.EquiPair{}, false
}

// weaken takes the NotNull promise from the columns of the side that an outer join fills with NULLs.
func weaken(item *fromItem, kind plan.JoinKind, left, right plan.ColumnSet) {
	nullable := plan.ColumnSet{}
	if kind == plan.RightJoin || kind == plan.FullJoin {
		for id := range left {
			nullable.Add(id)
		}
	}
	if kind == plan.LeftJoin || kind == plan.FullJoin {
		for id := range right {
			nullable.Add(id)
		}
	}
	if len(nullable) == 0 {
		return
	}
	for i, r := range item.rels {
		n := *r
		n.cols = weakColumns(r.cols, nullable)
		item.rels[i] = &n
	}
	item.cols = weakColumns(item.cols, nullable)
}

func weakColumns(cols []scopeColumn, nullable plan.ColumnSet) []scopeColumn {
	out := make([]scopeColumn, len(cols))
	for i, c := range cols {
		out[i] = scopeColumn{c.name, plan.Rewrite(c.expr, func(e plan.Expr) plan.Expr {
			if col, ok := e.(*plan.Column); ok && col.NotNull && nullable.Has(col.ID) {
				n := *col
				n.NotNull = false
				return &n
			}
			return e
		})}
	}
	return out
}

// naturalColumns are the names that both sides have, in the left side's order.
func naturalColumns(left, right *fromItem, at ast.Node) []ast.Ident {
	pos, end := at.Range()
	var out []ast.Ident
	for _, c := range left.cols {
		if _, n := (&scope{cols: right.cols}).find(c.name); n > 0 {
			out = append(out, ast.Ident{Span: ast.Span{Pos: int32(pos), End: int32(end)}, Name: c.name})
		}
	}
	return out
}

// joinUsing joins on equal columns of the same names. In * they come first and once: the left
// column, the right one of a RIGHT JOIN, and the first that is not NULL of a FULL JOIN.
func (b *Binder) joinUsing(kind plan.JoinKind, left, right *fromItem, names []ast.Ident, at ast.Node) (*fromItem, error) {
	var on []plan.Expr
	var merged []scopeColumn
	used := map[string]struct{}{}
	for _, id := range names {
		if _, twice := used[id.Name]; twice {
			return nil, errAt(sqlerr.DuplicateColumn, id, "column name %q appears more than once in USING clause", id.Name)
		}
		used[id.Name] = struct{}{}
		l, err := usingColumn(left, id, "left")
		if err != nil {
			return nil, err
		}
		r, err := usingColumn(right, id, "right")
		if err != nil {
			return nil, err
		}
		equal, err := b.compare(plan.Eq, l, r, id, id, id)
		if err != nil {
			return nil, err
		}
		on = append(on, equal)
		m, err := b.mergedColumn(kind, l, r, id)
		if err != nil {
			return nil, err
		}
		merged = append(merged, scopeColumn{id.Name, m})
	}
	item, err := b.join(kind, left, right, on, at)
	if err != nil {
		return nil, err
	}
	cols := merged
	if kind == plan.FullJoin {
		cols = weakColumns(merged, item.ids)
	}
	for _, c := range item.cols {
		if _, ok := used[c.name]; !ok {
			cols = append(cols, c)
		}
	}
	item.cols = cols
	return item, nil
}

func usingColumn(item *fromItem, id ast.Ident, side string) (plan.Expr, error) {
	e, n := (&scope{cols: item.cols}).find(id.Name)
	switch n {
	case 0:
		return nil, errAt(sqlerr.UndefinedColumn, id, "column %q specified in USING clause does not exist in %s table", id.Name, side)
	case 1:
		return e, nil
	}
	return nil, errAt(sqlerr.AmbiguousColumn, id, "common column name %q appears more than once in %s table", id.Name, side)
}

func (b *Binder) mergedColumn(kind plan.JoinKind, l, r plan.Expr, id ast.Ident) (plan.Expr, error) {
	both, t, err := b.unify([]plan.Expr{l, r}, []ast.Node{id, id}, "JOIN/USING")
	if err != nil {
		return nil, err
	}
	switch kind {
	case plan.RightJoin:
		return both[1], nil
	case plan.FullJoin:
		return &plan.Coalesce{Arg: both, Typ: t}, nil
	}
	if t == types.TText && l.Type().IsText() {
		return l, nil
	}
	return both[0], nil
}

// aliasJoin hides the relations of a parenthesised join behind one name.
func (b *Binder) aliasJoin(item *fromItem, alias *ast.Alias) (*fromItem, error) {
	if len(alias.Columns) > len(item.cols) {
		return nil, errAt(sqlerr.InvalidColumnReference, alias, "join expression %q has %d columns available but %d columns specified",
			alias.Name.Name, len(item.cols), len(alias.Columns))
	}
	cols := append([]scopeColumn(nil), item.cols...)
	for i, id := range alias.Columns {
		cols[i].name = id.Name
	}
	r := &relation{alias: alias.Name.Name, cols: cols}
	return &fromItem{item.node, []*relation{r}, cols, item.ids}, nil
}
