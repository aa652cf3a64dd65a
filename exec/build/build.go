// Package build makes operators from a physical plan. It decides nothing: every choice is a field of
// the plan's nodes.
//
// Parameters have been replaced by constants (plan.WithParams), or are those of a kept query, whose
// operators read the values at every execution. A node whose expressions hold runtime values is built
// when its consumer is prepared, after those values have been computed, so that no operator and no
// evaluator ever sees one. Shared plans run once, at the first of their readers' Prepare.
package build

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/exec"
	"github.com/oxidb/oxidb/exec/aggregate"
	"github.com/oxidb/oxidb/exec/join"
	"github.com/oxidb/oxidb/exec/order"
	"github.com/oxidb/oxidb/exec/scan"
	"github.com/oxidb/oxidb/exec/setop"
	"github.com/oxidb/oxidb/exec/window"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/sqlerr"
	"github.com/oxidb/oxidb/types"
)

// Env is what a plan runs in.
type Env struct {
	Query *exec.Query
	// Chunks appends the chunks of a base table to room, as the query's transaction sees them.
	Chunks func(t *catalog.Table, room []scan.Chunk) ([]scan.Chunk, error)
	// Read is told of every scan of a base table, with its conditions, before the scan runs; may be nil.
	Read func(*plan.Scan)
	// External makes the operator that reads files; nil refuses them.
	External func(*plan.External) (exec.Operator, error)
	// Profile collects counters per node when the query is profiled; may be nil.
	Profile *Profile
}

// Build makes the operator of root.
func Build(root plan.Node, env Env) (exec.Operator, error) {
	b := &builder{env: env, constants: map[*plan.RuntimeValue]*constant{}, shared: map[*plan.SharedPlan]*setop.Shared{},
		working: map[*plan.WorkingTable]*setop.Working{}}
	return b.operator(root, nil)
}

type builder struct {
	env       Env
	constants map[*plan.RuntimeValue]*constant
	shared    map[*plan.SharedPlan]*setop.Shared
	working   map[*plan.WorkingTable]*setop.Working
}

// operator builds n, wrapped for measuring when the query is profiled. needed are the output columns
// that somebody above looks at, nil for all; a join leaves the others empty.
func (b *builder) operator(n plan.Node, needed plan.ColumnSet) (exec.Operator, error) {
	op, err := b.plain(n, needed)
	if err != nil || b.env.Profile == nil || !b.env.Query.Profile() {
		return op, err
	}
	return b.env.Profile.measure(n, op), nil
}

func (b *builder) plain(n plan.Node, needed plan.ColumnSet) (exec.Operator, error) {
	if len(plan.RuntimeValues(n)) > 0 {
		return &late{builder: b, node: n, needed: needed}, nil
	}
	return b.node(n, needed)
}

// node builds a node whose expressions are free of parameters and runtime values.
func (b *builder) node(n plan.Node, needed plan.ColumnSet) (exec.Operator, error) {
	children := make([]exec.Operator, len(n.Children()))
	if _, recursive := n.(*plan.Recursive); !recursive {
		below := inputNeeds(n, needed)
		for i, c := range n.Children() {
			var err error
			if children[i], err = b.operator(c, below); err != nil {
				return nil, err
			}
		}
	}
	switch n := n.(type) {
	case *plan.Scan:
		if b.env.Read != nil {
			b.env.Read(n)
		}
		if b.env.Query.Kept() {
			return scan.NewKeptTable(n, b.env.Chunks), nil
		}
		chunks, err := b.env.Chunks(n.Table, nil)
		if err != nil {
			return nil, err
		}
		return scan.NewTable(n, chunks), nil
	case *plan.External:
		if b.env.External == nil {
			return nil, sqlerr.Unsupported(-1, -1, "reading files")
		}
		return b.env.External(n)
	case *plan.Generate:
		if n.Input == nil {
			return scan.NewSeries(n, nil)
		}
		return scan.NewSeries(n, children[0])
	case *plan.Values:
		return scan.NewValues(n), nil
	case *plan.Empty:
		return scan.Empty{}, nil
	case *plan.Filter:
		return scan.NewFilter(children[0], n.Input.Columns(), n.Preds), nil
	case *plan.Project:
		return scan.NewProject(children[0], n.Input.Columns(), n.Exprs), nil
	case *plan.Join:
		return join.New(n, children[0], children[1], needed), nil
	case *plan.Aggregate:
		return aggregate.New(n, children[0])
	case *plan.Window:
		return buildWindow(n, children[0]), nil
	case *plan.Distinct:
		return b.distinct(n, children[0])
	case *plan.Sort:
		return order.NewSort(n, children[0]), nil
	case *plan.Limit:
		if len(n.By)+len(n.Ties) > 0 {
			return order.NewRunLimit(children[0], n.Input.Columns(), n), nil
		}
		return order.NewLimit(children[0], n), nil
	case *plan.SetOp:
		return b.setOp(n, children[0], children[1])
	case *plan.Shared:
		return b.sharedPlan(n)
	case *plan.Recursive:
		return b.recursive(n)
	case *plan.WorkingScan:
		return b.workingScan(n)
	}
	return nil, sqlerr.New(sqlerr.InternalError, "plan node %T cannot be executed", n)
}

// inputNeeds are the input columns that n looks at or passes on to somebody who does, nil for all.
func inputNeeds(n plan.Node, needed plan.ColumnSet) plan.ColumnSet {
	below := plan.ColumnSet{}
	switch n.(type) {
	case *plan.Project, *plan.Aggregate:
	case *plan.Filter, *plan.Join, *plan.Limit:
		if needed == nil {
			needed = plan.Outputs(n)
		}
		for id := range needed {
			below.Add(id)
		}
	default:
		return nil
	}
	for _, e := range plan.Exprs(n) {
		plan.AddRefs(below, e)
	}
	return below
}

// buildWindow computes what is no column of the input before the window, which reads columns only.
func buildWindow(n *plan.Window, input exec.Operator) exec.Operator {
	next, cols := plan.ColumnID(-1), n.Input.Columns()
	var exprs []plan.NamedExpr
	for _, c := range cols {
		exprs = append(exprs, plan.NamedExpr{Out: c, Expr: plan.Ref(c)})
	}
	add := func(e plan.Expr) plan.Expr {
		c := plan.Column{ID: next, Name: "window", Typ: e.Type()}
		next--
		exprs = append(exprs, plan.NamedExpr{Out: c, Expr: e})
		return plan.Ref(c)
	}
	m := n.MapColumns(func(e plan.Expr) plan.Expr {
		if _, ok := e.(*plan.Column); ok {
			return e
		}
		return add(e)
	})
	if len(exprs) == 0 { // rows without columns cannot be put in order
		add(&plan.Const{Value: types.Bool(true)})
	}
	if len(exprs) == len(cols) {
		return window.New(m, cols, cols, input)
	}
	all := make([]plan.Column, len(exprs))
	for i := range exprs {
		all[i] = exprs[i].Out
	}
	return window.New(m, cols, all, scan.NewProject(input, cols, exprs))
}

// distinct without ON is a grouping by all columns without aggregates.
func (b *builder) distinct(n *plan.Distinct, input exec.Operator) (exec.Operator, error) {
	if len(n.On) > 0 {
		return setop.NewDistinctOn(n, input), nil
	}
	cols := n.Input.Columns()
	groups := make([]plan.NamedExpr, len(cols))
	for i := range cols {
		groups[i] = plan.NamedExpr{Out: cols[i], Expr: plan.Ref(cols[i])}
	}
	grouping := &plan.Aggregate{Input: n.Input, Groups: groups}
	*grouping.Est() = *n.Est()
	return aggregate.New(grouping, input)
}

func (b *builder) sharedPlan(n *plan.Shared) (exec.Operator, error) {
	s, ok := b.shared[n.Plan]
	if !ok {
		input, err := b.operator(n.Plan.Input, nil)
		if err != nil {
			return nil, err
		}
		s = setop.NewShared(input, scan.Types(n.Plan.Input.Columns()))
		b.shared[n.Plan] = s
	}
	return s.Reader(), nil
}

func (b *builder) recursive(n *plan.Recursive) (exec.Operator, error) {
	init, err := b.operator(n.Init, nil)
	if err != nil {
		return nil, err
	}
	working := setop.NewWorking(n.Working.Types)
	env := b.env
	if env.Read != nil {
		env.Read = nil // told of here: the rounds are built while the query runs
		b.readScans(n.Step)
	}
	step := func() (exec.Operator, error) {
		// Each round builds anew: operators run once. What was shared before the recursion stays.
		round := &builder{env: env, constants: copyMap(b.constants), shared: copyMap(b.shared), working: copyMap(b.working)}
		round.working[n.Working] = working
		return round.operator(n.Step, nil)
	}
	return setop.NewRecursive(n, init, working, step), nil
}

// readScans tells of all scans below n.
func (b *builder) readScans(n plan.Node) {
	switch n := n.(type) {
	case *plan.Scan:
		b.env.Read(n)
	case *plan.Shared:
		b.readScans(n.Plan.Input)
	}
	for _, v := range plan.RuntimeValues(n) {
		b.readScans(v.Input)
	}
	for _, c := range n.Children() {
		b.readScans(c)
	}
}

func copyMap[K comparable, V any](m map[K]V) map[K]V {
	c := make(map[K]V, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

func (b *builder) workingScan(n *plan.WorkingScan) (exec.Operator, error) {
	w, ok := b.working[n.Working]
	if !ok {
		return nil, sqlerr.New(sqlerr.InternalError, "working table %s is read outside its recursion", n.Working.Name)
	}
	return w.Reader(), nil
}
