package bind

import (
	"github.com/oxidb/oxidb/parser/ast"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// cteList is what WITH clauses have made visible, innermost first.
type cteList struct {
	parent *cteList
	items  []*cte
}

func (l *cteList) find(name string) *cte {
	for ; l != nil; l = l.parent {
		for _, c := range l.items {
			if c.def.Name.Name == name {
				return c
			}
		}
	}
	return nil
}

// cteState is how far a CTE is bound.
type cteState uint8

const (
	cteUnbound cteState = iota
	cteInit             // in the non-recursive term
	cteStep             // in the recursive term: references read the working table
	cteOpen             // in a body that is not recursive so far
	cteBound
)

// cte is one common table expression.
type cte struct {
	def       *ast.CTE
	ctes      *cteList // what its body sees
	outer     *scope
	recursive bool
	state     cteState
	anew      bool // bind the body at every reference
	shared    *plan.SharedPlan
	rel       *relational
	// While the recursive term is bound:
	working  *plan.WorkingTable
	names    []string
	selfRefs int
}

// sharedUse counts the references to a CTE, for inlining those with one.
type sharedUse struct {
	readers int
	keep    bool // MATERIALIZED
}

// with makes the CTEs of a WITH clause visible. They are bound at their first reference.
func (b *Binder) with(w *ast.With, qc queryContext) (*cteList, error) {
	list := qc.ctes
	all := &cteList{parent: qc.ctes}
	names := map[string]struct{}{}
	for _, def := range w.CTEs {
		if _, twice := names[def.Name.Name]; twice {
			return nil, errAt(sqlerr.DuplicateAlias, def.Name, "WITH query name %q specified more than once", def.Name.Name)
		}
		names[def.Name.Name] = struct{}{}
		if _, ok := def.Body.(*ast.Query); !ok {
			return nil, unsupported(def.Body, "a data-modifying statement in WITH")
		}
		c := &cte{def: def, ctes: list, outer: qc.outer, recursive: w.Recursive, anew: def.Materialize == ast.NotMaterialized}
		all.items = append(all.items, c)
		if w.Recursive {
			c.ctes = all
		} else {
			list = &cteList{parent: list, items: []*cte{c}}
		}
	}
	if w.Recursive {
		return all, nil
	}
	return list, nil
}

// bindUnused binds the CTEs that nothing refers to, for their errors.
func (b *Binder) bindUnused(list, until *cteList) error {
	for ; list != until; list = list.parent {
		for _, c := range list.items {
			if c.state != cteUnbound {
				continue
			}
			if _, err := b.cteBody(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// cteRelation gives the rows of a CTE to one reference.
func (b *Binder) cteRelation(c *cte, at ast.Node) (*relational, error) {
	switch c.state {
	case cteInit:
		return nil, errAt(sqlerr.InvalidRecursion, at, "recursive reference to query %q must not appear within its non-recursive term", c.def.Name.Name)
	case cteStep:
		return b.workingScan(c), nil
	case cteOpen:
		return nil, errAt(sqlerr.InvalidRecursion, at, "recursive query %q does not have the form non-recursive-term UNION [ALL] recursive-term", c.def.Name.Name)
	}
	if c.shared == nil || c.anew {
		rel, err := b.cteBody(c)
		if err != nil {
			return nil, err
		}
		if c.anew = c.anew || len(plan.FreeColumns(rel.node)) > 0; c.anew {
			return rel, nil
		}
		c.shared, c.rel = &plan.SharedPlan{Name: c.def.Name.Name, Input: rel.node}, rel
		b.shared[c.shared] = &sharedUse{readers: 1, keep: c.def.Materialize == ast.Materialized}
		return &relational{node: &plan.Shared{Plan: c.shared, Cols: rel.cols}, cols: rel.cols, names: rel.names}, nil
	}
	b.shared[c.shared].readers++
	cols := b.copies(c.rel.cols)
	return &relational{node: &plan.Shared{Plan: c.shared, Cols: cols}, cols: cols, names: c.rel.names}, nil
}

// copies gives columns of the same types fresh ids.
func (b *Binder) copies(cols []plan.Column) []plan.Column {
	out := make([]plan.Column, len(cols))
	for i, c := range cols {
		out[i] = c
		out[i].ID = b.newColumn("", c.Typ, false).ID
	}
	return out
}

func (b *Binder) cteBody(c *cte) (*relational, error) {
	q := c.def.Body.(*ast.Query)
	before := c.state
	rel, err := b.cteQuery(c, q)
	if c.state = cteBound; err != nil {
		c.state = before
		return nil, err
	}
	if len(c.def.Columns) > len(rel.cols) {
		return nil, errAt(sqlerr.InvalidColumnReference, c.def, "WITH query %q has %d columns available but %d columns specified",
			c.def.Name.Name, len(rel.cols), len(c.def.Columns))
	}
	rel.names = renamed(rel.names, c.def.Columns)
	return rel, nil
}

func (b *Binder) cteQuery(c *cte, q *ast.Query) (*relational, error) {
	qc := queryContext{outer: c.outer, ctes: c.ctes}
	if c.recursive {
		if op, ok := q.Body.(*ast.SetOp); ok && op.Kind == ast.Union {
			rel, err := b.recursiveQuery(c, q, op, qc)
			if rel != nil || err != nil {
				return rel, err
			}
		}
	}
	c.state = cteOpen
	return b.bindQuery(q, qc)
}

// recursiveQuery binds init UNION [ALL] step; nil when step does not refer to the CTE. Where the
// step's columns are wider than the first term's (numeric digits, text lengths), both take the
// widest form of the type.
func (b *Binder) recursiveQuery(c *cte, q *ast.Query, op *ast.SetOp, qc queryContext) (*relational, error) {
	if q.With != nil {
		list, err := b.with(q.With, qc)
		if err != nil {
			return nil, err
		}
		qc.ctes = list
	}
	c.state = cteInit
	init, err := b.queryBody(op.Left, nil, qc)
	if err != nil {
		return nil, err
	}
	if len(c.def.Columns) <= len(init.cols) {
		c.names = renamed(init.names, c.def.Columns)
	}
	kinds := columnTypes(init.cols)
	for {
		c.state, c.selfRefs = cteStep, 0
		c.working = &plan.WorkingTable{Name: c.def.Name.Name, Types: kinds}
		step, err := b.queryBody(op.Right, nil, qc)
		if err != nil {
			return nil, err
		}
		if err := c.checkStep(q, op, init, step); err != nil || c.selfRefs == 0 {
			return nil, err
		}
		if aggregatesWorking(step.node, c.working) {
			return nil, errAt(sqlerr.InvalidRecursion, op.Right, "aggregate functions are not allowed in a recursive query's recursive term")
		}
		wider, err := widerTypes(c, kinds, step, op)
		if err != nil {
			return nil, err
		}
		if wider == nil {
			return b.recursiveNode(c, init, step, op)
		}
		kinds = wider
	}
}

func (c *cte) checkStep(q *ast.Query, op *ast.SetOp, init, step *relational) error {
	switch {
	case c.selfRefs == 0:
		return nil
	case c.selfRefs > 1:
		return errAt(sqlerr.InvalidRecursion, op.Right, "recursive reference to query %q must not appear more than once", c.def.Name.Name)
	case len(q.OrderBy) > 0 || q.Limit != nil || q.Offset != nil:
		return unsupported(q, "ORDER BY or LIMIT in a recursive query")
	case len(init.cols) != len(step.cols):
		return errAt(sqlerr.SyntaxError, op.Right, "each UNION query must have the same number of columns")
	}
	return nil
}

// aggregatesWorking reports an aggregate over the rows of the previous round.
func aggregatesWorking(n plan.Node, w *plan.WorkingTable) bool {
	_, aggregate := n.(*plan.Aggregate)
	for _, c := range n.Children() {
		if aggregatesWorking(c, w) || aggregate && readsWorking(c, w) {
			return true
		}
	}
	return false
}

func readsWorking(n plan.Node, w *plan.WorkingTable) bool {
	if s, ok := n.(*plan.WorkingScan); ok && s.Working == w {
		return true
	}
	for _, c := range n.Children() {
		if readsWorking(c, w) {
			return true
		}
	}
	return false
}

func columnTypes(cols []plan.Column) []types.Type {
	out := make([]types.Type, len(cols))
	for i := range cols {
		out[i] = cols[i].Typ
	}
	return out
}

// widerTypes gives the working table's types after a step that does not fit them; nil when it fits.
func widerTypes(c *cte, kinds []types.Type, step *relational, op *ast.SetOp) ([]types.Type, error) {
	var wider []types.Type
	for i, have := range kinds {
		t := step.cols[i].Typ
		if common, ok := types.Common(have, t); ok && common == have {
			continue
		}
		next := withoutModifiers(have)
		if have.Kind == types.Numeric && have.Precision < types.MaxPrecision {
			next = types.TNumeric(types.MaxPrecision, int(max(have.Scale, t.Scale)))
		}
		if have.Kind != t.Kind && !(have.IsText() && t.IsText()) && !(have.Kind == types.Numeric && t.IsInteger()) {
			return nil, errAt(sqlerr.DatatypeMismatch, op.Right, "recursive query %q column %d has type %s in non-recursive term but type %s overall",
				c.def.Name.Name, i+1, have.Kind, t.Kind).WithHint("Cast the output of the non-recursive term to the correct type.")
		}
		if next == have {
			continue
		}
		if wider == nil {
			wider = append([]types.Type(nil), kinds...)
		}
		wider[i] = next
	}
	return wider, nil
}

func (b *Binder) recursiveNode(c *cte, init, step *relational, op *ast.SetOp) (*relational, error) {
	kinds := c.working.Types
	first, err := b.castColumns(init, kinds, assignmentCast, op.Left)
	if err != nil {
		return nil, err
	}
	next, err := b.castColumns(step, kinds, assignmentCast, op.Right)
	if err != nil {
		return nil, err
	}
	cols := make([]plan.Column, len(kinds))
	for i, t := range kinds {
		cols[i] = b.newColumn(init.names[i], t, false)
	}
	node := &plan.Recursive{Init: first, Step: next, Working: c.working, All: op.All, Cols: cols}
	return &relational{node: node, cols: cols, names: init.names}, nil
}

func (b *Binder) workingScan(c *cte) *relational {
	c.selfRefs++
	cols := make([]plan.Column, len(c.working.Types))
	for i, t := range c.working.Types {
		cols[i] = b.newColumn(c.names[i], t, false)
	}
	return &relational{node: &plan.WorkingScan{Working: c.working, Cols: cols}, cols: cols, names: c.names}
}
