package optimize

import (
	"github.com/oxidb/oxidb/catalog"
	"github.com/oxidb/oxidb/function"
	"github.com/oxidb/oxidb/plan"
	"github.com/oxidb/oxidb/types"
)

// Env is what the optimizer asks of its surroundings. Every field may be nil.
type Env struct {
	// Stats gives the statistics of a base table.
	Stats func(*catalog.Table) *catalog.TableStats
	// RoughStats gives statistics that may be somewhat out of date, at little cost: access paths, on
	// which no answer depends, are chosen by them.
	RoughStats func(*catalog.Table) *catalog.TableStats
	// PreferIndexes chooses an access path through indexes wherever there is one.
	PreferIndexes bool
	// Fold evaluates an expression without columns; an error leaves the expression unfolded.
	Fold func(plan.Expr) (types.Value, error)
	// Aggregate finds an aggregate function by name; rules that need one it does not have do nothing.
	Aggregate func(name string) (*function.Aggregate, bool)
	// Derivations gives what the indexes of a table are on besides columns; nil for nothing.
	Derivations func(*catalog.Table) *plan.Derivations
	// Disabled names the rules that are switched off; rules that a plan needs to run ignore it.
	Disabled map[string]bool
	// Trace sees the tree after every rule that ran on the root.
	Trace func(rule string, root plan.Node)
}

// Optimize rewrites root into an equal plan without subqueries and applies, with estimates on every
// node. root itself is not changed. The error is a *sqlerr.Error.
func Optimize(root plan.Node, env Env) (plan.Node, error) {
	o := &optimizer{env: env, next: maxColumn(root) + 1}
	simple := isSimple(root)
	root = o.adopt(root)
	for _, r := range rules {
		if simple && !r.simple {
			continue
		}
		if env.Disabled[r.Name] && !r.Required {
			continue
		}
		root = o.apply(r, root)
		if o.err != nil {
			return nil, o.err
		}
		if env.Trace != nil {
			env.Trace(r.Name, root)
		}
	}
	return root, nil
}

// isSimple reports a tree of one base table below filters and projections, without subqueries: what
// point queries are, whose optimization would else take longer than their execution.
func isSimple(n plan.Node) bool {
	switch n.(type) {
	case *plan.Scan, *plan.Filter, *plan.Project:
	default:
		return false
	}
	for _, e := range plan.Exprs(n) {
		nested := false
		plan.Walk(e, func(e plan.Expr) bool {
			switch e.(type) {
			case *plan.Subquery, *plan.RuntimeValue:
				nested = true
			}
			return !nested
		})
		if nested {
			return false
		}
	}
	for _, c := range n.Children() {
		if !isSimple(c) {
			return false
		}
	}
	return true
}

// optimizer is the state of one Optimize call.
type optimizer struct {
	env Env
	// next is the next fresh column id, nextFilter the next runtime filter's, nextKeys the next number of
	// published keys.
	next       plan.ColumnID
	nextFilter int
	nextKeys   int
	err        error
	est        *estimator
}

// apply runs one rule over the sub-plans that root reads, innermost first, then over root.
func (o *optimizer) apply(r rule, root plan.Node) plan.Node {
	if r.whole != nil {
		return r.whole(o, root)
	}
	for _, s := range subplans(root) {
		s.set(o.keepColumns(r, s.get()))
	}
	return o.keepColumns(r, root)
}

// keepColumns runs r and restores the tree's columns (O2).
func (o *optimizer) keepColumns(r rule, n plan.Node) plan.Node {
	return keep(r.run(o, n), n.Columns())
}

// fail records the first error.
func (o *optimizer) fail(err error) {
	if o.err == nil {
		o.err = err
	}
}

// column makes a fresh column.
func (o *optimizer) column(name string, t types.Type, notNull bool) plan.Column {
	o.next++
	return plan.Column{ID: o.next - 1, Name: name, Typ: t, NotNull: notNull}
}

// fresh is c under a new id.
func (o *optimizer) fresh(c plan.Column) plan.Column {
	c.ID = o.next
	o.next++
	return c
}
